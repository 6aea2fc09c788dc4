//! `monitor rehearse`

use std::io::IsTerminal;
use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use indicatif::{ProgressBar, ProgressStyle};
use model::instant::{day_or_instant, since};
use report::rehearsal::{Rehearsal, ReplayedCounts};
use store::StoreError;

use super::arguments::OutputFormat;
use super::context::CommandContext;
use super::output::{failed, print, say, usage};
use crate::app::{RehearsalResult, StartError, TimeRange, rehearse};
use crate::config;
use crate::exit::ExitStatus;

const EXAMPLES: &str = "\
Examples:
  monitor rehearse --from 2024-12-01 --to 2025-01-01                          what this configuration would have sent in December
  monitor --config other.toml rehearse --from 2024-12-20 --store monitor.db   another configuration over this store, until now
  monitor rehearse --from 7d --format json | jq '.would_send | length'

No message is sent, AWS is not called, no secret is read, and the store is not changed.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The first day of the period, in the time zone of the configuration; or a time such as 2024-12-20T09:30, with its
    /// offset or in that time zone; or a length of time before now, such as 7d
    #[arg(long, value_name = "DATE")]
    from: String,
    /// The day or time at which the period ends, not included [default: now]
    #[arg(long, value_name = "DATE")]
    to: Option<String>,
    /// The store to replay [default: the store of the configuration]
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

pub(super) async fn run(args: Args, context: &CommandContext) -> Result<ExitStatus, StartError> {
    let config = context.config_without_secrets()?;
    let now = context.clock.now();
    let (from, wanted) = match (
        since(&args.from, config.timezone, now),
        args.to.map_or(Ok(now), |to| day_or_instant(&to, config.timezone)),
    ) {
        (Ok(from), Ok(to)) => (from, to),
        (Err(mistake), _) | (_, Err(mistake)) => return Ok(usage(mistake)),
    };
    let to = wanted.min(now);
    if from >= wanted {
        return Ok(usage("--from must be before --to (the end of the period, not included)"));
    }
    if wanted > now {
        say(&format!(
            "monitor: --to is in the future; rehearsing until now, {}",
            to.to_rfc3339_opts(SecondsFormat::Secs, true)
        ));
    }
    let path = args.store.clone().unwrap_or_else(|| config.store.path.clone());
    let folder = match tempfile::Builder::new().prefix("monitor-rehearse-").tempdir() {
        Ok(folder) => folder,
        Err(error) => return Ok(failed(&format!("no temporary folder: {error}"))),
    };
    let progress = progress(from, to);
    let seen = progress.clone();
    let moved = move |at: DateTime<Utc>| seen.set_position(u64::try_from((at - from).num_minutes()).unwrap_or(0));
    let rehearsed = rehearse(&config, &path, TimeRange { from, to }, folder.path(), Box::new(moved)).await;
    progress.finish_and_clear();
    let rehearsed = match rehearsed {
        Ok(rehearsed) => rehearsed,
        Err(StartError::Store(StoreError::Absent(path))) if args.store.is_none() => {
            return Ok(failed(&format!(
                "the store of this configuration, {}, does not exist; choose another with --store FILE",
                path.display()
            )));
        }
        Err(StartError::Store(StoreError::Absent(path))) => {
            return Ok(failed(&format!("there is no store at {}", path.display())));
        }
        Err(error) => return Err(error),
    };
    let rehearsal = rehearsal(rehearsed, from, to);
    match args.format {
        OutputFormat::Text => {
            print(&rehearsal.text(config.timezone, !config::no_color() && std::io::stdout().is_terminal()));
        }
        OutputFormat::Json => match rehearsal.json() {
            Ok(json) => print(&json),
            Err(error) => return Ok(failed(&error.to_string())),
        },
    }
    Ok(ExitStatus::Done)
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

fn rehearsal(rehearsed: RehearsalResult, from: DateTime<Utc>, to: DateTime<Utc>) -> Rehearsal {
    let RehearsalResult { would_send, was_sent, not_rehearsable, mute, gaps, counts, begins } = rehearsed;
    let replayed = ReplayedCounts {
        costs: counts.costs,
        minutes: counts.minutes,
        faults: counts.faults,
        pings: counts.pings,
        points: counts.points,
    };
    Rehearsal { from, to, begins, would_send, was_sent, not_rehearsable, mute, gaps, replayed }
}
