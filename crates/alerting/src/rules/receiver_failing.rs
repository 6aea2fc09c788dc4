//! `when.receiver_failing`: somebody who should be told cannot be. It is there without being written, and is told to the
//! receiver's fallback, or to everybody else; writing it chooses who else is told.

use chrono::{DateTime, Utc};
use model::settings::Settings;
use model::span::Span;
use model::subject::Subject;

use super::finding::Finding;
use super::measure::Measure;
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
    pub(super) fn read(settings: &mut Settings<'_, '_>) -> Option<Self> {
        Some(Self { patience: settings.or("patience", Self::default().patience)? })
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
                Some(_) => Judgement::clear(subject, "it takes messages again"),
                None => Judgement::unknown(subject, "it has not been told anything yet"),
            };
        };
        let lasted = now - failing.since;
        if !failing.stopped && lasted < self.patience.delta() {
            return Judgement::unknown(subject, "it may pass by itself");
        }
        let (headline, said) = if failing.stopped {
            ("refuses to be told", "It refuses every message, and will until its settings are mended; it is tried again once an hour.")
        } else {
            ("cannot be told", "What it should be told waits, and is told when it answers again: what still fires then, and a list of what came and went.")
        };
        let finding = Finding {
            headline: format!("Receiver {name} {headline}: {}", failing.why),
            said: vec![said.to_owned()],
            facts: vec![("Since".to_owned(), failing.since.format("%F %T UTC").to_string()), ("Failed attempts".to_owned(), state.attempts.to_string())],
            next_step: format!("Run `monitor send-test {name}`, and mend what it says under [receiver.{name}]."),
            measure: Some(Measure { value: lasted.num_seconds().into(), limit: self.patience.as_seconds().into() }),
            ..Finding::default()
        };
        Judgement::holds(subject, finding)
    }
}
