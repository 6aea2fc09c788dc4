//! `when.duration_above`: too many of a function's invocations take too long.

use chrono::{DateTime, Utc};
use lambda_log::tally::InvocationCounts;
use model::glob::FunctionFilter;
use model::settings::TableReader;
use model::span::{Latency, Span};
use model::subject::Subject;

use super::finding::IncidentDetails;
use super::measure::MeasuredValue;
use super::required_data::RequiredData;
use super::verdict::{Judgement, is_fresh};
use crate::history::History;

/// The quantiles that can be asked for, with what each is called in a message.
const QUANTILES: &[(&str, Quantile)] = &[
    ("p50", Quantile { percent: 50, name: "p50" }),
    ("p90", Quantile { percent: 90, name: "p90" }),
    ("p95", Quantile { percent: 95, name: "p95" }),
    ("p99", Quantile { percent: 99, name: "p99" }),
    ("max", Quantile { percent: 100, name: "the longest" }),
];

#[derive(Debug, Clone, Copy)]
struct Quantile {
    percent: u8,
    name: &'static str,
}

/// The settings of `when.duration_above`.
#[derive(Debug, Clone)]
pub struct DurationAbove {
    functions: FunctionFilter,
    quantile: Quantile,
    limit: Latency,
    within: Span,
    /// With fewer invocations a quantile says nothing.
    at_least: u32,
}

impl DurationAbove {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let functions = FunctionFilter::read(settings);
        let quantile = if settings.has("quantile") {
            settings.word("quantile", QUANTILES)
        } else {
            Some(Quantile { percent: 95, name: "p95" })
        };
        let limit = settings.required("limit");
        let within = settings.window("within", Span::minutes(15));
        let at_least = settings.number("at_least", 20, 1..1_000_000_000);
        Some(Self { functions: functions?, quantile: quantile?, limit: limit?, within: within?, at_least: at_least? })
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
        let counted = history.counted_with_durations(function, now - self.within.delta());
        let enough = counted.durations.count() >= u64::from(self.at_least);
        let Some(duration) = counted.durations.quantile(self.quantile.percent).filter(|_| enough) else {
            return Judgement::unknown(subject, format!("too few durations for {}", self.quantile.name));
        };
        let shown = format!(
            "{} of {} invocations is {}",
            self.quantile.name,
            counted.durations.count(),
            Latency::shown(duration)
        );
        if duration <= self.limit.milliseconds() {
            return Judgement::clear(subject, shown);
        }
        let finding = IncidentDetails {
            measure: MeasuredValue::of_floats(duration, self.limit.milliseconds()),
            ..self.finding(function, &shown, &counted)
        };
        Judgement::holds(subject, finding)
    }

    fn finding(&self, function: &str, shown: &str, counted: &InvocationCounts) -> IncidentDetails {
        let durations = &counted.durations;
        let mut facts = vec![("Limit".to_owned(), format!("{} for {}", self.limit, self.quantile.name))];
        for (label, percent) in [("Median", 50), ("p95", 95), ("Longest", 100)] {
            facts.extend(durations.quantile(percent).map(|ms| (label.to_owned(), Latency::shown(ms))));
        }
        facts.push(("Invocations".to_owned(), format!("{} within {}", durations.count(), self.within)));
        facts.extend(
            [("In a new environment", counted.cold), ("Timeouts", counted.timeouts)]
                .map(|(label, count)| (label.to_owned(), count.to_string())),
        );
        let next_step = if counted.timeouts > 0 {
            "Check the timeouts first: each lasts as long as the function's timeout. `monitor report` lists their causes."
        } else if self.may_be_start_up(counted) {
            "As many invocations started a new environment as are slow, so these may be the same ones: compare their durations in the log. Work that the handler does only on its first call counts into that duration."
        } else {
            "Find the call that a slow invocation waits for in its log, such as a database or another API, and set a timeout for it. API Gateway ends a request after 29 s, independent of the function's timeout."
        };
        IncidentDetails {
            headline: format!("{function}: {shown} within {}, over {}", self.within, self.limit),
            facts,
            next_step: next_step.to_owned(),
            ..IncidentDetails::default()
        }
    }

    /// Whether at least as many invocations met a new environment as are slower than the quantile.
    fn may_be_start_up(&self, counted: &InvocationCounts) -> bool {
        counted.cold > 0
            && counted.cold.saturating_mul(100)
                >= counted.durations.count().saturating_mul(u64::from(100 - self.quantile.percent.min(100)))
    }
}
