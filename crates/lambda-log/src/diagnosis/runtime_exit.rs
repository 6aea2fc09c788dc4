//! The runtime process ended, and no better cause is visible.

use super::case::InvocationFacts;
use super::cause::Cause;
use super::evidence::{LEFT, is_end};
use super::sign::MatchWeight;
use super::verdict::{Confidence, Diagnosis};
use crate::line::{ApplicationLine, LogLevel};

pub(super) const WORDS: &[&str] = &[LEFT];

pub(super) fn sign(line: &ApplicationLine<'_>) -> Option<MatchWeight> {
    // Code may log the same of a function that it has called.
    let is_own = (line.unhandled || line.level == LogLevel::Error) && is_end(&line.text) && line.text.contains(LEFT);
    is_own.then_some(MatchWeight::Failure)
}

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    let of_type = || case.error_type.filter(|kind| matches!(*kind, "Runtime.ExitError" | LEFT | "Runtime.Unknown"));
    let of_line = || {
        let is_one =
            |sign: &super::sign::CauseMatch| sign.cause == Cause::RuntimeExit && sign.weight == MatchWeight::Failure;
        case.signs.iter().any(is_one).then_some(LEFT)
    };
    let said = case.exited.filter(|how| !how.is_empty()).or_else(of_type).or_else(of_line)?;
    let finding = format!("The runtime process ended ({}).", model::redact::phrase(said));
    Some(Diagnosis::new(Cause::RuntimeExit, Confidence::Proved, finding).general())
}
