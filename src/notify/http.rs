//! What all receivers behind an HTTP address have in common: how they are asked, and what their answers mean.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url, redirect};

use super::Outcome;

/// How long a receiver may ask to wait before it is taken for a mistake.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(24);
/// How long is waited after a 429 that does not say.
const USUAL_WAIT: TimeDelta = TimeDelta::seconds(30);
/// More of an answer than this is not read: no receiver has so much to say.
const MOST_READ: usize = 64 * 1024;

/// A client whose requests end within `limit`. An address that moves is not followed: its new place would be somebody else's word.
pub(super) fn client(limit: Duration) -> Result<Client, String> {
    let builder = Client::builder().timeout(limit).redirect(redirect::Policy::none()).user_agent(concat!("monitor/", env!("CARGO_PKG_VERSION")));
    builder.build().map_err(|error| error.without_url().to_string())
}

/// HTTPS, or HTTP on this machine; the error does not quote the address, which is a secret.
pub(super) fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("not an address: {error}"))?;
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme() {
        "https" => Ok(url),
        "http" if local => Ok(url),
        _ => Err("it must begin with https://".to_owned()),
    }
}

/// An answer, as far as it matters.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// How long the receiver asks to wait.
    pub(super) wait: Option<TimeDelta>,
    /// The body, or its beginning.
    pub(super) body: String,
}

impl Answer {
    /// The body in a few words that can be shown: it is not trusted to be short, or text.
    pub(super) fn said(&self) -> String {
        self.body.chars().filter(|c| !c.is_control()).take(80).collect()
    }

    /// The status, with the body in a few words if there is one.
    pub(super) fn shown(&self) -> String {
        let said = self.said();
        if said.is_empty() { self.status.as_u16().to_string() } else { format!("{}: {said}", self.status.as_u16()) }
    }
}

/// Makes a request. Without an answer, the error is the outcome: whether the request may have arrived is told apart.
pub(super) async fn ask(who: &str, request: RequestBuilder) -> Result<Answer, Outcome> {
    let answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) if error.is_connect() || error.is_builder() => {
            return Err(Outcome::Later { why: format!("{who} cannot be reached: {}", deepest(&error.without_url())), wait: None });
        }
        Err(error) if error.is_timeout() => return Err(Outcome::Unknown(format!("{who} did not answer in time"))),
        Err(error) => return Err(Outcome::Unknown(format!("{who} cannot be reached: {}", deepest(&error.without_url())))),
    };
    let (status, wait) = (answer.status(), wait_of(&answer));
    match read(answer).await {
        Ok(body) => Ok(Answer { status, wait, body }),
        // Of a refusal the status says enough; half a success may be anything.
        Err(_) if !status.is_success() => Ok(Answer { status, wait, body: String::new() }),
        Err(error) => Err(Outcome::Unknown(format!("{who} broke off in the middle of its answer: {}", deepest(&error.without_url())))),
    }
}

async fn read(mut answer: Response) -> Result<String, reqwest::Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MOST_READ {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What `Retry-After` asks for: seconds, or a date, which is counted from the answer's own `Date`.
fn wait_of(answer: &Response) -> Option<TimeDelta> {
    let header = |name| answer.headers().get(name).and_then(|value: &reqwest::header::HeaderValue| value.to_str().ok()).map(str::trim);
    let asked = header(RETRY_AFTER)?;
    let date = |text: &str| httpdate::parse_http_date(text).ok().map(DateTime::<Utc>::from);
    let from = header(reqwest::header::DATE).and_then(date).unwrap_or_else(|| SystemTime::now().into());
    let wait = match asked.parse::<u32>() {
        Ok(seconds) => TimeDelta::seconds(i64::from(seconds)),
        Err(_) => date(asked)? - from,
    };
    (wait >= TimeDelta::zero()).then(|| wait.min(LONGEST_WAIT))
}

/// What an answer that is no success means.
pub(super) fn refusal(who: &str, answer: &Answer, check: &str) -> Outcome {
    match answer.status {
        StatusCode::TOO_MANY_REQUESTS => Outcome::Later { why: format!("{who} asked to slow down (429)"), wait: answer.wait.or(Some(USUAL_WAIT)) },
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::METHOD_NOT_ALLOWED => {
            Outcome::Stopped(format!("{who} refused the message ({}); {check}", answer.shown()))
        }
        status if status.is_redirection() => Outcome::Stopped(format!("{who} points elsewhere ({}); a redirect is not followed, {check}", status.as_u16())),
        StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT | StatusCode::TOO_EARLY | StatusCode::LOCKED => {
            Outcome::Later { why: format!("{who} answered {}", answer.shown()), wait: answer.wait }
        }
        status if status.is_client_error() => Outcome::Refused(format!("{who} refused the message ({}); {check}", answer.shown())),
        // A gateway that gave up does not know whether what is behind it has got the message.
        StatusCode::GATEWAY_TIMEOUT => Outcome::Unknown(format!("{who} answered {}", answer.status.as_u16())),
        status => Outcome::Later { why: format!("{who} answered {}", status.as_u16()), wait: answer.wait },
    }
}

/// The innermost error of a chain: the one that says what the system said.
pub(super) fn deepest(error: &dyn std::error::Error) -> String {
    let mut at = error;
    while let Some(inner) = at.source() {
        at = inner;
    }
    at.to_string()
}
