//! Narrow traits for the AWS calls of the monitor, so that sources do not depend on the SDK.
//!
//! [`sdk`] calls AWS (or the endpoint in `AWS_ENDPOINT_URL`), [`recorded`] replays an account from a file, and
//! [`meter`] wraps either: it counts, prices and caps every billable call. [`budget`] limits how fast
//! logs are read.

mod answers;
pub mod budget;
pub mod describe;
mod describe_client;
pub mod describing;
mod failure;
pub mod meter;
pub mod paging;
mod pinned;
pub mod policy;
pub mod prices;
mod query;
pub mod recorded;
pub mod resolve;
pub mod resources;
mod s3;
pub mod sdk;
pub mod settings;
mod signed;
pub mod zones;

use std::fs::File;
use std::sync::Arc;

use async_trait::async_trait;
use billing::export::layout::ExportFile;
use chrono::{DateTime, NaiveDate, Utc};
use model::call_failure::CallFailure;
use model::money::Money;
use model::span::Span;
use rust_decimal::Decimal;

use self::budget::RateLimiter;
use self::describing::{DescribeApi, DescribePace};
use self::resources::ResourcesApi;

pub use self::pinned::{AccessKey, CallerIdentity, PROFILE};

/// A page of a longer answer, with the token of the next one.
#[derive(Debug, Clone)]
pub struct ResultPage<T> {
    /// What the page holds.
    pub items: Vec<T>,
    /// The token to ask for the next page with; `None` on the last one.
    pub next: Option<String>,
}

/// What a bill is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostQuery {
    /// The first UTC day.
    pub from: NaiveDate,
    /// The first UTC day that is no longer meant.
    pub end: NaiveDate,
    /// What an amount is.
    pub metric: CostMetric,
    /// The second dimension of the amounts, besides the service.
    pub by: CostGrouping,
    /// Only what this linked account used; everything the caller may see if `None`.
    pub account: Option<String>,
}

/// Cost Explorer's cost metric. The metrics differ in how they spread upfront payments and discounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CostMetric {
    /// The amounts on the invoice.
    Unblended,
    /// With upfront payments spread over the time they are for.
    Amortized,
    /// With the average rate of an organisation.
    Blended,
    /// `Unblended` after discounts.
    NetUnblended,
    /// `Amortized` after discounts.
    NetAmortized,
}

impl CostMetric {
    /// Each metric with its word in the configuration.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("unblended", Self::Unblended),
        ("amortized", Self::Amortized),
        ("blended", Self::Blended),
        ("net_unblended", Self::NetUnblended),
        ("net_amortized", Self::NetAmortized),
    ];

    /// The name the API has for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unblended => "UnblendedCost",
            Self::Amortized => "AmortizedCost",
            Self::Blended => "BlendedCost",
            Self::NetUnblended => "NetUnblendedCost",
            Self::NetAmortized => "NetAmortizedCost",
        }
    }
}

/// The dimension by which amounts of a service are grouped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CostGrouping {
    /// Record types: usage, tax, credits, refunds, support. Together they are everything.
    RecordType,
    /// Usage types with their quantities, tax and what is given back left out.
    UsageType,
}

/// The costs of one UTC day. A day without groups cost nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BilledDay {
    /// The UTC day; it may continue on the next page.
    pub day: NaiveDate,
    /// Cost Explorer's `Estimated`.
    pub estimated: bool,
    /// Its groups.
    pub groups: Vec<BilledGroup>,
}

/// One group of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BilledGroup {
    /// The service's name on the bill.
    pub service: String,
    /// The record type, `Usage` if the response has none.
    pub record_type: String,
    /// The usage type, empty if the response has none.
    pub usage_type: String,
    /// The exact amount.
    pub money: Money,
    /// The quantity with its unit; `None` if the response has none or mixes units.
    pub quantity: Option<(Decimal, String)>,
}

/// Cost Explorer.
#[async_trait]
pub trait CostExplorerApi: Send + Sync {
    /// A page of `ce:GetCostAndUsage`, by day. Asked once, never again by itself, so that every request that may be
    /// charged is counted.
    async fn costs(&self, question: &CostQuery, token: Option<&str>) -> Result<ResultPage<BilledDay>, CallFailure>;
}

/// An event of a log group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEvent {
    /// The log stream; for Lambda, the execution environment.
    pub stream: String,
    /// When it was written, milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// CloudWatch's own id of the event, where it gives one.
    pub id: Option<String>,
    /// The message.
    pub message: String,
}

/// A log group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogGroup {
    /// Its name.
    pub name: String,
    /// After how many days an event is deleted; `None` for never.
    pub retention_days: Option<u32>,
    /// The stored, compressed size in bytes; `None` if unknown.
    pub stored_bytes: Option<u64>,
    /// When it was made, UTC.
    pub created: Option<DateTime<Utc>>,
    /// Its class; `None` for the standard one.
    pub class: Option<LogClass>,
}

/// The class of a log group, where it is not the standard one. Both cost less, or may.
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogClass {
    /// `INFREQUENT_ACCESS`
    InfrequentAccess,
    /// `DELIVERY`: stored for a day on the way to another destination.
    Delivery,
}

/// CloudWatch Logs.
#[async_trait]
pub trait LogsApi: Send + Sync {
    /// A page of `logs:DescribeLogGroups`: those whose names start with `prefix`, all for an empty one.
    async fn log_groups(&self, prefix: &str, token: Option<&str>) -> Result<ResultPage<LogGroup>, CallFailure>;

    /// A page of `logs:DescribeLogGroups`: names of the groups of one class.
    async fn log_groups_of(&self, class: LogClass, token: Option<&str>) -> Result<ResultPage<String>, CallFailure>;

    /// A page of `logs:FilterLogEvents`, over all streams, both ends included, milliseconds since 1970 UTC. Asked once,
    /// never again by itself, so that [`budget`] knows of every call. A token only fits the times it was given for.
    async fn events(
        &self,
        group: &str,
        from_ms: i64,
        to_ms: i64,
        token: Option<&str>,
    ) -> Result<ResultPage<LogEvent>, CallFailure>;
}

/// What came back from a synchronous invocation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InvokeResponse {
    /// `Unhandled` or `Handled`, where the function failed.
    pub function_error: Option<String>,
    /// The answer.
    pub payload: String,
    /// The last 4 KB of the log.
    pub log_tail: String,
}

/// Provisioned concurrency of a version or alias.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvisionedConcurrency {
    /// The version or alias.
    pub qualifier: String,
    /// Environments that are allocated and billed.
    pub environments: u32,
    /// `READY`, `IN_PROGRESS` or `FAILED`.
    pub state: String,
    /// When it was last changed, UTC.
    pub changed: Option<DateTime<Utc>>,
}

/// How a function is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LambdaFunctionSettings {
    /// Its name.
    pub name: String,
    /// Memory in MB, of `$LATEST`.
    pub memory_mb: u32,
    /// Whether it runs on arm64.
    pub arm64: bool,
    /// The log group that its logging configuration names; `None` where it names none.
    pub log_group: Option<String>,
    /// When it was last changed, UTC; `None` if unknown.
    pub modified: Option<DateTime<Utc>>,
}

/// Lambda.
#[async_trait]
pub trait LambdaApi: Send + Sync {
    /// A page of `lambda:ListFunctions`: every function of the region.
    async fn list(&self, token: Option<&str>) -> Result<ResultPage<LambdaFunctionSettings>, CallFailure>;

    /// `lambda:InvokeFunction`, synchronous, with `LogType=Tail`; asked once, never again by itself.
    async fn invoke(&self, function: &str, payload: &str, give_up: Span) -> Result<InvokeResponse, CallFailure>;

    /// `lambda:InvokeFunction` with `InvocationType=DryRun`: whether the function is there and may be invoked. It does
    /// not run.
    async fn may_invoke(&self, function: &str) -> Result<(), CallFailure>;

    /// `lambda:GetAccountSettings`: how many invocations the account may run at the same time in this region.
    async fn concurrency_limit(&self) -> Result<u32, CallFailure>;

    /// All pages of `lambda:ListProvisionedConcurrencyConfigs`.
    async fn provisioned(&self, function: &str) -> Result<Vec<ProvisionedConcurrency>, CallFailure>;

    /// `lambda:GetFunctionConfiguration`: memory in MB of a version or alias.
    async fn memory_mb(&self, function: &str, qualifier: &str) -> Result<u32, CallFailure>;
}

/// A metric of CloudWatch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricQuery {
    /// Such as `AWS/Lambda`.
    pub namespace: String,
    /// Such as `Throttles`.
    pub metric: String,
    /// Names and values; a metric is only found by all of its dimensions.
    pub dimensions: Vec<(String, String)>,
    /// The region that keeps it; `None` for the account's own.
    pub region: Option<String>,
}

impl MetricQuery {
    /// A metric of the account's own region.
    pub fn new(namespace: &str, metric: &str, dimensions: &[(&str, &str)]) -> Self {
        let dimensions = dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { namespace: namespace.to_owned(), metric: metric.to_owned(), dimensions, region: None }
    }

    /// A metric that Lambda keeps of a function.
    pub fn of_function(function: &str, metric: &str) -> Self {
        Self::new("AWS/Lambda", metric, &[("FunctionName", function)])
    }

    /// A name for people: the values of its dimensions, or the metric's name if it has none.
    pub fn subject(&self) -> String {
        let values: Vec<&str> = self.dimensions.iter().map(|(_, value)| value.as_str()).collect();
        if values.is_empty() { format!("{} {}", self.namespace, self.metric) } else { values.join(", ") }
    }
}

/// The values of a metric for one period, in the metric's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MetricDatapoint {
    /// The start of the period, UTC.
    pub at: DateTime<Utc>,
    /// The sum over the period.
    pub sum: f64,
    /// The largest value in the period.
    pub maximum: f64,
    /// The average over the period.
    pub average: f64,
}

/// CloudWatch.
#[async_trait]
pub trait MetricsApi: Send + Sync {
    /// `cloudwatch:GetMetricStatistics` (which the free tier covers, other than `GetMetricData`): sum, maximum and
    /// average per `period` seconds, in order of time. Periods without a datum are left out.
    async fn statistics(
        &self,
        query: &MetricQuery,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        period: u32,
    ) -> Result<Vec<MetricDatapoint>, CallFailure>;

    /// A page of `cloudwatch:ListMetrics`: the metrics of that namespace and name that have at least those dimensions,
    /// each with all of its own. A metric without a datum for two weeks is not listed.
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html>
    async fn list_metrics(
        &self,
        query: &MetricQuery,
        token: Option<&str>,
    ) -> Result<ResultPage<MetricQuery>, CallFailure>;
}

/// Security Token Service.
#[async_trait]
pub trait IdentityApi: Send + Sync {
    /// `sts:GetCallerIdentity`: whoever the credentials belong to. Needs no permission.
    async fn who(&self) -> Result<CallerIdentity, CallFailure>;

    /// What the credentials say of themselves; `None` where there are none.
    async fn key(&self) -> Option<AccessKey> {
        None
    }

    /// Where the credentials came from, outermost first, as far as it is known; [`PROFILE`] for a profile.
    async fn origin(&self) -> Vec<&'static str> {
        vec![]
    }
}

/// Where exports of a bill are delivered to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportBucket {
    /// The bucket's name.
    pub name: String,
    /// What the keys of its objects begin with; empty, or with a `/` at its end.
    pub prefix: String,
    /// The bucket's region, where it is not the account's.
    pub region: Option<String>,
}

/// S3, as far as exports of a bill are read from it.
#[async_trait]
pub trait ExportsApi: Send + Sync {
    /// A page of `s3:ListBucket` (ListObjectsV2): the objects below the prefix, with their paths from there.
    async fn objects(&self, bucket: &ExportBucket, token: Option<&str>) -> Result<ResultPage<ExportFile>, CallFailure>;

    /// `s3:GetObject`: writes the content of an object to a file, block by block. With a tag it fails if the object has
    /// changed since.
    async fn fetch(&self, bucket: &ExportBucket, object: &ExportFile, into: &mut File) -> Result<(), CallFailure>;
}

/// An account, as far as the monitor asks it.
#[derive(Clone)]
pub struct AwsClients {
    /// The region of the functions, where it is known.
    pub region: String,
    /// The same account in the other regions that are watched; these have none of their own.
    pub others: Vec<AwsClients>,
    /// Cost Explorer.
    pub billing: Arc<dyn CostExplorerApi>,
    /// CloudWatch Logs.
    pub logs: Arc<dyn LogsApi>,
    /// Lambda.
    pub functions: Arc<dyn LambdaApi>,
    /// CloudWatch.
    pub metrics: Arc<dyn MetricsApi>,
    /// RDS, EC2 and Elastic Load Balancing.
    pub resources: Arc<dyn ResourcesApi>,
    /// Security Token Service.
    pub identity: Arc<dyn IdentityApi>,
    /// The price table; empty until a meter wraps the account.
    pub prices: Arc<prices::PriceTable>,
    /// S3.
    pub exports: Arc<dyn ExportsApi>,
    /// How fast `logs:FilterLogEvents` is asked.
    pub log_budget: Arc<RateLimiter>,
    /// The services of the account map.
    pub describe: Arc<dyn DescribeApi>,
    /// How fast they are asked.
    pub describe_pace: Arc<DescribePace>,
    /// Gives 32 random bytes, for a source that needs a key of its own; `None` where the machine gives none. The first
    /// ones take 40 ms, while the machine's randomness is tried, so nobody asks for them before they are needed.
    pub random_key: fn() -> Option<[u8; 32]>,
}
