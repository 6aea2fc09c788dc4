//! `monitor rehearse`

use std::io::IsTerminal;
use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use indicatif::{ProgressBar, ProgressStyle};
use model::instant::{day_or_instant, since};
use report::rehearsal::{Rehearsal, Replayed};
use store::StoreError;

use super::{Context, Format, failed, print, say, usage};
use crate::app::{Period, Rehearsed, StartError, rehearse};
use crate::config;
use crate::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  monitor rehearse --from 2024-12-01 --to 2025-01-01                          what this configuration would have sent in December
  monitor --config other.toml rehearse --from 2024-12-20 --store monitor.db   another one, over the store of this one, until now
  monitor rehearse --from 7d --format json | jq '.would_send | length'

Nobody is told anything, AWS is not asked, no secret is read, and the store is only read.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The first day of the period, in the configuration's time zone; or a time, such as 2024-12-20T09:30, with its offset or on that
    /// zone's wall clock; or a length of time until now, such as 7d
    #[arg(long, value_name = "DATE")]
    from: String,
    /// The first day, or time, that is no longer in it [default: now]
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
    /// The store to replay [default: the one that the configuration names]
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<Exit, StartError> {
    let config = context.config_without_secrets()?;
    let now = context.clock.now();
    let (from, wanted) = match (since(&args.from, config.timezone, now), args.to.map_or(Ok(now), |to| day_or_instant(&to, config.timezone))) {
        (Ok(from), Ok(to)) => (from, to),
        (Err(mistake), _) | (_, Err(mistake)) => return Ok(usage(mistake)),
    };
    let to = wanted.min(now);
    if from >= wanted {
        return Ok(usage("--from must come before --to, which is the first moment that is not rehearsed"));
    }
    if wanted > now {
        say(&format!("monitor: rehearsed until now, {}: what comes is not known", to.to_rfc3339_opts(SecondsFormat::Secs, true)));
    }
    let path = args.store.clone().unwrap_or_else(|| config.store.path.clone());
    let folder = match tempfile::Builder::new().prefix("monitor-rehearse-").tempdir() {
        Ok(folder) => folder,
        Err(error) => return Ok(failed(&format!("no temporary folder: {error}"))),
    };
    let progress = progress(from, to);
    let seen = progress.clone();
    let moved = move |at: DateTime<Utc>| seen.set_position(u64::try_from((at - from).num_minutes()).unwrap_or(0));
    let rehearsed = rehearse(&config, &path, Period { from, to }, folder.path(), Box::new(moved)).await;
    progress.finish_and_clear();
    let rehearsed = match rehearsed {
        Ok(rehearsed) => rehearsed,
        Err(StartError::Store(StoreError::Absent(path))) if args.store.is_none() => {
            return Ok(failed(&format!(
                "there is no store at {}, which this configuration names; --store FILE names the one to rehearse over",
                path.display()
            )));
        }
        Err(StartError::Store(StoreError::Absent(path))) => return Ok(failed(&format!("there is no store at {}", path.display()))),
        Err(error) => return Err(error),
    };
    let rehearsal = rehearsal(rehearsed, from, to);
    match args.format {
        Format::Text => print(&rehearsal.text(config.timezone, !config::no_color() && std::io::stdout().is_terminal())),
        Format::Json => match rehearsal.json() {
            Ok(json) => print(&json),
            Err(error) => return Ok(failed(&error.to_string())),
        },
    }
    Ok(Exit::Done)
}

/// A bar as long as the period, on a terminal; nothing in a pipe.
fn progress(from: DateTime<Utc>, to: DateTime<Utc>) -> ProgressBar {
    let minutes = u64::try_from((to - from).max(TimeDelta::zero()).num_minutes()).unwrap_or(0);
    let bar = ProgressBar::new(minutes).with_message("rehearsing");
    match ProgressStyle::with_template("{msg} {wide_bar} {percent} %, {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

fn rehearsal(rehearsed: Rehearsed, from: DateTime<Utc>, to: DateTime<Utc>) -> Rehearsal {
    let Rehearsed { would_send, was_sent, not_rehearsable, mute, gaps, counts, begins } = rehearsed;
    let replayed = Replayed { costs: counts.costs, minutes: counts.minutes, faults: counts.faults, pings: counts.pings, points: counts.points };
    Rehearsal { from, to, begins, would_send, was_sent, not_rehearsable, mute, gaps, replayed }
}
