//! AWS does not accept the credentials the function signs with.

use super::{Application, Case, Cause, Diagnosis, Weight};

pub(super) const MEANING: &str = "AWS refuses the credentials the function signs with";
pub(super) const NEXT_STEP: &str = "Use the SDK's default credential chain: Lambda's own keys are temporary and worthless without AWS_SESSION_TOKEN. Drop static keys from the function's environment, and do not keep a session across freezes.";

const CODES: [&str; 6] = [
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "ExpiredTokenException",
    "ExpiredToken",
    "InvalidSignatureException",
    "security token included in the request is",
];

pub(super) fn sign(line: &Application) -> Option<Weight> {
    let named = CODES.iter().any(|code| line.text.contains(code)) || line.text.contains("Signature expired");
    // The SDKs word it as an error of a named call; a mention anywhere else proves nothing by itself.
    let is_answer = line.is_error || line.text.contains("An error occurred (") || line.text.contains("Exception:") || line.text.contains("Error:");
    named.then_some(if is_answer { Weight::Failure } else { Weight::Hint })
}

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::CredentialsInvalid, "A call to AWS was refused because its credentials are not valid; this is not a missing permission.")
}
