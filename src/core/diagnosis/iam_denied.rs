//! A permission is missing.

use super::{Application, Case, Cause, Diagnosis, Weight};

pub(super) const MEANING: &str = "a permission is missing";
pub(super) const NEXT_STEP: &str =
    "Add exactly the action and resource that the quoted line names to the function's execution role (or to the resource's or key's policy).";

pub(super) fn sign(line: &Application) -> Option<Weight> {
    let text = line.text.as_str();
    let named = text.contains("AccessDenied") || text.contains("is not authorized to perform");
    named.then_some(if line.is_error { Weight::Failure } else { Weight::Hint })
}

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::IamDenied, "A call to AWS was refused because the function's role may not make it.")
}
