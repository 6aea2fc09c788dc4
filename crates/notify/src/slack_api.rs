//! Calls Slack's Web API and parses its answers.

use std::time::Duration;

use model::secret::Secret;
use reqwest::{Client, RequestBuilder, StatusCode, Url};
use serde::Serialize;
use serde_json::Value;

use super::DeliveryOutcome;
use super::http::{HttpAnswer, MOST_READ, address, client, is_this_machine, refusal, send_at_most, send_request};
use super::slack_errors::SlackError;

/// A call ends within this.
const LIMIT: Duration = Duration::from_secs(15);
/// A page of a channel's history holds whole messages, in bytes.
const MOST_OF_A_HISTORY: usize = 8 * 1024 * 1024;
const CHECK: &str = "check the token and `api`";

/// The API, as one app sees it.
pub(super) struct SlackApi {
    client: Client,
    base: Url,
    token: Secret,
}

/// Why a call failed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SlackApiError {
    /// Slack returned an error.
    Said(SlackError),
    /// There was no answer of Slack's kind; what that means for a message that the call was to post.
    Mute(DeliveryOutcome),
}

impl SlackApiError {
    /// The outcome for the message that the call should have posted.
    pub(super) fn outcome(self) -> DeliveryOutcome {
        match self {
            Self::Said(complaint) => complaint.outcome(),
            Self::Mute(outcome) => outcome,
        }
    }

    /// The outcome if the call was not the posting one: the message was not posted by it.
    pub(super) fn before_posting(self) -> DeliveryOutcome {
        match self.outcome() {
            DeliveryOutcome::Unknown(why) => DeliveryOutcome::Later { why, wait: None },
            outcome => outcome,
        }
    }
}

/// The URL of the API: Slack's, or a replacement.
pub(super) fn base(text: &str) -> Result<Url, String> {
    let mut url = address(text)?;
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err("only a scheme, a host and a path".to_owned());
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

impl SlackApi {
    pub(super) fn new(base: Url, token: Secret) -> Result<Self, String> {
        Ok(Self { client: client(LIMIT)?, base, token })
    }

    fn url(&self, method: &str) -> Result<Url, SlackApiError> {
        self.base
            .join(method)
            .map_err(|error| SlackApiError::Mute(DeliveryOutcome::Stopped(format!("`api` cannot be used: {error}"))))
    }

    /// Calls a method that takes JSON.
    pub(super) async fn post(&self, method: &str, body: &impl Serialize) -> Result<Value, SlackApiError> {
        let request = self.client.post(self.url(method)?).json(body);
        understood(send_request("Slack", self.signed(request)).await).map(|(answer, _)| answer)
    }

    /// Calls a reading method with arguments in the URL.
    pub(super) async fn get(&self, method: &str, arguments: &[(&str, &str)]) -> Result<Value, SlackApiError> {
        let mut url = self.url(method)?;
        url.query_pairs_mut().extend_pairs(arguments);
        understood(send_at_most("Slack", self.signed(self.client.get(url)), MOST_OF_A_HISTORY).await)
            .map(|(answer, _)| answer)
    }

    /// The owner of the token and its scopes, if Slack returns them.
    pub(super) async fn who(&self) -> Result<(Value, Vec<String>), SlackApiError> {
        let request = self.client.post(self.url("auth.test")?);
        let (answer, http) = understood(send_request("Slack", self.signed(request)).await)?;
        let scopes = http.header("x-oauth-scopes").unwrap_or_default().split(',').map(|scope| scope.trim().to_owned());
        Ok((answer, scopes.filter(|scope| !scope.is_empty()).collect()))
    }

    /// Uploads the content of a file to the URL from Slack.
    pub(super) async fn upload(&self, place: &str, content: Vec<u8>) -> Result<(), SlackApiError> {
        let foreign = || {
            SlackApiError::Mute(DeliveryOutcome::Stopped(
                "Slack's upload URL for the image is not https; check `api`".to_owned(),
            ))
        };
        let url = address(place).map_err(|_| foreign())?;
        if url.scheme() != "https" && !is_this_machine(&self.base) {
            return Err(foreign());
        }
        // Without the token: the address is the permission.
        let request =
            self.client.post(url).header(reqwest::header::CONTENT_TYPE, "application/octet-stream").body(content);
        let answer = send_request("Slack", request).await.map_err(SlackApiError::Mute)?;
        if answer.status.is_success() { Ok(()) } else { Err(SlackApiError::Mute(refusal("Slack", &answer, CHECK))) }
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(self.token.reveal())
    }
}

/// What an answer says: the JSON of a success, or why it is none.
fn understood(answer: Result<HttpAnswer, DeliveryOutcome>) -> Result<(Value, HttpAnswer), SlackApiError> {
    let answer = answer.map_err(SlackApiError::Mute)?;
    let json = serde_json::from_str::<Value>(&answer.body).unwrap_or_default();
    match json.get("ok").and_then(Value::as_bool) {
        Some(true) if answer.status.is_success() => Ok((json, answer)),
        Some(false) if answer.status != StatusCode::TOO_MANY_REQUESTS => {
            let text = |key| json.get(key).and_then(Value::as_str);
            Err(SlackApiError::Said(SlackError::new(
                text("error").unwrap_or("no_reason_given"),
                text("needed"),
                answer.wait,
            )))
        }
        _ if answer.status.is_success() => {
            let why = if answer.body.len() > MOST_READ {
                "with more than can be read".to_owned()
            } else {
                format!("but not as Slack does: {}", answer.body_excerpt())
            };
            Err(SlackApiError::Mute(DeliveryOutcome::Later {
                why: format!("Slack answered {} {why}", answer.status.as_u16()),
                wait: None,
            }))
        }
        _ => Err(SlackApiError::Mute(refusal("Slack", &answer, CHECK))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_is_https_or_on_this_machine_and_nothing_but_an_address() {
        for (text, url) in [
            ("https://slack.com/api", Some("https://slack.com/api/")),
            ("https://slack.com/api/", Some("https://slack.com/api/")),
            ("http://127.0.0.1:99", Some("http://127.0.0.1:99/")),
            ("http://slack.com/api", None),
            ("https://me:pass@slack.com/api", None),
            ("https://slack.com/api?x=y", None),
            ("slack.com/api", None),
        ] {
            assert_eq!(base(text).ok().map(String::from).as_deref(), url, "{text}");
        }
    }
}
