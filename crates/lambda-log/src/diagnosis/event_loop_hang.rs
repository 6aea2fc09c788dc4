//! The handler had finished, but something open kept Node's event loop alive until the timeout.

use super::case::Case;
use super::cause::Cause;
use super::sign::Weight;
use super::verdict::{Confidence, Diagnosis};
use crate::line::{Application, Level};

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

/// Words that mean that the work was over. They count only as the last ones before a timeout, in the first part of its time.
pub(super) fn sign(line: &Application<'_>) -> Option<Weight> {
    let is_logged = line.level >= Level::Info && line.request_id.is_some();
    is_logged.then_some(Weight::Hint)
}

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    case.timed_out_after_ms?;
    // Only Node waits for its event loop. Other runtimes write lines with a level and an id as well.
    if case.on_node != Some(true) {
        return None;
    }
    let (after_ms, limit_ms) = case.last_words.filter(|(after, limit)| *after >= 0.0 && after * 2.0 < *limit)?;
    let last = case.signs.iter().any(|sign| sign.cause == Cause::EventLoopHang && sign.is_last);
    let finding = format!(
        "The handler's last line, {} after the start, reads as if the work was over; the invocation then went on in silence until its limit of {}.",
        Case::seconds(after_ms / 1000.0),
        Case::seconds(limit_ms / 1000.0)
    );
    last.then(|| Diagnosis::new(Cause::EventLoopHang, Confidence::Likely, finding).general())
}
