//! `read.estimated_charges`: CloudWatch's metric `EstimatedCharges`, AWS's estimate of the month so far. It is some
//! hours late, but a day or two before the bill; both calls are free.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/billing-metricscollected.html>

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use alerting::observation::ObservationBody;
use async_trait::async_trait;
use aws::policy::RequiredCall;
use aws::{AwsClients, MetricQuery, MetricsApi, paging};
use billing::early::{EarlyCost, EarlyFigure, EarlyOrigin, since_reset};
use billing::services;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use model::call_failure::{CallFailure, FailureKind};
use model::glob::NamePattern;
use model::money::Money;
use model::settings::TableReader;
use rust_decimal::Decimal;

use crate::exact::bounded;
use crate::poll::{PollBuilder, PollOutput, Source};

const CALLS: &[&str] = &["cloudwatch:ListMetrics", "cloudwatch:GetMetricStatistics"];

/// The only region that keeps the metric, whatever regions are used.
const REGION: &str = "us-east-1";
const NAMESPACE: &str = "AWS/Billing";
const METRIC: &str = "EstimatedCharges";
/// Each poll asks so far back: over the night of the 1st, on which the count begins anew.
const LOOK_BACK: TimeDelta = TimeDelta::days(3);
/// Seconds per point. AWS counts a few times a day; an hour says well enough when.
const PERIOD: u32 = 3600;

/// The settings of `read.estimated_charges`.
#[derive(Debug, Clone)]
pub struct EstimatedCharges {
    /// Whether each service is read too, a call for each.
    services: bool,
}

impl EstimatedCharges {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        Some(Self { services: settings.or("services", false)? })
    }

    pub(super) fn calls(&self) -> Vec<RequiredCall> {
        RequiredCall::all(CALLS)
    }

    /// The same for another region. The estimate is the account's.
    pub(super) fn elsewhere(self) -> Option<Self> {
        None
    }

    pub(super) fn functions(&self) -> &[NamePattern] {
        &[]
    }

    pub(super) fn source(self, name: String, account: &AwsClients) -> impl Source + use<> {
        EstimatedChargesSource { name, settings: self, metrics: Arc::clone(&account.metrics) }
    }
}

struct EstimatedChargesSource {
    name: String,
    settings: EstimatedCharges,
    metrics: Arc<dyn MetricsApi>,
}

/// The counts that are read: of everything, and of each service by its name on the bill.
#[derive(Debug, PartialEq, Eq)]
struct ChargeMetrics {
    total: MetricQuery,
    services: BTreeMap<String, MetricQuery>,
}

/// Whether the account keeps the metric in a form that `read.estimated_charges` can use.
///
/// # Errors
/// If the metric does not exist, cannot be used or may not be listed.
pub async fn find_estimate(account: &AwsClients) -> Result<(), CallFailure> {
    chosen(listed(account.metrics.as_ref()).await?).map(drop)
}

async fn listed(metrics: &dyn MetricsApi) -> Result<Vec<MetricQuery>, CallFailure> {
    let query = &MetricQuery { region: Some(REGION.to_owned()), ..MetricQuery::new(NAMESPACE, METRIC, &[]) };
    paging::all("cloudwatch:ListMetrics", &query.subject(), |token| async move {
        metrics.list_metrics(query, token.as_deref()).await
    })
    .await
}

impl EstimatedChargesSource {
    async fn points(&self, query: &MetricQuery, now: DateTime<Utc>) -> Result<DailyCounts, CallFailure> {
        let points = self.metrics.statistics(query, now - LOOK_BACK, now, PERIOD).await?;
        let points = points
            .iter()
            .map(|point| Ok((point.at, bounded(point.maximum, query)?)))
            .collect::<Result<Vec<_>, CallFailure>>()?;
        // The last of each day counts.
        Ok(since_reset(&points).into_iter().map(|(at, count)| (at.date_naive(), (at, count))).collect())
    }

    async fn figures(&self, now: DateTime<Utc>) -> Result<Vec<EarlyFigure>, CallFailure> {
        let counts = chosen(listed(self.metrics.as_ref()).await?)?;
        let total = self.points(&counts.total, now).await?;
        let mut services = BTreeMap::new();
        for (service, query) in counts.services.iter().filter(|_| self.settings.services) {
            services.insert(service.clone(), self.points(query, now).await?);
        }
        Ok(joined(total, services))
    }
}

/// The last count of each day, with its time.
type DailyCounts = BTreeMap<NaiveDate, (DateTime<Utc>, Decimal)>;

/// One figure a day. A service that was counted on a day on which the total was not is not left out.
fn joined(total: DailyCounts, services: BTreeMap<String, DailyCounts>) -> Vec<EarlyFigure> {
    let figure = |day, as_of, total| EarlyFigure {
        origin: EarlyOrigin::Charges,
        day,
        as_of,
        services: BTreeMap::new(),
        total,
        free: BTreeMap::new(),
    };
    let cost = |month_to_date| EarlyCost { month_to_date, today: None };
    let mut figures: BTreeMap<NaiveDate, EarlyFigure> =
        total.into_iter().map(|(day, (as_of, count))| (day, figure(day, as_of, Some(cost(count))))).collect();
    for (service, days) in services {
        for (day, (as_of, count)) in days {
            let figure = figures.entry(day).or_insert_with(|| figure(day, as_of, None));
            figure.services.insert(service.clone(), cost(count));
        }
    }
    figures.into_values().collect()
}

/// The counts in US dollars among those that there are: of the paying account where there is one, else of the one
/// linked account that the metrics are of.
fn chosen(listed: Vec<MetricQuery>) -> Result<ChargeMetrics, CallFailure> {
    if listed.is_empty() {
        let said = format!("the metric {NAMESPACE} {METRIC} does not exist in {REGION}");
        return Err(unusable(
            FailureKind::NotFound,
            said,
            "switch on \"Receive CloudWatch billing alerts\" in the Billing preferences of the payer account, then wait a day",
        ));
    }
    let value = |query: &MetricQuery, name: &str| {
        query.dimensions.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    };
    let currencies: BTreeSet<String> = listed.iter().filter_map(|query| value(query, "Currency")).collect();
    let in_dollars: Vec<MetricQuery> =
        listed.into_iter().filter(|query| value(query, "Currency").as_deref() == Some(Money::USD)).collect();
    if in_dollars.is_empty() {
        let said =
            format!("{METRIC} is in {}, but limits are in USD", currencies.into_iter().collect::<Vec<_>>().join(", "));
        return Err(unusable(
            FailureKind::Refused,
            said,
            "remove this watch: other currencies are not compared with USD",
        ));
    }
    let accounts: BTreeSet<Option<String>> = in_dollars.iter().map(|query| value(query, "LinkedAccount")).collect();
    let account = match (accounts.contains(&None), accounts.len()) {
        (true, _) => None,
        (false, 1) => accounts.into_iter().next().flatten(),
        (false, count) => {
            let said = format!("{METRIC} exists for {count} linked accounts but not for the total");
            return Err(unusable(FailureKind::Refused, said, "use the credentials of the payer account"));
        }
    };
    let own = in_dollars.into_iter().filter(|query| value(query, "LinkedAccount") == account);
    let (mut total, mut services) = (None, BTreeMap::new());
    for query in own {
        match value(&query, "ServiceName") {
            None => total = Some(query),
            Some(code) => services.extend(services::of_estimated_charges(&code).map(|name| (name.to_owned(), query))),
        }
    }
    let none = || {
        unusable(
            FailureKind::Refused,
            format!("{METRIC} exists for single services but not for the total"),
            "wait a day; monitor retries automatically",
        )
    };
    Ok(ChargeMetrics { total: total.ok_or_else(none)?, services })
}

fn unusable(kind: FailureKind, said: String, next_step: &str) -> CallFailure {
    CallFailure {
        call: "cloudwatch:ListMetrics".to_owned(),
        resource: format!("{NAMESPACE} in {REGION}"),
        kind,
        said,
        next_step: next_step.to_owned(),
    }
}

#[async_trait]
impl Source for EstimatedChargesSource {
    fn name(&self) -> &str {
        &self.name
    }

    async fn poll(&mut self, now: DateTime<Utc>) -> PollOutput {
        let mut poll = PollBuilder::new(&self.name, now);
        match self.figures(now).await {
            Err(failure) => poll.failed(failure),
            Ok(figures) => {
                figures.into_iter().for_each(|figure| poll.saw(figure.as_of.min(now), ObservationBody::Early(figure)));
            }
        }
        poll.done()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Metrics as `currency service account`, `-` for a dimension that is not there.
    fn listed(metrics: &[&str]) -> Vec<MetricQuery> {
        let query = |text: &&str| {
            let values = ["Currency", "ServiceName", "LinkedAccount"].into_iter().zip(text.split(' '));
            let dimensions: Vec<(&str, &str)> = values.filter(|(_, value)| *value != "-").collect();
            MetricQuery::new(NAMESPACE, METRIC, &dimensions)
        };
        metrics.iter().map(query).collect()
    }

    #[track_caller]
    fn check(metrics: &[&str], expected: Result<(&str, &[&str]), &str>) {
        let found = chosen(listed(metrics));
        match expected {
            Ok((total, services)) => {
                let found = found.unwrap();
                assert_eq!(vec![found.total], listed(&[total]));
                assert_eq!(found.services.keys().collect::<Vec<_>>(), services);
            }
            Err(why) => {
                let failure = found.unwrap_err().to_string();
                assert!(failure.contains(why), "{failure}");
            }
        }
    }

    #[test]
    fn a_service_that_was_counted_without_the_total_is_not_left_out() {
        let counts = |days: &[(&str, i64)]| -> DailyCounts {
            let count = |(day, count): &(&str, i64)| {
                let at: DateTime<Utc> = format!("{day}T06:00:00Z").parse().unwrap();
                (at.date_naive(), (at, Decimal::from(*count)))
            };
            days.iter().map(count).collect()
        };
        let services = [("S3".to_owned(), counts(&[("2025-01-01", 1), ("2025-01-02", 2)]))].into();
        let found: Vec<String> = joined(counts(&[("2025-01-01", 9)]), services)
            .iter()
            .map(|figure| {
                let total = figure.total.map(|total| total.month_to_date);
                format!("{} {total:?} {}", figure.as_of.format("%F %H"), figure.services["S3"].month_to_date)
            })
            .collect();
        assert_eq!(found, ["2025-01-01 06 Some(9) 1", "2025-01-02 06 None 2"]);
    }

    #[test]
    fn the_count_of_the_paying_account_in_dollars_is_taken_and_nothing_is_mixed() {
        check(&["USD - -"], Ok(("USD - -", &[])));
        check(
            &["USD - -", "USD AWSLambda -", "USD AmazonEC2 -", "CNY - -", "CNY AmazonRDS -"],
            Ok(("USD - -", &["AWS Lambda"])),
        );
        check(&["USD - 111111111111", "USD - -", "USD AmazonRDS 111111111111"], Ok(("USD - -", &[])));
        check(
            &["USD - 111111111111", "USD AmazonRDS 111111111111"],
            Ok(("USD - 111111111111", &["Amazon Relational Database Service"])),
        );
        check(&["USD - 111111111111", "USD - 222222222222"], Err("2 linked accounts"));
        check(&["USD AWSLambda -"], Err("single services"));
        check(&["CNY - -"], Err("is in CNY"));
        check(&[], Err("switch on \"Receive CloudWatch billing alerts\""));
    }
}
