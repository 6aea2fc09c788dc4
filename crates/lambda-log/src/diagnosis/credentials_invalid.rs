//! AWS does not accept the credentials the function signs with.

use super::case::Case;
use super::cause::Cause;
use super::evidence::{AWS, has_any};
use super::sign::{Weight, said};
use super::verdict::Diagnosis;
use crate::line::{Application, Level};

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

/// Words that any service uses for its own credentials.
const OF_ANYONE: &[&str] = &["token has expired", "ExpiredToken", "InvalidSignatureException", "AuthFailure", "CredentialsError", "Unable to load credentials"];

pub(super) fn sign(line: &Application<'_>) -> Option<Weight> {
    // Tokens of others expire too.
    let of_aws = WORDS.iter().any(|word| !OF_ANYONE.contains(word) && line.text.contains(word));
    if !of_aws && !has_any(&line.text, AWS) {
        return None;
    }
    // The SDKs word it as an error of a named call, which is the application's answer where it stops there.
    let is_answer = line.level == Level::Error || line.text.contains("An error occurred (");
    said(line).map(|weight| if is_answer { Weight::Failure } else { weight })
}

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::CredentialsInvalid, "A call to AWS was refused because its credentials are not valid; this is not a missing permission.")
}
