//! Receivers made as the program makes them, and messages for them.

use std::fs;
use std::sync::Arc;

use alerting::incident::IncidentEvent;
use alerting::notification::{IncidentUpdate, Message};
use alerting::rules::{IncidentDetails, Severity};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use monitor::app::{self, MonitorConfig};
use monitor::config::{self, ConfigEnvironment};
use notify::{DeliveryOutcome, DeliveryRequest, EarlierMessage, Receiver};
use tempfile::TempDir;

/// The receiver that these settings make, and the folder of its secrets, each of which is named by its file.
pub(crate) fn receiver(settings: &str, secrets: &[(&str, &str)]) -> Arc<dyn Receiver> {
    let (config, _folder) = configuration(settings, secrets);
    let mut receivers = app::receivers(&config).expect("a receiver");
    receivers.remove("it").expect("the receiver")
}

/// The configuration that holds it.
pub(crate) fn configuration(settings: &str, secrets: &[(&str, &str)]) -> (MonitorConfig, TempDir) {
    let folder = TempDir::new().expect("a folder");
    for (name, secret) in secrets {
        fs::write(folder.path().join(name), secret).expect("a secret");
    }
    let text = format!("[receiver.it]\n{settings}\n");
    let config = config::parse(&text, &ConfigEnvironment::of_process(folder.path().to_owned()), Utc::now());
    (config.unwrap_or_else(|problems| panic!("{text}: {problems:?}")), folder)
}

/// What is said of the incident with this name.
pub(crate) fn news(name: &str, event: IncidentEvent, severity: Severity) -> IncidentUpdate {
    let at = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
    let finding = IncidentDetails {
        headline: format!("{name}: 3 errors"),
        said: vec!["It <is> so.".to_owned()],
        facts: vec![("Count".to_owned(), "3".to_owned())],
        next_step: "Look & see.".to_owned(),
        evidence: vec!["<!channel> </pre><script>alert(1)</script>".to_owned()],
        ..IncidentDetails::default()
    };
    let (incident, rule, subject) = (format!("i-{name}"), "broken".to_owned(), format!("function:{name}"));
    IncidentUpdate {
        incident,
        rule,
        subject,
        event,
        severity,
        at,
        since: at - TimeDelta::hours(1),
        finding,
        why: None,
        mutes: vec![],
        acked: None,
    }
}

/// A message on its way for the first time, of one critical incident with this name, which is also in its key.
pub(crate) fn parcel(name: &str, event: IncidentEvent) -> DeliveryRequest {
    of(name, Message::single(news(name, event, Severity::Critical)))
}

/// This message on its way for the first time.
pub(crate) fn of(name: &str, message: Message) -> DeliveryRequest {
    DeliveryRequest {
        key: format!("{name}/firing/0/it/0x1"),
        message,
        follows: vec![],
        possible_repeat: false,
        sealed: Utc::now(),
        attempted: Utc::now(),
        zone: Tz::Asia__Seoul,
    }
}

/// The same after an attempt without an answer.
pub(crate) fn again(parcel: &DeliveryRequest) -> DeliveryRequest {
    DeliveryRequest { possible_repeat: true, ..parcel.clone() }
}

/// A message that follows an earlier one, which would now say how its incident has gone on.
pub(crate) fn following(
    name: &str,
    event: IncidentEvent,
    earlier: &DeliveryRequest,
    receipt: Option<String>,
) -> DeliveryRequest {
    let now = news("root", event, Severity::Critical);
    let earlier = EarlierMessage {
        key: earlier.key.clone(),
        receipt,
        now: Message { at: earlier.message.at, ..Message::single(now) },
    };
    DeliveryRequest { follows: vec![earlier], ..parcel(name, event) }
}

/// The outcome in a word, and what was said of it.
pub(crate) fn word(outcome: &DeliveryOutcome) -> (String, String) {
    match outcome {
        DeliveryOutcome::Delivered(receipt) => ("delivered".to_owned(), receipt.clone().unwrap_or_default()),
        DeliveryOutcome::Later { why, wait: None } => ("later".to_owned(), why.clone()),
        DeliveryOutcome::Later { why, wait: Some(wait) } => (format!("later {}", wait.num_seconds()), why.clone()),
        DeliveryOutcome::Unknown(why) => ("unknown".to_owned(), why.clone()),
        DeliveryOutcome::Refused(why) => ("refused".to_owned(), why.clone()),
        DeliveryOutcome::Stopped(why) => ("stopped".to_owned(), why.clone()),
    }
}

/// The receipt of a message that was delivered.
pub(crate) fn receipt(outcome: &DeliveryOutcome) -> Option<String> {
    match outcome {
        DeliveryOutcome::Delivered(receipt) => receipt.clone(),
        other => panic!("it was not delivered: {other:?}"),
    }
}
