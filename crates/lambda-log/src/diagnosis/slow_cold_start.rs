//! Start-up is so long that it hurts, or uses up the function's timeout from inside the invocation.

use model::span::spoken;

use super::case::Case;
use super::cause::Cause;
use super::outcome::Outcome;
use super::sign::{Weight, said};
use super::verdict::{Confidence, Diagnosis};
use crate::line::Application;

pub(super) const WORDS: &[&str] = &[
    "Initialization took longer than",
    ":: Spring Boot ::",
    "Application starting",
    "Starting Nest application",
    "Async initialization will wait",
    "cold start took",
    "Cold start took",
];

/// A start-up from here on is longer than anybody likes to wait for an answer.
const LONG_MS: f64 = 5_000.0;

pub(super) fn sign(line: &Application<'_>) -> Option<Weight> {
    let of_framework = line.text.contains("Initialization took longer than");
    said(line).map(|weight| if of_framework { Weight::Failure } else { weight })
}

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    if let (Some(limit), Some(first)) = (case.timed_out_after_ms, case.instancing.first()) {
        // Lines after `Instancing..` may come from the import itself or from a handler that then hung: less than proof.
        let confidence = if case.lines_since_instancing == 0 { Confidence::Proved } else { Confidence::Likely };
        let last = case.instancing.last();
        let again = first
            .zip(last.copied().flatten())
            .filter(|(first, last)| last > first)
            .map(|(first, last)| format!(", began again {} later", spoken(last - first)))
            .unwrap_or_default();
        let shown = if case.lines_since_instancing == 0 {
            "and had not ended when the limit was reached; the handler never ran"
        } else {
            "and nothing shows that it had ended when the limit was reached"
        };
        let finding = format!(
            "Application start-up (`Instancing..`) began{again}, {shown} (the {} limit). The environment was thrown away, so the next call starts over.",
            Case::seconds(limit / 1000.0)
        );
        return Some(Diagnosis::new(Cause::SlowColdStart, confidence, finding).general());
    }
    let banner = case.signs.iter().any(|sign| sign.cause == Cause::SlowColdStart);
    if banner && (case.timed_out_after_ms.is_some() || case.signs.iter().any(|sign| sign.cause == Cause::SlowColdStart && sign.weight == Weight::Failure)) {
        let finding = "The application was still starting up when its time was used up; the framework's own lines say so.";
        return Some(Diagnosis::new(Cause::SlowColdStart, Confidence::Likely, finding.to_owned()).general());
    }
    let start_up = case
        .report
        .and_then(|report| report.init_ms.or(report.restore_ms))
        .or_else(|| case.inits.iter().filter(|_| !case.inits.iter().any(|init| init.status.is_bad())).find_map(|init| init.duration_ms));
    let start_up = start_up.filter(|ms| *ms >= LONG_MS && matches!(case.outcome, Outcome::Success | Outcome::Timeout | Outcome::Unknown))?;
    if case.started_ahead {
        return None;
    }
    let finding = match case.timed_out_after_ms {
        Some(limit) => {
            format!("Start-up took {}; the invocation behind it then reached its limit of {}.", Case::seconds(start_up / 1000.0), Case::seconds(limit / 1000.0))
        }
        None => format!("Start-up took {}, and whoever made the first call waited for it.", Case::seconds(start_up / 1000.0)),
    };
    let memory = case.report.and_then(|report| report.memory_mb).or(case.memory_mb);
    let next = memory.map(|mb| format!("Raise the memory from {mb:.0} MB (CPU grows with it), load less at start-up, or have environments ready before the call comes (SnapStart, provisioned concurrency, pings)."));
    Some(Diagnosis::new(Cause::SlowColdStart, Confidence::Proved, finding).with_next_step(next).general())
}
