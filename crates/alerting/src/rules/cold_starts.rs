//! `when.cold_starts`: too large a share of a function's invocations had to wait for a new environment.

use chrono::{DateTime, Utc};
use model::glob::FunctionFilter;
use model::money::Percent;
use model::settings::TableReader;
use model::span::Span;
use model::subject::Subject;
use rust_decimal::Decimal;

use super::finding::IncidentDetails;
use super::measure::MeasuredValue;
use super::required_data::RequiredData;
use super::verdict::{Judgement, is_fresh};
use crate::history::History;

/// The settings of `when.cold_starts`.
#[derive(Debug, Clone)]
pub struct ColdStarts {
    functions: FunctionFilter,
    share: Percent,
    within: Span,
    /// With fewer invocations a share says nothing.
    at_least: u32,
}

impl ColdStarts {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let functions = FunctionFilter::read(settings);
        let share = settings.or("share", Percent(Decimal::TEN));
        let within = settings.window("within", Span::hours(1));
        let at_least = settings.number("at_least", 20, 1..1_000_000_000);
        Some(Self { functions: functions?, share: share?, within: within?, at_least: at_least? })
    }

    pub(super) fn is_measured(&self) -> bool {
        true
    }

    pub(super) fn required_data(&self) -> RequiredData {
        RequiredData::Minutes
    }

    pub(super) fn window(&self) -> Option<Span> {
        Some(self.within)
    }

    pub(super) fn covers(&self, subject: &Subject) -> bool {
        self.functions.cover(subject)
    }

    pub(super) fn judge(&self, history: &History, now: DateTime<Utc>) -> Vec<Judgement> {
        let functions = history.functions_read().filter(|(function, _)| self.functions.fit(function));
        functions.map(|(function, read_up_to)| self.one(history, function, read_up_to, now)).collect()
    }

    fn one(&self, history: &History, function: &str, read_up_to: DateTime<Utc>, now: DateTime<Utc>) -> Judgement {
        let subject = Subject::Function(function.to_owned());
        if !is_fresh(read_up_to, now, self.within) {
            return Judgement::unknown(subject, format!("the log has not been read since {read_up_to}"));
        }
        let counted = history.counted(function, now - self.within.delta());
        if counted.invocations < u64::from(self.at_least) {
            return Judgement::unknown(subject, "too few invocations for a share");
        }
        let shown = format!("{} of {} invocations", counted.cold_waited, counted.invocations);
        if !self.share.exceeded_by(counted.cold_waited, counted.invocations) {
            return Judgement::clear(subject, format!("{shown} waited for a cold start"));
        }
        let finding = IncidentDetails {
            headline: format!("{function}: {shown} waited for a cold start within {}, over {}", self.within, self.share),
            facts: vec![("Waited for a cold start".to_owned(), shown), ("New environments in all".to_owned(), counted.cold.to_string()), ("Limit".to_owned(), self.share.to_string())],
            next_step: "Check whether calls overlap: one ping keeps one environment warm, so raise `concurrency` of the warm-up to the number of overlapping calls, or shorten the init phase.".to_owned(),
            measure: Some(MeasuredValue { value: (counted.cold_waited * 100).into(), limit: self.share.0 * Decimal::from(counted.invocations) }),
            ..IncidentDetails::default()
        };
        Judgement::holds(subject, finding)
    }
}
