//! `monitor rehearse`

use std::io::IsTerminal;
use std::path::PathBuf;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, SecondsFormat, TimeDelta, Utc};
use chrono_tz::Tz;
use indicatif::{ProgressBar, ProgressStyle};

use super::{Context, Format, failed, print, say};
use crate::app::{Period, Rehearsed, StartError, rehearse};
use crate::config;
use crate::core::calendar::local_day_start;
use crate::exit::Exit;
use crate::report::rehearsal::{Rehearsal, Replayed};
use crate::store::StoreError;

const EXAMPLES: &str = "\
Examples:
  monitor rehearse --from 2024-12-01 --to 2025-01-01                          what this configuration would have sent in December
  monitor --config other.toml rehearse --from 2024-12-20 --store monitor.db   another one, over the store of this one, until now
  monitor rehearse --from 2024-12-20T09:30:00+09:00 --format json | jq '.would_send | length'

Nobody is told anything, AWS is not asked, no secret is read, and the store is only read.";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// The first day of the period, in the configuration's time zone, or an instant such as 2024-12-20T09:30:00Z
    #[arg(long, value_name = "DATE")]
    from: Moment,
    /// The first day, or instant, that is no longer in it [default: now]
    #[arg(long, value_name = "DATE")]
    to: Option<Moment>,
    /// The store to replay [default: the one that the configuration names]
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

/// A day, or an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Day(NaiveDate),
    Instant(DateTime<Utc>),
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let day = || NaiveDate::from_str(text).ok().filter(|_| text.len() == 10).map(Self::Day);
        let instant = || DateTime::parse_from_rfc3339(text).ok().map(|at| Self::Instant(at.to_utc()));
        day().or_else(instant).ok_or_else(|| "write a day as 2024-12-20, or an instant as 2024-12-20T09:30:00Z or 2024-12-20T09:30:00+09:00".to_owned())
    }
}

impl Moment {
    /// A day begins on the wall clock of `zone`.
    fn instant(self, zone: Tz) -> DateTime<Utc> {
        match self {
            Self::Day(day) => local_day_start(day, zone),
            Self::Instant(at) => at,
        }
    }
}

pub(super) async fn run(args: Args, context: &Context) -> Result<Exit, StartError> {
    let config = context.config_without_secrets()?;
    let now = context.clock.now();
    let (from, wanted) = (args.from.instant(config.timezone), args.to.map_or(now, |to| to.instant(config.timezone)));
    let to = wanted.min(now);
    if from >= wanted {
        say("monitor: --from must come before --to, which is the first moment that is not rehearsed");
        return Ok(Exit::Usage);
    }
    if from >= to {
        say("monitor: --from lies in the future: only what was seen can be rehearsed");
        return Ok(Exit::Usage);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_where_the_clock_says_so_and_an_instant_is_one() {
        for (text, zone, instant) in [
            ("2024-12-20", Tz::UTC, Some("2024-12-20T00:00:00Z")),
            ("2024-12-20", Tz::Asia__Seoul, Some("2024-12-19T15:00:00Z")),
            ("2024-12-20T09:30:00+09:00", Tz::Europe__Berlin, Some("2024-12-20T00:30:00Z")),
            ("2024-12-20T00:30:00Z", Tz::Asia__Seoul, Some("2024-12-20T00:30:00Z")),
            // The day begins at one in the morning, since the clock skips midnight.
            ("2018-11-04", Tz::America__Sao_Paulo, Some("2018-11-04T03:00:00Z")),
            // Midnight comes twice; the day begins with the first one.
            ("2018-11-04", Tz::America__Havana, Some("2018-11-04T04:00:00Z")),
            ("2024-02-30", Tz::UTC, None),
            ("20241220", Tz::UTC, None),
            ("2024-12-20 09:30", Tz::UTC, None),
            ("2024-12-20T09:30:00", Tz::UTC, None),
            ("yesterday", Tz::UTC, None),
            ("", Tz::UTC, None),
        ] {
            let read = text.parse::<Moment>().ok().map(|moment| moment.instant(zone).to_rfc3339_opts(SecondsFormat::Secs, true));
            assert_eq!(read.as_deref(), instant, "{text} in {zone}");
        }
    }
}
