//! The runtime process ended, and no better cause is visible.

use super::{Case, Cause, Confidence, Diagnosis};

pub(super) use super::no_sign as sign;

pub(super) const MEANING: &str = "the runtime process ends in the middle of the work";
pub(super) const NEXT_STEP: &str = "Look for an exit call, a main that returns or an unhandled rejection; the last lines before it are the place to start.";

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    let exited = case
        .exited
        .map(str::to_owned)
        .or_else(|| matches!(case.error_type(), "Runtime.ExitError" | "Runtime.NodeJsExit").then(|| case.error_type().to_owned()))?;
    let finding = format!("The runtime process ended before it had answered ({}).", crate::core::redact::excerpt(&exited));
    Some(Diagnosis { cause: Cause::RuntimeExit, confidence: Confidence::Proved, finding })
}
