//! No line is lost and none is counted twice, whatever the log service does: two hours of it. `benches/log_day.rs` runs
//! a day.

use std::sync::Arc;

use aws::AwsClients;
use aws::budget::RateLimiter;
use aws::recorded::Recording;
use chrono::{DateTime, TimeDelta, Utc};
use clock::{Clock, SimulatedClock};
use monitor::app::{self, MonitorConfig};
use monitor::config::{ConfigEnvironment, parse};
use monitor::daemon::{NoWatchdog, StopCondition};
use store::{Durability, Store};

use crate::log_day::tailers::{Missed, Tailer};
use crate::log_day::tape::Tape;
use crate::log_day::{Faults, Run, run};

#[tokio::test]
async fn two_hours_of_late_equal_and_straggling_events_are_counted_once_each_across_restarts() {
    let tape = Arc::new(Tape::record(2, 1, 4, 1));
    let faults = Faults { throttled: 10, empty: 10, expired: 25, page: 400 };
    let outcome =
        run(&tape, faults, Run { every: TimeDelta::seconds(30), calls_per_second: 2, restarts: 6, seed: 2 }).await;
    let missed = outcome.missed(&tape);
    assert!(tape.events() > 15_000, "{}", tape.events());
    assert_eq!(missed, Missed::default());
    // A process that begins does not know of the calls of the one before it.
    assert!(
        outcome.most_calls() <= 4 && outcome.all_calls() < 2 * 7500,
        "{} {}",
        outcome.most_calls(),
        outcome.all_calls()
    );
    assert!(
        outcome.cursor_bytes.iter().skip(1).all(|bytes| *bytes < 25_000),
        "the state does not grow: {:?}",
        outcome.cursor_bytes
    );
    assert!(outcome.longest_gap < TimeDelta::minutes(3), "{}", outcome.longest_gap);
    assert!(
        outcome.refused.throttled > 50 && outcome.refused.expired > 10 && outcome.refused.empty > 50,
        "the service was as bad as it should be: {:?}",
        outcome.refused
    );

    let lost = |tailer: Tailer| tailer.follow(&tape, 30_000);
    assert!(lost(Tailer::HighWaterMark).lost > 1000, "{:?}", lost(Tailer::HighWaterMark));
    assert!(
        lost(Tailer::FromLastTime).lost > 1000 && lost(Tailer::FromLastTime).repeated > 10,
        "{:?}",
        lost(Tailer::FromLastTime)
    );
}

/// Runs the daemon over 30 functions that are called once a minute, and gives the functions in its report and how long
/// it took.
async fn check(until: impl FnOnce(DateTime<Utc>) -> StopCondition) -> (Vec<u64>, TimeDelta) {
    let start: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().expect("a time");
    let folder = tempfile::tempdir().expect("a folder");
    let function = |n: u32| {
        format!(
            r#"[[function]]
name = "f{n:02}"
idle = "10m"
recycle = "2h"
behaviour = [{{ from = "2026-01-01T00:00:00Z", cold = [[0, "REPORT RequestId: {{id}}\tDuration: 30.00 ms\tBilled Duration: 30 ms\tMemory Size: 512 MB\tMax Memory Used: 90 MB"]] }}]
calls = [{{ first = "2026-03-01T11:00:00Z", last = "2026-03-01T11:10:00Z", every = "1m" }}]
"#
        )
    };
    let recording = format!("region = \"r\"\nbill = []\n{}", (0..30).map(function).collect::<String>());
    let config =
        "[watch.logs]\nevery = \"1m\"\nread.lambda_logs = { functions = [\"*\"] }\n[receiver.me]\nvia.stdout = {}\n";
    let config: MonitorConfig = parse(config, &ConfigEnvironment::with(&[], folder.path().to_path_buf()), start)
        .expect("a valid configuration");
    let clock: Arc<dyn Clock> = Arc::new(SimulatedClock::starting_at(start));
    let log_budget = Arc::new(RateLimiter::new(2, Arc::clone(&clock)));
    let recorded = Recording::parse(&recording)
        .expect("a valid recording")
        .account(Arc::clone(&clock), start - TimeDelta::hours(2));
    let account = AwsClients { log_budget, ..recorded };
    let daemon = app::daemon(
        config,
        std::future::ready(account),
        Arc::clone(&clock),
        Durability::None,
        fastrand::Rng::with_seed(1),
        Box::new(NoWatchdog),
    )
    .await
    .expect("a daemon");
    daemon.run(until(start)).await.expect("a good end");
    let store = Store::open_read_only(&folder.path().join("monitor.db")).await.expect("the store");
    let report =
        monitor::app::month_report(&store, "2026-03".parse().expect("a month"), clock.now()).await.expect("a report");
    (report.lambda.iter().map(|line| line.invocations).collect(), clock.now() - start)
}

#[tokio::test]
async fn one_full_pass_waits_for_its_turns_and_reads_everything() {
    let (counted, took) = check(|_| StopCondition::Once).await;
    assert_eq!((counted, took), (vec![10; 30], TimeDelta::seconds(14)), "fifteen times two calls, a second apart");
}

#[tokio::test]
async fn a_daemon_goes_on_with_a_poll_that_its_turns_have_cut() {
    let (counted, _) = check(|start| StopCondition::Instant(start + TimeDelta::seconds(20))).await;
    assert_eq!(counted, vec![10; 30]);
    let (counted, _) = check(|start| StopCondition::Instant(start + TimeDelta::seconds(5))).await;
    assert!((8..20).contains(&counted.len()), "after five seconds it has had ten turns: {}", counted.len());
}
