//! Notifications, and the messages made of them.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use model::page::ReportPage;
use model::span::spoken;
use serde::{Deserialize, Serialize};

use super::incident::{Incident, IncidentEvent};
use super::operator::Acknowledgement;
use super::rules::{IncidentDetails, Severity};

/// How many incidents of a message are given in full, worst first; each of the others gets a line.
pub const MOST_IN_FULL: usize = 10;

/// A notification: one event of an incident for one receiver. Its text is made from the incident when the message is
/// written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notification {
    /// The incident's id.
    pub incident: String,
    /// The receiver's name.
    pub receiver: String,
    /// What happened.
    pub event: IncidentEvent,
    /// When, UTC.
    pub at: DateTime<Utc>,
}

impl Notification {
    /// The same for the same event of the same incident to the same receiver, whenever it is computed.
    pub fn key(&self) -> String {
        format!("{}/{}/{}/{}", self.incident, self.event.word(), self.at.timestamp_millis(), self.receiver)
    }
}

/// An update about one incident, independent of the receiver. Log lines in it are redacted but not escaped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentUpdate {
    /// The incident's id.
    pub incident: String,
    /// The rule's name.
    pub rule: String,
    /// The incident's subject, in its stable spelling.
    pub subject: String,
    /// What happened.
    pub event: IncidentEvent,
    /// How much it matters.
    pub severity: Severity,
    /// When it happened, UTC.
    pub at: DateTime<Utc>,
    /// When the condition first held, UTC.
    pub since: DateTime<Utc>,
    /// The details.
    pub finding: IncidentDetails,
    /// Why it ended, where it did.
    pub why: Option<String>,
    /// Headlines of its symptoms, which cause no messages of their own.
    #[serde(default)]
    pub mutes: Vec<String>,
    /// The acknowledgement.
    #[serde(default)]
    pub acked: Option<Acknowledgement>,
}

impl IncidentUpdate {
    /// Creates an update about an incident.
    pub fn of(
        incident: &Incident,
        event: IncidentEvent,
        at: DateTime<Utc>,
        mutes: Vec<String>,
        acked: Option<Acknowledgement>,
    ) -> Self {
        Self {
            incident: incident.id.clone(),
            rule: incident.rule.clone(),
            subject: incident.subject.to_string(),
            event,
            severity: incident.severity,
            at,
            since: incident.opened,
            finding: incident.finding.clone(),
            why: incident.why.clone(),
            mutes,
            acked,
        }
    }

    /// The tag before a title.
    pub fn mark(&self) -> &'static str {
        mark(self.event, self.severity)
    }

    /// The title in one line, as for a mail subject.
    pub fn title(&self) -> String {
        format!("[{}] {}", self.mark(), self.finding.headline)
    }

    /// The sentences of the body, most important first, without the next step.
    pub fn sentences(&self) -> Vec<String> {
        let lasted = spoken(self.at - self.since);
        let mut said = match self.event {
            IncidentEvent::Firing => vec![],
            IncidentEvent::Changed if self.finding.latest.is_some() => {
                vec![format!("Something new; the incident began {lasted} ago.")]
            }
            IncidentEvent::Changed => vec![format!("A new cause; the incident began {lasted} ago.")],
            IncidentEvent::Worsened => vec![format!("It has got worse; the incident began {lasted} ago.")],
            IncidentEvent::Escalated => vec![format!("It began {lasted} ago and is not acknowledged yet.")],
            IncidentEvent::Reminder => vec![format!("It has lasted for {lasted}.")],
            IncidentEvent::Resolved | IncidentEvent::Closed => {
                let why = self.why.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
                return vec![format!("Resolved after {lasted}{why}.")];
            }
        };
        said.extend(self.finding.said.iter().cloned());
        if let Some(ack) = &self.acked {
            let note = if ack.note.is_empty() { String::new() } else { format!(": {}", ack.note) };
            said.push(format!("Acknowledged by {}{note}.", ack.author));
        }
        said
    }

    /// Whether there is something to do about it.
    pub fn next_step(&self) -> Option<&str> {
        (!self.event.is_end() && !self.finding.next_step.is_empty()).then_some(self.finding.next_step.as_str())
    }

    /// Figures and log lines, which only matter while it is open.
    pub fn details(&self) -> (&[(String, String)], &[String]) {
        if self.event.is_end() { (&[], &[]) } else { (&self.finding.facts, &self.finding.evidence) }
    }

    /// The same in one line of a list.
    pub fn line(&self) -> IncidentSummary {
        IncidentSummary {
            incident: self.incident.clone(),
            rule: self.rule.clone(),
            subject: self.subject.clone(),
            event: self.event,
            severity: self.severity,
            headline: self.finding.headline.clone(),
            since: self.since,
            until: self.event.is_end().then_some(self.at),
        }
    }
}

/// One incident in one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentSummary {
    /// The incident's id.
    pub incident: String,
    /// The rule's name.
    pub rule: String,
    /// The incident's subject, in its stable spelling.
    pub subject: String,
    /// What happened.
    pub event: IncidentEvent,
    /// How much it matters.
    pub severity: Severity,
    /// What is wrong, in a line.
    pub headline: String,
    /// When the condition first held, UTC.
    pub since: DateTime<Utc>,
    /// When it ended, UTC.
    pub until: Option<DateTime<Utc>>,
}

impl IncidentSummary {
    /// As [`IncidentUpdate::title`].
    pub fn title(&self) -> String {
        format!("[{}] {}", mark(self.event, self.severity), self.headline)
    }
}

/// The tag before a title.
pub fn mark(event: IncidentEvent, severity: Severity) -> &'static str {
    match event {
        IncidentEvent::Firing | IncidentEvent::Changed | IncidentEvent::Worsened | IncidentEvent::Escalated => {
            severity.word()
        }
        IncidentEvent::Reminder => "still",
        IncidentEvent::Resolved => "resolved",
        IncidentEvent::Closed => "closed",
    }
}

/// A message to one receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// When the latest of its events happened, UTC.
    pub at: DateTime<Utc>,
    /// The incidents in full, worst first; at most [`MOST_IN_FULL`], and at least one unless `missed` has some or it is
    /// a report.
    pub news: Vec<IncidentUpdate>,
    /// The other incidents.
    #[serde(default)]
    pub rest: Vec<IncidentSummary>,
    /// Incidents that began and ended before the receiver could be notified.
    #[serde(default)]
    pub missed: Vec<IncidentSummary>,
    /// A report, in place of any incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<Box<ReportPage>>,
}

impl Message {
    /// A message that is a report, made at an instant.
    pub fn report(page: ReportPage, at: DateTime<Utc>) -> Self {
        Self { at, news: vec![], rest: vec![], missed: vec![], page: Some(Box::new(page)) }
    }

    /// A message of all these news, those that matter most in full.
    pub fn of(mut news: Vec<IncidentUpdate>, mut missed: Vec<IncidentSummary>) -> Self {
        let at = news
            .iter()
            .map(|news| news.at)
            .chain(missed.iter().filter_map(|line| line.until))
            .max()
            .unwrap_or_default();
        let order = |event: IncidentEvent, severity: Severity| (event.is_end(), std::cmp::Reverse(severity));
        news.sort_by(|a, b| {
            (order(a.event, a.severity), a.since, &a.rule, &a.subject, &a.incident).cmp(&(
                order(b.event, b.severity),
                b.since,
                &b.rule,
                &b.subject,
                &b.incident,
            ))
        });
        missed.sort_by(|a, b| {
            (a.since, &a.rule, &a.subject, &a.incident).cmp(&(b.since, &b.rule, &b.subject, &b.incident))
        });
        let rest = news.iter().skip(MOST_IN_FULL).map(IncidentUpdate::line).collect();
        news.truncate(MOST_IN_FULL);
        Self { at, news, rest, missed, page: None }
    }

    /// A message of one incident.
    pub fn single(news: IncidentUpdate) -> Self {
        Self { at: news.at, news: vec![news], rest: vec![], missed: vec![], page: None }
    }

    /// The number of incidents.
    pub fn count(&self) -> usize {
        self.news.len() + self.rest.len() + self.missed.len()
    }

    /// The title: the worst incident, and how many more there are.
    pub fn title(&self) -> String {
        if let Some(page) = &self.page {
            return page.title.clone();
        }
        let Some(worst) = self.news.first() else {
            return match self.missed.as_slice() {
                [one] => format!("[over] {}", one.headline),
                missed => format!("[over] {} incidents began and ended in the meantime", missed.len()),
            };
        };
        match self.news.len() + self.rest.len() {
            1 => worst.title(),
            all => format!("{}, and {} more", worst.title(), all - 1),
        }
    }

    /// The highest severity of what is not over; `None` if all of it is.
    pub fn severity(&self) -> Option<Severity> {
        self.lines().filter(|line| line.until.is_none()).map(|line| line.severity).max()
    }

    /// Every incident but those that were missed, in a line.
    pub fn lines(&self) -> impl Iterator<Item = IncidentSummary> + '_ {
        self.news.iter().map(IncidentUpdate::line).chain(self.rest.iter().cloned())
    }

    /// How many there are of each kind, where there is more than one: `200 incidents: 120 critical, 70 warning, 10
    /// over`.
    pub fn counts(&self) -> Option<String> {
        let all = self.news.len() + self.rest.len();
        if all < 2 {
            return None;
        }
        let of = |severity| self.lines().filter(|line| line.until.is_none() && line.severity == severity).count();
        let over = self.lines().filter(|line| line.until.is_some()).count();
        let parts = [
            (of(Severity::Critical), "critical"),
            (of(Severity::Warning), "warning"),
            (of(Severity::Info), "info"),
            (over, "over"),
        ];
        let parts: Vec<String> =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        Some(format!("{all} incidents: {}", parts.join(", ")))
    }

    /// The rules of its incidents, in order.
    pub fn rules(&self) -> Vec<String> {
        let mut rules: Vec<String> = Vec::new();
        for line in self.lines().chain(self.missed.iter().cloned()) {
            if !rules.contains(&line.rule) {
                rules.push(line.rule);
            }
        }
        rules
    }

    /// The title of the list of missed incidents.
    pub fn missed_title(&self) -> Option<String> {
        match self.missed.len() {
            0 => None,
            1 => Some("Began and ended before this message could be sent:".to_owned()),
            count => Some(format!("{count} incidents began and ended before this message could be sent:")),
        }
    }

    /// The whole message as plain text, times in the reader's zone.
    pub fn plain_text(&self, zone: Tz, possible_repeat: bool) -> String {
        if let Some(page) = &self.page {
            return format!("{}{}", page.plain_text(), if possible_repeat { "\n(possibly a repeat)\n" } else { "" });
        }
        let when = |at: DateTime<Utc>| at.with_timezone(&zone).format("%F %T %Z");
        let mut text = format!("{}  {}\n", when(self.at), self.title());
        text.extend(self.counts().map(|counts| format!("  {counts}\n")));
        for news in &self.news {
            if self.count() > 1 {
                text.push_str(&format!("\n  {}\n", news.title()));
            }
            news.write(&mut text);
        }
        if !self.rest.is_empty() {
            text.push_str("\n  Also:\n");
            self.rest
                .iter()
                .for_each(|line| text.push_str(&format!("  {}, since {}\n", line.title(), when(line.since))));
        }
        if let Some(title) = self.missed_title() {
            text.push_str(&format!("\n  {title}\n"));
            for line in &self.missed {
                let until = line.until.map(|until| format!(" until {}", when(until))).unwrap_or_default();
                text.push_str(&format!(
                    "  [{}] {}, {}{until}\n",
                    line.severity.word(),
                    line.headline,
                    when(line.since)
                ));
            }
        }
        let (rules, repeat) = (self.rules(), if possible_repeat { ", possibly a repeat" } else { "" });
        text.push_str(&format!("  (rule{} {}{repeat})\n", if rules.len() == 1 { "" } else { "s" }, rules.join(", ")));
        text
    }
}

impl IncidentUpdate {
    /// Everything but the title, as lines of plain text.
    fn write(&self, text: &mut String) {
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
        for symptom in &self.mutes {
            text.push_str(&format!("  Symptom: {symptom}\n"));
        }
    }
}
