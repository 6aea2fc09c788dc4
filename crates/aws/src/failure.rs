//! From an error of the SDK or of the signed client to one line a person can act on. What kind of failure it is follows
//! from error codes, HTTP statuses and the types of errors, never from the words of a message.

use std::error::Error;
use std::io;

use aws_credential_types::provider::error::{CredentialsError, TokenError};
use aws_sdk_sts::config::http::HttpResponse;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::assume_role::AssumeRoleError;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::retry::ErrorKind;
use model::call_failure::{CallFailure, FailureKind};
use model::redact::excerpt;

use super::pinned::OtherAccount;

/// The failure of a call, worded for a person. `has_region` is whether the SDK was told a region.
pub(super) fn failure<E>(call: &str, resource: &str, error: &SdkError<E, HttpResponse>, has_region: bool) -> CallFailure
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    match error {
        SdkError::ServiceError(service) => {
            let answer = service.err();
            refused(
                call,
                resource,
                service.raw().status().as_u16(),
                answer.code().unwrap_or_default(),
                answer.message().unwrap_or_default(),
            )
        }
        SdkError::TimeoutError(_) => answered(call, resource, FailureKind::NoAnswer, "no answer in time"),
        SdkError::ResponseError(response) => answered(
            call,
            resource,
            FailureKind::Refused,
            &format!("unreadable response (HTTP {})", response.raw().status().as_u16()),
        ),
        SdkError::ConstructionFailure(_) if !has_region && credentials_error(error).is_none() => {
            no_region(call, resource)
        }
        // Signing without a region fails where a connection would be made, and is neither a time-out nor an I/O error.
        SdkError::DispatchFailure(failure)
            if !has_region && failure.is_other() && credentials_error(error).is_none() =>
        {
            no_region(call, resource)
        }
        other => before_an_answer(call, resource, other),
    }
}

/// The failure of a call that AWS refused, by the error code of its answer; empty where the answer has none.
pub(super) fn refused(call: &str, resource: &str, status: u16, code: &str, message: &str) -> CallFailure {
    let said = match (code, message) {
        ("", _) => format!("unreadable response (HTTP {status})"),
        (code, "") => format!("{code}: no message"),
        (code, message) => format!("{code}: {message}"),
    };
    worded(call, resource, classify(code, status), code, &said)
}

/// The failure of a call whose answer makes no sense.
pub(super) fn unreadable(call: &str, resource: &str, what: impl std::fmt::Display) -> CallFailure {
    answered(call, resource, FailureKind::Refused, &format!("unreadable response: {what}"))
}

/// A failure whose kind is known.
pub(super) fn answered(call: &str, resource: &str, kind: FailureKind, said: &str) -> CallFailure {
    worded(call, resource, kind, "", said)
}

/// The failure of a call for which no region is set.
pub(super) fn no_region(call: &str, resource: &str) -> CallFailure {
    let next_step = "set region under [aws], or AWS_REGION".to_owned();
    CallFailure { next_step, ..answered(call, resource, FailureKind::Refused, "no region is set") }
}

/// The failure of a call that this machine could not make, as where no TLS can be set up.
pub(super) fn not_made(call: &str, resource: &str, why: &str) -> CallFailure {
    answered(call, resource, FailureKind::Unreachable, &format!("the endpoint cannot be reached ({why})"))
}

/// The failure of a call that did not come to an answer, by the types in its chain of errors.
pub(super) fn before_an_answer(call: &str, resource: &str, error: &(dyn Error + 'static)) -> CallFailure {
    if let Some(other) = innermost::<OtherAccount>(error) {
        let next_step = format!(
            "use credentials of account {}, or correct `account` under [aws]; `monitor check --live` shows whose they are",
            other.configured
        );
        let failure = answered(call, resource, FailureKind::BadCredentials, &other.to_string());
        return CallFailure { next_step, ..failure };
    }
    let (kind, said) = match credentials_error(error) {
        Some(credentials) => without_credentials(credentials),
        None => without_connection(error),
    };
    answered(call, resource, kind, &said)
}

/// Every error of a chain, outermost first.
fn sources<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}

/// The innermost error of a type in a chain.
fn innermost<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    sources(error).filter_map(|error| error.downcast_ref::<E>()).last()
}

/// What the innermost error of a chain says.
fn deepest(error: &(dyn Error + 'static)) -> String {
    sources(error).last().map(ToString::to_string).unwrap_or_default()
}

/// Why credentials could not be provided, where that is what failed. One provider may wrap the error of another.
fn credentials_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CredentialsError> {
    innermost(error)
}

fn without_credentials(error: &CredentialsError) -> (FailureKind, String) {
    let why = deepest(error);
    match error {
        CredentialsError::CredentialsNotLoaded(_)
        | CredentialsError::InvalidConfiguration(_)
        | CredentialsError::ProviderTimedOut(_) => {
            (FailureKind::NoCredentials, format!("no usable credentials ({why})"))
        }
        _ => {
            let assumed = innermost::<SdkError<AssumeRoleError, HttpResponse>>(error)
                .and_then(|error| Some((error.code()?, error.message().unwrap_or("no message"))));
            if let Some((code, message)) = assumed {
                return (FailureKind::BadCredentials, format!("the role cannot be assumed ({code}: {message})"));
            }
            if innermost::<ConnectorError>(error).is_some() {
                let (kind, said) = without_connection(error);
                return (kind, format!("credentials cannot be fetched: {said}"));
            }
            if innermost::<TokenError>(error).is_some() {
                return (FailureKind::BadCredentials, format!("the SSO session has expired ({why})"));
            }
            (FailureKind::BadCredentials, format!("the credentials cannot be renewed ({why})"))
        }
    }
}

/// A connection that broke once it was there may have carried the call; any other one never did.
fn without_connection(error: &(dyn Error + 'static)) -> (FailureKind, String) {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    let why = deepest(error);
    let broke = innermost::<io::Error>(error)
        .is_some_and(|error| matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof));
    let cut_off =
        innermost::<ConnectorError>(error).is_some_and(|error| error.as_other() == Some(ErrorKind::TransientError));
    if broke || cut_off {
        return (FailureKind::NoAnswer, format!("the connection broke before the whole answer was there ({why})"));
    }
    (FailureKind::Unreachable, format!("the endpoint cannot be reached ({why})"))
}

/// A request of the signed client that failed without a whole answer. `error` has its address taken out.
pub(super) fn of_request(call: &str, resource: &str, error: &reqwest::Error) -> CallFailure {
    if error.is_connect() || error.is_builder() {
        return before_an_answer(call, resource, error);
    }
    if error.is_timeout() {
        return answered(call, resource, FailureKind::NoAnswer, "no answer in time");
    }
    answered(
        call,
        resource,
        FailureKind::NoAnswer,
        &format!("the connection broke before the whole answer was there ({})", deepest(error)),
    )
}

fn worded(call: &str, resource: &str, kind: FailureKind, code: &str, said: &str) -> CallFailure {
    CallFailure {
        call: call.to_owned(),
        resource: resource.to_owned(),
        kind,
        said: excerpt(said).trim_end_matches('.').to_owned(),
        next_step: next_step(kind, call, code, said),
    }
}

/// Error codes of the services the monitor calls; see each service's "Common errors" page.
fn classify(code: &str, status: u16) -> FailureKind {
    match code {
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "AuthorizationError"
        | "NotAuthorized"
        | "OptInRequired" => FailureKind::Denied,
        "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "RequestExpired"
        | "IncompleteSignature"
        | "AuthFailure"
        | "InvalidToken"
        | "TokenRefreshRequired"
        | "InvalidAccessKeyId" => FailureKind::BadCredentials,
        "ThrottlingException"
        | "Throttling"
        | "TooManyRequestsException"
        | "LimitExceededException"
        | "RequestLimitExceeded"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "ProvisionedThroughputExceededException"
        | "PriorRequestNotComplete"
        | "BandwidthLimitExceeded"
        | "SlowDown" => FailureKind::Throttled,
        "ResourceNotFoundException"
        | "ResourceNotFound"
        | "TargetGroupNotFound"
        | "LoadBalancerNotFound"
        | "NoSuchBucket"
        | "NotFoundException"
        | "ProvisionedConcurrencyConfigNotFoundException"
        | "NoSuchHostedZone"
        | "NoSuchKey" => FailureKind::NotFound,
        _ if status == 429 => FailureKind::Throttled,
        _ if status == 401 => FailureKind::BadCredentials,
        _ if status == 403 => FailureKind::Denied,
        _ => FailureKind::Refused,
    }
}

/// What to do. Cost Explorer has one error code for several causes of a refusal; there the message only chooses a
/// better next step.
fn next_step(kind: FailureKind, call: &str, code: &str, said: &str) -> String {
    match kind {
        FailureKind::Denied if said.contains("cost explorer") || said.contains("Cost Explorer") => {
            "enable Cost Explorer in the Billing console of the payer account; it has data after about a day".to_owned()
        }
        FailureKind::Denied if call.starts_with("ce:") && is_of_a_member(said) => {
            "this is a linked account: in the payer account, under Billing > Cost Management preferences, allow linked accounts to use Cost Explorer; \
             until then use `read.estimated_charges` or exports"
                .to_owned()
        }
        FailureKind::Denied if call.starts_with("ce:") => format!(
            "allow {call} for this identity (`monitor iam-policy` prints the whole policy), and enable IAM access to billing: the root user does this under Account > IAM access to billing"
        ),
        FailureKind::Denied => format!("allow {call} for this identity (`monitor iam-policy` prints all that your configuration needs)"),
        FailureKind::NoCredentials => {
            "set AWS_PROFILE or [aws] profile, run `aws sso login`, or give the machine a role; `aws sts get-caller-identity` must work".to_owned()
        }
        FailureKind::BadCredentials => "renew the credentials: run `aws sso login` for the profile if it uses SSO; temporary keys need AWS_SESSION_TOKEN; \
             check the clock of this machine"
            .to_owned(),
        FailureKind::NotFound if call.starts_with("logs:") => {
            "check the function's name and region; a function that was never invoked has no log group".to_owned()
        }
        FailureKind::NotFound if call.starts_with("s3:") => "check the bucket's name and region; the first export arrives within a day".to_owned(),
        FailureKind::NotFound => "check the name and the region".to_owned(),
        FailureKind::Unreachable | FailureKind::NoAnswer => "check the network, the region and AWS_ENDPOINT_URL; monitor retries automatically".to_owned(),
        FailureKind::Throttled | FailureKind::Behind => "monitor retries automatically; poll less often if this continues".to_owned(),
        FailureKind::CapReached => "raise max_monthly_usd under [aws]".to_owned(),
        FailureKind::Refused if code == "DataUnavailableException" => {
            "wait: Cost Explorer has data 24 hours to 4 days after it is enabled; monitor retries automatically".to_owned()
        }
        FailureKind::Refused => "monitor retries automatically; `monitor check --live` shows whether it still fails".to_owned(),
    }
}

/// Whether Cost Explorer says that the caller's account is a member of an organisation.
fn is_of_a_member(said: &str) -> bool {
    let said = said.to_lowercase();
    ["linked account", "member account", "payer account", "management account"].iter().any(|words| said.contains(words))
}

#[cfg(test)]
mod tests;
