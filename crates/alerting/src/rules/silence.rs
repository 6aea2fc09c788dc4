//! `when.silence`: a source has not completed a poll for a given time.

use chrono::{DateTime, Utc};
use model::settings::{ReferenceKind, TableReader};
use model::span::{Span, spoken};
use model::subject::Subject;

use super::finding::IncidentDetails;
use super::measure::MeasuredValue;
use super::required_data::RequiredData;
use super::verdict::Judgement;
use crate::history::History;

/// The settings of `when.silence`.
#[derive(Debug, Clone)]
pub struct SilentSource {
    /// `watch.<name>` or `warm.<name>`; the bare name where only one of the two exists.
    source: String,
    longer_than: Span,
}

impl SilentSource {
    #[cfg(test)]
    pub(super) fn of(source: &str) -> Self {
        Self { source: source.to_owned(), longer_than: Span::hours(1) }
    }

    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let source = settings.mention("source", ReferenceKind::Source);
        let longer_than = settings.required("longer_than");
        Some(Self { source: source?, longer_than: longer_than? })
    }

    /// The maximum time without a complete answer.
    pub(crate) fn longer_than(&self) -> Span {
        self.longer_than
    }

    pub(super) fn is_measured(&self) -> bool {
        true
    }

    pub(super) fn required_data(&self) -> RequiredData {
        RequiredData::Signs
    }

    pub(super) fn window(&self) -> Option<Span> {
        None
    }

    pub(super) fn covers(&self, subject: &Subject) -> bool {
        matches!(subject, Subject::Source(name) if self.means(name))
    }

    fn means(&self, name: &str) -> bool {
        // A source of another region is meant too: `watch.logs@us-east-1`.
        let name = name.split_once('@').map_or(name, |(name, _)| name);
        name == self.source || name.split_once('.').is_some_and(|(_, bare)| bare == self.source)
    }

    pub(super) fn judge(&self, history: &History, now: DateTime<Utc>) -> Vec<Judgement> {
        let known = history.sources().filter(|(name, _)| self.means(name));
        let judge = |(name, state): (&str, &crate::history::SourceState)| {
            let subject = Subject::Source(name.to_owned());
            let since = state.answered.unwrap_or(state.since);
            let silent = now - since;
            if silent <= self.longer_than.delta() {
                return Judgement::clear(subject, "it answers again");
            }
            let mut facts = vec![(
                "Last complete answer".to_owned(),
                state.answered.map_or_else(|| "never".to_owned(), |at| at.format("%F %T UTC").to_string()),
            )];
            facts.extend(state.failing.as_ref().map(|failing| ("Last failure".to_owned(), failing.last.to_string())));
            let finding = IncidentDetails {
                headline: format!("{name} has not answered for {}", spoken(silent)),
                said: vec!["The state of what it watches is unknown since then.".to_owned()],
                facts,
                next_step: state
                    .failing
                    .as_ref()
                    .map_or_else(|| "Run `monitor check --live`.".to_owned(), |failing| failing.last.next_step.clone()),
                measure: Some(MeasuredValue {
                    value: silent.num_seconds().into(),
                    limit: self.longer_than.as_seconds().into(),
                }),
                ..IncidentDetails::default()
            };
            Judgement::holds(subject, finding)
        };
        known.map(judge).collect()
    }
}
