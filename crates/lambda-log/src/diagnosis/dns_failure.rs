//! A host name could not be resolved.

use super::case::InvocationFacts;
use super::cause::Cause;
use super::evidence::{has_any, names_no_region};
use super::sign::{MatchWeight, said};
use super::verdict::Diagnosis;
use crate::line::ApplicationLine;

pub(super) const WORDS: &[&str] = &[
    // Resolvers, and those who ask them, say these.
    "ENOTFOUND",
    "EAI_AGAIN",
    "UnknownHostException",
    "Name or service not known",
    "Temporary failure in name resolution",
    "no such host",
    "Could not resolve host",
    "could not resolve host",
    "could not translate host name",
    "getaddrinfo failed",
    "nodename nor servname",
    "NameResolutionError",
    "failed to lookup address",
    "Name does not resolve",
    "Failed to resolve host",
    "Failed to resolve hostname",
    "No address associated with hostname",
    "getaddrinfo: ",
    "DNS lookup",
    "DNS resolution failed",
    // These are looked at more closely.
    "Device or resource busy",
    "Could not connect to the endpoint URL",
    "EndpointConnectionError",
    "error trying to connect",
    "execute HTTP request",
];

/// How many of the words say it by themselves.
const BY_THEMSELVES: usize = 20;

/// Any device can be busy; a resolver that cannot open its socket says so while a connection is made.
const CONNECTS: &[&str] =
    &["getaddrinfo", "gaierror", "resolv", "establish a new connection", "HTTPConnection", "HTTPSConnection"];

pub(super) fn sign(line: &ApplicationLine<'_>) -> Option<MatchWeight> {
    let text = line.text.as_ref();
    let by_itself = WORDS.iter().take(BY_THEMSELVES).any(|word| text.contains(word));
    let is_busy = || text.contains("Device or resource busy") && has_any(text, CONNECTS);
    // Where the region in a host is none, so is the host, whatever else the client says of the failure.
    (by_itself || is_busy() || names_no_region(text)).then(|| said(line)).flatten()
}

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::DnsFailure, "A host name could not be resolved.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_in_a_region_that_is_none_does_not_resolve() {
        for (text, weight) in [
            ("getaddrinfo ENOTFOUND rates.test", Some(MatchWeight::Failure)),
            (
                "EndpointConnectionError: Could not connect to the endpoint URL: \"https://sqs.eu-west1.amazonaws.com/\"",
                Some(MatchWeight::Failure),
            ),
            (
                "EndpointConnectionError: Could not connect to the endpoint URL: \"https://sqs.eu-west-1.amazonaws.com/\"",
                None,
            ),
            ("OSError: [Errno 16] Device or resource busy: '/dev/fuse'", None),
        ] {
            let line = ApplicationLine { text: text.into(), unhandled: true, ..ApplicationLine::default() };
            assert_eq!(sign(&line), weight, "{text}");
        }
    }
}
