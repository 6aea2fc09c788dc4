//! Decides incident changes and notifications from rules, history, open incidents and the time. Nothing else decides.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use model::subject::Subject;

use super::changed_before;
use super::history::{History, ReceiverState};
pub use super::incident::OpenIncidents;
use super::incident::{self, Incident, IncidentState, IncidentStep};
use super::muting::mute;
use super::notification::Notification;
use super::operator::OperatorActions;
use super::rules::Rule;
use super::terms::ReceiverPolicy;

/// The configured rules and receiver policies.
#[derive(Debug, Clone, Default)]
pub struct Rulebook {
    /// The rules.
    pub rules: Vec<Rule>,
    /// On which terms each receiver is.
    pub terms: BTreeMap<String, ReceiverPolicy>,
}

/// What is to be committed, in one transaction.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// Incidents as they are now.
    pub incidents: Vec<Incident>,
    /// The notifications.
    pub notifications: Vec<Notification>,
}

impl Decision {
    /// Whether there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        self.incidents.is_empty() && self.notifications.is_empty()
    }
}

/// The time at which to decide when the clock shows `clock` and the last incident that ended did so at `ended` (both
/// UTC): a later millisecond.
///
/// The id of an incident is made of the millisecond it opens in, so no incident may open in the one in which its
/// predecessor ended. The two are the same where the clock stands still. A clock that is more than a minute behind was
/// set back, and is followed.
pub fn decision_time(clock: DateTime<Utc>, ended: Option<DateTime<Utc>>) -> DateTime<Utc> {
    let is_taken = |ended: &DateTime<Utc>| {
        clock.timestamp_millis() <= ended.timestamp_millis() && *ended - clock <= TimeDelta::minutes(1)
    };
    ended.filter(is_taken).map_or(clock, |ended| ended + TimeDelta::milliseconds(1))
}

/// Judges every rule and steps every incident. The order of the result is that of the rules and of their subjects.
pub fn decide(
    book: &Rulebook,
    history: &History,
    open: &OpenIncidents,
    orders: &OperatorActions,
    now: DateTime<Utc>,
) -> Decision {
    let mut steps: Vec<IncidentStep> = Vec::new();
    for rule in &book.rules {
        let mut judgements = rule.condition.judge(history, now);
        let absent = open
            .keys()
            .filter(|(name, _)| *name == rule.name)
            .filter_map(|(_, subject)| rule.condition.judge_absent(subject, history, now));
        judgements.extend(absent);
        for judgement in judgements {
            // Nothing is open most of the time, and then no key need be made.
            let known = if open.is_empty() { None } else { open.get(&(rule.name.clone(), judgement.subject.clone())) };
            let judgement = changed_before::completed(judgement, history, known.map_or(now, |known| known.opened));
            steps.extend(incident::step(rule, known, &judgement, known.and_then(|known| orders.ack(known)), now));
        }
    }
    for incident in open.values() {
        if let Some(why) = orphaned(incident, &book.rules, history) {
            steps.push(incident::close(incident, why, now));
        }
    }
    mute(&book.rules, history, open, &mut steps);
    let mut decision = Decision::default();
    for IncidentStep { mut incident, tell } in steps {
        for (event, receivers) in tell {
            let told = addressees(&incident.subject, &receivers, book, history);
            let notification = |receiver: &String| Notification {
                incident: incident.id.clone(),
                receiver: receiver.clone(),
                event,
                at: now,
            };
            decision.notifications.extend(told.iter().map(notification));
            if !event.is_end() {
                // Receivers that are told that it fires are told how it ends.
                let further: Vec<String> =
                    told.into_iter().filter(|receiver| !incident.receivers.contains(receiver)).collect();
                incident.receivers.extend(further);
            }
        }
        decision.incidents.push(incident);
    }
    decision
}

/// Who is told in fact: nobody that he himself cannot be told, and in place of those that refuse everything their
/// fallbacks too.
fn addressees(subject: &Subject, receivers: &[String], book: &Rulebook, history: &History) -> Vec<String> {
    let fallback = |receiver: &str| book.terms.get(receiver).and_then(|terms| terms.fallback.clone());
    if let Subject::Receiver(failing) = subject {
        let others = || receivers.iter().filter(|receiver| *receiver != failing).cloned().collect();
        return fallback(failing).map_or_else(others, |fallback| vec![fallback]);
    }
    let mut told: Vec<String> = receivers.to_vec();
    for receiver in receivers {
        if let Some(fallback) =
            fallback(receiver).filter(|_| history.receiver(receiver).is_some_and(ReceiverState::has_stopped))
            && !told.contains(&fallback)
        {
            told.push(fallback);
        }
    }
    told
}

/// Why nothing will ever judge an incident again, if so.
fn orphaned(incident: &Incident, rules: &[Rule], history: &History) -> Option<&'static str> {
    let Some(rule) = rules.iter().find(|rule| rule.name == incident.rule) else {
        return Some("the rule was removed from the configuration");
    };
    if !rule.condition.covers(&incident.subject) {
        return Some("the rule no longer covers it");
    }
    match &incident.subject {
        Subject::Source(name) if history.source(name).is_none() => {
            Some("the source was removed from the configuration")
        }
        Subject::Receiver(name) if history.receiver(name).is_none() => {
            Some("the receiver was removed from the configuration")
        }
        _ => None,
    }
}

/// The open incidents under the names that their rules have now, and those that were renamed.
pub fn renamed(open: OpenIncidents, rules: &[Rule]) -> (OpenIncidents, Vec<Incident>) {
    let mut known = OpenIncidents::new();
    let mut changed = Vec::new();
    let (old, current): (Vec<_>, Vec<_>) =
        open.into_iter().partition(|((rule, _), _)| rules.iter().any(|new| new.was.contains(rule)));
    known.extend(current);
    for ((was, subject), incident) in old {
        let Some(rule) = rules.iter().find(|rule| rule.was.contains(&was)) else { continue };
        let identity = (rule.name.clone(), subject.clone());
        if known.contains_key(&identity) {
            // It is open under its new name already; under the old one nothing watches it any more.
            known.insert((was, subject), incident);
            continue;
        }
        let incident = Incident { rule: rule.name.clone(), ..incident };
        changed.push(incident.clone());
        known.insert(identity, incident);
    }
    (known, changed)
}

/// Headlines of the symptoms among the open incidents, by the id of their cause.
pub fn symptoms(open: &OpenIncidents) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for incident in open.values().filter(|incident| incident.state == IncidentState::Firing) {
        if let Some(cause) = &incident.muted_by {
            all.entry(cause.clone()).or_default().push(incident.finding.headline.clone());
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::incident::IncidentEvent;
    use crate::observation::{Observation, ObservationBody};
    use crate::rules::Condition;
    use model::call_failure::{CallFailure, FailureKind};

    fn rule() -> Rule {
        Rule::plain("r", Condition::source_failing(), vec!["team".into(), "me".into()])
    }

    fn book(rules: Vec<Rule>) -> Rulebook {
        Rulebook { rules, terms: BTreeMap::new() }
    }

    fn judged(rules: Vec<Rule>, history: &History, open: &OpenIncidents, now: DateTime<Utc>) -> Decision {
        decide(&book(rules), history, open, &OperatorActions::default(), now)
    }

    fn open(decision: Decision) -> OpenIncidents {
        decision
            .incidents
            .into_iter()
            .map(|incident| ((incident.rule.clone(), incident.subject.clone()), incident))
            .collect()
    }

    fn failing(source: &str, at: DateTime<Utc>) -> History {
        let mut history = History::default();
        history.watch(source, at);
        let failure = CallFailure {
            call: "c".into(),
            resource: "r".into(),
            kind: FailureKind::Denied,
            said: "no".into(),
            next_step: "allow it".into(),
        };
        history.record(&Observation { at, seen: at, source: source.into(), what: ObservationBody::Failed(failure) });
        history
    }

    #[test]
    fn each_receiver_is_told_once_of_each_step_and_nothing_is_told_twice() {
        let now: DateTime<Utc> = "2024-12-20T12:00:00Z".parse().unwrap();
        let history = failing("watch.x", now);
        let first = judged(vec![rule()], &history, &OpenIncidents::new(), now);
        assert_eq!(
            first.notifications.iter().map(|told| (told.receiver.as_str(), told.event)).collect::<Vec<_>>(),
            [("team", IncidentEvent::Firing), ("me", IncidentEvent::Firing)]
        );
        assert_eq!(first, judged(vec![rule()], &history, &OpenIncidents::new(), now), "the same in, the same out");
        assert!(judged(vec![rule()], &history, &open(first), now + TimeDelta::hours(1)).is_empty());
    }

    #[test]
    fn an_incident_that_opens_where_the_clock_stands_still_has_an_id_of_its_own() {
        let noon: DateTime<Utc> = "2024-12-20T12:00:00Z".parse().unwrap();
        let (bad, good) = (failing("watch.x", noon), {
            let mut history = History::default();
            history.watch("watch.x", noon);
            history.record(&Observation {
                at: noon,
                seen: noon,
                source: "watch.x".into(),
                what: ObservationBody::Answered,
            });
            history
        });
        let mut ids = BTreeSet::new();
        let mut ended = None;
        for _ in 0..3 {
            let first = judged(vec![rule()], &bad, &OpenIncidents::new(), decision_time(noon, ended));
            ids.insert(first.incidents[0].id.clone());
            let end = judged(vec![rule()], &good, &open(first), decision_time(noon, ended));
            assert!(end.incidents[0].is_over());
            ended = end.incidents[0].resolved;
        }
        assert_eq!(ids.len(), 3);
        for (clock, ended, decided) in
            [(0, None, 0), (0, Some(0), 1), (0, Some(-1), 0), (0, Some(60_000), 60_001), (0, Some(60_001), 0)]
        {
            let at = |ms: i64| noon + TimeDelta::milliseconds(ms);
            assert_eq!(decision_time(at(clock), ended.map(at)), at(decided), "{clock} after {ended:?}");
        }
    }

    #[test]
    fn what_nothing_watches_any_more_is_closed_with_the_reason() {
        let now: DateTime<Utc> = "2024-12-20T12:00:00Z".parse().unwrap();
        let open = open(judged(vec![rule()], &failing("watch.x", now), &OpenIncidents::new(), now));
        let narrower = Rule { condition: Condition::silence_of("watch.other"), ..rule() };
        for (rules, history, why) in [
            (vec![], failing("watch.x", now), "the rule was removed"),
            (vec![narrower], failing("watch.x", now), "the rule no longer covers"),
            (vec![rule()], History::default(), "the source was removed"),
        ] {
            let decision = judged(rules, &history, &open, now);
            assert_eq!(decision.incidents[0].state, IncidentState::Resolved);
            assert!(decision.incidents[0].why.as_deref().unwrap().starts_with(why));
            assert!(decision.notifications.iter().all(|told| told.event == IncidentEvent::Closed));
            assert_eq!(decision.notifications.len(), 2);
        }
    }
}
