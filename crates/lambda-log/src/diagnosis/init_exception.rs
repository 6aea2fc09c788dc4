//! The code throws while it is loaded.

use super::case::Case;
use super::cause::Cause;
use super::sign::Weight;
use super::verdict::{Confidence, Diagnosis};
use crate::line::{Application, Status};

pub(super) const WORDS: &[&str] = &["module initialization error", "Uncaught Exception", "Unhandled Promise Rejection", "Init<"];

pub(super) fn sign(line: &Application<'_>) -> Option<Weight> {
    let of_start_up = line.in_start_up || line.text.contains("module initialization error") || line.text.contains("Init<");
    (line.unhandled && of_start_up && !line.text.contains("SignalException")).then_some(Weight::Failure)
}

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    const FINDING: &str = "The code failed while it was being loaded, before the handler could run.";
    if let Some(found) = case.by_sign(Cause::InitException, FINDING) {
        return Some(found);
    }
    let failed = case.inits.iter().find(|init| init.status == Status::Error)?;
    let took = failed.duration_ms.map(|ms| format!(" after {}", Case::seconds(ms / 1000.0))).unwrap_or_default();
    let named = failed.error_type.as_deref().map(|kind| format!(" ({})", model::redact::phrase(kind))).unwrap_or_default();
    Some(Diagnosis::new(Cause::InitException, Confidence::Likely, format!("Start-up failed{took}{named}.")).general())
}
