//! A service that the function calls returned an error.

use super::case::InvocationFacts;
use super::cause::Cause;
use super::evidence::{has_any, names_database};
use super::sign::{MatchWeight, said};
use super::verdict::Diagnosis;
use crate::line::ApplicationLine;

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
    "returned 500",
    "returned 502",
    "returned 503",
    "returned 504",
    "ECONNREFUSED",
    "onnection refused",
    "ConnectionRefused",
];

/// A connection that was refused. The refusal does not say what refuses it.
const REFUSED: &[&str] = &["ECONNREFUSED", "onnection refused", "ConnectionRefused"];
/// Figures of anything, unless a service is spoken of.
const RETURNED: &[&str] = &["returned 500", "returned 502", "returned 503", "returned 504"];
/// How a process ended, and not an answer.
const OF_PROCESSES: &[&str] = &["exit status", "exited with"];

pub(super) fn sign(line: &ApplicationLine<'_>) -> Option<MatchWeight> {
    let text = line.text.as_ref();
    let answered = WORDS.iter().any(|word| !REFUSED.contains(word) && !RETURNED.contains(word) && text.contains(word));
    let returned = has_any(text, RETURNED) && has_any(text, &["HTTP", "http", "tatus", "API", "ervice"]);
    if (answered && !has_any(text, OF_PROCESSES)) || returned {
        return said(line);
    }
    (has_any(text, REFUSED) && !names_database(text)).then_some(MatchWeight::Guess)
}

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    let found = case.by_sign(Cause::UpstreamError, "A service that the function calls returned an error.")?;
    let refused = case
        .signs
        .iter()
        .filter(|sign| sign.cause == Cause::UpstreamError)
        .all(|sign| sign.weight == MatchWeight::Guess);
    let finding = "A service that the function calls refused the connection; the lines do not say which service it is.";
    let next_step = "Check the host and the port that the quoted line shows (`localhost` in it means that the setting is missing), and whether the service runs and lets the function in.";
    Some(if refused { Diagnosis { finding: finding.to_owned(), next_step: next_step.into(), ..found } } else { found })
}
