//! `monitor check`

use std::time::Duration;

use chrono::TimeDelta;
use indicatif::ProgressBar;
use serde::Serialize;

use super::{Context, Format, print, print_json};
use crate::app::{Config, StartError, account, receivers};
use crate::aws::resolve::{LOG_GROUP_PREFIX, functions};
use crate::aws::{Account, MetricQuery};
use crate::core::glob::NamePattern;
use crate::core::observation::CallFailure;
use crate::exit::Exit;
use crate::source::WarmPing;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Also ask AWS for the identity and each permission that is needed, and each receiver whether it answers; costs 0.01 USD
    /// where Cost Explorer is read, sends no message and calls no function
    #[arg(long)]
    live: bool,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// Everything that was looked at; its schema is docs/check.schema.json.
#[derive(Debug, Serialize)]
struct Looks<'a> {
    schema: u32,
    looks: &'a [Look],
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Look {
    what: String,
    fine: bool,
    said: String,
}

impl Look {
    fn new(what: impl Into<String>, result: Result<String, String>) -> Self {
        let fine = result.is_ok();
        Self { what: what.into(), fine, said: result.unwrap_or_else(|why| why) }
    }
}

pub(super) async fn run(args: Args, context: &Context) -> Result<Exit, StartError> {
    let config = context.config()?;
    let mut looks = vec![Look::new("configuration", Ok(summary(&config)))];
    let receivers = receivers(&config)?;
    if args.live {
        let progress = ProgressBar::new_spinner().with_message("asking AWS and the receivers");
        progress.enable_steady_tick(Duration::from_millis(100));
        let account = account(&config.aws, &context.clock).await;
        looks.push(Look::new("credentials", account.identity.who().await.map_err(|failure| failure.to_string())));
        for watch in &config.watches {
            for call in watch.read.calls() {
                looks.push(permission(call, &account, watch.read.functions(), context).await);
            }
        }
        if config.warms.iter().any(WarmPing::asks_for_the_limit) {
            looks.push(permission("lambda:GetAccountSettings", &account, &[], context).await);
        }
        for warm in &config.warms {
            // A dry run: the function is not called, and no ping is paid for.
            let may = account.functions.may_invoke(&warm.function).await;
            let said = may.map(|()| "may be called; it was not".to_owned()).map_err(|failure| failure.to_string());
            looks.push(Look::new(format!("lambda:InvokeFunction on {}", warm.function), said));
        }
        for (name, receiver) in &receivers {
            looks.push(Look::new(format!("receiver {name}"), receiver.probe().await));
        }
        progress.finish_and_clear();
    }
    let fine = looks.iter().all(|look| look.fine);
    match args.format {
        Format::Json => {
            print_json(&Looks { schema: 1, looks: &looks });
        }
        Format::Text => looks.iter().for_each(|look| print(&format!("{} {}: {}", if look.fine { "ok    " } else { "FAILED" }, look.what, look.said))),
    }
    Ok(if fine { Exit::Done } else { Exit::Incomplete })
}

fn summary(config: &Config) -> String {
    let count = |n: usize, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
    [
        count(config.watches.len(), "watch").replace("watchs", "watches"),
        count(config.warms.len(), "warm-up"),
        count(config.rules.len(), "rule"),
        count(config.receivers.len(), "receiver"),
    ]
    .join(", ")
}

/// Makes the call once, as cheaply as it can be made.
async fn permission(call: &str, account: &Account, patterns: &[NamePattern], context: &Context) -> Look {
    let now = context.clock.now();
    let first = || async {
        let found = functions(account.logs.as_ref(), patterns).await?;
        Ok::<_, CallFailure>(found.into_iter().next())
    };
    let made: Result<String, CallFailure> = async {
        match call {
            "ce:GetCostAndUsage" => {
                let today = now.date_naive();
                account.billing.cost_by_service(today - TimeDelta::days(1), today, None).await.map(|_| "answered".to_owned())
            }
            "logs:DescribeLogGroups" => functions(account.logs.as_ref(), patterns)
                .await
                .map(|found| format!("answered; the patterns mean {}", if found.is_empty() { "no function yet".to_owned() } else { found.join(", ") })),
            "logs:FilterLogEvents" => match first().await? {
                Some(function) => account
                    .logs
                    .events(&format!("{LOG_GROUP_PREFIX}{function}"), now.timestamp_millis() - 1000, now.timestamp_millis(), None)
                    .await
                    .map(|_| format!("answered for {function}")),
                None => Ok("not tried: the patterns mean no function yet".to_owned()),
            },
            "cloudwatch:GetMetricStatistics" => match first().await? {
                Some(function) => {
                    let errors = MetricQuery::of_function(&function, "Errors");
                    account.metrics.statistics(&errors, now - TimeDelta::minutes(5), now, 60).await.map(|_| format!("answered for {function}"))
                }
                None => Ok("not tried: the patterns mean no function yet".to_owned()),
            },
            "lambda:GetAccountSettings" => {
                account.functions.concurrency_limit().await.map(|limit| format!("answered; the account may run {limit} invocations at a time"))
            }
            other => Ok(format!("{other} is not tried")),
        }
    }
    .await;
    Look::new(call, made.map_err(|failure| failure.to_string()))
}
