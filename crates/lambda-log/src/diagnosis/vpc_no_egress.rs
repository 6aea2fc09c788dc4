//! The function cannot reach the outside: no route, or a closed one.

use super::{Application, Case, Cause, Diagnosis, Weight};

pub(super) const MEANING: &str = "a connection to the outside gets no answer";
pub(super) const NEXT_STEP: &str = "See whether the function is in a VPC: a private subnet needs a NAT gateway or a VPC endpoint for what it calls, and the security group must let it out; a function that needs nothing in the VPC is better outside of it.";
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

/// Ports of databases, and words that only their clients use: what does not answer there is the database.
const OF_DATABASES: [&str; 18] = [
    ":3306",
    ":5432",
    ":27017",
    ":6379",
    ":1433",
    ":1521",
    ":5439",
    "mysql",
    "MySQL",
    "postgres",
    "Postgres",
    "psycopg2",
    "pymongo",
    "redis",
    "Redis",
    "Sequelize",
    "ERR_SOCKET",
    "jdbc",
];

pub(super) fn sign(line: &Application<'_>) -> Option<Weight> {
    let text = line.text.as_ref();
    let of_database = OF_DATABASES.iter().any(|word| text.contains(word));
    // Refused, reset or without a name is not silent.
    let other_reason =
        ["refused", "getaddrinfo", "no such host", "Name or service", "name resolution", "NameResolution", "lookup "].iter().any(|word| text.contains(word));
    let dial = text.contains("dial tcp") && !text.contains("i/o timeout") && !text.contains("timed out");
    let is_one = !of_database && !other_reason && !dial;
    is_one.then(|| super::said(line)).flatten()
}

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    case.by_sign(
        Cause::VpcNoEgress,
        "A connection to the outside was tried and nothing answered; from inside a VPC that is what a missing route or a closed security group looks like.",
    )
}
