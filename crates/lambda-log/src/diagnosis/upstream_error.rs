//! A service of somebody else answered with an error.

use super::{Case, Cause, Diagnosis};

pub(super) use super::said as sign;

pub(super) const MEANING: &str = "a service it calls answers with an error";
pub(super) const NEXT_STEP: &str =
    "Look at that service's status, the credentials and limits the function uses there; handle the answer and retry what can be retried.";
pub(super) const WORDS: &[&str] = &[
    "Request failed with status code",
    "Response code ",
    "HTTPError",
    "HTTP Error 4",
    "HTTP Error 5",
    "Client Error:",
    "Server Error:",
    "Bad Gateway",
    "Service Unavailable",
    "Internal Server Error",
    "Gateway Timeout",
    "status code: 5",
    "status code 5",
    "status code: 403",
    "status code 403",
    "statusCode: 5",
    "HttpRequestException",
    "FetchError",
    "ERR_BAD_RESPONSE",
    "ERR_BAD_REQUEST",
    "bad response from server",
    "returned status 5",
    "returned 5",
    "unexpected status",
    "UnexpectedStatus",
    "APIStatusError",
    "InternalServerError",
    "AuthenticationError",
    "HttpClientErrorException",
    "HttpServerErrorException",
    "StatusCodeError",
    "Invalid API key",
    "invalid_api_key",
    "responded with status",
    "status_code=5",
    "status_code=4",
    "socket hang up",
    "ECONNRESET",
    "RemoteDisconnected",
    "unexpected response",
];

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::UpstreamError, "A service that the function calls answered with an error of its own.")
}
