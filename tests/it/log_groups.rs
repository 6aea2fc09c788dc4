//! Functions whose logs are in groups of other names than theirs, in an emulated account that was filled from outside.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::program::Output;
use crate::support::webhook::{Reply, Webhook};
use crate::world::{SOON, World, ago, now};

const TABLES: &str = "[watch.logs]\nevery = \"1m\"\nread.lambda_logs = { functions = [\"*\"] }\n";
const OWN: &str = "/prod/billing-logs";
const SHARED: &str = "shared-logs";

fn report(number: usize, ms: u32) -> String {
    format!(
        "REPORT RequestId: 11111111-1111-4111-8111-{number:012}\tDuration: {ms}.00 ms\tBilled Duration: {ms} ms\tMemory Size: 128 MB\tMax Memory Used: 60 MB"
    )
}

/// A function with a group of its own name, one with a group of another name, and two that share one, to which
/// something else writes too. Each has logged another number of invocations.
async fn fill(world: &World) {
    let aws = &world.ministack;
    aws.create_function_that_logs_to("billing", OWN).await;
    aws.create_function_that_logs_to("api", SHARED).await;
    aws.create_function_that_logs_to("worker", SHARED).await;
    let stream = |name: &str| format!("2026/11/22/{name}[$LATEST][60cefc4c4d174d898e4dbb301f9f10ef]");
    let logs = [
        ("/aws/lambda/plain", "2026/11/22/[$LATEST]60cefc4c".to_owned(), 1),
        (OWN, stream("billing"), 2),
        (SHARED, stream("api"), 3),
        (SHARED, stream("worker"), 4),
        (SHARED, "i-0123456789abcdef0".to_owned(), 5),
    ];
    for group in ["/aws/lambda/plain", OWN, SHARED] {
        aws.create_log_group(group).await;
    }
    for (group, stream, count) in logs {
        let lines: Vec<String> = (0..count).map(|number| report(number, 10)).collect();
        let events: Vec<(i64, &str)> = lines.iter().map(|line| (ago(60), line.as_str())).collect();
        aws.put_log_events(group, &stream, &events).await;
    }
}

/// One pass, which answers, and the invocations of each function so far.
fn counted(world: &World, more: &[(&str, &str)]) -> (Vec<(String, u64)>, Output) {
    let output = world.monitor(&["run", "--once"]).envs(more.iter().copied()).run();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let report = world.report(&now().format("%Y-%m").to_string());
    let lines = report["lambda"].as_array().cloned().unwrap_or_default();
    let count = |line: &Value| {
        (line["function"].as_str().unwrap_or_default().to_owned(), line["invocations"].as_u64().unwrap_or(0))
    };
    let mut counts: Vec<(String, u64)> = lines.iter().map(count).collect();
    counts.sort();
    (counts, output)
}

fn counts(all: &[(&str, u64)]) -> Vec<(String, u64)> {
    all.iter().map(|(function, count)| ((*function).to_owned(), *count)).collect()
}

/// Follows until there is a line of each of these functions, and counts all lines by function.
fn tailed(world: &World, names: &[&str], functions: &[(&str, u64)]) -> Vec<(String, u64)> {
    let mut running = world.monitor(&[&["tail"], names, &["--since", "1h", "--format", "json"]].concat()).spawn();
    functions.iter().for_each(|(name, _)| running.wait_for_text(&format!("\"function\":\"{name}\""), SOON));
    running.terminate();
    let output = running.wait(SOON);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for line in output.stdout.lines() {
        let line: Value = serde_json::from_str(line).expect("JSON");
        *counts.entry(line["function"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    counts.into_iter().collect()
}

#[tokio::test]
async fn functions_whose_group_has_another_name_are_read_each_for_itself() {
    let world = World::new().await;
    world.configure(TABLES);
    fill(&world).await;
    let all = [("api", 3), ("billing", 2), ("plain", 1), ("worker", 4)];
    let (first, output) = counted(&world, &[]);
    assert_eq!(first, counts(&all));
    assert!(
        output.stderr.contains("shared-logs has streams that name no function; they are skipped (5 events"),
        "{}",
        output.stderr
    );
    assert_eq!(counted(&world, &[]).0, counts(&all), "what was read is not counted again");

    let check = world.monitor(&["check", "--live"]).run();
    for text in ["lambda:ListFunctions: answered", "the patterns match api, billing, plain, worker", OWN, SHARED] {
        assert!(check.stdout.contains(text), "{text}: {}", check.stdout);
    }

    for (names, expected) in [
        (&["*"][..], &all[..]),
        (&["worker", "bill*"], &[("billing", 2), ("worker", 4)]),
        (&[OWN], &[("billing", 2)]),
        // No function has that name.
        (&[SHARED], &[("api", 3), ("worker", 4)]),
    ] {
        assert_eq!(tailed(&world, names, expected), counts(expected), "{names:?}");
    }
}

#[tokio::test]
async fn without_the_right_to_list_functions_a_warning_names_it_and_the_others_are_read() {
    let world = World::new().await;
    world.configure(TABLES);
    fill(&world).await;
    let denied = Reply::status(403)
        .header("x-amzn-errortype", "AccessDeniedException")
        .body("{\"Message\": \"User: x is not authorized to perform: lambda:ListFunctions\"}");
    let lambda = Webhook::start(vec![denied]);
    let without = [("AWS_ENDPOINT_URL_LAMBDA", lambda.url())];
    let without: Vec<(&str, &str)> = without.iter().map(|(name, url)| (*name, url.as_str())).collect();
    let (plain, output) = counted(&world, &without);
    assert_eq!(plain, counts(&[("plain", 1)]));
    assert_eq!(output.stderr.matches("allow lambda:ListFunctions for this identity").count(), 1, "{}", output.stderr);
    assert!(world.told().is_empty(), "it is no incident: {:?}", world.told());

    let check = |format: &str| {
        let check = world.monitor(&["check", "--live", "--format", format]).envs(without.iter().copied()).run();
        assert_eq!(check.code, Some(0), "{}", check.stdout);
        check.stdout
    };
    let text = check("text");
    assert!(text.lines().any(|line| line.starts_with("warn   lambda:ListFunctions: ")), "{text}");
    let looks: Value = serde_json::from_str(&check("json")).expect("JSON");
    crate::support::schema::holds("docs/check.schema.json", &looks);
    let warnings: Vec<&Value> =
        looks["looks"].as_array().unwrap().iter().filter(|look| look["warning"] == true).collect();
    assert!(warnings.len() == 1 && warnings[0]["what"] == "lambda:ListFunctions", "{looks:#}");
}

#[tokio::test]
async fn a_group_of_a_class_that_cannot_be_read_is_found_by_a_check() {
    let world = World::new().await;
    world.configure(TABLES);
    let cheap = json!({"logGroupName": "/prod/cheap", "logGroupClass": "INFREQUENT_ACCESS"});
    world.ministack.try_call("logs", "Logs_20140328.CreateLogGroup", &cheap).await.expect("a log group");
    world.ministack.create_function_that_logs_to("cheap", "/prod/cheap").await;
    let check = world.monitor(&["check", "--live"]).run();
    assert_eq!(check.code, Some(2), "{}", check.stdout);
    let failed: Vec<&str> = check.stdout.lines().filter(|line| line.starts_with("FAILED")).collect();
    assert_eq!(failed.len(), 1, "{}", check.stdout);
    for text in ["logs:FilterLogEvents on /prod/cheap failed: its class is INFREQUENT_ACCESS", "LoggingConfig"] {
        assert!(failed[0].contains(text), "{text}: {}", check.stdout);
    }
}
