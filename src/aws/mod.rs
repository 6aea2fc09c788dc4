//! Floor 2: what the monitor asks of AWS, as narrow traits, so that the sources do not know the SDK.
//!
//! [`sdk`] asks the real thing (or whatever `AWS_ENDPOINT_URL` names), [`recorded`] replays an account from a file, and
//! [`meter`] stands in front of either: every call that is billed is counted, priced and capped there. [`budget`] says how fast
//! logs are read.

pub mod budget;
mod failure;
pub mod meter;
pub mod prices;

pub mod recorded;
pub mod resolve;
pub mod sdk;

use std::fs::File;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};

use self::budget::Budget;
use crate::core::billing::export::layout::Found;
use crate::core::money::Money;
use crate::core::observation::{CallFailure, MetricPoint};
use crate::core::span::Span;

/// A page of a longer answer, with the token of the next one.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// What the page holds.
    pub items: Vec<T>,
    /// The token to ask for the next page with; `None` on the last one.
    pub next: Option<String>,
}

/// One line of a bill: a service on a UTC day. A day without lines comes as one with an empty list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BilledDay {
    /// The UTC day.
    pub day: NaiveDate,
    /// Cost Explorer's `Estimated`.
    pub estimated: bool,
    /// Services with their exact amounts; the same day may go on on the next page.
    pub services: Vec<(String, Money)>,
}

/// Cost Explorer.
#[async_trait]
pub trait Billing: Send + Sync {
    /// A page of `ce:GetCostAndUsage`: unblended cost by service, daily, `from` included, `end` excluded.
    async fn cost_by_service(&self, from: NaiveDate, end: NaiveDate, token: Option<&str>) -> Result<Page<BilledDay>, CallFailure>;
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

/// CloudWatch Logs.
#[async_trait]
pub trait Logs: Send + Sync {
    /// A page of `logs:DescribeLogGroups`: names that start with `prefix`.
    async fn log_groups(&self, prefix: &str, token: Option<&str>) -> Result<Page<String>, CallFailure>;

    /// A page of `logs:FilterLogEvents`, over all streams, both ends included, milliseconds since 1970 UTC. Asked once, never again
    /// by itself, so that [`budget`] knows of every call. A token only fits the times it was given for.
    async fn events(&self, group: &str, from_ms: i64, to_ms: i64, token: Option<&str>) -> Result<Page<LogEvent>, CallFailure>;
}

/// What came back from a synchronous invocation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Invoked {
    /// `Unhandled` or `Handled`, where the function failed.
    pub function_error: Option<String>,
    /// The answer.
    pub payload: String,
    /// The last 4 KB of the log.
    pub log_tail: String,
}

/// Lambda.
#[async_trait]
pub trait Functions: Send + Sync {
    /// `lambda:InvokeFunction`, synchronous, with `LogType=Tail`; asked once, never again by itself.
    async fn invoke(&self, function: &str, payload: &str, give_up: Span) -> Result<Invoked, CallFailure>;

    /// `lambda:InvokeFunction` with `InvocationType=DryRun`: whether the function is there and may be invoked. It does not run.
    async fn may_invoke(&self, function: &str) -> Result<(), CallFailure>;

    /// `lambda:GetAccountSettings`: how many invocations the account may run at the same time in this region.
    async fn concurrency_limit(&self) -> Result<u32, CallFailure>;
}

/// CloudWatch.
#[async_trait]
pub trait Metrics: Send + Sync {
    /// `cloudwatch:GetMetricStatistics` (which the free tier covers, other than `GetMetricData`) in the namespace `AWS/Lambda`:
    /// sum, maximum and average per `period` seconds.
    async fn statistics(
        &self,
        function: &str,
        metric: &str,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        period: u32,
    ) -> Result<Vec<(DateTime<Utc>, MetricPoint)>, CallFailure>;
}

/// Security Token Service.
#[async_trait]
pub trait Identity: Send + Sync {
    /// `sts:GetCallerIdentity`: the ARN of whoever the credentials belong to. Needs no permission.
    async fn who(&self) -> Result<String, CallFailure>;
}

/// Where exports of a bill are delivered to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// The bucket's name.
    pub name: String,
    /// What the keys of its objects begin with; empty, or with a `/` at its end.
    pub prefix: String,
    /// The bucket's region, where it is not the account's.
    pub region: Option<String>,
}

/// S3, as far as exports of a bill are read from it.
#[async_trait]
pub trait Exports: Send + Sync {
    /// A page of `s3:ListBucket` (ListObjectsV2): the objects below the prefix, with their paths from there.
    async fn objects(&self, bucket: &Bucket, token: Option<&str>) -> Result<Page<Found>, CallFailure>;

    /// `s3:GetObject`: writes the content of an object to a file, block by block. With a tag it fails if the object has changed since.
    async fn fetch(&self, bucket: &Bucket, object: &Found, into: &mut File) -> Result<(), CallFailure>;
}

/// An account, as far as the monitor asks it.
#[derive(Clone)]
pub struct Account {
    /// The region of the functions, where it is known.
    pub region: String,
    /// Cost Explorer.
    pub billing: Arc<dyn Billing>,
    /// CloudWatch Logs.
    pub logs: Arc<dyn Logs>,
    /// Lambda.
    pub functions: Arc<dyn Functions>,
    /// CloudWatch.
    pub metrics: Arc<dyn Metrics>,
    /// Security Token Service.
    pub identity: Arc<dyn Identity>,
    /// S3.
    pub exports: Arc<dyn Exports>,
    /// How fast `logs:FilterLogEvents` is asked.
    pub log_budget: Arc<Budget>,
}
