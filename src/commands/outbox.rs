//! `monitor outbox`

use chrono::{DateTime, TimeDelta, Utc};
use model::instant::since;
use model::settings::one_of;
use report::outbox::{Known, Outbox, text};
use store::{Store, StoreError};

use super::{Context, Format, Look, look, print, print_json, say, usage};
use crate::app::StartError;
use crate::exit::Exit;

/// Examples of use, shown by `--help`.
const EXAMPLES: &str = "\
Examples:
  monitor outbox                                   how each receiver is, what waits for it, what it was told lately
  monitor outbox --receiver team --since 2024-12-24
  monitor outbox --all --format json | jq '.messages[] | select(.attempts > 1)'

Exit codes: 0 done, whatever waits; 1 the store cannot be read; 64 command line, or no such receiver; 78 configuration";

/// What is shown if nobody says since when.
const USUALLY: TimeDelta = TimeDelta::days(7);

#[derive(Debug, clap::Args)]
#[command(long_about = "What waits to be told and why, and what was told: the messages of the last seven days with what became of them", after_help = EXAMPLES)]
pub(super) struct Args {
    /// Only this receiver
    #[arg(long, value_name = "NAME")]
    receiver: Option<String>,
    /// Show messages since then: a length of time such as 7d, or a date such as 2024-12-01 [default: 7d]
    #[arg(long, value_name = "SINCE", conflicts_with = "all")]
    since: Option<String>,
    /// Show every message that is still kept
    #[arg(long)]
    all: bool,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<Exit, StartError> {
    let config = context.config_without_secrets()?;
    let (now, zone) = (context.clock.now(), config.timezone);
    let from = match args.since.as_deref().map_or(Ok(now - USUALLY), |typed| since(typed, zone, now)) {
        Ok(from) => (!args.all).then_some(from),
        Err(mistake) => return Ok(usage(&mistake)),
    };
    let mut known = Known { terms: config.rulebook().terms, ..Known::default() };
    match look(&config).await? {
        Look::At(store) => fill(&mut known, &store, from, now).await?,
        Look::Nothing(error) => say(&format!("monitor: {error}")),
    }
    if let Some(name) = args.receiver.as_deref().filter(|name| !known.receivers().contains(name)) {
        let names: Vec<&str> = known.receivers().into_iter().collect();
        return Ok(usage(format!("there is no receiver `{name}`; {}", one_of(name, &names))));
    }
    let outbox = Outbox::of(known, args.receiver.as_deref(), from, now);
    if args.format == Format::Json {
        return Ok(print_json(&outbox));
    }
    print(&text(&outbox, zone, now));
    Ok(Exit::Done)
}

async fn fill(known: &mut Known, store: &Store, from: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<(), StoreError> {
    let from = from.unwrap_or(DateTime::<Utc>::UNIX_EPOCH);
    known.states = store.receivers().await?;
    known.untold = store.untold(from).await?;
    known.messages = store.messages(from).await?;
    known.orders = store.orders(now).await?;
    let ids: Vec<String> = known.untold.iter().filter(|told| told.done.is_none()).map(|told| told.incident.clone()).collect();
    known.incidents = store.incidents_by_id(&ids).await?;
    Ok(())
}
