//! Actions of operators: silences and acknowledgements.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use model::glob::NamePattern;
use serde::{Deserialize, Serialize};

pub use super::ack::Acknowledgement;
use super::incident::Incident;

/// A silence: matching incidents cause no notifications until it ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Its number, by which it is ended.
    pub id: i64,
    /// Which rules, by name or pattern.
    pub rule: NamePattern,
    /// Which subjects, by their stable spelling or a pattern of it: `function:backend-*`.
    pub subject: NamePattern,
    /// When it begins, UTC.
    pub from: DateTime<Utc>,
    /// When it ends, UTC.
    pub until: DateTime<Utc>,
    /// Who has asked for it.
    pub author: String,
    /// Why.
    pub reason: String,
}

/// All current silences and acknowledgements.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OperatorActions {
    /// By number.
    pub silences: Vec<Silence>,
    /// By the incident's id.
    pub acks: BTreeMap<String, Acknowledgement>,
}

impl Silence {
    /// Whether it covers the incident at an instant.
    pub fn covers(&self, incident: &Incident, now: DateTime<Utc>) -> bool {
        self.from <= now
            && now < self.until
            && self.rule.fits(&incident.rule)
            && self.subject.fits(&incident.subject.to_string())
    }
}

impl OperatorActions {
    /// The silence that covers an incident for longest.
    pub fn silence(&self, incident: &Incident, now: DateTime<Utc>) -> Option<&Silence> {
        self.silences
            .iter()
            .filter(|silence| silence.covers(incident, now))
            .max_by_key(|silence| (silence.until, silence.id))
    }

    /// The silence that an incident has come and gone in.
    pub fn slept_through(&self, incident: &Incident) -> Option<&Silence> {
        let end = incident.resolved?;
        self.silences.iter().find(|silence| {
            silence.covers(incident, incident.opened) && (silence.until >= end || silence.covers(incident, end))
        })
    }

    /// The current acknowledgement of an incident. It ends when the incident gets worse.
    pub fn ack(&self, incident: &Incident) -> Option<&Acknowledgement> {
        self.acks.get(&incident.id).filter(|ack| ack.counts_after(incident.worsened))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::IncidentState;
    use crate::rules::{IncidentDetails, Severity};
    use model::subject::Subject;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(minute * 60, 0).unwrap()
    }

    fn incident() -> Incident {
        let finding = IncidentDetails::default();
        Incident {
            id: "i".into(),
            rule: "start-up".into(),
            subject: Subject::Function("backend-dev".into()),
            severity: Severity::Warning,
            state: IncidentState::Firing,
            opened: at(0),
            fired: Some(at(0)),
            told: Some(at(0)),
            clear_since: None,
            worsened: None,
            escalated: None,
            resolved: None,
            why: None,
            muted_by: None,
            finding,
            causes: vec![],
            receivers: vec![],
        }
    }

    #[test]
    fn an_ack_counts_until_the_incident_gets_worse() {
        for (acked, worsened, counts) in [(5, None, true), (5, Some(3), true), (5, Some(5), false), (5, Some(7), false)]
        {
            let orders = OperatorActions {
                acks: BTreeMap::from([(
                    "i".into(),
                    Acknowledgement { author: "jin".into(), at: at(acked), note: String::new() },
                )]),
                ..OperatorActions::default()
            };
            let incident = Incident { worsened: worsened.map(at), ..incident() };
            assert_eq!(orders.ack(&incident).is_some(), counts, "acked at {acked}, worse at {worsened:?}");
        }
    }

    #[test]
    fn a_silence_covers_what_fits_both_patterns_from_its_first_instant_until_its_end() {
        for (rule, subject, minute, covers) in [
            ("*", "*", 10, true),
            ("*", "*", 9, false),
            ("*", "*", 19, true),
            ("*", "*", 20, false),
            ("start-*", "function:*", 15, true),
            ("start-up", "function:backend-dev", 15, true),
            ("start", "*", 15, false),
            ("*", "backend-dev", 15, false),
            ("*", "service:*", 15, false),
        ] {
            let silence = Silence {
                id: 1,
                rule: rule.parse().unwrap(),
                subject: subject.parse().unwrap(),
                from: at(10),
                until: at(20),
                author: "jin".into(),
                reason: "r".into(),
            };
            assert_eq!(silence.covers(&incident(), at(minute)), covers, "{rule} {subject} {minute}");
        }
    }
}
