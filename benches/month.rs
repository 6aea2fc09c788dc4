//! How long a month of an account with 20 functions, 3 rules and 2 receivers takes on the simulated clock: the real
//! loop, the real store, polls as often as the default configuration makes them. Beside it the same month without any
//! function, which is what the loop itself costs.
//!
//! `cargo bench --bench month`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unreachable,
    reason = "a benchmark ends with a panic"
)]

use std::sync::Arc;

use aws::recorded::Recording;
use chrono::{DateTime, TimeDelta, Utc};
use clock::{Clock, SimulatedClock};
use criterion::{Criterion, criterion_group, criterion_main};
use monitor::app::{self, MonitorConfig};
use monitor::config::{ConfigEnvironment, parse};
use monitor::daemon::{NoWatchdog, StopCondition};
use store::Durability;

/// Nothing is wrong in this account, so the receivers are never used.
const CONFIG: &str = r#"
timezone = "Asia/Seoul"
[aws]
max_monthly_usd = "10"
[watch.spend]
cron = "0 10 */8 * * *"
read.cost_explorer = { settle = "48h" }
[watch.logs]
every = "1m"
read.lambda_logs = { functions = ["*"] }
[alert.month]
when.cost_above = { per = "month", usd = "500" }
tell = ["team"]
[alert.start-up]
when.lambda_cause = { causes = ["init_timeout", "slow_cold_start", "reinit_loop"], count = 2, within = "10m" }
tell = ["team", "me"]
[alert.cold]
when.cold_starts = { share = "90%" }
tell = ["me"]
[receiver.team]
via.stdout = {}
[receiver.me]
via.stdout = {}
"#;

/// Functions that are called once in three hours each.
fn account(functions: usize) -> String {
    let mut text = String::from("region = \"ap-northeast-2\"\n");
    for service in 0..12 {
        text.push_str(&format!("[[bill]]\nservice = \"Service {service}\"\nfirst = \"2024-10-01\"\nlast = \"2025-01-31\"\nusd_a_day = \"0.1234567891\"\n"));
    }
    for function in 0..functions {
        text.push_str(&format!(
            r#"[[function]]
name = "f{function}"
idle = "10m"
recycle = "2h"
[[function.behaviour]]
from = "2024-01-01T00:00:00Z"
cold = [[0, "INIT_START Runtime Version: python:3.12.v38"], [400, "START RequestId: {{id}} Version: 1"], [420, "[INFO]\t{{time}}\t{{id}}\thello"], [430, "REPORT RequestId: {{id}}\tDuration: 30.00 ms\tBilled Duration: 430 ms\tMemory Size: 512 MB\tMax Memory Used: 90 MB\tInit Duration: 400.00 ms"]]
[[function.calls]]
first = "2024-12-01T00:0{}:00Z"
last = "2025-01-02T00:00:00Z"
every = "3h"
"#,
            function % 10
        ));
    }
    text
}

async fn month(functions: usize) {
    let start: DateTime<Utc> = "2024-12-01T00:00:00Z".parse().expect("a time");
    let folder = tempfile::tempdir().expect("a folder");
    let config: MonitorConfig = parse(CONFIG, &ConfigEnvironment::with(&[], folder.path().to_path_buf()), start)
        .expect("a valid configuration");
    let clock: Arc<dyn Clock> = Arc::new(SimulatedClock::starting_at(start));
    let account = Recording::parse(&account(functions)).expect("a valid recording").account(Arc::clone(&clock), start);
    let daemon = app::daemon(
        config,
        std::future::ready(account),
        clock,
        Durability::None,
        fastrand::Rng::with_seed(1),
        Box::new(NoWatchdog),
    )
    .await
    .expect("a daemon");
    daemon.run(StopCondition::Instant(start + TimeDelta::days(31))).await.expect("a good end");
}

fn months(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut group = criterion.benchmark_group("simulated month");
    group.sample_size(10);
    for functions in [0, 20] {
        group.bench_function(format!("{functions} functions"), |bencher| {
            bencher.iter(|| runtime.block_on(month(functions)));
        });
    }
    group.finish();
}

criterion_group!(benches, months);
criterion_main!(benches);
