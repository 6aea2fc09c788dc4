//! AWS rejects calls, closes connections or sends garbage: one line says what to do, it is sent once, and other sources
//! continue.

use std::fs;

use crate::support::program::{Output, monitor};
use crate::support::stack::aws_env;
use crate::support::webhook::{Reply, Webhook};
use crate::world::{World, ago};

const TABLES: &str = r#"
[watch.spend]
every = "6h"
read.cost_explorer = {}
[watch.backend]
every = "1m"
read.lambda_logs = { functions = ["backend-dev"] }
[alert.broken]
when.lambda_cause = { causes = ["oom"], within = "1h" }
tell = ["team"]
[receiver.team]
via.slack = { webhook = { env = "HOOK" } }
"#;

/// Runs one pass against an endpoint that answers as told, and gives what the receiver was told.
fn check(reply: Reply, expected: &[&str]) {
    let (aws, slack) = (Webhook::start(vec![reply]), Webhook::start(vec![Reply::status(200).body("ok")]));
    let output = once(&aws.url(), &slack, &[]);
    finds(&output, &slack, expected);
}

fn once(endpoint: &str, slack: &Webhook, more: &[(&str, &str)]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("alerts.toml"), TABLES).expect("the configuration");
    let run = || {
        monitor(folder.path())
            .args(["run", "--once"])
            .envs(aws_env(endpoint, &[]))
            .envs(more.iter().copied())
            .env("HOOK", format!("{}/secret-path", slack.url()))
            .run()
    };
    let first = run();
    let told = slack.requests().len();
    let second = run();
    assert_eq!((first.code, second.code), (Some(2), Some(2)), "{}", first.stderr);
    assert_eq!(slack.requests().len(), told, "what is still so is not told again");
    first
}

/// Both sources are told of, each for itself.
fn finds(output: &Output, slack: &Webhook, expected: &[&str]) {
    let told = told_once(output, slack, expected);
    assert!(told.contains("2 incidents: 2 warning"), "{told}");
    assert!(told.contains("watch.spend fails") && told.contains("watch.backend fails"), "{told}");
}

/// Both sources fail for one reason, and that is one incident that names both.
fn finds_one_cause(output: &Output, slack: &Webhook, expected: &[&str]) {
    let told = told_once(output, slack, expected);
    assert!(told.contains("the AWS credentials fail") && !told.contains("2 incidents"), "{told}");
    assert!(told.contains("watch.backend, watch.spend") && !told.contains("watch.spend fails"), "{told}");
}

fn told_once(output: &Output, slack: &Webhook, expected: &[&str]) -> String {
    let told: Vec<String> = slack.requests().iter().map(|request| request.body.clone()).collect();
    assert_eq!(told.len(), 1, "one message of both: {told:?}");
    for text in expected {
        assert!(output.stderr.contains(text), "`{text}` is not in:\n{}", output.stderr);
    }
    assert!(!output.stderr.contains("secret-path"), "{}", output.stderr);
    assert!(!output.stderr.contains("123456789012"), "account ids are masked: {}", output.stderr);
    told[0].clone()
}

fn refusal(code: &str, message: &str) -> Reply {
    Reply::status(400)
        .header("x-amzn-errortype", code)
        .header("content-type", "application/x-amz-json-1.1")
        .body(&format!("{{\"__type\":\"{code}\",\"message\":\"{message}\"}}"))
}

#[test]
fn a_missing_permission_is_named_with_its_call_and_its_resource() {
    check(
        refusal("AccessDeniedException", "User: arn:aws:iam::123456789012:user/x is not authorized to perform that"),
        &[
            "watch.spend: ce:GetCostAndUsage on the account's bill failed: AccessDeniedException",
            "allow ce:GetCostAndUsage for this identity",
            "logs:FilterLogEvents on /aws/lambda/backend-dev failed",
            "allow logs:FilterLogEvents",
        ],
    );
}

#[test]
fn cost_explorer_that_is_not_switched_on_is_told_as_such() {
    check(
        refusal("AccessDeniedException", "User not enabled for cost explorer access"),
        &["enable Cost Explorer in the Billing console"],
    );
}

#[test]
fn credentials_that_are_refused_are_not_taken_for_a_missing_permission() {
    let reply = refusal("UnrecognizedClientException", "The security token included in the request is invalid.");
    let (aws, slack) = (Webhook::start(vec![reply]), Webhook::start(vec![Reply::status(200).body("ok")]));
    let output = once(&aws.url(), &slack, &[]);
    finds_one_cause(&output, &slack, &["UnrecognizedClientException", "temporary keys need AWS_SESSION_TOKEN"]);
}

#[test]
fn an_answer_that_makes_no_sense_is_a_failure_and_not_a_zero() {
    check(
        Reply::status(200).header("content-type", "application/x-amz-json-1.1").body("<html>hello</html>"),
        &["unreadable response"],
    );
    check(Reply::status(404).body("<html>not here</html>"), &["unreadable response (HTTP 404)"]);
}

#[test]
fn an_endpoint_that_is_not_there_is_unreachable() {
    let slack = Webhook::start(vec![Reply::status(200).body("ok")]);
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|socket| socket.local_addr())
        .expect("a port nobody listens on");
    let output = once(&format!("http://{closed}"), &slack, &[]);
    finds(&output, &slack, &["the endpoint cannot be reached", "check the network, the region and AWS_ENDPOINT_URL"]);
}

#[test]
fn without_credentials_the_step_to_get_some_is_named() {
    let slack = Webhook::start(vec![Reply::status(200).body("ok")]);
    let output = once("http://127.0.0.1:9", &slack, &[("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")]);
    finds_one_cause(&output, &slack, &["no usable credentials", "aws sso login"]);
}

#[tokio::test]
async fn missing_credentials_are_one_incident_of_a_daemon_too_whichever_source_ends_its_poll_first() {
    let (folder, slack) = (tempfile::tempdir().expect("a folder"), Webhook::start(vec![Reply::status(200).body("ok")]));
    let watch = |name: &str, read: &str| format!("[watch.{name}]\nevery = \"1s\"\nread.{read}\n");
    let tables = [
        watch("map", "account = { kinds = [\"functions\"] }"),
        watch("charges", "estimated_charges = {}"),
        watch("backend", "lambda_logs = { functions = [\"f\"] }"),
        "[warm.f]\nevery = \"1s\"\nfunction = \"f\"\n".to_owned(),
        "[receiver.team]\ngroup_wait = \"0s\"\nvia.slack = { webhook = { env = \"HOOK\" } }\n".to_owned(),
    ];
    fs::write(folder.path().join("alerts.toml"), tables.concat()).expect("the configuration");
    let program = |args: &[&str]| {
        let without = [("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", "")];
        monitor(folder.path())
            .args(args)
            .envs(aws_env("http://127.0.0.1:9", &[]))
            .envs(without)
            .env("HOOK", format!("{}/x", slack.url()))
    };
    let running = program(&["run"]).spawn();
    slack.wait_for(1, crate::world::SOON).await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    let listed = program(&["incidents", "--open", "--format", "json"]).run();
    running.terminate();
    let output = tokio::task::spawn_blocking(|| running.wait(crate::world::SOON)).await.expect("the program");
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let value: serde_json::Value = serde_json::from_str(&listed.stdout).expect("JSON");
    let subjects: Vec<&str> =
        value["incidents"].as_array().expect("incidents").iter().filter_map(|one| one["subject"].as_str()).collect();
    assert_eq!(subjects, ["credentials"], "{value:#}");
}

#[test]
fn an_expired_sso_session_asks_for_a_new_login() {
    let slack = Webhook::start(vec![Reply::status(200).body("ok")]);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("config");
    fs::write(&file, "[profile work]\nsso_session = s\nsso_account_id = 111122223333\nsso_role_name = r\nregion = ap-northeast-2\n[sso-session s]\nsso_region = ap-northeast-2\nsso_start_url = https://example.awsapps.com/start\n").expect("the profile");
    let more = [
        ("AWS_ACCESS_KEY_ID", ""),
        ("AWS_SECRET_ACCESS_KEY", ""),
        ("AWS_PROFILE", "work"),
        ("AWS_CONFIG_FILE", file.to_str().expect("a path")),
    ];
    let output = once("http://127.0.0.1:9", &slack, &more);
    finds_one_cause(&output, &slack, &["the SSO session has expired", "run `aws sso login` for the profile"]);
}

#[test]
fn a_profile_that_is_named_in_the_configuration_is_meant_even_where_other_keys_stand_in_the_environment() {
    let aws = Webhook::start(vec![Reply::status(200).header("content-type", "application/x-amz-json-1.1").body("{}")]);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("credentials");
    fs::write(&file, "[work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = x\n").expect("the profile");
    fs::write(
        folder.path().join("alerts.toml"),
        format!("[aws]\nprofile = \"work\"\nregion = \"ap-northeast-2\"\n{TABLES}"),
    )
    .expect("the configuration");
    monitor(folder.path())
        .args(["run", "--once"])
        .envs(aws_env(&aws.url(), &[]))
        .env("AWS_SHARED_CREDENTIALS_FILE", &file)
        .env("HOOK", "http://127.0.0.1:9/x")
        .run();
    let signed = aws
        .requests()
        .iter()
        .map(|request| request.header("authorization").unwrap_or_default().to_owned())
        .collect::<Vec<_>>();
    assert!(!signed.is_empty() && signed.iter().all(|by| by.contains("Credential=AKIAWORK/")), "{signed:?}");
}

#[test]
fn commands_that_only_read_need_no_secret_and_no_store() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("alerts.toml"), TABLES).expect("the configuration");
    let run = |args: &[&str]| monitor(folder.path()).args(args).run();
    let status = run(&["status", "--format", "json"]);
    assert_eq!(status.code, Some(0), "{}", status.stderr);
    crate::support::schema::holds("docs/status.schema.json", &serde_json::from_str(&status.stdout).expect("JSON"));
    let report = run(&["report"]);
    assert!(
        report.code == Some(1)
            && report.stderr.contains("does not exist yet")
            && report.stderr.contains("`monitor run` creates it"),
        "{}",
        report.stderr
    );
    assert_eq!(run(&["check"]).code, Some(78), "a check is about the secrets too");
}

#[tokio::test]
async fn what_one_source_cannot_see_does_not_blind_the_others() {
    let world = World::new().await;
    world.configure(&TABLES.replace("[receiver.team]\nvia.slack = { webhook = { env = \"HOOK\" } }\n", ""));
    world.ministack.create_log_group("/aws/lambda/backend-dev").await;
    let oom = "REPORT RequestId: e11db634-ef8a-4258-9d46-0b5e878cd834\tDuration: 900.00 ms\tBilled Duration: 900 ms\tMemory Size: 128 MB\tMax Memory Used: 128 MB\tStatus: error\tError Type: Runtime.OutOfMemory";
    world.ministack.put_log_events("/aws/lambda/backend-dev", "s", &[(ago(10), oom)]).await;
    // ministack has no Cost Explorer: it answers 400 with a body of its own.
    let output = world.monitor(&["run", "--once"]).env("AWS_ENDPOINT_URL_COST_EXPLORER", world.ministack.url()).run();
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    let told: Vec<String> = world.slack.requests().iter().map(|request| request.body.clone()).collect();
    assert!(told.len() == 1 && told[0].contains("(oom)") && told[0].contains("watch.spend fails"), "{told:?}");

    world.moto.queue_cost_results(&[crate::world::answer(&[], None)]).await;
    let output = world.monitor(&["run", "--once"]).run();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(world.told().iter().any(|told| told.starts_with("[resolved] watch.spend")), "{:?}", world.told());
}
