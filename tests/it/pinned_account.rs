//! `account` under `[aws]`: credentials of another account make no call.

use std::net::TcpListener;

use tempfile::TempDir;

use crate::support::program::{Program, monitor};
use crate::support::stack::aws_env;
use crate::support::webhook::{Reply, Webhook};
use crate::world::SOON;

const TABLES: &str = "[aws]\naccount = \"111122223333\"\nregion = \"ap-northeast-2\"\n\
    [watch.spend]\nevery = \"6h\"\nread.cost_explorer = {}\n\
    [watch.logs]\nevery = \"1m\"\nread.lambda_logs = { functions = [\"shop\"] }\n\
    [watch.map]\nevery = \"1h\"\nread.account = { kinds = [\"functions\"] }\n\
    [warm.shop]\nevery = \"2m\"\nfunction = \"shop\"\n\
    [receiver.team]\ngroup_wait = \"0s\"\nvia.slack = { webhook = { env = \"HOOK\" } }\n";

fn identity(account: &str) -> Reply {
    Reply::status(200).header("content-type", "text/xml").body(&format!(
        "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Arn>arn:aws:iam::{account}:user/soyoung</Arn><UserId>A</UserId><Account>{account}</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    ))
}

fn folder() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("alerts.toml"), TABLES).expect("the configuration");
    folder
}

fn program(folder: &TempDir, endpoint: &str, args: &[&str]) -> Program {
    monitor(folder.path()).args(args).envs(aws_env(endpoint, &[])).env("HOOK", "http://127.0.0.1:9/x")
}

#[test]
fn credentials_of_another_account_are_refused_by_every_command_before_any_other_call() {
    let folder = folder();
    for args in [
        &["run"][..],
        &["run", "--once"],
        &["check", "--live"],
        &["tail", "shop"],
        &["doctor", "shop"],
        &["billing", "backfill", "--yes"],
    ] {
        let aws = Webhook::start(vec![identity("444455556666")]);
        let output = program(&folder, &aws.url(), args).run();
        assert_eq!(output.code, Some(78), "{args:?}: {}", output.stderr);
        for part in [
            "is 111122223333",
            "account 444455556666 (arn:aws:iam::444455556666:user/soyoung)",
            "from the environment (AWS_ACCESS_KEY_ID)",
        ] {
            assert!(output.stderr.contains(part), "{args:?}: `{part}` is not in:\n{}", output.stderr);
        }
        let asked: Vec<String> = aws.requests().into_iter().map(|request| request.body).collect();
        assert!(asked.len() == 1 && asked[0].contains("Action=GetCallerIdentity"), "{args:?}: {asked:?}");
    }
    let keys = folder.path().join("credentials");
    std::fs::write(&keys, "[work]\naws_access_key_id = AKIAWORK\naws_secret_access_key = x\n").expect("the profile");
    let aws = Webhook::start(vec![identity("444455556666")]);
    let output = program(&folder, &aws.url(), &["run", "--once"])
        .envs([("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", ""), ("AWS_PROFILE", "work")])
        .env("AWS_SHARED_CREDENTIALS_FILE", &keys)
        .run();
    assert!(output.code == Some(78) && output.stderr.contains("from the profile work"), "{}", output.stderr);
}

#[tokio::test]
async fn what_could_not_be_asked_at_the_start_is_asked_before_the_first_call() {
    let folder = folder();
    // The first question is not answered, nor are its repetitions.
    let aws =
        Webhook::start(vec![Reply::status(503), Reply::status(503), Reply::status(503), identity("444455556666")]);
    let slack = Webhook::start(vec![Reply::status(200).body("ok")]);
    let running = program(&folder, &aws.url(), &["run"]).env("HOOK", slack.url()).spawn();
    let told = slack.wait_for(1, SOON).await;
    assert!(told[0].body.contains("belong to another account"), "{}", told[0].body);
    running.terminate();
    let output = tokio::task::spawn_blocking(|| running.wait(SOON)).await.expect("the program");
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let asked: Vec<String> = aws.requests().into_iter().map(|request| request.body).collect();
    assert!(asked.iter().all(|body| body.contains("Action=GetCallerIdentity")), "no other call: {asked:?}");
}

#[test]
fn an_account_that_is_the_right_one_is_asked_as_usual() {
    let folder = folder();
    let aws = Webhook::start(vec![identity("111122223333")]);
    let output = program(&folder, &aws.url(), &["run", "--once"]).run();
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    let others = aws.requests().iter().filter(|request| !request.body.contains("GetCallerIdentity")).count();
    assert!(others > 0, "{}", output.stderr);
}

#[test]
fn a_network_that_is_down_is_told_as_such_and_not_as_missing_credentials() {
    let folder = folder();
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a free port");
    let output = program(&folder, &format!("http://{closed}"), &["run", "--once"]).run();
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    assert!(output.stderr.contains("will be asked again before the first call"), "{}", output.stderr);
    assert!(output.stderr.contains("the endpoint cannot be reached"), "{}", output.stderr);
    assert!(!output.stderr.contains("no usable credentials"), "{}", output.stderr);
}
