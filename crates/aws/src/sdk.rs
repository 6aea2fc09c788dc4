//! The traits over the AWS SDK. Endpoints, profiles, SSO sessions and roles follow the SDK's rules.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::{
    BehaviorVersion, Region, SdkConfig, retry::RetryConfig, sts::AssumeRoleProvider, timeout::TimeoutConfig,
};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sdk_cloudwatch::types::{Dimension, DimensionFilter, Statistic};
use aws_sdk_cloudwatchlogs::types::LogGroupClass;
use aws_sdk_costexplorer::types::{
    DateInterval, Dimension as CostDimension, DimensionValues, Expression, Granularity, GroupDefinition,
    GroupDefinitionType,
};
use aws_sdk_lambda::types::{InvocationType, LogType};
use aws_sdk_sts::config::http::HttpResponse;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use clock::{Clock, SystemClock};
use model::call_failure::CallFailure;
use model::span::Span;

use super::answers::{
    QUANTITY, RECORD_TYPE, SERVICE, USAGE_TYPE, billed, function_settings, log_event, log_group, point, provisioned,
};
use super::budget::RateLimiter;
use super::describe_client::DescribeClient;
use super::describing::DescribePace;
use super::failure::{self, unreadable};
use super::paging;
use super::pinned::{self, AccessKey, PinnedCredentials};
use super::query::QueryClient;
use super::s3::S3;
use super::signed::SignedClient;
use super::{
    AwsClients, BilledDay, CallerIdentity, CostExplorerApi, CostGrouping, CostQuery, IdentityApi, InvokeResponse,
    LambdaApi, LambdaFunctionSettings, LogClass, LogEvent, LogGroup, LogsApi, MetricDatapoint, MetricQuery, MetricsApi,
    ProvisionedConcurrency, ResultPage,
};
use crate::settings::AwsSettings;

/// How long a connection may take, and how long one call with all its tries may.
const CONNECT: Duration = Duration::from_secs(5);
const ONE_TRY: Duration = Duration::from_secs(25);
const ALL_TRIES: Duration = Duration::from_secs(60);
/// The record types that are not usage, as [`billing::line::ChargeCategory`] sorts them.
const NOT_USED: &[&str] =
    &["Tax", "Credit", "Refund", "BundledDiscount", "Discount", "EdpDiscount", "PrivateRateDiscount"];

/// The account that the settings and the environment name. Makes no call yet.
///
/// With `account` under `[aws]`, credentials of another account make no call but the one that asks whose they are.
pub async fn connect(settings: &AwsSettings) -> AwsClients {
    let config = load(settings).await;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (Some(of), Some(credentials)) = (&settings.account, config.credentials_provider()) else {
        return in_regions(&config, settings, &clock);
    };
    let pinned = SharedCredentialsProvider::new(PinnedCredentials::new(of, credentials, config.clone()));
    let checked = in_regions(&config.clone().into_builder().credentials_provider(pinned).build(), settings, &clock);
    AwsClients { identity: account(&config, clock).identity, ..checked }
}

/// The account in its region and in the others of the settings.
fn in_regions(config: &SdkConfig, settings: &AwsSettings, clock: &Arc<dyn Clock>) -> AwsClients {
    let main = account(config, Arc::clone(clock));
    let other = |region: &String| {
        let config = config.clone().into_builder().region(Region::new(region.clone())).build();
        account(&config, Arc::clone(clock))
    };
    // The region may come from the environment, and be one of the others.
    let others = settings.other_regions.iter().filter(|region| **region != main.region).map(other).collect();
    AwsClients { others, ..main }
}

/// The account of an SDK configuration. Makes no call yet. `clock` is used for signing and for waiting between retries,
/// where the SDK has no part in a call.
pub fn account(config: &SdkConfig, clock: Arc<dyn Clock>) -> AwsClients {
    let region = config.region().map(ToString::to_string).unwrap_or_default();
    let client = Arc::new(SdkClients {
        has_region: !region.is_empty(),
        billing: aws_sdk_costexplorer::Client::new(config),
        logs: aws_sdk_cloudwatchlogs::Client::new(config),
        functions: aws_sdk_lambda::Client::new(config),
        metrics: aws_sdk_cloudwatch::Client::new(config),
        identity: aws_sdk_sts::Client::new(config),
        credentials: config.credentials_provider(),
    });
    let describe_pace = Arc::new(DescribePace::new(Arc::clone(&clock)));
    let signed = Arc::new(SignedClient::new(config, clock, CONNECT, ONE_TRY));
    AwsClients {
        region,
        others: vec![],
        billing: client.clone(),
        logs: client.clone(),
        functions: client.clone(),
        metrics: client.clone(),
        resources: Arc::new(QueryClient::new(Arc::clone(&signed))),
        identity: client.clone(),
        describe: Arc::new(DescribeClient::new(Arc::clone(&signed))),
        describe_pace,
        random_key: tls::random_key,
        exports: Arc::new(S3::new(signed)),
        prices: Arc::default(),
        log_budget: Arc::new(RateLimiter::unbounded()),
    }
}

pub(super) async fn load(settings: &AwsSettings) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ONE_TRY)
        .operation_timeout(ALL_TRIES)
        .build();
    let mut loader = aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts);
    match tls::pem() {
        Ok(roots) => loader = loader.http_client(https(&roots)),
        // Each call says then that the connection failed; endpoints without TLS work.
        Err(error) => tracing::error!("{error}"),
    }
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
    config.into_builder().credentials_provider(SharedCredentialsProvider::new(provider)).build()
}

fn https(roots: &str) -> SharedHttpClient {
    let trust = TrustStore::empty().with_pem_certificate(roots);
    let builder = aws_smithy_http_client::Builder::new().tls_provider(Provider::rustls(CryptoMode::AwsLc));
    match TlsContext::builder().with_trust_store(trust).build() {
        Ok(context) => builder.tls_context(context).build_https(),
        Err(error) => {
            tracing::error!("TLS for AWS uses the default roots: {error}");
            builder.build_https()
        }
    }
}

struct SdkClients {
    /// Whether a region is set; without one the SDK builds no request.
    has_region: bool,
    billing: aws_sdk_costexplorer::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
    functions: aws_sdk_lambda::Client,
    metrics: aws_sdk_cloudwatch::Client,
    identity: aws_sdk_sts::Client,
    credentials: Option<SharedCredentialsProvider>,
}

impl SdkClients {
    fn failure<E>(&self, call: &str, resource: &str, error: &SdkError<E, HttpResponse>) -> CallFailure
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        failure::failure(call, resource, error, self.has_region)
    }
}

#[async_trait]
impl CostExplorerApi for SdkClients {
    async fn costs(&self, question: &CostQuery, token: Option<&str>) -> Result<ResultPage<BilledDay>, CallFailure> {
        let (call, resource) = ("ce:GetCostAndUsage", "the account's bill");
        let unreadable = |what: String| unreadable(call, resource, what);
        let (from, end) = (question.from.to_string(), question.end.to_string());
        let period =
            DateInterval::builder().start(from).end(end).build().map_err(|error| unreadable(error.to_string()))?;
        let second = match question.by {
            CostGrouping::RecordType => RECORD_TYPE,
            CostGrouping::UsageType => USAGE_TYPE,
        };
        let by = |key: &str| GroupDefinition::builder().r#type(GroupDefinitionType::Dimension).key(key).build();
        let request = self
            .billing
            .get_cost_and_usage()
            .time_period(period)
            .granularity(Granularity::Daily)
            .set_metrics(Some(
                [Some(question.metric.name()), (question.by == CostGrouping::UsageType).then_some(QUANTITY)]
                    .into_iter()
                    .flatten()
                    .map(str::to_owned)
                    .collect(),
            ))
            .group_by(by(SERVICE))
            .group_by(by(second))
            .set_filter(filter(question))
            .set_next_page_token(token.map(str::to_owned));
        // The SDK would try again by itself, and each try may be charged: the caller does that.
        let once = aws_sdk_costexplorer::config::Config::builder().retry_config(RetryConfig::disabled());
        let answer = request
            .customize()
            .config_override(once)
            .send()
            .await
            .map_err(|error| self.failure(call, resource, &error))?;
        // The answer says itself what its groups are by.
        let said: Option<Vec<&str>> = answer.group_definitions().iter().map(GroupDefinition::key).collect();
        let said = said.ok_or_else(|| unreadable("a dimension without a name".to_owned()))?;
        let keys = if said.is_empty() { vec![SERVICE, second] } else { said };
        let mut items = Vec::new();
        for result in answer.results_by_time() {
            let start = result
                .time_period()
                .map(DateInterval::start)
                .ok_or_else(|| unreadable("a period without a start".to_owned()))?;
            // Hourly answers carry a time as well; the day is what is asked for.
            let day = start
                .get(..10)
                .and_then(|day| day.parse().ok())
                .ok_or_else(|| unreadable(format!("`{start}` is not a day")))?;
            let groups = result
                .groups()
                .iter()
                .map(|group| billed(group, &keys, question.metric.name()).map_err(unreadable))
                .collect::<Result<_, _>>()?;
            items.push(BilledDay { day, estimated: result.estimated(), groups });
        }
        Ok(ResultPage { items, next: answer.next_page_token().filter(|token| !token.is_empty()).map(str::to_owned) })
    }
}

/// Tax and what is given back have lines of their own, which have no usage type.
fn filter(question: &CostQuery) -> Option<Expression> {
    let dimension = |key, values: &[&str]| {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        Expression::builder().dimensions(DimensionValues::builder().key(key).set_values(Some(values)).build()).build()
    };
    let used = || Expression::builder().not(dimension(CostDimension::RecordType, NOT_USED)).build();
    let account = question.account.as_deref().map(|account| dimension(CostDimension::LinkedAccount, &[account]));
    match (question.by, account) {
        (CostGrouping::RecordType, account) => account,
        (CostGrouping::UsageType, None) => Some(used()),
        (CostGrouping::UsageType, Some(account)) => Some(Expression::builder().and(account).and(used()).build()),
    }
}

#[async_trait]
impl LogsApi for SdkClients {
    async fn log_groups(&self, prefix: &str, token: Option<&str>) -> Result<ResultPage<LogGroup>, CallFailure> {
        let request = self
            .logs
            .describe_log_groups()
            .set_log_group_name_prefix((!prefix.is_empty()).then(|| prefix.to_owned()))
            .set_next_token(token.map(str::to_owned));
        let answer = request.send().await.map_err(|error| self.failure("logs:DescribeLogGroups", prefix, &error))?;
        let items = answer
            .log_groups()
            .iter()
            .map(log_group)
            .collect::<Result<_, _>>()
            .map_err(|what| unreadable("logs:DescribeLogGroups", prefix, what))?;
        Ok(ResultPage { items, next: answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned) })
    }

    async fn log_groups_of(&self, class: LogClass, token: Option<&str>) -> Result<ResultPage<String>, CallFailure> {
        let class = match class {
            LogClass::InfrequentAccess => LogGroupClass::InfrequentAccess,
            LogClass::Delivery => LogGroupClass::Delivery,
        };
        let request =
            self.logs.describe_log_groups().log_group_class(class.clone()).set_next_token(token.map(str::to_owned));
        let answer =
            request.send().await.map_err(|error| self.failure("logs:DescribeLogGroups", class.as_str(), &error))?;
        let of_class = answer.log_groups().iter().filter(|group| group.log_group_class() == Some(&class));
        let name = |group: &aws_sdk_cloudwatchlogs::types::LogGroup| {
            let name = group
                .log_group_name()
                .ok_or_else(|| unreadable("logs:DescribeLogGroups", class.as_str(), "a log group without a name"))?;
            Ok::<_, CallFailure>(name.to_owned())
        };
        let items = of_class.map(name).collect::<Result<_, _>>()?;
        Ok(ResultPage { items, next: answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned) })
    }

    async fn events(
        &self,
        group: &str,
        from_ms: i64,
        to_ms: i64,
        token: Option<&str>,
    ) -> Result<ResultPage<LogEvent>, CallFailure> {
        let request = self
            .logs
            .filter_log_events()
            .log_group_name(group)
            .start_time(from_ms)
            .end_time(to_ms)
            .set_next_token(token.map(str::to_owned));
        // The SDK would try again at its own speed, past the budget: the caller does that.
        let once = aws_sdk_cloudwatchlogs::config::Config::builder().retry_config(RetryConfig::disabled());
        let answer = request
            .customize()
            .config_override(once)
            .send()
            .await
            .map_err(|error| self.failure("logs:FilterLogEvents", group, &error))?;
        let next = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
        let items = answer
            .events()
            .iter()
            .map(log_event)
            .collect::<Result<_, _>>()
            .map_err(|what| unreadable("logs:FilterLogEvents", group, what))?;
        Ok(ResultPage { items, next })
    }
}

#[async_trait]
impl LambdaApi for SdkClients {
    async fn list(&self, token: Option<&str>) -> Result<ResultPage<LambdaFunctionSettings>, CallFailure> {
        let request = self.functions.list_functions().set_marker(token.map(str::to_owned));
        let answer = request
            .send()
            .await
            .map_err(|error| self.failure("lambda:ListFunctions", "the region's functions", &error))?;
        let next = answer.next_marker().filter(|token| !token.is_empty()).map(str::to_owned);
        let items = answer.functions().iter().map(function_settings).collect::<Result<_, _>>();
        Ok(ResultPage {
            items: items.map_err(|what| unreadable("lambda:ListFunctions", "the region's functions", what))?,
            next,
        })
    }

    async fn invoke(&self, function: &str, payload: &str, give_up: Span) -> Result<InvokeResponse, CallFailure> {
        let limit = give_up.delta().to_std().unwrap_or(ALL_TRIES);
        let once = aws_sdk_lambda::config::Config::builder().retry_config(RetryConfig::disabled()).timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT)
                .operation_timeout(limit)
                .operation_attempt_timeout(limit)
                .build(),
        );
        let request = self
            .functions
            .invoke()
            .function_name(function)
            .invocation_type(InvocationType::RequestResponse)
            .log_type(LogType::Tail)
            .payload(payload.as_bytes().to_vec().into());
        let answer = request
            .customize()
            .config_override(once)
            .send()
            .await
            .map_err(|error| self.failure("lambda:InvokeFunction", function, &error))?;
        let tail = answer.log_result().map(|tail| BASE64_STANDARD.decode(tail)).transpose();
        let tail = tail
            .map_err(|error| {
                unreadable("lambda:InvokeFunction", function, format!("the end of its log is not Base64: {error}"))
            })?
            .unwrap_or_default();
        Ok(InvokeResponse {
            function_error: answer.function_error().map(str::to_owned),
            payload: answer
                .payload()
                .map(|payload| String::from_utf8_lossy(payload.as_ref()).into_owned())
                .unwrap_or_default(),
            log_tail: String::from_utf8_lossy(&tail).into_owned(),
        })
    }

    async fn may_invoke(&self, function: &str) -> Result<(), CallFailure> {
        let request = self.functions.invoke().function_name(function).invocation_type(InvocationType::DryRun);
        request.send().await.map_err(|error| self.failure("lambda:InvokeFunction", function, &error))?;
        Ok(())
    }

    async fn concurrency_limit(&self) -> Result<u32, CallFailure> {
        let call = "lambda:GetAccountSettings";
        let answer = self
            .functions
            .get_account_settings()
            .send()
            .await
            .map_err(|error| self.failure(call, "the account", &error))?;
        let limit = answer.account_limit().and_then(|limit| u32::try_from(limit.concurrent_executions()).ok());
        limit.ok_or_else(|| unreadable(call, "the account", "it has no concurrency limit".to_owned()))
    }

    async fn provisioned(&self, function: &str) -> Result<Vec<ProvisionedConcurrency>, CallFailure> {
        let call = "lambda:ListProvisionedConcurrencyConfigs";
        let page = |marker: Option<String>| async move {
            let request =
                self.functions.list_provisioned_concurrency_configs().function_name(function).set_marker(marker);
            let answer = request.send().await.map_err(|error| self.failure(call, function, &error))?;
            let items = answer.provisioned_concurrency_configs().iter().map(provisioned).collect::<Result<_, _>>();
            Ok(ResultPage {
                items: items.map_err(|what| unreadable(call, function, what))?,
                next: answer.next_marker().map(str::to_owned),
            })
        };
        paging::all(call, function, page).await
    }

    async fn memory_mb(&self, function: &str, qualifier: &str) -> Result<u32, CallFailure> {
        let call = "lambda:GetFunctionConfiguration";
        let request = self.functions.get_function_configuration().function_name(function).qualifier(qualifier);
        let answer = request.send().await.map_err(|error| self.failure(call, function, &error))?;
        let memory = answer.memory_size().and_then(|memory| u32::try_from(memory).ok());
        memory.ok_or_else(|| unreadable(call, function, "it has no memory size".to_owned()))
    }
}

#[async_trait]
impl MetricsApi for SdkClients {
    async fn statistics(
        &self,
        query: &MetricQuery,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        period: u32,
    ) -> Result<Vec<MetricDatapoint>, CallFailure> {
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
        let answer = sent.map_err(|error| self.failure("cloudwatch:GetMetricStatistics", &query.subject(), &error))?;
        let points = answer.datapoints().iter().map(point).collect::<Result<Vec<_>, _>>();
        let mut points = points.map_err(|what| unreadable("cloudwatch:GetMetricStatistics", &query.subject(), what))?;
        points.sort_by_key(|point| point.at);
        Ok(points)
    }

    async fn list_metrics(
        &self,
        query: &MetricQuery,
        token: Option<&str>,
    ) -> Result<ResultPage<MetricQuery>, CallFailure> {
        let filter = |(name, value): &(String, String)| DimensionFilter::builder().name(name).value(value).build();
        let request = self
            .metrics
            .list_metrics()
            .namespace(&query.namespace)
            .metric_name(&query.metric)
            .set_dimensions(Some(query.dimensions.iter().map(filter).collect()))
            .set_next_token(token.map(str::to_owned));
        let sent = request.customize().config_override(in_region(query)).send().await;
        let answer = sent.map_err(|error| self.failure("cloudwatch:ListMetrics", &query.subject(), &error))?;
        let found = |found: &aws_sdk_cloudwatch::types::Metric| {
            let dimension = |dimension: &Dimension| Some((dimension.name()?.to_owned(), dimension.value()?.to_owned()));
            let dimensions: Option<Vec<_>> = found.dimensions().iter().map(dimension).collect();
            let (namespace, metric) = (
                found.namespace().unwrap_or(&query.namespace).to_owned(),
                found.metric_name().unwrap_or(&query.metric).to_owned(),
            );
            dimensions.map(|dimensions| MetricQuery { namespace, metric, dimensions, region: query.region.clone() })
        };
        let items: Option<Vec<_>> = answer.metrics().iter().map(found).collect();
        let items = items.ok_or_else(|| {
            unreadable("cloudwatch:ListMetrics", &query.subject(), "a dimension without a name or a value")
        })?;
        Ok(ResultPage { items, next: answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned) })
    }
}

/// Asks another region than the account's, where the metric is kept there.
fn in_region(query: &MetricQuery) -> aws_sdk_cloudwatch::config::Builder {
    let mut config = aws_sdk_cloudwatch::config::Config::builder();
    config.set_region(query.region.clone().map(Region::new));
    config
}

#[async_trait]
impl IdentityApi for SdkClients {
    async fn who(&self) -> Result<CallerIdentity, CallFailure> {
        let call = "sts:GetCallerIdentity";
        let answer = self
            .identity
            .get_caller_identity()
            .send()
            .await
            .map_err(|error| self.failure(call, "the credentials", &error))?;
        let account = answer.account().ok_or_else(|| unreadable(call, "the credentials", "it has no account"))?;
        let arn = answer.arn().unwrap_or("an identity without a name").to_owned();
        Ok(CallerIdentity { account: account.to_owned(), arn })
    }

    async fn key(&self) -> Option<AccessKey> {
        let credentials = self.credentials.as_ref()?.provide_credentials().await.ok()?;
        Some(AccessKey::of(&credentials))
    }

    async fn origin(&self) -> Vec<&'static str> {
        let Some(provider) = &self.credentials else { return vec![] };
        provider.provide_credentials().await.map(|credentials| pinned::origin(&credentials)).unwrap_or_default()
    }
}
