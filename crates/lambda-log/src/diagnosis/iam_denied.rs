//! A permission is missing.

use super::{Application, Case, Cause, Diagnosis, Weight};

pub(super) const MEANING: &str = "a permission is missing";
pub(super) const NEXT_STEP: &str =
    "Add exactly the action and resource that the quoted line names to the function's execution role (or to the resource's or key's policy).";
pub(super) const WORDS: &[&str] = &[
    "AccessDenied",
    "Access Denied",
    "access denied",
    "is not authorized to perform",
    "not authorized to perform",
    "UnauthorizedOperation",
    "AuthorizationError",
    "UnauthorizedAccess",
    "AccessDeniedError",
    "does not have permission to",
    "no identity-based policy allows",
    "explicit deny",
];

pub(super) fn sign(line: &Application<'_>) -> Option<Weight> {
    // A database or a gateway denies with the same words; that is no matter of IAM.
    let of_others = ["Access denied for user", "access denied for user"].iter().any(|words| line.text.contains(words));
    if of_others { None } else { super::said(line) }
}

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::IamDenied, "A call to AWS was refused for want of a permission.")
}
