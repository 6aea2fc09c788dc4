//! The daemon as a process: stopped, killed, started twice.

use std::fs;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::support::program::{Program, Running, monitor};
use crate::support::stack::aws_env;
use crate::support::webhook::{Reply, Webhook};
use crate::world::{SOON, said};

/// A daemon whose only source cannot be reached, so that it has one thing to tell.
fn daemon(folder: &TempDir, slack: &Webhook, command: &[&str]) -> Program {
    let tables = "[watch.backend]\nevery = \"1s\"\nread.lambda_logs = { functions = [\"f\"] }\n[receiver.team]\nvia.slack = { webhook = { env = \"HOOK\" } }\n";
    fs::write(folder.path().join("alerts.toml"), tables).expect("the configuration");
    monitor(folder.path())
        .args(command)
        .envs(aws_env("http://127.0.0.1:9", &[]))
        .env("HOOK", format!("{}/x", slack.url()))
}

fn folder() -> TempDir {
    TempDir::new().expect("a folder")
}

async fn stop(running: Running) {
    let asked = Instant::now();
    running.terminate();
    let output = tokio::task::spawn_blocking(|| running.wait(SOON)).await.expect("the program");
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(asked.elapsed() < Duration::from_secs(10), "it took {:?}", asked.elapsed());
}

#[tokio::test]
async fn a_stopped_daemon_ends_well_and_its_store_belongs_to_one_at_a_time() {
    let (folder, slack) = (folder(), Webhook::start(vec![Reply::status(200).body("ok")]));
    let health = || daemon(&folder, &slack, &["status", "--health"]).run().code;
    assert_eq!(health(), Some(1));
    let first = daemon(&folder, &slack, &["run"]).spawn();
    slack.wait_for(1, SOON).await;
    assert_eq!(health(), Some(0));

    let second = daemon(&folder, &slack, &["run"]).run();
    assert_eq!(second.code, Some(75));
    assert!(
        second.stderr.contains("another monitor (process ") && second.stderr.contains("monitor.db"),
        "{}",
        second.stderr
    );
    let status = daemon(&folder, &slack, &["status"]).run();
    assert!(
        status.stdout.contains("A daemon is running.") && status.stdout.contains("watch.backend fails"),
        "{}",
        status.stdout
    );

    stop(first).await;
    assert_eq!(health(), Some(1));
}

#[tokio::test]
async fn a_daemon_ends_in_time_even_while_a_receiver_hangs() {
    let (folder, slack) = (folder(), Webhook::start(vec![Reply::Hang]));
    let running = daemon(&folder, &slack, &["run"]).spawn();
    slack.wait_for(1, SOON).await;
    stop(running).await;
}

#[tokio::test]
async fn after_kill_9_the_next_start_goes_on_where_it_was() {
    let (folder, slack) = (folder(), Webhook::start(vec![Reply::status(500), Reply::status(200).body("ok")]));
    let mut first = daemon(&folder, &slack, &["run"]).spawn();
    slack.wait_for(1, SOON).await;
    first.kill9();
    first.wait(SOON);

    let second = daemon(&folder, &slack, &["run"]).spawn();
    let requests = slack.wait_for(2, SOON).await;
    assert!(said(&requests[1].body).starts_with("[warning] watch.backend fails"), "{}", requests[1].body);
    stop(second).await;
    let third = daemon(&folder, &slack, &["run", "--once"]).run();
    assert_eq!(third.code, Some(2));
    assert_eq!(slack.requests().len(), 2, "it has been told");
}

#[tokio::test]
async fn a_message_that_was_under_way_at_kill_9_is_marked_as_a_possible_repeat() {
    let (folder, slack) = (folder(), Webhook::start(vec![Reply::Hang, Reply::status(200).body("ok")]));
    let mut first = daemon(&folder, &slack, &["run"]).spawn();
    slack.wait_for(1, SOON).await;
    first.kill9();
    first.wait(SOON);
    daemon(&folder, &slack, &["run", "--once"]).run();
    let requests = slack.requests();
    assert_eq!(requests.len(), 2);
    assert!(
        !requests[0].body.contains("possible repeat") && requests[1].body.contains("possible repeat"),
        "{}",
        requests[1].body
    );
}
