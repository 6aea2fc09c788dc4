//! The init phase takes very long, or runs inside the invocation and exceeds the function's timeout.

use model::span::spoken;

use super::case::InvocationFacts;
use super::cause::Cause;
use super::outcome::InvocationOutcome;
use super::sign::{MatchWeight, said};
use super::verdict::{Confidence, Diagnosis};
use crate::line::ApplicationLine;

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

pub(super) fn sign(line: &ApplicationLine<'_>) -> Option<MatchWeight> {
    let of_framework = line.text.contains("Initialization took longer than");
    said(line).map(|weight| if of_framework { MatchWeight::Failure } else { weight })
}

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    if let (Some(limit), Some(first)) = (case.timed_out_after_ms, case.instancing.first()) {
        // Lines after `Instancing..` may come from the import itself or from a handler that then hung: less than proof.
        let confidence = if case.lines_since_instancing == 0 { Confidence::Proved } else { Confidence::Likely };
        let last = case.instancing.last();
        let again = first
            .zip(last.copied().flatten())
            .filter(|(first, last)| last > first)
            .map(|(first, last)| format!(", and again {} later", spoken(last - first)))
            .unwrap_or_default();
        let shown = if case.lines_since_instancing == 0 {
            "and was not done at the limit; the handler never ran"
        } else {
            "and no line shows that it was done at the limit"
        };
        let finding = format!(
            "Application start-up (`Instancing..`) began{again}, {shown} (the {} limit). Lambda discarded the environment, so the next call starts again.",
            InvocationFacts::seconds(limit / 1000.0)
        );
        return Some(Diagnosis::new(Cause::SlowColdStart, confidence, finding).general());
    }
    let banner = case.signs.iter().any(|sign| sign.cause == Cause::SlowColdStart);
    if banner
        && (case.timed_out_after_ms.is_some()
            || case.signs.iter().any(|sign| sign.cause == Cause::SlowColdStart && sign.weight == MatchWeight::Failure))
    {
        let finding = "The application was still starting at the limit, as the framework's own lines show.";
        return Some(Diagnosis::new(Cause::SlowColdStart, Confidence::Likely, finding.to_owned()).general());
    }
    let start_up = case.report.and_then(|report| report.init_ms.or(report.restore_ms)).or_else(|| {
        case.inits
            .iter()
            .filter(|_| !case.inits.iter().any(|init| init.status.is_bad()))
            .find_map(|init| init.duration_ms)
    });
    let start_up = start_up.filter(|ms| {
        *ms >= LONG_MS
            && matches!(
                case.outcome,
                InvocationOutcome::Success | InvocationOutcome::Timeout | InvocationOutcome::Unknown
            )
    })?;
    if case.started_ahead {
        return None;
    }
    let finding = match case.timed_out_after_ms {
        Some(limit) => {
            format!(
                "The init phase took {}, and the invocation then reached its limit of {}.",
                InvocationFacts::seconds(start_up / 1000.0),
                InvocationFacts::seconds(limit / 1000.0)
            )
        }
        None => format!(
            "The init phase took {}, and the first caller waited for it.",
            InvocationFacts::seconds(start_up / 1000.0)
        ),
    };
    let memory = case.report.and_then(|report| report.memory_mb).or(case.memory_mb);
    let next = memory.map(|mb| format!("Raise the memory from {mb:.0} MB (CPU grows with it), load less in the init phase, or keep environments ready (SnapStart, provisioned concurrency, pings)."));
    Some(Diagnosis::new(Cause::SlowColdStart, Confidence::Proved, finding).with_next_step(next).general())
}
