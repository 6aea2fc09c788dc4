//! The configured handler is not in what was deployed.

use super::{Case, Cause, Diagnosis};

pub(super) use super::said as sign;

pub(super) const MEANING: &str = "the handler does not exist in the package";
pub(super) const NEXT_STEP: &str =
    "Align the function's handler setting with the file name and the export in what was deployed, and look at how the archive is laid out.";
pub(super) const WORDS: &[&str] = &[
    "Runtime.HandlerNotFound",
    "Runtime.MalformedHandlerName",
    "is undefined or not exported",
    "Handler '",
    "Class not found:",
    "Bad handler",
    "Could not find the required 'handler'",
    "No exports found in module",
    "Could not find or load main class",
    "EntrypointNotFound",
    "not a valid handler",
    "missing on module",
    "Runtime.NoSuchHandler",
    "Init<NoMethodError>",
    "LambdaValidationException",
    "Unable to load type",
    "Unable to find method",
    "Could not find file or assembly",
    "HandlerNotFoundException",
    "does not have an appropriate handler method",
    "No public method named",
    "Method not found:",
    "lambdaHandler is not a function",
    "Could not find the specified handler assembly",
    "undefined method `handler'",
    "uninitialized constant",
];

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::HandlerNotFound, "The runtime found no handler under the name that is configured.")
}
