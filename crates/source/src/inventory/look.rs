//! What every kind of things is looked at with: the account, the prices, and what was idle before.

use std::collections::BTreeMap;

use account::inventory::{IdleSince, MissingDatapoint, ResourceUsage, UsageWindow, usage};
use aws::prices::PriceTable;
use aws::{AwsClients, MetricDatapoint, MetricQuery};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use model::calendar::day_start;
use model::call_failure::CallFailure;
use model::glob::NamePattern;
use model::span::Span;
use rust_decimal::Decimal;

use crate::finder::FunctionFinder;

/// Metrics are asked for at least so far back, so that it can be said for how long a thing has been idle.
const LOOK_BACK: TimeDelta = TimeDelta::days(60);
/// Longer than this no metric is asked for at once: CloudWatch gives at most 1,440 points an answer.
const LONGEST: TimeDelta = TimeDelta::days(1_400);
/// Seconds per point: a UTC day.
const DAY: u32 = 86_400;

/// Since when things are idle of which AWS does not say it, by id.
pub(super) type IdleSinceById = BTreeMap<String, DateTime<Utc>>;

/// What a kind looks with.
pub(super) struct InventoryContext<'a> {
    pub(super) account: &'a AwsClients,
    pub(super) prices: &'a PriceTable,
    pub(super) now: DateTime<Utc>,
    pub(super) idle_after: Span,
    pub(super) functions: &'a [NamePattern],
    pub(super) finder: &'a FunctionFinder,
    /// The name of the source that looks.
    pub(super) source: &'a str,
    /// What was idle before, and since when.
    pub(super) remembered: Option<&'a IdleSinceById>,
}

impl InventoryContext<'_> {
    /// The functions that are looked at.
    pub(super) async fn functions(&self) -> Result<Vec<String>, CallFailure> {
        let (logs, functions) = (self.account.logs.as_ref(), self.account.functions.as_ref());
        self.finder.find(self.source, logs, functions, self.functions).await
    }

    /// What so many things, or GB, cost in a month, in US dollars.
    pub(super) fn monthly(&self, kind: &str, class: &str, count: impl Into<Decimal>) -> Option<Decimal> {
        self.prices.monthly(kind, class, &self.account.region, count.into())
    }

    /// Whether a thing is used, by a metric that counts its use. `why` stands before "for 21 days".
    pub(super) async fn use_by_metric(
        &self,
        query: &MetricQuery,
        created: Option<DateTime<Utc>>,
        gap: MissingDatapoint,
        why: &str,
    ) -> Result<ResourceUsage, CallFailure> {
        let back = (self.idle_after.delta() * 2).clamp(LOOK_BACK, LONGEST);
        let first = (self.now - back).date_naive();
        let from = day_start(first);
        let days = self.account.metrics.statistics(query, from, self.now, DAY).await?;
        let looked = UsageWindow { first, now: self.now, idle_after: self.idle_after, gap };
        Ok(usage(&by_day(&days), created, looked, why))
    }

    /// A thing that is idle now, and nothing says since when: since it was first seen so.
    pub(super) fn idle_since_seen(&self, id: &str, why: &str) -> ResourceUsage {
        let since = self.remembered.and_then(|known| known.get(id)).copied().unwrap_or(self.now).min(self.now);
        ResourceUsage::Idle(IdleSince { since, at_least: true, why: why.to_owned() })
    }
}

/// Whether each day with a point counted anything. A period is as long as a day, and may begin within one.
fn by_day(points: &[MetricDatapoint]) -> BTreeMap<NaiveDate, bool> {
    let mut days = BTreeMap::new();
    for point in points {
        *days.entry(point.at.date_naive()).or_insert(false) |= point.maximum > 0.0 || point.sum > 0.0;
    }
    days
}
