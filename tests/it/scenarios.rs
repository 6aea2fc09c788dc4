//! Days of the daemon on a simulated clock, over the recorded account, with a real store and a real webhook.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use aws::recorded::Recording;
use chrono::{DateTime, TimeDelta, Utc};
use clock::{Clock, SimulatedClock};
use model::calendar::Month;
use monitor::app::{self, MonitorConfig};
use monitor::config::{ConfigEnvironment, parse};
use monitor::daemon::{NoWatchdog, StopCondition};
use store::{Durability, Store};
use tempfile::TempDir;

use crate::support::webhook::{Reply, Webhook};
use crate::world::{repository, said};

struct Scenario {
    folder: TempDir,
    slack: Webhook,
    now: DateTime<Utc>,
}

impl Scenario {
    fn starting_at(now: &str, replies: Vec<Reply>) -> Self {
        Self {
            folder: TempDir::new().expect("a folder"),
            slack: Webhook::start(replies),
            now: now.parse().expect("a time"),
        }
    }

    fn config(&self, folder: &Path) -> MonitorConfig {
        let tables = fs::read_to_string(repository("demo/alerts.toml"))
            .expect("the configuration")
            .replace("via.stdout = {}", "via.slack = { webhook = { env = \"HOOK\" } }");
        let environment =
            ConfigEnvironment::with(&[("HOOK", &format!("{}/x", self.slack.url()))], folder.to_path_buf());
        parse(&tables, &environment, self.now).expect("a valid configuration")
    }

    /// Runs the daemon for so long, then stops it; the next call starts it again on the same store.
    async fn run(&mut self, length: TimeDelta) {
        let recording =
            Recording::parse(&fs::read_to_string(repository("demo/december-2024.toml")).expect("the recording"))
                .expect("a valid recording");
        let clock: Arc<dyn Clock> = Arc::new(SimulatedClock::starting_at(self.now));
        let account = recording.account(Arc::clone(&clock), self.now);
        let daemon = app::daemon(
            self.config(self.folder.path()),
            std::future::ready(account),
            clock,
            Durability::None,
            fastrand::Rng::with_seed(7),
            Box::new(NoWatchdog),
        )
        .await
        .expect("a daemon");
        self.now += length;
        daemon.run(StopCondition::Instant(self.now)).await.expect("a good end");
    }

    fn told(&self) -> Vec<String> {
        self.slack.requests().iter().map(|request| said(&request.body)).collect()
    }
}

fn ok() -> Reply {
    Reply::status(200).body("ok")
}

#[tokio::test]
async fn a_daemon_that_is_stopped_every_few_hours_tells_the_same_as_one_that_is_not() {
    let start = "2024-12-26T00:00:00Z";
    let mut whole = Scenario::starting_at(start, vec![ok()]);
    whole.run(TimeDelta::hours(72)).await;
    let mut parts = Scenario::starting_at(start, vec![ok()]);
    for _ in 0..12 {
        parts.run(TimeDelta::hours(6)).await;
    }
    let titles = |scenario: &Scenario| {
        let mut told = scenario.told();
        told.sort();
        told
    };
    assert!(whole.told().len() >= 3, "{:?}", whole.told());
    assert_eq!(titles(&parts), titles(&whole));

    for scenario in [&whole, &parts] {
        let store = Store::open_read_only(&scenario.folder.path().join("monitor.db")).await.expect("the store");
        let month: Month = "2024-12".parse().expect("a month");
        let report = monitor::app::month_report(&store, month, scenario.now).await.expect("a report");
        let line = &report.lambda[0];
        assert!(line.timeouts > 1000, "{line:?}");
        assert_eq!(
            line.timeouts,
            line.causes.iter().map(|cause| cause.count).sum::<u64>(),
            "every timeout has its cause: {line:?}"
        );
        assert_eq!(report.pings[0].timed_out + report.pings[0].warm + report.pings[0].cold, report.pings[0].sent);
    }
}

#[tokio::test]
async fn an_outage_of_six_hours_loses_nothing_and_repeats_nothing() {
    // The bad start-up begins at 21:30; Slack is down from before until the early morning.
    let mut scenario =
        Scenario::starting_at("2024-12-26T20:00:00Z", [vec![Reply::status(503); 16], vec![ok()]].concat());
    scenario.run(TimeDelta::hours(12)).await;
    let told = scenario.told();
    let bodies: Vec<String> = scenario.slack.requests().iter().map(|request| request.body.clone()).collect();
    assert!(told[0].starts_with("[warning] Amazon Relational Database Service"), "{told:?}");
    // What is tried is always how things are then: from the morning on the function comes first.
    assert!(told[15].starts_with("[critical] backend-dev: it restarts in a loop"), "{told:?}");
    assert_eq!(told.len(), 17, "one message of all that still fires, and nothing of what was tried before: {told:?}");
    for part in [
        "4 incidents: 1 critical, 2 warning, 1 info",
        "RDS instance",
        "Amazon Relational Database Service costs",
        "Amazon Relational Database Service jumped",
        "warm-up pings do not keep it warm",
    ] {
        assert_eq!(bodies[16].matches(part).count(), 1, "{part}: {}", bodies[16]);
    }
    assert!(bodies[16].contains("Symptom: backend-dev: warm-up pings do not keep it warm"), "{}", bodies[16]);
}

#[tokio::test]
async fn a_wish_to_wait_seven_seconds_is_kept_to_the_second() {
    let mut scenario =
        Scenario::starting_at("2024-12-26T21:30:00Z", vec![Reply::status(429).header("Retry-After", "7"), ok()]);
    while scenario.told().is_empty() {
        scenario.run(TimeDelta::seconds(1)).await;
    }
    let refused = scenario.now;
    while scenario.told().len() < 2 {
        scenario.run(TimeDelta::seconds(1)).await;
    }
    // A run ends a second after it began, so each moment is known to the second.
    let waited = scenario.now - refused;
    assert!((TimeDelta::seconds(7)..=TimeDelta::seconds(8)).contains(&waited), "{waited}");
}

#[tokio::test]
async fn an_edited_limit_keeps_the_open_incident_and_a_removed_rule_closes_it() {
    let mut scenario = Scenario::starting_at("2024-12-27T00:00:00Z", vec![ok()]);
    scenario.run(TimeDelta::hours(1)).await;
    let before = scenario.told();
    assert!(before.iter().any(|title| title.contains("slow_cold_start")), "{before:?}");
    scenario.run(TimeDelta::hours(1)).await;
    assert_eq!(scenario.told(), before, "nothing is opened twice");
}
