//! The configuration that comes with the program.

use std::fs;

use tempfile::TempDir;

use crate::support::program::monitor;
use crate::world::repository;

#[test]
fn the_default_configuration_is_valid_as_it_is() {
    let folder = TempDir::new().expect("a folder");
    fs::copy(repository("alerts.toml"), folder.path().join("alerts.toml")).expect("a copy");
    let output = monitor(folder.path()).args(["check"]).run();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
}

#[test]
fn every_commented_example_of_it_is_valid_too() {
    let folder = TempDir::new().expect("a folder");
    let text = fs::read_to_string(repository("alerts.toml")).expect("the file");
    // An example is a comment that is a table or a key; prose has no ` = ` right after its first word.
    let is_example = |line: &str| {
        line.starts_with('[')
            || line
                .split_once(" = ")
                .is_some_and(|(key, _)| key.chars().all(|c| c.is_ascii_lowercase() || "._".contains(c)))
    };
    let all: String = text
        .lines()
        .map(|line| line.strip_prefix("# ").filter(|rest| is_example(rest)).unwrap_or(line))
        .map(|line| format!("{line}\n"))
        .collect();
    assert!(
        ["me]\nvia.email", "channel]\nvia.slack_app", "system]\nvia.webhook"]
            .iter()
            .all(|receiver| all.contains(&format!("\n[receiver.{receiver}")))
            && all.contains("\n[warm.backend]\nevery"),
        "{all}"
    );
    fs::write(folder.path().join("all.toml"), all).expect("the file");
    let output = monitor(folder.path())
        .args(["check", "--config", "all.toml"])
        .env("SLACK_WEBHOOK_URL", "https://hooks.slack.com/services/T/B/x")
        .env("SLACK_BOT_TOKEN", "xoxb-x")
        .env("WEBHOOK_URL", "https://example.com/hook")
        .env("WEBHOOK_SECRET", "whsec_c2VjcmV0")
        .env("SMTP_PASSWORD", "x")
        .run();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
}

#[test]
fn without_a_configuration_the_places_are_named() {
    let folder = TempDir::new().expect("a folder");
    let output = monitor(folder.path()).args(["check"]).run();
    assert_eq!(output.code, Some(78));
    assert!(
        output.stderr.contains("looked for alerts.toml,") && output.stderr.contains("/etc/monitor/alerts.toml"),
        "{}",
        output.stderr
    );
}

#[test]
fn the_iam_policy_allows_exactly_the_calls_that_every_example_makes() {
    let text = fs::read_to_string(repository("alerts.toml"))
        .expect("the file")
        .replace("# [watch.metrics]", "[watch.metrics]")
        .replace("# every = \"5m\"", "every = \"5m\"")
        .replace("# read.lambda_metrics", "read.lambda_metrics")
        .replace("# [watch.things]\n# every = \"12h\"\n# read", "[watch.things]\nevery = \"12h\"\nread")
        .replace("# [watch.account]\n# every = \"15m\"\n# read", "[watch.account]\nevery = \"15m\"\nread")
        .replace("# [watch.exports]\n# every = \"6h\"\n# read", "[watch.exports]\nevery = \"6h\"\nread")
        .replace("# [watch.usage]\n# every = \"15m\"\n# read", "[watch.usage]\nevery = \"15m\"\nread");
    let environment = monitor::config::ConfigEnvironment::with(&[], "/".into());
    let config: monitor::app::MonitorConfig =
        monitor::config::parse(&text, &environment, crate::world::now()).expect("a valid configuration");
    let made =
        config.watches.iter().flat_map(|watch| watch.read.calls()).chain(source::WarmPing::CALLS.iter().copied());
    let made: std::collections::BTreeSet<&str> = made.collect();
    let policy: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(repository("deploy/iam-policy.json")).expect("the policy"))
            .expect("JSON");
    let allowed: std::collections::BTreeSet<&str> = policy["Statement"]
        .as_array()
        .expect("statements")
        .iter()
        .filter_map(|statement| statement["Action"].as_str())
        .collect();
    assert_eq!(allowed, made);
}

#[test]
fn every_cause_that_a_rule_can_ask_for_is_documented() {
    let docs = include_str!("../../docs/configuration.md");
    for (code, _) in lambda_log::diagnosis::Cause::ALL {
        assert!(docs.contains(&format!("| `{code}` | ")), "docs/configuration.md has no line for {code}");
    }
}
