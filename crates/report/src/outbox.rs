//! The outbox and the state of the receivers, as JSON and as text.

use std::collections::{BTreeMap, BTreeSet};

use alerting::history::ReceiverState;
use alerting::incident::Incident;
use alerting::notification::Message;
use alerting::operator::OperatorActions;
use alerting::record::{MessageRow, NotificationRow};
use alerting::rules::Severity;
use alerting::terms::ReceiverPolicy;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use model::redact::printable;
use model::span::spoken;
use serde::Serialize;

use super::text::{new_table, plain};

/// The output of `monitor outbox`; its schema is docs/outbox.schema.json.
#[derive(Debug, Serialize)]
pub struct OutboxDocument {
    schema: u32,
    /// Since when messages are shown that have arrived; `None` where all are.
    since: Option<DateTime<Utc>>,
    receivers: Vec<ReceiverView>,
    messages: Vec<MessageView>,
    dropped: Vec<DroppedView>,
}

/// How a receiver is, and what waits for it.
#[derive(Debug, Serialize)]
pub struct ReceiverView {
    name: String,
    /// Whether the configuration has it.
    configured: bool,
    /// `ok`, `failing`, `stopped`, or `unknown` before it was ever told anything.
    state: &'static str,
    took: Option<DateTime<Utc>>,
    failing_since: Option<DateTime<Utc>>,
    why: Option<String>,
    attempts: u32,
    /// Not tried before this, if that lies ahead.
    not_before: Option<DateTime<Utc>>,
    asked_to_wait: bool,
    quiet_until: Option<DateTime<Utc>>,
    waiting: u64,
    waiting_since: Option<DateTime<Utc>>,
    /// Of those that wait.
    silenced: u64,
    /// Of those that wait.
    symptoms: u64,
}

#[derive(Debug, Serialize)]
struct MessageView {
    id: i64,
    receiver: String,
    state: &'static str,
    sealed: DateTime<Utc>,
    sent: Option<DateTime<Utc>>,
    attempts: u32,
    possible_repeat: bool,
    receipt: Option<String>,
    last_error: Option<String>,
    title: String,
    incidents: usize,
    incident_ids: Vec<String>,
}

#[derive(Debug, Serialize)]
struct DroppedView {
    incident: String,
    receiver: String,
    event: &'static str,
    decided: DateTime<Utc>,
    dropped: DateTime<Utc>,
    why: String,
}

/// The loaded rows of the outbox.
#[derive(Debug, Default)]
pub struct OutboxRows {
    /// The terms of each receiver of the configuration.
    pub terms: BTreeMap<String, ReceiverPolicy>,
    /// The state of each receiver that ever got a message.
    pub states: BTreeMap<String, ReceiverState>,
    /// Waiting and dropped notifications.
    pub untold: Vec<NotificationRow>,
    /// What has arrived, and what has not yet.
    pub messages: Vec<MessageRow>,
    /// The incidents of what waits, by id.
    pub incidents: BTreeMap<String, Incident>,
    /// Silences and acknowledgements.
    pub orders: OperatorActions,
}

impl OutboxRows {
    /// Every receiver that the configuration or the store names.
    pub fn receivers(&self) -> BTreeSet<&str> {
        let named = self.terms.keys().chain(self.states.keys()).map(String::as_str);
        named
            .chain(self.untold.iter().map(|told| told.receiver.as_str()))
            .chain(self.messages.iter().map(|message| message.receiver.as_str()))
            .collect()
    }

    /// How a receiver is at an instant, and what waits for it.
    pub fn receiver(&self, name: &str, now: DateTime<Utc>) -> ReceiverView {
        let (terms, state) = (self.terms.get(name), self.states.get(name).cloned().unwrap_or_default());
        let waiting: Vec<&NotificationRow> =
            self.untold.iter().filter(|told| told.receiver == name && told.done.is_none()).collect();
        let count = |fits: &dyn Fn(&Incident) -> bool| {
            let held = waiting
                .iter()
                .filter(|told| told.message.is_none() && self.incidents.get(&told.incident).is_some_and(fits));
            u64::try_from(held.count()).unwrap_or(u64::MAX)
        };
        let silenced = |incident: &Incident| self.orders.silence(incident, now).is_some();
        let ahead = state.not_before.filter(|at| *at > now);
        ReceiverView {
            name: name.to_owned(),
            configured: terms.is_some(),
            state: match (&state.failing, state.took) {
                (Some(failing), _) if failing.stopped => "stopped",
                (Some(_), _) => "failing",
                (None, Some(_)) => "ok",
                (None, None) => "unknown",
            },
            took: state.took,
            failing_since: state.failing.as_ref().map(|failing| failing.since),
            attempts: state.attempts,
            asked_to_wait: ahead.is_some() && state.told_to_wait,
            not_before: ahead,
            why: state.failing.map(|failing| failing.why),
            quiet_until: terms.and_then(|terms| terms.quiet_until(Severity::Info, now)),
            silenced: count(&silenced),
            symptoms: count(&|incident: &Incident| {
                !silenced(incident) && !incident.is_over() && incident.muted_by.is_some()
            }),
            waiting: u64::try_from(waiting.len()).unwrap_or(u64::MAX),
            waiting_since: waiting.iter().map(|told| told.at).min(),
        }
    }
}

impl OutboxDocument {
    /// What is to be shown at an instant; of one receiver only, if one is named.
    pub fn of(known: OutboxRows, only: Option<&str>, since: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Self {
        let wanted = |name: &str| only.is_none_or(|only| only == name);
        let receivers =
            known.receivers().into_iter().filter(|name| wanted(name)).map(|name| known.receiver(name, now)).collect();
        let dropped = |told: NotificationRow| {
            let (why, dropped) = told.dropped.zip(told.done)?;
            Some(DroppedView {
                incident: told.incident,
                receiver: told.receiver,
                event: told.event.word(),
                decided: told.at,
                dropped,
                why,
            })
        };
        Self {
            schema: 1,
            since,
            receivers,
            messages: known
                .messages
                .into_iter()
                .filter(|message| wanted(&message.receiver))
                .map(MessageView::of)
                .collect(),
            dropped: known.untold.into_iter().filter(|told| wanted(&told.receiver)).filter_map(dropped).collect(),
        }
    }
}

impl MessageView {
    fn of(row: MessageRow) -> Self {
        let state = match row.sent {
            Some(_) => "sent",
            None if row.under_way => "under_way",
            None if row.refused => "refused",
            // What tells of incidents is taken apart again when it certainly has not arrived; a report is not.
            None if row.message.page.is_some() && !row.possible_repeat => "waiting",
            None => "unanswered",
        };
        Self {
            id: row.id,
            receiver: row.receiver,
            state,
            sealed: row.sealed,
            sent: row.sent,
            attempts: row.attempts,
            possible_repeat: row.possible_repeat,
            receipt: row.receipt,
            last_error: row.last_error,
            title: row.message.title(),
            incidents: row.message.count(),
            incident_ids: ids(&row.message),
        }
    }

    /// State.
    fn end(&self, zone: Tz) -> String {
        let repeat = if self.possible_repeat { ", possibly twice" } else { "" };
        let error = self.last_error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
        match (self.state, self.sent) {
            (_, Some(sent)) => format!("sent {}{repeat}", sent.with_timezone(&zone).format("%F %T")),
            ("under_way", _) => "under way".to_owned(),
            ("waiting", _) => format!("waits{error}"),
            ("refused", _) => format!("refused, tried again once an hour{error}"),
            _ => format!("no answer, sent again{error}"),
        }
    }
}

fn ids(message: &Message) -> Vec<String> {
    message.lines().map(|line| line.incident).chain(message.missed.iter().map(|line| line.incident.clone())).collect()
}

impl ReceiverView {
    /// Whether its last answer was none, or a bad one.
    pub fn is_failing(&self) -> bool {
        self.failing_since.is_some()
    }

    /// All of it as a sentence.
    pub fn line(&self, zone: Tz, now: DateTime<Utc>) -> String {
        let at = |at: DateTime<Utc>| at.with_timezone(&zone).format("%F %T %Z").to_string();
        let mut said = vec![match (self.failing_since, self.took) {
            (Some(since), _) => {
                let (verb, why) = (
                    if self.state == "stopped" { "refuses everything" } else { "is failing" },
                    self.why.as_deref().unwrap_or_default(),
                );
                format!(
                    "{verb} since {} ({} attempt{}): {why}",
                    at(since),
                    self.attempts,
                    if self.attempts == 1 { "" } else { "s" }
                )
            }
            (None, Some(took)) => format!("ok, last delivery {} ago", spoken(now - took)),
            (None, None) => "nothing has been sent to it yet".to_owned(),
        }];
        said.extend(self.not_before.map(|until| {
            if self.asked_to_wait {
                format!("asked to wait until {}", at(until))
            } else {
                format!("next try {}", at(until))
            }
        }));
        said.extend(self.quiet_until.map(|until| format!("quiet hours until {}", at(until))));
        said.push(match self.waiting_since {
            None => "nothing waits".to_owned(),
            Some(since) => {
                let held = [(self.silenced, "silenced"), (self.symptoms, "symptoms")];
                let held: Vec<String> = held
                    .iter()
                    .filter(|(count, _)| *count > 0)
                    .map(|(count, what)| format!("{count} {what}"))
                    .collect();
                let held = if held.is_empty() { String::new() } else { format!(" ({})", held.join(", ")) };
                format!("{} waiting{held}, the oldest for {}", self.waiting, spoken(now - since))
            }
        });
        if !self.configured {
            said.push("not in the configuration".to_owned());
        }
        printable(&format!("{}: {}", self.name, said.join("; ")))
    }
}

/// The outbox as a person reads it; times in the reader's zone.
pub fn text(outbox: &OutboxDocument, zone: Tz, now: DateTime<Utc>) -> String {
    let mut sections = vec!["Receivers".to_owned()];
    sections.extend(outbox.receivers.iter().map(|receiver| format!("  {}", receiver.line(zone, now))));
    if outbox.receivers.is_empty() {
        sections.push("  none".to_owned());
    }
    let since = outbox
        .since
        .map(|since| format!(" since {}", since.with_timezone(&zone).format("%F %H:%M %Z")))
        .unwrap_or_default();
    sections.push(format!("\nMessages{since}"));
    if outbox.messages.is_empty() {
        sections.push("  none".to_owned());
    } else {
        let mut table =
            new_table(&["First tried", "Receiver", "Attempts", "State", "Incidents", "Title", "Receipt"], 0);
        for message in &outbox.messages {
            table.add_row([
                message.sealed.with_timezone(&zone).format("%F %T").to_string(),
                printable(&message.receiver),
                message.attempts.to_string(),
                printable(&message.end(zone)),
                message.incidents.to_string(),
                printable(&message.title),
                printable(message.receipt.as_deref().unwrap_or_default()),
            ]);
        }
        sections.push(plain(&table));
    }
    if !outbox.dropped.is_empty() {
        sections.push(format!("\nNot sent{since}"));
        let mut table = new_table(&["Dropped", "Receiver", "Incident", "Event", "Why"], 0);
        for dropped in &outbox.dropped {
            let at = dropped.dropped.with_timezone(&zone).format("%F %T").to_string();
            table.add_row([
                at,
                printable(&dropped.receiver),
                printable(&dropped.incident),
                dropped.event.to_owned(),
                printable(&dropped.why),
            ]);
        }
        sections.push(plain(&table));
    }
    sections.push(format!("\nTimes: {zone}."));
    sections.join("\n")
}
