//! Each call that a watch or a warm-up needs, made once, as cheaply as it can be made.

use aws::resolve::{LogSelection, ResolvedLogs, default_function, resolve, unreadable_class};
use aws::{AwsClients, CostGrouping, CostMetric, CostQuery, ExportBucket, LogClass, MetricQuery, paging};
use chrono::{DateTime, TimeDelta, Utc};
use model::call_failure::{CallFailure, FailureKind};
use model::glob::NamePattern;
use source::SourceKind;

use super::causes::ProbeAnswer;
use super::line::CheckResult;

/// What is tried, and for whom.
pub(super) enum ProbeSubject {
    /// A call of a watch.
    Watch(SourceKind, &'static str),
    /// A call of the warm-up of a function.
    Warm(String, &'static str),
}

impl ProbeSubject {
    /// Makes the call: what was tried, and what came of it.
    pub(super) async fn ask(&self, account: &AwsClients, now: DateTime<Utc>) -> (String, ProbeAnswer) {
        let (what, made) = match self {
            Self::Watch(read, call) => match (read.kind(), *call) {
                (ESTIMATED_CHARGES, "cloudwatch:ListMetrics") => {
                    let what = "cloudwatch:ListMetrics in us-east-1".to_owned();
                    return (what.clone(), answer(what, charges(account).await));
                }
                // The others find functions by their log groups as well.
                (kind, LIST_FUNCTIONS) if kind != USAGE_ESTIMATE && kind != ACCOUNT => {
                    return (LIST_FUNCTIONS.to_owned(), listing(account, read.functions()).await);
                }
                (_, call) => (call.to_owned(), permission(read, call, account, now).await),
            },
            // A dry run: the function is not called, and no ping is paid for.
            Self::Warm(function, "lambda:InvokeFunction") => (
                format!("lambda:InvokeFunction on {function}"),
                account.functions.may_invoke(function).await.map(|()| "may be invoked (dry run)".to_owned()),
            ),
            Self::Warm(_, call) => ((*call).to_owned(), limit(account).await),
        };
        (what.clone(), answer(what, made.map(Ok)))
    }
}

/// A line for a call that was answered, well or not, or its failure.
fn answer(what: String, made: Result<Result<String, String>, CallFailure>) -> ProbeAnswer {
    match made {
        Ok(said) => ProbeAnswer::Line(CheckResult::new(what, said)),
        Err(failure) => ProbeAnswer::Failed(failure),
    }
}

/// How much the account may run at the same time, which pings are measured by.
async fn limit(account: &AwsClients) -> Result<String, CallFailure> {
    let limit = account.functions.concurrency_limit().await?;
    Ok(format!("answered; the account may run {limit} invocations at the same time"))
}

/// The first objects below a prefix, and the smallest of them, whose content is read.
async fn smallest_object(account: &AwsClients, bucket: &ExportBucket) -> Result<String, CallFailure> {
    let page = account.exports.objects(bucket, None).await?;
    let Some(object) = page.items.into_iter().min_by_key(|object| (object.size, object.path.clone())) else {
        return Ok("not tried: there is no export yet".to_owned());
    };
    let failed = |error: std::io::Error| CallFailure {
        call: "s3:GetObject".to_owned(),
        resource: object.path.clone(),
        kind: FailureKind::Refused,
        said: format!("no file can be made on this machine: {error}"),
        next_step: "check the folder for temporary files".to_owned(),
    };
    let mut file = tempfile::tempfile().map_err(failed)?;
    account.exports.fetch(bucket, &object, &mut file).await?;
    Ok(format!("answered for {}", object.path))
}

/// A call about one function. One that is gone, or of which there is nothing, was allowed to be asked for: functions are
/// also known by log groups, which stay.
fn answered_for<T>(function: &str, made: Result<T, CallFailure>) -> Result<String, CallFailure> {
    match made {
        Err(failure) if failure.kind == FailureKind::NotFound => {
            Ok(format!("answered; there is nothing of {function}"))
        }
        made => made.map(|_| format!("answered for {function}")),
    }
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
const ACCOUNT: &str = "account";
/// The call that says how functions are configured.
const LIST_FUNCTIONS: &str = "lambda:ListFunctions";
/// Log groups that are no function's own and that are tried at most: a policy may forbid each of them, and AWS allows few of
/// these calls a second.
const MOST_GROUPS: usize = 4;

/// Whether the metric of the account's charges is there.
async fn charges(account: &AwsClients) -> Result<Result<String, String>, CallFailure> {
    let query = MetricQuery {
        region: Some("us-east-1".to_owned()),
        ..MetricQuery::new("AWS/Billing", "EstimatedCharges", &[])
    };
    let page = account.metrics.list_metrics(&query, None).await?;
    Ok(match page.items.len() {
        0 => Err(
            "answered, but the metric AWS/Billing EstimatedCharges does not exist; switch on \"Receive CloudWatch billing alerts\" in Billing preferences, then wait a day"
                .to_owned(),
        ),
        count => Ok(format!("answered; {count} EstimatedCharges metrics exist")),
    })
}

/// Whether functions may be listed, for a source that sees less where they may not.
async fn listing(account: &AwsClients, patterns: &[NamePattern]) -> ProbeAnswer {
    let line = |said: String| ProbeAnswer::Line(CheckResult::new(LIST_FUNCTIONS, Ok(said)));
    match found(account, patterns).await {
        Ok(found) => match found.blind_spot() {
            Some(blind_spot) => ProbeAnswer::Line(CheckResult::warning(LIST_FUNCTIONS, blind_spot)),
            None => line("answered".to_owned()),
        },
        // What else it needs has a line of its own.
        Err(failure) if failure.call != LIST_FUNCTIONS && failure.kind == FailureKind::Denied => {
            line(format!("not tried to the end: {} failed", failure.call))
        }
        Err(failure) => ProbeAnswer::Failed(failure),
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

/// What a call of a describing service said; `None` for any other.
async fn described(account: &AwsClients, call: &str) -> Option<Result<String, CallFailure>> {
    let call = aws::describing::probe(call)?;
    Some(match account.describe.ask(&call).await {
        // Asked about nothing that is there: it is allowed.
        Err(failure) if failure.kind == FailureKind::NotFound => Ok("answered".to_owned()),
        answer => answer.map(|_| "answered".to_owned()),
    })
}

/// A function that the patterns mean; without any, the first one of the region.
async fn first_function(account: &AwsClients, patterns: &[NamePattern]) -> Result<Option<String>, CallFailure> {
    if patterns.is_empty() {
        return Ok(account.functions.list(None).await?.items.into_iter().next().map(|function| function.name));
    }
    Ok(found(account, patterns).await?.functions().into_iter().next())
}

/// What a line says of a call that was forgotten here; a test goes over all of them.
const NO_CHECK: &str = "has no check";

/// Makes the call once.
async fn permission(
    read: &SourceKind,
    call: &'static str,
    account: &AwsClients,
    now: DateTime<Utc>,
) -> Result<String, CallFailure> {
    let patterns = read.functions();
    let first = || first_function(account, patterns);
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
            Some(function) => answered_for(&function, account.functions.provisioned(&function).await),
            None => Ok("not tried: the patterns match no function yet".to_owned()),
        },
        "lambda:GetFunctionConfiguration" => match first().await? {
            Some(function) => answered_for(&function, account.functions.memory_mb(&function, "$LATEST").await),
            None => Ok("not tried: the patterns match no function yet".to_owned()),
        },
        "lambda:GetAccountSettings" => limit(account).await,
        "s3:ListBucket" => match read.bucket() {
            Some(bucket) => account.exports.objects(bucket, None).await.map(|page| count_found(page.items.len())),
            None => Ok("not needed: exports are read from a folder".to_owned()),
        },
        "s3:GetObject" => match read.bucket() {
            Some(bucket) => smallest_object(account, bucket).await,
            None => Ok("not needed: exports are read from a folder".to_owned()),
        },
        other => match described(account, other).await {
            Some(made) => made,
            None => Ok(format!("not tried: {other} {NO_CHECK}")),
        },
    }
}

#[cfg(test)]
mod tests;
