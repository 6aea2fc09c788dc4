//! What all receivers behind an HTTP address have in common: how they are asked, and what their answers mean.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use clock::{Clock, WallClock};
use model::redact::excerpt;
use reqwest::header::{AUTHORIZATION, DATE, HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::{Client, Request, RequestBuilder, Response, StatusCode, Url, redirect};

use super::Outcome;

/// How long a receiver may ask to wait before it is taken for a mistake.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(24);
/// How long is waited after a 429 that does not say.
const USUAL_WAIT: TimeDelta = TimeDelta::seconds(30);
/// More of an answer than this is not read, in bytes: no receiver has so much to say.
pub(super) const MOST_READ: usize = 64 * 1024;
/// A connection that was idle for longer is not used again: the other side may be closing it just now, and then nobody knows whether
/// what was sent on it has arrived.
const IDLE: Duration = Duration::from_secs(5);
/// So much of what a receiver says is shown, in characters.
const SHOWN: usize = 80;
/// Parts of an address that are shorter are words, not secrets.
const SHORTEST_SECRET: usize = 6;

/// A client whose requests end within `limit`. An address that moves is not followed: its new place would be somebody else's word.
pub(super) fn client(limit: Duration) -> Result<Client, String> {
    let builder = Client::builder().timeout(limit).connect_timeout(limit * 2 / 3).pool_idle_timeout(IDLE).redirect(redirect::Policy::none());
    builder.user_agent(concat!("monitor/", env!("CARGO_PKG_VERSION"))).build().map_err(|error| error.without_url().to_string())
}

/// HTTPS, or HTTP on this machine; the error does not quote the address, which is a secret.
pub(super) fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("not an address: {error}"))?;
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_this_machine(&url) => Ok(url),
        _ => Err("it must begin with https://".to_owned()),
    }
}

/// Whether an address names the machine that this runs on.
pub(super) fn is_this_machine(url: &Url) -> bool {
    matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"))
}

/// An answer, as far as it matters.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// How long the receiver asks to wait.
    pub(super) wait: Option<TimeDelta>,
    /// The body, or its beginning.
    pub(super) body: String,
    headers: HeaderMap,
    /// What the request knew and nobody else may, such as the path of a webhook.
    secrets: Vec<String>,
}

impl Answer {
    /// The body in a few words that can be shown: it is not trusted to be short, to be text, or to keep what it was asked to itself.
    pub(super) fn said(&self) -> String {
        let masked = self.secrets.iter().fold(self.body.clone(), |text, secret| text.replace(secret.as_str(), "***"));
        excerpt(&masked).chars().take(SHOWN).collect()
    }

    /// The status, with the body in a few words if there is one.
    pub(super) fn shown(&self) -> String {
        let said = self.said();
        if said.is_empty() { self.status.as_u16().to_string() } else { format!("{}: {said}", self.status.as_u16()) }
    }

    /// The text of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Makes a request. Without an answer, the error is the outcome: whether the request may have arrived is told apart.
pub(super) async fn ask(who: &str, request: RequestBuilder) -> Result<Answer, Outcome> {
    ask_at_most(who, request, MOST_READ).await
}

/// [`ask`], where the answer may have up to `most` bytes.
pub(super) async fn ask_at_most(who: &str, request: RequestBuilder, most: usize) -> Result<Answer, Outcome> {
    let (client, request) = request.build_split();
    let request = request.map_err(|error| Outcome::Later { why: format!("{who} cannot be asked: {}", deepest(&error.without_url())), wait: None })?;
    let secrets = secrets_of(&request);
    let answer = match client.execute(request).await {
        Ok(answer) => answer,
        Err(error) if error.is_connect() || error.is_builder() => {
            return Err(Outcome::Later { why: format!("{who} cannot be reached: {}", deepest(&error.without_url())), wait: None });
        }
        Err(error) if error.is_timeout() => return Err(Outcome::Unknown(format!("{who} did not answer in time"))),
        Err(error) => return Err(Outcome::Unknown(format!("{who} cannot be reached: {}", deepest(&error.without_url())))),
    };
    let (status, wait, headers) = (answer.status(), wait_of(answer.headers()), answer.headers().clone());
    let made = |body| Answer { status, wait, body, headers, secrets };
    match read(answer, most).await {
        Ok(body) => Ok(made(body)),
        // Of a refusal the status says enough; half a success may be anything.
        Err(_) if !status.is_success() => Ok(made(String::new())),
        Err(error) => Err(Outcome::Unknown(format!("{who} broke off in the middle of its answer: {}", deepest(&error.without_url())))),
    }
}

/// What must not be read in an answer that repeats the request: servers like to say which address they do not know.
fn secrets_of(request: &Request) -> Vec<String> {
    let url = request.url();
    let parts = url.path_segments().into_iter().flatten().chain(url.query()).chain([url.username()]).chain(url.password());
    let token = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|value| value.rsplit(' ').next());
    let mut secrets: Vec<String> = parts.chain(token).filter(|part| part.len() >= SHORTEST_SECRET).map(str::to_owned).collect();
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets
}

async fn read(mut answer: Response, most: usize) -> Result<String, reqwest::Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > most {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What `Retry-After` asks for: seconds, or a date, which is counted from the answer's own `Date`.
fn wait_of(headers: &HeaderMap) -> Option<TimeDelta> {
    let header = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let asked = header(RETRY_AFTER)?;
    let date = |text: &str| httpdate::parse_http_date(text).ok().map(DateTime::<Utc>::from);
    let from = header(DATE).and_then(date).unwrap_or_else(|| WallClock.now());
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
        // A gateway that gave up, or did not understand, does not know whether what is behind it has got the message.
        StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => Outcome::Unknown(format!("{who} answered {}", answer.status.as_u16())),
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
