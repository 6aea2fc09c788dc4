//! `monitor check`

mod causes;
mod line;
mod probes;
mod unfed;

use std::sync::Arc;
use std::time::Duration;

use aws::prices::PriceTable;
use aws::{AwsClients, CallerIdentity};
use causes::{ProbeAnswer, ProbeResult, lines};
use chrono::{DateTime, Utc};
use clock::Clock;
use futures::{StreamExt, stream};
use indicatif::ProgressBar;
use line::CheckResult;
use model::call_failure::CallFailure;
use probes::ProbeSubject;
use serde::Serialize;
use source::{SourceKind, WarmPing, WarmSettings};

use super::arguments::OutputFormat;
use super::context::CommandContext;
use super::output::{print, print_json};
use crate::app::{MonitorConfig, StartError, account, connected, prices, receivers};
use crate::config::WatchSettings;
use crate::exit::ExitStatus;

/// So many calls are made at the same time.
const AT_ONCE: usize = 8;

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

pub(super) async fn run(args: Args, context: &CommandContext) -> Result<ExitStatus, StartError> {
    let config = context.config()?;
    let mut looks = vec![CheckResult::new("configuration", Ok(summary(&config)))];
    looks.extend(unfed::rules(&config));
    let receivers = receivers(&config)?;
    let prices = prices(&config.aws)?;
    for watch in config.watches.iter().filter(|watch| watch.read.kind() == USAGE_ESTIMATE) {
        for region in regions(&config.aws, &context.clock).await {
            looks.push(CheckResult::new(format!("prices for {}", watch.name), priced(&region, &prices)));
        }
    }
    if args.live {
        let progress = ProgressBar::new_spinner().with_message("checking AWS and the receivers");
        progress.enable_steady_tick(Duration::from_millis(100));
        let account = account(&config.aws, &context.clock).await?;
        let asks_aws = !asking(&config).is_empty();
        match account.identity.who().await {
            // A configuration without a watch is about to get one.
            Err(failure) if !asks_aws && !config.watches.is_empty() => {
                let said = format!("none are needed, no watch asks AWS ({})", failure.said);
                looks.push(CheckResult::new("credentials", Ok(said)));
            }
            // Every call would fail for the same reason: it is told once.
            Err(failure) if failure.kind.is_of_credentials() => {
                looks.push(CheckResult::new("credentials", Err(format!("{failure}; {}", blind(&config)))));
            }
            who => looks.extend(calls(&config, &account, who, context.clock.now()).await),
        }
        let probes = receivers.iter().map(|(name, receiver)| async move {
            CheckResult::new(format!("receiver {name}"), receiver.probe().await)
        });
        looks.extend(stream::iter(probes).buffered(AT_ONCE).collect::<Vec<_>>().await);
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

/// Asks whatever the configuration needs, several at a time; the lines are in the order of the configuration.
async fn calls(
    config: &MonitorConfig,
    account: &AwsClients,
    who: Result<CallerIdentity, CallFailure>,
    now: DateTime<Utc>,
) -> Vec<CheckResult> {
    let credentials = ProbeResult {
        what: "credentials".to_owned(),
        watch: None,
        said: match who {
            Ok(who) => ProbeAnswer::Line(CheckResult::new("credentials", Ok(who.arn))),
            Err(failure) => ProbeAnswer::Failed(failure),
        },
    };
    let of_watch = |watch: &'_ WatchSettings<SourceKind>| {
        let names = watch.read.names(&watch.name, &config.aws.other_regions);
        let regions = names.into_iter().zip(std::iter::once(account).chain(&account.others));
        let calls = |(name, region): (String, &'_ AwsClients)| {
            let subject = |action| ProbeSubject::Watch(watch.read.clone(), action);
            let calls = watch.read.calls().into_iter();
            calls.map(|call| (name.clone(), region.clone(), subject(call.action))).collect::<Vec<_>>()
        };
        regions.flat_map(calls).collect::<Vec<_>>()
    };
    let of_warm = |warm: &'_ WarmSettings| {
        let of_region = |other: &&AwsClients| warm.region.as_ref() == Some(&other.region);
        let region = account.others.iter().find(of_region).unwrap_or(account);
        let calls = WarmPing::calls(warm).into_iter();
        calls
            .map(|call| (warm.name.clone(), region.clone(), ProbeSubject::Warm(warm.function.clone(), call.action)))
            .collect::<Vec<_>>()
    };
    let mut wanted: Vec<(String, AwsClients, ProbeSubject)> = config.watches.iter().flat_map(of_watch).collect();
    wanted.extend(config.warms.iter().flat_map(of_warm));
    let asked = wanted.into_iter().map(|(name, region, subject)| async move {
        let (what, said) = subject.ask(&region, now).await;
        ProbeResult { what, watch: Some(name), said }
    });
    let asked: Vec<ProbeResult> = stream::iter(asked).buffered(AT_ONCE).collect().await;
    lines([credentials].into_iter().chain(asked).collect())
}

/// The names of the sources and pings that make calls to AWS.
fn asking(config: &MonitorConfig) -> Vec<String> {
    let watched = config.watches.iter().filter(|watch| !watch.read.calls().is_empty());
    let watched = watched.flat_map(|watch| watch.read.names(&watch.name, &config.aws.other_regions));
    watched.chain(config.warms.iter().map(|warm| warm.name.clone())).collect()
}

/// What cannot be seen or done without credentials.
fn blind(config: &MonitorConfig) -> String {
    let names = asking(config);
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

/// The source whose prices are looked up without a call.
const USAGE_ESTIMATE: &str = "usage_estimate";

/// The regions that are watched, the main one first; it is empty if none is set. Makes no call.
async fn regions(aws: &aws::settings::AwsSettings, clock: &Arc<dyn Clock>) -> Vec<String> {
    let main = match &aws.region {
        Some(region) => region.clone(),
        None => connected(aws, clock).await.region,
    };
    std::iter::once(main).chain(aws.other_regions.iter().cloned()).collect()
}

/// Whether there are prices for what functions of a region use. Makes no call.
fn priced(region: &str, prices: &PriceTable) -> Result<String, String> {
    if region.is_empty() {
        return Err("no region is set, so prices cannot be looked up; set region under [aws], or AWS_REGION".to_owned());
    }
    match prices.rates(region) {
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
