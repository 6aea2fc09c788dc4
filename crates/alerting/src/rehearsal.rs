//! Compares what would have been sent with what was sent, and finds what cannot be rehearsed.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Serialize, Serializer};

use super::incident::{Incident, IncidentEvent, IncidentState};
use super::notification::{IncidentSummary, IncidentUpdate, Message};
use super::rules::{Condition, RequiredData, Rule, Severity};
use super::signs::{GAP, LivenessRun};

/// The same event may be decided a little earlier or later: what functions did is replayed minute by minute.
pub const TOLERANCE: TimeDelta = TimeDelta::minutes(15);

/// One event of one incident that was sent, or would have been sent, to one receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeliveryRecord {
    /// When it was decided, UTC.
    pub at: DateTime<Utc>,
    /// When the receiver had it, UTC.
    pub sent: DateTime<Utc>,
    /// The receiver's name.
    pub receiver: String,
    /// The rule's name.
    pub rule: String,
    /// The incident's subject, in its stable spelling.
    pub subject: String,
    /// What happened.
    pub event: DeliveredEvent,
    /// How much it matters.
    #[serde(serialize_with = "word")]
    pub severity: Severity,
    /// What is wrong, in a line.
    pub headline: String,
}

fn word<S: Serializer>(severity: &Severity, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(severity.word())
}

/// An event as a receiver sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeliveredEvent {
    /// It was sent on its own.
    Told(IncidentEvent),
    /// The incident began and ended before it could be sent.
    Missed,
}

impl DeliveredEvent {
    /// The word used in JSON and in the list.
    pub fn word(self) -> &'static str {
        match self {
            Self::Told(event) => event.word(),
            Self::Missed => "missed",
        }
    }
}

impl Serialize for DeliveredEvent {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.word())
    }
}

impl DeliveryRecord {
    /// The records of a message, incident by incident.
    pub fn of(message: &Message, receiver: &str, sent: DateTime<Utc>) -> Vec<Self> {
        let said = |line: IncidentSummary, at, event| Self {
            at,
            sent,
            receiver: receiver.to_owned(),
            rule: line.rule,
            subject: line.subject,
            event,
            severity: line.severity,
            headline: line.headline,
        };
        let told = message.news.iter().map(|news| said(news.line(), news.at, DeliveredEvent::Told(news.event)));
        let rest = message.rest.iter().map(|line| said(line.clone(), message.at, DeliveredEvent::Told(line.event)));
        let missed = message
            .missed
            .iter()
            .map(|line| said(line.clone(), line.until.unwrap_or(message.at), DeliveredEvent::Missed));
        told.chain(rest).chain(missed).collect()
    }

    /// Whose events come in the same order in both lists.
    fn identity(&self) -> (&str, &str, &str, DeliveredEvent) {
        (&self.receiver, &self.rule, &self.subject, self.event)
    }
}

/// Which of `would` is which of `was`, by their places: the same receiver, rule, subject and event, decided at about
/// the same time, in the same order. Each is matched once at most.
pub fn matched(would: &[DeliveryRecord], was: &[DeliveryRecord]) -> Vec<(usize, usize)> {
    let by_identity = |all: &[DeliveryRecord]| {
        let mut places: BTreeMap<(String, String, String, DeliveredEvent), Vec<usize>> = BTreeMap::new();
        for (place, said) in all.iter().enumerate() {
            let (receiver, rule, subject, event) = said.identity();
            places.entry((receiver.to_owned(), rule.to_owned(), subject.to_owned(), event)).or_default().push(place);
        }
        for places in places.values_mut() {
            places.sort_by_key(|place| all.get(*place).map(|said| said.at));
        }
        places
    };
    let mut known = by_identity(was);
    let mut pairs = Vec::new();
    for (identity, places) in by_identity(would) {
        let mut others = known.remove(&identity).unwrap_or_default().into_iter().peekable();
        for place in places {
            let Some(said) = would.get(place) else { continue };
            // What was said too early for this one is too early for all that come after it.
            while let Some(other) = others.peek().and_then(|other| was.get(*other)) {
                if said.at - other.at <= TOLERANCE {
                    if other.at - said.at <= TOLERANCE {
                        pairs.extend(others.next().map(|other| (place, other)));
                    }
                    break;
                }
                others.next();
            }
        }
    }
    pairs.sort_unstable();
    pairs
}

/// Whether liveness data is precise enough for a condition: a silence that is not longer than the gap between
/// records cannot be seen.
pub fn are_signs_fine_enough(condition: &Condition) -> bool {
    !matches!(condition, Condition::SilentSource(silence) if silence.longer_than().delta() <= GAP)
}

/// A rule that cannot be rehearsed, or not in all of the period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RehearsalGap {
    /// The rule's name.
    pub rule: String,
    /// It can be from then on, UTC; `None` if it cannot be at all.
    pub until: Option<DateTime<Utc>>,
    /// Why not.
    pub why: String,
}

impl RehearsalGap {
    /// Whether it applies to a rule at an instant.
    pub fn covers(&self, rule: &str, at: DateTime<Utc>) -> bool {
        self.rule == rule && self.until.is_none_or(|until| at < until)
    }
}

/// An open incident as it was at `at`, under a rule of the rehearsed configuration, from its messages.
pub fn as_it_was(incident: &Incident, told: &[(DateTime<Utc>, Message)], rule: &Rule, at: DateTime<Utc>) -> Incident {
    let news: Vec<&IncidentUpdate> =
        told.iter().flat_map(|(_, message)| &message.news).filter(|news| news.incident == incident.id).collect();
    let last_of = |event: IncidentEvent| news.iter().filter(|news| news.event == event).map(|news| news.at).max();
    let fired = incident.fired.filter(|fired| *fired < at);
    let mut causes = Vec::new();
    for cause in news.iter().filter_map(|news| news.finding.cause).map(|(cause, _)| cause) {
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    let last = news.iter().max_by_key(|news| news.at);
    Incident {
        state: if fired.is_some() { IncidentState::Firing } else { IncidentState::Pending },
        severity: last.map_or(rule.severity, |news| news.severity),
        fired,
        told: last.map(|news| news.at).or(fired),
        clear_since: None,
        worsened: last_of(IncidentEvent::Worsened),
        escalated: last_of(IncidentEvent::Escalated),
        resolved: None,
        why: None,
        muted_by: None,
        finding: last.map_or_else(|| incident.finding.clone(), |news| news.finding.clone()),
        causes: if causes.is_empty() { incident.causes.clone() } else { causes },
        receivers: if fired.is_some() { rule.tell.clone() } else { vec![] },
        ..incident.clone()
    }
}

/// When the daemon ran between two instants, by the signs it left. Before its first sign it is taken to have run.
pub fn ran(
    signs: &[LivenessRun],
    first_sign: DateTime<Utc>,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    /// It turned for the last time up to a minute before it ended.
    const TURN: TimeDelta = TimeDelta::minutes(1);
    let mut parts: Vec<(DateTime<Utc>, DateTime<Utc>)> = Vec::new();
    if from < first_sign {
        parts.push((from, to.min(first_sign)));
    }
    for sign in signs {
        let (since, until) = (sign.since.max(from), (sign.until + TURN).min(to));
        if since < until {
            parts.push((since, until));
        }
    }
    // What has only just not been written down yet is no reason to stop.
    if let Some((_, until)) = parts.last_mut().filter(|(_, until)| to - *until <= GAP) {
        *until = to;
    }
    parts
}

/// The gaps without a running daemon that are longer than the distance between records.
pub fn gaps(
    parts: &[(DateTime<Utc>, DateTime<Utc>)],
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let ends = std::iter::once(from).chain(parts.iter().map(|(_, until)| *until));
    let begins = parts.iter().map(|(since, _)| *since).chain(std::iter::once(to));
    let gaps = ends.zip(begins).map(|(end, begin)| (end.max(from), begin.min(to)));
    gaps.filter(|(end, begin)| *begin - *end > GAP).collect()
}

/// The subjects that the observations of a period cover.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObservedSubjects {
    /// Figures of costs were seen.
    pub costs: bool,
    /// Inventories were seen.
    pub inventories: bool,
    /// Changes of resources were seen.
    pub changes: bool,
    /// Early figures of costs were seen.
    pub early: bool,
    /// Functions whose logs were read.
    pub read: BTreeSet<String>,
    /// Functions that were pinged.
    pub pinged: BTreeSet<String>,
    /// Functions whose metrics were read.
    pub measured: BTreeSet<String>,
    /// Sources that left signs.
    pub sources: BTreeSet<String>,
}

impl ObservedSubjects {
    /// Whether a condition had any data.
    pub fn lets_speak(&self, condition: &Condition) -> bool {
        use model::subject::Subject;
        let functions =
            |names: &BTreeSet<String>| names.iter().any(|name| condition.covers(&Subject::Function(name.clone())));
        match condition.required_data() {
            RequiredData::Costs => self.costs || self.early,
            RequiredData::Early => self.early,
            RequiredData::Inventories => self.inventories,
            RequiredData::Changes => self.changes,
            RequiredData::Faults | RequiredData::Minutes => functions(&self.read),
            RequiredData::Points => functions(&self.measured),
            RequiredData::Pings => functions(&self.pinged),
            RequiredData::Signs => self.sources.iter().any(|name| condition.covers(&Subject::Source(name.clone()))),
            RequiredData::Answers | RequiredData::Checks => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signs::{DAEMON, LivenessKind};

    fn minute(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(minute * 60, 0).unwrap()
    }

    /// Words `minute/what`, where `what` is `rule` or `rule!event`; all to the same receiver of the same subject.
    fn list(words: &str) -> Vec<DeliveryRecord> {
        let said = |word: &str| {
            let (at, what) = word.split_once('/').unwrap();
            let (rule, event) = what.split_once('!').unwrap_or((what, "firing"));
            let (rule, receiver) = rule.split_once('@').unwrap_or((rule, "team"));
            let event = IncidentEvent::ALL
                .iter()
                .find(|known| known.word() == event)
                .map_or(DeliveredEvent::Missed, |event| DeliveredEvent::Told(*event));
            let at = minute(at.parse().unwrap());
            DeliveryRecord {
                at,
                sent: at,
                receiver: receiver.into(),
                rule: rule.into(),
                subject: "total".into(),
                event,
                severity: Severity::Warning,
                headline: word.into(),
            }
        };
        words.split_whitespace().map(said).collect()
    }

    #[test]
    fn what_would_be_told_is_what_was_told_if_it_is_the_same_event_at_about_the_same_time() {
        for (would, was, pairs) in [
            ("", "1/a", &[][..]),
            ("1/a", "1/a", &[(0, 0)][..]),
            ("1/a", "16/a", &[(0, 0)]),
            ("1/a", "17/a", &[]),
            ("17/a", "1/a", &[]),
            ("1/a", "1/b", &[]),
            ("1/a", "1/a@me", &[]),
            ("1/a!firing", "1/a!resolved", &[]),
            ("1/a!missed", "1/a!missed", &[(0, 0)]),
            // In order: each once, the first with the first.
            ("1/a 2/a 3/a", "2/a 3/a", &[(0, 0), (1, 1)]),
            ("10/a", "1/a 9/a 11/a", &[(0, 0)]),
            ("30/a", "1/a 29/a", &[(0, 1)]),
            ("1/a 100/a", "100/a", &[(1, 0)]),
            ("1/a 50/a 100/a", "1/a 100/a", &[(0, 0), (2, 1)]),
            ("1/a 2/b 3/a!resolved", "2/b 3/a!resolved 1/a", &[(0, 2), (1, 0), (2, 1)]),
        ] {
            assert_eq!(matched(&list(would), &list(was)), pairs, "{would} | {was}");
        }
    }

    #[test]
    fn the_daemon_ran_where_it_left_signs_and_before_it_could() {
        let sign = |(since, until): &(i64, i64)| LivenessRun {
            source: DAEMON.into(),
            kind: LivenessKind::State,
            function: String::new(),
            since: minute(*since),
            until: minute(*until),
            failure: None,
        };
        for (signs, first, parts, without) in [
            (&[][..], i64::MAX, &[(100, 200)][..], &[][..]),
            (&[(0, 300)], 0, &[(100, 200)], &[]),
            (&[(0, 120), (150, 300)], 0, &[(100, 121), (150, 200)], &[(121, 150)]),
            (&[(120, 190)], 120, &[(100, 120), (120, 200)], &[]),
            (&[(110, 130)], 10, &[(110, 131)], &[(131, 200)]),
            (&[(116, 180)], 10, &[(116, 181)], &[(100, 116), (181, 200)]),
            (&[(150, 150), (170, 170)], 10, &[(150, 151), (170, 171)], &[(100, 150), (151, 170), (171, 200)]),
        ] {
            let signs: Vec<LivenessRun> = signs.iter().map(sign).collect();
            let first = if first == i64::MAX { DateTime::<Utc>::MAX_UTC } else { minute(first) };
            let shown = |parts: &[(DateTime<Utc>, DateTime<Utc>)]| {
                parts.iter().map(|(from, to)| (from.timestamp() / 60, to.timestamp() / 60)).collect::<Vec<_>>()
            };
            let found = ran(&signs, first, minute(100), minute(200));
            assert_eq!(
                (shown(&found), shown(&gaps(&found, minute(100), minute(200)))),
                (parts.to_vec(), without.to_vec()),
                "{signs:?}"
            );
        }
    }
}
