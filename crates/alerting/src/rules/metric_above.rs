//! `when.metric_above`: a CloudWatch metric of a function is above a limit.

use chrono::{DateTime, TimeDelta, Utc};
use model::glob::FunctionFilter;
use model::settings::TableReader;
use model::span::Span;
use model::subject::Subject;

use super::finding::IncidentDetails;
use super::measure::MeasuredValue;
use super::required_data::RequiredData;
use super::verdict::{Judgement, is_fresh};
use crate::history::History;
use crate::observation::{METRICS, MetricPoint};

/// CloudWatch needs some minutes before the points of a period are there.
const DELAY: TimeDelta = TimeDelta::minutes(10);

/// The settings of `when.metric_above`.
#[derive(Debug, Clone)]
pub struct MetricAbove {
    functions: FunctionFilter,
    metric: (&'static str, &'static str),
    statistic: Statistic,
    above: f64,
    within: Span,
}

#[derive(Debug, Clone, Copy)]
enum Statistic {
    Sum,
    Maximum,
    Average,
}

impl MetricAbove {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let functions = FunctionFilter::read(settings);
        let known: Vec<(&str, (&str, &str))> = METRICS.iter().map(|metric| (metric.0, *metric)).collect();
        let metric = settings.required::<String>("metric").and_then(|_| settings.word("metric", &known));
        let usual = if metric.is_some_and(|metric| matches!(metric.0, "Duration" | "ConcurrentExecutions")) {
            Statistic::Maximum
        } else {
            Statistic::Sum
        };
        let statistic = if settings.has("statistic") {
            settings.word(
                "statistic",
                &[("sum", Statistic::Sum), ("maximum", Statistic::Maximum), ("average", Statistic::Average)],
            )
        } else {
            Some(usual)
        };
        let above: Option<f64> = settings.required("above");
        if above.is_some_and(|above| !above.is_finite() || above < 0.0) {
            settings.problem("above", "`when.metric_above.above` must not be negative", "0 or more", None);
        }
        let within = settings.window("within", Span::minutes(15));
        Some(Self { functions: functions?, metric: metric?, statistic: statistic?, above: above?, within: within? })
    }

    /// Whether its metric counts failures or durations, which a failing init phase explains.
    pub(crate) fn is_about_failing(&self) -> bool {
        matches!(self.metric.0, "Errors" | "Duration")
    }

    pub(super) fn is_measured(&self) -> bool {
        true
    }

    pub(super) fn required_data(&self) -> RequiredData {
        RequiredData::Points
    }

    pub(super) fn window(&self) -> Option<Span> {
        Some(self.within)
    }

    pub(super) fn covers(&self, subject: &Subject) -> bool {
        self.functions.cover(subject)
    }

    pub(super) fn judge(&self, history: &History, now: DateTime<Utc>) -> Vec<Judgement> {
        let functions = history.functions_measured().filter(|(function, _)| self.functions.fit(function));
        functions.map(|(function, measured_up_to)| self.one(history, function, measured_up_to, now)).collect()
    }

    fn one(&self, history: &History, function: &str, measured_up_to: DateTime<Utc>, now: DateTime<Utc>) -> Judgement {
        let subject = Subject::Function(function.to_owned());
        let (metric, unit) = self.metric;
        // The window ends where CloudWatch's points end, which is some minutes ago.
        let recent: Vec<(DateTime<Utc>, &MetricPoint)> =
            history.points(function, metric, now - self.within.delta() - DELAY).collect();
        let end = recent.last().map_or(now, |(at, point)| *at + TimeDelta::seconds(i64::from(point.period)));
        let points: Vec<&MetricPoint> =
            recent.into_iter().filter(|(at, _)| end - *at <= self.within.delta()).map(|(_, point)| point).collect();
        if !is_fresh(measured_up_to, now, self.within) {
            return Judgement::unknown(subject, format!("the metrics have not been read since {measured_up_to}"));
        }
        if points.is_empty() {
            // CloudWatch has no points of minutes in which nothing was called.
            return Judgement::clear(subject, format!("no data for {metric} within {}", self.within));
        }
        let value = match self.statistic {
            Statistic::Sum => points.iter().map(|point| point.sum).sum(),
            Statistic::Maximum => points.iter().map(|point| point.maximum).fold(0.0, f64::max),
            Statistic::Average => points.iter().map(|point| point.average).sum::<f64>() / points.len() as f64,
        };
        if value <= self.above {
            return Judgement::clear(subject, format!("{metric} is {value:.0}{unit}"));
        }
        let next_step = match metric {
            "Throttles" => {
                "Compare with the account's concurrency limit (10 in many new accounts; ask for more under Service Quotas) and with the function's reserved concurrency."
            }
            "Errors" => "Read the function's log at that time; `monitor report` lists the causes.",
            "Duration" => {
                "Find a slow outgoing call; compare with the function's timeout and API Gateway's limit of 29 s."
            }
            _ => "Find which caller makes so many calls at once, and compare with the account's concurrency limit.",
        };
        let finding = IncidentDetails {
            headline: format!(
                "{function}: {metric} is {value:.0}{unit} within {}, over {}{unit}",
                self.within, self.above
            ),
            facts: vec![
                (format!("{metric}, {}", format!("{:?}", self.statistic).to_lowercase()), format!("{value:.0}{unit}")),
                ("Limit".to_owned(), format!("{}{unit}", self.above)),
            ],
            next_step: next_step.to_owned(),
            measure: MeasuredValue::of_floats(value, self.above),
            ..IncidentDetails::default()
        };
        Judgement::holds(subject, finding)
    }
}
