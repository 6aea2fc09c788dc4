//! `read.lambda_metrics`: errors, throttles, duration and concurrency of functions, from CloudWatch's own counters.
//! Throttled calls are not in any log, so this is the only way to see them.

use std::sync::Arc;

use alerting::observation::{METRICS, MetricPoint, ObservationBody, ReadUpTo};
use async_trait::async_trait;
use aws::policy::RequiredCall;
use aws::{AwsClients, LambdaApi, LogsApi, MetricDatapoint, MetricQuery, MetricsApi};
use chrono::{DateTime, TimeDelta, Utc};
use futures::StreamExt;
use model::glob::NamePattern;
use model::settings::TableReader;

use crate::finder::FunctionFinder;
use crate::metrics::statistics;
use crate::poll::{PollBuilder, PollOutput, Source};

const CALLS: &[&str] = &["cloudwatch:GetMetricStatistics", "logs:DescribeLogGroups", "lambda:ListFunctions"];

/// Points arrive some minutes late and may still grow, so each poll asks for the last hour again.
const LOOK_BACK: TimeDelta = TimeDelta::hours(1);
/// Seconds per point.
const PERIOD: u32 = 60;

/// The settings of `read.lambda_metrics`.
#[derive(Debug, Clone)]
pub struct LambdaMetrics {
    functions: Vec<NamePattern>,
}

impl LambdaMetrics {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        Some(Self { functions: settings.some("functions")? })
    }

    pub(super) fn calls(&self) -> Vec<RequiredCall> {
        RequiredCall::all(CALLS)
    }

    /// The same for another region, which need not have every function that is named.
    pub(super) fn elsewhere(self) -> Option<Self> {
        let functions = self.functions.into_iter().map(NamePattern::where_found).collect();
        Some(Self { functions })
    }

    pub(super) fn functions(&self) -> &[NamePattern] {
        &self.functions
    }

    pub(super) fn source(self, name: String, account: &AwsClients) -> impl Source + use<> {
        LambdaMetricsSource {
            name,
            settings: self,
            logs: Arc::clone(&account.logs),
            functions: Arc::clone(&account.functions),
            finder: FunctionFinder::default(),
            metrics: Arc::clone(&account.metrics),
        }
    }
}

struct LambdaMetricsSource {
    name: String,
    settings: LambdaMetrics,
    logs: Arc<dyn LogsApi>,
    functions: Arc<dyn LambdaApi>,
    finder: FunctionFinder,
    metrics: Arc<dyn MetricsApi>,
}

#[async_trait]
impl Source for LambdaMetricsSource {
    fn name(&self) -> &str {
        &self.name
    }

    async fn poll(&mut self, now: DateTime<Utc>) -> PollOutput {
        let mut poll = PollBuilder::new(&self.name, now);
        let (logs, functions) = (self.logs.as_ref(), self.functions.as_ref());
        let found = match self.finder.find(&self.name, logs, functions, &self.settings.functions).await {
            Ok(found) => found,
            Err(failure) => {
                poll.failed(failure);
                return poll.done();
            }
        };
        // Whole minutes, so that a point has the same start in every answer.
        let end = lambda_log::tally::minute_of(now) + TimeDelta::seconds(i64::from(PERIOD));
        let asked = found
            .iter()
            .flat_map(|function| METRICS.iter().map(move |(metric, _)| MetricQuery::of_function(function, metric)));
        let answers: Vec<_> =
            statistics(&self.metrics, asked.collect(), (end - LOOK_BACK, end), PERIOD).collect().await;
        for (function, answers) in found.iter().zip(answers.chunks(METRICS.len())) {
            let mut whole = true;
            for ((metric, _), answer) in METRICS.iter().zip(answers) {
                match answer {
                    Ok(points) => points
                        .iter()
                        .for_each(|read| poll.saw(read.at, ObservationBody::Metric(point(function, metric, *read)))),
                    Err(failure) => {
                        // One failure says it for the function; the next poll asks for the whole hour again.
                        if std::mem::replace(&mut whole, false) {
                            poll.failed(failure.clone());
                        }
                    }
                }
            }
            if whole {
                poll.saw(now, ObservationBody::MeasuredUpTo(ReadUpTo { function: function.clone() }));
            }
        }
        poll.done()
    }
}

fn point(function: &str, metric: &str, read: MetricDatapoint) -> MetricPoint {
    MetricPoint {
        function: function.to_owned(),
        metric: metric.to_owned(),
        period: PERIOD,
        sum: read.sum,
        maximum: read.maximum,
        average: read.average,
    }
}
