//! Messages for the tests of this folder.

use alerting::incident::IncidentEvent;
use alerting::notification::{IncidentUpdate, Message};
use alerting::rules::{IncidentDetails, Severity};
use chrono::DateTime;
use chrono_tz::Tz;

use super::DeliveryRequest;

/// Texts that log lines and names have been seen with, or that an attacker may try.
pub(super) const HOSTILE: &[&str] = &[
    "<!channel> <!here> <@U0123456789>",
    "<https://evil.example|click here>",
    "``` *bold* _italic_ ~struck~ `code` ```",
    "a\r\nBcc: everybody@example.com\r\n\r\n<script>alert(1)</script>",
    "\u{202e}desrever\u{202c} zero\u{200b}width\u{feff} \u{1b}[31mred\u{1b}[0m \u{7}",
    "&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&&<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>",
    "가나다라마바사아자차카타파하가나다라마바사아자차카타파하가나다라마바사아자차카타파하가나다라마바사아자차카타파하",
    "🚀🔥💥🚀🔥💥🚀🔥💥🚀🔥💥🚀🔥💥🚀🔥💥🚀🔥💥🚀🔥💥🚀🔥💥🚀🔥💥🚀🔥💥🚀🔥💥🚀🔥💥🚀🔥💥🚀🔥💥🚀🔥💥🚀🔥💥",
    "****************************************~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@",
    "",
];

/// News of the incident with this number: its headline begins with `#number:`.
pub(super) fn news(number: usize, event: IncidentEvent, severity: Severity, text: &str) -> IncidentUpdate {
    let finding = IncidentDetails {
        headline: format!("#{number}: {text}"),
        said: vec![text.to_owned(), "It <is> so.".to_owned()],
        facts: vec![(text.to_owned(), text.to_owned()), ("Count".to_owned(), "3".to_owned())],
        next_step: format!("Look & see {text}"),
        evidence: vec![text.to_owned(); 3],
        ..IncidentDetails::default()
    };
    let at = DateTime::UNIX_EPOCH;
    let (incident, rule, subject) = (format!("i{number}"), format!("r{}", number % 7), format!("function:f{number}"));
    IncidentUpdate {
        incident,
        rule,
        subject,
        event,
        severity,
        at,
        since: at,
        finding,
        why: Some(text.to_owned()),
        mutes: vec![text.to_owned()],
        acked: None,
    }
}

/// A message of so many incidents that are told of and so many that were missed, each with a text of its own.
pub(super) fn message(told: usize, missed: usize, text: impl Fn(usize) -> String) -> Message {
    let events = [IncidentEvent::Firing, IncidentEvent::Resolved, IncidentEvent::Worsened];
    let severities = [Severity::Critical, Severity::Warning, Severity::Info];
    let one = |number: usize| news(number, events[number % 3], severities[(number / 3) % 3], &text(number));
    let missed = (told..told + missed)
        .map(|number| news(number, IncidentEvent::Resolved, Severity::Info, &text(number)).line())
        .collect();
    Message::of((0..told).map(one).collect(), missed)
}

/// A message on its way for the first time.
pub(super) fn parcel(message: Message) -> DeliveryRequest {
    let sealed = message.at;
    DeliveryRequest {
        key: "i/firing/0/team/0x1".to_owned(),
        message,
        follows: vec![],
        possible_repeat: false,
        sealed,
        attempted: sealed,
        zone: Tz::Asia__Seoul,
    }
}
