//! The life of one rule on one subject: pending, firing, resolved.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::diagnosis::Cause;
use super::rules::{Finding, Judgement, Rule, Severity, Verdict};
use super::subject::Subject;

/// How long news of an open incident are collected before its receivers are told of them.
const TOGETHER: TimeDelta = TimeDelta::minutes(10);

/// Where an incident is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The condition holds, but not for long enough to tell anybody.
    Pending,
    /// It holds, and its receivers are told.
    Firing,
    /// It is over.
    Resolved,
}

/// One life. At most one that is not over exists per rule and subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// The rule's name.
    pub rule: String,
    /// What it is about.
    pub subject: Subject,
    /// The rule's severity when it began.
    pub severity: Severity,
    /// Where it is in its life.
    pub state: State,
    /// When the condition first held, UTC.
    pub opened: DateTime<Utc>,
    /// When the first receivers were told, UTC.
    pub fired: Option<DateTime<Utc>>,
    /// When they were last told, UTC.
    pub told: Option<DateTime<Utc>>,
    /// When it ended, UTC.
    pub resolved: Option<DateTime<Utc>>,
    /// What was found, as it was last told.
    pub finding: Finding,
    /// Every cause that has been told of.
    pub causes: Vec<Cause>,
    /// The receivers that know of it.
    pub receivers: Vec<String>,
}

/// What happened to an incident in one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Its receivers are to be told for the first time.
    Firing,
    /// It still holds, and for a cause, or with an error, that nobody has been told of.
    Changed,
    /// It still holds, and its receivers asked to be told again.
    Reminder,
    /// It is over.
    Resolved,
    /// Nothing watches it any more: its rule or its source is gone from the configuration.
    Closed,
}

impl Event {
    /// The word used in JSON and in notification keys.
    pub fn word(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Changed => "changed",
            Self::Reminder => "reminder",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
        }
    }
}

/// An incident after a step, with what its receivers are to be told, if anything, and a word why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The incident as it is now.
    pub incident: Incident,
    /// What to tell.
    pub event: Option<Event>,
    /// Why it ended, where it did.
    pub why: Option<String>,
}

/// The next step in the life of `rule` on the judged subject. `None` if nothing changes.
pub fn step(rule: &Rule, open: Option<&Incident>, judgement: &Judgement, now: DateTime<Utc>) -> Option<Step> {
    match (open, &judgement.verdict) {
        // What is not known keeps things as they are.
        (_, Verdict::Unknown(_)) | (None, Verdict::Clear(_)) => None,
        (None, Verdict::Holds(finding)) => {
            let incident = Incident {
                rule: rule.name.clone(),
                subject: judgement.subject.clone(),
                severity: rule.severity,
                state: State::Pending,
                opened: now,
                fired: None,
                told: None,
                resolved: None,
                finding: (**finding).clone(),
                causes: vec![],
                receivers: vec![],
            };
            Some(if rule.hold.is_none() { fire(rule, incident, finding, now) } else { Step { incident, event: None, why: None } })
        }
        (Some(incident), Verdict::Holds(finding)) => match incident.state {
            State::Pending => rule.hold.is_none_or(|hold| now - incident.opened >= hold.delta()).then(|| fire(rule, incident.clone(), finding, now)),
            State::Firing => {
                let new_cause = finding.cause.filter(|(cause, _)| !incident.causes.contains(cause));
                let remind = rule.remind.zip(incident.told).is_some_and(|(remind, told)| now - told >= remind.delta());
                let changed = new_cause.is_some() || (finding.latest > incident.finding.latest && is_quiet(rule, incident, now));
                let event = if changed { Event::Changed } else { Event::Reminder };
                (changed || remind).then(|| {
                    let mut incident =
                        Incident { told: Some(now), finding: (**finding).clone(), receivers: joined(&incident.receivers, &rule.tell), ..incident.clone() };
                    incident.causes.extend(new_cause.map(|(cause, _)| cause));
                    Step { incident, event: Some(event), why: None }
                })
            }
            State::Resolved => None,
        },
        (Some(incident), Verdict::Clear(why)) => Some(end(incident, Event::Resolved, why, now)),
    }
}

/// Ends an incident that nothing watches any more; `why` says what is gone.
pub fn close(incident: &Incident, why: &str, now: DateTime<Utc>) -> Step {
    end(incident, Event::Closed, why, now)
}

fn fire(rule: &Rule, incident: Incident, finding: &Finding, now: DateTime<Utc>) -> Step {
    let incident = Incident {
        state: State::Firing,
        fired: Some(now),
        told: Some(now),
        finding: finding.clone(),
        causes: finding.cause.iter().map(|(cause, _)| *cause).collect(),
        receivers: rule.tell.clone(),
        ..incident
    };
    Step { incident, event: Some(Event::Firing), why: None }
}

/// Whether the last message is long enough ago for one that only says that there is more of the same kind: what comes in a burst is
/// told together, but before it leaves the rule's window.
fn is_quiet(rule: &Rule, incident: &Incident, now: DateTime<Utc>) -> bool {
    let pause = rule.condition.window().map_or(TOGETHER, |window| TOGETHER.min(window.delta() / 2));
    incident.told.is_none_or(|told| now - told >= pause)
}

/// Whoever was told that it fires is told that it ended; of a pending one nobody knows.
fn end(incident: &Incident, event: Event, why: &str, now: DateTime<Utc>) -> Step {
    let event = (incident.state == State::Firing).then_some(event);
    Step { incident: Incident { state: State::Resolved, resolved: Some(now), ..incident.clone() }, event, why: Some(why.to_owned()) }
}

fn joined(known: &[String], more: &[String]) -> Vec<String> {
    let mut all = known.to_vec();
    all.extend(more.iter().filter(|receiver| !known.contains(receiver)).cloned());
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::core::diagnosis::Confidence;
    use crate::core::rules::Condition;
    use crate::core::span::Span;

    fn rule(hold: Option<Span>, remind: Option<Span>) -> Rule {
        Rule { name: "r".into(), condition: Condition::source_failing(), hold, severity: Severity::Warning, remind, tell: vec!["team".into()] }
    }

    fn judged(verdict: char) -> Judgement {
        let verdict = match verdict {
            'h' => Verdict::Holds(Box::default()),
            'o' => Verdict::Holds(Box::new(Finding { cause: Some((Cause::Oom, Confidence::Proved)), ..Finding::default() })),
            'i' => Verdict::Holds(Box::new(Finding { cause: Some((Cause::ImportError, Confidence::Proved)), ..Finding::default() })),
            // Something that is newer than whatever was told before.
            'n' => Verdict::Holds(Box::new(Finding { latest: DateTime::from_timestamp(1, 0), ..Finding::default() })),
            'N' => Verdict::Holds(Box::new(Finding { latest: DateTime::from_timestamp(2, 0), ..Finding::default() })),
            'c' => Verdict::Clear("fine".into()),
            _ => Verdict::Unknown("no data".into()),
        };
        Judgement { subject: Subject::Total, verdict }
    }

    /// Runs verdicts a minute apart and gives the events with the minute they came in.
    fn run(rule: &Rule, verdicts: &str) -> Vec<(usize, Event)> {
        let mut open: Option<Incident> = None;
        let mut events = Vec::new();
        for (minute, verdict) in verdicts.chars().enumerate() {
            let now = DateTime::from_timestamp(minute as i64 * 60, 0).unwrap();
            if let Some(step) = step(rule, open.as_ref(), &judged(verdict), now) {
                events.extend(step.event.map(|event| (minute, event)));
                open = (step.incident.state != State::Resolved).then_some(step.incident);
            }
        }
        events
    }

    #[test]
    fn a_life_is_told_once_at_its_beginning_and_once_at_its_end() {
        for (hold, remind, verdicts, events) in [
            (None, None, "chhhhc", vec![(1, Event::Firing), (5, Event::Resolved)]),
            (None, None, "hc", vec![(0, Event::Firing), (1, Event::Resolved)]),
            (Some(2), None, "hhhhc", vec![(2, Event::Firing), (4, Event::Resolved)]),
            (Some(2), None, "hhchhc", vec![]),
            (Some(2), None, "huuhc", vec![(3, Event::Firing), (4, Event::Resolved)]),
            (None, Some(3), "hhhhhhhc", vec![(0, Event::Firing), (3, Event::Reminder), (6, Event::Reminder), (7, Event::Resolved)]),
            (None, None, "huuuuc", vec![(0, Event::Firing), (5, Event::Resolved)]),
            (None, Some(1), "huuu", vec![(0, Event::Firing)]),
            (None, None, "nnnnnnnnnnnnnc", vec![(0, Event::Firing), (13, Event::Resolved)]),
            (None, None, "nnNNNNNNNNNNNc", vec![(0, Event::Firing), (10, Event::Changed), (13, Event::Resolved)]),
            (None, None, "nnnnnnnnnnnnNnNc", vec![(0, Event::Firing), (12, Event::Changed), (15, Event::Resolved)]),
            (None, None, "oooiioic", vec![(0, Event::Firing), (3, Event::Changed), (7, Event::Resolved)]),
        ] {
            let minutes = |n: Option<u16>| n.map(Span::minutes);
            assert_eq!(run(&rule(minutes(hold), minutes(remind)), verdicts), events, "{verdicts}");
        }
    }

    proptest! {
        #[test]
        fn no_second_opening_without_an_end_and_no_end_without_an_opening(verdicts in "[hoicu]{0,60}", hold in prop::option::of(1u16..4), remind in prop::option::of(1u16..4)) {
            let mut firing = false;
            for (_, event) in run(&rule(hold.map(Span::minutes), remind.map(Span::minutes)), &verdicts) {
                match event {
                    Event::Firing => { prop_assert!(!firing); firing = true; }
                    Event::Reminder | Event::Changed => prop_assert!(firing),
                    Event::Resolved | Event::Closed => { prop_assert!(firing); firing = false; }
                }
            }
        }
    }
}
