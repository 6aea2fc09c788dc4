//! A request or a response above a limit of size.

use super::{Case, Cause, Diagnosis};

pub(super) use super::said as sign;

pub(super) const MEANING: &str = "a payload is too large";
pub(super) const NEXT_STEP: &str =
    "Return less (pages, fewer fields), hand large results over through S3 with a presigned URL, or stream the response; a synchronous answer ends at 6 MB.";
pub(super) const WORDS: &[&str] = &[
    "RequestEntityTooLarge",
    "Function.ResponseSizeTooLarge",
    "exceeded maximum allowed payload size",
    "Response payload size",
    "request entity too large",
    "Request Entity Too Large",
    "PayloadTooLargeError",
    "Payload Too Large",
    "Request must be smaller than",
    "status code 413",
    "413 Request Entity",
    "Http response code: 413",
    "response code: 413",
    "body size is too long",
    "Body is too large",
    "Response size exceeded",
    "EventTooLarge",
    "payload size exceeded",
];

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::PayloadTooLarge, "A payload was larger than the limit of whoever had to take it.")
}
