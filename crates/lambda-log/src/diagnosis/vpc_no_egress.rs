//! An outgoing connection fails because of a missing route or a closed security group. That is proved by a connection
//! that nobody answers; a client that only says that it could not connect may have had any reason.

use super::case::InvocationFacts;
use super::cause::Cause;
use super::evidence::{has_any, names_database, names_no_region};
use super::sign::{MatchWeight, said};
use super::verdict::Diagnosis;
use crate::line::ApplicationLine;

pub(super) const WORDS: &[&str] = &[
    // Nobody answered, or there is no way to anybody.
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
    "TimeoutError: connect",
    "HttpConnectionTimeout",
    "dial tcp",
    "TimeoutError: Connection timed out after",
    // No connection was made, for a reason that is not said, or it is not said whether one was made.
    "Could not connect to the endpoint URL",
    "EndpointConnectionError",
    "Unable to connect to the remote server",
    "Max retries exceeded with url",
    "execute HTTP request: Connect to",
    "error trying to connect",
    "Read timeout on endpoint URL",
    "ReadTimeoutError",
    "operation timed out",
];

/// How many of the words say that nobody answered.
const SILENT: usize = 22;

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
    // The other side took the connection.
    "Read timed out",
];

pub(super) fn sign(line: &ApplicationLine<'_>) -> Option<MatchWeight> {
    let text = line.text.as_ref();
    let dial =
        text.contains("dial tcp") && !has_any(text, &["i/o timeout", "timed out", "unreachable", "no route to host"]);
    let other = dial || has_any(text, OTHER_REASONS) || names_no_region(text);
    // What does not answer at the address of a database is the database.
    if other || names_database(text) {
        return None;
    }
    let is_silent = WORDS.iter().take(SILENT).any(|word| text.contains(word));
    if is_silent { said(line) } else { Some(MatchWeight::Guess) }
}

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    let found = case.by_sign(
        Cause::VpcNoEgress,
        "An outgoing connection got no answer. In a VPC, a missing route or a closed security group causes this.",
    )?;
    let guessed =
        case.signs.iter().filter(|sign| sign.cause == Cause::VpcNoEgress).all(|sign| sign.weight == MatchWeight::Guess);
    let finding = "An outgoing connection failed; the lines do not say whether nobody answered. In a VPC, a missing route or a closed security group is the usual reason; a wrong address is another.";
    Some(if guessed { Diagnosis { finding: finding.to_owned(), ..found } } else { found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_silence_proves_that_there_is_no_way_out() {
        use MatchWeight::{Failure, Guess};
        for (text, weight) in [
            ("Connect timeout on endpoint URL: \"https://sqs.eu-west-1.amazonaws.com/\"", Some(Failure)),
            ("connect ETIMEDOUT 10.0.3.4:443", Some(Failure)),
            ("dial tcp 10.0.3.4:443: i/o timeout", Some(Failure)),
            ("Unable to execute HTTP request: Connect to rates.test:443 failed: connect timed out", Some(Failure)),
            ("Could not connect to the endpoint URL: \"https://sqs.eu-west-1.amazonaws.com/\"", Some(Guess)),
            ("Max retries exceeded with url: / (Caused by NewConnectionError())", Some(Guess)),
            ("error trying to connect: deadline has elapsed", Some(Guess)),
            ("Could not connect to the endpoint URL: \"https://sqs.eu-west1.amazonaws.com/\"", None),
            ("error trying to connect: tcp connect error: Connection refused (os error 111)", None),
            ("HTTPSConnectionPool(host='rates.test', port=443): Read timed out. (read timeout=10)", None),
            ("dial tcp 10.0.3.4:443: connect: connection refused", None),
        ] {
            let line = ApplicationLine { text: text.into(), unhandled: true, ..ApplicationLine::default() };
            assert_eq!(sign(&line), weight, "{text}");
        }
        assert_eq!(WORDS.get(SILENT), Some(&"Could not connect to the endpoint URL"));
    }
}
