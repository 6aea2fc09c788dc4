//! The commands beside the real daemon.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::program::monitor;
use crate::support::schema;
use crate::support::stack::aws_env;
use crate::support::webhook::{Reply, Webhook};
use crate::world::SOON;

/// Three sources that cannot be reached, of which the receiver is reminded every second.
fn three_blind_sources(folder: &Path) {
    let watch =
        |name: &str| format!("[watch.{name}]\nevery = \"1s\"\nread.lambda_logs = {{ functions = [\"{name}\"] }}\n");
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
        all.into_iter()
            .map(|one| (one["subject"].as_str().unwrap_or_default().to_owned(), one))
            .collect::<BTreeMap<String, Value>>()
    };
    let running = program(&["run"]).spawn();
    let mut heard = slack.wait_for(4, SOON).await.len();
    let open = incidents();
    assert_eq!(open.len(), 3, "{open:#?}");
    command(&["ack", open["source:watch.acked"]["id"].as_str().expect("an id")]);
    let said = command(&["silence", "add", "--subject", "source:watch.silenced", "--for", "1h", "--reason", "deploy"]);
    assert!(said.contains("It covers an open incident:") && said.contains("watch.silenced fails"), "{said}");
    // What was decided before may still be on its way; what comes later goes on for the loud one only.
    heard = slack.wait_for(heard + 4, SOON).await.len();
    for request in slack.wait_for(heard + 2, SOON).await.split_off(heard) {
        let says = |what: &str| request.body.contains(what);
        assert!(says("watch.loud") && !says("watch.acked") && !says("watch.silenced"), "{}", request.body);
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

#[test]
fn names_cannot_move_the_cursor() {
    let folder = TempDir::new().expect("a folder");
    let tables = "[watch.a]\nevery = \"1m\"\nread.lambda_logs = { functions = [\"a\"] }\n[alert.\"bl\\u001b[2Jind\"]\nwhen.source_failing = {}\ntell = [\"te\\u001b[1Aam\\u009b\"]\n[receiver.\"te\\u001b[1Aam\\u009b\"]\nvia.slack = { webhook = { env = \"HOOK\" } }\n";
    fs::write(folder.path().join("alerts.toml"), tables).expect("the configuration");
    let run = |args: &[&str]| {
        monitor(folder.path())
            .args(args)
            .envs(aws_env("http://127.0.0.1:9", &[]))
            .env("HOOK", "http://127.0.0.1:9/x")
            .env("USER", "j\u{1b}in")
            .run()
    };
    assert_eq!(run(&["run", "--once"]).code, Some(2));
    let all: Value = serde_json::from_str(&run(&["incidents", "--format", "json"]).stdout).expect("JSON");
    let id = all["incidents"][0]["id"].as_str().expect("an id");
    for args in [
        vec!["ack", id, "--note", "\u{1b}[2J"],
        vec!["silence", "add", "--all", "--for", "1h", "--reason", "a\u{1b}\nb"],
        vec!["silence", "add", "--rule", "\u{1b}c", "--for", "1h", "--reason", "r"],
        vec!["silence", "list"],
        vec!["incidents"],
        vec!["incidents", id],
        vec!["outbox"],
        vec!["status"],
    ] {
        let output = run(&args);
        assert_eq!(output.code, Some(0), "{args:?}: {}", output.stderr);
        let moves = |text: &str| text.chars().any(|c| c.is_control() && c != '\n');
        assert!(!moves(&output.stdout) && !moves(&output.stderr), "{args:?}: {:?}{:?}", output.stdout, output.stderr);
    }
}
