//! AWS rejects the function's credentials.

use super::case::InvocationFacts;
use super::cause::Cause;
use super::evidence::{AWS, has_any};
use super::sign::{MatchWeight, said};
use super::verdict::Diagnosis;
use crate::line::{ApplicationLine, LogLevel};

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
    "failed to refresh cached credentials",
    "no EC2 IMDS role found",
];

/// Words that any service uses for its own credentials.
const OF_ANYONE: &[&str] = &[
    "token has expired",
    "ExpiredToken",
    "InvalidSignatureException",
    "AuthFailure",
    "CredentialsError",
    "Unable to load credentials",
];

pub(super) fn sign(line: &ApplicationLine<'_>) -> Option<MatchWeight> {
    // Tokens of others expire too.
    let of_aws = WORDS.iter().any(|word| !OF_ANYONE.contains(word) && line.text.contains(word));
    if !of_aws && !has_any(&line.text, AWS) {
        return None;
    }
    // The SDKs word it as an error of a named call, which is the application's answer where it stops there.
    let is_answer = line.level == LogLevel::Error || line.text.contains("An error occurred (");
    said(line).map(|weight| if is_answer { MatchWeight::Failure } else { weight })
}

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    case.by_sign(
        Cause::CredentialsInvalid,
        "AWS rejected a call because its credentials are not valid. This is not a missing permission.",
    )
}
