//! What sources see.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::billing::early::EarlyFigure;
use super::billing::line::DayLines;
use super::diagnosis::{Cause, Confidence};
use super::durations::Durations;
use super::inventory::Inventory;
use super::money::{Money, Totals};

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

/// What one UTC day cost, as one answer said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayCost {
    /// The UTC day.
    pub day: NaiveDate,
    /// What Cost Explorer called this day: `Estimated`, kept as it came.
    pub estimated: bool,
    /// Whether the figure is old enough (or confirmed) to be compared with other days.
    pub settled: bool,
    /// Exact amount per service, everything included; a service that is absent cost nothing, as far as this answer goes. What a service
    /// is billed in a second currency has a line of its own, named `Service (CUR)`.
    pub services: BTreeMap<String, Money>,
    /// What of these amounts is anything else than usage, by service (as in `services`) and record type: tax, credits, refunds, support.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub records: BTreeMap<String, BTreeMap<String, Decimal>>,
}

impl DayCost {
    /// A day nothing is known of yet.
    pub fn new(day: NaiveDate, estimated: bool, settled: bool) -> Self {
        Self { day, estimated, settled, services: BTreeMap::new(), records: BTreeMap::new() }
    }

    /// Adds an amount of a service. Another currency than the service has so far makes a line of its own: nothing is mixed.
    pub fn add(&mut self, service: &str, record_type: &str, money: &Money) {
        let clashes = self.services.get(service).is_some_and(|known| known.currency != money.currency);
        let line = if clashes { format!("{service} ({})", money.currency) } else { service.to_owned() };
        let sum = self.services.entry(line.clone()).or_insert_with(|| Money { amount: Decimal::ZERO, currency: money.currency.clone() });
        sum.amount = sum.amount.saturating_add(money.amount);
        if record_type != Self::USAGE {
            let record = self.records.entry(line).or_default().entry(record_type.to_owned()).or_default();
            *record = record.saturating_add(money.amount);
        }
    }

    /// The record type of what is used.
    pub const USAGE: &'static str = "Usage";

    /// What a service, or everything (`None`), cost on this day in US dollars. `None` if it was billed in another currency.
    pub fn usd(&self, service: Option<&str>) -> Option<Decimal> {
        let Some(service) = service else {
            let mut totals = Totals::default();
            self.services.values().for_each(|money| totals.add(money));
            return totals.only(Money::USD);
        };
        match self.services.get(service) {
            None => Some(Decimal::ZERO),
            Some(money) => (money.currency == Money::USD).then_some(money.amount),
        }
    }
}

/// Counts of what a function did in one minute; an increment, to be added to what is known of that minute.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// The function's name.
    pub function: String,
    /// Invocations that ended (or timed out).
    pub invocations: u64,
    /// Of these, the ones a new environment was started for.
    pub cold: u64,
    /// Of the cold ones, those whose caller waited for the start-up.
    pub cold_waited: u64,
    /// Invocations that hit the function's timeout.
    pub timeouts: u64,
    /// Invocations that failed otherwise.
    pub errors: u64,
    /// Billed milliseconds.
    pub billed_ms: u64,
    /// Sum of durations, in milliseconds.
    pub duration_ms: u64,
    /// Lines that could not be read as what they claim to be.
    pub unparsed: u64,
    /// Faults by cause.
    pub causes: BTreeMap<Cause, u64>,
    /// How long the invocations took, as far as the log says: each duration in milliseconds.
    #[serde(default)]
    pub durations: Durations,
    /// The highest share of its memory that the function used; `None` if no line said.
    #[serde(default)]
    pub memory: Option<MemoryUse>,
}

/// Memory that was used, of the memory there was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryUse {
    /// Used, in MB: the highest figure of the environment so far, as Lambda reports it.
    pub used_mb: u32,
    /// Configured, in MB; zero says nothing of the share.
    pub size_mb: u32,
}

impl MemoryUse {
    /// The one that used the higher share of what it had; of the same shares the one that used more.
    pub fn higher(self, other: Self) -> Self {
        let share = |of: &Self, than: &Self| u64::from(of.used_mb) * u64::from(than.size_mb);
        let order = (self.size_mb > 0).cmp(&(other.size_mb > 0)).then_with(|| share(&self, &other).cmp(&share(&other, &self)));
        let order = order.then_with(|| (self.used_mb, self.size_mb).cmp(&(other.used_mb, other.size_mb)));
        if order.is_lt() { other } else { self }
    }
}

impl Tally {
    /// Adds the counts of another increment of the same function.
    pub fn add(&mut self, other: &Self) {
        self.add_numbers(other);
        for (cause, count) in &other.causes {
            *self.causes.entry(*cause).or_default() += count;
        }
        self.durations.merge(&other.durations);
    }

    /// Adds the plain numbers of another increment, and its memory.
    pub fn add_numbers(&mut self, other: &Self) {
        self.invocations += other.invocations;
        self.cold += other.cold;
        self.cold_waited += other.cold_waited;
        self.timeouts += other.timeouts;
        self.errors += other.errors;
        self.billed_ms += other.billed_ms;
        self.duration_ms += other.duration_ms;
        self.unparsed += other.unparsed;
        other.memory.into_iter().for_each(|memory| self.used(memory));
    }

    /// Takes in how much memory an invocation has used; the highest share is kept.
    pub fn used(&mut self, memory: MemoryUse) {
        self.memory = Some(self.memory.map_or(memory, |known| known.higher(memory)));
    }

    /// Whether it counts anything.
    pub fn is_empty(&self) -> bool {
        Self { function: self.function.clone(), ..Self::default() } == *self
    }
}

/// An invocation that went wrong.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fault {
    /// The function's name.
    pub function: String,
    /// The deepest cause its lines prove.
    pub cause: Cause,
    /// How sure the lines make it.
    pub confidence: Confidence,
    /// Request id, where the lines name one.
    pub request_id: Option<String>,
    /// What the lines say, in a sentence, with the function's own numbers.
    pub finding: String,
    /// The deciding lines, redacted and shortened.
    pub evidence: Vec<String>,
    /// Other causes that lines of the same invocation show, deepest first; never `cause` itself.
    #[serde(default)]
    pub also: Vec<Cause>,
    /// The text of the error with everything blanked that differs from one time to the next, ids and numbers: two faults with the
    /// same fingerprint are the same error. Redacted, readable, at most 200 characters or so; `None` if no line tells an error.
    #[serde(default)]
    pub fingerprint: Option<String>,
}

impl Fault {
    /// The line that tells the error: the one that has the fingerprint's first word, else the first that was kept, else the finding.
    pub fn excerpt(&self) -> &str {
        let word = self.fingerprint.as_deref().and_then(|fingerprint| fingerprint.split_whitespace().next());
        let telling = word.and_then(|word| self.evidence.iter().find(|line| line.contains(word)));
        telling.or_else(|| self.evidence.first()).unwrap_or(&self.finding)
    }
}

/// How a ping ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// Why a call did not give what was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// No credentials were found.
    NoCredentials,
    /// The credentials were refused or are expired.
    BadCredentials,
    /// A permission is missing.
    Denied,
    /// The thing asked for does not exist.
    NotFound,
    /// The endpoint cannot be reached; the call was never made.
    Unreachable,
    /// The call was made, and no answer came in time.
    NoAnswer,
    /// AWS asked to slow down.
    Throttled,
    /// There is more to read than the monitor's own pace allows; it is read late.
    Behind,
    /// The monitor's own spending cap forbids the call.
    CapReached,
    /// Anything else, an answer that cannot be read among them.
    Refused,
}

impl FailureKind {
    /// Whether waiting alone is likely to mend it, so that telling somebody can wait too.
    pub fn is_passing(self) -> bool {
        matches!(self, Self::Throttled | Self::Behind)
    }
}

/// A failed call in one line a person can act on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallFailure {
    /// The call, as in an IAM policy: `ce:GetCostAndUsage`.
    pub call: String,
    /// What it was asked about.
    pub resource: String,
    /// The class of the failure.
    pub kind: FailureKind,
    /// What AWS (or the network) said, short and without secrets.
    pub said: String,
    /// What to do.
    pub next_step: String,
}

impl std::fmt::Display for CallFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} on {} failed: {}; {}", self.call, self.resource, self.said, self.next_step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_higher_share_of_memory_wins_whichever_comes_first() {
        let of = |(used_mb, size_mb)| MemoryUse { used_mb, size_mb };
        for (low, high) in [((90, 128), (100, 128)), ((500, 1024), (100, 128)), ((64, 128), (128, 256)), ((999, 0), (1, 128)), ((1, 0), (2, 0))] {
            assert_eq!((of(low).higher(of(high)), of(high).higher(of(low))), (of(high), of(high)), "{low:?} and {high:?}");
        }
    }

    #[test]
    fn what_version_1_wrote_can_still_be_read() {
        let fault: Fault =
            serde_json::from_str(r#"{"function":"f","cause":"oom","confidence":"proved","request_id":null,"finding":"It is so.","evidence":["a line"]}"#)
                .unwrap();
        assert_eq!((fault.also, fault.fingerprint), (vec![], None));
        let tally: Tally = serde_json::from_str(
            r#"{"function":"f","invocations":1,"cold":0,"cold_waited":0,"timeouts":0,"errors":0,"billed_ms":5,"duration_ms":5,"unparsed":0,"causes":{}}"#,
        )
        .unwrap();
        assert_eq!((tally.durations.count(), tally.memory), (0, None));
    }
}
