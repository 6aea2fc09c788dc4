//! An error of the application that has no more specific name. Its fingerprint tells a new kind from an old one.

use super::case::Case;
use super::cause::Cause;
use super::outcome::Outcome;
use super::sign::Weight;
use super::verdict::{Confidence, Diagnosis};
use crate::exception::is_exception;
use crate::line::{Application, Level};

/// Every line that is marked as an error is asked.
pub(super) const WORDS: &[&str] = &[];

pub(super) fn sign(line: &Application<'_>) -> Option<Weight> {
    if line.unhandled {
        return Some(Weight::Failure);
    }
    let text = line.text.as_ref();
    let looks_like_one =
        line.level == Level::Error || text.starts_with("Traceback (most recent call last)") || is_exception(text.lines().next().unwrap_or_default());
    looks_like_one.then_some(Weight::Hint)
}

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    let found = case.by_sign(Cause::AppException, "The application raised an error that nobody caught.")?;
    // What the application logged and dealt with is no reason for a limit that was reached, or for a process that ended.
    let last = case.signs.iter().any(|sign| sign.cause == Cause::AppException && sign.is_last);
    let dealt_with = found.confidence == Confidence::Likely && (case.outcome == Outcome::Timeout || (case.exited.is_some() && !last));
    let found = if found.confidence == Confidence::Likely {
        Diagnosis { finding: "The application logged an error; whether the invocation failed by it, the lines do not say.".to_owned(), ..found }
    } else {
        found
    };
    // Where the uncaught error is a refused connection, the refusal is the deeper cause, although the peer has no name.
    let is_last_word = |cause: Cause, weight: Weight| case.signs.iter().any(|sign| sign.cause == cause && sign.weight == weight && sign.is_last);
    let refused = is_last_word(Cause::UpstreamError, Weight::Guess) && is_last_word(Cause::AppException, Weight::Failure);
    (!dealt_with).then(|| if refused { found.general() } else { found })
}
