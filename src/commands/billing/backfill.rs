//! `monitor billing backfill`

use std::io::{BufRead, IsTerminal, Write};

use chrono::{Datelike, NaiveDate};
use indicatif::{ProgressBar, ProgressStyle};
use model::calendar::Month;
use model::call_failure::FailureKind;
use model::money::cents;
use rust_decimal::Decimal;
use serde::Serialize;
use store::{Durability, Store};

use super::super::arguments::OutputFormat;
use super::super::context::CommandContext;
use super::super::output::{failed, print, print_json, say};
use crate::app::{StartError, account, metered_account};
use crate::exit::ExitStatus;

/// What a page of Cost Explorer is called in the price table.
const CALL: &str = "ce:GetCostAndUsage";

#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  monitor billing backfill                      the thirteen months that Cost Explorer keeps; asks before it spends anything
  monitor billing backfill --months 3 --yes     without asking, for scripts

A past month whose charges are all in the store is not read again. Every request counts against max_monthly_usd. Stop the daemon
first if it uses the store.

Exit codes: 0 all months are in the store; 1 no request was made; 2 some months could not be read, the others are kept; 75 a daemon uses the store; 78 configuration")]
pub(super) struct BackfillArgs {
    /// How many months before the current one; Cost Explorer keeps thirteen
    #[arg(long, default_value_t = 13, value_parser = clap::value_parser!(u32).range(1..=13))]
    months: u32,
    /// The `read.cost_explorer` watch to use [default: the first one]
    #[arg(long, value_name = "NAME")]
    watch: Option<String>,
    /// Do not ask for confirmation of the price
    #[arg(long, short)]
    yes: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

/// What was done.
#[derive(Debug, Serialize)]
struct BackfillOutput {
    schema: u32,
    months: Vec<BackfillMonth>,
    /// US dollars that the requests cost.
    usd: Decimal,
}

#[derive(Debug, Serialize)]
struct BackfillMonth {
    month: Month,
    /// `read`, `known` or `failed`.
    state: &'static str,
    /// Days that were not known in just these words.
    new_days: u64,
    /// Why it failed.
    why: Option<String>,
}

pub(super) async fn run(args: BackfillArgs, context: &CommandContext) -> Result<ExitStatus, StartError> {
    let config = context.config_without_secrets()?;
    let named = |name: &str| {
        args.watch.as_deref().is_none_or(|wanted| name == wanted || name.strip_prefix("watch.") == Some(wanted))
    };
    let Some(watch) = config.watches.iter().find(|watch| watch.read.kind() == "cost_explorer" && named(&watch.name))
    else {
        return Ok(failed(
            "the configuration has no such `read.cost_explorer` watch; add one, for example\n  [watch.spend]\n  every = \"1d\"\n  read.cost_explorer = {}",
        ));
    };
    let account = account(&config.aws, &context.clock).await?;
    let (now, today) = (context.clock.now(), context.clock.now().date_naive());
    let store = Store::open(&config.store.path, Durability::Full).await?;
    let mut months = Vec::new();
    let mut month = Month::of(today);
    for _ in 0..=args.months {
        months.push(month);
        month = month.previous();
    }
    months.reverse();
    let mut filled = Vec::new();
    let mut wanted = Vec::new();
    for month in months {
        if is_known(&store, month, today).await? {
            filled.push(BackfillMonth { month, state: "known", new_days: 0, why: None });
        } else {
            wanted.push(month);
        }
    }
    let account = metered_account(&config, account, &context.clock, &store)?;
    let spent_before = spent(&store, today).await?;
    if let Some(source) = watch.read.backfill(&account).filter(|_| !wanted.is_empty()) {
        // Unknown is not free.
        let price = account.prices.call(CALL);
        let price = price.ok_or_else(|| StartError::Prices(format!("the price table has no price for {CALL}")))?;
        let requests = source.requests_a_month() * wanted.len();
        let least = price * Decimal::from(requests);
        let question = format!(
            "{} months need at least {requests} requests, one for each page of results: at least {} USD. This month {} of {} USD are spent.",
            wanted.len(),
            cents(least),
            cents(spent_before),
            config.aws.max_monthly_usd
        );
        if !args.yes && !agreed(&question) {
            return Ok(failed("no request was made; use --yes to go on without a question"));
        }
        let bar = progress(wanted.len() as u64);
        let mut stopped = None;
        for month in wanted {
            bar.set_message(month.to_string());
            let read = match &stopped {
                Some(why) => Err(String::clone(why)),
                None => source.month(month, now).await.map_err(|failure| {
                    // No other month would fare better.
                    let hopeless =
                        !matches!(failure.kind, FailureKind::Throttled | FailureKind::NoAnswer | FailureKind::Refused);
                    stopped = hopeless.then(|| failure.to_string());
                    failure.to_string()
                }),
            };
            filled.push(match read {
                Ok(days) => {
                    let new_days = store.write_bill(&watch.name, now, days, source.settled_before(month, now)).await?;
                    BackfillMonth { month, state: "read", new_days, why: None }
                }
                Err(why) => BackfillMonth { month, state: "failed", new_days: 0, why: Some(why) },
            });
            bar.inc(1);
        }
        bar.finish_and_clear();
    }
    filled.sort_by_key(|filled| filled.month);
    let done = BackfillOutput { schema: 1, usd: spent(&store, today).await? - spent_before, months: filled };
    store.close().await;
    match args.format {
        OutputFormat::Json => {
            print_json(&done);
        }
        OutputFormat::Text => print(&text(&done)),
    }
    Ok(if done.months.iter().any(|filled| filled.why.is_some()) { ExitStatus::Incomplete } else { ExitStatus::Done })
}

/// Whether a month is over, and each of its days is known line by line.
async fn is_known(store: &Store, month: Month, today: NaiveDate) -> Result<bool, StartError> {
    // The bill of the month before still moves.
    if Month::of(today) <= month.next() && (Month::of(today) <= month || today.day() <= 10) {
        return Ok(false);
    }
    let days = store.bill_lines(month.first_day(), month.end()).await?;
    let all = (month.end() - month.first_day()).num_days();
    Ok(i64::try_from(days.len()).is_ok_and(|days| days == all))
}

async fn spent(store: &Store, today: NaiveDate) -> Result<Decimal, StartError> {
    Ok(store.own_cost(Month::of(today)).await?)
}

/// Asks on a terminal; without one there is no answer.
fn agreed(question: &str) -> bool {
    say(question);
    if !std::io::stdin().is_terminal() {
        return false;
    }
    let _ = write!(std::io::stderr().lock(), "Go on? [y/N] ");
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

fn text(done: &BackfillOutput) -> String {
    let mut lines: Vec<String> = done
        .months
        .iter()
        .map(|filled| match (&filled.why, filled.state) {
            (Some(why), _) => format!("{} failed: {why}", filled.month),
            (None, "known") => format!("{} is in the store already", filled.month),
            (None, _) => format!("{} read, {} days new or changed", filled.month, filled.new_days),
        })
        .collect();
    lines.push(format!("The requests cost {} USD", cents(done.usd)));
    lines.join("\n")
}

/// A bar on a terminal; nothing in a pipe.
fn progress(months: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(months);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} months {msg}") {
        bar.set_style(style);
    }
    bar
}
