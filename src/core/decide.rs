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
            let known = open.get(&(rule.name.clone(), judgement.subject.clone()));
            if let Some(step) = incident::step(rule, known, &judgement, now) {
                decision.take(step, now);
            }
        }
    }
    for incident in open.values() {
        if !rules.iter().any(|rule| rule.name == incident.rule) {
            decision.take(incident::close(incident, "its rule is no longer in the configuration", now), now);
        } else if matches!(&incident.subject, Subject::Source(name) if history.source(name).is_none()) {
            decision.take(incident::close(incident, "its source is no longer in the configuration", now), now);
        }
    }
    decision
}
