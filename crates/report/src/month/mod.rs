//! Summarizes one month for `monitor report`. Pure: rows of the store in, one value out.

mod bill;
mod resources;

use std::collections::BTreeMap;

use account::inventory::Inventory;
use alerting::incident::Incident;
use alerting::month_rows::MonthRows;
use alerting::observation::{PingOutcome, PingResult};
use billing::day_cost::DayCost;
use billing::explain::CostDriver;
use billing::forecast::IntervalForecast;
use chrono::{DateTime, NaiveDate, Utc};
use lambda_log::tally::InvocationCounts;
use model::calendar::{DayRange, Month};
use model::money::{Money, Totals};
use rust_decimal::Decimal;
use serde::Serialize;

use resources::idle_lines;
pub use resources::{IdleLine, ResourceLine};

/// Version of the JSON form; it changes when a field changes its meaning or goes.
pub const SCHEMA: u32 = 1;

/// The report of a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MonthReport {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The month.
    pub month: Month,
    /// Whether every day of the month is known and settled.
    pub settled: bool,
    /// The first and last day a figure is known of.
    pub days: Option<DayRange>,
    /// The currency of the amounts; `null` where several were billed or nothing is known.
    pub currency: Option<String>,
    /// Exact sum in that currency.
    pub total: Option<Decimal>,
    /// Exact sum of the month before; `null` if nothing is known of it.
    pub previous_total: Option<Decimal>,
    /// Each service, dearest first.
    pub services: Vec<ServiceLine>,
    /// The three largest reasons, over all services, why the total is not that of the month before; largest first.
    pub reasons: Vec<ServiceReason>,
    /// Each day with a known cost, in order.
    pub daily: Vec<DayLine>,
    /// Linked accounts in the sums, if the source has them; otherwise empty.
    pub accounts: Vec<String>,
    /// Days whose total changed after they had been called settled, oldest first.
    pub restatements: Vec<Restatement>,
    /// How the month will end, and how well that was foretold before.
    pub forecast: ForecastSection,
    /// Idle resources, as far as known, most expensive first.
    pub idle: Vec<IdleLine>,
    /// Each function, by name.
    pub lambda: Vec<FunctionLine>,
    /// Each pinged function, by name.
    pub pings: Vec<PingLine>,
    /// Incidents that were open at any time of the month, oldest first.
    pub incidents: Vec<IncidentLine>,
    /// What the monitor's own calls to AWS cost.
    pub own_cost: OwnCost,
}

/// A service on the bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceLine {
    /// Its name on the bill.
    pub service: String,
    /// Exact amount.
    pub amount: Decimal,
    /// Exact amount of the month before; `null` if nothing is known of that month.
    pub previous: Option<Decimal>,
    /// Currency of both.
    pub currency: String,
    /// The cost drivers since the month before, largest first; they add up to `amount - previous`, exactly. Empty if nothing is known
    /// of the month before.
    pub reasons: Vec<CostDriver>,
    /// Its resources, most expensive first, as far as known.
    pub resources: Vec<ResourceLine>,
}

/// A reason, with its service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceReason {
    /// The service's name on the bill.
    pub service: String,
    /// The reason.
    #[serde(flatten)]
    pub reason: CostDriver,
}

/// A day of the bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DayLine {
    /// The UTC day.
    pub day: NaiveDate,
    /// Whether its figure is settled.
    pub settled: bool,
    /// Exact amount per service, in the report's currency; amounts in other currencies are not in it.
    pub services: BTreeMap<String, Decimal>,
}

/// A day whose total changed after it had been called settled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Restatement {
    /// The UTC day.
    pub day: NaiveDate,
    /// The service that changed.
    pub service: String,
    /// When the new figure was seen, UTC.
    pub seen: DateTime<Utc>,
    /// The amount before.
    pub before: Decimal,
    /// The new amount.
    pub after: Decimal,
}

/// How the month will end, and how well that was foretold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ForecastSection {
    /// The first day the forecast does not know; `null` if there is none, because the month is over or too little is known.
    pub as_of: Option<NaiveDate>,
    /// The whole month, in the report's currency.
    pub total: Option<IntervalForecast>,
    /// By service, dearest first.
    pub services: Vec<ServiceForecast>,
    /// How the last complete month had been foretold; `null` if none can be judged.
    pub score: Option<ForecastScore>,
    /// Why the month cannot be forecast, where it should be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

/// A forecast of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceForecast {
    /// Its name on the bill.
    pub service: String,
    /// How its month will end.
    #[serde(flatten)]
    pub foretold: IntervalForecast,
}

/// How a finished month had been foretold in its middle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ForecastScore {
    /// The month.
    pub month: Month,
    /// The first day the forecast did not know.
    pub as_of: NaiveDate,
    /// The forecast.
    pub forecast: Decimal,
    /// The forecast from the mean of the days so far.
    pub naive: Decimal,
    /// What the month came to.
    pub actual: Decimal,
    /// Its error in percent of the actual amount, one decimal; `null` where the month cost nothing.
    pub error_percent: Option<Decimal>,
    /// The same for the naive one.
    pub naive_error_percent: Option<Decimal>,
}

/// A function's month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FunctionLine {
    /// Its name.
    pub function: String,
    /// Invocations the log shows.
    pub invocations: u64,
    /// Cold starts among them.
    pub cold_starts: u64,
    /// Cold starts that a caller waited for.
    pub user_cold_starts: u64,
    /// Invocations that hit the timeout.
    pub timeouts: u64,
    /// Invocations that failed otherwise.
    pub errors: u64,
    /// Billed milliseconds.
    pub billed_ms: u64,
    /// The median duration in milliseconds, rounded up; `null` if no line had a duration.
    pub p50_ms: Option<u64>,
    /// The same for 95 % of them.
    pub p95_ms: Option<u64>,
    /// The longest duration in milliseconds, rounded up.
    pub longest_ms: Option<u64>,
    /// Memory used when its share was highest, in MB; `null` if no line had it.
    pub memory_used_mb: Option<u32>,
    /// Memory configured then, in MB.
    pub memory_size_mb: Option<u32>,
    /// Causes with their counts, most frequent first.
    pub causes: Vec<CauseRow>,
}

/// A cause and how often it was the verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CauseRow {
    /// Its code.
    pub code: String,
    /// How often.
    pub count: u64,
}

/// A pinged function's month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PingLine {
    /// Its name.
    pub function: String,
    /// Pings that were sent.
    pub sent: u64,
    /// Answered by a warm environment.
    pub warm: u64,
    /// Answered by a new environment.
    pub cold: u64,
    /// Answered, without a word whether the environment was new.
    pub answered: u64,
    /// Ended by the timeout.
    pub timed_out: u64,
    /// Answered with an error.
    pub failed: u64,
    /// What they cost in US dollars by the price table, as far as their cost is known.
    pub usd: Decimal,
    /// Pings whose cost is not known.
    pub unpriced: u64,
}

/// An incident of the month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IncidentLine {
    /// The rule.
    pub rule: String,
    /// The subject.
    pub subject: String,
    /// The headline of the incident.
    pub headline: String,
    /// The cause's code, where there is one.
    pub cause: Option<String>,
    /// `info`, `warning` or `critical`.
    pub severity: String,
    /// When the first notification was sent, UTC.
    pub fired: DateTime<Utc>,
    /// When it ended, UTC; `null` while it is open.
    pub resolved: Option<DateTime<Utc>>,
    /// Its length in seconds, up to its end or to now.
    pub seconds: i64,
}

/// The monitor's own cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OwnCost {
    /// US dollars, pings not included.
    pub usd: Decimal,
    /// `max_monthly_usd`, where the report knows the configuration.
    pub cap: Option<Decimal>,
    /// By operation.
    pub calls: Vec<CallLine>,
}

/// Calls of one operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CallLine {
    /// As in an IAM policy: `ce:GetCostAndUsage`.
    pub operation: String,
    /// How many.
    pub count: u64,
    /// US dollars.
    pub usd: Decimal,
}

/// Sums a month up.
pub fn sum_up(month: Month, rows: MonthRows, now: DateTime<Utc>) -> MonthReport {
    let (currency, total) = one_currency(&rows.days);
    let previous_total = currency.as_deref().filter(|_| !rows.days_before.is_empty()).and_then(|currency| all(&rows.days_before).only(currency));
    let mut services = bill::services(&rows, month);
    let inventories: Vec<&Inventory> = rows.inventories.iter().map(|seen| &seen.it).collect();
    // How long a thing has been idle is told as of the day it was looked at.
    let looked = rows.inventories.iter().map(|seen| seen.seen).max().unwrap_or(now);
    for line in &mut services {
        line.resources = bill::resources(&line.service, &inventories, &rows.lines, month, looked);
    }
    let days_in_month = (month.end() - month.first_day()).num_days() as usize;
    let first = rows.days.iter().map(|day| day.day).min();
    let last = rows.days.iter().map(|day| day.day).max();
    MonthReport {
        schema: SCHEMA,
        month,
        settled: rows.days.len() == days_in_month && rows.days.iter().all(|day| day.settled),
        days: first.zip(last).map(|(first, last)| DayRange { first, last }),
        reasons: bill::main_reasons(&services, currency.as_deref()),
        daily: bill::daily(&rows.days, currency.as_deref()),
        accounts: bill::accounts(&rows.lines, month),
        restatements: bill::restatements(&rows.figures),
        forecast: bill::foretell(&rows, month, currency.as_deref(), now),
        currency,
        total,
        previous_total,
        services,
        idle: idle_lines(&inventories, looked),
        lambda: rows.tallies.iter().map(function_line).collect(),
        pings: ping_lines(&rows.pings),
        incidents: rows.incidents.iter().filter_map(|incident| incident_line(incident, now)).collect(),
        own_cost: OwnCost {
            usd: rows.calls.iter().map(|(_, _, usd)| *usd).sum(),
            cap: None,
            calls: rows.calls.into_iter().map(|(operation, count, usd)| CallLine { operation, count, usd }).collect(),
        },
    }
}

fn all(days: &[DayCost]) -> Totals {
    let mut totals = Totals::default();
    days.iter().flat_map(|day| day.services.values()).for_each(|money| totals.add(money));
    totals
}

/// The total, if there is only one currency.
fn one_currency(days: &[DayCost]) -> (Option<String>, Option<Decimal>) {
    let all = all(days);
    let totals: Vec<(&str, Option<Decimal>)> = all.iter().collect();
    match totals.as_slice() {
        [(currency, sum)] => (Some((*currency).to_owned()), *sum),
        // Days that were answered and hold nothing cost nothing.
        [] if !days.is_empty() => (Some(Money::USD.to_owned()), Some(Decimal::ZERO)),
        _ => (None, None),
    }
}

fn function_line(tally: &InvocationCounts) -> FunctionLine {
    let mut causes: Vec<CauseRow> = tally.causes.iter().map(|(cause, count)| CauseRow { code: cause.code().to_owned(), count: *count }).collect();
    causes.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.code.cmp(&b.code)));
    let quantile = |percent| tally.durations.quantile(percent).map(|ms| ms.ceil() as u64);
    FunctionLine {
        function: tally.function.clone(),
        invocations: tally.invocations,
        cold_starts: tally.cold,
        user_cold_starts: tally.cold_waited,
        timeouts: tally.timeouts,
        errors: tally.errors,
        billed_ms: tally.billed_ms,
        p50_ms: quantile(50),
        p95_ms: quantile(95),
        longest_ms: quantile(100),
        memory_used_mb: tally.memory.map(|memory| memory.used_mb),
        memory_size_mb: tally.memory.map(|memory| memory.size_mb),
        causes,
    }
}

fn ping_lines(pings: &[(DateTime<Utc>, PingResult)]) -> Vec<PingLine> {
    let mut lines = BTreeMap::<&str, PingLine>::new();
    for (_, ping) in pings {
        let line = lines.entry(&ping.function).or_insert_with(|| PingLine {
            function: ping.function.clone(),
            sent: 0,
            warm: 0,
            cold: 0,
            answered: 0,
            timed_out: 0,
            failed: 0,
            usd: Decimal::ZERO,
            unpriced: 0,
        });
        line.sent += 1;
        let count = match ping.outcome {
            PingOutcome::Warm => &mut line.warm,
            PingOutcome::Cold => &mut line.cold,
            PingOutcome::Answered => &mut line.answered,
            PingOutcome::TimedOut => &mut line.timed_out,
            PingOutcome::Failed => &mut line.failed,
        };
        *count += 1;
        match ping.usd {
            Some(usd) => line.usd += usd,
            None => line.unpriced += 1,
        }
    }
    lines.into_values().collect()
}

fn incident_line(incident: &Incident, now: DateTime<Utc>) -> Option<IncidentLine> {
    let fired = incident.fired?;
    Some(IncidentLine {
        rule: incident.rule.clone(),
        subject: incident.subject.to_string(),
        headline: incident.finding.headline.clone(),
        cause: incident.finding.cause.map(|(cause, _)| cause.code().to_owned()),
        severity: incident.severity.word().to_owned(),
        fired,
        resolved: incident.resolved,
        seconds: (incident.resolved.unwrap_or(now) - fired).num_seconds().max(0),
    })
}
