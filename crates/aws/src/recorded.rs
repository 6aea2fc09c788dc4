//! Replays a recorded account: its bill, and how its functions behaved at which time. It answers like AWS, including
//! delays, and a ping writes lines to the log.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use billing::day_cost::DayCost;
use billing::export::layout::ExportFile;
use billing::line::ChargeCategory;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use clock::Clock;
use model::calendar::{day_end, day_start};
use model::call_failure::{CallFailure, FailureKind};
use model::money::{Money, read_entering};
use model::span::Span;
use rust_decimal::Decimal;
use serde::Deserialize;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::budget::RateLimiter;
use super::describing::{DescribeApi, DescribeCall, DescribePace};
use super::resolve::LogDestination;
use super::resources::{DbInstance, EbsVolume, ElasticIp, LoadBalancer, NatGateway, ResourcesApi};
use super::{
    AwsClients, BilledDay, BilledGroup, CallerIdentity, CostExplorerApi, CostGrouping, CostQuery, ExportBucket,
    ExportsApi, IdentityApi, InvokeResponse, LambdaApi, LambdaFunctionSettings, LogClass, LogEvent, LogGroup, LogsApi,
    MetricDatapoint, MetricQuery, MetricsApi, ProvisionedConcurrency, ResultPage,
};

/// A recording of an account.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    region: String,
    /// Days are billed one after another from a first to a last.
    bill: Vec<RecordedCost>,
    #[serde(default)]
    function: Vec<RecordedFunction>,
    #[serde(default)]
    database: Vec<RecordedDatabase>,
}

/// A service that cost the same every day for some days.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordedCost {
    service: String,
    first: NaiveDate,
    last: NaiveDate,
    #[serde(deserialize_with = "read_entering")]
    usd_a_day: Decimal,
    /// Empty where it is not told apart.
    #[serde(default)]
    usage_type: String,
    /// Usage if it says nothing else.
    record_type: Option<String>,
    /// How much was used a day, with its unit.
    quantity_a_day: Option<(Decimal, String)>,
}

/// An RDS instance, and when anybody was connected to it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordedDatabase {
    name: String,
    class: String,
    engine: String,
    storage_type: String,
    storage_gb: u32,
    made: DateTime<Utc>,
    /// From then on it is no longer there.
    gone: Option<DateTime<Utc>>,
    /// The first and the last day on which anybody was connected; none for never.
    used: Option<(NaiveDate, NaiveDate)>,
}

/// A function and how it behaved.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordedFunction {
    name: String,
    /// The log group it is configured with, where it is not the one by default.
    log_group: Option<String>,
    /// How long an idle environment is kept.
    idle: Span,
    /// How long an environment is kept at all.
    recycle: Span,
    behaviour: Vec<RecordedBehavior>,
    /// Calls that are not pings.
    #[serde(default)]
    calls: Vec<RecordedCalls>,
}

/// How a function behaves from a time on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordedBehavior {
    from: DateTime<Utc>,
    /// What an invocation in a new environment logs, and what one in a warm environment does. Each line is the number
    /// of milliseconds since the call, then the text; `{id}` and `{time}` stand for the request id and the line's own
    /// time.
    cold: Vec<(i64, String)>,
    #[serde(default)]
    warm: Vec<(i64, String)>,
    /// The error that the caller gets.
    error: Option<String>,
    /// Each invocation ends its environment.
    #[serde(default)]
    thrown_away: bool,
}

/// Calls at even distances.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordedCalls {
    first: DateTime<Utc>,
    last: DateTime<Utc>,
    every: Span,
}

/// Figures of a day appear this long after it began, and are final this long after it ended.
const BILLED_AFTER: TimeDelta = TimeDelta::hours(24);
const FINAL_AFTER: TimeDelta = TimeDelta::hours(24);
/// Cost Explorer calls figures of this age no longer estimated.
const ESTIMATED: TimeDelta = TimeDelta::hours(72);
/// Until then the figure is this share of the final one.
const FIRST_FIGURE: Decimal = Decimal::from_parts(6, 0, 0, false, 1);
/// An event becomes visible this long after it was written.
const VISIBLE_AFTER: TimeDelta = TimeDelta::seconds(12);
/// The log keeps only what can still be asked for.
const LOG_KEPT: TimeDelta = TimeDelta::hours(3);
/// What a function has at least, in MB.
const LEAST_MEMORY: u32 = 128;
/// The tail that an invocation returns, in bytes.
const TAIL: usize = 4096;

impl Recording {
    /// Reads a recording.
    ///
    /// # Errors
    /// If it is malformed.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }

    /// The account at the time of `clock`; invocations before `from` are not replayed.
    pub fn account(self, clock: Arc<dyn Clock>, from: DateTime<Utc>) -> AwsClients {
        let region = self.region.clone();
        let functions = self
            .function
            .iter()
            .map(|function| {
                (function.name.clone(), RecordedFunctionState { called_to: from, ..RecordedFunctionState::default() })
            })
            .collect();
        let replayed = Arc::new(RecordedAccount { recording: self, clock, functions: Mutex::new(functions) });
        AwsClients {
            others: vec![],
            region,
            billing: replayed.clone(),
            logs: replayed.clone(),
            functions: replayed.clone(),
            metrics: replayed.clone(),
            resources: replayed.clone(),
            identity: replayed.clone(),
            describe: replayed.clone(),
            describe_pace: Arc::new(DescribePace::unbounded()),
            random_key: || Some([0; 32]),
            exports: replayed,
            prices: Arc::default(),
            log_budget: Arc::new(RateLimiter::unbounded()),
        }
    }
}

struct RecordedAccount {
    recording: Recording,
    clock: Arc<dyn Clock>,
    functions: Mutex<BTreeMap<String, RecordedFunctionState>>,
}

/// A function's log and its one environment.
#[derive(Default)]
struct RecordedFunctionState {
    log: BTreeMap<(i64, u64), LogEvent>,
    calls: u64,
    called_to: DateTime<Utc>,
    environment: Option<RecordedEnvironment>,
}

struct RecordedEnvironment {
    stream: String,
    born: DateTime<Utc>,
    last: DateTime<Utc>,
}

impl RecordedAccount {
    fn states(&self) -> MutexGuard<'_, BTreeMap<String, RecordedFunctionState>> {
        self.functions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the recorded calls up to now happen.
    fn catch_up(&self, function: &RecordedFunction, state: &mut RecordedFunctionState, now: DateTime<Utc>) {
        for calls in &function.calls {
            let gap = calls.every.delta().num_milliseconds().max(1);
            let done = ((state.called_to - calls.first).num_milliseconds().max(-1)).div_euclid(gap) + 1;
            let mut next = calls.first + TimeDelta::milliseconds(done.max(0) * gap);
            while next <= now && next < calls.last {
                invoke(function, state, next);
                next += calls.every.delta();
            }
        }
        state.called_to = state.called_to.max(now);
        let old = (now - LOG_KEPT).timestamp_millis();
        while state.log.first_key_value().is_some_and(|((at, _), _)| *at < old) {
            state.log.pop_first();
        }
    }

    fn function(&self, name: &str) -> Option<&RecordedFunction> {
        self.recording.function.iter().find(|function| function.name == name)
    }
}

impl RecordedFunction {
    fn group(&self) -> String {
        self.log_group.clone().unwrap_or_else(|| LogDestination::by_default(&self.name).group)
    }

    /// The stream of an environment that begins at a time: it names the function where others may log to the group.
    fn stream(&self, at: DateTime<Utc>, call: u64) -> String {
        let (date, environment) = (at.format("%Y/%m/%d"), xxh3_128(format!("{}{call}", self.name).as_bytes()));
        match self.log_group {
            Some(_) => format!("{date}/{}[$LATEST][{environment:032x}]", self.name),
            None => format!("{date}/[$LATEST]{environment:032x}"),
        }
    }
}

/// One invocation: lines in the log, the environment as it is afterwards, and what the caller gets.
fn invoke(function: &RecordedFunction, state: &mut RecordedFunctionState, at: DateTime<Utc>) -> Option<InvokeResponse> {
    let behaviour = function.behaviour.iter().rev().find(|behaviour| behaviour.from <= at)?;
    state.calls += 1;
    let call = state.calls;
    let warm = state.environment.take().filter(|environment| {
        at - environment.last < function.idle.delta() && at - environment.born < function.recycle.delta()
    });
    let (lines, stream, born) = match warm {
        Some(environment) if !behaviour.warm.is_empty() => (&behaviour.warm, environment.stream, environment.born),
        _ => (&behaviour.cold, function.stream(at, call), at),
    };
    let id = request_id(&function.name, call);
    let mut tail = String::new();
    for (number, (offset, text)) in lines.iter().enumerate() {
        let time = at + TimeDelta::milliseconds(*offset);
        let message = text.replace("{id}", &id).replace("{time}", &time.format("%FT%T%.3fZ").to_string());
        tail.push_str(&message);
        tail.push('\n');
        let key = (time.timestamp_millis(), call * 100 + number as u64);
        state.log.insert(
            key,
            LogEvent { stream: stream.clone(), at_ms: key.0, id: Some(format!("{:020}{:020}", key.0, key.1)), message },
        );
    }
    let end = at + TimeDelta::milliseconds(lines.iter().map(|(offset, _)| *offset).max().unwrap_or(0));
    state.environment = (!behaviour.thrown_away).then_some(RecordedEnvironment { stream, born, last: end });
    let cut = tail.len().saturating_sub(TAIL);
    let log_tail = tail.get(cut..).unwrap_or(&tail).to_owned();
    let payload = behaviour.error.as_ref().map_or_else(
        || "{}".to_owned(),
        |error| serde_json::json!({ "errorMessage": error.replace("{id}", &id) }).to_string(),
    );
    Some(InvokeResponse { function_error: behaviour.error.as_ref().map(|_| "Unhandled".to_owned()), payload, log_tail })
}

/// Looks like one of Lambda's, and is the same in every replay.
fn request_id(function: &str, call: u64) -> String {
    let hash = format!("{:032x}", xxh3_128(format!("{function}/{call}").as_bytes()));
    let part = |from: usize, to: usize| hash.get(from..to).unwrap_or_default().to_owned();
    format!("{}-{}-4{}-8{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}

#[async_trait]
impl CostExplorerApi for RecordedAccount {
    async fn costs(&self, question: &CostQuery, _token: Option<&str>) -> Result<ResultPage<BilledDay>, CallFailure> {
        let now = self.clock.now();
        let mut items = Vec::new();
        for day in
            question.from.iter_days().take_while(|day| *day < question.end && now >= day_start(*day) + BILLED_AFTER)
        {
            let share = if now >= day_end(day) + FINAL_AFTER { Decimal::ONE } else { FIRST_FIGURE };
            let billed = self.recording.bill.iter().filter(|billed| billed.first <= day && day <= billed.last);
            let groups = billed.filter_map(|billed| billed.group(question.by, share)).collect();
            items.push(BilledDay { day, estimated: now < day_end(day) + ESTIMATED, groups });
        }
        Ok(ResultPage { items, next: None })
    }
}

impl RecordedCost {
    /// What the answer to a question says of it, as far as it has arrived.
    fn group(&self, by: CostGrouping, share: Decimal) -> Option<BilledGroup> {
        let record_type = self.record_type.clone().unwrap_or_else(|| DayCost::USAGE.to_owned());
        let used = ChargeCategory::of_record_type(&record_type) == ChargeCategory::Usage;
        let usage_type = if by == CostGrouping::UsageType { self.usage_type.clone() } else { String::new() };
        let quantity = self
            .quantity_a_day
            .clone()
            .filter(|_| by == CostGrouping::UsageType)
            .map(|(quantity, unit)| (quantity * share, unit));
        let group = BilledGroup {
            service: self.service.clone(),
            record_type,
            usage_type,
            money: Money::usd(self.usd_a_day * share),
            quantity,
        };
        (by == CostGrouping::RecordType || used).then_some(group)
    }
}

#[async_trait]
impl LogsApi for RecordedAccount {
    async fn log_groups(&self, prefix: &str, _token: Option<&str>) -> Result<ResultPage<LogGroup>, CallFailure> {
        let groups: BTreeSet<String> = self.recording.function.iter().map(RecordedFunction::group).collect();
        Ok(ResultPage {
            items: groups
                .into_iter()
                .filter(|group| group.starts_with(prefix))
                .map(|name| LogGroup { name, ..LogGroup::default() })
                .collect(),
            next: None,
        })
    }

    async fn log_groups_of(&self, _class: LogClass, _token: Option<&str>) -> Result<ResultPage<String>, CallFailure> {
        Ok(ResultPage { items: vec![], next: None })
    }

    async fn events(
        &self,
        group: &str,
        from_ms: i64,
        to_ms: i64,
        _token: Option<&str>,
    ) -> Result<ResultPage<LogEvent>, CallFailure> {
        let now = self.clock.now();
        let visible = to_ms.min((now - VISIBLE_AFTER).timestamp_millis());
        let (mut states, mut is_there, mut items) = (self.states(), false, vec![]);
        for function in self.recording.function.iter().filter(|function| function.group() == group) {
            is_there = true;
            let state = states.entry(function.name.clone()).or_default();
            self.catch_up(function, state, now);
            if from_ms <= visible {
                items.extend(state.log.range((from_ms, 0)..=(visible, u64::MAX)).map(|(_, event)| event.clone()));
            }
        }
        if !is_there {
            return Err(absent("logs:FilterLogEvents", group));
        }
        items.sort_by_key(|event| event.at_ms);
        Ok(ResultPage { items, next: None })
    }
}

#[async_trait]
impl LambdaApi for RecordedAccount {
    /// Of how functions are configured only their log groups are recorded: those that have none are not listed.
    async fn list(&self, _token: Option<&str>) -> Result<ResultPage<LambdaFunctionSettings>, CallFailure> {
        let listed = self.recording.function.iter().filter(|function| function.log_group.is_some());
        let settings = |function: &RecordedFunction| LambdaFunctionSettings {
            name: function.name.clone(),
            memory_mb: LEAST_MEMORY,
            arm64: false,
            log_group: function.log_group.clone(),
            modified: None,
        };
        Ok(ResultPage { items: listed.map(settings).collect(), next: None })
    }

    async fn invoke(&self, function: &str, _payload: &str, _give_up: Span) -> Result<InvokeResponse, CallFailure> {
        let now = self.clock.now();
        let found = self.function(function).ok_or_else(|| absent("lambda:InvokeFunction", function))?;
        let mut states = self.states();
        let state = states.entry(function.to_owned()).or_default();
        self.catch_up(found, state, now);
        invoke(found, state, now).ok_or_else(|| absent("lambda:InvokeFunction", function))
    }

    async fn may_invoke(&self, function: &str) -> Result<(), CallFailure> {
        self.function(function).map(|_| ()).ok_or_else(|| absent("lambda:InvokeFunction", function))
    }

    async fn concurrency_limit(&self) -> Result<u32, CallFailure> {
        Ok(10)
    }

    async fn provisioned(&self, _function: &str) -> Result<Vec<ProvisionedConcurrency>, CallFailure> {
        Ok(vec![])
    }

    async fn memory_mb(&self, function: &str, _qualifier: &str) -> Result<u32, CallFailure> {
        Err(absent("lambda:GetFunctionConfiguration", function))
    }
}

#[async_trait]
impl MetricsApi for RecordedAccount {
    async fn statistics(
        &self,
        query: &MetricQuery,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        _period: u32,
    ) -> Result<Vec<MetricDatapoint>, CallFailure> {
        let named = |database: &&RecordedDatabase| {
            query.metric == "DatabaseConnections" && query.dimensions.iter().any(|(_, value)| *value == database.name)
        };
        let Some(database) = self.recording.database.iter().find(named) else { return Ok(vec![]) };
        let now = self.clock.now().min(to);
        let there =
            |day: &NaiveDate| day_end(*day) > database.made && database.gone.is_none_or(|gone| day_start(*day) < gone);
        let point = |day: NaiveDate| {
            let connected = database.used.is_some_and(|(first, last)| first <= day && day <= last);
            let maximum = if connected { 2.0 } else { 0.0 };
            MetricDatapoint { at: day_start(day), sum: maximum, maximum, average: maximum }
        };
        Ok(from.date_naive().iter_days().take_while(|day| day_start(*day) < now).filter(there).map(point).collect())
    }

    async fn list_metrics(
        &self,
        _query: &MetricQuery,
        _token: Option<&str>,
    ) -> Result<ResultPage<MetricQuery>, CallFailure> {
        Ok(ResultPage { items: vec![], next: None })
    }
}

#[async_trait]
impl ResourcesApi for RecordedAccount {
    async fn db_instances(&self) -> Result<Vec<DbInstance>, CallFailure> {
        let now = self.clock.now();
        let there = self
            .recording
            .database
            .iter()
            .filter(|database| database.made <= now && database.gone.is_none_or(|gone| now < gone));
        let instance = |database: &RecordedDatabase| DbInstance {
            id: database.name.clone(),
            arn: String::new(),
            class: database.class.clone(),
            engine: database.engine.clone(),
            state: "available".to_owned(),
            storage_type: database.storage_type.clone(),
            storage_gb: Some(database.storage_gb),
            multi_az: Some(false),
            created: Some(database.made),
            tags: BTreeMap::new(),
        };
        Ok(there.map(instance).collect())
    }

    async fn nat_gateways(&self) -> Result<Vec<NatGateway>, CallFailure> {
        Ok(vec![])
    }

    async fn addresses(&self) -> Result<Vec<ElasticIp>, CallFailure> {
        Ok(vec![])
    }

    async fn volumes(&self) -> Result<Vec<EbsVolume>, CallFailure> {
        Ok(vec![])
    }

    async fn load_balancers(&self) -> Result<Vec<LoadBalancer>, CallFailure> {
        Ok(vec![])
    }

    async fn target_groups(&self, _load_balancer: &str) -> Result<Vec<String>, CallFailure> {
        Ok(vec![])
    }

    async fn targets(&self, _group: &str) -> Result<usize, CallFailure> {
        Ok(0)
    }
}

#[async_trait]
impl DescribeApi for RecordedAccount {
    /// No recording has a map: it is as if it may not be read.
    async fn ask(&self, call: &DescribeCall) -> Result<String, CallFailure> {
        Err(CallFailure { kind: FailureKind::Denied, ..absent(call.action, &call.resource) })
    }
}

#[async_trait]
impl IdentityApi for RecordedAccount {
    async fn who(&self) -> Result<CallerIdentity, CallFailure> {
        let arn = format!("a recorded account ({:04x})", xxh3_64(self.recording.region.as_bytes()) & 0xffff);
        Ok(CallerIdentity { account: "000000000000".to_owned(), arn })
    }
}

#[async_trait]
impl ExportsApi for RecordedAccount {
    async fn objects(
        &self,
        bucket: &ExportBucket,
        _token: Option<&str>,
    ) -> Result<ResultPage<ExportFile>, CallFailure> {
        Err(absent("s3:ListBucket", &bucket.name))
    }

    async fn fetch(&self, _bucket: &ExportBucket, object: &ExportFile, _into: &mut File) -> Result<(), CallFailure> {
        Err(absent("s3:GetObject", &object.path))
    }
}

fn absent(call: &str, resource: &str) -> CallFailure {
    CallFailure {
        call: call.to_owned(),
        resource: resource.to_owned(),
        kind: FailureKind::NotFound,
        said: "not in the recording".to_owned(),
        next_step: "check the name".to_owned(),
    }
}
