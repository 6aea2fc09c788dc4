//! AWS through its own SDK. Endpoints, profiles, SSO sessions and roles follow the SDK's usual rules.

mod exports;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, sts::AssumeRoleProvider, timeout::TimeoutConfig};
use aws_sdk_cloudwatch::types::{Dimension, Statistic};
use aws_sdk_costexplorer::types::{DateInterval, Granularity, GroupDefinition, GroupDefinitionType};
use aws_sdk_lambda::types::{InvocationType, LogType};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::budget::Budget;
use super::failure::{failure, unreadable};
use super::{Account, BilledDay, Billing, Functions, Identity, Invoked, LogEvent, Logs, Metrics, Page};
use crate::config::Aws;
use crate::core::money::Money;
use crate::core::observation::{CallFailure, MetricPoint};
use crate::core::span::Span;

/// How long a connection may take, and how long one call with all its tries may.
const CONNECT: Duration = Duration::from_secs(5);
const ONE_TRY: Duration = Duration::from_secs(25);
const ALL_TRIES: Duration = Duration::from_secs(60);
/// The metric that is asked for: what the month's usage costs before any agreement, as the console shows by default.
const METRIC: &str = "UnblendedCost";

/// The account that the settings and the environment name. Makes no call yet.
pub async fn connect(settings: &Aws) -> Account {
    account(&load(settings).await)
}

/// The account behind a configuration of the SDK. Makes no call yet.
pub fn account(config: &SdkConfig) -> Account {
    let region = config.region().map(ToString::to_string).unwrap_or_default();
    let client = Arc::new(Sdk {
        billing: aws_sdk_costexplorer::Client::new(config),
        logs: aws_sdk_cloudwatchlogs::Client::new(config),
        functions: aws_sdk_lambda::Client::new(config),
        metrics: aws_sdk_cloudwatch::Client::new(config),
        identity: aws_sdk_sts::Client::new(config),
        exports: exports::client(config),
    });
    Account {
        region,
        billing: client.clone(),
        logs: client.clone(),
        functions: client.clone(),
        metrics: client.clone(),
        identity: client.clone(),
        exports: client,
        log_budget: Arc::new(Budget::unbounded()),
    }
}

async fn load(settings: &Aws) -> SdkConfig {
    let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ONE_TRY).operation_timeout(ALL_TRIES).build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts);
    if let Some(region) = &settings.region {
        loader = loader.region(Region::new(region.clone()));
    }
    if let Some(profile) = &settings.profile {
        // A profile that is named here is meant, even where keys of another account stand in the environment.
        let named = ProfileFileCredentialsProvider::builder().profile_name(profile).build();
        loader = loader.profile_name(profile).credentials_provider(named);
    }
    let config = loader.load().await;
    let Some(role) = &settings.assume_role else { return config };
    let provider = AssumeRoleProvider::builder(role).session_name("monitor").configure(&config).build().await;
    config.into_builder().credentials_provider(aws_sdk_sts::config::SharedCredentialsProvider::new(provider)).build()
}

struct Sdk {
    billing: aws_sdk_costexplorer::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
    functions: aws_sdk_lambda::Client,
    metrics: aws_sdk_cloudwatch::Client,
    identity: aws_sdk_sts::Client,
    exports: aws_sdk_s3::Client,
}

#[async_trait]
impl Billing for Sdk {
    async fn cost_by_service(&self, from: NaiveDate, end: NaiveDate, token: Option<&str>) -> Result<Page<BilledDay>, CallFailure> {
        let (call, resource) = ("ce:GetCostAndUsage", "the account's bill");
        let unreadable = |what: String| unreadable(call, resource, what);
        let period = DateInterval::builder().start(from.to_string()).end(end.to_string()).build().map_err(|error| unreadable(error.to_string()))?;
        let by_service = GroupDefinition::builder().r#type(GroupDefinitionType::Dimension).key("SERVICE").build();
        let request = self
            .billing
            .get_cost_and_usage()
            .time_period(period)
            .granularity(Granularity::Daily)
            .metrics(METRIC)
            .group_by(by_service)
            .set_next_page_token(token.map(str::to_owned));
        let answer = request.send().await.map_err(|error| failure(call, resource, &error))?;
        let mut items = Vec::new();
        for result in answer.results_by_time() {
            let start = result.time_period().map(DateInterval::start).ok_or_else(|| unreadable("a period without a start".to_owned()))?;
            // Hourly answers carry a time as well; the day is what is asked for.
            let day = start.get(..10).and_then(|day| day.parse().ok()).ok_or_else(|| unreadable(format!("`{start}` is not a day")))?;
            let mut services = Vec::new();
            for group in result.groups() {
                let service = group.keys().first().ok_or_else(|| unreadable("a group without a key".to_owned()))?;
                let metric = group.metrics().and_then(|metrics| metrics.get(METRIC)).ok_or_else(|| unreadable(format!("no {METRIC} for {service}")))?;
                let amount = metric.amount().unwrap_or_default();
                let exact =
                    amount.parse::<Decimal>().or_else(|_| Decimal::from_scientific(amount)).map_err(|_| unreadable(format!("`{amount}` is not an amount")))?;
                services.push((service.clone(), Money { amount: exact, currency: metric.unit().unwrap_or(Money::USD).to_owned() }));
            }
            items.push(BilledDay { day, estimated: result.estimated(), services });
        }
        Ok(Page { items, next: answer.next_page_token().filter(|token| !token.is_empty()).map(str::to_owned) })
    }
}

#[async_trait]
impl Logs for Sdk {
    async fn log_groups(&self, prefix: &str, token: Option<&str>) -> Result<Page<String>, CallFailure> {
        let request = self.logs.describe_log_groups().log_group_name_prefix(prefix).set_next_token(token.map(str::to_owned));
        let answer = request.send().await.map_err(|error| failure("logs:DescribeLogGroups", prefix, &error))?;
        let items = answer.log_groups().iter().filter_map(|group| group.log_group_name()).map(str::to_owned).collect();
        Ok(Page { items, next: answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned) })
    }

    async fn events(&self, group: &str, from_ms: i64, to_ms: i64, token: Option<&str>) -> Result<Page<LogEvent>, CallFailure> {
        let request = self.logs.filter_log_events().log_group_name(group).start_time(from_ms).end_time(to_ms).set_next_token(token.map(str::to_owned));
        // The SDK would try again at its own speed, past the budget: whoever asks does that.
        let once = aws_sdk_cloudwatchlogs::config::Config::builder().retry_config(RetryConfig::disabled());
        let answer = request.customize().config_override(once).send().await.map_err(|error| failure("logs:FilterLogEvents", group, &error))?;
        let next = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        let event = |event: &aws_sdk_cloudwatchlogs::types::FilteredLogEvent| LogEvent {
            stream: event.log_stream_name().unwrap_or_default().to_owned(),
            at_ms: event.timestamp().unwrap_or(from_ms),
            id: event.event_id().filter(|id| !id.is_empty()).map(str::to_owned),
            message: event.message().unwrap_or_default().to_owned(),
        };
        Ok(Page { items: answer.events().iter().map(event).collect(), next })
    }
}

#[async_trait]
impl Functions for Sdk {
    async fn invoke(&self, function: &str, payload: &str, give_up: Span) -> Result<Invoked, CallFailure> {
        let limit = give_up.delta().to_std().unwrap_or(ALL_TRIES);
        let once = aws_sdk_lambda::config::Config::builder()
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT).operation_timeout(limit).operation_attempt_timeout(limit).build());
        let request = self
            .functions
            .invoke()
            .function_name(function)
            .invocation_type(InvocationType::RequestResponse)
            .log_type(LogType::Tail)
            .payload(payload.as_bytes().to_vec().into());
        let answer = request.customize().config_override(once).send().await.map_err(|error| failure("lambda:InvokeFunction", function, &error))?;
        let tail = answer.log_result().and_then(|tail| BASE64_STANDARD.decode(tail).ok()).unwrap_or_default();
        Ok(Invoked {
            function_error: answer.function_error().map(str::to_owned),
            payload: answer.payload().map(|payload| String::from_utf8_lossy(payload.as_ref()).into_owned()).unwrap_or_default(),
            log_tail: String::from_utf8_lossy(&tail).into_owned(),
        })
    }

    async fn may_invoke(&self, function: &str) -> Result<(), CallFailure> {
        let request = self.functions.invoke().function_name(function).invocation_type(InvocationType::DryRun);
        request.send().await.map_err(|error| failure("lambda:InvokeFunction", function, &error))?;
        Ok(())
    }

    async fn concurrency_limit(&self) -> Result<u32, CallFailure> {
        let call = "lambda:GetAccountSettings";
        let answer = self.functions.get_account_settings().send().await.map_err(|error| failure(call, "the account", &error))?;
        let limit = answer.account_limit().and_then(|limit| u32::try_from(limit.concurrent_executions()).ok());
        limit.ok_or_else(|| unreadable(call, "the account", "no concurrency limit in it".to_owned()))
    }
}

#[async_trait]
impl Metrics for Sdk {
    async fn statistics(
        &self,
        function: &str,
        metric: &str,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        period: u32,
    ) -> Result<Vec<(DateTime<Utc>, MetricPoint)>, CallFailure> {
        let at = |time: DateTime<Utc>| aws_sdk_cloudwatch::primitives::DateTime::from_secs(time.timestamp());
        let request = self
            .metrics
            .get_metric_statistics()
            .namespace("AWS/Lambda")
            .metric_name(metric)
            .dimensions(Dimension::builder().name("FunctionName").value(function).build())
            .start_time(at(from))
            .end_time(at(to))
            .period(i32::try_from(period).unwrap_or(i32::MAX))
            .statistics(Statistic::Sum)
            .statistics(Statistic::Maximum)
            .statistics(Statistic::Average);
        let answer = request.send().await.map_err(|error| failure("cloudwatch:GetMetricStatistics", function, &error))?;
        let point = |point: &aws_sdk_cloudwatch::types::Datapoint| {
            let at = DateTime::from_timestamp(point.timestamp()?.secs(), 0)?;
            let point = MetricPoint {
                function: function.to_owned(),
                metric: metric.to_owned(),
                period,
                sum: point.sum()?,
                maximum: point.maximum()?,
                average: point.average()?,
            };
            Some((at, point))
        };
        let mut points: Vec<_> = answer.datapoints().iter().filter_map(point).collect();
        points.sort_by_key(|(at, _)| *at);
        Ok(points)
    }
}

#[async_trait]
impl Identity for Sdk {
    async fn who(&self) -> Result<String, CallFailure> {
        let call = "sts:GetCallerIdentity";
        let answer = self.identity.get_caller_identity().send().await.map_err(|error| failure(call, "the credentials", &error))?;
        Ok(answer.arn().unwrap_or("an identity without a name").to_owned())
    }
}

/// Every error of a chain, outermost first.
pub(super) fn chain(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut all = vec![error.to_string()];
    let mut next = error.source();
    while let Some(inner) = next {
        all.push(inner.to_string());
        next = inner.source();
    }
    all
}
