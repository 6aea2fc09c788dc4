//! `read.usage_estimate`: the usage of functions and logs this month at the region's prices. All its calls are free,
//! and it shows within minutes what the bill shows after a day.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html>,
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html>

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use alerting::observation::ObservationBody;
use async_trait::async_trait;
use aws::policy::RequiredCall;
use aws::prices::PriceTable;
use aws::{
    AwsClients, LambdaApi, LambdaFunctionSettings, LogClass, LogsApi, MetricDatapoint, MetricQuery, MetricsApi, paging,
};
use billing::early::EarlyFigure;
use billing::usage::{DayUsage, UsageRates, UsageTooLarge, figures, gb, gb_seconds};
use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use futures::TryStreamExt;
use model::calendar::{Month, day_end, day_start};
use model::call_failure::{CallFailure, FailureKind};
use model::glob::NamePattern;
use model::settings::TableReader;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::exact::{exact, unreadable};
use crate::metrics::statistics;
use crate::poll::{PollBuilder, PollOutput, Source, stored};

const CALLS: &[&str] =
    &["lambda:ListFunctions", "cloudwatch:ListMetrics", "cloudwatch:GetMetricStatistics", "logs:DescribeLogGroups"];

/// Seconds per point: a UTC day.
const DAY: u32 = 86_400;
/// The days whose figures may still change, or that the bill does not know yet.
const DAYS_SAID: u64 = 7;
/// What a function has at least, in MB.
const LEAST_MEMORY: u32 = 128;

/// The settings of `read.usage_estimate`.
#[derive(Debug, Clone)]
pub struct UsageEstimate {
    /// The functions that are counted; all that there are where none is named.
    functions: Vec<NamePattern>,
    /// The log groups that are counted; all together where none is named.
    log_groups: Vec<NamePattern>,
}

impl UsageEstimate {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let functions = if settings.has("functions") { settings.some("functions") } else { Some(vec![]) };
        let log_groups = if settings.has("log_groups") { settings.some("log_groups") } else { Some(vec![]) };
        Some(Self { functions: functions?, log_groups: log_groups? })
    }

    pub(super) fn calls(&self) -> Vec<RequiredCall> {
        RequiredCall::all(CALLS)
    }

    /// The same for another region. It adds up all regions itself.
    pub(super) fn elsewhere(self) -> Option<Self> {
        None
    }

    pub(super) fn functions(&self) -> &[NamePattern] {
        &self.functions
    }

    pub(super) fn source(self, name: String, account: &AwsClients) -> impl Source + use<> {
        let main = RegionUsage::new(&self, account, String::new());
        let others = account.others.iter().map(|other| RegionUsage::new(&self, other, format!("@{}", other.region)));
        UsageEstimateSource { name, regions: std::iter::once(main).chain(others).collect(), said: BTreeMap::new() }
    }
}

/// All regions together: the free tier and the bill are those of the account.
struct UsageEstimateSource {
    name: String,
    regions: Vec<RegionUsage>,
    /// What was said last of each day.
    said: BTreeMap<NaiveDate, EarlyFigure>,
}

/// The usage of one region.
struct RegionUsage {
    settings: UsageEstimate,
    region: String,
    /// What the names of its functions end with in cursors; empty for the main region.
    suffix: String,
    prices: Arc<PriceTable>,
    logs: Arc<dyn LogsApi>,
    functions: Arc<dyn LambdaApi>,
    metrics: Arc<dyn MetricsApi>,
    /// How each function was configured, oldest first.
    known: BTreeMap<String, Vec<ConfigurationSince>>,
}

/// How a function is configured from a UTC day on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct ConfigurationSince {
    from: NaiveDate,
    memory_mb: u32,
    arm64: bool,
}

/// The least that a function can have had on a UTC day: how it was before the first day that is known says nothing of
/// memory.
fn least(known: &[ConfigurationSince], day: NaiveDate) -> (u32, bool) {
    let before = known.iter().rev().find(|configured| configured.from < day).copied();
    let on_the_day = known.iter().filter(|configured| configured.from == day).copied();
    let all: Vec<ConfigurationSince> = before.into_iter().chain(on_the_day).collect();
    let memory = all.iter().map(|configured| configured.memory_mb).min().filter(|_| before.is_some());
    (memory.unwrap_or(LEAST_MEMORY), before.is_none() || all.iter().any(|configured| configured.arm64))
}

/// Takes in how a function is configured now. The first time, it has been so since the day on which it was last
/// changed.
fn learn(known: &mut Vec<ConfigurationSince>, now: &LambdaFunctionSettings, today: NaiveDate) -> bool {
    let from = if known.is_empty() { now.modified.map_or(today, |at| at.date_naive().min(today)) } else { today };
    let configured = ConfigurationSince { from, memory_mb: now.memory_mb, arm64: now.arm64 };
    if known.last().is_some_and(|last| (last.memory_mb, last.arm64) == (configured.memory_mb, configured.arm64)) {
        return false;
    }
    known.push(configured);
    // Two months are asked for at most; what held before them is the last of the rest.
    let edge = Month::of(today).previous().first_day();
    while known.get(1).is_some_and(|second| second.from < edge) {
        known.remove(0);
    }
    true
}

/// The sums of points by UTC day; a day on which nothing was counted has none.
fn by_day(points: &[MetricDatapoint], query: &MetricQuery) -> Result<BTreeMap<NaiveDate, Decimal>, CallFailure> {
    let mut days: BTreeMap<NaiveDate, Decimal> = BTreeMap::new();
    for point in points {
        let sum = exact(point.sum, query)?;
        if sum > Decimal::ZERO {
            *days.entry(point.at.date_naive()).or_default() += sum;
        }
    }
    Ok(days)
}

fn unpriced(kind: FailureKind, said: String, next_step: String) -> CallFailure {
    CallFailure { call: "usage_estimate".to_owned(), resource: "the price table".to_owned(), kind, said, next_step }
}

impl RegionUsage {
    fn new(settings: &UsageEstimate, account: &AwsClients, suffix: String) -> Self {
        Self {
            settings: settings.clone(),
            region: account.region.clone(),
            suffix,
            prices: Arc::clone(&account.prices),
            logs: Arc::clone(&account.logs),
            functions: Arc::clone(&account.functions),
            metrics: Arc::clone(&account.metrics),
            known: BTreeMap::new(),
        }
    }

    fn rates(&self) -> Result<UsageRates, CallFailure> {
        let failed = |said, next_step| unpriced(FailureKind::NotFound, said, next_step);
        if self.region.is_empty() {
            return Err(failed("no region is set".to_owned(), "set region under [aws], or AWS_REGION".to_owned()));
        }
        let known = || {
            format!(
                "set `prices` under [aws] to a file with prices for this region; known: {}",
                self.prices.regions().join(", ")
            )
        };
        self.prices
            .rates(&self.region)
            .ok_or_else(|| failed(format!("the price table has no prices for {}", self.region), known()))
    }

    /// The functions that are meant, with how they are configured.
    async fn listed(&self) -> Result<Vec<LambdaFunctionSettings>, CallFailure> {
        let functions = self.functions.as_ref();
        let all = paging::all("lambda:ListFunctions", "the region's functions", |token| async move {
            functions.list(token.as_deref()).await
        })
        .await?;
        let meant = |name: &str| {
            self.settings.functions.is_empty() || self.settings.functions.iter().any(|pattern| pattern.fits(name))
        };
        Ok(all.into_iter().filter(|function| meant(&function.name)).collect())
    }

    /// The functions that were kept by provisioned concurrency within the last two weeks.
    async fn provisioned(&self) -> Result<BTreeSet<String>, CallFailure> {
        let query = MetricQuery::new("AWS/Lambda", "ProvisionedConcurrencyInvocations", &[]);
        let (metrics, query) = (self.metrics.as_ref(), &query);
        let listed = paging::all("cloudwatch:ListMetrics", &query.subject(), |token| async move {
            metrics.list_metrics(query, token.as_deref()).await
        })
        .await?;
        let functions =
            listed.into_iter().flat_map(|metric| metric.dimensions).filter(|(name, _)| name == "FunctionName");
        Ok(functions.map(|(_, function)| function).collect())
    }

    /// The sums of metrics by UTC day, in the order of the metrics.
    async fn daily(
        &self,
        queries: Vec<MetricQuery>,
        from: NaiveDate,
        today: NaiveDate,
    ) -> Result<Vec<BTreeMap<NaiveDate, Decimal>>, CallFailure> {
        let answers: Vec<Vec<MetricDatapoint>> =
            statistics(&self.metrics, queries.clone(), (day_start(from), day_end(today)), DAY).try_collect().await?;
        queries.iter().zip(answers).map(|(query, points)| by_day(&points, query)).collect()
    }

    /// Adds what functions have used.
    async fn count_functions(
        &self,
        listed: &[LambdaFunctionSettings],
        days: &mut BTreeMap<NaiveDate, DayUsage>,
        today: NaiveDate,
    ) -> Result<(), CallFailure> {
        let Some(first) = days.keys().next().copied() else { return Ok(()) };
        let provisioned = self.provisioned().await?;
        let metric = |functions: &[&LambdaFunctionSettings], metric: &str| {
            functions.iter().map(|function| MetricQuery::of_function(&function.name, metric)).collect()
        };
        let listed: Vec<&LambdaFunctionSettings> = listed.iter().collect();
        let requests = self.daily(metric(&listed, "Invocations"), first, today).await?;
        // A function that was not called took no time, and is not asked for it.
        let (called, requests): (Vec<&LambdaFunctionSettings>, Vec<_>) =
            listed.into_iter().zip(requests).filter(|(_, requests)| !requests.is_empty()).unzip();
        let durations = self.daily(metric(&called, "Duration"), first, today).await?;
        for ((function, requests), durations) in called.into_iter().zip(requests).zip(durations) {
            let known = self.known.get(&function.name).map(Vec::as_slice).unwrap_or_default();
            for (day, used) in days.iter_mut() {
                // A day without a point is one on which nothing was counted.
                used.requests += requests.get(day).copied().unwrap_or_default();
                let (memory_mb, arm64) = least(known, *day);
                let used = match (provisioned.contains(&function.name), arm64) {
                    (false, false) => &mut used.x86,
                    (false, true) => &mut used.arm64,
                    (true, false) => &mut used.provisioned.0,
                    (true, true) => &mut used.provisioned.1,
                };
                let duration_ms = durations.get(day).copied().unwrap_or_default();
                let more = gb_seconds(duration_ms, memory_mb).and_then(|more| used.checked_add(more));
                let query = || MetricQuery::of_function(&function.name, "Duration");
                *used = more.ok_or_else(|| unreadable(&format!("`{duration_ms}` on {day}"), &query()))?;
            }
        }
        Ok(())
    }

    /// Adds what was logged. Where groups are not told apart, one that costs less makes all of them count as if they
    /// did.
    async fn count_logs(&self, days: &mut BTreeMap<NaiveDate, DayUsage>, today: NaiveDate) -> Result<(), CallFailure> {
        let Some(first) = days.keys().next().copied() else { return Ok(()) };
        let mut cheap: BTreeSet<String> = BTreeSet::new();
        for class in [LogClass::InfrequentAccess, LogClass::Delivery] {
            let logs = self.logs.as_ref();
            let call = "logs:DescribeLogGroups";
            cheap.extend(
                paging::all(call, "groups that cost less", |token| async move {
                    logs.log_groups_of(class, token.as_deref()).await
                })
                .await?,
            );
        }
        let mut groups: BTreeMap<String, bool> = BTreeMap::new();
        for pattern in &self.settings.log_groups {
            let found = match pattern.exact() {
                Some(name) => vec![name.to_owned()],
                None => {
                    let (logs, start) = (self.logs.as_ref(), pattern.literal_start());
                    let all = paging::all("logs:DescribeLogGroups", start, |token| async move {
                        logs.log_groups(start, token.as_deref()).await
                    })
                    .await?;
                    all.into_iter().map(|group| group.name).collect()
                }
            };
            groups.extend(
                found.into_iter().filter(|name| pattern.fits(name)).map(|name| (name.clone(), cheap.contains(&name))),
            );
        }
        let queries: Vec<(MetricQuery, bool)> = if self.settings.log_groups.is_empty() {
            vec![(MetricQuery::new("AWS/Logs", "IncomingBytes", &[]), !cheap.is_empty())]
        } else {
            groups
                .iter()
                .map(|(name, cheap)| (MetricQuery::new("AWS/Logs", "IncomingBytes", &[("LogGroupName", name)]), *cheap))
                .collect()
        };
        let (queries, cheap): (Vec<MetricQuery>, Vec<bool>) = queries.into_iter().unzip();
        for (cheap, bytes) in cheap.into_iter().zip(self.daily(queries, first, today).await?) {
            for (day, bytes) in bytes {
                let Some(used) = days.get_mut(&day) else { continue };
                let logs = if cheap { &mut used.cheap_logs } else { &mut used.logs };
                *logs += gb(bytes);
            }
        }
        Ok(())
    }

    /// Takes in how the functions are configured, and gives the cursors of those that are new or changed.
    fn learn_all(&mut self, listed: &[LambdaFunctionSettings], today: NaiveDate) -> Vec<(String, String)> {
        let mut cursors = Vec::new();
        for function in listed {
            let known = self.known.entry(function.name.clone()).or_default();
            if learn(known, function, today) {
                let key = format!("{}{}", function.name, self.suffix);
                cursors.extend(serde_json::to_string(known).ok().map(|text| (key, text)));
            }
        }
        cursors
    }

    /// What each day of the month cost, and on the 1st of the month before: its last points still come.
    async fn figures(
        &self,
        listed: &[LambdaFunctionSettings],
        today: NaiveDate,
    ) -> Result<Vec<EarlyFigure>, CallFailure> {
        let rates = self.rates()?;
        let month = Month::of(today);
        let months = if today.day() == 1 { vec![month.previous(), month] } else { vec![month] };
        let first = months.first().copied().unwrap_or(month).first_day();
        let mut days: BTreeMap<NaiveDate, DayUsage> =
            first.iter_days().take_while(|day| *day <= today).map(|day| (day, DayUsage::default())).collect();
        self.count_functions(listed, &mut days, today).await?;
        self.count_logs(&mut days, today).await?;
        let all = months.into_iter().map(|month| figures(&rates, month, &days).map_err(too_large));
        Ok(all.collect::<Result<Vec<_>, CallFailure>>()?.into_iter().flatten().collect())
    }
}

fn too_large(why: UsageTooLarge) -> CallFailure {
    let next_step = "compare the prices that `prices` under [aws] names with AWS's; monitor retries automatically";
    unpriced(FailureKind::Refused, why.to_string(), next_step.to_owned())
}

impl UsageEstimateSource {
    /// The figures of all regions, added up. One region that cannot be read makes all of them unknown: what is left
    /// would look complete.
    async fn read(&mut self, poll: &mut PollBuilder<'_>) -> Result<Vec<EarlyFigure>, CallFailure> {
        let today = poll.now.date_naive();
        let mut sums: BTreeMap<NaiveDate, EarlyFigure> = BTreeMap::new();
        for region in &mut self.regions {
            let listed = region.listed().await?;
            poll.gathered.cursors.extend(region.learn_all(&listed, today));
            for figure in region.figures(&listed, today).await? {
                let day = figure.day;
                let sum = match sums.remove(&day) {
                    None => Some(figure),
                    Some(known) => known.plus(figure),
                };
                sums.insert(day, sum.ok_or_else(|| too_large(UsageTooLarge(day)))?);
            }
        }
        Ok(sums.into_values().collect())
    }

    /// Whatever has changed since it was said last; of today always, since it is true of a later moment.
    fn changed(&mut self, figures: Vec<EarlyFigure>, now: DateTime<Utc>) -> Vec<EarlyFigure> {
        let today = now.date_naive();
        let mut new = Vec::new();
        let oldest = today.checked_sub_days(Days::new(DAYS_SAID)).unwrap_or(today);
        for figure in figures.into_iter().filter(|figure| figure.day >= oldest) {
            let figure = EarlyFigure { as_of: figure.as_of.min(now), ..figure };
            if figure.day == today || self.said.get(&figure.day) != Some(&figure) {
                new.push(figure);
            }
        }
        self.said.retain(|day, _| *day >= oldest);
        self.said.extend(new.iter().map(|figure| (figure.day, figure.clone())));
        new
    }
}

#[async_trait]
impl Source for UsageEstimateSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn restore(&mut self, cursors: BTreeMap<String, String>) {
        for (key, text) in cursors {
            let (function, region) = key.split_once('@').unwrap_or((&key, ""));
            let of_key = |usage: &&mut RegionUsage| usage.suffix.strip_prefix('@').unwrap_or_default() == region;
            let known = stored(&self.name, &key, &text);
            if let Some((usage, known)) = self.regions.iter_mut().find(of_key).zip(known) {
                usage.known.insert(function.to_owned(), known);
            }
        }
    }

    async fn poll(&mut self, now: DateTime<Utc>) -> PollOutput {
        let name = self.name.clone();
        let mut poll = PollBuilder::new(&name, now);
        match self.read(&mut poll).await {
            Err(failure) => poll.failed(failure),
            Ok(figures) => {
                let changed = self.changed(figures, now);
                changed.into_iter().for_each(|figure| poll.saw(figure.as_of, ObservationBody::Early(figure)));
            }
        }
        poll.done()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2024, 12, day).unwrap()
    }

    /// Polls on days of December, each as day, memory in MB and whether it is arm64; the function was last changed on
    /// the 5th.
    fn known(polls: &[(u32, u32, bool)]) -> Vec<ConfigurationSince> {
        let mut known = Vec::new();
        for (on, memory_mb, arm64) in polls {
            let settings = LambdaFunctionSettings {
                name: "f".into(),
                memory_mb: *memory_mb,
                arm64: *arm64,
                log_group: None,
                modified: Some(day_start(day(5))),
            };
            learn(&mut known, &settings, day(*on));
        }
        known
    }

    #[test]
    fn a_day_is_priced_with_the_least_that_the_function_can_have_had_on_it() {
        let one = [(10, 1024, false)];
        let raised = [(10, 512, false), (12, 1024, false), (12, 2048, false), (20, 2048, true)];
        for (polls, on, least_known) in [
            (&one[..], 6, (1024, false)),
            (&one, 20, (1024, false)),
            // It was changed on this day, and it is not known from what.
            (&one, 5, (128, true)),
            (&one, 4, (128, true)),
            (&raised, 11, (512, false)),
            (&raised, 12, (512, false)),
            (&raised, 13, (2048, false)),
            (&raised, 20, (2048, true)),
            (&[], 20, (128, true)),
        ] {
            assert_eq!(least(&known(polls), day(on)), least_known, "{polls:?} on the {on}.");
        }
    }

    #[test]
    fn what_is_remembered_of_a_function_does_not_grow_with_the_months() {
        let mut known = Vec::new();
        for month in 0..24u32 {
            let today = NaiveDate::from_ymd_opt(2023 + (month / 12) as i32, month % 12 + 1, 3).unwrap();
            learn(
                &mut known,
                &LambdaFunctionSettings {
                    name: "f".into(),
                    memory_mb: 128 + month,
                    arm64: false,
                    log_group: None,
                    modified: None,
                },
                today,
            );
        }
        assert!(known.len() <= 3, "{known:?}");
    }
}
