//! `via.slack`: an incoming webhook.
//!
//! Limits from Slack's Block Kit reference: a header takes 150 characters, a section 3,000, and a message fails at about 13,200
//! characters over all blocks. A webhook answers `ok` without an id, so what it has taken cannot be edited or recognised.

use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use reqwest::{Client, StatusCode, Url, header::RETRY_AFTER, redirect};
use serde_json::{Value, json};

use super::{Outcome, Parcel, Receiver};
use crate::core::incident::Event;
use crate::core::rules::Severity;
use crate::core::secret::Secret;
use crate::core::settings::Settings;

const LIMIT: Duration = Duration::from_secs(15);
const HEADER: usize = 150;
const SECTION: usize = 2_900;
/// How long Slack may ask to wait before it is taken for a mistake.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(24);

/// The settings of `via.slack`.
#[derive(Debug, Clone)]
pub struct Slack {
    webhook: Secret,
}

impl Slack {
    pub(super) fn read(settings: &mut Settings<'_, '_>) -> Option<Self> {
        if !settings.has("webhook") {
            settings.problem("webhook", "`via.slack` needs `webhook`", "`webhook` is missing", Some("webhook = { env = \"SLACK_WEBHOOK_URL\" }".to_owned()));
        }
        let webhook = settings.secret("webhook")?;
        if let Err(why) = address(webhook.reveal()) {
            settings.problem("webhook", "the webhook cannot be used", why, Some("copy it from the Slack app's page \"Incoming Webhooks\"".to_owned()));
            return None;
        }
        Some(Self { webhook })
    }

    pub(super) fn receiver(self) -> Result<SlackWebhook, String> {
        let url = address(self.webhook.reveal())?;
        // A webhook that moves is not followed: its new address would be somebody else's word.
        let client = Client::builder().timeout(LIMIT).redirect(redirect::Policy::none()).user_agent(concat!("monitor/", env!("CARGO_PKG_VERSION"))).build();
        client.map(|client| SlackWebhook { client, url }).map_err(|error| error.without_url().to_string())
    }
}

/// HTTPS, or HTTP on this machine; the error does not quote the address, which is a secret.
fn address(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("not an address: {error}"))?;
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    match url.scheme() {
        "https" => Ok(url),
        "http" if local => Ok(url),
        "http" => Err("it must begin with https://".to_owned()),
        _ => Err("it must begin with https://".to_owned()),
    }
}

pub(super) struct SlackWebhook {
    client: Client,
    url: Url,
}

#[async_trait]
impl Receiver for SlackWebhook {
    async fn send(&self, parcel: &Parcel) -> Outcome {
        let answer = match self.client.post(self.url.clone()).json(&payload(parcel)).send().await {
            Ok(answer) => answer,
            Err(error) if error.is_timeout() && !error.is_connect() => return Outcome::Unknown("Slack did not answer in time".to_owned()),
            Err(error) if !error.is_connect() => return Outcome::Unknown(format!("Slack cannot be reached: {}", deepest(&error.without_url()))),
            Err(error) => return later(&format!("Slack cannot be reached: {}", deepest(&error.without_url())), None),
        };
        let status = answer.status();
        let wait = answer
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.trim().parse().ok())
            .and_then(TimeDelta::try_seconds)
            .map(|wait| wait.min(LONGEST_WAIT));
        // The body of an error is one word such as `no_service`; it is not trusted to be short.
        let said: String = answer.text().await.unwrap_or_default().chars().filter(|c| !c.is_control()).take(80).collect();
        match status {
            status if status.is_success() && is_complaint(&said) => later(&format!("Slack answered {} but not `ok`: {said}", status.as_u16()), None),
            status if status.is_success() => Outcome::Delivered(None),
            StatusCode::TOO_MANY_REQUESTS => later("Slack asked to slow down (429)", wait.or(Some(TimeDelta::seconds(30)))),
            StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND | StatusCode::GONE => {
                Outcome::Refused(format!("Slack refused the message ({}: {said}); check the webhook", status.as_u16()))
            }
            status if status.is_redirection() => Outcome::Refused(format!("the webhook points elsewhere ({}); a redirect is not followed", status.as_u16())),
            status => later(&format!("Slack answered {}", status.as_u16()), wait),
        }
    }

    async fn probe(&self) -> Result<String, String> {
        // Slack answers a message without content with an error that tells whether the webhook is known; nobody sees it.
        let answer = self
            .client
            .post(self.url.clone())
            .json(&json!({}))
            .send()
            .await
            .map_err(|error| format!("cannot be reached: {}", deepest(&error.without_url())))?;
        match answer.status() {
            StatusCode::NOT_FOUND | StatusCode::FORBIDDEN | StatusCode::GONE | StatusCode::UNAUTHORIZED => {
                Err(format!("does not know this webhook ({})", answer.status().as_u16()))
            }
            status => Ok(format!("is reached (HTTP {})", status.as_u16())),
        }
    }
}

/// Whether the body of a success says otherwise: a page (of a proxy that wants a login), one of Slack's error words such as
/// `invalid_payload`, or JSON that says so. Slack itself says `ok`; what stands in for it may say something else.
fn is_complaint(body: &str) -> bool {
    let body = body.trim();
    let error_word = body.contains('_') && body.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let json = serde_json::from_str::<Value>(body)
        .is_ok_and(|answer| answer.get("ok") == Some(&Value::Bool(false)) || answer.get("error").is_some_and(|error| !error.is_null()));
    body.starts_with('<') || error_word || json
}

fn later(why: &str, wait: Option<TimeDelta>) -> Outcome {
    Outcome::Later { why: why.to_owned(), wait }
}

/// The innermost error of a chain: the one that says what the system said.
fn deepest(error: &dyn std::error::Error) -> String {
    let mut at = error;
    while let Some(inner) = at.source() {
        at = inner;
    }
    at.to_string()
}

fn payload(parcel: &Parcel) -> Value {
    let message = &parcel.message;
    let mark = match (message.event, message.severity) {
        (Event::Resolved | Event::Closed, _) => ":white_check_mark:",
        (_, Severity::Critical) => ":red_circle:",
        (_, Severity::Warning) => ":large_orange_circle:",
        (_, Severity::Info) => ":large_blue_circle:",
    };
    let mut blocks = vec![
        json!({"type": "header", "text": {"type": "plain_text", "text": cut_escaped(&format!("{mark} {}", escape_controls(&message.title())), HEADER), "emoji": true}}),
    ];
    let mut section = |text: String| {
        if !text.is_empty() {
            blocks.push(json!({"type": "section", "text": {"type": "mrkdwn", "text": cut_escaped(&text, SECTION)}}));
        }
    };
    section(message.sentences().iter().map(|sentence| escape(sentence)).collect::<Vec<_>>().join("\n"));
    section(message.next_step().map(|step| format!("*Next step:* {}", escape(step))).unwrap_or_default());
    let (facts, evidence) = message.details();
    section(facts.iter().map(|(label, value)| format!("*{}:* {}", escape(label), escape(value))).collect::<Vec<_>>().join("\n"));
    // Only the quoted log is preformatted text, where Slack knows no markup but the fence itself.
    section(if evidence.is_empty() {
        String::new()
    } else {
        format!(
            "```{}```",
            evidence.iter().map(|line| escape_controls(line).replace("```", "'''")).map(|line| cut_escaped(&line, 600)).collect::<Vec<_>>().join("\n")
        )
    });
    let repeat = if parcel.possible_repeat { " · possible repeat" } else { "" };
    let footer = format!("monitor · rule {} · {}{repeat}", message.rule, message.at.with_timezone(&parcel.zone).format("%F %T %Z"));
    blocks.push(json!({"type": "context", "elements": [{"type": "plain_text", "text": cut_escaped(&escape_controls(&footer), 300)}]}));
    json!({"text": escape(&cut(&message.title(), SECTION)), "blocks": blocks})
}

/// Slack's three control characters. Without them log text can neither mention a channel nor make a link. Emphasis marks are kept
/// apart from words by a zero-width space, so that they stay what they are.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in escape_controls(text).chars() {
        match c {
            '*' | '~' => escaped.extend(['\u{200b}', c, '\u{200b}']),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The three control characters alone, for text inside a code fence.
fn escape_controls(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// Like [`cut`], but never in the middle of an `&amp;`, and with a code fence closed again.
fn cut_escaped(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(8)).collect();
    let whole = match kept.rfind('&') {
        Some(at) if !kept.get(at..).unwrap_or_default().contains(';') => kept.get(..at).unwrap_or_default(),
        _ => kept.as_str(),
    };
    let fence = if text.starts_with("```") { "```" } else { "" };
    format!("{whole}…{fence}")
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use chrono_tz::Tz;

    use super::*;
    use crate::core::notification::Message;
    use crate::core::rules::Finding;

    fn parcel(evidence: &str, headline: &str) -> Parcel {
        let finding = Finding {
            headline: headline.to_owned(),
            said: vec!["It <is> so.".into()],
            facts: vec![("Count".into(), "3".into())],
            next_step: "Look & see.".into(),
            evidence: vec![evidence.to_owned()],
            ..Finding::default()
        };
        let message = Message {
            rule: "r".into(),
            subject: "function:f".into(),
            event: Event::Firing,
            severity: Severity::Critical,
            at: DateTime::UNIX_EPOCH,
            since: DateTime::UNIX_EPOCH,
            finding,
            why: None,
        };
        Parcel { key: "k".into(), message, possible_repeat: false, zone: Tz::Asia__Seoul }
    }

    #[test]
    fn log_text_can_neither_mention_a_channel_nor_leave_its_fence() {
        let payload = payload(&parcel("<!channel> ```*bold* <https://evil|click>", "x <!here> y")).to_string();
        assert!(!payload.contains("<!") && !payload.contains("<https"), "{payload}");
        assert_eq!(payload.matches("```").count(), 2, "{payload}");
    }

    #[test]
    fn every_block_keeps_within_slacks_limits_whatever_it_holds() {
        for text in ["&".repeat(20_000), "가".repeat(20_000), "```".repeat(5000)] {
            let payload = payload(&parcel(&text, &text));
            for block in payload["blocks"].as_array().unwrap() {
                let text = block["text"]["text"].as_str().or(block["elements"][0]["text"].as_str()).unwrap();
                let most = if block["type"] == "header" { 150 } else { 3000 };
                assert!(text.chars().count() <= most, "{} has {}", block["type"], text.chars().count());
            }
        }
    }

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
