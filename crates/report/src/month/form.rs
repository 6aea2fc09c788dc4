//! The report of a month as a value, and its JSON form.

use std::collections::BTreeMap;

use alerting::warm_day::PingStopReason;
use billing::explain::CostDriver;
use billing::forecast::IntervalForecast;
use chrono::{DateTime, NaiveDate, Utc};
use model::calendar::{DayRange, Month};
use rust_decimal::Decimal;
use serde::Serialize;

use super::resources::{IdleLine, ResourceLine};
use crate::changes::ChangeView;

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
    /// Changes of the account that were seen in the month, oldest first, as far as `read.account` saw them.
    pub changes: Vec<ChangeView>,
    /// What the monitor's own calls to AWS cost.
    pub own_cost: OwnCost,
}

impl MonthReport {
    /// The UTC days on which the code of a function was deployed, as far as it was seen.
    pub fn deploy_days(&self) -> impl Iterator<Item = NaiveDate> {
        self.changes.iter().filter(|change| change.deploy).map(|change| change.moment().date_naive())
    }
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
    /// The cost drivers since the month before, largest first; they add up to `amount - previous`, exactly. Empty if
    /// nothing is known of the month before.
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
    /// The first day the forecast does not know; `null` if there is none, because the month is over or too little is
    /// known.
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
    /// The share of them that went into start-up (INIT), in percent, one decimal; `null` if it was not counted.
    pub init_percent: Option<Decimal>,
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
    /// What came of planning them; `null` where they are not planned.
    pub planned: Option<PlannedPingsLine>,
}

/// What planned pings (`every = "auto"`) came to in a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlannedPingsLine {
    /// Days that were counted.
    pub days: u32,
    /// Calls of users.
    pub calls: u32,
    /// Users who waited because no environment was left after a pause.
    pub cold_idle: u32,
    /// Because AWS had ended the environment by its age.
    pub cold_recycling: u32,
    /// Because every environment was busy.
    pub cold_overlap: u32,
    /// Because of a deploy.
    pub cold_deploy: u32,
    /// Of all these, those who waited while pings were left out to test them.
    pub cold_in_tests: u32,
    /// How many would have waited without any ping, by replay; `null` if the log of a day was not read in whole.
    pub cold_without_pings: Option<u32>,
    /// Weeks, Monday to Sunday, that ended in the month, and for which the target was promised.
    pub weeks_promised: u32,
    /// Of these, those that came as promised.
    pub weeks_kept: u32,
    /// Why no pings were sent at the end: `no_difference`, `out_of_reach`, `start_up`, `errors`; `null` if they were.
    pub stopped: Option<PingStopReason>,
}

impl PlannedPingsLine {
    /// Users who waited for a cold start.
    pub fn cold(&self) -> u32 {
        self.cold_idle + self.cold_recycling + self.cold_overlap + self.cold_deploy
    }
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
    /// Its length in seconds, up to its end, or to the last moment at which the daemon is known to have run.
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
