//! The runtime process ended, and no better cause is visible.

use super::{Case, Cause, Confidence, Diagnosis};

pub(super) use super::no_sign as sign;

pub(super) const MEANING: &str = "the runtime process ends";
pub(super) const NEXT_STEP: &str = "Look for an exit call, a main that returns or an unhandled rejection; the last lines before it are the place to start.";
pub(super) const WORDS: &[&str] = &[];

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    let said = case
        .exited
        .filter(|how| !how.is_empty())
        .or(case.error_type.filter(|kind| matches!(*kind, "Runtime.ExitError" | "Runtime.NodeJsExit" | "Runtime.Unknown")))?;
    let finding = format!("The runtime process ended ({}).", model::redact::phrase(said));
    Some(Diagnosis::new(Cause::RuntimeExit, Confidence::Proved, finding).general())
}
