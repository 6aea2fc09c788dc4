//! `monitor demo`: the real loop over a recorded account on a simulated clock.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::month_report;
use aws::recorded::Recording;
use chrono::{DateTime, Utc};
use clock::{Clock, SimulatedClock};
use indicatif::ProgressBar;
use model::calendar::Month;
use report::{Style, page};
use store::{Durability, Store};

use super::{failed, print};
use crate::app::{Config, StartError, daemon};
use crate::config::{Environment, Place, parse};
use crate::daemon::{NoPulse, Until};
use crate::exit::Exit;

#[derive(Debug, clap::Args)]
pub(super) struct Args {}

const ALERTS: &str = include_str!("../../demo/alerts.toml");
const ACCOUNT: &str = include_str!("../../demo/december-2024.toml");
/// From deploy day on, until the card's text message came.
const FROM: &str = "2024-12-20T00:30:00Z";
const UNTIL: &str = "2025-01-03T06:00:00Z";

pub(super) async fn run(_: Args) -> Result<Exit, StartError> {
    let started = Instant::now();
    let (from, until): (DateTime<Utc>, DateTime<Utc>) = match (FROM.parse(), UNTIL.parse()) {
        (Ok(from), Ok(until)) => (from, until),
        _ => return Ok(failed("the demo's dates cannot be read")),
    };
    let folder = match tempfile::Builder::new().prefix("monitor-demo-").tempdir() {
        Ok(folder) => folder,
        Err(error) => return Ok(failed(&format!("no temporary folder: {error}"))),
    };
    let config: Config = parse(ALERTS, &Environment::with(&[], folder.path().to_path_buf()), from)
        .map_err(|problems| StartError::Mistakes { place: Place { path: "demo/alerts.toml".into(), text: ALERTS.to_owned() }, problems })?;
    let recording = match Recording::parse(ACCOUNT) {
        Ok(recording) => recording,
        Err(error) => return Ok(failed(&format!("the recorded account cannot be read: {error}"))),
    };
    let zone = config.timezone;
    let path = config.store.path.clone();
    let clock: Arc<dyn Clock> = Arc::new(SimulatedClock::starting_at(from));
    print(&format!(
        "December 2024, replayed from {} to {} ({zone}): a recorded AWS account, the real loop, a simulated clock.\nWhat follows is what would have been sent, and when.",
        from.with_timezone(&zone).format("%F"),
        until.with_timezone(&zone).format("%F")
    ));
    print("");
    let progress = ProgressBar::new_spinner().with_message("replaying two weeks");
    progress.enable_steady_tick(Duration::from_millis(100));
    let account = recording.account(Arc::clone(&clock), from);
    let daemon = daemon(config, account, Arc::clone(&clock), Durability::None, fastrand::Rng::with_seed(2024), Box::new(NoPulse)).await?;
    daemon.run(Until::Instant(until)).await?;
    progress.finish_and_clear();
    let store = Store::open_read_only(&path).await?;
    let report = month_report(&store, Month::of(from.date_naive()), clock.now()).await?;
    store.close().await;
    print(&format!("And this is what `monitor report --month 2024-12` says:\n\n{}", page(&report, &Style::plain(zone)).plain_text()));
    print(&format!("Two weeks in {:.1} s. Next: copy alerts.toml, name your functions in it, run `monitor check --live`.", started.elapsed().as_secs_f64()));
    Ok(Exit::Done)
}
