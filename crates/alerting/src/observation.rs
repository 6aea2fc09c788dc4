//! Observations: what sources saw.

use account::inventory::Inventory;
use account::map::Change;
use billing::day_cost::DayCost;
use billing::early::EarlyFigure;
use billing::line::DayCharges;
use billing::regions::RegionFirstUse;
use chain::{HopState, Link};
use chrono::{DateTime, Utc};
use lambda_log::diagnosis::Cause;
use lambda_log::fault::FailedInvocation;
use lambda_log::served::ServedInvocation;
use lambda_log::tally::InvocationCounts;
use model::call_failure::CallFailure;
use model::money::read_optional_kept;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::warm_day::WarmDay;

/// One thing a source saw.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// When it happened, UTC.
    pub at: DateTime<Utc>,
    /// When it was seen, UTC; never before `at` by more than the clocks differ.
    pub seen: DateTime<Utc>,
    /// The source that saw it, such as `watch.spend`.
    pub source: String,
    /// The content.
    pub what: ObservationBody,
}

/// What an observation holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObservationBody {
    /// What one UTC day cost so far, all services of one answer.
    Cost(DayCost),
    /// The charges of a day, from the same poll as [`ObservationBody::Cost`]. Rules use the sums; these are for the
    /// store.
    Lines(DayCharges),
    /// An early figure of a day and its month so far.
    Early(EarlyFigure),
    /// What a function did in one minute, counted.
    Tally(InvocationCounts),
    /// A failed invocation, with its cause.
    Fault(FailedInvocation),
    /// A warm-up ping.
    Ping(PingResult),
    /// Invocations and the environments that served them, for who keeps the function warm.
    Served(ServedInvocations),
    /// What a day of planned pings came to so far.
    WarmDay(WarmDay),
    /// A point of a CloudWatch metric.
    Metric(MetricPoint),
    /// Everything a function logged up to `at` has been read.
    ReadUpTo(ReadUpTo),
    /// Every metric of a function has been asked for up to `at`.
    MeasuredUpTo(ReadUpTo),
    /// All resources of one kind in a region, or that they could not be read.
    Inventory(Inventory),
    /// A change of a resource; again with its call when CloudTrail shows it.
    Change(Change),
    /// The bill names a region that was never used before.
    NewRegion(RegionFirstUse),
    /// A check of an endpoint.
    Endpoint(EndpointCheck),
    /// A whole poll has succeeded.
    Answered,
    /// A call has failed. Other calls of the same poll may have succeeded.
    Failed(CallFailure),
}

impl ObservationBody {
    /// Whether the store has a row for it; others can be read again, or are stored with their source.
    pub fn is_kept(&self) -> bool {
        match self {
            Self::Cost(_) | Self::Lines(_) | Self::Early(_) | Self::Inventory(_) => true,
            Self::Tally(_)
            | Self::Fault(_)
            | Self::Ping(_)
            | Self::Metric(_)
            | Self::Change(_)
            | Self::WarmDay(_)
            | Self::NewRegion(_) => true,
            Self::ReadUpTo(_) | Self::MeasuredUpTo(_) | Self::Served(_) => false,
            Self::Endpoint(_) | Self::Answered | Self::Failed(_) => false,
        }
    }
}

/// What a check of an endpoint came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndpointCheck {
    /// The URL that was asked for, without its query.
    pub url: String,
    /// `Ok`, `Broken`, `Waiting` or `Unknown`.
    pub state: HopState,
    /// The link that it rests on; `None` where all is well, and where the answer is not the expected one.
    pub link: Option<Link>,
    /// What is wrong, in one sentence; empty where nothing is.
    pub summary: String,
    /// How it was seen, printable, cut, redacted.
    pub evidence: Vec<String>,
    /// What to do.
    pub next_step: String,
    /// When a wait ends, UTC, where that is known.
    pub until: Option<DateTime<Utc>>,
    /// The certificate that was presented.
    pub certificate: Option<PresentedCertificate>,
    /// From the request to the first byte of the answer, in milliseconds; `None` without an answer.
    pub first_byte_ms: Option<u64>,
    /// The zone that the host is in, where it was found.
    pub zone: Option<String>,
    /// The name of the function behind it, where the watch says it.
    pub function: Option<String>,
    /// How it is reached, in words: CNAMEs, who signed the certificate, what server answers. Empty if no answer came.
    pub reached_by: Vec<String>,
}

/// What matters of a certificate that was presented.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresentedCertificate {
    /// Until when it is valid, UTC.
    pub until: DateTime<Utc>,
    /// Who signed it.
    pub issuer: String,
}

/// How a ping ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PingOutcome {
    /// An environment that was already warm answered.
    Warm,
    /// A new environment had to be started, and answered.
    Cold,
    /// It answered, but it is unknown whether the environment was new.
    Answered,
    /// The function's timeout ended it.
    TimedOut,
    /// The function answered with an error.
    Failed,
}

/// One warm-up ping.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PingResult {
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
    /// Its cost in USD by the price table; `None` if the REPORT line is incomplete.
    #[serde(default, deserialize_with = "read_optional_kept")]
    pub usd: Option<Decimal>,
    /// The deciding lines, redacted and shortened.
    pub evidence: Vec<String>,
}

/// The Lambda metrics that are read, with the units they are shown in.
pub const METRICS: &[(&str, &str)] =
    &[("Errors", ""), ("Throttles", ""), ("Duration", " ms"), ("ConcurrentExecutions", "")];

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

/// Invocations of a function that were read in one poll.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServedInvocations {
    /// The function's name.
    pub function: String,
    /// Each of them, in no order.
    pub each: Vec<ServedInvocation>,
}

/// How far a function's log has been read, or its metrics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadUpTo {
    /// The function's name.
    pub function: String,
}
