//! From an SDK error to one line a person can act on.

use std::error::Error;

use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use model::call_failure::{CallFailure, FailureKind};
use model::redact::excerpt;

/// The failure of a call, worded for a person.
pub(super) fn failure<E>(call: &str, resource: &str, error: &SdkError<E, aws_sdk_sts::config::http::HttpResponse>) -> CallFailure
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let (kind, said) = match error {
        SdkError::ServiceError(service) => {
            let answer = service.err();
            let status = service.raw().status().as_u16();
            match answer.code() {
                Some(code) => (classify(code, status), format!("{code}: {}", answer.message().unwrap_or("no message"))),
                None => (classify("", status), format!("an answer that cannot be read (HTTP {status})")),
            }
        }
        SdkError::TimeoutError(_) => (FailureKind::NoAnswer, "no answer in time".to_owned()),
        SdkError::ResponseError(response) => (FailureKind::Refused, format!("an answer that cannot be read (HTTP {})", response.raw().status().as_u16())),
        other => by_chain(&super::sdk::chain(other)),
    };
    worded(call, resource, kind, &said)
}

/// The failure of a call whose answer makes no sense.
pub(super) fn unreadable(call: &str, resource: &str, what: String) -> CallFailure {
    worded(call, resource, FailureKind::Refused, &format!("an answer that cannot be read: {what}"))
}

/// The failure of a call that was answered, or that nobody answered in time.
pub(super) fn answered(call: &str, resource: &str, kind: FailureKind, said: &str) -> CallFailure {
    worded(call, resource, kind, said)
}

/// The failure of a call that never came to an answer, by the words of its chain of errors, outermost first.
pub(super) fn before_an_answer(call: &str, resource: &str, chain: &[String]) -> CallFailure {
    let (kind, said) = by_chain(chain);
    worded(call, resource, kind, &said)
}

fn worded(call: &str, resource: &str, kind: FailureKind, said: &str) -> CallFailure {
    CallFailure {
        call: call.to_owned(),
        resource: resource.to_owned(),
        kind,
        said: excerpt(said).trim_end_matches('.').to_owned(),
        next_step: next_step(kind, call, said),
    }
}

/// Error codes of the services the monitor calls; see each service's "Common errors" page.
pub(super) fn classify(code: &str, status: u16) -> FailureKind {
    match code {
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "AuthorizationError" | "NotAuthorized" | "OptInRequired" => FailureKind::Denied,
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "RequestExpired"
        | "IncompleteSignature"
        | "AuthFailure"
        | "InvalidAccessKeyId" => FailureKind::BadCredentials,
        "ThrottlingException"
        | "Throttling"
        | "TooManyRequestsException"
        | "LimitExceededException"
        | "RequestLimitExceeded"
        | "ThrottledException"
        | "RequestThrottled"
        | "SlowDown" => FailureKind::Throttled,
        "ResourceNotFoundException" | "ResourceNotFound" | "TargetGroupNotFound" | "LoadBalancerNotFound" | "NoSuchBucket" | "NoSuchKey" => {
            FailureKind::NotFound
        }
        _ if status == 429 => FailureKind::Throttled,
        _ if status == 403 => FailureKind::Denied,
        _ => FailureKind::Refused,
    }
}

/// Failures that happen before there is an answer are only told by the words of the error chain.
fn by_chain(chain: &[String]) -> (FailureKind, String) {
    let all = chain.join(": ").to_lowercase();
    let deepest = chain.last().cloned().unwrap_or_default();
    if all.contains("sso") && ["expired", "invalid", "not found", "failed to load the cached"].iter().any(|word| all.contains(word)) {
        return (FailureKind::BadCredentials, format!("the SSO session is not valid any more ({deepest})"));
    }
    if all.contains("region") && all.contains("missing") || all.contains("invalid configuration: missing region") {
        return (FailureKind::Refused, "no region is set".to_owned());
    }
    if all.contains("credential") || all.contains("could not be found: profile") {
        return (FailureKind::NoCredentials, format!("no usable credentials ({deepest})"));
    }
    (FailureKind::Unreachable, format!("the endpoint cannot be reached ({deepest})"))
}

fn next_step(kind: FailureKind, call: &str, said: &str) -> String {
    match kind {
        FailureKind::Denied if said.contains("cost explorer") || said.contains("Cost Explorer") => {
            "switch Cost Explorer on in the Billing console of the paying account; it answers after about a day".to_owned()
        }
        FailureKind::Denied if call.starts_with("ce:") && is_of_a_member(said) => {
            "this account is paid by another one: there, under Billing > Cost Management preferences, let linked accounts see Cost Explorer; \
             until then `read.estimated_charges` and exports work here"
                .to_owned()
        }
        FailureKind::Denied if call.starts_with("ce:") => format!(
            "allow {call} to this identity (deploy/iam-policy.json), and let IAM identities see the bill: the root user switches that on under Account > IAM access to billing"
        ),
        FailureKind::Denied => format!("allow {call} to this identity (deploy/iam-policy.json has all that monitor needs)"),
        FailureKind::NoCredentials => {
            "set AWS_PROFILE or [aws] profile, run `aws sso login`, or give the machine a role; `aws sts get-caller-identity` must answer".to_owned()
        }
        FailureKind::BadCredentials if said.contains("SSO") => "run `aws sso login` for the profile".to_owned(),
        FailureKind::BadCredentials => {
            "renew the credentials; temporary keys need their AWS_SESSION_TOKEN; check that the clock of this machine is right".to_owned()
        }
        FailureKind::NotFound if call.starts_with("logs:") => {
            "check the function's name and region; a function that was never called has no log group yet".to_owned()
        }
        FailureKind::NotFound if call.starts_with("s3:") => "check the bucket's name and region; an export is first delivered within a day".to_owned(),
        FailureKind::NotFound => "check the name and the region".to_owned(),
        FailureKind::Unreachable | FailureKind::NoAnswer => "check the network, the region and AWS_ENDPOINT_URL; it is asked again by itself".to_owned(),
        FailureKind::Throttled | FailureKind::Behind => "it is asked again by itself; poll less often if this stays".to_owned(),
        FailureKind::CapReached => "raise max_monthly_usd under [aws]".to_owned(),
        FailureKind::Refused if said.contains("no region") => "set region under [aws], or AWS_REGION".to_owned(),
        FailureKind::Refused if said.contains("DataUnavailable") => {
            "nothing to mend: Cost Explorer has figures 24 hours to 4 days after it was switched on; it is asked again by itself".to_owned()
        }
        FailureKind::Refused => "it is asked again by itself; `monitor check --live` shows whether it stays".to_owned(),
    }
}

/// Whether Cost Explorer says that the caller's account is a member of an organisation.
fn is_of_a_member(said: &str) -> bool {
    let said = said.to_lowercase();
    ["linked account", "member account", "payer account", "management account"].iter().any(|words| said.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_to_do() {
        for (chain, kind, step) in [
            (&["dispatch failure", "other", "the credential provider was not enabled"][..], FailureKind::NoCredentials, "AWS_PROFILE"),
            (
                &["dispatch failure", "other", "an error occurred while loading credentials", "The SSO session has expired"],
                FailureKind::BadCredentials,
                "aws sso login",
            ),
            (
                &["dispatch failure", "an error occurred while loading an access token", "failed to load the cached SSO token"],
                FailureKind::BadCredentials,
                "aws sso login",
            ),
            (&["dispatch failure", "io error", "Connection refused (os error 111)"], FailureKind::Unreachable, "network"),
            (&["failed to construct request", "Invalid Configuration: Missing Region"], FailureKind::Refused, "[aws]"),
        ] {
            let chain: Vec<String> = chain.iter().map(|text| (*text).to_owned()).collect();
            let (found, said) = by_chain(&chain);
            assert_eq!(found, kind, "{chain:?}");
            assert!(next_step(found, "sts:GetCallerIdentity", &said).contains(step), "{chain:?}");
        }
        for (code, said, step) in [
            ("AccessDeniedException", "User not enabled for cost explorer access", "switch Cost Explorer on"),
            ("AccessDeniedException", "Linked account does not have access to this data", "let linked accounts see"),
            ("AccessDeniedException", "User: x is not authorized to perform: ce:GetCostAndUsage", "IAM access to billing"),
            ("DataUnavailableException", "DataUnavailableException: Data is not available. Please try to adjust the time period", "24 hours to 4 days"),
        ] {
            assert!(worded("ce:GetCostAndUsage", "the bill", classify(code, 400), said).next_step.contains(step), "{said}");
        }
        assert!(
            worded("logs:FilterLogEvents", "/aws/lambda/x", classify("AccessDeniedException", 400), "User: x is not authorized")
                .next_step
                .contains("allow logs:FilterLogEvents")
        );
    }
}
