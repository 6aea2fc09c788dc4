//! What would have been told beside what was told, and what cannot be known of it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Serialize, Serializer};

use super::incident::{Event, Incident, State};
use super::notification::{Line, Message, News};
use super::rules::{Condition, Rule, Severity};
use super::signs::{GAP, Sign};

/// The same event may be decided a little earlier or later: what functions did is replayed minute by minute.
pub const TOLERANCE: TimeDelta = TimeDelta::minutes(15);

/// What one receiver was told, or would have been told, of one incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
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
    pub event: Happened,
    /// How much it matters.
    #[serde(serialize_with = "word")]
    pub severity: Severity,
    /// What is wrong, in a line.
    pub headline: String,
}

fn word<S: Serializer>(severity: &Severity, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(severity.word())
}

/// What happened to an incident, as a receiver hears of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Happened {
    /// It was told by itself.
    Told(Event),
    /// It had come and gone before it could be told.
    Missed,
}

impl Happened {
    /// The word used in JSON and in the list.
    pub fn word(self) -> &'static str {
        match self {
            Self::Told(event) => event.word(),
            Self::Missed => "missed",
        }
    }
}

impl Serialize for Happened {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.word())
    }
}

impl Said {
    /// Everything that a message says, incident by incident.
    pub fn of(message: &Message, receiver: &str, sent: DateTime<Utc>) -> Vec<Self> {
        let said = |line: Line, at, event| Self {
            at,
            sent,
            receiver: receiver.to_owned(),
            rule: line.rule,
            subject: line.subject,
            event,
            severity: line.severity,
            headline: line.headline,
        };
        let told = message.news.iter().map(|news| said(news.line(), news.at, Happened::Told(news.event)));
        let rest = message.rest.iter().map(|line| said(line.clone(), message.at, Happened::Told(line.event)));
        let missed = message.missed.iter().map(|line| said(line.clone(), line.until.unwrap_or(message.at), Happened::Missed));
        told.chain(rest).chain(missed).collect()
    }

    /// Whose events come in the same order in both lists.
    fn identity(&self) -> (&str, &str, &str, Happened) {
        (&self.receiver, &self.rule, &self.subject, self.event)
    }
}

/// Which of `would` is which of `was`, by their places: the same receiver, rule, subject and event, decided at about the same time, in
/// the same order. Each is matched once at most.
pub fn matched(would: &[Said], was: &[Said]) -> Vec<(usize, usize)> {
    let by_identity = |all: &[Said]| {
        let mut places: BTreeMap<(String, String, String, Happened), Vec<usize>> = BTreeMap::new();
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

/// What a condition needs to have seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// Figures of costs.
    Costs,
    /// What was used of the free tier, which comes with early figures of costs.
    Early,
    /// Faults of functions.
    Faults,
    /// What functions did by minutes.
    Minutes,
    /// Points of metrics.
    Points,
    /// Pings.
    Pings,
    /// What stands behind the bill.
    Inventories,
    /// How the sources were.
    Signs,
    /// What receivers answered, which is in no store.
    Answers,
}

impl Needs {
    /// What a condition needs.
    pub fn of(condition: &Condition) -> Self {
        match condition {
            Condition::CostAbove(_) | Condition::CostJump(_) | Condition::CostAnomaly(_) | Condition::ForecastAbove(_) | Condition::NewService(_) => {
                Self::Costs
            }
            Condition::FreeTierAbove(_) => Self::Early,
            Condition::LambdaCause(condition) if condition.counts_minutes() => Self::Minutes,
            Condition::LambdaCause(_) | Condition::NewError(_) => Self::Faults,
            Condition::ColdStarts(_) | Condition::DurationAbove(_) | Condition::MemoryAbove(_) => Self::Minutes,
            Condition::MetricAbove(_) => Self::Points,
            Condition::PingFailing(_) => Self::Pings,
            Condition::IdleResource(_) => Self::Inventories,
            Condition::Silence(_) | Condition::SourceFailing(_) => Self::Signs,
            Condition::ReceiverFailing(_) => Self::Answers,
        }
    }

    /// Whether signs are kept closely enough for a condition: a silence that is no longer than they are apart leaves no trace.
    pub fn are_fine_enough(condition: &Condition) -> bool {
        !matches!(condition, Condition::Silence(silence) if silence.longer_than().delta() <= GAP)
    }

    /// What is missing, as the end of a sentence.
    pub fn missing(self) -> &'static str {
        match self {
            Self::Costs => "the store has no figures of costs",
            Self::Early => "the store has no early figures of costs",
            Self::Faults => "the store does not keep single faults for so long (`keep` under [store])",
            Self::Minutes => "the store does not keep minutes for so long (`keep_minutes` under [store])",
            Self::Points => "the store has no points of metrics",
            Self::Pings => "the store has no pings",
            Self::Inventories => "the store has no inventory",
            Self::Signs => "the store does not say how the sources were",
            Self::Answers => "receivers are not told anything in a rehearsal, so nobody knows whether they would answer",
        }
    }
}

/// A rule that cannot be rehearsed, or not in all of the period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotRehearsable {
    /// The rule's name.
    pub rule: String,
    /// It can be from then on, UTC; `None` if it cannot be at all.
    pub until: Option<DateTime<Utc>>,
    /// Why not.
    pub why: String,
}

impl NotRehearsable {
    /// Whether it says so of a moment.
    pub fn covers(&self, rule: &str, at: DateTime<Utc>) -> bool {
        self.rule == rule && self.until.is_none_or(|until| at < until)
    }
}

/// An incident that was open at `at`, as it was then, under a rule of the configuration that is rehearsed: by what had been told of it.
pub fn as_it_was(incident: &Incident, told: &[(DateTime<Utc>, Message)], rule: &Rule, at: DateTime<Utc>) -> Incident {
    let news: Vec<&News> = told.iter().flat_map(|(_, message)| &message.news).filter(|news| news.incident == incident.id).collect();
    let last_of = |event: Event| news.iter().filter(|news| news.event == event).map(|news| news.at).max();
    let fired = incident.fired.filter(|fired| *fired < at);
    let mut causes = Vec::new();
    for cause in news.iter().filter_map(|news| news.finding.cause).map(|(cause, _)| cause) {
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    let last = news.iter().max_by_key(|news| news.at);
    Incident {
        state: if fired.is_some() { State::Firing } else { State::Pending },
        severity: last.map_or(rule.severity, |news| news.severity),
        fired,
        told: last.map(|news| news.at).or(fired),
        clear_since: None,
        worsened: last_of(Event::Worsened),
        escalated: last_of(Event::Escalated),
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
pub fn ran(signs: &[Sign], first_sign: DateTime<Utc>, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
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

/// Where nothing ran, as far as it is longer than signs are apart.
pub fn gaps(parts: &[(DateTime<Utc>, DateTime<Utc>)], from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<(DateTime<Utc>, DateTime<Utc>)> {
    let ends = std::iter::once(from).chain(parts.iter().map(|(_, until)| *until));
    let begins = parts.iter().map(|(since, _)| *since).chain(std::iter::once(to));
    let gaps = ends.zip(begins).map(|(end, begin)| (end.max(from), begin.min(to)));
    gaps.filter(|(end, begin)| *begin - *end > GAP).collect()
}

/// The subjects that the observations of a period could speak of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Met {
    /// Figures of costs were seen.
    pub costs: bool,
    /// Inventories were seen.
    pub inventories: bool,
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

impl Met {
    /// Whether a condition had anything to speak of.
    pub fn lets_speak(&self, condition: &Condition) -> bool {
        use model::subject::Subject;
        let functions = |names: &BTreeSet<String>| names.iter().any(|name| condition.covers(&Subject::Function(name.clone())));
        match Needs::of(condition) {
            Needs::Costs => self.costs || self.early,
            Needs::Early => self.early,
            Needs::Inventories => self.inventories,
            Needs::Faults | Needs::Minutes => functions(&self.read),
            Needs::Points => functions(&self.measured),
            Needs::Pings => functions(&self.pinged),
            Needs::Signs => self.sources.iter().any(|name| condition.covers(&Subject::Source(name.clone()))),
            Needs::Answers => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signs::{DAEMON, SignKind};

    fn minute(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(minute * 60, 0).unwrap()
    }

    /// Words `minute/what`, where `what` is `rule` or `rule!event`; all to the same receiver of the same subject.
    fn list(words: &str) -> Vec<Said> {
        let said = |word: &str| {
            let (at, what) = word.split_once('/').unwrap();
            let (rule, event) = what.split_once('!').unwrap_or((what, "firing"));
            let (rule, receiver) = rule.split_once('@').unwrap_or((rule, "team"));
            let event = Event::ALL.iter().find(|known| known.word() == event).map_or(Happened::Missed, |event| Happened::Told(*event));
            let at = minute(at.parse().unwrap());
            Said {
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
        let sign = |(since, until): &(i64, i64)| Sign {
            source: DAEMON.into(),
            kind: SignKind::State,
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
            let signs: Vec<Sign> = signs.iter().map(sign).collect();
            let first = if first == i64::MAX { DateTime::<Utc>::MAX_UTC } else { minute(first) };
            let shown =
                |parts: &[(DateTime<Utc>, DateTime<Utc>)]| parts.iter().map(|(from, to)| (from.timestamp() / 60, to.timestamp() / 60)).collect::<Vec<_>>();
            let found = ran(&signs, first, minute(100), minute(200));
            assert_eq!((shown(&found), shown(&gaps(&found, minute(100), minute(200)))), (parts.to_vec(), without.to_vec()), "{signs:?}");
        }
    }
}
