//! What `monitor check` says of rules that can never hold.

use serde_json::Value;
use tempfile::TempDir;

use crate::support::program::monitor;
use crate::support::schema;
use crate::support::stack::aws_env;

/// Checks a configuration with one rule, and expects this warning of it; none if it is empty.
fn check(watches: &str, when: &str, expected: &str) {
    let folder = TempDir::new().expect("a folder");
    let rule = format!("[alert.x]\nwhen.{when}\ntell = [\"me\"]\n[receiver.me]\nvia.stdout = {{}}\n");
    std::fs::write(folder.path().join("alerts.toml"), format!("{watches}\n{rule}")).expect("the configuration");
    let output =
        monitor(folder.path()).args(["check", "--format", "json"]).envs(aws_env("http://127.0.0.1:9", &[])).run();
    assert_eq!(output.code, Some(0), "{when}: {}{}", output.stdout, output.stderr);
    let document: Value = serde_json::from_str(&output.stdout).expect("JSON");
    schema::holds("docs/check.schema.json", &document);
    let looks = document["looks"].as_array().expect("looks");
    let said: Vec<&str> =
        looks.iter().filter(|look| look["warning"] == true).filter_map(|look| look["said"].as_str()).collect();
    match (said.as_slice(), expected) {
        ([], "") => {}
        ([one], expected) if !expected.is_empty() => {
            let kind = when.split(' ').next().expect("a kind");
            assert!(one.starts_with(&format!("`when.{kind}` can never hold: ")) && one.contains(expected), "{one}");
        }
        _ => panic!("{watches} {when}: {said:?}"),
    }
}

fn watch(read: &str) -> String {
    format!("[watch.x]\nevery = \"1h\"\nread.{read}\n")
}

#[test]
fn a_rule_that_nothing_feeds_is_warned_of() {
    let costs = watch("cost_explorer = {}");
    let (logs, logs_of) = (
        watch("lambda_logs = { functions = [\"shop-*\"] }"),
        watch("lambda_logs = { functions = [\"shop\", \"cart\"] }"),
    );
    let endpoint = watch("endpoint = { url = \"https://dev.example.com/health\" }");
    let plain = watch("endpoint = { url = \"http://dev.example.com/\" }");
    let warm = "[warm.x]\nevery = \"5m\"\nfunction = \"shop\"\n";
    for kind in ["endpoint_down", "chain_changed", "certificate"] {
        check(&costs, &format!("{kind} = {{}}"), "no watch has `read.endpoint`");
        check(&endpoint, &format!("{kind} = {{}}"), "");
    }
    check(&costs, "slow = { above = \"1s\" }", "no watch has `read.endpoint`");
    check(&endpoint, "slow = { above = \"4s\" }", "");
    check(&endpoint, "slow = { above = \"5s\" }", "a page is waited for 5 s");
    check(&endpoint, "endpoint_down = { url = \"https://prod.*\" }", "is watched (https://dev.example.com/health)");
    check(&plain, "certificate = {}", "each is `http://`");
    check(&watch("cost_explorer = { usage_types = false }"), "new_region = {}", "`usage_types`");
    check(&costs, "new_region = {}", "");
    check(&endpoint, "cost_jump = {}", "no watch has `read.cost_explorer` or `read.focus_export`");
    check(&watch("usage_estimate = { functions = [\"*\"] }"), "cost_above = { usd = \"1\" }", "");
    check(&costs, "free_tier_above = {}", "no watch has `read.usage_estimate`");
    check(&costs, "lambda_cause = { causes = [\"oom\"] }", "no watch has `read.lambda_logs`");
    check(&logs, "lambda_cause = { causes = [\"oom\"], functions = [\"other\"] }", "");
    check(
        &logs_of,
        "lambda_cause = { causes = [\"oom\"], functions = [\"other\"] }",
        "nothing of what it covers is watched (shop, cart)",
    );
    check(&logs_of, "lambda_cause = { causes = [\"oom\"], functions = [\"ca*\"] }", "");
    check(&logs, "metric_above = { metric = \"Errors\", above = 1 }", "no watch has `read.lambda_metrics`");
    check(&logs, "ping_failing = {}", "there is no [warm.<name>]");
    check(warm, "ping_failing = {}", "");
    check(&costs, "idle_resource = {}", "no watch has `read.inventory`");
    let volumes = watch("inventory = { kinds = [\"volumes\"] }");
    check(&volumes, "idle_resource = { kinds = [\"nat_gateways\"] }", "nothing of what it covers is read (volume)");
    check(&volumes, "idle_resource = { kinds = [\"volumes\"] }", "");
    check(&costs, "changed = {}", "no watch has `read.account`");
}
