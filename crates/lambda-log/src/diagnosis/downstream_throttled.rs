//! A service that the function calls asks it to slow down.

use super::{Case, Cause, Diagnosis};

pub(super) use super::said as sign;

pub(super) const MEANING: &str = "a service it calls throttles it";
pub(super) const NEXT_STEP: &str = "Retry with back-off and jitter, make fewer calls in parallel (the function's concurrency multiplies them), or ask for a higher quota of the service that is named.";
pub(super) const WORDS: &[&str] = &[
    "ThrottlingException",
    "ThrottledException",
    "Throttling:",
    "(Throttling)",
    "Rate exceeded",
    "Rate Exceeded",
    "TooManyRequestsException",
    "TooManyRequests",
    "Too Many Requests",
    "ProvisionedThroughputExceeded",
    "RequestLimitExceeded",
    "SlowDown",
    "status code 429",
    "Error: 429",
    "429 Client Error",
    "HTTP 429",
    "RateLimitError",
    "Rate limit reached",
    "rate limit exceeded",
    "Rate limit exceeded",
    "ServiceQuotaExceededException",
    "EC2ThrottledException",
    "BandwidthLimitExceeded",
    "RequestThrottled",
    "Reduce your request rate",
];

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::DownstreamThrottled, "A service that the function calls refused because it was asked too often.")
}
