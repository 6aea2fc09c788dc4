//! Stands in front of an account: every call is counted, priced, and refused once the month's cap is reached.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::prices::Prices;
use super::{Account, BilledDay, Billing, Bucket, Exports, Functions, Identity, Invoked, LogEvent, Logs, Metrics, Page};
use crate::clock::Clock;
use crate::core::billing::export::layout::Found;
use crate::core::calendar::Month;
use crate::core::money::{Usd, cents};
use crate::core::observation::{CallFailure, FailureKind, MetricPoint};
use crate::core::span::Span;

/// Calls of one operation on one UTC day that the store does not know yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    /// The UTC day.
    pub day: NaiveDate,
    /// As in an IAM policy.
    pub operation: String,
    /// US dollars per call.
    pub price: Decimal,
    /// How many calls.
    pub count: u64,
}

/// Counts and prices calls.
pub struct Meter {
    prices: Prices,
    cap: Usd,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    month: Option<Month>,
    /// US dollars spent in `month`, calls that are under way included.
    spent: Decimal,
    unsaved: BTreeMap<(NaiveDate, String, Decimal), u64>,
}

impl Meter {
    /// A meter that has counted nothing yet.
    pub fn new(prices: Prices, cap: Usd, clock: Arc<dyn Clock>) -> Self {
        Self { prices, cap, clock, state: Mutex::default() }
    }

    /// Puts back what the store knows of the current month.
    pub fn restore(&self, month: Month, spent: Decimal) {
        let mut state = self.state();
        state.month = Some(month);
        state.spent = spent;
    }

    /// The calls since this was last asked, for the store.
    pub fn take_unsaved(&self) -> Vec<Spent> {
        let unsaved = std::mem::take(&mut self.state().unsaved);
        unsaved.into_iter().map(|((day, operation, price), count)| Spent { day, operation, price, count }).collect()
    }

    /// The price table.
    pub fn prices(&self) -> &Prices {
        &self.prices
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the price of a call aside before it is made, so that calls under way at the same time cannot pass the cap together.
    fn reserve(&self, operation: &str, resource: &str) -> Result<Decimal, CallFailure> {
        let price = self.prices.call(operation).unwrap_or_default();
        let month = Month::of(self.clock.now().date_naive());
        let mut state = self.state();
        if state.month != Some(month) {
            state.month = Some(month);
            state.spent = Decimal::ZERO;
        }
        if !price.is_zero() && state.spent + price > self.cap.0 {
            return Err(CallFailure {
                call: operation.to_owned(),
                resource: resource.to_owned(),
                kind: FailureKind::CapReached,
                said: format!("the monitor's own calls have cost {} USD in {month}, and one more would pass the cap of {}", cents(state.spent), self.cap),
                next_step: "raise max_monthly_usd under [aws], poll less often, or wait for the next month".to_owned(),
            });
        }
        state.spent += price;
        Ok(price)
    }

    /// Books a call that was made. A refused one costs nothing; one whose answer never came may have been charged.
    fn book<T>(&self, operation: &str, price: Decimal, result: &Result<T, CallFailure>) {
        let charged = match result {
            Ok(_) => true,
            Err(failure) => failure.kind == FailureKind::NoAnswer,
        };
        let mut state = self.state();
        if !charged {
            state.spent -= price;
            return;
        }
        *state.unsaved.entry((self.clock.now().date_naive(), operation.to_owned(), price)).or_default() += 1;
    }

    async fn call<T>(&self, operation: &str, resource: &str, call: impl Future<Output = Result<T, CallFailure>>) -> Result<T, CallFailure> {
        let price = self.reserve(operation, resource)?;
        let result = call.await;
        self.book(operation, price, &result);
        result
    }
}

/// The account, with the meter in front of every call that can be billed. Pings are not among them: what they cost depends on
/// how long they run, and is priced from their REPORT line.
pub fn metered(account: Account, meter: &Arc<Meter>) -> Account {
    let metered = Arc::new(Metered { inner: account.clone(), meter: Arc::clone(meter) });
    Account {
        region: account.region,
        billing: metered.clone(),
        logs: metered.clone(),
        functions: metered.clone(),
        metrics: metered.clone(),
        identity: metered.clone(),
        exports: metered,
        log_budget: account.log_budget,
    }
}

struct Metered {
    inner: Account,
    meter: Arc<Meter>,
}

#[async_trait]
impl Billing for Metered {
    async fn cost_by_service(&self, from: NaiveDate, end: NaiveDate, token: Option<&str>) -> Result<Page<BilledDay>, CallFailure> {
        self.meter.call("ce:GetCostAndUsage", "the account's bill", self.inner.billing.cost_by_service(from, end, token)).await
    }
}

#[async_trait]
impl Logs for Metered {
    async fn log_groups(&self, prefix: &str, token: Option<&str>) -> Result<Page<String>, CallFailure> {
        self.meter.call("logs:DescribeLogGroups", prefix, self.inner.logs.log_groups(prefix, token)).await
    }

    async fn events(&self, group: &str, from_ms: i64, to_ms: i64, token: Option<&str>) -> Result<Page<LogEvent>, CallFailure> {
        self.meter.call("logs:FilterLogEvents", group, self.inner.logs.events(group, from_ms, to_ms, token)).await
    }
}

#[async_trait]
impl Functions for Metered {
    async fn invoke(&self, function: &str, payload: &str, give_up: Span) -> Result<Invoked, CallFailure> {
        self.inner.functions.invoke(function, payload, give_up).await
    }

    async fn may_invoke(&self, function: &str) -> Result<(), CallFailure> {
        self.inner.functions.may_invoke(function).await
    }

    async fn concurrency_limit(&self) -> Result<u32, CallFailure> {
        self.meter.call("lambda:GetAccountSettings", "the account", self.inner.functions.concurrency_limit()).await
    }
}

#[async_trait]
impl Metrics for Metered {
    async fn statistics(
        &self,
        function: &str,
        metric: &str,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        period: u32,
    ) -> Result<Vec<(DateTime<Utc>, MetricPoint)>, CallFailure> {
        self.meter.call("cloudwatch:GetMetricStatistics", function, self.inner.metrics.statistics(function, metric, from, to, period)).await
    }
}

#[async_trait]
impl Identity for Metered {
    async fn who(&self) -> Result<String, CallFailure> {
        self.inner.identity.who().await
    }
}

#[async_trait]
impl Exports for Metered {
    async fn objects(&self, bucket: &Bucket, token: Option<&str>) -> Result<Page<Found>, CallFailure> {
        self.meter.call("s3:ListBucket", &bucket.name, self.inner.exports.objects(bucket, token)).await
    }

    async fn fetch(&self, bucket: &Bucket, object: &Found, into: &mut File) -> Result<(), CallFailure> {
        self.meter.call("s3:GetObject", &object.path, self.inner.exports.fetch(bucket, object, into)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SimulatedClock;

    fn meter(cap: &str) -> Meter {
        let clock = SimulatedClock::starting_at("2024-12-31T23:00:00Z".parse().unwrap());
        Meter::new(Prices::built_in().unwrap(), Usd(cap.parse().unwrap()), Arc::new(clock))
    }

    fn ends(kind: Option<FailureKind>) -> Result<(), CallFailure> {
        kind.map_or(Ok(()), |kind| Err(CallFailure { call: String::new(), resource: String::new(), kind, said: String::new(), next_step: String::new() }))
    }

    /// Makes calls that end as told and gives how many were allowed and how many are booked.
    fn check(cap: &str, calls: &[Option<FailureKind>]) -> (usize, u64) {
        let meter = meter(cap);
        let allowed = calls
            .iter()
            .filter(|kind| meter.reserve("ce:GetCostAndUsage", "the bill").map(|price| meter.book("ce:GetCostAndUsage", price, &ends(**kind))).is_ok())
            .count();
        (allowed, meter.take_unsaved().iter().map(|spent| spent.count).sum())
    }

    #[test]
    fn only_calls_that_can_have_been_charged_count_against_the_cap() {
        use FailureKind::{Denied, NoAnswer, Unreachable};
        assert_eq!(check("0.03", &[None; 5]), (3, 3));
        assert_eq!(check("0.03", &[Some(Unreachable); 5]), (5, 0), "what was never sent costs nothing");
        assert_eq!(check("0.03", &[Some(Denied); 5]), (5, 0), "what was refused costs nothing");
        assert_eq!(check("0.03", &[Some(NoAnswer); 5]), (3, 3), "what was sent may have been charged");
    }

    #[test]
    fn calls_under_way_at_the_same_time_cannot_pass_the_cap_together() {
        let meter = meter("0.02");
        let first = [meter.reserve("ce:GetCostAndUsage", ""), meter.reserve("ce:GetCostAndUsage", "")];
        assert!(first.iter().all(Result::is_ok));
        let refused = meter.reserve("ce:GetCostAndUsage", "").unwrap_err();
        assert!(refused.kind == FailureKind::CapReached && refused.said.contains("0.02 USD in 2024-12"), "{refused}");
        assert!(meter.reserve("logs:FilterLogEvents", "").is_ok(), "free calls go on");
    }
}
