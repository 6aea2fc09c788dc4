//! `monitor tail` over a real connection: to an emulator whose logs are written while it runs, and to one that answers
//! as told.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::program::{Output, Program, Running, binary, monitor};
use crate::support::schema;
use crate::support::stack::{Emulator, aws_env};
use crate::support::webhook::{Reply, Webhook};
use crate::world::{SOON, ago};

const A: &str = "11111111-1111-4111-8111-111111111111";
const B: &str = "22222222-2222-4222-8222-222222222222";
const C: &str = "33333333-3333-4333-8333-333333333333";
const D: &str = "44444444-4444-4444-8444-444444444444";

fn start(id: &str) -> String {
    format!("START RequestId: {id} Version: $LATEST")
}

fn report(id: &str, ms: u32) -> String {
    format!(
        "REPORT RequestId: {id}\tDuration: {ms}.00 ms\tBilled Duration: {ms} ms\tMemory Size: 256 MB\tMax Memory Used: 90 MB"
    )
}

fn error(id: &str) -> String {
    format!(
        "2026-03-01T12:00:00.000Z\t{id}\tERROR\tInvoke Error \t{{\"errorType\":\"TypeError\",\"errorMessage\":\"no such thing: password=hunter2\",\"stack\":[\"TypeError: no such thing\"]}}"
    )
}

fn tail(folder: &TempDir, endpoint: &str, args: &[&str]) -> Program {
    monitor(folder.path()).args(["tail"]).args(args).envs(aws_env(endpoint, &[]))
}

/// Asks it to end, and gives what it has said.
fn ended(running: Running) -> Output {
    running.terminate();
    let output = running.wait(SOON);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    output
}

/// Fills two groups while it runs, the second of which is not there at first: a cold invocation and a ping that are all
/// there, one whose figures come late, one whose error comes after its figures, and one in a group that appears later.
async fn follow(args: &[&str]) -> Output {
    let (aws, folder) = (Emulator::ministack().await, TempDir::new().expect("a folder"));
    let group = "/aws/lambda/shop-api";
    aws.create_log_group(group).await;
    aws.create_log_group("/aws/lambda/other").await;
    // All of it is so young that it is asked for again at each poll.
    let begin = ago(0);
    let before = |seconds: i64| begin - seconds * 1000;
    aws.put_log_events("/aws/lambda/other", "2026/03/01/[$LATEST]x", &[(before(8), &report(A, 1))]).await;
    let cold = format!("{}\tInit Duration: 1204.50 ms", report(B, 40));
    let b = [(before(9), "INIT_START Runtime Version: nodejs:22.v9"), (before(8), &start(B)), (before(6), &cold)];
    aws.put_log_events(group, "2026/03/01/[$LATEST]b", &b).await;
    aws.put_log_events(group, "2026/03/01/[$LATEST]a", &[(before(12), &start(A)), (before(11), &error(A))]).await;
    let failed = format!("{}\tStatus: error", report(C, 7));
    aws.put_log_events(group, "2026/03/01/[$LATEST]c", &[(before(10), &start(C)), (before(7), &failed)]).await;
    let ping = "[serverless-plugin-warmup] WarmUp - Lambda is warm!";
    aws.put_log_events(
        group,
        "2026/03/01/[$LATEST]d",
        &[(before(9), &start(D)), (before(9), ping), (before(9), &report(D, 2))],
    )
    .await;
    let still_runs = "55555555-5555-4555-8555-555555555555";
    aws.put_log_events(group, "2026/03/01/[$LATEST]e", &[(before(8), &start(still_runs))]).await;

    let mut running = tail(&folder, &aws.url(), &[&["shop-*"], args].concat()).spawn();
    running.wait_for_text(B_SHOWN, SOON);
    // Older than what has been read of the same stream.
    aws.put_log_events(group, "2026/03/01/[$LATEST]c", &[(before(8), &error(C))]).await;
    running.wait_for_text("app_exception", SOON);
    aws.put_log_events(group, "2026/03/01/[$LATEST]a", &[(before(5), &report(A, 1500))]).await;
    running.wait_for_text("1500", SOON);
    aws.create_log_group("/aws/lambda/shop-worker").await;
    let oom = "RequestId: 66666666-6666-4666-8666-666666666666 Error: Runtime exited with error: signal: killed\nRuntime.ExitError";
    let last = "REPORT RequestId: 66666666-6666-4666-8666-666666666666\tDuration: 900.00 ms\tBilled Duration: 900 ms\tMemory Size: 128 MB\tMax Memory Used: 128 MB";
    aws.put_log_events("/aws/lambda/shop-worker", "2026/03/01/[$LATEST]w", &[(before(5), oom), (before(5), last)])
        .await;
    running.wait_for_text("shop-worker", SOON * 2);
    ended(running)
}

/// The start-up of the cold one, in either form.
const B_SHOWN: &str = "1204";

#[tokio::test]
async fn each_invocation_has_one_line_with_its_figures_and_its_cause_whatever_comes_late() {
    let said = follow(&["--since", "1h"]).await;
    let lines: Vec<&str> = said.stdout.lines().collect();
    let line = |text: &str| -> &str {
        let found: Vec<&&str> = lines.iter().filter(|line| line.contains(text)).collect();
        assert_eq!(found.len(), 1, "{text}: {}", said.stdout);
        found[0]
    };
    assert_eq!(lines.len(), 5, "{}", said.stdout);
    assert!(
        line("40 ms").contains("shop-api  ") && line("40 ms").contains(" UTC  ") && line("40 ms").contains("ok"),
        "{}",
        said.stdout
    );
    assert!(line("40 ms").ends_with("90/256 MB  COLD 1204 ms, waited 1244 ms"), "{}", said.stdout);
    assert!(line("  2 ms").ends_with("ping"), "{}", said.stdout);
    for figures in ["1500 ms", "  7 ms"] {
        assert!(
            line(figures).contains("ERROR") && line(figures).contains("app_exception: the application fails | "),
            "{}",
            said.stdout
        );
        assert!(line(figures).contains("[secret]") && !line(figures).contains("hunter2"), "{}", said.stdout);
    }
    assert!(line("shop-worker").contains("128/128 MB  oom: "), "{}", said.stdout);
    assert!(!said.stdout.contains('\u{1b}') && said.stderr.is_empty(), "{said:?}");
}

#[tokio::test]
async fn the_same_as_json_is_an_object_a_line_that_follows_its_schema() {
    let said = follow(&["--format", "json"]).await;
    let mut lines: Vec<Value> = said.stdout.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    lines.iter().for_each(|line| schema::holds("docs/tail.schema.json", line));
    lines.sort_by_key(|line| line["duration_ms"].as_f64().map(|ms| ms as u64));
    let short: Vec<Value> = lines
        .iter()
        .map(|line| {
            json!([line["function"], line["outcome"], line["duration_ms"], line["cold"], line["ping"], line["cause"]])
        })
        .collect();
    assert_eq!(
        short,
        [
            json!(["shop-api", "success", 2.0, false, true, null]),
            json!(["shop-api", "error", 7.0, false, false, "app_exception"]),
            json!(["shop-api", "success", 40.0, true, false, null]),
            json!(["shop-worker", "error", 900.0, false, false, "oom"]),
            json!(["shop-api", "error", 1500.0, false, false, "app_exception"]),
        ],
        "{}",
        said.stdout
    );
    let (cold, late) = (&lines[2], &lines[4]);
    assert_eq!(
        (&cold["request_id"], &cold["init_ms"], &cold["waited_ms"], &cold["max_memory_mb"]),
        (&json!(B), &json!(1204.5), &json!(1244.5), &json!(90.0)),
        "{cold:#}"
    );
    assert!(
        late["stream"] == "2026/03/01/[$LATEST]a"
            && late["confidence"] == "proved"
            && late["evidence"][0].as_str().is_some_and(|line| line.contains("[secret]")),
        "{late:#}"
    );
}

#[tokio::test]
async fn a_function_that_does_not_exist_is_named_with_those_that_do() {
    let (aws, folder) = (Emulator::ministack().await, TempDir::new().expect("a folder"));
    for name in ["shop-api", "shop-worker", "zebra"] {
        aws.create_log_group(&format!("/aws/lambda/{name}")).await;
    }
    let output = tail(&folder, &aws.url(), &["/aws/lambda/shop-apo", "zebra"]).run();
    assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{}", output.stderr);
    assert!(
        output.stderr.contains("there is no function `shop-apo` in ap-northeast-2")
            && output.stderr.contains("nearest: shop-api, shop-worker"),
        "{}",
        output.stderr
    );
}

#[tokio::test]
async fn it_ends_when_its_reader_goes_away_also_while_there_is_nothing_to_write() {
    let (aws, folder) = (Emulator::ministack().await, TempDir::new().expect("a folder"));
    aws.create_log_group("/aws/lambda/shop-api").await;
    aws.put_log_events("/aws/lambda/shop-api", "s", &[(ago(30), &report(A, 12))]).await;
    let script =
        format!("{{ '{}' tail shop-api --format json; echo \"ended with $?\" >&2; }} | head -n 1", binary().display());
    let output = Program::new("sh", folder.path()).args(["-c", &script]).envs(aws_env(&aws.url(), &[])).run();
    assert!(output.stdout.contains(A) && output.stderr == "ended with 0\n", "{output:?}");
}

fn refusal(code: &str) -> Reply {
    let body = json!({"__type": code, "message": "no"}).to_string();
    Reply::status(400).header("x-amzn-errortype", code).header("content-type", "application/x-amz-json-1.1").body(&body)
}

fn events(lines: &[(&str, &str)]) -> Reply {
    let event =
        |(id, line): &(&str, &str)| json!({"logStreamName": "s", "timestamp": ago(60), "message": line, "eventId": id});
    let body = json!({"events": lines.iter().map(event).collect::<Vec<_>>(), "searchedLogStreams": []}).to_string();
    Reply::status(200).header("content-type", "application/x-amz-json-1.1").body(&body)
}

/// What it says when it can read nothing from the start.
fn check(reply: Reply, args: &[&str], unset: &[&str], expected: &[&str]) {
    let (aws, folder) = (Webhook::start(vec![reply]), TempDir::new().expect("a folder"));
    let set = aws_env(&aws.url(), &[]).into_iter().filter(|(name, _)| !unset.contains(&name.as_str()));
    let output = monitor(folder.path()).args(["tail"]).args(args).envs(set).run();
    assert_eq!(
        (output.code, output.stdout.as_str(), output.stderr.lines().count()),
        (Some(1), "", 1),
        "{}",
        output.stderr
    );
    for text in expected {
        assert!(output.stderr.contains(text), "`{text}` is not in:\n{}", output.stderr);
    }
}

#[test]
fn what_forbids_everything_from_the_start_ends_it_with_the_step_that_helps() {
    check(
        refusal("AccessDeniedException"),
        &["shop-api", "other"],
        &[],
        &["logs:FilterLogEvents on /aws/lambda/", "allow logs:FilterLogEvents for this identity"],
    );
    check(refusal("AccessDeniedException"), &["shop-*"], &[], &["allow logs:DescribeLogGroups for this identity"]);
    check(
        refusal("x"),
        &["shop-api"],
        &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"],
        &["no usable credentials", "AWS_PROFILE"],
    );
    check(refusal("x"), &["shop-api"], &["AWS_REGION"], &["no region is set", "AWS_REGION"]);
    check(
        refusal("UnrecognizedClientException"),
        &["shop-api"],
        &[],
        &["UnrecognizedClientException", "renew the credentials"],
    );
}

#[tokio::test]
async fn expired_credentials_and_throttling_are_told_once_and_it_goes_on_with_new_ones() {
    let folder = TempDir::new().expect("a folder");
    let (credentials, tables) = (folder.path().join("credentials"), folder.path().join("alerts.toml"));
    let key = |id: &str| {
        fs::write(&credentials, format!("[work]\naws_access_key_id = {id}\naws_secret_access_key = x\n"))
            .expect("the profile");
    };
    key("AKIAOLD");
    // What the configuration says of AWS and of time is in force.
    fs::write(&tables, "timezone = \"Asia/Seoul\"\n[aws]\nprofile = \"work\"\nregion = \"ap-northeast-2\"\n[receiver.me]\nvia.stdout = {}\n")
        .expect("the tables");
    let (first, second, third) = (report(A, 11), report(B, 22), report(C, 33));
    let expired = || refusal("ExpiredTokenException");
    let throttled = || refusal("ThrottlingException");
    let first_page = || events(&[("1", &first)]);
    // There is no log of Lambda@Edge.
    let no_groups = || Reply::status(200).body("{\"logGroups\": []}");
    let replies = vec![
        no_groups(),
        first_page(),
        expired(),
        expired(),
        events(&[("2", &second)]),
        no_groups(),
        throttled(),
        throttled(),
        throttled(),
        throttled(),
        throttled(),
        events(&[("3", &third)]),
    ];
    let nothing = Reply::status(200).body("{\"Functions\": []}");
    let aws = Webhook::start_beside("/2015-03-31/functions", nothing, replies);
    let mut running = tail(&folder, &aws.url(), &["shop-api"]).env("AWS_SHARED_CREDENTIALS_FILE", &credentials).spawn();
    running.wait_for_text("ExpiredToken", SOON);
    key("AKIANEW");
    running.wait_for_text("33 ms", SOON * 2);
    let output = ended(running);
    let signed = aws
        .requests()
        .iter()
        .any(|request| request.header("authorization").is_some_and(|by| by.contains("Credential=AKIANEW/")));
    assert!(signed, "the new key is never used");
    let shown: Vec<&str> = output
        .stdout
        .lines()
        .filter_map(|line| line.split("  ").find(|part| part.ends_with(" ms")))
        .map(str::trim)
        .collect();
    assert_eq!(shown, ["11 ms", "22 ms", "33 ms"], "{}", output.stdout);
    assert!(output.stdout.lines().all(|line| line.contains(" KST ")), "{}", output.stdout);
    for (text, times) in [("ExpiredTokenException", 1), ("ThrottlingException", 1), ("logs are readable again", 1)] {
        assert_eq!(output.stderr.matches(text).count(), times, "{text}: {}", output.stderr);
    }
}

#[test]
fn a_command_line_without_sense_is_refused() {
    let folder = TempDir::new().expect("a folder");
    for (args, expected) in [
        (&[][..], "<FUNCTION>"),
        (&["f", "--since", "5"], "a length of time such as"),
        (&["[a"], "not a valid pattern"),
        (&[""], "a name or a pattern"),
    ] {
        let output = tail(&folder, "http://127.0.0.1:9", args).run();
        assert!(output.code == Some(64) && output.stderr.contains(expected), "{args:?}: {}", output.stderr);
    }
    // A mistake in the configuration is told as everywhere else.
    fs::write(folder.path().join("alerts.toml"), "timezone = 7\n").expect("the tables");
    assert_eq!(tail(&folder, "http://127.0.0.1:9", &["f"]).run().code, Some(78));
}
