//! `monitor rehearse`: a recorded December through the real daemon into a store, and that store through other
//! configurations.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use alerting::operator::Silence;
use aws::recorded::Recording;
use chrono::{DateTime, Utc};
use clock::{Clock, SimulatedClock};
use monitor::app::{self, MonitorConfig};
use monitor::config::{ConfigEnvironment, parse};
use monitor::daemon::{NoWatchdog, StopCondition};
use serde_json::Value;
use store::{Durability, Store};
use tempfile::TempDir;

use crate::support::program::{Output, monitor};
use crate::support::webhook::{Reply, Webhook};
use crate::world::repository;

/// The demo's configuration, told to Slack.
fn tables() -> String {
    let demo = fs::read_to_string(repository("demo/alerts.toml")).expect("the configuration");
    demo.replace("via.stdout = {}", "via.slack = { webhook = { env = \"HOOK\" } }")
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

/// Runs the daemon over the recorded account from one instant to another.
async fn watch(folder: &Path, hook: &str, from: &str, to: &str) {
    let recording =
        Recording::parse(&fs::read_to_string(repository("demo/december-2024.toml")).expect("the recording"))
            .expect("a valid recording");
    let clock: Arc<dyn Clock> = Arc::new(SimulatedClock::starting_at(at(from)));
    let config: MonitorConfig =
        parse(&tables(), &ConfigEnvironment::with(&[("HOOK", hook)], folder.to_path_buf()), at(from))
            .expect("a valid configuration");
    let account = recording.account(Arc::clone(&clock), at(from));
    let daemon = app::daemon(
        config,
        std::future::ready(account),
        clock,
        Durability::None,
        fastrand::Rng::with_seed(7),
        Box::new(NoWatchdog),
    )
    .await
    .expect("a daemon");
    daemon.run(StopCondition::Instant(at(to))).await.expect("a good end");
}

/// A store of the days in which the bill jumps and the function stops to answer, with a pause of the daemon; made once
/// for all tests.
fn december() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rehearsed-december");
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        let made = folder.clone();
        let maker = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let slack = Webhook::start(vec![Reply::status(200).body("ok")]);
                let hook = format!("{}/x", slack.url());
                watch(&made, &hook, "2024-12-22T00:30:00Z", "2024-12-26T12:00:00Z").await;
                watch(&made, &hook, "2024-12-26T18:00:00Z", "2024-12-28T00:00:00Z").await;
            });
        });
        maker.join().expect("the store is made");
        folder
    })
}

/// Rehearses a configuration over that store. No variable with a secret is set.
fn rehearse(tables: &str, args: &[&str]) -> Output {
    rehearse_over(&december().join("monitor.db"), tables, args)
}

fn rehearse_over(store: &Path, tables: &str, args: &[&str]) -> Output {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("other.toml"), tables).expect("the configuration");
    let named = ["--config", "other.toml", "rehearse", "--store", store.to_str().expect("a path")];
    monitor(folder.path()).args(named).args(args).run()
}

/// The lines of the list, each with its mark, time, rule and event.
fn listed(output: &Output) -> Vec<String> {
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let line = |line: &str| {
        let mut words = line.split_whitespace();
        let mark = words.next().filter(|mark| ["=", "+", "-", "?"].contains(mark))?;
        let (day, time, receiver, rule, event) =
            (words.next()?, words.next()?, words.next()?, words.next()?, words.next()?);
        day.starts_with("20").then(|| format!("{mark} {} {} {receiver} {rule} {event}", &day[5..], &time[..5]))
    };
    output.stdout.lines().filter_map(line).collect()
}

const PERIOD: [&str; 4] = ["--from", "2024-12-23", "--to", "2024-12-28"];

#[test]
fn what_the_same_configuration_would_have_sent_is_what_was_sent() {
    let output = rehearse(&tables(), &PERIOD);
    assert_eq!(
        listed(&output),
        [
            "= 12-23 12:10 team jump firing",
            "= 12-26 12:10 team rds-bill firing",
            "= 12-26 15:30 team idle firing",
            "= 12-27 06:33 team start-up firing",
            "= 12-27 06:35 team start-up changed",
        ],
        "{}",
        output.stdout
    );
    for said in [
        "Rehearsal from 2024-12-23 00:00 to 2024-12-28 00:00 (Asia/Seoul)",
        "Replayed: 20 cost figures, 3455 minutes of functions, 536 faults, 3420 pings",
        "The monitor did not run from 2024-12-26 21:00 to 2024-12-27 03:00, so this period is not replayed.",
        "receiver-failing cannot be rehearsed: a rehearsal sends nothing",
        "= 2024-12-27 06:33:05  team  start-up  firing   [critical] backend-dev: the init phase takes too long (slow_cold_start)\n",
        "  start-up         2              2\n",
        "  team             5              5",
    ] {
        assert!(output.stdout.contains(said), "`{said}` is not in:\n{}", output.stdout);
    }
    assert_eq!(output.stderr, "", "nothing is drawn where nobody watches");
}

#[test]
fn other_limits_send_more_or_less_and_are_set_beside_what_was_sent() {
    let other = |from: &str, to: &str| {
        assert!(tables().contains(from), "{from}");
        listed(&rehearse(&tables().replace(from, to), &PERIOD))
    };
    let same = [
        "= 12-23 12:10 team jump firing",
        "= 12-26 15:30 team idle firing",
        "= 12-27 06:33 team start-up firing",
        "= 12-27 06:35 team start-up changed",
    ];
    let with = |more: &[&str]| {
        let mut all: Vec<String> = same.iter().chain(more).map(|line| (*line).to_owned()).collect();
        all.sort_by_key(|line| line[2..].to_owned());
        all
    };
    let sorted = |mut all: Vec<String>| {
        all.sort_by_key(|line| line[2..].to_owned());
        all
    };
    assert_eq!(sorted(other("usd = \"10\"", "usd = \"30\"")), with(&["- 12-26 12:10 team rds-bill firing"]));
    assert_eq!(
        sorted(other("usd = \"10\"", "usd = \"5\"")),
        with(&["+ 12-23 12:10 team rds-bill firing", "- 12-26 12:10 team rds-bill firing"])
    );
    assert_eq!(
        sorted(other("count = 2, within = \"10m\"", "count = 100, within = \"6h\"")),
        [
            "= 12-23 12:10 team jump firing",
            "= 12-26 12:10 team rds-bill firing",
            "= 12-26 15:30 team idle firing",
            "- 12-27 06:33 team start-up firing",
            // What was taken for a symptom speaks for itself.
            "+ 12-27 06:34 team pings firing",
            "- 12-27 06:35 team start-up changed",
            "+ 12-27 09:45 team start-up firing",
        ]
    );
}

#[test]
fn a_renamed_receiver_a_renamed_rule_and_a_rule_that_is_gone_are_told_apart() {
    let renamed = tables().replace("\"team\"", "\"crew\"").replace("[receiver.team]", "[receiver.crew]");
    assert_eq!(
        listed(&rehearse(&renamed, &["--from", "2024-12-23", "--to", "2024-12-24"])),
        ["+ 12-23 12:10 crew jump firing", "- 12-23 12:10 team jump firing"]
    );
    let renamed = tables().replace("[alert.jump]", "[alert.leap]\nwas = [\"jump\"]");
    assert_eq!(
        listed(&rehearse(&renamed, &["--from", "2024-12-23", "--to", "2024-12-24"])),
        ["= 12-23 12:10 team leap firing"]
    );
    let gone = tables().replace(
        "[alert.jump]\nwhen.cost_jump = { service = \"*\", factor = \"2\", at_least_usd = \"1\" }\ntell = [\"team\"]\n",
        "",
    );
    let output = rehearse(
        &format!(
            "{gone}\n[alert.never]\nwhen.lambda_cause = {{ causes = [\"oom\"], functions = [\"nobody-*\"] }}\ntell = [\"team\"]\n"
        ),
        &PERIOD[..2],
    );
    assert!(listed(&output).contains(&"- 12-23 12:10 team jump firing".to_owned()), "{}", output.stdout);
    assert!(output.stdout.contains("The replay has no data for never"), "{}", output.stdout);
}

#[test]
fn quiet_hours_of_the_other_configuration_are_kept() {
    let quiet = tables()
        .replace("[receiver.team]", "[receiver.team]\nquiet = { from = \"22:00\", to = \"07:00\", except = \"none\" }");
    assert_eq!(
        listed(&rehearse(&quiet, &["--from", "2024-12-26", "--to", "2024-12-28"])),
        [
            "= 12-26 12:10 team rds-bill firing",
            "= 12-26 15:30 team idle firing",
            "- 12-27 06:35 team start-up changed",
            "= 12-27 07:00 team start-up firing",
        ]
    );
}

#[test]
fn an_incident_that_was_open_before_the_period_is_not_told_again_and_ends_in_it() {
    // The month's bill goes over its limit on the 26th, and the jump is over when the median has followed.
    let late = listed(&rehearse(&tables(), &["--from", "2024-12-27T00:00:00+09:00", "--to", "2024-12-28"]));
    assert_eq!(late, ["= 12-27 06:33 team start-up firing", "= 12-27 06:35 team start-up changed"]);
    let none = rehearse(&tables(), &["--from", "2024-12-27T12:00:00+09:00", "--to", "2024-12-28"]);
    assert_eq!(listed(&none), Vec::<String>::new());
    assert!(none.stdout.contains("Nothing was sent, and nothing would have been sent."), "{}", none.stdout);
}

#[test]
fn a_silence_that_was_in_force_is_in_force_again() {
    let folder = TempDir::new().expect("a folder");
    let store = folder.path().join("copy.db");
    fs::copy(december().join("monitor.db"), &store).expect("a copy");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let silence = Silence {
            id: 0,
            rule: "jump".parse().expect("a pattern"),
            subject: "*".parse().expect("a pattern"),
            from: at("2024-12-22T00:00:00Z"),
            until: at("2024-12-24T00:00:00Z"),
            author: "me".into(),
            reason: "moving".into(),
        };
        let store = Store::open_for_orders(&store).await.expect("the store");
        store.silence(&silence).await.expect("a silence");
        store.close().await;
    });
    let output = rehearse_over(&store, &tables(), &["--from", "2024-12-23", "--to", "2024-12-25"]);
    assert_eq!(listed(&output), ["= 12-24 09:00 team jump firing"]);
    assert!(output.stdout.contains("(20 h 49 min later)"), "{}", output.stdout);
}

#[test]
fn a_period_without_data_is_said_to_be_empty_and_bad_dates_are_refused() {
    let before = rehearse(&tables(), &["--from", "1999-01-01", "--to", "1999-02-01"]);
    assert_eq!(listed(&before), Vec::<String>::new());
    for said in [
        "Replayed: nothing; the store has no observations in this period",
        "The store begins at 2024-12-22 09:00",
        "pings cannot be rehearsed: the store has no pings.",
        "The replay has no data for start-up",
    ] {
        assert!(before.stdout.contains(said), "`{said}` is not in:\n{}", before.stdout);
    }
    for (args, said) in [
        (&["--from", "2024-12-23", "--to", "2024-12-23"][..], "--from must be before --to"),
        (&["--from", "2024-12-23", "--to", "2024-12-22"], "--from must be before --to"),
        (&["--from", "2999-01-01"], "2999-01-01 is in the future"),
        (&["--from", "2024-13-01"], "`2024-13-01` is neither a length of time, such as 7d, nor a date"),
        (&["--from", "yesterday"], "`yesterday` is neither a length of time"),
        (&["--from", "2024-12-23", "--to", "today"], "`today` is not a time;"),
        (&["--to", "2024-12-23"], "--from <DATE>"),
    ] {
        let output = rehearse(&tables(), args);
        assert_eq!((output.code, output.stdout.as_str()), (Some(64), ""), "{args:?}: {}", output.stderr);
        assert!(output.stderr.contains(said), "{args:?}: {}", output.stderr);
    }
    let cut = rehearse(&tables(), &["--from", "2024-12-27T23:00:00Z", "--to", "2999-01-01"]);
    assert_eq!(cut.code, Some(0), "{}", cut.stderr);
    assert!(cut.stderr.contains("rehearsing until now, 20"), "{}", cut.stderr);
}

#[test]
fn without_a_store_the_option_that_names_one_is_named() {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("alerts.toml"), tables()).expect("the configuration");
    let output = monitor(folder.path()).args(["rehearse", "--from", "2024-12-23"]).run();
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""));
    assert!(
        output.stderr.contains("monitor.db, does not exist; choose another with --store FILE"),
        "{}",
        output.stderr
    );
    let output = monitor(folder.path()).args(["rehearse", "--from", "2024-12-23", "--store", "nowhere.db"]).run();
    assert_eq!(output.code, Some(1));
    assert!(output.stderr.contains("there is no store at nowhere.db"), "{}", output.stderr);
    let output = monitor(folder.path()).args(["--config", "nowhere.toml", "rehearse", "--from", "2024-12-23"]).run();
    assert_eq!(output.code, Some(78), "{}", output.stderr);
    assert_eq!(fs::read_dir(folder.path()).expect("the folder").count(), 1, "nothing is left behind");
}

#[test]
fn the_json_follows_its_schema_and_names_what_matches_what() {
    let lower = tables().replace("usd = \"10\"", "usd = \"5\"");
    let output = rehearse(&lower, &[&PERIOD[..], &["--format", "json"]].concat());
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let json: Value = serde_json::from_str(&output.stdout).expect("JSON");
    crate::support::schema::holds("docs/rehearse.schema.json", &json);
    let of = |list: &str, place: usize| {
        let said = &json[list][place];
        (said["rule"].as_str(), said["event"].as_str(), said["sent"].as_str())
    };
    assert_eq!(of("would_send", 1), (Some("rds-bill"), Some("firing"), Some("2024-12-23T03:10:05Z")));
    assert_eq!(of("was_sent", 0), (Some("jump"), Some("firing"), Some("2024-12-23T03:10:05Z")));
    let pairs = serde_json::json!([
        {"would_send": 0, "was_sent": 0}, {"would_send": 2, "was_sent": 2}, {"would_send": 3, "was_sent": 3},
        {"would_send": 4, "was_sent": 4}
    ]);
    assert_eq!(json["matches"], pairs, "{json:#}");
    assert_eq!(json["period"], serde_json::json!({"from": "2024-12-22T15:00:00Z", "to": "2024-12-27T15:00:00Z"}));
    assert_eq!(json["not_rehearsable"][0]["rule"], "receiver-failing");
    let empty = rehearse(&lower, &["--from", "1999-01-01", "--to", "1999-02-01", "--format", "json"]);
    crate::support::schema::holds("docs/rehearse.schema.json", &serde_json::from_str(&empty.stdout).expect("JSON"));
}

#[test]
fn the_store_is_only_read() {
    let folder = TempDir::new().expect("a folder");
    let store = folder.path().join("copy.db");
    fs::copy(december().join("monitor.db"), &store).expect("a copy");
    let before = fs::read(&store).expect("the store");
    let output = rehearse_over(&store, &tables(), &["--from", "2024-12-27", "--to", "2024-12-28"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(fs::read(&store).expect("the store") == before, "not a byte has changed");
    let log = fs::metadata(folder.path().join("copy.db-wal")).map_or(0, |log| log.len());
    assert_eq!(log, 0, "and nothing waits to be written to it");
}
