//! What the handler returned cannot be turned into an answer.

use super::{Case, Cause, Diagnosis};

pub(super) use super::said as sign;

pub(super) const MEANING: &str = "the handler's answer cannot be used";
pub(super) const NEXT_STEP: &str =
    "Return plain JSON types in the shape that the caller expects (for a proxy integration: `statusCode`, `headers` and a `body` that is a string).";
pub(super) const WORDS: &[&str] = &[
    "Runtime.MarshalError",
    "Unable to marshal response",
    "is not JSON serializable",
    "not JSON serializable",
    "Converting circular structure to JSON",
    "Malformed Lambda proxy response",
    "Do not know how to serialize a BigInt",
    "An error occurred during JSON serialization of response",
    "Error converting the response object",
    "Unable to stringify response body",
    "Runtime.InvalidResponse",
    "Function.InvalidResponse",
    "json: unsupported type",
    "Circular reference",
    "Runtime.BadFunctionCode",
    "JsonSerializationException: Self referencing loop",
];

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::BadResponse, "The handler ran, but what it returned could not be turned into an answer.")
}
