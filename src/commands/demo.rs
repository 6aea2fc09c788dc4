//! `monitor demo`: the real loop over a recorded account on a simulated clock.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::month_report;
use aws::recorded::Recording;
use chrono::{DateTime, Utc};
use clock::{Clock, SimulatedClock};
use indicatif::ProgressBar;
use model::calendar::Month;
use report::{ReportStyle, page};
use store::{Durability, Store};

use super::output::{failed, print};
use crate::app::{MonitorConfig, StartError, daemon};
use crate::config::{ConfigEnvironment, ConfigFile, parse};
use crate::daemon::{NoWatchdog, StopCondition};
use crate::exit::ExitStatus;

#[derive(Debug, clap::Args)]
pub(super) struct Args {}

const ALERTS: &str = include_str!("../../demo/alerts.toml");
const ACCOUNT: &str = include_str!("../../demo/december-2024.toml");
/// From deploy day on, until the card's text message came.
const FROM: &str = "2024-12-20T00:30:00Z";
const UNTIL: &str = "2025-01-03T06:00:00Z";

pub(super) async fn run(_: Args) -> Result<ExitStatus, StartError> {
    let started = Instant::now();
    let (from, until): (DateTime<Utc>, DateTime<Utc>) = match (FROM.parse(), UNTIL.parse()) {
        (Ok(from), Ok(until)) => (from, until),
        _ => return Ok(failed("the demo's dates cannot be read")),
    };
    let folder = match tempfile::Builder::new().prefix("monitor-demo-").tempdir() {
        Ok(folder) => folder,
        Err(error) => return Ok(failed(&format!("no temporary folder: {error}"))),
    };
    let config: MonitorConfig = parse(ALERTS, &ConfigEnvironment::with(&[], folder.path().to_path_buf()), from)
        .map_err(|problems| StartError::Mistakes {
            place: ConfigFile { path: "demo/alerts.toml".into(), text: ALERTS.to_owned() },
            problems,
        })?;
    let recording = match Recording::parse(ACCOUNT) {
        Ok(recording) => recording,
        Err(error) => return Ok(failed(&format!("the recorded account cannot be read: {error}"))),
    };
    let zone = config.timezone;
    let path = config.store.path.clone();
    let clock: Arc<dyn Clock> = Arc::new(SimulatedClock::starting_at(from));
    print(&format!(
        "December 2024, replayed from {} to {} ({zone}): a recorded AWS account, the real loop, a simulated clock.\nThese are the messages that would have been sent, with their times.",
        from.with_timezone(&zone).format("%F"),
        until.with_timezone(&zone).format("%F")
    ));
    print("");
    let progress = ProgressBar::new_spinner().with_message("replaying two weeks");
    progress.enable_steady_tick(Duration::from_millis(100));
    let account = recording.account(Arc::clone(&clock), from);
    let daemon = daemon(
        config,
        std::future::ready(account),
        Arc::clone(&clock),
        Durability::None,
        fastrand::Rng::with_seed(2024),
        Box::new(NoWatchdog),
    )
    .await?;
    daemon.run(StopCondition::Instant(until)).await?;
    progress.finish_and_clear();
    let store = Store::open_read_only(&path).await?;
    let report = month_report(&store, Month::of(from.date_naive()), clock.now()).await?;
    store.close().await;
    print(&format!(
        "The report (`monitor report --month 2024-12`):\n\n{}",
        page(&report, &ReportStyle::plain(zone)).plain_text()
    ));
    print(&format!(
        "Two weeks in {:.1} s. Next: copy alerts.toml, put the names of your functions in it, and run `monitor check --live`.",
        started.elapsed().as_secs_f64()
    ));
    Ok(ExitStatus::Done)
}
