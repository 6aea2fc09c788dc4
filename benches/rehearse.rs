//! How long it takes to rehearse a month of 50 functions that are called every minute, in which faults come every eight
//! hours and function, and how large a store with such a month is. Beside it, the points of metrics of one function for
//! a month.
//!
//! `cargo bench --bench rehearse`, or with `-- STORE` to make that store once and to rehearse over it again.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unreachable,
    reason = "a benchmark ends with a panic"
)]

use std::path::Path;
use std::time::Instant;

use alerting::observation::{METRICS, MetricPoint, Observation, ObservationBody};
use alerting::signs::{DAEMON, LivenessKind, LivenessRun};
use billing::day_cost::DayCost;
use chrono::{DateTime, TimeDelta, Utc};
use lambda_log::diagnosis::{Cause, Confidence};
use lambda_log::fault::FailedInvocation;
use lambda_log::tally::{InvocationCounts, MemoryUse};
use model::durations::DurationHistogram;
use monitor::app::{MonitorConfig, TimeRange, rehearse};
use monitor::config::{ConfigEnvironment, parse};
use store::{Commit, Durability, Store};

const CONFIG: &str = r#"
timezone = "Asia/Seoul"
[watch.spend]
every = "8h"
read.cost_explorer = {}
[watch.logs]
every = "1m"
read.lambda_logs = { functions = ["*"] }
[alert.month]
when.cost_above = { per = "month", usd = "500" }
tell = ["team"]
[alert.causes]
when.lambda_cause = { causes = ["oom", "import_error", "slow_cold_start"], count = 1, within = "10m" }
tell = ["team"]
[alert.new]
when.new_error = {}
tell = ["team"]
[alert.slow]
when.duration_above = { limit = "5s", at_least = 5 }
tell = ["team"]
[alert.cold]
when.cold_starts = { share = "50%" }
tell = ["team"]
[alert.memory]
when.memory_above = { share = "95%" }
tell = ["team"]
[receiver.team]
via.stdout = {}
"#;
const FUNCTIONS: i64 = 50;
const MINUTES: i64 = 32 * 24 * 60;

fn start() -> DateTime<Utc> {
    "2024-11-30T00:00:00Z".parse().expect("a time")
}

/// What one function did in one minute: twelve invocations, some of them slower than others.
fn tally(function: i64, minute: i64) -> InvocationCounts {
    let mut durations = DurationHistogram::default();
    (0..12).for_each(|n| durations.add(((function * 7 + minute * 13 + n * 29) % 400) as f64 + 5.0));
    let memory = Some(MemoryUse { used_mb: 90 + (minute % 20) as u32, size_mb: 512 });
    InvocationCounts {
        function: format!("service-{function:02}"),
        invocations: 12,
        cold: 1,
        billed_ms: 2400,
        duration_ms: 2380,
        durations,
        memory,
        ..InvocationCounts::default()
    }
}

fn fault(function: i64, minute: i64) -> FailedInvocation {
    FailedInvocation {
        own: None,
        function: format!("service-{function:02}"),
        cause: if minute % 7 == 0 { Cause::Oom } else { Cause::AppException },
        confidence: Confidence::Proved,
        request_id: Some("e11db634-ef8a-4258-9d46-0b5e878cd834".into()),
        finding: "It failed for a reason that takes a sentence to tell.".into(),
        evidence: vec!["[ERROR] KeyError: 'total'".into(), "  File \"/var/task/app.py\", line 12, in handler".into()],
        also: vec![],
        fingerprint: Some(format!("KeyError: '{}'", minute % 40)),
    }
}

fn hour_of(hour: i64) -> Vec<Observation> {
    let mut seen = Vec::new();
    for minute in hour * 60..(hour + 1) * 60 {
        let at = start() + TimeDelta::minutes(minute);
        for function in 0..FUNCTIONS {
            let read = at + TimeDelta::seconds(60 + function / 2);
            seen.push(Observation {
                at,
                seen: read,
                source: "watch.logs".into(),
                what: ObservationBody::Tally(tally(function, minute)),
            });
            if (minute + function * 37) % 480 == 0 {
                seen.push(Observation {
                    at,
                    seen: read,
                    source: "watch.logs".into(),
                    what: ObservationBody::Fault(fault(function, minute)),
                });
            }
        }
    }
    if hour % 8 == 0 {
        let at = start() + TimeDelta::hours(hour);
        let amount = format!("{}.5", hour / 8 + 1).parse().expect("an amount");
        let services = [("AWS Lambda".to_owned(), model::money::Money { amount, currency: "USD".into() })].into();
        let cost = DayCost { services, ..DayCost::new(at.date_naive(), true, false) };
        seen.push(Observation { at, seen: at, source: "watch.spend".into(), what: ObservationBody::Cost(cost) });
    }
    seen
}

fn signs() -> Vec<LivenessRun> {
    let (since, until) = (start(), start() + TimeDelta::minutes(MINUTES));
    let sign = |source: &str, kind, function: String| LivenessRun {
        source: source.into(),
        kind,
        function,
        since,
        until,
        failure: None,
    };
    let read = (0..FUNCTIONS).map(|function| sign("watch.logs", LivenessKind::Read, format!("service-{function:02}")));
    let states = [DAEMON, "watch.logs", "watch.spend"].map(|source| sign(source, LivenessKind::State, String::new()));
    read.chain(states).collect()
}

async fn fill(path: &Path) {
    let store = Store::open(path, Durability::None).await.expect("a store");
    for hour in 0..MINUTES / 60 {
        store.commit(&Commit { observations: hour_of(hour), ..Commit::default() }).await.expect("a commit");
    }
    store.commit(&Commit { signs: signs(), ..Commit::default() }).await.expect("a commit");
    store.close().await;
}

async fn fill_points(path: &Path) -> i64 {
    let store = Store::open(path, Durability::None).await.expect("a store");
    let mut rows = 0;
    for hour in 0..31 * 24 {
        let mut observations = Vec::new();
        for minute in hour * 60..(hour + 1) * 60 {
            let at = start() + TimeDelta::minutes(minute);
            for (metric, _) in METRICS {
                let (sum, maximum) = (f64::from(minute as u32 % 400), f64::from(minute as u32 % 300) + 0.25);
                let point = MetricPoint {
                    function: "service-01".into(),
                    metric: (*metric).into(),
                    period: 60,
                    sum,
                    maximum,
                    average: sum / 12.0,
                };
                observations.push(Observation {
                    at,
                    seen: at + TimeDelta::minutes(2),
                    source: "watch.metrics".into(),
                    what: ObservationBody::Metric(point),
                });
                rows += 1;
            }
        }
        store.commit(&Commit { observations, ..Commit::default() }).await.expect("a commit");
    }
    store.close().await;
    rows
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).expect("a file").len()
}

/// The most memory that this process has had, in kB.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("VmHWM unknown").to_owned()
}

async fn measure() {
    let folder = tempfile::tempdir().expect("a folder");
    let points = folder.path().join("points.db");
    let rows = fill_points(&points).await;
    println!(
        "points of metrics, one function called every minute, 31 days: {rows} rows, {} bytes each",
        size(&points) as i64 / rows
    );
    let named = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
    let path = named.map_or_else(|| folder.path().join("monitor.db"), std::path::PathBuf::from);
    let began = Instant::now();
    if !path.exists() {
        fill(&path).await;
    }
    let rows = FUNCTIONS * MINUTES;
    println!(
        "{rows} minutes of functions written in {:.1} s; {} MB, {} bytes a minute, faults and errors with them",
        began.elapsed().as_secs_f64(),
        size(&path) >> 20,
        size(&path) as i64 / rows
    );
    println!("so far {}", peak());
    let config: MonitorConfig = parse(CONFIG, &ConfigEnvironment::with(&[], folder.path().to_path_buf()), start())
        .expect("a valid configuration");
    let from: DateTime<Utc> = "2024-12-01T00:00:00Z".parse().expect("a time");
    for days in [1, 31] {
        let period = TimeRange { from, to: from + TimeDelta::days(days) };
        let began = Instant::now();
        let rehearsed = rehearse(&config, &path, period, folder.path(), Box::new(|_| ())).await.expect("a rehearsal");
        println!(
            "{days} days: {:.1} s, {} would be sent, {:?}, {}",
            began.elapsed().as_secs_f64(),
            rehearsed.would_send.len(),
            rehearsed.counts,
            peak()
        );
        std::fs::remove_file(folder.path().join("rehearsal.db")).expect("the store of the rehearsal");
    }
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(measure());
}
