//! AWS does not accept the credentials the function signs with.

use super::{Application, Case, Cause, Diagnosis, Weight};

pub(super) const MEANING: &str = "AWS refuses the credentials the function signs with";
pub(super) const NEXT_STEP: &str = "Use the SDK's default credential chain: Lambda's own keys are temporary and worthless without AWS_SESSION_TOKEN. Drop static keys from the function's environment, and do not keep a session across freezes.";
pub(super) const WORDS: &[&str] = &[
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "ExpiredToken",
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "InvalidAccessKeyId",
    "security token included in the request is",
    "Signature expired",
    "token has expired",
    "Unable to locate credentials",
    "NoCredentialsError",
    "CredentialsProviderError",
    "Could not load credentials",
    "CredentialsError",
    "AuthFailure",
    "IncompleteSignature",
    "RequestTimeTooSkewed",
    "Unable to load AWS credentials",
    "Unable to load credentials",
    "no credentials in the property bag",
];

pub(super) fn sign(line: &Application<'_>) -> Option<Weight> {
    // The SDKs word it as an error of a named call, which is the application's answer where it stops there.
    let is_answer = line.level == super::Level::Error || line.text.contains("An error occurred (");
    super::said(line).map(|weight| if is_answer { Weight::Failure } else { weight })
}

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::CredentialsInvalid, "A call to AWS was refused because its credentials are not valid; this is not a missing permission.")
}
