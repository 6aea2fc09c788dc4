//! `monitor outbox`

use chrono::{DateTime, Utc};
use model::settings::one_of;
use report::outbox::{OutboxDocument, OutboxRows, text};
use store::{Store, StoreError};

use super::arguments::OutputFormat;
use super::context::CommandContext;
use super::lookup::{StoreLookup, open_store, shown_from};
use super::output::{print, print_json, say, usage};
use crate::app::StartError;
use crate::exit::ExitStatus;

/// Examples of use, shown by `--help`.
const EXAMPLES: &str = "\
Examples:
  monitor outbox                                   the state of each receiver, what waits for it and what it got lately
  monitor outbox --receiver team --since 2024-12-24
  monitor outbox --all --format json | jq '.messages[] | select(.attempts > 1)'

Exit codes: 0 done, with or without waiting messages; 1 the store cannot be read; 64 command line, or no such receiver; 78 configuration";

#[derive(Debug, clap::Args)]
#[command(long_about = "Waiting notifications with the reason, and the messages of the last seven days with their state", after_help = EXAMPLES)]
pub(super) struct Args {
    /// Show only this receiver
    #[arg(long, value_name = "NAME")]
    receiver: Option<String>,
    /// Show messages sent since then: a length of time such as 7d, or a date such as 2024-12-01 [default: 7d]
    #[arg(long, value_name = "SINCE", conflicts_with = "all")]
    since: Option<String>,
    /// Show every message in the store
    #[arg(long)]
    all: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

pub(super) async fn run(args: Args, context: &CommandContext) -> Result<ExitStatus, StartError> {
    let config = context.config_without_secrets()?;
    let (now, zone) = (context.clock.now(), config.timezone);
    let from = match shown_from(args.since.as_deref(), zone, now) {
        Ok(from) => (!args.all).then_some(from),
        Err(exit) => return Ok(exit),
    };
    let mut known = OutboxRows { terms: config.rulebook().terms, ..OutboxRows::default() };
    match open_store(&config).await? {
        StoreLookup::At(store) => fill(&mut known, &store, from, now).await?,
        StoreLookup::Nothing(error) => say(&format!("monitor: {error}")),
    }
    if let Some(name) = args.receiver.as_deref().filter(|name| !known.receivers().contains(name)) {
        let names: Vec<&str> = known.receivers().into_iter().collect();
        return Ok(usage(format!("there is no receiver `{name}`; {}", one_of(name, &names))));
    }
    let outbox = OutboxDocument::of(known, args.receiver.as_deref(), from, now);
    if args.format == OutputFormat::Json {
        return Ok(print_json(&outbox));
    }
    print(&text(&outbox, zone, now));
    Ok(ExitStatus::Done)
}

async fn fill(
    known: &mut OutboxRows,
    store: &Store,
    from: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let from = from.unwrap_or(DateTime::<Utc>::UNIX_EPOCH);
    known.states = store.receivers().await?;
    known.untold = store.untold(from).await?;
    known.messages = store.messages(from).await?;
    known.orders = store.orders(now).await?;
    let ids: Vec<String> =
        known.untold.iter().filter(|told| told.done.is_none()).map(|told| told.incident.clone()).collect();
    known.incidents = store.incidents_by_id(&ids).await?;
    Ok(())
}
