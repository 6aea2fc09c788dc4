//! The code fails while it is being loaded.

use super::case::InvocationFacts;
use super::cause::Cause;
use super::sign::MatchWeight;
use super::verdict::{Confidence, Diagnosis};
use crate::line::{ApplicationLine, PlatformStatus};

pub(super) const WORDS: &[&str] =
    &["module initialization error", "Uncaught Exception", "Unhandled Promise Rejection", "Init<"];

pub(super) fn sign(line: &ApplicationLine<'_>) -> Option<MatchWeight> {
    let of_start_up =
        line.in_start_up || line.text.contains("module initialization error") || line.text.contains("Init<");
    (line.unhandled && of_start_up && !line.text.contains("SignalException")).then_some(MatchWeight::Failure)
}

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    const FINDING: &str = "The code failed while it was being loaded, before the handler could run.";
    if let Some(found) = case.by_sign(Cause::InitException, FINDING) {
        return Some(found);
    }
    let failed = case.inits.iter().find(|init| init.status == PlatformStatus::Error)?;
    let took =
        failed.duration_ms.map(|ms| format!(" after {}", InvocationFacts::seconds(ms / 1000.0))).unwrap_or_default();
    let named =
        failed.error_type.as_deref().map(|kind| format!(" ({})", model::redact::phrase(kind))).unwrap_or_default();
    Some(
        Diagnosis::new(Cause::InitException, Confidence::Likely, format!("The init phase failed{took}{named}."))
            .general(),
    )
}
