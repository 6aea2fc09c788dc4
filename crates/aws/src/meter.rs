//! The call meter: counts and prices every call, and refuses calls once the spending cap of the month is reached.

use std::collections::BTreeMap;
use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use billing::export::layout::ExportFile;
use chrono::{DateTime, NaiveDate, Utc};
use clock::Clock;
use model::calendar::Month;
use model::call_failure::{CallFailure, FailureKind};
use model::money::{Usd, cents};
use model::own_calls::{BookingOutcome, SpentCalls};
use model::span::Span;
use rust_decimal::Decimal;

use super::describing::{DescribeApi, DescribeCall};
use super::prices::PriceTable;
use super::resources::{DbInstance, EbsVolume, ElasticIp, LoadBalancer, NatGateway, ResourcesApi};
use super::{
    AccessKey, AwsClients, BilledDay, CallerIdentity, CostExplorerApi, CostQuery, ExportBucket, ExportsApi,
    IdentityApi, InvokeResponse, LambdaApi, LambdaFunctionSettings, LogClass, LogEvent, LogGroup, LogsApi,
    MetricDatapoint, MetricQuery, MetricsApi, ProvisionedConcurrency, ResultPage,
};

/// Where calls that cost something are written down before they are made, so that no crash loses one, and two processes
/// that share it cannot pass the cap together.
#[async_trait]
pub trait SpendRecorder: Send + Sync {
    /// Writes one call down, unless the month would then cost more than `cap`. The month is that of the day.
    ///
    /// # Errors
    /// If it cannot be written.
    async fn book(
        &self,
        day: NaiveDate,
        operation: &str,
        price: Decimal,
        cap: Decimal,
    ) -> Result<BookingOutcome, String>;

    /// Takes one call off again that was certainly not charged.
    ///
    /// # Errors
    /// If it cannot be written.
    async fn strike(&self, day: NaiveDate, operation: &str, price: Decimal) -> Result<(), String>;
}

/// Counts and prices calls.
pub struct CallMeter {
    prices: PriceTable,
    cap: Usd,
    clock: Arc<dyn Clock>,
    state: Mutex<CallMeterState>,
    /// Without one, what calls cost is only known to this process until the store is told.
    ledger: Option<Box<dyn SpendRecorder>>,
}

#[derive(Default)]
struct CallMeterState {
    month: Option<Month>,
    /// US dollars spent in `month`, calls that are under way included.
    spent: Decimal,
    unsaved: BTreeMap<(NaiveDate, String, Decimal), u64>,
}

impl CallMeter {
    /// A meter that has counted nothing yet.
    pub fn new(prices: PriceTable, cap: Usd, clock: Arc<dyn Clock>) -> Self {
        Self { prices, cap, clock, state: Mutex::default(), ledger: None }
    }

    /// The same meter, which records every billable call before it is made.
    #[must_use]
    pub fn with_ledger(self, ledger: impl SpendRecorder + 'static) -> Self {
        Self { ledger: Some(Box::new(ledger)), ..self }
    }

    /// Puts back what the store knows of the current month.
    pub fn restore(&self, month: Month, spent: Decimal) {
        let mut state = self.state();
        state.month = Some(month);
        state.spent = spent;
    }

    /// The calls since this was last asked, for the store.
    pub fn take_unsaved(&self) -> Vec<SpentCalls> {
        let unsaved = std::mem::take(&mut self.state().unsaved);
        unsaved
            .into_iter()
            .map(|((day, operation, price), count)| SpentCalls { day, operation, price, count })
            .collect()
    }

    /// The price table.
    pub fn prices(&self) -> &PriceTable {
        &self.prices
    }

    fn state(&self) -> MutexGuard<'_, CallMeterState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The price of a call in US dollars. A call without one is not made: unknown is not free.
    fn price(&self, operation: &str, resource: &str) -> Result<Decimal, CallFailure> {
        self.prices.call(operation).ok_or_else(|| CallFailure {
            call: operation.to_owned(),
            resource: resource.to_owned(),
            kind: FailureKind::Refused,
            said: "the price table has no price for this call, so it was not made".to_owned(),
            next_step: format!(
                "add a [[call]] with operation = \"{operation}\" to the table that `prices` under [aws] names"
            ),
        })
    }

    /// Sets the price of a call aside before it is made, so that calls under way at the same time cannot pass the cap
    /// together.
    fn reserve(&self, operation: &str, resource: &str) -> Result<Decimal, CallFailure> {
        let price = self.price(operation, resource)?;
        let month = Month::of(self.clock.now().date_naive());
        let mut state = self.state();
        if state.month != Some(month) {
            state.month = Some(month);
            state.spent = Decimal::ZERO;
        }
        // What is too large to be added is over any cap.
        let spent = state.spent.checked_add(price).filter(|spent| price.is_zero() || *spent <= self.cap.0);
        let Some(spent) = spent else { return Err(self.cap_reached(operation, resource, month, state.spent)) };
        state.spent = spent;
        Ok(price)
    }

    fn cap_reached(&self, operation: &str, resource: &str, month: Month, spent: Decimal) -> CallFailure {
        CallFailure {
            call: operation.to_owned(),
            resource: resource.to_owned(),
            kind: FailureKind::CapReached,
            said: format!("monitor's own calls have cost {} USD in {month}; one more would exceed the cap of {}", cents(spent), self.cap),
            next_step: "raise max_monthly_usd under [aws], poll less often, or wait for the next month; free sources such as `read.estimated_charges` continue"
                .to_owned(),
        }
    }

    /// Books a call that was made.
    fn book<T>(&self, operation: &str, price: Decimal, result: &Result<T, CallFailure>) {
        let mut state = self.state();
        if !was_charged(result) {
            state.spent -= price;
            return;
        }
        *state.unsaved.entry((self.clock.now().date_naive(), operation.to_owned(), price)).or_default() += 1;
    }

    async fn call<T>(
        &self,
        operation: &str,
        resource: &str,
        call: impl Future<Output = Result<T, CallFailure>>,
    ) -> Result<T, CallFailure> {
        let price = self.price(operation, resource)?;
        match self.ledger.as_ref().filter(|_| !price.is_zero()) {
            None => {
                let price = self.reserve(operation, resource)?;
                let result = call.await;
                self.book(operation, price, &result);
                result
            }
            Some(ledger) => self.call_by_ledger(ledger.as_ref(), (operation, price), resource, call).await,
        }
    }

    async fn call_by_ledger<T>(
        &self,
        ledger: &dyn SpendRecorder,
        (operation, price): (&str, Decimal),
        resource: &str,
        call: impl Future<Output = Result<T, CallFailure>>,
    ) -> Result<T, CallFailure> {
        let day = self.clock.now().date_naive();
        let unwritten = |why: String| CallFailure {
            call: operation.to_owned(),
            resource: resource.to_owned(),
            kind: FailureKind::Refused,
            said: format!("the price of {price} USD cannot be recorded: {why}"),
            next_step: "fix the store; until then no billable call is made".to_owned(),
        };
        match ledger.book(day, operation, price, self.cap.0).await.map_err(unwritten)? {
            BookingOutcome::CapReached(spent) => {
                return Err(self.cap_reached(operation, resource, Month::of(day), spent));
            }
            BookingOutcome::Yes => {}
        }
        let result = call.await;
        if !was_charged(&result)
            && let Err(why) = ledger.strike(day, operation, price).await
        {
            // Counted too much, which is the side that keeps the cap.
            tracing::error!("cannot remove the record of a call that was not charged: {why}");
        }
        result
    }
}

/// A refused call costs nothing; one whose answer never came may have been charged.
fn was_charged<T>(result: &Result<T, CallFailure>) -> bool {
    result.as_ref().err().is_none_or(|failure| failure.kind == FailureKind::NoAnswer)
}

/// The account, with the meter around every billable call. Pings are not among them: their price depends on
/// how long they run, and is priced from their REPORT line.
pub fn metered(account: AwsClients, meter: &Arc<CallMeter>) -> AwsClients {
    let through = Arc::new(MeteredClients { inner: account.clone(), meter: Arc::clone(meter) });
    AwsClients {
        region: account.region,
        others: account.others.into_iter().map(|other| metered(other, meter)).collect(),
        billing: through.clone(),
        logs: through.clone(),
        functions: through.clone(),
        metrics: through.clone(),
        resources: through.clone(),
        identity: through.clone(),
        describe: through.clone(),
        describe_pace: account.describe_pace,
        random_key: account.random_key,
        exports: through,
        prices: Arc::new(meter.prices.clone()),
        log_budget: account.log_budget,
    }
}

struct MeteredClients {
    inner: AwsClients,
    meter: Arc<CallMeter>,
}

#[async_trait]
impl CostExplorerApi for MeteredClients {
    async fn costs(&self, question: &CostQuery, token: Option<&str>) -> Result<ResultPage<BilledDay>, CallFailure> {
        self.meter.call("ce:GetCostAndUsage", "the account's bill", self.inner.billing.costs(question, token)).await
    }
}

#[async_trait]
impl LogsApi for MeteredClients {
    async fn log_groups(&self, prefix: &str, token: Option<&str>) -> Result<ResultPage<LogGroup>, CallFailure> {
        self.meter.call("logs:DescribeLogGroups", prefix, self.inner.logs.log_groups(prefix, token)).await
    }

    async fn log_groups_of(&self, class: LogClass, token: Option<&str>) -> Result<ResultPage<String>, CallFailure> {
        self.meter
            .call("logs:DescribeLogGroups", "groups that cost less", self.inner.logs.log_groups_of(class, token))
            .await
    }

    async fn events(
        &self,
        group: &str,
        from_ms: i64,
        to_ms: i64,
        token: Option<&str>,
    ) -> Result<ResultPage<LogEvent>, CallFailure> {
        self.meter.call("logs:FilterLogEvents", group, self.inner.logs.events(group, from_ms, to_ms, token)).await
    }
}

#[async_trait]
impl LambdaApi for MeteredClients {
    async fn list(&self, token: Option<&str>) -> Result<ResultPage<LambdaFunctionSettings>, CallFailure> {
        self.meter.call("lambda:ListFunctions", "the region's functions", self.inner.functions.list(token)).await
    }

    async fn invoke(&self, function: &str, payload: &str, give_up: Span) -> Result<InvokeResponse, CallFailure> {
        self.inner.functions.invoke(function, payload, give_up).await
    }

    async fn may_invoke(&self, function: &str) -> Result<(), CallFailure> {
        self.inner.functions.may_invoke(function).await
    }

    async fn concurrency_limit(&self) -> Result<u32, CallFailure> {
        self.meter.call("lambda:GetAccountSettings", "the account", self.inner.functions.concurrency_limit()).await
    }

    async fn provisioned(&self, function: &str) -> Result<Vec<ProvisionedConcurrency>, CallFailure> {
        self.meter
            .call("lambda:ListProvisionedConcurrencyConfigs", function, self.inner.functions.provisioned(function))
            .await
    }

    async fn memory_mb(&self, function: &str, qualifier: &str) -> Result<u32, CallFailure> {
        self.meter
            .call("lambda:GetFunctionConfiguration", function, self.inner.functions.memory_mb(function, qualifier))
            .await
    }
}

#[async_trait]
impl MetricsApi for MeteredClients {
    async fn statistics(
        &self,
        query: &MetricQuery,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        period: u32,
    ) -> Result<Vec<MetricDatapoint>, CallFailure> {
        self.meter
            .call(
                "cloudwatch:GetMetricStatistics",
                &query.subject(),
                self.inner.metrics.statistics(query, from, to, period),
            )
            .await
    }

    async fn list_metrics(
        &self,
        query: &MetricQuery,
        token: Option<&str>,
    ) -> Result<ResultPage<MetricQuery>, CallFailure> {
        self.meter.call("cloudwatch:ListMetrics", &query.subject(), self.inner.metrics.list_metrics(query, token)).await
    }
}

#[async_trait]
impl ResourcesApi for MeteredClients {
    async fn db_instances(&self) -> Result<Vec<DbInstance>, CallFailure> {
        self.meter.call("rds:DescribeDBInstances", "the account's databases", self.inner.resources.db_instances()).await
    }

    async fn nat_gateways(&self) -> Result<Vec<NatGateway>, CallFailure> {
        self.meter
            .call("ec2:DescribeNatGateways", "the account's NAT gateways", self.inner.resources.nat_gateways())
            .await
    }

    async fn addresses(&self) -> Result<Vec<ElasticIp>, CallFailure> {
        self.meter.call("ec2:DescribeAddresses", "the account's addresses", self.inner.resources.addresses()).await
    }

    async fn volumes(&self) -> Result<Vec<EbsVolume>, CallFailure> {
        self.meter.call("ec2:DescribeVolumes", "the account's volumes", self.inner.resources.volumes()).await
    }

    async fn load_balancers(&self) -> Result<Vec<LoadBalancer>, CallFailure> {
        self.meter
            .call(
                "elasticloadbalancing:DescribeLoadBalancers",
                "the account's load balancers",
                self.inner.resources.load_balancers(),
            )
            .await
    }

    async fn target_groups(&self, load_balancer: &str) -> Result<Vec<String>, CallFailure> {
        self.meter
            .call(
                "elasticloadbalancing:DescribeTargetGroups",
                load_balancer,
                self.inner.resources.target_groups(load_balancer),
            )
            .await
    }

    async fn targets(&self, group: &str) -> Result<usize, CallFailure> {
        self.meter.call("elasticloadbalancing:DescribeTargetHealth", group, self.inner.resources.targets(group)).await
    }
}

#[async_trait]
impl DescribeApi for MeteredClients {
    async fn ask(&self, call: &DescribeCall) -> Result<String, CallFailure> {
        self.meter.call(call.action, &call.resource, self.inner.describe.ask(call)).await
    }
}

#[async_trait]
impl IdentityApi for MeteredClients {
    async fn who(&self) -> Result<CallerIdentity, CallFailure> {
        self.inner.identity.who().await
    }

    async fn key(&self) -> Option<AccessKey> {
        self.inner.identity.key().await
    }

    async fn origin(&self) -> Vec<&'static str> {
        self.inner.identity.origin().await
    }
}

#[async_trait]
impl ExportsApi for MeteredClients {
    async fn objects(&self, bucket: &ExportBucket, token: Option<&str>) -> Result<ResultPage<ExportFile>, CallFailure> {
        self.meter.call("s3:ListBucket", &bucket.name, self.inner.exports.objects(bucket, token)).await
    }

    async fn fetch(&self, bucket: &ExportBucket, object: &ExportFile, into: &mut File) -> Result<(), CallFailure> {
        self.meter.call("s3:GetObject", &object.path, self.inner.exports.fetch(bucket, object, into)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clock::SimulatedClock;

    fn meter(cap: &str) -> CallMeter {
        let clock = SimulatedClock::starting_at("2024-12-31T23:00:00Z".parse().unwrap());
        CallMeter::new(PriceTable::built_in().unwrap(), Usd(cap.parse().unwrap()), Arc::new(clock))
    }

    fn ends(kind: Option<FailureKind>) -> Result<(), CallFailure> {
        kind.map_or(Ok(()), |kind| {
            Err(CallFailure {
                call: String::new(),
                resource: String::new(),
                kind,
                said: String::new(),
                next_step: String::new(),
            })
        })
    }

    /// Makes calls that end as told and gives how many were allowed and how many are booked.
    fn check(cap: &str, calls: &[Option<FailureKind>]) -> (usize, u64) {
        let meter = meter(cap);
        let allowed = calls
            .iter()
            .filter(|kind| {
                meter
                    .reserve("ce:GetCostAndUsage", "the bill")
                    .map(|price| meter.book("ce:GetCostAndUsage", price, &ends(**kind)))
                    .is_ok()
            })
            .count();
        (allowed, meter.take_unsaved().iter().map(|spent| spent.count).sum())
    }

    #[test]
    fn what_is_too_large_to_be_added_is_over_any_cap() {
        let meter = meter("999999999999");
        meter.restore(Month::of("2024-12-31".parse().unwrap()), Decimal::MAX);
        let refused = meter.reserve("ce:GetCostAndUsage", "the bill").unwrap_err();
        assert_eq!(refused.kind, FailureKind::CapReached);
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
    fn a_call_without_a_price_is_not_made() {
        let failure = meter("1").reserve("ce:Unheard", "the account's bill").unwrap_err();
        assert!(failure.kind == FailureKind::Refused && failure.said.contains("no price"), "{failure:?}");
        assert!(failure.next_step.contains("operation = \"ce:Unheard\""), "{failure:?}");
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
