//! `monitor warm`: traces of both shapes, what is refused, and plans from a store.

use std::fs;
use std::path::Path;

use account::map::MapKind;
use alerting::observation::{Observation, ObservationBody, PingOutcome, PingResult};
use alerting::signs::{LivenessKind, LivenessRun};
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use lambda_log::tally::{InvocationCounts, MemoryUse};
use serde_json::Value;
use store::{Commit, Durability, Store};
use tempfile::TempDir;

use crate::support::program::{Output, monitor};
use crate::support::schema;

/// Functions that are called once, or a dozen times at once, every so many minutes.
fn days() -> String {
    let mut text = String::from("id,total,nonzero_minutes,minutes\n");
    for (id, step, at_once) in [("rare", 20, 1), ("often", 1, 2), ("bursts", 60, 12)] {
        let minutes: Vec<String> = (0..1_440 / step).map(|index| format!("{}:{at_once}", index * step)).collect();
        text.push_str(&format!("{id},{},{},{}\n", minutes.len() * at_once, minutes.len(), minutes.join(" ")));
    }
    text
}

/// A function whose environment is kept for 10 min: calls come 1 to 20 min apart, twelve hours long.
fn run_of_one_function() -> String {
    let mut text = String::from("is_cold,exist_id,start_time,end_time,client_start_time\n");
    let (mut at, mut environment, mut pause) = (1_589_587_970_000_i64, 0, 0);
    for index in 0..120 {
        let cold = pause > 600;
        environment += i32::from(cold);
        text.push_str(&format!(
            "{},e{environment},{at},{},{}.5\n",
            if cold { "True" } else { "False" },
            at + 900,
            at / 1_000
        ));
        pause = 60 + index * 577 % 1_140;
        at += pause * 1_000 + 900;
    }
    text
}

fn run(folder: &Path, args: &[&str]) -> Output {
    monitor(folder).args(["warm"]).args(args).run()
}

fn json(output: &Output) -> Value {
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""));
    serde_json::from_str(&output.stdout).expect("JSON")
}

fn traces() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("days.csv"), days()).expect("a trace");
    fs::write(folder.path().join("run.csv"), run_of_one_function()).expect("a trace");
    folder
}

#[test]
fn every_policy_is_simulated_and_the_same_seed_gives_the_same() {
    let folder = traces();
    let simulate = |policy: &str, more: &[&str]| {
        let args = ["simulate", "--trace", "days.csv", "--policy", policy, "--format", "json"];
        run(folder.path(), &[&args[..], more].concat())
    };
    for policy in
        ["none", "fixed:2x5m", "skip:10m", "histogram", "handover:10m@60m/2", "provisioned:2", "clairvoyant", "auto"]
    {
        let output = simulate(policy, &["--seed", "7"]);
        let value = json(&output);
        schema::holds("docs/warm_simulate.schema.json", &value);
        assert_eq!(output.stdout, simulate(policy, &["--seed", "7"]).stdout, "{policy}");
        assert_eq!((&value["policy"], &value["functions"]), (&policy.into(), &3.into()));
        let cold: u64 =
            value["each"].as_array().expect("functions").iter().map(|one| one["cold"].as_u64().expect("a count")).sum();
        let causes: u64 =
            value["causes"].as_object().expect("causes").values().map(|count| count.as_u64().expect("a count")).sum();
        assert_eq!(cold, causes, "{policy}");
    }
    let none = json(&simulate("none", &[]));
    assert_eq!(
        (&none["each"][0]["cold"], &none["pings_per_day"], &none["usd_per_month"]),
        (&72.into(), &0.0.into(), &0.into())
    );
    let auto = json(&simulate("auto", &["--regime", "2021"]));
    assert!(auto["each"][0]["cold"].as_u64().expect("a count") < 5, "{auto:#}");
    assert!(json(&simulate("provisioned:1", &[]))["usd_per_month"].as_f64().expect("a number") > 10.0);
}

#[test]
fn a_measured_run_is_learned_from_and_replayed() {
    let folder = traces();
    let learned = json(&run(folder.path(), &["learn", "--trace", "run.csv", "--format", "json"]));
    schema::holds("docs/warm_learn.schema.json", &learned);
    let (low, high) =
        (learned["idle_s"]["low"].as_f64().expect("low"), learned["idle_s"]["high"].as_f64().expect("high"));
    assert!(low <= 600.0 && high >= 600.0 && high - low < 75.0 && learned["calls"] == 120, "{learned:#}");
    assert_eq!(learned["age_s"]["low"], Value::Null);
    let args = ["simulate", "--trace", "run.csv", "--policy", "none", "--regime", "learn", "--format", "json"];
    let replayed = json(&run(folder.path(), &args));
    let one = &replayed["each"][0];
    let apart = one["cold"].as_i64().expect("a count") - one["measured_cold"].as_i64().expect("a count");
    assert!(apart.abs() <= 3 && one["id"] == "run", "{one}");
    let said = run(folder.path(), &["learn", "--trace", "run.csv"]).stdout;
    assert!(said.contains("Idle timeout        between") && said.contains("unknown: no environment"), "{said}");
}

#[test]
fn what_is_no_trace_or_no_policy_is_named_with_what_to_do() {
    let folder = traces();
    fs::write(folder.path().join("hole.csv"), "id,total,nonzero_minutes,minutes\na,9,2,0 1\n").expect("a file");
    fs::write(folder.path().join("bytes.csv"), [0x1f_u8, 0x8b, 0x08, 0x00]).expect("a file");
    let simulate =
        |trace, policy, more: &[&'static str]| [&["simulate", "--trace", trace, "--policy", policy], more].concat();
    for (args, code, words) in [
        (simulate("no.csv", "none", &[]), 1, "cannot read no.csv: No such file"),
        (simulate(".", "none", &[]), 1, "it is a folder; name one file"),
        (simulate("bytes.csv", "none", &[]), 1, "the file is incomplete"),
        (simulate("hole.csv", "auto", &[]), 1, "cannot use hole.csv: line 2: it says `9` calls and lists 2"),
        (simulate("days.csv", "warm", &[]), 64, "there is no policy `warm`; policies are none, fixed:5m"),
        (simulate("days.csv", "fixed:0m", &[]), 64, "`0m` is no length of time from 1s to 24h"),
        (simulate("days.csv", "none", &["--target", "1"]), 64, "a share from"),
        (simulate("days.csv", "none", &["--regime", "2022"]), 64, "invalid value '2022'"),
        (simulate("days.csv", "none", &["--regime", "learn"]), 1, "it does not say which environment answered"),
        (vec!["learn", "--trace", "days.csv"], 1, "give a trace with a line for each call"),
    ] {
        let output = run(folder.path(), &args);
        assert_eq!(output.code, Some(code), "{args:?} {}", output.stderr);
        assert!(output.stderr.contains(words) && output.stdout.is_empty(), "{args:?} {}", output.stderr);
    }
}

fn counts(minute: DateTime<Utc>, function: &str, invocations: u64) -> Observation {
    let counts = InvocationCounts {
        function: function.to_owned(),
        invocations,
        cold: 1,
        cold_waited: 1,
        // Calls in a burst take long, so that they overlap.
        duration_ms: if invocations > 10 { 10_000 } else { 200 } * invocations,
        memory: Some(MemoryUse { used_mb: 90, size_mb: 512 }),
        ..InvocationCounts::default()
    };
    Observation {
        at: minute,
        seen: minute + TimeDelta::minutes(1),
        source: "watch.logs".to_owned(),
        what: ObservationBody::Tally(counts),
    }
}

fn ping(at: DateTime<Utc>, function: &str, startup_unfinished: bool) -> Observation {
    let ping = PingResult {
        function: function.to_owned(),
        outcome: if startup_unfinished { PingOutcome::TimedOut } else { PingOutcome::Warm },
        cause: None,
        startup_unfinished,
        duration_ms: Some(3),
        billed_ms: Some(4),
        memory_mb: Some(512),
        usd: Some("0.0000002333".parse().expect("an amount")),
        evidence: vec![],
    };
    Observation { at, seen: at, source: "warm.f".to_owned(), what: ObservationBody::Ping(ping) }
}

/// What `read.account` keeps of an account in which Zappa's rule keeps `rare` warm.
fn account_map() -> Vec<(String, String, String)> {
    let arn = |name: &str| format!("arn:aws:lambda:us-east-1:111122223333:function:{name}");
    let kind = |kind: MapKind, resource: Value| {
        let snapshot = serde_json::json!({"kind": kind, "region": "us-east-1", "resources": [resource]});
        let stored = serde_json::json!({"form": 1, "snapshot": snapshot});
        ("watch.account".to_owned(), kind.word().to_owned(), stored.to_string())
    };
    let rule = "backend-zappa-keep-warm-handler.keep_warm_callback";
    vec![
        kind(MapKind::Function, serde_json::json!({"id": "rare", "arn": arn("rare"), "settings": {}})),
        kind(
            MapKind::EventRule,
            serde_json::json!({"id": rule, "settings": {"state": "ENABLED", "schedule": "rate(4 minutes)"}}),
        ),
        kind(
            MapKind::RuleTarget,
            serde_json::json!({"id": "t", "of": rule, "settings": {"target": format!("{}:live", arn("rare"))}}),
        ),
    ]
}

/// A store of three days: `rare` is called every 20 min and pinged every hour, `bursts` twenty times at once every
/// hour, `stuck` times out in start-up, `gaps` was read half of the time, `new` for an hour.
async fn stored(folder: &Path) {
    let now = Utc::now().duration_trunc(TimeDelta::minutes(1)).expect("a minute");
    let from = now - TimeDelta::days(3);
    let mut observations = Vec::new();
    for minute in (0..3 * 1_440).step_by(20) {
        let at = from + TimeDelta::minutes(minute);
        let is_pinged = minute % 60 == 0;
        observations.push(counts(at, "rare", if is_pinged { 2 } else { 1 }));
        observations.extend(is_pinged.then(|| ping(at, "rare", false)));
        observations.extend(is_pinged.then(|| counts(at, "bursts", 20)));
        observations.extend((minute % 60 == 0).then(|| counts(at, "stuck", 1)));
        observations.extend((minute % 60 == 0).then(|| ping(at, "stuck", true)));
        observations.push(counts(at, "gaps", 1));
    }
    observations.push(counts(now - TimeDelta::minutes(30), "new", 5));
    let read = |function: &str, since, until| LivenessRun {
        source: "watch.logs".to_owned(),
        kind: LivenessKind::Read,
        function: function.to_owned(),
        since,
        until,
        failure: None,
    };
    let mut signs: Vec<LivenessRun> = ["rare", "bursts", "stuck", "uncalled"].map(|name| read(name, from, now)).into();
    signs.push(read("gaps", from, from + TimeDelta::hours(36)));
    signs.push(read("new", now - TimeDelta::hours(1), now));
    let store = Store::open(&folder.join("monitor.db"), Durability::None).await.expect("a store");
    let cursors = account_map();
    store.commit(&Commit { observations, signs, cursors, ..Commit::default() }).await.expect("a commit");
    store.close().await;
}

#[tokio::test]
async fn a_plan_is_made_from_what_the_daemon_has_read() {
    let folder = TempDir::new().expect("a folder");
    let config = "[aws]\nregion = \"us-east-1\"\n[store]\npath = \"monitor.db\"\n\
                  [watch.account]\nevery = \"1h\"\nread.account = {}\n[receiver.me]\nvia.stdout = {}\n\
                  [report]\ncurrency = { code = \"KRW\", per_usd = \"1450\" }\n";
    fs::write(folder.path().join("alerts.toml"), config).expect("a configuration");
    stored(folder.path()).await;
    let plan = |function: &str| json(&run(folder.path(), &["plan", function, "--format", "json"]));
    let rare = plan("rare");
    schema::holds("docs/warm_plan.schema.json", &rare);
    assert_eq!(
        (&rare["calls"], &rare["pings"]["count"], &rare["pings"]["usd"]),
        (&216.into(), &72.into(), &"0.0000167976".into())
    );
    assert_eq!(rare["break_even_utilization"], "0.6");
    let warmer = &rare["other_warmers"][0];
    assert_eq!((&warmer["function"], &warmer["every_minutes"]), (&"rare:live".into(), &4.into()), "{rare:#}");
    let said = run(folder.path(), &["plan", "rare"]).stdout;
    assert!(said.contains("The rule `backend-zappa-keep-warm-handler.keep_warm_callback` calls rare:live"), "{said}");
    let of = |name: &str| -> Value {
        let all = rare["alternatives"].as_array().expect("alternatives");
        all.iter().find(|one| one["name"] == name).expect("an alternative").clone()
    };
    assert_eq!((&of("nothing")["cold"], &of("nothing")["usd_per_month"]), (&216.into(), &"0".into()));
    assert_eq!(of("provisioned concurrency 1")["cold"], 0);
    assert!(of("pings, 1 environment, hand-over")["cold"].as_u64().expect("a count") < 10);
    let pinged = of("every = \"5m\", concurrency = 2")["pings_per_day"].as_f64().expect("a number");
    assert!((575.0..578.0).contains(&pinged), "{pinged}");
    // 216 calls are too few to be sure of 1 %.
    assert_eq!((&rare["plan"], rare["likely"].is_string()), (&Value::Null, true));
    assert!(rare["why"].as_str().expect("words").contains("are too few to be sure of 1 %"), "{rare:#}");
    let bursts = plan("bursts");
    assert_eq!((&bursts["plan"], &bursts["likely"]), (&Value::Null, &Value::Null));
    let sum: u64 =
        bursts["causes"].as_object().expect("causes").values().map(|part| part.as_u64().expect("a part")).sum();
    assert!(sum == 100 && bursts["causes"]["overlap"].as_u64() > Some(90), "{bursts:#}");
    let said = run(folder.path(), &["plan", "bursts"]).stdout;
    assert!(said.contains("No pings keep 1 %") && said.contains("KRW") && said.contains("L-B99A9384"), "{said}");
    for (function, words) in [
        ("stuck", "pings cannot help before start-up is mended"),
        ("gaps", "its log was read for only "),
        ("new", "its log has been read for less than a day"),
        ("uncalled", "it was not called in that time"),
        ("other", "its log has not been read; watch it with read.lambda_logs"),
    ] {
        let output = run(folder.path(), &["plan", function]);
        assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{function}");
        assert!(output.stderr.contains(words), "{function}: {}", output.stderr);
    }
}
