//! The init phase reached its time limit.

use model::span::spoken;

use super::case::{InvocationFacts, milliseconds};
use super::cause::Cause;
use super::outcome::InvocationOutcome;
use super::verdict::{Confidence, Diagnosis};
use crate::line::PlatformStatus;

pub(super) use super::sign::no_sign as sign;

pub(super) const WORDS: &[&str] = &[];

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    let timed_out = case.inits.iter().filter(|init| init.status == PlatformStatus::Timeout);
    if timed_out.clone().next().is_none() {
        return cut_unreported(case);
    }
    let first = timed_out.clone().find(|init| !init.in_invocation);
    let again = case.inits.iter().find(|init| init.in_invocation);
    let took = |ms: Option<f64>| ms.map_or_else(|| "its limit".to_owned(), |ms| InvocationFacts::seconds(ms / 1000.0));
    let mut finding = match (first, again.or_else(|| timed_out.clone().next())) {
        (Some(first), Some(again)) if again.in_invocation => format!(
            "The init phase was not done after {}, was run again inside the invocation and {} after {}",
            took(first.duration_ms),
            match again.status {
                PlatformStatus::Timeout => "was still not done",
                PlatformStatus::Error => "failed",
                PlatformStatus::Success | PlatformStatus::Cut => "ended",
            },
            took(again.duration_ms)
        ),
        (Some(first), _) => format!(
            "The init phase was not done after {}; Lambda runs it again inside the next invocation, where it counts against the function's timeout",
            took(first.duration_ms)
        ),
        (None, Some(again)) => format!(
            "The init phase was run again inside the invocation and was still not done after {}",
            took(again.duration_ms)
        ),
        (None, None) => return None,
    };
    match (case.timed_out_after_ms, case.report) {
        (Some(limit), _) => {
            finding.push_str(&format!("; the invocation hit its limit of {}.", spoken(milliseconds(limit))));
        }
        (None, Some(report)) if case.outcome == InvocationOutcome::Success => {
            finding
                .push_str(&format!("; the invocation then ended after {}.", spoken(milliseconds(report.duration_ms))));
        }
        _ => finding.push('.'),
    }
    let memory = case.report.and_then(|report| report.memory_mb).or(case.memory_mb);
    let next = memory.map(|mb| {
        format!("Raise the memory from {mb:.0} MB (CPU grows with it), move work (models, migrations, network calls) out of module load, or raise the function's timeout so that the second try inside the invocation can finish.")
    });
    Some(Diagnosis::new(Cause::InitTimeout, Confidence::Proved, finding).with_next_step(next).general())
}

/// A start-up that was cut and ran again inside the invocation, which no line reports: the invocation took longer than
/// the time from its START line to its end, which Lambda writes when the second try is done.
fn cut_unreported(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    let inside = case.hidden_init_ms?;
    let finding = format!(
        "The init phase was cut at its limit and run again inside the invocation: {} of its {} had passed before the START line, and there is no Init Duration.",
        InvocationFacts::seconds(inside / 1000.0),
        case.report.map_or_else(|| "duration".to_owned(), |report| spoken(milliseconds(report.duration_ms)))
    );
    Some(Diagnosis::new(Cause::InitTimeout, Confidence::Likely, finding).general())
}
