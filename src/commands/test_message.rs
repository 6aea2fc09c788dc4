//! The message that shows whether a receiver works.

use alerting::incident::IncidentEvent;
use alerting::notification::{IncidentUpdate, Message};
use alerting::rules::{IncidentDetails, Severity};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use notify::{DeliveryOutcome, DeliveryRequest};

/// A test message for the receiver of that name, whose times are in `zone`.
pub(super) fn test_message(receiver: &str, zone: Tz, now: DateTime<Utc>) -> DeliveryRequest {
    let finding = IncidentDetails {
        headline: "This is a test message from monitor".to_owned(),
        said: vec!["Nothing is wrong. If you can read this, the receiver works.".to_owned()],
        facts: vec![("Receiver".to_owned(), receiver.to_owned())],
        next_step: "None.".to_owned(),
        evidence: vec!["an example of a log line: <b>not bold</b>, & no mention of <!channel>".to_owned()],
        ..IncidentDetails::default()
    };
    let news = IncidentUpdate {
        incident: format!("send-test-{}", now.timestamp_millis()),
        rule: "send-test".to_owned(),
        subject: "total".to_owned(),
        event: IncidentEvent::Firing,
        severity: Severity::Info,
        at: now,
        since: now,
        finding,
        why: None,
        mutes: vec![],
        acked: None,
    };
    DeliveryRequest {
        key: format!("send-test/{receiver}/{}", now.timestamp_millis()),
        message: Message::single(news),
        follows: vec![],
        possible_repeat: false,
        sealed: now,
        attempted: now,
        zone,
    }
}

/// What became of an attempt: the receipt, or why it failed.
pub(super) fn delivered(outcome: DeliveryOutcome) -> Result<Option<String>, String> {
    match outcome {
        DeliveryOutcome::Delivered(receipt) => Ok(receipt),
        DeliveryOutcome::Later { why, .. }
        | DeliveryOutcome::Unknown(why)
        | DeliveryOutcome::Refused(why)
        | DeliveryOutcome::Stopped(why) => Err(why),
    }
}
