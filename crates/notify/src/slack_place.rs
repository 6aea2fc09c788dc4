//! References to Slack messages, and how to find a message by its key.

use serde_json::{Value, json};

use super::EarlierMessage;

/// What marks the messages of this program, for other programs.
const EVENT_TYPE: &str = "monitor_message";

/// Of a channel, a private channel or a direct conversation.
pub(super) fn is_channel_id(text: &str) -> bool {
    text.len() >= 9
        && text.starts_with(['C', 'G', 'D'])
        && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
}

/// A reference to a message: its channel and Slack's timestamp, which identifies it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SlackMessageRef {
    pub(super) channel: String,
    pub(super) ts: String,
}

impl SlackMessageRef {
    /// The place that a receipt names, where it is one of this kind of receiver.
    pub(super) fn of(earlier: &EarlierMessage) -> Option<Self> {
        let (channel, ts) = earlier.receipt.as_deref()?.split_once(':')?;
        let is_time = ts.contains('.') && ts.chars().all(|c| c.is_ascii_digit() || c == '.');
        (is_channel_id(channel) && is_time).then(|| Self { channel: channel.to_owned(), ts: ts.to_owned() })
    }
}

/// The metadata of a message with a key.
pub(super) fn metadata(key: &str) -> Value {
    json!({"event_type": EVENT_TYPE, "event_payload": {"key": key}})
}

/// Slack's time of the message with a key, if it is on a page of messages.
pub(super) fn in_page(page: &Value, key: &str) -> Option<String> {
    let messages = page.get("messages").and_then(Value::as_array)?;
    let is_it = |message: &&Value| {
        message.pointer("/metadata/event_type").and_then(Value::as_str) == Some(EVENT_TYPE)
            && message.pointer("/metadata/event_payload/key").and_then(Value::as_str) == Some(key)
    };
    messages.iter().find(is_it)?.get("ts")?.as_str().map(str::to_owned)
}

/// The reference in the answer to a posted message.
pub(super) fn receipt(answer: &Value) -> Option<String> {
    let text = |key| answer.get(key).and_then(Value::as_str);
    Some(format!("{}:{}", text("channel")?, text("ts")?))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    #[test]
    fn a_channel_is_named_by_its_id() {
        for (text, is) in [
            ("C0123456789", true),
            ("G0123456789", true),
            ("D01ABCDEF23", true),
            ("#alerts", false),
            ("alerts", false),
            ("C", false),
            ("U0123456789", false),
            ("c0123456789", false),
        ] {
            assert_eq!(is_channel_id(text), is, "{text}");
        }
    }

    #[test]
    fn only_a_receipt_of_this_kind_names_a_place() {
        let place = |receipt: Option<&str>| {
            let message = alerting::notification::Message {
                at: DateTime::UNIX_EPOCH,
                news: vec![],
                rest: vec![],
                missed: vec![],
                page: None,
            };
            SlackMessageRef::of(&EarlierMessage { key: "k".into(), receipt: receipt.map(str::to_owned), now: message })
        };
        assert_eq!(
            place(Some("C0123456789:1503435956.000247")),
            Some(SlackMessageRef { channel: "C0123456789".into(), ts: "1503435956.000247".into() })
        );
        for receipt in
            [None, Some("ok"), Some("250 2.0.0 Ok: queued as 4F1A"), Some("C0123456789:"), Some("C0123456789:x.y")]
        {
            assert_eq!(place(receipt), None, "{receipt:?}");
        }
    }
}
