//! Incidents and their notifications, as JSON and as text.

use alerting::incident::IncidentState;
use alerting::operator::OperatorActions;
use alerting::record::{IncidentRecord, NotificationRow};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use comfy_table::{Table, presets};
use model::redact::printable;
use model::span::spoken;
use serde::Serialize;

use super::text::plain;

/// The output of `monitor incidents`; its schema is docs/incidents.schema.json.
#[derive(Debug, Serialize)]
pub struct IncidentsDocument {
    schema: u32,
    /// Since when ended ones are among them; `None` where one was asked for by its id.
    since: Option<DateTime<Utc>>,
    incidents: Vec<IncidentView>,
}

#[derive(Debug, Serialize)]
struct IncidentView {
    id: String,
    rule: String,
    subject: String,
    state: &'static str,
    severity: &'static str,
    opened: DateTime<Utc>,
    fired: Option<DateTime<Utc>>,
    worsened: Option<DateTime<Utc>>,
    escalated: Option<DateTime<Utc>>,
    resolved: Option<DateTime<Utc>>,
    why: Option<String>,
    headline: String,
    cause: Option<&'static str>,
    ack: Option<AcknowledgementView>,
    silenced: Option<SilencedView>,
    muted_by: Option<String>,
    receivers: Vec<String>,
    finding: IncidentDetailsView,
    notifications: Vec<NotificationView>,
}

#[derive(Debug, Serialize)]
struct AcknowledgementView {
    author: String,
    at: DateTime<Utc>,
    note: String,
    counts: bool,
}

#[derive(Debug, Serialize)]
struct SilencedView {
    id: i64,
    author: String,
    until: DateTime<Utc>,
    reason: String,
}

#[derive(Debug, Serialize)]
struct IncidentDetailsView {
    said: Vec<String>,
    facts: Vec<FactView>,
    confidence: Option<&'static str>,
    next_step: String,
    evidence: Vec<String>,
}

#[derive(Debug, Serialize)]
struct FactView {
    label: String,
    value: String,
}

#[derive(Debug, Serialize)]
struct NotificationView {
    receiver: String,
    event: &'static str,
    decided: DateTime<Utc>,
    state: &'static str,
    ended: Option<DateTime<Utc>>,
    dropped: Option<String>,
    attempts: u32,
    last_error: Option<String>,
    message: Option<i64>,
    receipt: Option<String>,
    possible_repeat: bool,
}

impl IncidentsDocument {
    /// The document of these incidents at an instant, with silences and acknowledgements.
    pub fn of(
        records: Vec<IncidentRecord>,
        orders: &OperatorActions,
        since: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            schema: 1,
            since,
            incidents: records.into_iter().map(|record| IncidentView::of(record, orders, now)).collect(),
        }
    }
}

impl IncidentView {
    fn of(
        IncidentRecord { incident, ack, told }: IncidentRecord,
        orders: &OperatorActions,
        now: DateTime<Utc>,
    ) -> Self {
        let waits = told.iter().any(|told| told.done.is_none());
        let silence = orders.silence(&incident, now).filter(|_| waits || !incident.is_over());
        Self {
            silenced: silence.map(|silence| SilencedView {
                id: silence.id,
                author: silence.author.clone(),
                until: silence.until,
                reason: silence.reason.clone(),
            }),
            ack: ack.map(|ack| AcknowledgementView {
                counts: ack.counts_after(incident.worsened),
                author: ack.author,
                at: ack.at,
                note: ack.note,
            }),
            state: incident.state.word(),
            severity: incident.severity.word(),
            subject: incident.subject.to_string(),
            id: incident.id,
            rule: incident.rule,
            opened: incident.opened,
            fired: incident.fired,
            worsened: incident.worsened,
            escalated: incident.escalated,
            resolved: incident.resolved,
            why: incident.why,
            muted_by: incident.muted_by,
            receivers: incident.receivers,
            headline: incident.finding.headline,
            cause: incident.finding.cause.map(|(cause, _)| cause.code()),
            finding: IncidentDetailsView {
                said: incident.finding.said,
                facts: incident.finding.facts.into_iter().map(|(label, value)| FactView { label, value }).collect(),
                confidence: incident.finding.cause.map(|(_, confidence)| confidence.word()),
                next_step: incident.finding.next_step,
                evidence: incident.finding.evidence,
            },
            notifications: told.into_iter().map(NotificationView::of).collect(),
        }
    }

    fn is_over(&self) -> bool {
        self.resolved.is_some()
    }

    /// What stands in brackets before its headline.
    fn mark(&self) -> &'static str {
        if self.state == IncidentState::Firing.word() { self.severity } else { self.state }
    }

    /// How long it has lasted.
    fn length(&self, now: DateTime<Utc>) -> String {
        spoken(self.resolved.unwrap_or(now) - self.opened)
    }

    /// What else there is to know of it, a line each.
    fn remarks(&self, zone: Tz) -> Vec<String> {
        let at = |at: DateTime<Utc>| at.with_timezone(&zone).format("%F %H:%M").to_string();
        let mut remarks = Vec::new();
        remarks.extend(self.worsened.map(|worsened| format!("got worse {}", at(worsened))));
        remarks.extend(self.escalated.map(|escalated| format!("escalated {}", at(escalated))));
        remarks.extend(self.ack.as_ref().map(|ack| ack.line(zone)));
        remarks.extend(self.silenced.as_ref().map(|silenced| silenced.line(zone)));
        remarks
            .extend(self.muted_by.as_ref().map(|cause| format!("a symptom of {cause}, without messages of its own")));
        remarks.extend(self.why.as_ref().map(|why| format!("over: {why}")));
        for (state, words) in [
            ("told", "sent"),
            ("waiting", "waiting"),
            ("unanswered", "sent, no answer"),
            ("refused", "refused by"),
            ("dropped", "not sent"),
        ] {
            remarks.extend(self.receivers_with(state).map(|receivers| format!("{words}: {receivers}")));
        }
        remarks
    }

    /// The receivers that have notifications in a state; with the reason where they were dropped.
    fn receivers_with(&self, state: &str) -> Option<String> {
        let mut names: Vec<String> = Vec::new();
        for notification in self.notifications.iter().filter(|notification| notification.state == state) {
            let why = notification.dropped.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
            let name = format!("{}{why}", notification.receiver);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        (!names.is_empty()).then(|| names.join(", "))
    }
}

impl AcknowledgementView {
    fn line(&self, zone: Tz) -> String {
        let at = self.at.with_timezone(&zone).format("%F %H:%M");
        let note = if self.note.is_empty() { String::new() } else { format!(": {}", self.note) };
        let over = if self.counts { "" } else { "; no longer valid because it has got worse since" };
        format!("acknowledged by {} at {at}{note}{over}", self.author)
    }
}

impl SilencedView {
    fn line(&self, zone: Tz) -> String {
        format!(
            "silenced by {} until {} (silence {}): {}",
            self.author,
            self.until.with_timezone(&zone).format("%F %H:%M"),
            self.id,
            self.reason
        )
    }
}

impl NotificationView {
    fn of(told: NotificationRow) -> Self {
        let state = match (&told.dropped, told.done, told.message) {
            (Some(_), ..) => "dropped",
            (None, Some(_), _) => "told",
            (None, None, None) => "waiting",
            (None, None, Some(_)) if told.refused => "refused",
            (None, None, Some(_)) => "unanswered",
        };
        Self {
            receiver: told.receiver,
            event: told.event.word(),
            decided: told.at,
            state,
            ended: told.done,
            dropped: told.dropped,
            attempts: told.attempts,
            last_error: told.last_error,
            message: told.message,
            receipt: told.receipt,
            possible_repeat: told.possible_repeat,
        }
    }

    /// State.
    fn end(&self, zone: Tz) -> String {
        let at = |at: DateTime<Utc>| at.with_timezone(&zone).format("%F %T").to_string();
        let error = self.last_error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
        let repeat = if self.possible_repeat { ", possibly twice" } else { "" };
        match (self.state, self.ended) {
            ("told", Some(ended)) => format!("sent {}{repeat}", at(ended)),
            ("dropped", _) => format!("not sent: {}", self.dropped.as_deref().unwrap_or_default()),
            ("refused", _) => format!("refused{error}"),
            ("unanswered", _) => format!("sent, no answer{error}"),
            _ => format!("waiting{error}"),
        }
    }
}

/// The incidents as a list, oldest first; times in the reader's zone.
pub fn list(incidents: &IncidentsDocument, zone: Tz, now: DateTime<Utc>) -> String {
    let since = incidents
        .since
        .map(|since| format!(" open since {}", since.with_timezone(&zone).format("%F %H:%M %Z")))
        .unwrap_or_default();
    if incidents.incidents.is_empty() {
        return format!("No incident was{since}.");
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["Id", "State", "Since", "Length", "Rule", "What"]);
    for incident in &incidents.incidents {
        let what: Vec<String> = std::iter::once(printable(&incident.headline))
            .chain(incident.remarks(zone).iter().map(|line| format!("  {}", printable(line))))
            .collect();
        let length = incident.length(now);
        table.add_row([
            printable(&incident.id),
            incident.mark().to_owned(),
            incident.opened.with_timezone(&zone).format("%F %H:%M").to_string(),
            if incident.is_over() { length } else { format!("{length}, open") },
            printable(&incident.rule),
            what.join("\n"),
        ]);
    }
    format!("{}\n\nTimes: {zone}. `monitor incidents ID` shows one in full.", plain(&table))
}

/// Incidents in full, one below the other; times in the reader's zone.
pub fn in_full(incidents: &IncidentsDocument, zone: Tz, now: DateTime<Utc>) -> String {
    incidents.incidents.iter().map(|incident| whole(incident, zone, now)).collect::<Vec<_>>().join("\n")
}

fn whole(incident: &IncidentView, zone: Tz, now: DateTime<Utc>) -> String {
    let at = |at: DateTime<Utc>| at.with_timezone(&zone).format("%F %T %Z").to_string();
    let mut lines = vec![format!("[{}] {}", incident.mark(), incident.headline)];
    let mut fact = |label: &str, value: String| lines.push(format!("  {label:<12}{value}"));
    fact("Incident", incident.id.clone());
    fact("Rule", incident.rule.clone());
    fact("Subject", incident.subject.clone());
    fact(
        "Opened",
        format!(
            "{}, {}{}",
            at(incident.opened),
            if incident.is_over() { "for " } else { "open for " },
            incident.length(now)
        ),
    );
    for (label, moment) in
        [("Fired", incident.fired), ("Got worse", incident.worsened), ("Escalated", incident.escalated)]
    {
        moment.into_iter().for_each(|moment| fact(label, at(moment)));
    }
    if let Some(resolved) = incident.resolved {
        fact(
            "Ended",
            format!("{}{}", at(resolved), incident.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default()),
        );
    }
    if let Some((cause, confidence)) = incident.cause.zip(incident.finding.confidence) {
        fact("Cause", format!("{cause} ({confidence})"));
    }
    incident.ack.iter().for_each(|ack| fact("Ack", ack.line(zone)));
    incident.silenced.iter().for_each(|silenced| fact("Silenced", silenced.line(zone)));
    incident.muted_by.iter().for_each(|cause| fact("Symptom of", cause.clone()));
    if !incident.receivers.is_empty() {
        fact("Receivers", incident.receivers.join(", "));
    }
    lines.push(String::new());
    lines.extend(incident.finding.said.iter().map(|sentence| format!("  {sentence}")));
    if !incident.finding.next_step.is_empty() {
        lines.push(format!("  Next step: {}", incident.finding.next_step));
    }
    lines.extend(incident.finding.facts.iter().map(|fact| format!("  {}: {}", fact.label, fact.value)));
    lines.extend(incident.finding.evidence.iter().map(|line| format!("  | {line}")));
    let text: Vec<String> = lines.iter().map(|line| printable(line)).collect();
    format!("{}\n\nNotifications\n{}\n", text.join("\n"), notifications(incident, zone))
}

fn notifications(incident: &IncidentView, zone: Tz) -> String {
    if incident.notifications.is_empty() {
        return "  none".to_owned();
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["Decided", "Event", "Receiver", "Attempts", "State", "Receipt"]);
    for notification in &incident.notifications {
        table.add_row([
            notification.decided.with_timezone(&zone).format("%F %T").to_string(),
            notification.event.to_owned(),
            printable(&notification.receiver),
            notification.attempts.to_string(),
            printable(&notification.end(zone)),
            printable(notification.receipt.as_deref().unwrap_or_default()),
        ]);
    }
    plain(&table)
}
