//! The runtime process ended, and no better cause is visible.

use super::case::InvocationFacts;
use super::cause::Cause;
use super::verdict::{Confidence, Diagnosis};

pub(super) use super::sign::no_sign as sign;

pub(super) const WORDS: &[&str] = &[];

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    let said = case.exited.filter(|how| !how.is_empty()).or(case
        .error_type
        .filter(|kind| matches!(*kind, "Runtime.ExitError" | "Runtime.NodeJsExit" | "Runtime.Unknown")))?;
    let finding = format!("The runtime process ended ({}).", model::redact::phrase(said));
    Some(Diagnosis::new(Cause::RuntimeExit, Confidence::Proved, finding).general())
}
