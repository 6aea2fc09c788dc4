//! Says of each incident whose symptom it is: of those that one fault explains, one is told, and the others are held
//! back.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use model::subject::Subject;

use crate::endpoint_symptoms;
use crate::history::History;
use crate::incident::{Incident, IncidentState, IncidentStep, OpenIncidents};
use crate::rules::Rule;

/// A firing incident with its rule.
#[derive(Clone, Copy)]
struct Firing<'a> {
    incident: &'a Incident,
    rule: &'a Rule,
}

impl Firing<'_> {
    /// The older one of two is the cause where each explains the other.
    fn age(&self) -> (Option<DateTime<Utc>>, &str, &Subject) {
        (self.incident.fired, &self.incident.rule, &self.incident.subject)
    }

    fn is_explained_by(self, cause: Self) -> bool {
        if cause.incident.id == self.incident.id {
            return false;
        }
        let is_of_one = cause.incident.subject == self.incident.subject
            // Missing credentials are what a blind source fails for.
            || cause.incident.subject == Subject::Credentials;
        let by_rule = || {
            cause.rule.mutes.contains(&self.rule.name)
                || cause.rule.condition.explains(&cause.incident.causes, &self.rule.condition, &self.incident.causes)
        };
        (is_of_one && by_rule())
            || endpoint_symptoms::explains((cause.rule, cause.incident), (self.rule, self.incident))
    }
}

/// The firing incidents, by what may explain what.
#[derive(Default)]
struct FiringIncidents<'a> {
    by_subject: BTreeMap<&'a Subject, Vec<Firing<'a>>>,
    /// What one endpoint is down for may be what another one is down for.
    endpoints: Vec<Firing<'a>>,
}

impl<'a> FiringIncidents<'a> {
    fn of(all: impl Iterator<Item = &'a Incident>, rules: &'a [Rule], history: &History) -> Self {
        let rules: BTreeMap<&str, &Rule> = rules.iter().map(|rule| (rule.name.as_str(), rule)).collect();
        let mut firing = Self::default();
        for incident in all.filter(|incident| incident.state == IncidentState::Firing) {
            let Some(rule) = rules.get(incident.rule.as_str()) else { continue };
            let one = Firing { incident, rule };
            match &incident.subject {
                Subject::Endpoint(_) => firing.endpoints.push(one),
                subject => firing.by_subject.entry(subject).or_default().push(one),
            }
        }
        for credentials in firing.by_subject.remove(&Subject::Credentials).unwrap_or_default() {
            for (subject, related) in &mut firing.by_subject {
                let Subject::Source(name) = subject else { continue };
                if history.source(name).is_some_and(|state| state.without_credentials().is_some()) {
                    related.push(credentials);
                }
            }
        }
        for related in firing.by_subject.values_mut().chain([&mut firing.endpoints]) {
            related.sort_by(|one, other| one.age().cmp(&other.age()));
        }
        firing
    }

    /// Those that may explain one, by age.
    fn related(&self, one: Firing<'a>) -> impl Iterator<Item = Firing<'a>> + '_ {
        let function = || Some(Subject::Function(one.incident.finding.fault.as_ref()?.function.clone()?));
        let groups = match &one.incident.subject {
            Subject::Endpoint(_) => {
                [function().and_then(|subject| self.by_subject.get(&subject)), Some(&self.endpoints)]
            }
            subject => [self.by_subject.get(subject), None],
        };
        groups.into_iter().flatten().flatten().copied()
    }

    /// The incident that explains `symptom`, and that nothing explains in its turn.
    fn root_of(&self, symptom: Firing<'a>) -> Option<Firing<'a>> {
        // Where two explain each other, the older one is the cause: one step up is always to an incident that does not
        // explain back, or is older.
        let up = |from: Firing<'a>| {
            self.related(from).find(|cause| {
                from.is_explained_by(*cause) && (cause.age() < from.age() || !cause.is_explained_by(from))
            })
        };
        let mut root = up(symptom)?;
        let mut met = BTreeSet::from([symptom.incident.id.as_str()]);
        while met.insert(&root.incident.id) {
            match up(root) {
                Some(further) if !met.contains(further.incident.id.as_str()) => root = further,
                _ => break,
            }
        }
        Some(root)
    }

    fn all(&self) -> impl Iterator<Item = Firing<'a>> + '_ {
        self.by_subject.values().filter(|related| related.len() > 1).flatten().chain(&self.endpoints).copied()
    }
}

/// Says of each incident whose symptom it is. A change of that is a step of its own.
pub(crate) fn mute(rules: &[Rule], history: &History, open: &OpenIncidents, steps: &mut Vec<IncidentStep>) {
    let stepped: BTreeSet<String> = steps.iter().map(|step| step.incident.id.clone()).collect();
    let others = open.values().filter(|incident| !stepped.contains(&incident.id));
    let firing = FiringIncidents::of(steps.iter().map(|step| &step.incident).chain(others), rules, history);
    let mut causes: BTreeMap<String, String> = BTreeMap::new();
    for symptom in firing.all() {
        if let Some(cause) = firing.root_of(symptom) {
            causes.insert(symptom.incident.id.clone(), cause.incident.id.clone());
        }
    }
    let muted: Vec<Incident> = open
        .values()
        .filter(|incident| !stepped.contains(&incident.id) && incident.muted_by.as_ref() != causes.get(&incident.id))
        .map(|incident| Incident { muted_by: causes.get(&incident.id).cloned(), ..incident.clone() })
        .collect();
    for step in steps.iter_mut() {
        step.incident.muted_by = causes.get(&step.incident.id).cloned();
    }
    steps.extend(muted.into_iter().map(|incident| IncidentStep { incident, tell: vec![] }));
}
