//! The states of an incident (one rule on one subject): pending, firing, resolved.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use lambda_log::diagnosis::Cause;
use model::subject::Subject;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::ack::Acknowledgement;
use super::rules::{IncidentDetails, Judgement, Rule, Severity, Verdict};

/// How long news of an open incident are collected before its receivers are told of them.
const TOGETHER: TimeDelta = TimeDelta::minutes(10);

/// Where an incident is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentState {
    /// The condition holds, but not yet for long enough to fire.
    Pending,
    /// It holds, and its receivers are notified.
    Firing,
    /// It is over.
    Resolved,
}

impl IncidentState {
    /// The word used in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Firing => "firing",
            Self::Resolved => "resolved",
        }
    }
}

/// One life. At most one that is not over exists per rule and subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Its permanent id, made of the time it opened, the rule and the subject; it does not change when the rule is
    /// renamed. In the order of ids, older incidents come first. Empty only where a report reads a store that no daemon
    /// of this version has worked on yet.
    #[serde(default)]
    pub id: String,
    /// The rule's name.
    pub rule: String,
    /// Its subject.
    pub subject: Subject,
    /// The highest severity it has had.
    pub severity: Severity,
    /// Where it is in its life.
    pub state: IncidentState,
    /// When the condition first held, UTC.
    pub opened: DateTime<Utc>,
    /// When the first receivers were notified, UTC.
    pub fired: Option<DateTime<Utc>>,
    /// When they were last notified, UTC.
    pub told: Option<DateTime<Utc>>,
    /// Since when the condition has been clear while the incident keeps firing, UTC.
    #[serde(default)]
    pub clear_since: Option<DateTime<Utc>>,
    /// When its severity rose, UTC.
    #[serde(default)]
    pub worsened: Option<DateTime<Utc>>,
    /// When it escalated to further receivers, UTC.
    #[serde(default)]
    pub escalated: Option<DateTime<Utc>>,
    /// When it ended, UTC.
    pub resolved: Option<DateTime<Utc>>,
    /// Why it ended.
    #[serde(default)]
    pub why: Option<String>,
    /// The incident whose symptom it is: while that one fires, this one causes no notifications of its own.
    #[serde(default)]
    pub muted_by: Option<String>,
    /// The details of the last notification.
    pub finding: IncidentDetails,
    /// Every cause that was part of a notification.
    pub causes: Vec<Cause>,
    /// The receivers that are notified.
    pub receivers: Vec<String>,
}

/// The incidents that are not over, by their identity.
pub type OpenIncidents = BTreeMap<(String, Subject), Incident>;

impl Incident {
    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        self.state == IncidentState::Resolved
    }
}

/// What happened to an incident in one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentEvent {
    /// It still holds, and a reminder is due.
    Reminder,
    /// It still holds, with a new cause or error.
    Changed,
    /// It still holds, and its severity has risen.
    Worsened,
    /// It still holds, is not acknowledged, and escalates to further receivers.
    Escalated,
    /// Its receivers are notified for the first time.
    Firing,
    /// It is over.
    Resolved,
    /// Nothing watches it any more: its rule or its source is gone from the configuration.
    Closed,
}

impl IncidentEvent {
    /// Every event.
    pub const ALL: &'static [Self] =
        &[Self::Reminder, Self::Changed, Self::Worsened, Self::Escalated, Self::Firing, Self::Resolved, Self::Closed];

    /// The word used in JSON and in notification keys.
    pub fn word(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Changed => "changed",
            Self::Worsened => "worsened",
            Self::Escalated => "escalated",
            Self::Reminder => "reminder",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
        }
    }

    /// Whether it is the end of an incident.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Resolved | Self::Closed)
    }
}

/// An incident after a step, with the resulting notifications.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentStep {
    /// The incident after the step.
    pub incident: Incident,
    /// The events, each with its receivers.
    pub tell: Vec<(IncidentEvent, Vec<String>)>,
}

impl IncidentStep {
    fn silent(incident: Incident) -> Self {
        Self { incident, tell: vec![] }
    }
}

/// The next step in the life of `rule` on the judged subject. `None` if nothing changes.
///
/// Times of the incident in the future, because the clock was set back, count from `now` on.
pub fn step(
    rule: &Rule,
    open: Option<&Incident>,
    judgement: &Judgement,
    ack: Option<&Acknowledgement>,
    now: DateTime<Utc>,
) -> Option<IncidentStep> {
    match (open, &judgement.verdict) {
        // What is not known keeps things as they are.
        (_, Verdict::Unknown(_)) | (None, Verdict::Clear(_)) => None,
        (None, Verdict::Holds(finding)) => {
            let incident = opened(rule, &judgement.subject, finding, now);
            Some(if rule.hold.is_none() { fire(rule, incident, finding, now) } else { IncidentStep::silent(incident) })
        }
        (Some(incident), Verdict::Holds(finding)) => {
            let incident = anchored(incident, now);
            match incident.state {
                IncidentState::Pending => rule
                    .hold
                    .is_none_or(|hold| now - incident.opened >= hold.delta())
                    .then(|| fire(rule, incident, finding, now)),
                IncidentState::Firing => goes_on(rule, incident, finding, ack, now),
                IncidentState::Resolved => None,
            }
        }
        (Some(incident), Verdict::Clear(why)) => {
            let mut incident = anchored(incident, now);
            let keep = rule.keep_firing_for.filter(|_| incident.state == IncidentState::Firing);
            let Some(keep) = keep else { return Some(end(incident, IncidentEvent::Resolved, why, now)) };
            match incident.clear_since {
                Some(since) if now - since >= keep.delta() => Some(end(incident, IncidentEvent::Resolved, why, now)),
                Some(_) => None,
                None => {
                    incident.clear_since = Some(now);
                    Some(IncidentStep::silent(incident))
                }
            }
        }
    }
}

/// Closes an incident that nothing judges any more; `why` says what was removed.
pub fn close(incident: &Incident, why: &str, now: DateTime<Utc>) -> IncidentStep {
    end(anchored(incident, now), IncidentEvent::Closed, why, now)
}

fn opened(rule: &Rule, subject: &Subject, finding: &IncidentDetails, now: DateTime<Utc>) -> Incident {
    Incident {
        id: id(&rule.name, subject, now),
        rule: rule.name.clone(),
        subject: subject.clone(),
        severity: rule.severity_of(finding),
        state: IncidentState::Pending,
        opened: now,
        fired: None,
        told: None,
        clear_since: None,
        worsened: None,
        escalated: None,
        resolved: None,
        why: None,
        muted_by: None,
        finding: finding.clone(),
        causes: vec![],
        receivers: vec![],
    }
}

/// The second it opened and a hash of what it is, as hexadecimal digits: ids are in the order of age.
fn id(rule: &str, subject: &Subject, opened: DateTime<Utc>) -> String {
    format!(
        "{:08x}{:06x}",
        opened.timestamp(),
        xxh3_64(format!("{rule}\n{subject}\n{}", opened.timestamp_millis()).as_bytes()) >> 40
    )
}

fn fire(rule: &Rule, incident: Incident, finding: &IncidentDetails, now: DateTime<Utc>) -> IncidentStep {
    let incident = Incident {
        state: IncidentState::Firing,
        severity: incident.severity.max(rule.severity_of(finding)),
        fired: Some(now),
        told: Some(now),
        finding: finding.clone(),
        causes: finding.cause.iter().map(|(cause, _)| *cause).collect(),
        receivers: rule.tell.clone(),
        ..incident
    };
    IncidentStep { tell: vec![(IncidentEvent::Firing, incident.receivers.clone())], incident }
}

/// The condition of a firing incident still holds.
fn goes_on(
    rule: &Rule,
    mut incident: Incident,
    finding: &IncidentDetails,
    ack: Option<&Acknowledgement>,
    now: DateTime<Utc>,
) -> Option<IncidentStep> {
    let ack = ack.filter(|ack| ack.counts_after(incident.worsened));
    let severity = incident.severity.max(rule.severity_of(finding));
    let risen = rule.critical_at.is_some() && severity > incident.severity;
    let new_cause = finding.cause.filter(|(cause, _)| !incident.causes.contains(cause));
    let (waited, waits) = (incident.finding.is_wait(), finding.is_wait());
    // A wait that became a fault is told at once, and an acknowledgement of the wait is none of the fault.
    let failed = waited && !waits;
    let is_news = finding.latest > incident.finding.latest || (waits && !waited);
    let changed = failed || new_cause.is_some() || (is_news && is_quiet(rule, &incident, now));
    // A wait that is normal is told once.
    let remind = ack.is_none()
        && !waits
        && rule.remind.zip(incident.told).is_some_and(|(remind, told)| now - told >= remind.delta());
    let event = match (risen, changed, remind) {
        (true, ..) => Some(IncidentEvent::Worsened),
        (_, true, _) => Some(IncidentEvent::Changed),
        (.., true) => Some(IncidentEvent::Reminder),
        _ => None,
    };
    let mut tell = Vec::new();
    if let Some(event) = event {
        incident.told = Some(now);
        incident.finding = finding.clone();
        incident.receivers = joined(&incident.receivers, &rule.tell);
        incident.causes.extend(new_cause.map(|(cause, _)| cause));
        tell.push((event, incident.receivers.clone()));
    }
    if risen {
        (incident.severity, incident.worsened) = (severity, Some(now));
    }
    if failed {
        incident.worsened = Some(now);
    }
    let since = incident.worsened.filter(|_| incident.finding.fault.is_some()).or(incident.fired);
    let due = |after: model::span::Span| !waits && since.is_some_and(|since| now - since >= after.delta());
    if let Some(escalation) = rule
        .escalate
        .as_ref()
        .filter(|escalation| incident.escalated.is_none() && ack.is_none() && due(escalation.after))
    {
        let further: Vec<String> =
            escalation.tell.iter().filter(|receiver| !incident.receivers.contains(receiver)).cloned().collect();
        incident.escalated = Some(now);
        incident.finding = finding.clone();
        incident.receivers = joined(&incident.receivers, &further);
        if !further.is_empty() {
            tell.push((IncidentEvent::Escalated, further));
        }
        return Some(IncidentStep { incident: Incident { clear_since: None, ..incident }, tell });
    }
    let holds_again = incident.clear_since.take().is_some();
    // What is a symptom of what follows the link that is broken now.
    let moved = incident.finding.fault != finding.fault && incident.finding.is_wait() == waits;
    if moved {
        incident.finding.fault.clone_from(&finding.fault);
    }
    (holds_again || moved || !tell.is_empty()).then_some(IncidentStep { incident, tell })
}

/// The incident with no time ahead of the clock.
fn anchored(incident: &Incident, now: DateTime<Utc>) -> Incident {
    let past = |at: Option<DateTime<Utc>>| at.map(|at| at.min(now));
    Incident {
        opened: incident.opened.min(now),
        fired: past(incident.fired),
        told: past(incident.told),
        clear_since: past(incident.clear_since),
        worsened: past(incident.worsened),
        escalated: past(incident.escalated),
        ..incident.clone()
    }
}

/// Whether the last message is long enough ago for one that only says that there is more of the same kind: what comes
/// in a burst is told together, but before it leaves the rule's window.
fn is_quiet(rule: &Rule, incident: &Incident, now: DateTime<Utc>) -> bool {
    let pause = rule.condition.window().map_or(TOGETHER, |window| TOGETHER.min(window.delta() / 2));
    incident.told.is_none_or(|told| now - told >= pause)
}

/// Receivers that were told that it fires are told that it ended; of a pending one none was told.
fn end(incident: Incident, event: IncidentEvent, why: &str, now: DateTime<Utc>) -> IncidentStep {
    let told = incident.state == IncidentState::Firing && !incident.receivers.is_empty();
    let tell = if told { vec![(event, incident.receivers.clone())] } else { vec![] };
    IncidentStep {
        incident: Incident {
            state: IncidentState::Resolved,
            resolved: Some(now),
            why: Some(why.to_owned()),
            muted_by: None,
            ..incident
        },
        tell,
    }
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
    use crate::rules::{Condition, MeasuredValue, Times};
    use lambda_log::diagnosis::Confidence;
    use model::span::Span;

    fn rule(hold: Option<Span>, remind: Option<Span>) -> Rule {
        Rule { hold, remind, ..Rule::plain("r", Condition::source_failing(), vec!["team".into()]) }
    }

    fn judged(verdict: char) -> Judgement {
        let verdict = match verdict {
            'h' => Verdict::Holds(Box::default()),
            'o' => Verdict::Holds(Box::new(IncidentDetails {
                cause: Some((Cause::Oom, Confidence::Proved)),
                ..IncidentDetails::default()
            })),
            'i' => Verdict::Holds(Box::new(IncidentDetails {
                cause: Some((Cause::ImportError, Confidence::Proved)),
                ..IncidentDetails::default()
            })),
            // Something that is newer than whatever was told before.
            'n' => Verdict::Holds(Box::new(IncidentDetails {
                latest: DateTime::from_timestamp(1, 0),
                ..IncidentDetails::default()
            })),
            'N' => Verdict::Holds(Box::new(IncidentDetails {
                latest: DateTime::from_timestamp(2, 0),
                ..IncidentDetails::default()
            })),
            'c' => Verdict::Clear("fine".into()),
            _ => Verdict::Unknown("no data".into()),
        };
        Judgement { subject: Subject::Total, verdict }
    }

    /// Runs verdicts a minute apart and gives the events with the minute they came in.
    fn run(rule: &Rule, verdicts: &str) -> Vec<(usize, IncidentEvent)> {
        let mut open: Option<Incident> = None;
        let mut events = Vec::new();
        for (minute, verdict) in verdicts.chars().enumerate() {
            let now = DateTime::from_timestamp(minute as i64 * 60, 0).unwrap();
            if let Some(step) = step(rule, open.as_ref(), &judged(verdict), None, now) {
                events.extend(step.tell.iter().map(|(event, _)| (minute, *event)));
                open = (step.incident.state != IncidentState::Resolved).then_some(step.incident);
            }
        }
        events
    }

    #[test]
    fn a_life_is_told_once_at_its_beginning_and_once_at_its_end() {
        for (hold, remind, verdicts, events) in [
            (None, None, "chhhhc", vec![(1, IncidentEvent::Firing), (5, IncidentEvent::Resolved)]),
            (None, None, "hc", vec![(0, IncidentEvent::Firing), (1, IncidentEvent::Resolved)]),
            (Some(2), None, "hhhhc", vec![(2, IncidentEvent::Firing), (4, IncidentEvent::Resolved)]),
            (Some(2), None, "hhchhc", vec![]),
            (Some(2), None, "huuhc", vec![(3, IncidentEvent::Firing), (4, IncidentEvent::Resolved)]),
            (
                None,
                Some(3),
                "hhhhhhhc",
                vec![
                    (0, IncidentEvent::Firing),
                    (3, IncidentEvent::Reminder),
                    (6, IncidentEvent::Reminder),
                    (7, IncidentEvent::Resolved),
                ],
            ),
            (None, None, "huuuuc", vec![(0, IncidentEvent::Firing), (5, IncidentEvent::Resolved)]),
            (None, Some(1), "huuu", vec![(0, IncidentEvent::Firing)]),
            (None, None, "nnnnnnnnnnnnnc", vec![(0, IncidentEvent::Firing), (13, IncidentEvent::Resolved)]),
            (
                None,
                None,
                "nnNNNNNNNNNNNc",
                vec![(0, IncidentEvent::Firing), (10, IncidentEvent::Changed), (13, IncidentEvent::Resolved)],
            ),
            (
                None,
                None,
                "nnnnnnnnnnnnNnNc",
                vec![(0, IncidentEvent::Firing), (12, IncidentEvent::Changed), (15, IncidentEvent::Resolved)],
            ),
            (
                None,
                None,
                "oooiioic",
                vec![(0, IncidentEvent::Firing), (3, IncidentEvent::Changed), (7, IncidentEvent::Resolved)],
            ),
        ] {
            let minutes = |n: Option<u16>| n.map(Span::minutes);
            assert_eq!(run(&rule(minutes(hold), minutes(remind)), verdicts), events, "{verdicts}");
        }
    }

    /// A judgement a minute later, by a rule that may have been edited meanwhile.
    #[derive(Debug, Clone)]
    struct Act {
        severity: Severity,
        has_critical_at: bool,
        /// Times the limit, or nothing if the condition is clear.
        value: Option<u8>,
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let severity = prop::sample::select(vec![Severity::Info, Severity::Warning, Severity::Critical]);
        let act = (severity, any::<bool>(), prop::option::weighted(0.9, 1u8..4));
        prop::collection::vec(
            act.prop_map(|(severity, has_critical_at, value)| Act { severity, has_critical_at, value }),
            0..60,
        )
    }

    proptest! {
        #[test]
        fn severity_never_falls_while_an_incident_is_open_and_each_rise_is_told(acts in acts(), hold in prop::option::of(1u16..4), keep in prop::option::of(1u16..4)) {
            let mut open: Option<Incident> = None;
            for (minute, act) in acts.into_iter().enumerate() {
                let rule = Rule {
                    severity: act.severity,
                    critical_at: act.has_critical_at.then(|| Times(2.into())),
                    keep_firing_for: keep.map(Span::minutes),
                    ..rule(hold.map(Span::minutes), None)
                };
                let verdict = match act.value {
                    Some(value) => Verdict::Holds(Box::new(IncidentDetails { measure: Some(MeasuredValue { value: value.into(), limit: 1.into() }), ..IncidentDetails::default() })),
                    None => Verdict::Clear("fine".into()),
                };
                let now = DateTime::from_timestamp(minute as i64 * 60, 0).unwrap();
                let Some(IncidentStep { incident, tell }) = step(&rule, open.as_ref(), &Judgement { subject: Subject::Total, verdict }, None, now) else { continue };
                if let Some(before) = &open {
                    prop_assert!(incident.severity >= before.severity, "{:?} after {:?}", incident.severity, before.severity);
                    let is_told = tell.iter().any(|(event, _)| *event == IncidentEvent::Worsened);
                    prop_assert_eq!(is_told, before.state == IncidentState::Firing && incident.severity > before.severity);
                }
                open = (!incident.is_over()).then_some(incident);
            }
        }

        #[test]
        fn no_second_opening_without_an_end_and_no_end_without_an_opening(verdicts in "[hoicu]{0,60}", hold in prop::option::of(1u16..4), remind in prop::option::of(1u16..4)) {
            let mut firing = false;
            for (_, event) in run(&rule(hold.map(Span::minutes), remind.map(Span::minutes)), &verdicts) {
                match event {
                    IncidentEvent::Firing => { prop_assert!(!firing); firing = true; }
                    IncidentEvent::Reminder | IncidentEvent::Changed | IncidentEvent::Worsened | IncidentEvent::Escalated => prop_assert!(firing),
                    IncidentEvent::Resolved | IncidentEvent::Closed => { prop_assert!(firing); firing = false; }
                }
            }
        }
    }
}
