//! `when.receiver_failing`: a receiver fails. The rule exists without being written, and notifies the
//! receiver's fallback, or all other receivers; write it to choose other receivers.

use chrono::{DateTime, Utc};
use model::settings::TableReader;
use model::span::Span;
use model::subject::Subject;

use super::finding::IncidentDetails;
use super::measure::MeasuredValue;
use super::required_data::RequiredData;
use super::verdict::Judgement;
use crate::history::{History, ReceiverState};

/// The settings of `when.receiver_failing`.
#[derive(Debug, Clone)]
pub struct ReceiverFailing {
    /// How long a failure that may pass by itself may last.
    patience: Span,
}

impl Default for ReceiverFailing {
    fn default() -> Self {
        Self { patience: Span::minutes(15) }
    }
}

impl ReceiverFailing {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        Some(Self { patience: settings.or("patience", Self::default().patience)? })
    }

    pub(super) fn is_measured(&self) -> bool {
        true
    }

    pub(super) fn required_data(&self) -> RequiredData {
        RequiredData::Answers
    }

    pub(super) fn window(&self) -> Option<Span> {
        None
    }

    pub(super) fn covers(&self, subject: &Subject) -> bool {
        matches!(subject, Subject::Receiver(_))
    }

    pub(super) fn judge(&self, history: &History, now: DateTime<Utc>) -> Vec<Judgement> {
        history.receivers().map(|(name, state)| self.one(name, state, now)).collect()
    }

    fn one(&self, name: &str, state: &ReceiverState, now: DateTime<Utc>) -> Judgement {
        let subject = Subject::Receiver(name.to_owned());
        let Some(failing) = &state.failing else {
            return match state.took {
                Some(_) => Judgement::clear(subject, "it accepts messages again"),
                None => Judgement::unknown(subject, "no message has been sent to it yet"),
            };
        };
        let lasted = now - failing.since;
        if !failing.stopped && lasted < self.patience.delta() {
            return Judgement::unknown(subject, "it may be temporary");
        }
        let (headline, said) = if failing.stopped {
            (
                "refuses all messages",
                "It will refuse every message until its settings are fixed. It is tried again once an hour.",
            )
        } else {
            (
                "is failing",
                "Its messages wait. When it works again, it gets the incidents still firing then and a list of those that began and ended.",
            )
        };
        let finding = IncidentDetails {
            headline: format!("Receiver {name} {headline}: {}", failing.why),
            said: vec![said.to_owned()],
            facts: vec![
                ("Since".to_owned(), failing.since.format("%F %T UTC").to_string()),
                ("Failed attempts".to_owned(), state.attempts.to_string()),
            ],
            next_step: format!("Run `monitor send-test {name}` and fix what it reports under [receiver.{name}]."),
            measure: Some(MeasuredValue {
                value: lasted.num_seconds().into(),
                limit: self.patience.as_seconds().into(),
            }),
            ..IncidentDetails::default()
        };
        Judgement::holds(subject, finding)
    }
}
