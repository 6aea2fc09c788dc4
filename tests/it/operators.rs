//! What people say to a monitor: acks and silences by the real commands on a real store, beside days on a simulated clock and beside a
//! daemon that runs.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use monitor::app::Config;
use monitor::aws::meter::Meter;
use monitor::aws::prices::Prices;
use monitor::clock::{Clock, SimulatedClock};
use monitor::config::{Environment, parse};
use monitor::core::observation::{CallFailure, FailureKind, Observation, What};
use monitor::daemon::{Daemon, NoPulse, Parts, Slot, Until};
use monitor::notify::{Outcome, Parcel, Receiver};
use monitor::source::{Gathered, Source};
use monitor::store::{Durability, Store};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::program::{Output, monitor};
use crate::support::schema;
use crate::support::stack::aws_env;
use crate::support::webhook::{Reply, Webhook};
use crate::world::{SOON, now, said};

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

    async fn poll(&mut self, now: DateTime<Utc>) -> Gathered {
        let minute = (now - self.start).num_minutes();
        let failure = || CallFailure {
            call: "logs:FilterLogEvents".into(),
            resource: "/aws/lambda/shop".into(),
            kind: FailureKind::Denied,
            said: "no".into(),
            next_step: "allow it".into(),
        };
        let fails = self.failing.iter().any(|(from, to)| (*from..*to).contains(&minute));
        let what = if fails { What::Failed(failure()) } else { What::Answered };
        let mut gathered = Gathered::default();
        gathered.observations.push(Observation { at: now, seen: now, source: "watch.shop".into(), what });
        gathered
    }
}

/// Keeps what it is told, and when.
#[derive(Clone)]
struct Told(String, Arc<Mutex<Vec<(DateTime<Utc>, String)>>>);

#[async_trait]
impl Receiver for Told {
    async fn send(&self, parcel: &Parcel) -> Outcome {
        let title = parcel.message.title();
        let mark = title.split(']').next().unwrap_or_default().trim_start_matches('[');
        self.1.lock().expect("the list").push((parcel.message.at, format!("{}: {mark}", self.0)));
        Outcome::Delivered(Some(format!("receipt of {}", self.0)))
    }

    async fn probe(&self) -> Result<String, String> {
        Ok(String::new())
    }
}

/// A daemon on a simulated clock, and the commands on the same store. These go by the clock on the wall, so that a run begins no
/// earlier than the last command.
struct Desk {
    folder: TempDir,
    told: Arc<Mutex<Vec<(DateTime<Utc>, String)>>>,
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
        let config: Config = parse(CONFIG, &Environment::with(&[], self.folder.path().to_path_buf()), start).expect("a valid configuration");
        let receiver = |name: &str| Arc::new(Told(name.to_owned(), Arc::clone(&self.told))) as Arc<dyn Receiver>;
        let parts = Parts {
            store: Store::open(&config.store.path, Durability::None).await.expect("the store"),
            meter: Arc::new(Meter::new(Prices::built_in().expect("the prices"), config.aws.max_monthly_usd, Arc::clone(&clock))),
            clock,
            book: config.rulebook(),
            heart: None,
            slots: config.watches.into_iter().map(|watch| Slot::new(Box::new(Flaky { start, failing: failing.to_vec() }), watch.schedule, None)).collect(),
            receivers: BTreeMap::from(["team", "boss"].map(|name| (name.to_owned(), receiver(name)))),
            keep: TimeDelta::days(400),
            window: TimeDelta::hours(1),
            keep_minutes: TimeDelta::days(1),
            write_every: TimeDelta::hours(1),
            random: fastrand::Rng::with_seed(1),
            pulse: Box::new(NoPulse),
        };
        self.now += TimeDelta::minutes(minutes);
        Daemon::new(parts).await.expect("a daemon").run(Until::Instant(self.now)).await.expect("a good end");
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
        schema::holds(&format!("docs/{}.schema.json", if args[0] == "silence" { "silences" } else { args[0] }), &value);
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

#[tokio::test]
async fn an_ack_ends_reminders_and_escalation_and_undoing_it_brings_them_back() {
    let mut desk = Desk::new();
    desk.run(13, &[(1, 99)]).await;
    assert_eq!(desk.news(), ["team: warning", "team: still", "team: still"]);
    let id = desk.incident()["id"].as_str().expect("an id").to_owned();
    assert!(id.len() == 14 && id.chars().all(|c| c.is_ascii_hexdigit()), "{id}");

    let said = desk.monitor(&["ack", &id[..12], "--author", "jin", "--note", "rolled\tback\u{1b}[2J"]);
    assert!(said.starts_with(&format!("jin takes care of {id} now: watch.shop cannot see: no\n")) && said.contains("no reminders"), "{said}");
    desk.run(60, &[(0, 99)]).await;
    assert_eq!(desk.news(), Vec::<String>::new());
    let incident = desk.incident();
    assert_eq!((incident["ack"]["author"].as_str(), incident["ack"]["note"].as_str()), (Some("jin"), Some("rolled back[2J")), "{incident:#}");
    assert_eq!((incident["ack"]["counts"].as_bool(), incident["escalated"].is_null()), (Some(true), true));
    assert!(desk.monitor(&["status"]).contains("; jin takes care of it"));

    let taken_over = desk.monitor(&["ack", &id, "--author", "kim"]);
    assert!(taken_over.contains("in place of jin"), "{taken_over}");
    desk.monitor(&["ack", &id, "--undo"]);
    desk.run(4, &[(0, 99)]).await;
    assert_eq!(desk.news(), ["boss: warning", "team: still"]);
    desk.monitor(&["ack", &id, "--author", "jin"]);
    desk.run(10, &[]).await;
    assert_eq!(desk.news(), ["boss: resolved", "team: resolved"], "its end is told all the same");

    let full = desk.monitor(&["incidents", &id]);
    for line in
        ["[resolved] watch.shop cannot see: no", "Subject     source:watch.shop", "Escalated ", "it answers again", "Next step: allow it", "receipt of boss"]
    {
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
    let said = desk.monitor(&["silence", "add", "--subject", "source:watch.*", "--for", "30m", "--reason", "load test", "--author", "jin"]);
    assert!(said.starts_with("Silence 1 is in force and ends ") && said.contains(" KST, in 30 min.\nNo open incident"), "{said}");
    let begun = desk.now;
    desk.run(20, &[(3, 99)]).await;
    assert_eq!(desk.news(), Vec::<String>::new());

    let incident = desk.incident();
    assert_eq!(
        (incident["state"].as_str(), incident["silenced"]["id"].as_i64(), incident["silenced"]["author"].as_str()),
        (Some("firing"), Some(1), Some("jin"))
    );
    assert!(incident["notifications"].as_array().is_some_and(|all| all.iter().all(|one| one["state"] == "waiting")), "{incident:#}");
    let outbox = desk.json(&["outbox", "--receiver", "team"]);
    let team = &outbox["receivers"][0];
    assert_eq!((team["name"].as_str(), team["waiting"].as_u64(), team["silenced"].as_u64()), (Some("team"), Some(4), Some(4)), "{outbox:#}");
    let listed = desk.json(&["silence", "list"]);
    assert_eq!((listed["silences"][0]["subject"].as_str(), &listed["silences"][0]["covers"][0]), (Some("source:watch.*"), &incident["id"]), "{listed:#}");
    let status = desk.json(&["status"]);
    assert_eq!(status["incidents"][0]["silenced_until"], listed["silences"][0]["until"]);
    assert!(desk.monitor(&["incidents"]).contains("silenced by jin until "));

    desk.run(12, &[(0, 99)]).await;
    let told = desk.told.lock().expect("the list").clone();
    assert!(told.iter().all(|(at, _)| (29..=31).contains(&(*at - begun).num_minutes())), "at the end of the silence: {told:?}");
    assert_eq!(desk.news(), ["team: warning"]);
}

#[tokio::test]
async fn what_began_and_ended_within_a_silence_is_dropped_with_the_reason_and_is_not_lost() {
    let mut desk = Desk::new();
    desk.run(5, &[]).await;
    desk.monitor(&["silence", "add", "--rule", "bli*", "--for", "20m", "--reason", "the database\nmoves", "--author", "jin"]);
    desk.run(40, &[(3, 8)]).await;
    assert_eq!(desk.news(), Vec::<String>::new());

    let incident = desk.incident();
    assert_eq!((incident["state"].as_str(), incident["silenced"].is_null()), (Some("resolved"), true));
    for notification in incident["notifications"].as_array().expect("notifications") {
        assert_eq!((notification["state"].as_str(), notification["dropped"].as_str()), (Some("dropped"), Some("silenced by jin: the database moves")));
    }
    let outbox = desk.json(&["outbox"]);
    assert_eq!((&outbox["dropped"][0]["incident"], outbox["dropped"][0]["why"].as_str()), (&incident["id"], Some("silenced by jin: the database moves")));
    assert!(desk.monitor(&["outbox", "--all"]).contains("silenced by jin: the database moves"));
    assert!(desk.monitor(&["incidents"]).contains("not told: team (silenced by jin: the database moves)"));
    assert!(desk.monitor(&["incidents", "--open"]).starts_with("No incident was open since "));
    assert!(desk.monitor(&["incidents", "--subject", "function:*"]).starts_with("No incident was open since "));
    assert!(desk.monitor(&["incidents", "--rule", "blind", "--since", "2020-01-01"]).contains("watch.shop cannot see"));
}

#[tokio::test]
async fn a_silence_that_is_ended_frees_what_it_held_back() {
    let mut desk = Desk::new();
    desk.run(5, &[]).await;
    desk.monitor(&["silence", "add", "--all", "--for", "3h", "--reason", "deploy", "--author", "jin"]);
    desk.run(10, &[(1, 99)]).await;
    // The wall's clock is behind the simulated one, so this ends it in the past of the daemon.
    let said = desk.monitor(&["silence", "end", "1"]);
    assert_eq!(said, "Silence 1 has ended (deploy). An open incident that it covered is told now.\n");
    desk.run(1, &[(0, 99)]).await;
    assert_eq!(desk.news(), ["team: warning"]);
    assert_eq!(desk.monitor(&["silence", "list"]), "No silence is in force or to come.\n");
    let outbox = desk.json(&["outbox"]);
    assert_eq!((outbox["messages"][0]["state"].as_str(), outbox["messages"][0]["receipt"].as_str()), (Some("sent"), Some("receipt of team")), "{outbox:#}");
}

#[tokio::test]
async fn mistakes_on_the_command_line_are_told_with_what_was_probably_meant() {
    let mut desk = Desk::new();
    desk.run(30, &[(1, 5), (10, 15), (20, 99)]).await;
    let add = |more: &[&'static str]| [&["silence", "add", "--author", "jin", "--reason", "r"], more].concat();
    let table: Vec<(Vec<&str>, i32, &str)> = vec![
        (vec!["incidents", "--since", "yesterday"], 64, "`yesterday` is neither a length of time, such as 7d, nor a date"),
        (vec!["incidents", "--since", "2999-01-01"], 64, "2999-01-01 has not come yet"),
        (vec!["incidents", "--subject", "shop"], 64, "did you mean function:shop?"),
        (vec!["incidents", "zzz"], 64, "no incident has an id that begins with `zzz`; open are:"),
        (vec!["incidents", "zzz", "--open"], 64, "cannot be used with"),
        (vec!["ack", "zzz", "--author", "jin"], 64, "no open incident has an id that begins with `zzz`; open are:"),
        (vec!["incidents", ""], 64, "3 incidents have an id that begins with ``; type more of it:"),
        (vec!["ack", "", "--undo"], 1, "so there is nothing to undo"),
        (vec!["ack", "", "--undo", "--note", "x"], 64, "cannot be used with"),
        (vec!["ack", ""], 64, "neither USER nor LOGNAME is set"),
        (vec!["ack", "", "--author", "\u{1b}"], 64, "--author: some words are needed"),
        (vec!["outbox", "--receiver", "taem"], 64, "did you mean `team`?"),
        (vec!["outbox", "--all", "--since", "7d"], 64, "cannot be used with"),
        (vec!["silence"], 64, "Usage:"),
        (vec!["silence", "end", "7"], 64, "there is no silence 7; none is in force or to come"),
        (vec!["silence", "end", "first"], 64, "invalid value"),
        (add(&["--all"]), 64, "required"),
        (add(&["--for", "2h"]), 64, "required"),
        (add(&["--all", "--rule", "blind", "--for", "2h"]), 64, "cannot be used with"),
        (add(&["--all", "--for", "2h", "--until", "2999-01-01T00:00"]), 64, "cannot be used with"),
        (vec!["silence", "add", "--all", "--for", "2h", "--author", "jin"], 64, "--reason"),
        (vec!["silence", "add", "--all", "--for", "2h", "--author", "jin", "--reason", " "], 64, "some words are needed"),
        (vec!["silence", "add", "--all", "--for", "2h", "--reason", "r"], 64, "say who you are with --author"),
        (add(&["--all", "--for", "2"]), 64, "a length of time such as"),
        (add(&["--all", "--for", "400d"]), 64, "is more than a year ahead"),
        (add(&["--all", "--until", "2999-01-01T00:00"]), 64, "is more than a year ahead"),
        (add(&["--all", "--until", "2024-12-24T08:00"]), 64, "2024-12-24 08:00:00 KST has passed; a silence ends in the future"),
        (add(&["--all", "--until", "tomorrow"]), 64, "`tomorrow` is not a point in time; write it as"),
        (add(&["--all", "--from", "2024-12-24T08:00:00Z", "--for", "2h"]), 64, "--from 2024-12-24 17:00:00 KST has passed"),
        (add(&["--subject", "shop", "--for", "2h"]), 64, "did you mean function:shop?"),
        (add(&["--subject", "fnction:shop", "--for", "2h"]), 64, "did you mean `function`?"),
        (add(&["--rule", "[a", "--for", "2h"]), 64, "not a pattern"),
        // These are not, but may be.
        (add(&["--rule", "blnd", "--for", "2h"]), 0, "no rule of the configuration and no open incident fits `blnd`; did you mean `blind`?"),
        (add(&["--subject", "source:watch.shpo", "--for", "2h"]), 0, "nothing that was seen so far fits `source:watch.shpo`; nearest: source:watch.shop"),
        (add(&["--rule", "blind", "--subject", "source:watch.shop", "--for", "2h"]), 0, ""),
        (vec!["silence", "end", "1"], 0, ""),
        (vec!["silence", "end", "1"], 1, "silence 1 has ended already"),
    ];
    for (args, code, words) in table {
        let output = desk.try_monitor(&args);
        assert_eq!(output.code, Some(code), "{args:?}: {}", output.stderr);
        let fits = if words.is_empty() { output.stderr.is_empty() } else { output.stderr.contains(words) };
        assert!(fits, "{args:?}: `{words}` is not what was said:\n{}", output.stderr);
        assert_eq!(output.stdout.is_empty(), code != 0, "{args:?}: {}", output.stdout);
    }
}

#[test]
fn without_a_store_there_is_nothing_to_show_and_nothing_to_write_to() {
    let folder = TempDir::new().expect("a folder");
    let tables = format!("{CONFIG}[receiver.chat]\nvia.slack = {{ webhook = {{ env = \"A_SECRET_THAT_IS_NOT_SET\" }} }}");
    fs::write(folder.path().join("alerts.toml"), tables).expect("the configuration");
    for (args, code) in [
        (vec!["incidents", "--format", "json"], 0),
        (vec!["silence", "list", "--format", "json"], 0),
        (vec!["outbox", "--format", "json"], 0),
        (vec!["outbox", "--receiver", "chat"], 0),
        (vec!["incidents", "676d"], 1),
        (vec!["ack", "676d"], 1),
        (vec!["silence", "add", "--all", "--for", "2h", "--reason", "r"], 1),
        (vec!["silence", "end", "1"], 1),
    ] {
        let output = monitor(folder.path()).args(&args).env("LOGNAME", "jin").run();
        assert_eq!(output.code, Some(code), "{args:?}: {}", output.stderr);
        assert!(output.stderr.contains("there is no store at") && output.stderr.contains("`monitor run` makes one"), "{args:?}: {}", output.stderr);
        if args.contains(&"json") {
            let name = if args[0] == "silence" { "silences" } else { args[0] };
            schema::holds(&format!("docs/{name}.schema.json"), &serde_json::from_str(&output.stdout).expect("JSON"));
        }
        assert!(!folder.path().join("monitor.db").exists(), "{args:?} makes no store");
    }
}

/// Three sources that cannot be reached, of which the receiver is reminded every second.
fn three_blind_sources(folder: &Path) {
    let watch = |name: &str| format!("[watch.{name}]\nevery = \"1s\"\nread.lambda_logs = {{ functions = [\"{name}\"] }}\n");
    let tables = format!(
        "[aws]\nlog_calls_per_second = 100\n{}{}{}[alert.blind]\nwhen.source_failing = {{}}\nremind = \"1s\"\ntell = [\"team\"]\n[receiver.team]\ngroup_wait = \"0s\"\nvia.slack = {{ webhook = {{ env = \"HOOK\" }} }}\n",
        watch("acked"),
        watch("loud"),
        watch("silenced")
    );
    fs::write(folder.join("alerts.toml"), tables).expect("the configuration");
}

#[tokio::test]
async fn a_daemon_hears_acks_and_silences_while_it_runs() {
    let (folder, slack) = (TempDir::new().expect("a folder"), Webhook::start(vec![Reply::status(200).body("ok")]));
    three_blind_sources(folder.path());
    let program = |args: &[&str]| {
        let hook = format!("{}/x", slack.url());
        monitor(folder.path()).args(args).envs(aws_env("http://127.0.0.1:9", &[])).env("HOOK", hook).env("USER", "jin")
    };
    let command = |args: &[&str]| {
        let output = program(args).run();
        assert_eq!(output.code, Some(0), "{args:?}: {}", output.stderr);
        output.stdout
    };
    let incidents = || {
        let value: Value = serde_json::from_str(&command(&["incidents", "--open", "--format", "json"])).expect("JSON");
        schema::holds("docs/incidents.schema.json", &value);
        let all = value["incidents"].as_array().expect("incidents").clone();
        all.into_iter().map(|one| (one["subject"].as_str().unwrap_or_default().to_owned(), one)).collect::<BTreeMap<String, Value>>()
    };
    let running = program(&["run"]).spawn();
    let mut heard = slack.wait_for(4, SOON).await.len();
    let open = incidents();
    assert_eq!(open.len(), 3, "{open:#?}");
    command(&["ack", open["source:watch.acked"]["id"].as_str().expect("an id")]);
    let said = command(&["silence", "add", "--subject", "source:watch.silenced", "--for", "1h", "--reason", "deploy"]);
    assert!(said.contains("It covers an open incident:") && said.contains("watch.silenced cannot see"), "{said}");
    // What was decided before may still be on its way; what comes later goes on for the loud one only.
    heard = slack.wait_for(heard + 6, SOON).await.len().max(heard);
    let later = slack.wait_for(heard + 2, SOON).await.split_off(heard);
    for request in later {
        assert!(
            said_of(&request.body, "watch.loud") && !said_of(&request.body, "watch.acked") && !said_of(&request.body, "watch.silenced"),
            "{}",
            request.body
        );
    }
    let open = incidents();
    assert_eq!(open["source:watch.acked"]["ack"]["author"].as_str(), Some("jin"));
    let waiting = |subject: &str| {
        let told = open[subject]["notifications"].as_array().expect("notifications").clone();
        told.into_iter().filter(|one| one["state"] == "waiting").count()
    };
    assert!(waiting("source:watch.silenced") > 0 && waiting("source:watch.acked") == 0, "{open:#?}");
    running.terminate();
    let output = tokio::task::spawn_blocking(|| running.wait(SOON)).await.expect("the program");
    assert_eq!(output.code, Some(0), "{}", output.stderr);
}

fn said_of(body: &str, what: &str) -> bool {
    said(body).contains(what) || body.contains(what)
}
