use aws_sdk_sts::operation::get_caller_identity::GetCallerIdentityError;

use super::*;

type Failed = SdkError<GetCallerIdentityError, HttpResponse>;

const CALL: &str = "sts:GetCallerIdentity";

#[test]
fn the_kind_of_a_refusal_follows_from_its_code_and_else_from_its_status() {
    use FailureKind::{BadCredentials, Denied, NotFound, Refused, Throttled};
    for (codes, status, kind) in [
        (&["AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "OptInRequired"][..], 400, Denied),
        (
            &["UnrecognizedClientException", "InvalidClientTokenId", "ExpiredToken", "ExpiredTokenException"],
            403,
            BadCredentials,
        ),
        (
            &[
                "SignatureDoesNotMatch",
                "InvalidSignatureException",
                "AuthFailure",
                "InvalidAccessKeyId",
                "InvalidToken",
            ],
            403,
            BadCredentials,
        ),
        (
            &["Throttling", "ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"],
            400,
            Throttled,
        ),
        (&["RequestThrottledException", "ProvisionedThroughputExceededException"], 400, Throttled),
        (
            &["ResourceNotFoundException", "NoSuchBucket", "NoSuchKey", "LoadBalancerNotFound", "NotFoundException"],
            404,
            NotFound,
        ),
        (&["ValidationException", "DataUnavailableException", "InternalFailure"], 500, Refused),
        // No code, or one that is not known: what HTTP says.
        (&["", "SsoTokenExpiredCredentialAccessDenied"], 400, Refused),
        (&["", "Unheard"], 403, Denied),
        (&["", "Unheard"], 429, Throttled),
        (&["", "Unheard"], 401, BadCredentials),
        (&["", "Unheard"], 404, Refused),
        (&[""], 502, Refused),
    ] {
        for code in codes {
            assert_eq!(classify(code, status), kind, "{code} {status}");
        }
    }
}

/// How a call fails that was not answered.
#[track_caller]
fn check(error: &Failed, has_region: bool, kind: FailureKind, said: &str, step: &str) {
    let failure = failure(CALL, "the credentials", error, has_region);
    assert_eq!(failure.kind, kind, "{failure}");
    assert!(failure.said.contains(said) && failure.next_step.contains(step), "{failure}");
}

fn by_credentials(error: CredentialsError) -> Failed {
    SdkError::dispatch_failure(ConnectorError::other(error.into(), None))
}

fn by_connection(kind: io::ErrorKind) -> Failed {
    // The words of an error decide nothing: these name credentials, SSO and a region.
    let words = "credential of the expired SSO session: missing region";
    SdkError::dispatch_failure(ConnectorError::io(io::Error::new(kind, words).into()))
}

#[test]
fn credentials_that_cannot_be_provided_are_told_apart_by_the_type_of_the_error() {
    use FailureKind::{BadCredentials, NoCredentials, Unreachable};
    let unreachable = || ConnectorError::io(io::Error::from(io::ErrorKind::ConnectionRefused).into());
    for (error, kind, said, step) in [
        (CredentialsError::not_loaded("no keys"), NoCredentials, "no usable credentials (no keys)", "AWS_PROFILE"),
        (
            CredentialsError::not_loaded("the network is unreachable"),
            NoCredentials,
            "no usable credentials",
            "AWS_PROFILE",
        ),
        (
            CredentialsError::invalid_configuration("profile `work` has no keys"),
            NoCredentials,
            "profile `work`",
            "AWS_PROFILE",
        ),
        (
            CredentialsError::provider_timed_out(std::time::Duration::from_secs(5)),
            NoCredentials,
            "timed out after 5 seconds",
            "AWS_PROFILE",
        ),
        (
            CredentialsError::provider_error(TokenError::provider_error("old")),
            BadCredentials,
            "the SSO session has expired (old)",
            "aws sso login",
        ),
        (
            CredentialsError::provider_error("the process ended with 1"),
            BadCredentials,
            "cannot be renewed (the process ended",
            "renew the credentials",
        ),
        (CredentialsError::unhandled("no access key id"), BadCredentials, "cannot be renewed", "renew the credentials"),
        (
            CredentialsError::provider_error(CredentialsError::not_loaded("no source profile")),
            NoCredentials,
            "no source profile",
            "AWS_PROFILE",
        ),
        (CredentialsError::provider_error(unreachable()), Unreachable, "credentials cannot be fetched", "network"),
        (
            CredentialsError::provider_error(TokenError::provider_error(unreachable())),
            Unreachable,
            "credentials cannot be fetched",
            "network",
        ),
    ] {
        check(&by_credentials(error), true, kind, said, step);
    }
}

#[test]
fn a_connection_that_was_not_made_is_told_apart_from_one_that_broke() {
    use FailureKind::{NoAnswer, Refused, Unreachable};
    use io::ErrorKind::{BrokenPipe, ConnectionRefused, ConnectionReset, HostUnreachable, Other, UnexpectedEof};
    for kind in [ConnectionRefused, HostUnreachable, Other] {
        check(&by_connection(kind), true, Unreachable, "the endpoint cannot be reached", "network");
    }
    for kind in [ConnectionReset, BrokenPipe, UnexpectedEof] {
        check(&by_connection(kind), true, NoAnswer, "the connection broke", "network");
    }
    let cut_off = ConnectorError::other("incomplete".into(), Some(ErrorKind::TransientError));
    check(&SdkError::dispatch_failure(cut_off), true, NoAnswer, "the connection broke", "network");
    check(
        &SdkError::dispatch_failure(ConnectorError::timeout("slow".into())),
        true,
        Unreachable,
        "cannot be reached",
        "network",
    );
    check(&SdkError::timeout_error("slow"), true, NoAnswer, "no answer in time", "network");
    check(&SdkError::construction_failure("no endpoint"), false, Refused, "no region is set", "AWS_REGION");
    check(&SdkError::construction_failure("no endpoint"), true, Unreachable, "cannot be reached", "network");
    check(
        &SdkError::construction_failure(CredentialsError::not_loaded_no_source()),
        false,
        FailureKind::NoCredentials,
        "no usable",
        "AWS_PROFILE",
    );
}

#[test]
fn a_refusal_says_what_to_do() {
    for (call, code, message, step) in [
        (
            "ce:GetCostAndUsage",
            "AccessDeniedException",
            "User not enabled for cost explorer access",
            "enable Cost Explorer",
        ),
        (
            "ce:GetCostAndUsage",
            "AccessDeniedException",
            "Linked account does not have access to this data",
            "allow linked accounts",
        ),
        (
            "ce:GetCostAndUsage",
            "AccessDeniedException",
            "User: x is not authorized to perform: ce:GetCostAndUsage",
            "IAM access to billing",
        ),
        (
            "ce:GetCostAndUsage",
            "DataUnavailableException",
            "Data is not available. Please try to adjust the time period",
            "24 hours to 4 days",
        ),
        ("logs:FilterLogEvents", "AccessDeniedException", "User: x is not authorized", "allow logs:FilterLogEvents"),
        ("s3:GetObject", "NoSuchBucket", "", "the bucket's name"),
    ] {
        let failure = refused(call, "it", 400, code, message);
        assert!(failure.next_step.contains(step), "{failure}");
    }
}
