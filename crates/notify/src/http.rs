//! HTTP for all receivers: sends requests and classifies the answers.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use model::redact::excerpt;
use reqwest::header::{AUTHORIZATION, DATE, HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::{Client, Request, RequestBuilder, Response, StatusCode, Url, redirect};

use super::DeliveryOutcome;

/// How long a receiver may ask to wait before it is taken for a mistake.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(24);
/// How long is waited after a 429 that does not say.
const USUAL_WAIT: TimeDelta = TimeDelta::seconds(30);
/// The maximum number of bytes read of an answer.
pub(super) const MOST_READ: usize = 64 * 1024;
/// A connection that was idle for longer is not used again: the other side may be closing it just now, and then nobody
/// knows whether what was sent on it has arrived.
const IDLE: Duration = Duration::from_secs(5);
/// So much of what a receiver says is shown, in characters.
const SHOWN: usize = 80;
/// Parts of an address that are shorter are words, not secrets.
const SHORTEST_SECRET: usize = 6;

/// A client whose requests end within `limit`. It does not follow redirects, because their target is not trusted.
pub(super) fn client(limit: Duration) -> Result<Client, String> {
    let tls = tls::https().map_err(|error| error.to_string())?;
    let builder = Client::builder()
        .tls_backend_preconfigured(tls)
        .timeout(limit)
        .connect_timeout(limit * 2 / 3)
        .pool_idle_timeout(IDLE)
        .redirect(redirect::Policy::none());
    builder
        .user_agent(concat!("monitor/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| error.without_url().to_string())
}

/// HTTPS, or HTTP on this machine; the error does not quote the address, which is a secret.
pub(super) fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("not a URL: {error}"))?;
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
pub(super) struct HttpAnswer {
    pub(super) status: StatusCode,
    /// How long the receiver asks to wait.
    pub(super) wait: Option<TimeDelta>,
    /// The body, or its beginning.
    pub(super) body: String,
    headers: HeaderMap,
    /// The secrets of the request, such as the path of a webhook.
    secrets: Vec<String>,
}

impl HttpAnswer {
    /// A short excerpt of the body. The body may be long, not text, or repeat secrets of the request.
    pub(super) fn body_excerpt(&self) -> String {
        let masked = self.secrets.iter().fold(self.body.clone(), |text, secret| text.replace(secret.as_str(), "***"));
        excerpt(&masked).chars().take(SHOWN).collect()
    }

    /// The status, with the body in a few words if there is one.
    pub(super) fn shown(&self) -> String {
        let said = self.body_excerpt();
        if said.is_empty() { self.status.as_u16().to_string() } else { format!("{}: {said}", self.status.as_u16()) }
    }

    /// The text of a header.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Sends a request. Without an answer, the error is the outcome, which distinguishes whether the request may have
/// arrived.
pub(super) async fn send_request(who: &str, request: RequestBuilder) -> Result<HttpAnswer, DeliveryOutcome> {
    send_at_most(who, request, MOST_READ).await
}

/// [`send_request`], where the answer may have up to `most` bytes.
pub(super) async fn send_at_most(
    who: &str,
    request: RequestBuilder,
    most: usize,
) -> Result<HttpAnswer, DeliveryOutcome> {
    let (client, request) = request.build_split();
    let request = request.map_err(|error| DeliveryOutcome::Later {
        why: format!("the request to {who} cannot be built: {}", deepest(&error.without_url())),
        wait: None,
    })?;
    let secrets = secrets_of(&request);
    let answer = match client.execute(request).await {
        Ok(answer) => answer,
        Err(error) if error.is_connect() || error.is_builder() => {
            return Err(DeliveryOutcome::Later {
                why: format!("{who} cannot be reached: {}", deepest(&error.without_url())),
                wait: None,
            });
        }
        Err(error) if error.is_timeout() => {
            return Err(DeliveryOutcome::Unknown(format!("{who} did not answer in time")));
        }
        Err(error) => {
            return Err(DeliveryOutcome::Unknown(format!(
                "{who} cannot be reached: {}",
                deepest(&error.without_url())
            )));
        }
    };
    let (status, wait, headers) = (answer.status(), wait_of(answer.headers()), answer.headers().clone());
    let made = |body| HttpAnswer { status, wait, body, headers, secrets };
    match read(answer, most).await {
        Ok(body) => Ok(made(body)),
        // Of a refusal the status says enough; half a success may be anything.
        Err(_) if !status.is_success() => Ok(made(String::new())),
        Err(error) => Err(DeliveryOutcome::Unknown(format!(
            "{who} closed the connection during its answer: {}",
            deepest(&error.without_url())
        ))),
    }
}

/// What must not be read in an answer that repeats the request: servers like to say which address they do not know.
fn secrets_of(request: &Request) -> Vec<String> {
    let url = request.url();
    let parts =
        url.path_segments().into_iter().flatten().chain(url.query()).chain([url.username()]).chain(url.password());
    let token = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.rsplit(' ').next());
    let mut secrets: Vec<String> =
        parts.chain(token).filter(|part| part.len() >= SHORTEST_SECRET).map(str::to_owned).collect();
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

/// What `Retry-After` asks for: seconds, or a date, which is counted from the answer's own `Date`. A date in an answer
/// without a `Date` says nothing: the clocks of this machine and of the server may differ.
fn wait_of(headers: &HeaderMap) -> Option<TimeDelta> {
    let header = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let asked = header(RETRY_AFTER)?;
    let date = |text: &str| httpdate::parse_http_date(text).ok().map(DateTime::<Utc>::from);
    let wait = match asked.parse::<u32>() {
        Ok(seconds) => TimeDelta::seconds(i64::from(seconds)),
        Err(_) => date(asked)? - header(DATE).and_then(date)?,
    };
    (wait >= TimeDelta::zero()).then(|| wait.min(LONGEST_WAIT))
}

/// What an answer that is no success means.
pub(super) fn refusal(who: &str, answer: &HttpAnswer, check: &str) -> DeliveryOutcome {
    match answer.status {
        StatusCode::TOO_MANY_REQUESTS => DeliveryOutcome::Later {
            why: format!("{who} limits the rate of requests (429)"),
            wait: answer.wait.or(Some(USUAL_WAIT)),
        },
        StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::NOT_FOUND
        | StatusCode::GONE
        | StatusCode::METHOD_NOT_ALLOWED => {
            DeliveryOutcome::Stopped(format!("{who} refused the message ({}); {check}", answer.shown()))
        }
        status if status.is_redirection() => DeliveryOutcome::Stopped(format!(
            "{who} redirects ({}), and redirects are not followed; {check}",
            status.as_u16()
        )),
        StatusCode::REQUEST_TIMEOUT | StatusCode::CONFLICT | StatusCode::TOO_EARLY | StatusCode::LOCKED => {
            DeliveryOutcome::Later { why: format!("{who} answered {}", answer.shown()), wait: answer.wait }
        }
        status if status.is_client_error() => {
            DeliveryOutcome::Refused(format!("{who} refused the message ({}); {check}", answer.shown()))
        }
        // A gateway that gave up, or did not understand, does not know whether what is behind it has got the message.
        StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => {
            DeliveryOutcome::Unknown(format!("{who} answered {}", answer.status.as_u16()))
        }
        status => DeliveryOutcome::Later { why: format!("{who} answered {}", status.as_u16()), wait: answer.wait },
    }
}

/// The innermost error of a chain, which has the message of the system.
pub(super) fn deepest(error: &dyn std::error::Error) -> String {
    let mut at = error;
    while let Some(inner) = at.source() {
        at = inner;
    }
    at.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_seconds_or_the_time_between_the_dates_of_one_answer() {
        let date = |text: &'static str| (DATE, text);
        for (headers, seconds) in [
            (vec![(RETRY_AFTER, "7")], Some(7)),
            (vec![(RETRY_AFTER, "Sun, 29 Nov 2026 10:00:30 GMT"), date("Sun, 29 Nov 2026 10:00:00 GMT")], Some(30)),
            (vec![(RETRY_AFTER, "Sun, 29 Nov 2026 10:00:30 GMT")], None),
            (vec![(RETRY_AFTER, "Sun, 29 Nov 2026 10:00:30 GMT"), date("today")], None),
            (vec![(RETRY_AFTER, "Sun, 29 Nov 2026 10:00:00 GMT"), date("Sun, 29 Nov 2026 10:00:30 GMT")], None),
            (vec![(RETRY_AFTER, "soon")], None),
            (vec![date("Sun, 29 Nov 2026 10:00:00 GMT")], None),
        ] {
            let answer: HeaderMap = headers.into_iter().map(|(name, value)| (name, value.parse().unwrap())).collect();
            assert_eq!(wait_of(&answer), seconds.map(TimeDelta::seconds), "{answer:?}");
        }
    }
}
