//! What one receiver is to be told, once.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::incident::{Event, Incident, Step};
use super::rules::{Finding, Severity};
use super::span::spoken;

/// A row of the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// The same for the same step of the same incident to the same receiver, whenever it is computed: a repeat can be told.
    pub key: String,
    /// The receiver's name.
    pub receiver: String,
    /// What to say.
    pub message: Message,
}

/// What is to be said, before any receiver's own form. Log lines in it are redacted but not escaped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// The rule's name.
    pub rule: String,
    /// The incident's subject, in its stable spelling.
    pub subject: String,
    /// What happened.
    pub event: Event,
    /// How much it matters.
    pub severity: Severity,
    /// When it was decided, UTC.
    pub at: DateTime<Utc>,
    /// When the condition first held, UTC.
    pub since: DateTime<Utc>,
    /// What was found.
    pub finding: Finding,
    /// Why it ended, where it did.
    pub why: Option<String>,
}

impl Message {
    /// One line that says it all, as a mail's subject does.
    pub fn title(&self) -> String {
        let mark = match self.event {
            Event::Firing | Event::Changed => self.severity.word(),
            Event::Reminder => "still",
            Event::Resolved => "resolved",
            Event::Closed => "closed",
        };
        format!("[{mark}] {}", self.finding.headline)
    }

    /// The sentences of the body, first things first; the next step is not among them.
    pub fn sentences(&self) -> Vec<String> {
        match self.event {
            Event::Firing => self.finding.said.clone(),
            Event::Changed => {
                let news = if self.finding.latest.is_some() { "Something new" } else { "A new cause" };
                [vec![format!("{news}, in trouble that began {} ago.", spoken(self.at - self.since))], self.finding.said.clone()].concat()
            }
            Event::Reminder => [vec![format!("This has been so for {}.", spoken(self.at - self.since))], self.finding.said.clone()].concat(),
            Event::Resolved | Event::Closed => {
                let why = self.why.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
                vec![format!("Over after {}{why}.", spoken(self.at - self.since))]
            }
        }
    }

    /// Whether there is something to do about it.
    pub fn next_step(&self) -> Option<&str> {
        let open = matches!(self.event, Event::Firing | Event::Changed | Event::Reminder);
        (open && !self.finding.next_step.is_empty()).then_some(self.finding.next_step.as_str())
    }

    /// Figures and log lines, which only matter while it is open.
    pub fn details(&self) -> (&[(String, String)], &[String]) {
        match self.event {
            Event::Firing | Event::Changed | Event::Reminder => (&self.finding.facts, &self.finding.evidence),
            Event::Resolved | Event::Closed => (&[], &[]),
        }
    }
}

/// The notifications of one step: one for each receiver that must know, in the order of the rule.
pub fn notifications(step: &Step, now: DateTime<Utc>) -> Vec<Notification> {
    let Some(event) = step.event else { return vec![] };
    let incident: &Incident = &step.incident;
    let message = Message {
        rule: incident.rule.clone(),
        subject: incident.subject.to_string(),
        event,
        severity: incident.severity,
        at: now,
        since: incident.opened,
        finding: incident.finding.clone(),
        why: step.why.clone(),
    };
    let key = |receiver: &str| {
        format!("{}/{}/{}/{}/{}/{receiver}", incident.rule, incident.subject, incident.opened.timestamp_millis(), event.word(), now.timestamp_millis())
    };
    incident.receivers.iter().map(|receiver| Notification { key: key(receiver), receiver: receiver.clone(), message: message.clone() }).collect()
}

impl Message {
    /// The whole message as plain text, times in the reader's zone.
    pub fn plain_text(&self, zone: Tz, possible_repeat: bool) -> String {
        let when = |at: DateTime<Utc>| at.with_timezone(&zone).format("%F %T %Z");
        let mut text = format!("{}  {}\n", when(self.at), self.title());
        for sentence in self.sentences() {
            text.push_str(&format!("  {sentence}\n"));
        }
        text.extend(self.next_step().map(|step| format!("  Next step: {step}\n")));
        let (facts, evidence) = self.details();
        for (label, value) in facts {
            text.push_str(&format!("  {label}: {value}\n"));
        }
        for line in evidence {
            text.push_str(&format!("  | {line}\n"));
        }
        let repeat = if possible_repeat { ", possibly a repeat" } else { "" };
        text.push_str(&format!("  (rule {}{repeat})\n", self.rule));
        text
    }
}
