//! An error of the application that has no more specific cause. Its fingerprint distinguishes new errors from known
//! ones.

use super::case::InvocationFacts;
use super::cause::Cause;
use super::evidence::is_end;
use super::outcome::InvocationOutcome;
use super::sign::MatchWeight;
use super::verdict::{Confidence, Diagnosis};
use crate::exception::is_exception;
use crate::line::{ApplicationLine, LogLevel};

/// Every line that is marked as an error is asked.
pub(super) const WORDS: &[&str] = &[];

/// Causes that an uncaught error may have without its line proving it.
const GUESSED: [Cause; 3] = [Cause::UpstreamError, Cause::VpcNoEgress, Cause::BadEvent];

pub(super) fn sign(line: &ApplicationLine<'_>) -> Option<MatchWeight> {
    if is_end(&line.text) {
        return None;
    }
    if line.unhandled {
        return Some(MatchWeight::Failure);
    }
    let text = line.text.as_ref();
    let looks_like_one = line.level == LogLevel::Error
        || text.starts_with("Traceback (most recent call last)")
        || is_exception(text.lines().next().unwrap_or_default());
    looks_like_one.then_some(MatchWeight::Hint)
}

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    let found = case.by_sign(Cause::AppException, "The application raised an error that was not caught.")?;
    // What the application logged and dealt with is no reason for a limit that was reached, or for a process that
    // ended.
    let last = case.signs.iter().any(|sign| sign.cause == Cause::AppException && sign.is_last);
    let dealt_with = found.confidence == Confidence::Likely
        && (case.outcome == InvocationOutcome::Timeout || (case.exited.is_some() && !last));
    let found = if found.confidence == Confidence::Likely {
        Diagnosis {
            finding:
                "The application logged an error. The lines do not show whether the invocation failed because of it."
                    .to_owned(),
            ..found
        }
    } else {
        found
    };
    // Where the uncaught error is a connection that failed, that is the deeper cause, although the line does not say
    // what it was about.
    let is_last_word = |cause: Cause, weight: MatchWeight| {
        case.signs.iter().any(|sign| sign.cause == cause && sign.weight == weight && sign.is_last)
    };
    let is_guessed = GUESSED.iter().any(|cause| is_last_word(*cause, MatchWeight::Guess))
        && is_last_word(Cause::AppException, MatchWeight::Failure);
    (!dealt_with).then(|| if is_guessed { found.general() } else { found })
}
