//! The handler was done, but an open handle kept Node's event loop running until the timeout.

use super::case::InvocationFacts;
use super::cause::Cause;
use super::sign::MatchWeight;
use super::verdict::{Confidence, Diagnosis};
use crate::line::{ApplicationLine, LogLevel};

pub(super) const WORDS: &[&str] = &[
    "callback",
    "Callback",
    "esponse sent",
    "Returning response",
    "returning response",
    "statusCode: 200",
    "\"statusCode\":200",
    "\"statusCode\": 200",
    "Done",
    "done",
    "Finished",
    "finished",
    "ompleted",
    "uccessfully",
    "Success",
];

/// Words that mean that the work was over. They count only as the last ones before a timeout, in the first part of its
/// time.
pub(super) fn sign(line: &ApplicationLine<'_>) -> Option<MatchWeight> {
    let is_logged = line.level >= LogLevel::Info && line.request_id.is_some();
    is_logged.then_some(MatchWeight::Hint)
}

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    case.timed_out_after_ms?;
    // Only Node waits for its event loop. Other runtimes write lines with a level and an id as well.
    if case.on_node != Some(true) {
        return None;
    }
    let (after_ms, limit_ms) = case.last_words.filter(|(after, limit)| *after >= 0.0 && after * 2.0 < *limit)?;
    let last = case.signs.iter().any(|sign| sign.cause == Cause::EventLoopHang && sign.is_last);
    let finding = format!(
        "The handler's last line, {} after the start, suggests that the work was done. The invocation then logged nothing until its limit of {}.",
        InvocationFacts::seconds(after_ms / 1000.0),
        InvocationFacts::seconds(limit_ms / 1000.0)
    );
    last.then(|| Diagnosis::new(Cause::EventLoopHang, Confidence::Likely, finding).general())
}
