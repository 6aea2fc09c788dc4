//! Many metrics at once. `GetMetricStatistics` is free and gives one metric a call; `GetMetricData` gives 500 a call
//! and is billed for each of them (<https://aws.amazon.com/cloudwatch/pricing/>), so calls are made side by side
//! instead.

use std::sync::Arc;

use aws::{MetricDatapoint, MetricQuery, MetricsApi};
use chrono::{DateTime, Utc};
use futures::{Stream, StreamExt};
use model::call_failure::CallFailure;

/// The most calls that wait for their answers at the same time. With answers in 50 ms these are 160 calls a second, and
/// AWS allows 400: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html>
pub(crate) const MAX_CONCURRENT: usize = 8;

/// The statistics of each metric from a time to another, per `period` seconds, in the order in which they were asked
/// for.
pub(crate) fn statistics(
    metrics: &Arc<dyn MetricsApi>,
    queries: Vec<MetricQuery>,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    period: u32,
) -> impl Stream<Item = Result<Vec<MetricDatapoint>, CallFailure>> + Send + use<> {
    let metrics = Arc::clone(metrics);
    let call = move |query: MetricQuery| {
        let metrics = Arc::clone(&metrics);
        async move { metrics.statistics(&query, from, to, period).await }
    };
    futures::stream::iter(queries).map(call).buffered(MAX_CONCURRENT)
}

#[cfg(test)]
mod tests;
