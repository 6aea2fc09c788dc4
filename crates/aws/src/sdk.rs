//! AWS through its own SDK. Endpoints, profiles, SSO sessions and roles follow the SDK's usual rules.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, sts::AssumeRoleProvider, timeout::TimeoutConfig};
use aws_sdk_cloudwatch::types::{Dimension, DimensionFilter, Statistic};
use aws_sdk_cloudwatchlogs::types::LogGroupClass;
use aws_sdk_costexplorer::types::{
    DateInterval, Dimension as CostDimension, DimensionValues, Expression, Granularity, Group, GroupDefinition, GroupDefinitionType,
};
use aws_sdk_lambda::types::{Architecture, InvocationType, LogType};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use billing::day_cost::DayCost;
use chrono::{DateTime, Utc};
use clock::{Clock, WallClock};
use model::call_failure::CallFailure;
use model::money::Money;
use model::span::Span;
use rust_decimal::Decimal;

use super::budget::Budget;
use super::failure::{failure, unreadable};
use super::query::Query;
use super::s3::S3;
use super::signed::SignedClient;
use super::{
    Account, BilledDay, BilledGroup, Billing, CostBy, CostQuestion, FunctionSettings, Functions, Identity, Invoked, LogClass, LogEvent, LogGroup, Logs,
    MetricQuery, Metrics, Page, Provisioned, Statistics,
};
use crate::settings::Aws;

/// How long a connection may take, and how long one call with all its tries may.
const CONNECT: Duration = Duration::from_secs(5);
const ONE_TRY: Duration = Duration::from_secs(25);
const ALL_TRIES: Duration = Duration::from_secs(60);
/// Pages of one answer; more are taken for an answer without end.
const MOST_PAGES: usize = 200;
/// Dimensions and metrics of Cost Explorer, as its API names them.
const SERVICE: &str = "SERVICE";
const RECORD_TYPE: &str = "RECORD_TYPE";
const USAGE_TYPE: &str = "USAGE_TYPE";
const QUANTITY: &str = "UsageQuantity";
/// The record types that are not usage, as [`billing::line::Charge`] sorts them.
const NOT_USED: &[&str] = &["Tax", "Credit", "Refund", "BundledDiscount", "Discount", "EdpDiscount", "PrivateRateDiscount"];

/// The account that the settings and the environment name. Makes no call yet.
pub async fn connect(settings: &Aws) -> Account {
    account(&load(settings).await, Arc::new(WallClock))
}

/// The account behind a configuration of the SDK. Makes no call yet. `clock` is what signs with, and waits between tries, where the
/// SDK has no part in a call.
pub fn account(config: &SdkConfig, clock: Arc<dyn Clock>) -> Account {
    let region = config.region().map(ToString::to_string).unwrap_or_default();
    let client = Arc::new(Sdk {
        billing: aws_sdk_costexplorer::Client::new(config),
        logs: aws_sdk_cloudwatchlogs::Client::new(config),
        functions: aws_sdk_lambda::Client::new(config),
        metrics: aws_sdk_cloudwatch::Client::new(config),
        identity: aws_sdk_sts::Client::new(config),
    });
    let signed = Arc::new(SignedClient::new(config, clock, CONNECT, ONE_TRY));
    Account {
        region,
        billing: client.clone(),
        logs: client.clone(),
        functions: client.clone(),
        metrics: client.clone(),
        resources: Arc::new(Query::new(Arc::clone(&signed))),
        identity: client.clone(),
        exports: Arc::new(S3::new(signed)),
        prices: Arc::default(),
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
}

#[async_trait]
impl Billing for Sdk {
    async fn costs(&self, question: &CostQuestion, token: Option<&str>) -> Result<Page<BilledDay>, CallFailure> {
        let (call, resource) = ("ce:GetCostAndUsage", "the account's bill");
        let unreadable = |what: String| unreadable(call, resource, what);
        let (from, end) = (question.from.to_string(), question.end.to_string());
        let period = DateInterval::builder().start(from).end(end).build().map_err(|error| unreadable(error.to_string()))?;
        let second = match question.by {
            CostBy::RecordType => RECORD_TYPE,
            CostBy::UsageType => USAGE_TYPE,
        };
        let by = |key: &str| GroupDefinition::builder().r#type(GroupDefinitionType::Dimension).key(key).build();
        let request = self
            .billing
            .get_cost_and_usage()
            .time_period(period)
            .granularity(Granularity::Daily)
            .set_metrics(Some(
                [Some(question.metric.name()), (question.by == CostBy::UsageType).then_some(QUANTITY)].into_iter().flatten().map(str::to_owned).collect(),
            ))
            .group_by(by(SERVICE))
            .group_by(by(second))
            .set_filter(filter(question))
            .set_next_page_token(token.map(str::to_owned));
        // The SDK would try again by itself, and each try may be charged: whoever asks does that.
        let once = aws_sdk_costexplorer::config::Config::builder().retry_config(RetryConfig::disabled());
        let answer = request.customize().config_override(once).send().await.map_err(|error| failure(call, resource, &error))?;
        // The answer says itself what its groups are by.
        let said: Vec<&str> = answer.group_definitions().iter().filter_map(GroupDefinition::key).collect();
        let keys = if said.is_empty() { vec![SERVICE, second] } else { said };
        let mut items = Vec::new();
        for result in answer.results_by_time() {
            let start = result.time_period().map(DateInterval::start).ok_or_else(|| unreadable("a period without a start".to_owned()))?;
            // Hourly answers carry a time as well; the day is what is asked for.
            let day = start.get(..10).and_then(|day| day.parse().ok()).ok_or_else(|| unreadable(format!("`{start}` is not a day")))?;
            let groups = result.groups().iter().map(|group| billed(group, &keys, question.metric.name()).map_err(unreadable)).collect::<Result<_, _>>()?;
            items.push(BilledDay { day, estimated: result.estimated(), groups });
        }
        Ok(Page { items, next: answer.next_page_token().filter(|token| !token.is_empty()).map(str::to_owned) })
    }
}

/// Tax and what is given back have lines of their own, which have no usage type.
fn filter(question: &CostQuestion) -> Option<Expression> {
    let dimension = |key, values: &[&str]| {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        Expression::builder().dimensions(DimensionValues::builder().key(key).set_values(Some(values)).build()).build()
    };
    let used = || Expression::builder().not(dimension(CostDimension::RecordType, NOT_USED)).build();
    let account = question.account.as_deref().map(|account| dimension(CostDimension::LinkedAccount, &[account]));
    match (question.by, account) {
        (CostBy::RecordType, account) => account,
        (CostBy::UsageType, None) => Some(used()),
        (CostBy::UsageType, Some(account)) => Some(Expression::builder().and(account).and(used()).build()),
    }
}

fn billed(group: &Group, keys: &[&str], metric: &str) -> Result<BilledGroup, String> {
    let of = |key: &str| keys.iter().zip(group.keys()).find(|(name, _)| **name == key).map(|(_, value)| value.clone());
    let service = of(SERVICE).ok_or("a group without a service")?;
    let figures = group.metrics().and_then(|metrics| metrics.get(metric)).ok_or_else(|| format!("no {metric} for {service}"))?;
    let quantity = group.metrics().and_then(|metrics| metrics.get(QUANTITY));
    let quantity = quantity.and_then(|quantity| Some((exact(quantity.amount()?).ok()?, quantity.unit().filter(|unit| *unit != "N/A")?.to_owned())));
    Ok(BilledGroup {
        money: Money { amount: exact(figures.amount().unwrap_or_default())?, currency: figures.unit().unwrap_or(Money::USD).to_owned() },
        record_type: of(RECORD_TYPE).unwrap_or_else(|| DayCost::USAGE.to_owned()),
        usage_type: of(USAGE_TYPE).unwrap_or_default(),
        quantity,
        service,
    })
}

fn exact(amount: &str) -> Result<Decimal, String> {
    amount.parse::<Decimal>().or_else(|_| Decimal::from_scientific(amount)).map_err(|_| format!("`{amount}` is not an amount"))
}

#[async_trait]
impl Logs for Sdk {
    async fn log_groups(&self, prefix: &str, token: Option<&str>) -> Result<Page<LogGroup>, CallFailure> {
        let request =
            self.logs.describe_log_groups().set_log_group_name_prefix((!prefix.is_empty()).then(|| prefix.to_owned())).set_next_token(token.map(str::to_owned));
        let answer = request.send().await.map_err(|error| failure("logs:DescribeLogGroups", prefix, &error))?;
        let group = |group: &aws_sdk_cloudwatchlogs::types::LogGroup| {
            Some(LogGroup {
                name: group.log_group_name()?.to_owned(),
                retention_days: group.retention_in_days().and_then(|days| u32::try_from(days).ok()),
                stored_bytes: group.stored_bytes().and_then(|bytes| u64::try_from(bytes).ok()),
                created: group.creation_time().and_then(DateTime::from_timestamp_millis),
            })
        };
        let items = answer.log_groups().iter().filter_map(group).collect();
        Ok(Page { items, next: answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned) })
    }

    async fn log_groups_of(&self, class: LogClass, token: Option<&str>) -> Result<Page<String>, CallFailure> {
        let class = match class {
            LogClass::InfrequentAccess => LogGroupClass::InfrequentAccess,
            LogClass::Delivery => LogGroupClass::Delivery,
        };
        let request = self.logs.describe_log_groups().log_group_class(class.clone()).set_next_token(token.map(str::to_owned));
        let answer = request.send().await.map_err(|error| failure("logs:DescribeLogGroups", class.as_str(), &error))?;
        let of_class = answer.log_groups().iter().filter(|group| group.log_group_class() == Some(&class));
        let items = of_class.filter_map(|group| group.log_group_name()).map(str::to_owned).collect();
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
    async fn list(&self, token: Option<&str>) -> Result<Page<FunctionSettings>, CallFailure> {
        let request = self.functions.list_functions().set_marker(token.map(str::to_owned));
        let answer = request.send().await.map_err(|error| failure("lambda:ListFunctions", "the region's functions", &error))?;
        let modified = |text: &str| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z").ok().map(|at| at.with_timezone(&Utc));
        let settings = |function: &aws_sdk_lambda::types::FunctionConfiguration| {
            Some(FunctionSettings {
                name: function.function_name()?.to_owned(),
                memory_mb: u32::try_from(function.memory_size()?).ok()?,
                arm64: function.architectures().contains(&Architecture::Arm64),
                modified: function.last_modified().and_then(modified),
            })
        };
        let next = answer.next_marker().filter(|token| !token.is_empty()).map(str::to_owned);
        Ok(Page { items: answer.functions().iter().filter_map(settings).collect(), next })
    }

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

    async fn provisioned(&self, function: &str) -> Result<Vec<Provisioned>, CallFailure> {
        let call = "lambda:ListProvisionedConcurrencyConfigs";
        let mut all = Vec::new();
        let mut marker: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let request = self.functions.list_provisioned_concurrency_configs().function_name(function).set_marker(marker.clone());
            let answer = request.send().await.map_err(|error| failure(call, function, &error))?;
            for config in answer.provisioned_concurrency_configs() {
                let qualifier = config.function_arn().and_then(|arn| arn.rsplit_once(':')).map(|(_, qualifier)| qualifier.to_owned());
                all.push(Provisioned {
                    qualifier: qualifier.ok_or_else(|| unreadable(call, function, "a configuration without a qualifier".to_owned()))?,
                    environments: config.requested_provisioned_concurrent_executions().and_then(|count| u32::try_from(count).ok()).unwrap_or(0),
                    state: config.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
                    // Lambda writes the offset without a colon: 2024-12-20T01:02:03+0000.
                    changed: config.last_modified().and_then(|at| DateTime::parse_from_str(at, "%FT%T%.f%z").ok()).map(Into::into),
                });
            }
            match answer.next_marker().filter(|next| !next.is_empty()) {
                None => return Ok(all),
                Some(next) if marker.as_deref() == Some(next) => break,
                next => marker = next.map(str::to_owned),
            }
        }
        Err(unreadable(call, function, "its pages do not end".to_owned()))
    }

    async fn memory_mb(&self, function: &str, qualifier: &str) -> Result<u32, CallFailure> {
        let call = "lambda:GetFunctionConfiguration";
        let request = self.functions.get_function_configuration().function_name(function).qualifier(qualifier);
        let answer = request.send().await.map_err(|error| failure(call, function, &error))?;
        let memory = answer.memory_size().and_then(|memory| u32::try_from(memory).ok());
        memory.ok_or_else(|| unreadable(call, function, "no memory size in it".to_owned()))
    }
}

#[async_trait]
impl Metrics for Sdk {
    async fn statistics(&self, query: &MetricQuery, from: DateTime<Utc>, to: DateTime<Utc>, period: u32) -> Result<Vec<Statistics>, CallFailure> {
        let at = |time: DateTime<Utc>| aws_sdk_cloudwatch::primitives::DateTime::from_secs(time.timestamp());
        let dimension = |(name, value): &(String, String)| Dimension::builder().name(name).value(value).build();
        let request = self
            .metrics
            .get_metric_statistics()
            .namespace(&query.namespace)
            .metric_name(&query.metric)
            .set_dimensions(Some(query.dimensions.iter().map(dimension).collect()))
            .start_time(at(from))
            .end_time(at(to))
            .period(i32::try_from(period).unwrap_or(i32::MAX))
            .statistics(Statistic::Sum)
            .statistics(Statistic::Maximum)
            .statistics(Statistic::Average);
        let sent = request.customize().config_override(in_region(query)).send().await;
        let answer = sent.map_err(|error| failure("cloudwatch:GetMetricStatistics", &query.subject(), &error))?;
        let point = |point: &aws_sdk_cloudwatch::types::Datapoint| {
            let at = DateTime::from_timestamp(point.timestamp()?.secs(), 0)?;
            Some(Statistics { at, sum: point.sum()?, maximum: point.maximum()?, average: point.average()? })
        };
        let mut points: Vec<_> = answer.datapoints().iter().filter_map(point).collect();
        points.sort_by_key(|point| point.at);
        Ok(points)
    }

    async fn list_metrics(&self, query: &MetricQuery, token: Option<&str>) -> Result<Page<MetricQuery>, CallFailure> {
        let filter = |(name, value): &(String, String)| DimensionFilter::builder().name(name).value(value).build();
        let request = self
            .metrics
            .list_metrics()
            .namespace(&query.namespace)
            .metric_name(&query.metric)
            .set_dimensions(Some(query.dimensions.iter().map(filter).collect()))
            .set_next_token(token.map(str::to_owned));
        let sent = request.customize().config_override(in_region(query)).send().await;
        let answer = sent.map_err(|error| failure("cloudwatch:ListMetrics", &query.subject(), &error))?;
        let dimension = |dimension: &Dimension| Some((dimension.name()?.to_owned(), dimension.value()?.to_owned()));
        let found = |found: &aws_sdk_cloudwatch::types::Metric| MetricQuery {
            namespace: found.namespace().unwrap_or(&query.namespace).to_owned(),
            metric: found.metric_name().unwrap_or(&query.metric).to_owned(),
            dimensions: found.dimensions().iter().filter_map(dimension).collect(),
            region: query.region.clone(),
        };
        Ok(Page { items: answer.metrics().iter().map(found).collect(), next: answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned) })
    }
}

/// Asks another region than the account's, where the metric is kept there.
fn in_region(query: &MetricQuery) -> aws_sdk_cloudwatch::config::Builder {
    let mut config = aws_sdk_cloudwatch::config::Config::builder();
    config.set_region(query.region.clone().map(Region::new));
    config
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
