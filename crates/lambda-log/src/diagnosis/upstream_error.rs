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
    "Client.Timeout exceeded while awaiting headers",
    "Client.Timeout or context cancellation while reading body",
    "context deadline exceeded",
    "Read timed out",
    "SocketTimeoutException: timeout",
    "HttpTimeoutException: request timed out",
    "HttpClient.Timeout of ",
    "Headers Timeout Error",
    "Body Timeout Error",
    "UND_ERR_HEADERS_TIMEOUT",
    "UND_ERR_BODY_TIMEOUT",
    "ESOCKETTIMEDOUT",
    "ms exceeded",
    "Timeout awaiting '",
    "The operation was aborted due to timeout",
    "network timeout at: ",
    "ReadTimeout",
    "ServerTimeoutError",
];

/// A client ended its wait for an answer by itself: it had a connection, or does not say whether it had.
const DEADLINES: &[&str] = &[
    // Go
    "Client.Timeout exceeded while awaiting headers",
    "Client.Timeout or context cancellation while reading body",
    // Java, and Python's requests and urllib3
    "Read timed out",
    "SocketTimeoutException: timeout",
    "HttpTimeoutException: request timed out",
    // .NET
    "HttpClient.Timeout of ",
    // Node: undici, request, got, fetch
    "Headers Timeout Error",
    "Body Timeout Error",
    "UND_ERR_HEADERS_TIMEOUT",
    "UND_ERR_BODY_TIMEOUT",
    "ESOCKETTIMEDOUT",
    "Timeout awaiting '",
    "The operation was aborted due to timeout",
    "network timeout at: ",
    // Python: httpx, aiohttp
    "httpx.ReadTimeout",
    "[ERROR] ReadTimeout",
    "ServerTimeoutError",
];

/// Whether a client did not wait any longer for an answer.
fn is_deadline(text: &str) -> bool {
    // axios
    let by_number = || {
        text.split_once("timeout of ")
            .and_then(|(_, rest)| rest.split_once("ms exceeded"))
            .is_some_and(|(number, _)| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    // Go's deadlines are of anything; that of a request names its address.
    let of_request = || text.contains("context deadline exceeded") && has_any(text, &["\"http://", "\"https://"]);
    has_any(text, DEADLINES) || text.starts_with("ReadTimeout") || by_number() || of_request()
}

/// How many of the words are of an answer, or of the lack of one.
const ANSWERS: usize = 43;
/// A connection that was refused. The refusal does not say what refuses it.
const REFUSED: &[&str] = &["ECONNREFUSED", "onnection refused", "ConnectionRefused"];
/// Figures of anything, unless a service is spoken of.
const RETURNED: &[&str] = &["returned 500", "returned 502", "returned 503", "returned 504"];
/// How a process ended, and not an answer.
const OF_PROCESSES: &[&str] = &["exit status", "exited with"];

pub(super) fn sign(line: &ApplicationLine<'_>) -> Option<MatchWeight> {
    let text = line.text.as_ref();
    let answered = WORDS.iter().take(ANSWERS).any(|word| !RETURNED.contains(word) && text.contains(word));
    let returned = has_any(text, RETURNED) && has_any(text, &["HTTP", "http", "tatus", "API", "ervice"]);
    if (answered && !has_any(text, OF_PROCESSES)) || returned {
        return said(line);
    }
    // What has no name may be a database; what has one is told there.
    let is_open = has_any(text, REFUSED) || is_deadline(text);
    (is_open && !names_database(text)).then_some(MatchWeight::Guess)
}

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    let found = case.by_sign(Cause::UpstreamError, "A service that the function calls returned an error.")?;
    let guessed = case
        .signs
        .iter()
        .filter(|sign| sign.cause == Cause::UpstreamError)
        .all(|sign| sign.weight == MatchWeight::Guess);
    let finding = "A service that the function calls refused the connection, or gave no answer for as long as the client waits; the lines do not say why.";
    let next_step = "Check the host and the port that the quoted line shows (`localhost` in it means that the setting is missing), whether the service runs and lets the function in, and how long it takes to answer.";
    Some(if guessed { Diagnosis { finding: finding.to_owned(), next_step: next_step.into(), ..found } } else { found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_waits_no_longer_is_a_guess_at_the_service() {
        use MatchWeight::{Failure, Guess};
        for (text, weight) in [
            (
                "Post \"https://rates.test/v1\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
                Some(Guess),
            ),
            ("Get \"https://rates.test/v1\": context deadline exceeded", Some(Guess)),
            (
                "ReadTimeout: HTTPSConnectionPool(host='rates.test', port=443): Read timed out. (read timeout=10)",
                Some(Guess),
            ),
            ("java.net.SocketTimeoutException: Read timed out", Some(Guess)),
            ("The request was canceled due to the configured HttpClient.Timeout of 100 seconds elapsing.", Some(Guess)),
            ("HeadersTimeoutError: Headers Timeout Error", Some(Guess)),
            ("AxiosError: timeout of 5000ms exceeded", Some(Guess)),
            ("TimeoutError: Timeout awaiting 'request' for 5000ms", Some(Guess)),
            ("connect ECONNREFUSED 127.0.0.1:3000", Some(Guess)),
            ("Request failed with status code 503", Some(Failure)),
            // A deadline of the code's own, of a database, and figures.
            ("context deadline exceeded", None),
            ("redis: read tcp 10.0.0.9:6379: context deadline exceeded", None),
            ("the budget of 300ms exceeded", None),
            ("a timeout of some ms exceeded", None),
        ] {
            let line = ApplicationLine { text: text.into(), unhandled: true, ..ApplicationLine::default() };
            let asked = WORDS.iter().any(|word| text.contains(word));
            assert_eq!(if asked { sign(&line) } else { None }, weight, "{text}");
        }
        assert_eq!(WORDS.get(ANSWERS), REFUSED.first());
    }
}
