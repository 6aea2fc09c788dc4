//! Acknowledgements and silences: the real commands on a real store, with days on a simulated clock and with a
//! running daemon.

mod mistakes;
mod running;

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex};

use alerting::observation::{Observation, ObservationBody};
use async_trait::async_trait;
use aws::meter::CallMeter;
use aws::prices::PriceTable;
use chrono::{DateTime, TimeDelta, Utc};
use clock::{Clock, SimulatedClock};
use model::call_failure::{CallFailure, FailureKind};
use monitor::app::MonitorConfig;
use monitor::config::{ConfigEnvironment, parse};
use monitor::daemon::{Daemon, DaemonParts, NoWatchdog, SourceSlot, StopCondition};
use notify::{DeliveryOutcome, DeliveryRequest, Receiver};
use serde_json::Value;
use source::{PollOutput, Source};
use store::{Durability, Store};
use tempfile::TempDir;

use crate::support::program::{Output, monitor};
use crate::support::schema;
use crate::world::now;

const CONFIG: &str = r#"
timezone = "Asia/Seoul"
[watch.shop]
every = "1m"
read.lambda_logs = { functions = ["shop"] }
[alert.blind]
when.source_failing = {}
remind = "5m"
escalate = { after = "30m", tell = ["boss"] }
tell = ["team"]
[receiver.team]
via.stdout = {}
[receiver.boss]
via.stdout = {}
"#;

/// A source that fails from one minute to another, counted from the start of a run.
struct Flaky {
    start: DateTime<Utc>,
    failing: Vec<(i64, i64)>,
}

#[async_trait]
impl Source for Flaky {
    fn name(&self) -> &str {
        "watch.shop"
    }

    async fn poll(&mut self, now: DateTime<Utc>) -> PollOutput {
        let minute = (now - self.start).num_minutes();
        let failure = || CallFailure {
            call: "logs:FilterLogEvents".into(),
            resource: "/aws/lambda/shop".into(),
            kind: FailureKind::Denied,
            said: "no".into(),
            next_step: "allow it".into(),
        };
        let fails = self.failing.iter().any(|(from, to)| (*from..*to).contains(&minute));
        let what = if fails { ObservationBody::Failed(failure()) } else { ObservationBody::Answered };
        let mut gathered = PollOutput::default();
        gathered.observations.push(Observation { at: now, seen: now, source: "watch.shop".into(), what });
        gathered
    }
}

/// What was told, and when.
type Log = Arc<Mutex<Vec<(DateTime<Utc>, String)>>>;

/// Keeps what it is told under its name.
struct Told(String, Log);

#[async_trait]
impl Receiver for Told {
    async fn send(&self, parcel: &DeliveryRequest) -> DeliveryOutcome {
        let title = parcel.message.title();
        let mark = title.split(']').next().unwrap_or_default().trim_start_matches('[');
        self.1.lock().expect("the list").push((parcel.sealed, format!("{}: {mark}", self.0)));
        DeliveryOutcome::Delivered(Some(format!("receipt of {}", self.0)))
    }

    async fn probe(&self) -> Result<String, String> {
        Ok(String::new())
    }
}

/// A daemon on a simulated clock, and the commands on the same store. These go by the clock on the wall, so that a run
/// begins no earlier than the last command.
struct Desk {
    folder: TempDir,
    told: Log,
    now: DateTime<Utc>,
}

impl Desk {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        fs::write(folder.path().join("alerts.toml"), CONFIG).expect("the configuration");
        Self { folder, told: Arc::default(), now: now() - TimeDelta::hours(2) }
    }

    /// Runs the daemon for some minutes, in some of which the source fails.
    async fn run(&mut self, minutes: i64, failing: &[(i64, i64)]) {
        let start = self.now;
        let clock: Arc<dyn Clock> = Arc::new(SimulatedClock::starting_at(start));
        let config: MonitorConfig =
            parse(CONFIG, &ConfigEnvironment::with(&[], self.folder.path().to_path_buf()), start)
                .expect("a valid configuration");
        let receiver = |name: &str| Arc::new(Told(name.to_owned(), Arc::clone(&self.told))) as Arc<dyn Receiver>;
        let parts = DaemonParts {
            store: Store::open(&config.store.path, Durability::None).await.expect("the store"),
            meter: Arc::new(CallMeter::new(
                PriceTable::built_in().expect("the prices"),
                config.aws.max_monthly_usd,
                Arc::clone(&clock),
            )),
            clock,
            book: config.rulebook(),
            heart: None,
            monthly: None,
            slots: config
                .watches
                .into_iter()
                .map(|watch| {
                    SourceSlot::new(Box::new(Flaky { start, failing: failing.to_vec() }), watch.schedule, None)
                })
                .collect(),
            receivers: BTreeMap::from(["team", "boss"].map(|name| (name.to_owned(), receiver(name)))),
            keep: TimeDelta::days(400),
            window: TimeDelta::hours(1),
            keep_minutes: TimeDelta::days(1),
            write_every: TimeDelta::hours(1),
            random: fastrand::Rng::with_seed(1),
            pulse: Box::new(NoWatchdog),
        };
        self.now += TimeDelta::minutes(minutes);
        Daemon::new(parts).await.expect("a daemon").run(StopCondition::Instant(self.now)).await.expect("a good end");
    }

    fn try_monitor(&mut self, args: &[&str]) -> Output {
        let output = monitor(self.folder.path()).args(args).run();
        self.now = self.now.max(now() + TimeDelta::seconds(1));
        output
    }

    fn monitor(&mut self, args: &[&str]) -> String {
        let output = self.try_monitor(args);
        assert_eq!(output.code, Some(0), "{args:?}: {}", output.stderr);
        output.stdout
    }

    /// A command's JSON, which follows its schema.
    fn json(&mut self, args: &[&str]) -> Value {
        let value = serde_json::from_str(&self.monitor(&[args, &["--format", "json"]].concat())).expect("JSON");
        schema::holds(&schema_of(args[0]), &value);
        value
    }

    /// The one incident there is.
    fn incident(&mut self) -> Value {
        let all = self.json(&["incidents"]);
        assert_eq!(all["incidents"].as_array().map(Vec::len), Some(1), "{all:#}");
        all["incidents"][0].clone()
    }

    /// Who was told what since the last time that was asked.
    fn news(&self) -> Vec<String> {
        self.told.lock().expect("the list").drain(..).map(|(_, told)| told).collect()
    }
}

/// The schema of a command's output.
fn schema_of(command: &str) -> String {
    format!("docs/{}.schema.json", if command == "silence" { "silences" } else { command })
}

#[tokio::test]
async fn an_ack_ends_reminders_and_escalation_and_undoing_it_brings_them_back() {
    let mut desk = Desk::new();
    desk.run(13, &[(1, 99)]).await;
    assert_eq!(desk.news(), ["team: warning", "team: still", "team: still"]);
    let id = desk.incident()["id"].as_str().expect("an id").to_owned();
    assert!(id.len() == 14 && id.chars().all(|c| c.is_ascii_hexdigit()), "{id}");

    let said = desk.monitor(&["ack", &id[..12], "--author", "jin", "--note", "rolled\tback\u{1b}[2J"]);
    assert!(
        said.starts_with(&format!("jin acknowledged {id}: watch.shop fails: no\n")) && said.contains("no reminders"),
        "{said}"
    );
    desk.run(60, &[(0, 99)]).await;
    assert_eq!(desk.news(), Vec::<String>::new());
    let incident = desk.incident();
    assert_eq!(
        (incident["ack"]["author"].as_str(), incident["ack"]["note"].as_str()),
        (Some("jin"), Some("rolled back[2J")),
        "{incident:#}"
    );
    assert_eq!((incident["ack"]["counts"].as_bool(), incident["escalated"].is_null()), (Some(true), true));
    assert!(desk.monitor(&["status"]).contains("; acknowledged by jin"));

    let taken_over = desk.monitor(&["ack", &id, "--author", "kim"]);
    assert!(taken_over.contains("instead of jin"), "{taken_over}");
    desk.monitor(&["ack", &id, "--undo"]);
    desk.run(4, &[(0, 99)]).await;
    assert_eq!(desk.news(), ["boss: warning", "team: still"]);
    desk.monitor(&["ack", &id, "--author", "jin"]);
    desk.run(10, &[]).await;
    assert_eq!(desk.news(), ["boss: resolved", "team: resolved"], "its end is told all the same");

    let full = desk.monitor(&["incidents", &id]);
    for line in [
        "[resolved] watch.shop fails: no",
        "Subject     source:watch.shop",
        "Escalated ",
        "it answers again",
        "Next step: allow it",
        "receipt of boss",
    ] {
        assert!(full.contains(line), "`{line}` is not in:\n{full}");
    }
    let too_late = desk.try_monitor(&["ack", &id, "--author", "jin"]);
    assert_eq!(too_late.code, Some(1));
    assert!(too_late.stderr.contains(&format!("incident {id} has ended (it answers again)")), "{}", too_late.stderr);
}

#[tokio::test]
async fn a_silence_holds_messages_back_and_what_still_fires_at_its_end_is_told() {
    let mut desk = Desk::new();
    desk.run(5, &[]).await;
    let said = desk.monitor(&[
        "silence",
        "add",
        "--subject",
        "source:watch.*",
        "--for",
        "30m",
        "--reason",
        "load test",
        "--author",
        "jin",
    ]);
    assert!(
        said.starts_with("Silence 1 is active and ends ")
            && said.contains(" KST, in 30 min.\nIt covers no open incident"),
        "{said}"
    );
    let begun = desk.now;
    desk.run(20, &[(3, 99)]).await;
    assert_eq!(desk.news(), Vec::<String>::new());

    let incident = desk.incident();
    assert_eq!(
        (incident["state"].as_str(), incident["silenced"]["id"].as_i64(), incident["silenced"]["author"].as_str()),
        (Some("firing"), Some(1), Some("jin"))
    );
    assert!(
        incident["notifications"].as_array().is_some_and(|all| all.iter().all(|one| one["state"] == "waiting")),
        "{incident:#}"
    );
    let outbox = desk.json(&["outbox", "--receiver", "team"]);
    let team = &outbox["receivers"][0];
    assert_eq!(
        (team["name"].as_str(), team["waiting"].as_u64(), team["silenced"].as_u64()),
        (Some("team"), Some(4), Some(4)),
        "{outbox:#}"
    );
    let listed = desk.json(&["silence", "list"]);
    assert_eq!(
        (listed["silences"][0]["subject"].as_str(), &listed["silences"][0]["covers"][0]),
        (Some("source:watch.*"), &incident["id"]),
        "{listed:#}"
    );
    let status = desk.json(&["status"]);
    assert_eq!(status["incidents"][0]["silenced_until"], listed["silences"][0]["until"]);
    assert!(desk.monitor(&["incidents"]).contains("silenced by jin until "));

    desk.run(12, &[(0, 99)]).await;
    let told = desk.told.lock().expect("the list").clone();
    assert!(
        told.iter().all(|(at, _)| (29..=31).contains(&(*at - begun).num_minutes())),
        "at the end of the silence: {told:?}"
    );
    assert_eq!(desk.news(), ["team: warning"]);
}

#[tokio::test]
async fn what_began_and_ended_within_a_silence_is_dropped_with_the_reason_and_is_not_lost() {
    let mut desk = Desk::new();
    desk.run(5, &[]).await;
    desk.monitor(&[
        "silence",
        "add",
        "--rule",
        "bli*",
        "--for",
        "20m",
        "--reason",
        "the database\nmoves",
        "--author",
        "jin",
    ]);
    desk.run(40, &[(3, 8)]).await;
    assert_eq!(desk.news(), Vec::<String>::new());

    let incident = desk.incident();
    assert_eq!((incident["state"].as_str(), incident["silenced"].is_null()), (Some("resolved"), true));
    for notification in incident["notifications"].as_array().expect("notifications") {
        assert_eq!(
            (notification["state"].as_str(), notification["dropped"].as_str()),
            (Some("dropped"), Some("silenced by jin: the database moves"))
        );
    }
    let outbox = desk.json(&["outbox"]);
    assert_eq!(
        (&outbox["dropped"][0]["incident"], outbox["dropped"][0]["why"].as_str()),
        (&incident["id"], Some("silenced by jin: the database moves"))
    );
    assert!(desk.monitor(&["outbox", "--all"]).contains("silenced by jin: the database moves"));
    assert!(desk.monitor(&["incidents"]).contains("not sent: team (silenced by jin: the database moves)"));
    assert!(desk.monitor(&["incidents", "--open"]).starts_with("No incident was open since "));
    assert!(desk.monitor(&["incidents", "--subject", "function:*"]).starts_with("No incident was open since "));
    assert!(desk.monitor(&["incidents", "--rule", "blind", "--since", "2020-01-01"]).contains("watch.shop fails"));
}

#[tokio::test]
async fn a_silence_that_is_ended_frees_what_it_held_back() {
    let mut desk = Desk::new();
    desk.run(5, &[]).await;
    desk.monitor(&["silence", "add", "--all", "--for", "3h", "--reason", "deploy", "--author", "jin"]);
    desk.run(10, &[(1, 99)]).await;
    // The wall's clock is behind the simulated one, so this ends it in the past of the daemon.
    let said = desk.monitor(&["silence", "end", "1"]);
    assert_eq!(said, "Silence 1 has ended (deploy). What it held back for one open incident is sent now.\n");
    desk.run(1, &[(0, 99)]).await;
    assert_eq!(desk.news(), ["team: warning"]);
    assert_eq!(desk.monitor(&["silence", "list"]), "No silence is active or planned.\n");
    let outbox = desk.json(&["outbox"]);
    assert_eq!(
        (outbox["messages"][0]["state"].as_str(), outbox["messages"][0]["receipt"].as_str()),
        (Some("sent"), Some("receipt of team")),
        "{outbox:#}"
    );
}
