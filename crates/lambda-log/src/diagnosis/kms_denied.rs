//! Lambda cannot decrypt the environment variables.

use super::{Case, Cause, Diagnosis};

pub(super) use super::said as sign;

pub(super) const MEANING: &str = "the environment variables cannot be decrypted";
pub(super) const NEXT_STEP: &str =
    "Re-save the function's role or its key, and give the role `kms:Decrypt` on that key; until then the function cannot start, and its own log stays silent.";
pub(super) const WORDS: &[&str] = &["KMSAccessDenied", "KMSDisabled", "KMSInvalidState", "KMSNotFound", "unable to decrypt the environment variables"];

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::KmsDenied, "Lambda could not decrypt the function's environment variables.")
}
