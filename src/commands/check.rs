//! `monitor check`

use std::sync::Arc;
use std::time::Duration;

use aws::prices::PriceTable;
use aws::resolve::{LogSelection, ResolvedLogs, default_function, resolve, unreadable_class};
use aws::{AwsClients, CostGrouping, CostMetric, CostQuery, LogClass, MetricQuery, paging};
use chrono::{DateTime, TimeDelta, Utc};
use clock::Clock;
use indicatif::ProgressBar;
use model::call_failure::{CallFailure, FailureKind};
use model::glob::NamePattern;
use serde::Serialize;
use source::WarmPing;

use super::arguments::OutputFormat;
use super::context::CommandContext;
use super::output::{print, print_json};
use crate::app::{MonitorConfig, StartError, account, prices, receivers};
use crate::exit::ExitStatus;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Also check the AWS identity, each permission that is needed, and that each receiver answers; costs 0.01 USD
    /// if Cost Explorer is used; sends no message and invokes no function
    #[arg(long)]
    live: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

/// Everything that was looked at; its schema is docs/check.schema.json.
#[derive(Debug, Serialize)]
struct CheckOutput<'a> {
    schema: u32,
    looks: &'a [CheckResult],
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct CheckResult {
    what: String,
    fine: bool,
    /// Everything that is needed works, and something would be better with what is said.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    warning: bool,
    said: String,
}

impl CheckResult {
    fn new(what: impl Into<String>, result: Result<String, String>) -> Self {
        let fine = result.is_ok();
        Self { what: what.into(), fine, warning: false, said: result.unwrap_or_else(|why| why) }
    }

    fn warning(what: impl Into<String>, said: String) -> Self {
        Self { what: what.into(), fine: true, warning: true, said }
    }

    /// The word before it.
    fn mark(&self) -> &'static str {
        match (self.fine, self.warning) {
            (false, _) => "FAILED",
            (true, true) => "warn  ",
            (true, false) => "ok    ",
        }
    }
}

pub(super) async fn run(args: Args, context: &CommandContext) -> Result<ExitStatus, StartError> {
    let config = context.config()?;
    let mut looks = vec![CheckResult::new("configuration", Ok(summary(&config)))];
    let receivers = receivers(&config)?;
    let prices = prices(&config.aws)?;
    for watch in config.watches.iter().filter(|watch| watch.read.kind() == USAGE_ESTIMATE) {
        looks.push(CheckResult::new(
            format!("prices for {}", watch.name),
            priced(&config.aws, &prices, &context.clock).await,
        ));
    }
    if args.live {
        let progress = ProgressBar::new_spinner().with_message("checking AWS and the receivers");
        progress.enable_steady_tick(Duration::from_millis(100));
        let account = account(&config.aws, &context.clock).await;
        match account.identity.who().await {
            // Every call would fail for the same reason: it is told once.
            Err(failure) if lacks_credentials(failure.kind) => {
                looks.push(CheckResult::new("credentials", Err(format!("{failure}; {}", blind(&config)))));
            }
            who => {
                looks.push(CheckResult::new("credentials", who.map_err(|failure| failure.to_string())));
                calls(&config, &account, context, &mut looks).await;
            }
        }
        for (name, receiver) in &receivers {
            looks.push(CheckResult::new(format!("receiver {name}"), receiver.probe().await));
        }
        progress.finish_and_clear();
    }
    let fine = looks.iter().all(|look| look.fine);
    match args.format {
        OutputFormat::Json => {
            print_json(&CheckOutput { schema: 1, looks: &looks });
        }
        OutputFormat::Text => looks.iter().for_each(|look| {
            print(&format!("{} {}: {}", look.mark(), look.what, look.said));
        }),
    }
    Ok(if fine { ExitStatus::Done } else { ExitStatus::Incomplete })
}

/// Tries each call that the configuration needs.
async fn calls(config: &MonitorConfig, account: &AwsClients, context: &CommandContext, looks: &mut Vec<CheckResult>) {
    for watch in &config.watches {
        for call in watch.read.calls() {
            looks.push(match (watch.read.kind(), call) {
                (ESTIMATED_CHARGES, "cloudwatch:ListMetrics") => charges(account).await,
                // The others find functions by their log groups as well.
                (kind, LIST_FUNCTIONS) if kind != USAGE_ESTIMATE => listing(account, watch.read.functions()).await,
                _ => permission(call, account, watch.read.functions(), context).await,
            });
        }
    }
    if config.warms.iter().any(WarmPing::asks_for_the_limit) {
        looks.push(permission("lambda:GetAccountSettings", account, &[], context).await);
    }
    for warm in &config.warms {
        // A dry run: the function is not called, and no ping is paid for.
        let may = account.functions.may_invoke(&warm.function).await;
        let said = may.map(|()| "may be invoked (dry run)".to_owned()).map_err(|failure| failure.to_string());
        looks.push(CheckResult::new(format!("lambda:InvokeFunction on {}", warm.function), said));
    }
}

fn lacks_credentials(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::NoCredentials | FailureKind::BadCredentials)
}

/// What cannot be seen or done without credentials.
fn blind(config: &MonitorConfig) -> String {
    let names: Vec<&str> = config
        .watches
        .iter()
        .map(|watch| watch.name.as_str())
        .chain(config.warms.iter().map(|warm| warm.name.as_str()))
        .collect();
    if names.is_empty() {
        return "no watch needs them yet".to_owned();
    }
    format!("until then these stay blind, and none of their calls was tried: {}", names.join(", "))
}

fn summary(config: &MonitorConfig) -> String {
    let count = |n: usize, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
    [
        count(config.watches.len(), "watch").replace("watchs", "watches"),
        count(config.warms.len(), "warm-up"),
        count(config.rules.len(), "rule"),
        count(config.receivers.len(), "receiver"),
    ]
    .join(", ")
}

fn count_found(count: usize) -> String {
    format!("answered; {count} there")
}

async fn first_balancer(account: &AwsClients) -> Result<Option<String>, CallFailure> {
    Ok(account.resources.load_balancers().await?.into_iter().next().map(|balancer| balancer.arn))
}

async fn first_target_group(account: &AwsClients) -> Result<Option<String>, CallFailure> {
    match first_balancer(account).await? {
        Some(balancer) => Ok(account.resources.target_groups(&balancer).await?.into_iter().next()),
        None => Ok(None),
    }
}

/// The kinds of `read.` that are looked at more closely.
const ESTIMATED_CHARGES: &str = "estimated_charges";
const USAGE_ESTIMATE: &str = "usage_estimate";
/// The call that says how functions are configured.
const LIST_FUNCTIONS: &str = "lambda:ListFunctions";
/// Log groups that are nobody's own and that are tried at most: a policy may forbid each of them, and AWS allows few of
/// these calls a second.
const MOST_GROUPS: usize = 4;

/// Whether there are prices for what functions of the region use. Makes no call.
async fn priced(
    aws: &aws::settings::AwsSettings,
    prices: &PriceTable,
    clock: &Arc<dyn Clock>,
) -> Result<String, String> {
    let region = match &aws.region {
        Some(region) => region.clone(),
        None => account(aws, clock).await.region,
    };
    if region.is_empty() {
        return Err("no region is set, so prices cannot be looked up; set region under [aws], or AWS_REGION".to_owned());
    }
    match prices.rates(&region) {
        None => {
            let known = prices.regions().join(", ");
            Err(format!(
                "the price table has no prices for {region} (it has: {known}); set `prices` under [aws] to a file that has them"
            ))
        }
        Some(rates) if rates.logs.is_none() => {
            Ok(format!("functions in {region} have prices; logs have none and are not counted"))
        }
        Some(_) => Ok(format!("{region} has prices")),
    }
}

/// Whether the metric of the account's charges is there.
async fn charges(account: &AwsClients) -> CheckResult {
    let query = MetricQuery {
        region: Some("us-east-1".to_owned()),
        ..MetricQuery::new("AWS/Billing", "EstimatedCharges", &[])
    };
    let said = match account.metrics.list_metrics(&query, None).await {
        Err(failure) => Err(failure.to_string()),
        Ok(page) if page.items.is_empty() => Err(
            "answered, but the metric AWS/Billing EstimatedCharges does not exist; switch on \"Receive CloudWatch billing alerts\" in Billing preferences, then wait a day"
                .to_owned(),
        ),
        Ok(page) => Ok(format!("answered; {} EstimatedCharges metrics exist", page.items.len())),
    };
    CheckResult::new("cloudwatch:ListMetrics in us-east-1", said)
}

/// Whether functions may be listed, for a source that sees less where they may not.
async fn listing(account: &AwsClients, patterns: &[NamePattern]) -> CheckResult {
    match found(account, patterns).await {
        Ok(found) => match found.blind_spot() {
            Some(blind_spot) => CheckResult::warning(LIST_FUNCTIONS, blind_spot),
            None => CheckResult::new(LIST_FUNCTIONS, Ok("answered".to_owned())),
        },
        // What else it needs has a line of its own.
        Err(failure) if failure.call != LIST_FUNCTIONS => {
            CheckResult::new(LIST_FUNCTIONS, Ok(format!("not tried to the end: {} failed", failure.call)))
        }
        Err(failure) => CheckResult::new(LIST_FUNCTIONS, Err(failure.to_string())),
    }
}

/// The logs that patterns of functions mean.
async fn found(account: &AwsClients, patterns: &[NamePattern]) -> Result<ResolvedLogs, CallFailure> {
    resolve(account.logs.as_ref(), account.functions.as_ref(), &LogSelection::of(patterns)).await
}

/// Whether the logs of functions can be read: those of one group by default, and those of other groups, which a policy
/// often does not name.
async fn reading(account: &AwsClients, patterns: &[NamePattern], now: DateTime<Utc>) -> Result<String, CallFailure> {
    let found = found(account, patterns).await?;
    let by_group = found.by_group();
    for class in [LogClass::InfrequentAccess, LogClass::Delivery] {
        let logs = account.logs.as_ref();
        let page = |token: Option<String>| async move { logs.log_groups_of(class, token.as_deref()).await };
        // Whether this may be asked has a line of its own.
        let of_class = paging::all("logs:DescribeLogGroups", class.name(), page).await.unwrap_or_default();
        if let Some(group) = of_class.iter().find(|group| by_group.contains_key(*group)) {
            return Err(class.unreadable(group));
        }
    }
    let own = found.destinations.iter().find(|at| default_function(&at.group).is_some());
    let others = by_group.keys().filter(|group| default_function(group).is_none()).take(MOST_GROUPS);
    let tried = own.map(|at| (&at.function, &at.group)).into_iter().chain(others.map(|group| (group, group)));
    let mut answered: Vec<&str> = Vec::new();
    for (name, group) in tried {
        let to_ms = now.timestamp_millis();
        match account.logs.events(group, to_ms - 1000, to_ms, None).await {
            Ok(_) => answered.push(name),
            Err(failure) if failure.kind == FailureKind::NotFound && found.may_be_absent.contains(group) => {}
            Err(failure) if failure.kind == FailureKind::Refused => {
                return Err(unreadable_class(account.logs.as_ref(), group).await.unwrap_or(failure));
            }
            Err(failure) => return Err(failure),
        }
    }
    Ok(if answered.is_empty() {
        "not tried: the patterns match no function with a log yet".to_owned()
    } else {
        format!("answered for {}", answered.join(", "))
    })
}

/// Makes the call once, as cheaply as it can be made.
async fn permission(
    call: &str,
    account: &AwsClients,
    patterns: &[NamePattern],
    context: &CommandContext,
) -> CheckResult {
    let now = context.clock.now();
    let first = || async { Ok::<_, CallFailure>(found(account, patterns).await?.functions().into_iter().next()) };
    let made: Result<String, CallFailure> = async {
        match call {
            "ce:GetCostAndUsage" => {
                let today = now.date_naive();
                let (metric, by) = (CostMetric::Unblended, CostGrouping::RecordType);
                let question = CostQuery { from: today - TimeDelta::days(1), end: today, metric, by, account: None };
                account.billing.costs(&question, None).await.map(|_| "answered".to_owned())
            }
            "logs:DescribeLogGroups" if patterns.is_empty() => {
                account.logs.log_groups("/", None).await.map(|_| "answered".to_owned())
            }
            "logs:DescribeLogGroups" => found(account, patterns).await.map(|found| {
                let names = found.functions();
                format!(
                    "answered; the patterns match {}",
                    if names.is_empty() { "no function yet".to_owned() } else { names.join(", ") }
                )
            }),
            "logs:FilterLogEvents" => reading(account, patterns, now).await,
            "cloudwatch:GetMetricStatistics" if patterns.is_empty() => {
                let invocations = MetricQuery::new("AWS/Lambda", "Invocations", &[]);
                account
                    .metrics
                    .statistics(&invocations, now - TimeDelta::minutes(5), now, 60)
                    .await
                    .map(|_| "answered".to_owned())
            }
            "cloudwatch:ListMetrics" => {
                let invocations = MetricQuery::new("AWS/Lambda", "Invocations", &[]);
                account.metrics.list_metrics(&invocations, None).await.map(|_| "answered".to_owned())
            }
            LIST_FUNCTIONS => account
                .functions
                .list(None)
                .await
                .map(|page| format!("answered; the first page has {} functions", page.items.len())),
            "cloudwatch:GetMetricStatistics" => match first().await? {
                Some(function) => {
                    let errors = MetricQuery::of_function(&function, "Errors");
                    account
                        .metrics
                        .statistics(&errors, now - TimeDelta::minutes(5), now, 60)
                        .await
                        .map(|_| format!("answered for {function}"))
                }
                None => Ok("not tried: the patterns match no function yet".to_owned()),
            },
            "rds:DescribeDBInstances" => account.resources.db_instances().await.map(|all| count_found(all.len())),
            "ec2:DescribeNatGateways" => account.resources.nat_gateways().await.map(|all| count_found(all.len())),
            "ec2:DescribeAddresses" => account.resources.addresses().await.map(|all| count_found(all.len())),
            "ec2:DescribeVolumes" => account.resources.volumes().await.map(|all| count_found(all.len())),
            "elasticloadbalancing:DescribeLoadBalancers" => {
                account.resources.load_balancers().await.map(|all| count_found(all.len()))
            }
            "elasticloadbalancing:DescribeTargetGroups" => match first_balancer(account).await? {
                Some(balancer) => account.resources.target_groups(&balancer).await.map(|all| count_found(all.len())),
                None => Ok("not tried: there is no load balancer".to_owned()),
            },
            "elasticloadbalancing:DescribeTargetHealth" => match first_target_group(account).await? {
                Some(group) => account.resources.targets(&group).await.map(count_found),
                None => Ok("not tried: there is no target group".to_owned()),
            },
            "lambda:ListProvisionedConcurrencyConfigs" => match first().await? {
                Some(function) => {
                    account.functions.provisioned(&function).await.map(|_| format!("answered for {function}"))
                }
                None => Ok("not tried: the patterns match no function yet".to_owned()),
            },
            "lambda:GetFunctionConfiguration" => match first().await? {
                Some(function) => {
                    account.functions.memory_mb(&function, "$LATEST").await.map(|_| format!("answered for {function}"))
                }
                None => Ok("not tried: the patterns match no function yet".to_owned()),
            },
            "lambda:GetAccountSettings" => account
                .functions
                .concurrency_limit()
                .await
                .map(|limit| format!("answered; the account may run {limit} invocations at the same time")),
            other => match aws::describing::probe(other) {
                None => Ok(format!("not tried: {other} has no check")),
                Some(call) => match account.describe.ask(&call).await {
                    // Asked about nothing that is there: it is allowed.
                    Err(failure) if failure.kind == FailureKind::NotFound => Ok("answered".to_owned()),
                    answer => answer.map(|_| "answered".to_owned()),
                },
            },
        }
    }
    .await;
    CheckResult::new(call, made.map_err(|failure| failure.to_string()))
}
