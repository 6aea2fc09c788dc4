//! HTTP requests to the services, with limits of time and size.

use std::time::Duration;

use reqwest::{RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;

use crate::answer;
use crate::store::StoreError;

/// The longest answer. The largest document has 5 MiB, and a third more in base64.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// A client with time limits. Idle connections are dropped, because the service, or Lambda's freezing, may have closed
/// them.
pub(super) fn client() -> Result<reqwest::Client, String> {
    reqwest::Client::builder()
        .connect_timeout(Duration::from_secs(1))
        .timeout(Duration::from_secs(3))
        .pool_idle_timeout(Duration::from_secs(20))
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| format!("no TLS: {error}"))
}

/// The answer of a service.
#[derive(Debug)]
pub(super) struct Reply {
    /// The HTTP status.
    pub status: StatusCode,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Reply {
    /// Parses the body as JSON.
    pub(super) fn json<T: DeserializeOwned>(&self, store: &'static str) -> Result<T, StoreError> {
        // Without the parser's own message, which quotes what users wrote.
        serde_json::from_slice(&self.body)
            .map_err(|_| unavailable(store, format!("its answer ({}) cannot be read", self.status)))
    }
}

/// Sends one request and reads the answer.
pub(super) async fn send(store: &'static str, request: RequestBuilder) -> Result<Reply, StoreError> {
    let answer = request.send().await.map_err(|error| unavailable(store, answer::reason(&error)))?;
    let status = answer.status();
    let body = answer::body(answer, MAX_ANSWER).await.map_err(|reason| unavailable(store, reason))?;
    Ok(Reply { status, body })
}

/// The store cannot be used now.
pub(super) fn unavailable(store: &'static str, reason: impl Into<String>) -> StoreError {
    StoreError::Unavailable { store, reason: reason.into() }
}

/// The message of a service as one short line.
pub(super) fn line(words: &str) -> String {
    words
        .split(char::is_whitespace)
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .filter(|sign| !sign.is_control())
        .take(300)
        .collect()
}

/// A random number, different each time.
///
/// # Errors
/// When the machine has no random numbers.
pub(super) fn random(store: &'static str) -> Result<u64, StoreError> {
    let mut bytes = [0; 8];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| unavailable(store, "this machine has no random numbers"))?;
    Ok(u64::from_le_bytes(bytes))
}

/// The part of a setting after the kind of store: a name and options.
pub(super) struct Address {
    /// The part before the question mark.
    pub name: String,
    options: Vec<(String, String)>,
}

impl Address {
    /// Parses `NAME?option=value&option=value`. Values may be percent-encoded; a plus sign is a plus sign.
    pub(super) fn parse(rest: &str) -> Self {
        let (name, options) = rest.split_once('?').unwrap_or((rest, ""));
        let options = url::form_urlencoded::parse(options.replace('+', "%2B").as_bytes()).into_owned().collect();
        Self { name: name.to_owned(), options }
    }

    /// Removes an option and returns its value.
    pub(super) fn take(&mut self, option: &str) -> Option<String> {
        let at = self.options.iter().position(|(name, value)| name == option && !value.is_empty())?;
        Some(self.options.swap_remove(at).1)
    }

    /// Checks that no option is left.
    ///
    /// # Errors
    /// Names an option that is left.
    pub(super) fn done(self) -> Result<(), String> {
        self.options.first().map_or(Ok(()), |(name, _)| Err(format!("the option {name:?} is unknown or empty")))
    }
}
