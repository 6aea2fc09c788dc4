//! Rules, history, open incidents and the time in; incident changes and notifications out. Nothing else decides.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::history::History;
use super::incident::{self, Incident, Step};
use super::notification::{Notification, notifications};
use super::rules::Rule;
use super::subject::Subject;

/// The incidents that are not over, by their identity.
pub type Open = BTreeMap<(String, Subject), Incident>;

/// What is to be committed, in one transaction.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// Incidents as they are now.
    pub incidents: Vec<Incident>,
    /// What is to be told.
    pub notifications: Vec<Notification>,
}

impl Decision {
    fn take(&mut self, step: Step, now: DateTime<Utc>) {
        self.notifications.extend(notifications(&step, now));
        self.incidents.push(step.incident);
    }

    /// Whether there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        self.incidents.is_empty() && self.notifications.is_empty()
    }
}

/// Judges every rule and steps every incident. The order of the result is that of the rules and of their subjects.
pub fn decide(rules: &[Rule], history: &History, open: &Open, now: DateTime<Utc>) -> Decision {
    let mut decision = Decision::default();
    for rule in rules {
        for judgement in rule.condition.judge(history, now) {
            // Nothing is open most of the time, and then no key need be made.
            let known = if open.is_empty() { None } else { open.get(&(rule.name.clone(), judgement.subject.clone())) };
            if let Some(step) = incident::step(rule, known, &judgement, now) {
                decision.take(step, now);
            }
        }
    }
    for incident in open.values() {
        if let Some(why) = orphaned(incident, rules, history) {
            decision.take(incident::close(incident, why, now), now);
        }
    }
    decision
}

/// Why nothing will ever judge an incident again, if so.
fn orphaned(incident: &Incident, rules: &[Rule], history: &History) -> Option<&'static str> {
    let Some(rule) = rules.iter().find(|rule| rule.name == incident.rule) else {
        return Some("its rule is no longer in the configuration");
    };
    if !rule.condition.covers(&incident.subject) {
        return Some("its rule no longer speaks of it");
    }
    let source_is_gone = matches!(&incident.subject, Subject::Source(name) if history.source(name).is_none());
    source_is_gone.then_some("its source is no longer in the configuration")
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::core::incident::{Event, State};
    use crate::core::observation::{CallFailure, FailureKind, Observation, What};
    use crate::core::rules::{Condition, Severity};

    fn rule() -> Rule {
        Rule {
            name: "r".into(),
            condition: Condition::source_failing(),
            hold: None,
            severity: Severity::Warning,
            remind: None,
            tell: vec!["team".into(), "me".into()],
        }
    }

    fn failing(source: &str, at: DateTime<Utc>) -> History {
        let mut history = History::default();
        history.watch(source, at);
        let failure = CallFailure { call: "c".into(), resource: "r".into(), kind: FailureKind::Denied, said: "no".into(), next_step: "allow it".into() };
        history.record(&Observation { at, seen: at, source: source.into(), what: What::Failed(failure) });
        history
    }

    #[test]
    fn each_receiver_is_told_once_of_each_step_and_nothing_is_told_twice() {
        let now: DateTime<Utc> = "2024-12-20T12:00:00Z".parse().unwrap();
        let history = failing("watch.x", now);
        let first = decide(&[rule()], &history, &Open::new(), now);
        assert_eq!(
            first.notifications.iter().map(|told| (told.receiver.as_str(), told.message.event)).collect::<Vec<_>>(),
            [("team", Event::Firing), ("me", Event::Firing)]
        );
        assert_eq!(first, decide(&[rule()], &history, &Open::new(), now), "the same in, the same out");
        let open: Open = first.incidents.into_iter().map(|incident| ((incident.rule.clone(), incident.subject.clone()), incident)).collect();
        assert!(decide(&[rule()], &history, &open, now + TimeDelta::hours(1)).is_empty());
    }

    #[test]
    fn what_nothing_watches_any_more_is_closed_with_the_reason() {
        let now: DateTime<Utc> = "2024-12-20T12:00:00Z".parse().unwrap();
        let first = decide(&[rule()], &failing("watch.x", now), &Open::new(), now);
        let open: Open = first.incidents.into_iter().map(|incident| ((incident.rule.clone(), incident.subject.clone()), incident)).collect();
        let narrower = Rule { condition: Condition::silence_of("watch.other"), ..rule() };
        for (rules, history, why) in [
            (vec![], failing("watch.x", now), "its rule is no longer in"),
            (vec![narrower], failing("watch.x", now), "its rule no longer speaks"),
            (vec![rule()], History::default(), "its source"),
        ] {
            let decision = decide(&rules, &history, &open, now);
            assert_eq!(decision.incidents[0].state, State::Resolved);
            assert!(decision.notifications.iter().all(|told| told.message.event == Event::Closed && told.message.why.as_deref().unwrap().starts_with(why)));
            assert_eq!(decision.notifications.len(), 2);
        }
    }
}
