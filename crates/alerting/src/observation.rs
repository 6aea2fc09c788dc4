//! What sources see.

use account::inventory::Inventory;
use billing::day_cost::DayCost;
use billing::early::EarlyFigure;
use billing::line::DayLines;
use chrono::{DateTime, Utc};
use lambda_log::diagnosis::Cause;
use lambda_log::fault::Fault;
use lambda_log::tally::Tally;
use model::call_failure::CallFailure;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// One thing a source saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// When it happened, UTC.
    pub at: DateTime<Utc>,
    /// When it was seen, UTC; never before `at` by more than the clocks differ.
    pub seen: DateTime<Utc>,
    /// The source that saw it, such as `watch.spend`.
    pub source: String,
    /// What was read.
    pub what: What,
}

/// What an observation holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// What one UTC day cost so far, all services of one answer.
    Cost(DayCost),
    /// The lines behind a day's cost, which the same poll gives as [`What::Cost`]. The rules look at sums; these are for the store.
    Lines(DayLines),
    /// What a day, and its month so far, cost by what is known before the bill is.
    Early(EarlyFigure),
    /// What a function did in one minute, counted.
    Tally(Tally),
    /// An invocation that went wrong, with its cause.
    Fault(Fault),
    /// A warm-up ping.
    Ping(Ping),
    /// A point of a CloudWatch metric.
    Metric(MetricPoint),
    /// Everything a function logged up to `at` has been read.
    ReadUpTo(ReadUpTo),
    /// Every metric of a function has been asked for up to `at`.
    MeasuredUpTo(ReadUpTo),
    /// Everything of one kind that is paid for in a region, or that nobody could read it.
    Inventory(Inventory),
    /// A whole poll has succeeded.
    Answered,
    /// A call has failed. Other calls of the same poll may have succeeded.
    Failed(CallFailure),
}

impl What {
    /// Whether the store keeps it as a row; the others can be asked for again, or are kept with their source.
    pub fn is_kept(&self) -> bool {
        match self {
            Self::Cost(_) | Self::Lines(_) | Self::Early(_) | Self::Inventory(_) => true,
            Self::Tally(_) | Self::Fault(_) | Self::Ping(_) | Self::Metric(_) => true,
            Self::ReadUpTo(_) | Self::MeasuredUpTo(_) | Self::Answered | Self::Failed(_) => false,
        }
    }
}

/// How a ping ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PingOutcome {
    /// An environment that was already warm answered.
    Warm,
    /// A new environment had to be started, and answered.
    Cold,
    /// It answered, and nothing says whether the environment was new.
    Answered,
    /// The function's timeout ended it.
    TimedOut,
    /// The function answered with an error.
    Failed,
}

/// One warm-up ping.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Ping {
    /// The function's name.
    pub function: String,
    /// How it ended.
    pub outcome: PingOutcome,
    /// The cause, where the returned log shows one.
    pub cause: Option<Cause>,
    /// Whether the returned log proves that start-up was still running when time ran out.
    pub startup_unfinished: bool,
    /// Duration in milliseconds by the REPORT line.
    pub duration_ms: Option<u64>,
    /// Billed duration in milliseconds by the REPORT line.
    pub billed_ms: Option<u64>,
    /// Memory size in MB by the REPORT line.
    pub memory_mb: Option<u32>,
    /// What it cost in US dollars by the price table; `None` if the REPORT line did not say enough.
    pub usd: Option<Decimal>,
    /// The deciding lines, redacted and shortened.
    pub evidence: Vec<String>,
}

/// The Lambda metrics that are read, with the units they are shown in.
pub const METRICS: &[(&str, &str)] = &[("Errors", ""), ("Throttles", ""), ("Duration", " ms"), ("ConcurrentExecutions", "")];

/// One point of a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricPoint {
    /// The function's name.
    pub function: String,
    /// The metric's name, such as `Throttles`.
    pub metric: String,
    /// Length of the period in seconds; the observation's `at` is its start.
    pub period: u32,
    /// The sum over the period, in the metric's unit.
    pub sum: f64,
    /// The largest value in the period.
    pub maximum: f64,
    /// The average over the period.
    pub average: f64,
}

/// How far a function's log has been read, or its metrics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadUpTo {
    /// The function's name.
    pub function: String,
}
