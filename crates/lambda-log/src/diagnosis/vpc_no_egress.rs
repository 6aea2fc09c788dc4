//! An outgoing connection fails because of a missing route or a closed security group.

use super::case::InvocationFacts;
use super::cause::Cause;
use super::evidence::{has_any, names_database};
use super::sign::{MatchWeight, said};
use super::verdict::Diagnosis;
use crate::line::ApplicationLine;

pub(super) const WORDS: &[&str] = &[
    "Connect timeout on endpoint URL",
    "ConnectTimeoutError",
    "ConnectTimeout",
    "connect ETIMEDOUT",
    "ETIMEDOUT",
    "Connection timed out",
    "connection timed out",
    "i/o timeout",
    "ConnectTimeoutException",
    "UND_ERR_CONNECT_TIMEOUT",
    "socket.timeout: timed out",
    "connect timed out",
    "Connect timed out",
    "Network is unreachable",
    "network is unreachable",
    "ENETUNREACH",
    "EHOSTUNREACH",
    "No route to host",
    "Could not connect to the endpoint URL",
    "EndpointConnectionError",
    "Unable to connect to the remote server",
    "TimeoutError: connect",
    "Read timeout on endpoint URL",
    "ReadTimeoutError",
    "HttpConnectionTimeout",
    "dial tcp",
    "Max retries exceeded with url",
    "execute HTTP request: Connect to",
    "TimeoutError: Connection timed out after",
    "error trying to connect",
    "operation timed out",
];

/// Refused, reset, without a name or without trust is not silent.
const OTHER_REASONS: &[&str] = &[
    "refused",
    "getaddrinfo",
    "no such host",
    "Name or service",
    "name resolution",
    "NameResolution",
    "lookup ",
    "SSLError",
    "ertificate",
    "CERTIFICATE_VERIFY",
    "ProxyError",
    "ResponseError(",
    "TooManyRedirects",
];

pub(super) fn sign(line: &ApplicationLine<'_>) -> Option<MatchWeight> {
    let text = line.text.as_ref();
    let dial =
        text.contains("dial tcp") && !has_any(text, &["i/o timeout", "timed out", "unreachable", "no route to host"]);
    // What does not answer at the address of a database is the database.
    (!dial && !has_any(text, OTHER_REASONS) && !names_database(text)).then(|| said(line)).flatten()
}

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    case.by_sign(
        Cause::VpcNoEgress,
        "An outgoing connection got no answer. In a VPC, a missing route or a closed security group causes this.",
    )
}
