//! What is asked of AWS: who, what is there, and the bill.

use std::sync::Arc;
use std::time::Duration;

use account::inventory::ResourceKind;
use account::map::MapKind;
use aws::meter::{CallMeter, metered};
use aws::settings::AwsSettings;
use aws::{AwsClients, CostGrouping, CostMetric, CostQuery, MetricQuery, PROFILE, paging};
use chrono::TimeDelta;
use indicatif::{ProgressBar, ProgressStyle};
use model::calendar::Month;
use model::call_failure::{CallFailure, FailureKind};
use model::money::Usd;
use rust_decimal::Decimal;
use source::{AccountSurvey, SurveyStep, SurveyedKind, find_estimate, inventory_calls};

use super::ask::Person;
use super::flags::Args;
use super::regions;
use super::stop::InitStop;
use crate::app::{connected, origin_words, prices};
use crate::commands::context::CommandContext;
use crate::commands::output::say;
use crate::config;
use setup::{BillSummary, FoundAccount, FoundBill};

/// What reading the bill may cost, in cents: ten pages.
const MOST_CENTS: i64 = 10;
/// The class of log groups that can be read.
const READABLE: &str = "STANDARD";

/// Whose credentials were found.
pub(super) struct FoundIdentity {
    pub(super) clients: AwsClients,
    /// The id of the account; `None` where it is no id.
    account: Option<String>,
    /// The profile to write down.
    profile: Option<String>,
}

/// Finds credentials, and says whose they are and where they were found.
pub(super) async fn identity(
    settings: &AwsSettings,
    context: &CommandContext,
    tell: fn(&str),
) -> Result<FoundIdentity, InitStop> {
    let clients = connected(settings, &context.clock).await;
    if clients.region.is_empty() {
        return Err(InitStop::usage(
            "no region is set; name the region of your functions with --region, such as --region eu-west-1",
        ));
    }
    let who = clients.identity.who().await.map_err(|failure| match failure.kind {
        FailureKind::NoCredentials | FailureKind::BadCredentials => InitStop::failed(format!(
            "{}. Give monitor credentials in one of these ways, then run `monitor init` again:\n  \
             aws configure sso           a profile with SSO; then monitor init --profile NAME\n  \
             aws configure               a profile with an access key\n  \
             export AWS_ACCESS_KEY_ID=... AWS_SECRET_ACCESS_KEY=...\n\
             On a machine or container of AWS, its role is used. A permission that is missing is named later",
            failure.said
        )),
        _ => InitStop::failed(failure.to_string()),
    })?;
    let profile = settings.profile.clone().or_else(config::aws_profile);
    let origin = clients.identity.origin().await;
    let profile = profile.filter(|_| settings.profile.is_some() || origin.contains(&PROFILE));
    let found = origin_words(&origin, settings);
    tell(&format!(
        "Identity    {}\nAccount     {}\nRegion      {}\nCredentials {}",
        who.arn,
        who.account,
        clients.region,
        if found.is_empty() { "from a place that the SDK does not name" } else { &found },
    ));
    let is_id = |id: &String| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit());
    Ok(FoundIdentity { clients, account: Some(who.account).filter(is_id), profile })
}

/// Everything that is free to ask. The bill is not asked.
pub(super) async fn survey(
    args: &Args,
    identity: &FoundIdentity,
    context: &CommandContext,
) -> Result<FoundAccount, InitStop> {
    let account = &identity.clients;
    let progress = ProgressBar::new(u64::try_from(MapKind::ALL.len() + 1).unwrap_or(u64::MAX));
    let style = ProgressStyle::with_template("{spinner} {msg} [{bar:24}] {pos}/{len}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    progress.set_style(style);
    progress.set_message("looking at the account");
    progress.enable_steady_tick(Duration::from_millis(100));
    let kinds = kinds(account, &progress, context).await;
    let kinds = kinds.map_err(|failure| InitStop::failed(failure.to_string()))?;
    progress.set_message("looking for what is billed");
    let now = context.clock.now();
    let invocations = MetricQuery::new("AWS/Lambda", "Invocations", &[]);
    let (metrics, charges, logs) = tokio::join!(
        account.metrics.statistics(&invocations, now - TimeDelta::minutes(5), now, 60),
        find_estimate(account),
        logs(account, &kinds, context),
    );
    let metrics = metrics.map(drop);
    let billable = billable(account, &kinds, &metrics).await;
    let others = regions::look(args, account, &progress, context).await;
    progress.finish_and_clear();
    if let Some((region, failure)) = others.failed.first_key_value() {
        let count = others.failed.len();
        say(&format!("monitor: {count} other regions could not be looked at, {region} among them: {failure}"));
    }
    let region = account.region.clone();
    let FoundIdentity { account, profile, .. } = identity;
    let (account, profile) = (account.clone(), profile.clone());
    Ok(FoundAccount {
        region,
        other_regions: others.used,
        account,
        profile,
        kinds,
        billable,
        logs,
        metrics,
        charges,
        bill: FoundBill::NotAsked,
    })
}

async fn kinds(
    account: &AwsClients,
    progress: &ProgressBar,
    context: &CommandContext,
) -> Result<Vec<SurveyedKind>, CallFailure> {
    let mut survey = AccountSurvey::new(account);
    loop {
        match survey.step(context.clock.now()).await {
            SurveyStep::Done(done) => return done,
            SurveyStep::Wait(at) => {
                progress.set_position(u64::try_from(survey.finished()).unwrap_or_default());
                context.clock.wait_until(at, false).await;
            }
        }
    }
}

/// The failure of a kind of the map; `None` if it was read.
fn failed(kinds: &[SurveyedKind], kind: MapKind) -> Option<&CallFailure> {
    kinds.iter().find(|(known, _)| *known == kind)?.1.as_ref().err()
}

/// Whether the events of a log group may be read; where there is none yet, nothing shows it.
async fn logs(account: &AwsClients, kinds: &[SurveyedKind], context: &CommandContext) -> Result<(), CallFailure> {
    let groups = kinds.iter().find(|(kind, _)| *kind == MapKind::LogGroup).and_then(|(_, read)| read.as_ref().ok());
    let groups = groups.map(|snapshot| snapshot.resources.as_slice()).unwrap_or_default();
    let can_be_read = |class: Option<&str>| class.is_none_or(|class| class == READABLE);
    let group = groups.iter().find(|group| group.id.starts_with("/aws/lambda/") && can_be_read(group.setting("class")));
    let Some(group) = group else { return Ok(()) };
    let now = context.clock.now().timestamp_millis();
    match account.logs.events(&group.id, now - 1000, now, None).await {
        Err(failure) if failure.kind != FailureKind::NotFound => Err(failure),
        _ => Ok(()),
    }
}

/// The ids of what is billed by the hour or by the gigabyte, by kind.
async fn billable(
    account: &AwsClients,
    kinds: &[SurveyedKind],
    metrics: &Result<(), CallFailure>,
) -> Vec<(ResourceKind, Result<Vec<String>, CallFailure>)> {
    let known = |kind: MapKind, counts: fn(&account::map::MapResource) -> bool| {
        let read = kinds.iter().find(|(known, _)| *known == kind).and_then(|(_, read)| read.as_ref().ok());
        let all = read.map(|snapshot| snapshot.resources.as_slice()).unwrap_or_default();
        let ids = all.iter().filter(|one| counts(one)).map(|one| one.id.clone()).collect();
        failed(kinds, kind).map_or(Ok(ids), |failure| Err(failure.clone()))
    };
    let mut all = Vec::new();
    for (_, kind) in ResourceKind::ALL {
        let ids = match kind {
            ResourceKind::RdsInstance => {
                account.resources.db_instances().await.map(|all| all.into_iter().map(|one| one.id).collect())
            }
            ResourceKind::NatGateway => {
                account.resources.nat_gateways().await.map(|all| all.into_iter().map(|one| one.id).collect())
            }
            ResourceKind::LoadBalancer => balancers(account).await,
            ResourceKind::Address => {
                account.resources.addresses().await.map(|all| all.into_iter().map(|one| one.ip).collect())
            }
            ResourceKind::Volume => {
                account.resources.volumes().await.map(|all| all.into_iter().map(|one| one.id).collect())
            }
            ResourceKind::ProvisionedConcurrency => {
                let has =
                    |one: &account::map::MapResource| one.settings.keys().any(|name| name.starts_with("provisioned "));
                // Its functions are found by their log groups.
                match failed(kinds, MapKind::LogGroup) {
                    Some(failure) => Err(failure.clone()),
                    None => known(MapKind::FunctionConcurrency, has),
                }
            }
            ResourceKind::LogGroup => known(MapKind::LogGroup, |_| true),
        };
        let needs_metrics = inventory_calls(*kind).contains(&"cloudwatch:GetMetricStatistics");
        let ids = match metrics {
            Err(failure) if needs_metrics && ids.is_ok() => Err(failure.clone()),
            _ => ids,
        };
        all.push((*kind, ids));
    }
    all
}

/// The load balancers, if what is behind them may be read as well.
async fn balancers(account: &AwsClients) -> Result<Vec<String>, CallFailure> {
    let all = account.resources.load_balancers().await?;
    if let Some(first) = all.first()
        && let Some(group) = account.resources.target_groups(&first.arn).await?.first()
    {
        account.resources.targets(group).await?;
    }
    Ok(all.into_iter().map(|one| one.name).collect())
}

/// The bill of the last three whole months, if the person agrees to pay for it. At most ten pages are read.
pub(super) async fn bill(
    args: &Args,
    account: &AwsClients,
    person: &Person,
    context: &CommandContext,
) -> Result<FoundBill, InitStop> {
    let prices = prices(&AwsSettings::default()).map_err(|error| InitStop::failed(error.to_string()))?;
    let page = prices.call("ce:GetCostAndUsage").unwrap_or(Decimal::ONE);
    let most = Usd(Decimal::new(MOST_CENTS, 2));
    let question = format!(
        "Read the bill of the last three months ({page} USD a page, usually one page, at most {most}) and watch it \
        every day (about 0.62 USD a month)?"
    );
    if args.no_bill || !(args.bill || person.confirm(&question, true)?) {
        return Ok(FoundBill::NotAsked);
    }
    if args.bill {
        say(&format!("Reading the bill of the last three months: {page} USD a page, at most {most}"));
    }
    let today = context.clock.now().date_naive();
    let this = Month::of(today);
    let from = this.previous().previous().previous().first_day();
    let (metric, by) = (CostMetric::Unblended, CostGrouping::RecordType);
    let question = CostQuery { from, end: this.first_day(), metric, by, account: None };
    let metered = metered(account.clone(), &Arc::new(CallMeter::new(prices, most, Arc::clone(&context.clock))));
    let (billing, asked) = (metered.billing.as_ref(), &question);
    let days = paging::all("ce:GetCostAndUsage", "the account's bill", |token| async move {
        billing.costs(asked, token.as_deref()).await
    });
    Ok(match days.await {
        Err(failure) => FoundBill::Failed(failure),
        Ok(days) => {
            let groups = days.iter().flat_map(|day| day.groups.iter().map(|group| (day.day, group)));
            let amounts = groups.map(|(day, group)| (day, group.service.as_str(), &group.money));
            FoundBill::Read(BillSummary::of(amounts, today))
        }
    })
}
