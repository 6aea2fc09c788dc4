//! The HTTP client of all external services. It is made with the first request, because it loads the root certificates
//! of the machine.

use std::sync::OnceLock;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, StatusCode, redirect};

use crate::answer;

/// How long a connection may be idle. Lambda freezes a function between requests; afterwards its connections are dead.
const IDLE: Duration = Duration::from_secs(4);
/// The time limit of connecting.
const CONNECT: Duration = Duration::from_secs(3);
/// The time limit of any request. Each request has a shorter limit of its own.
const MAX_DURATION: Duration = Duration::from_secs(25);

/// The client, made with the first request.
#[derive(Default)]
pub struct LazyClient(OnceLock<Result<Client, String>>);

/// The answer of a service.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// How long the answer may be cached, in seconds, from `Cache-Control`.
    pub max_age: Option<u64>,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestError {
    /// The end of a sentence, without the URL.
    pub reason: &'static str,
    /// The connection closed before an answer began; it may have been dead before the request.
    pub closed_early: bool,
}

impl LazyClient {
    /// The client.
    ///
    /// # Errors
    /// A sentence, when the machine has no usable root certificates.
    pub fn client(&self) -> Result<&Client, String> {
        let made = self.0.get_or_init(|| {
            let builder = Client::builder()
                .connect_timeout(CONNECT)
                .timeout(MAX_DURATION)
                .pool_idle_timeout(IDLE)
                .redirect(redirect::Policy::none());
            builder
                .user_agent(concat!("onestep-api/", env!("CARGO_PKG_VERSION")))
                .build()
                .map_err(|error| format!("no HTTP client: {}", error.without_url()))
        });
        made.as_ref().map_err(Clone::clone)
    }
}

/// Sends a request and reads the answer, both within `limit`, and at most `most` bytes.
///
/// # Errors
/// When there is no answer, or it is too long.
pub async fn send(request: RequestBuilder, limit: Duration, most: usize) -> Result<Answer, RequestError> {
    let closed_early = |error: reqwest::Error| RequestError {
        reason: answer::reason(&error),
        closed_early: !error.is_timeout() && !error.is_connect() && !error.is_builder(),
    };
    let answer = request.timeout(limit).send().await.map_err(closed_early)?;
    let status = answer.status();
    let max_age = answer.headers().get(reqwest::header::CACHE_CONTROL).and_then(|value| max_age(value.to_str().ok()?));
    let body = answer::body(answer, most).await.map_err(|reason| RequestError { reason, closed_early: false })?;
    Ok(Answer { status, max_age, body })
}

/// The `max-age` of a `Cache-Control` in seconds; 0 when the answer must not be cached.
fn max_age(header: &str) -> Option<u64> {
    let mut seconds = None;
    for directive in header.split(',').map(|directive| directive.trim().to_ascii_lowercase()) {
        match directive.split_once('=') {
            Some(("max-age", value)) => seconds = value.trim_matches('"').parse().ok(),
            None if directive == "no-store" || directive == "no-cache" => return Some(0),
            _ => {}
        }
    }
    seconds
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seconds_that_an_answer_may_be_kept() {
        for (header, seconds) in [
            ("public, max-age=22000, must-revalidate, no-transform", Some(22_000)),
            ("Max-Age=\"60\"", Some(60)),
            ("max-age=60, no-store", Some(0)),
            ("no-cache", Some(0)),
            ("max-age=soon", None),
            ("max-age=-5", None),
            ("public", None),
            ("", None),
        ] {
            assert_eq!(max_age(header), seconds, "{header:?}");
        }
    }
}
