//! `via.slack`: an incoming webhook.
//!
//! A webhook answers `ok` without an id, so a posted message cannot be edited or recognized.

use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use model::secret::Secret;
use model::settings::TableReader;
use reqwest::{Client, StatusCode, Url};
use serde_json::{Value, json};

use super::http::{address, client, refusal, send_request};
use super::slack_blocks::{RenderOptions, text_and_blocks};
use super::{DeliveryOutcome, DeliveryRequest, Receiver};

const LIMIT: Duration = Duration::from_secs(15);
/// Slack takes about one message a second of a channel, and may disable an app that goes on beyond that.
const PACE: TimeDelta = TimeDelta::seconds(1);
const CHECK: &str = "check the webhook";

/// The settings of `via.slack`.
#[derive(Debug, Clone)]
pub struct Slack {
    webhook: Secret,
}

impl Slack {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        if !settings.has("webhook") {
            settings.problem(
                "webhook",
                "`via.slack` needs `webhook`",
                "`webhook` is missing",
                Some("webhook = { env = \"SLACK_WEBHOOK_URL\" }".to_owned()),
            );
        }
        let webhook = settings.secret("webhook")?;
        if let Err(why) = address(webhook.reveal()) {
            settings.problem(
                "webhook",
                "`webhook` is not valid",
                why,
                Some("copy it from the Slack app's page \"Incoming Webhooks\"".to_owned()),
            );
            return None;
        }
        Some(Self { webhook })
    }

    pub(super) fn receiver(self) -> Result<SlackWebhookReceiver, String> {
        Ok(SlackWebhookReceiver { client: client(LIMIT)?, url: address(self.webhook.reveal())? })
    }
}

pub(super) struct SlackWebhookReceiver {
    client: Client,
    url: Url,
}

#[async_trait]
impl Receiver for SlackWebhookReceiver {
    async fn send(&self, parcel: &DeliveryRequest) -> DeliveryOutcome {
        let shown = RenderOptions { zone: parcel.zone, possible_repeat: parcel.possible_repeat, as_of: None };
        let (text, blocks) = text_and_blocks(&parcel.message, shown);
        let answer = match send_request(
            "Slack",
            self.client.post(self.url.clone()).json(&json!({"text": text, "blocks": blocks})),
        )
        .await
        {
            Ok(answer) => answer,
            Err(outcome) => return outcome,
        };
        match answer.status {
            status if status.is_success() && is_complaint(&answer.body) => DeliveryOutcome::Later {
                why: format!("Slack answered {} but not `ok`: {}", status.as_u16(), answer.body_excerpt()),
                wait: None,
            },
            status if status.is_success() => DeliveryOutcome::Delivered(None),
            _ => refusal("Slack", &answer, CHECK),
        }
    }

    async fn probe(&self) -> Result<String, String> {
        // Slack answers a message without content with an error that tells whether the webhook is known; no one sees
        // it.
        let answer = match send_request("Slack", self.client.post(self.url.clone()).json(&json!({}))).await {
            Ok(answer) => answer,
            Err(
                DeliveryOutcome::Later { why, .. }
                | DeliveryOutcome::Unknown(why)
                | DeliveryOutcome::Refused(why)
                | DeliveryOutcome::Stopped(why),
            ) => {
                return Err(why);
            }
            Err(DeliveryOutcome::Delivered(_)) => return Ok("reachable".to_owned()),
        };
        match answer.status {
            StatusCode::NOT_FOUND | StatusCode::FORBIDDEN | StatusCode::GONE | StatusCode::UNAUTHORIZED => {
                Err(format!("Slack does not know this webhook ({})", answer.status.as_u16()))
            }
            status => Ok(format!("reachable (HTTP {})", status.as_u16())),
        }
    }

    fn pace(&self) -> TimeDelta {
        PACE
    }
}

/// Whether the body of a success says otherwise: a page (of a proxy that wants a login), one of Slack's error words
/// such as `invalid_payload`, or JSON that says so. Slack itself says `ok`; what stands in for it may say something
/// else.
fn is_complaint(body: &str) -> bool {
    let body = body.trim();
    let error_word = body.contains('_') && body.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let json = serde_json::from_str::<Value>(body).is_ok_and(|answer| {
        answer.get("ok") == Some(&Value::Bool(false)) || answer.get("error").is_some_and(|error| !error.is_null())
    });
    body.starts_with('<') || error_word || json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_success_whose_body_complains_is_none() {
        for (body, complains) in [
            ("ok", false),
            ("", false),
            ("OK\n", false),
            ("{}", false),
            ("{\"ok\":true}", false),
            ("received", false),
            ("invalid_payload", true),
            ("no_service", true),
            ("<!DOCTYPE html>", true),
            ("{\"ok\":false,\"error\":\"x\"}", true),
        ] {
            assert_eq!(is_complaint(body), complains, "{body}");
        }
    }

    #[test]
    fn a_webhook_is_https_or_on_this_machine() {
        for (url, fine) in [
            ("https://hooks.slack.com/services/T/B/x", true),
            ("http://127.0.0.1:9/x", true),
            ("http://localhost:9/x", true),
            ("http://hooks.slack.com/x", false),
            ("file:///etc/passwd", false),
            ("x", false),
            ("http://127.0.0.1.evil.example/x", false),
        ] {
            assert_eq!(address(url).is_ok(), fine, "{url}");
        }
    }
}
