//! The monitor watches itself: it sends heartbeats while it runs, and reports directly that its store cannot be
//! written.

use std::time::Duration;

use rusqlite::Connection;

use crate::scripted::{Scripted, minute};
use crate::support::program::monitor;
use crate::support::stack::aws_env;
use crate::support::webhook::{Reply, Webhook};
use crate::world::{SOON, said};

const TABLES: &str = "[alert.memory]\nwhen.lambda_cause = { causes = [\"oom\"], within = \"5m\" }\ntell = [\"team\"]
[receiver.team]\nvia.slack = { webhook = { env = \"HOOK\" } }\n";

fn ok() -> Reply {
    Reply::status(200).body("ok")
}

fn database(world: &Scripted) -> Connection {
    let database = Connection::open(world.store_path()).expect("the store");
    database.busy_timeout(Duration::from_secs(10)).expect("a time to wait");
    database
}

/// From now on no notification can be written, as on a disk that is full.
const FULL: &str =
    "CREATE TRIGGER full BEFORE INSERT ON notification BEGIN SELECT raise(ABORT, 'database or disk is full'); END";

#[tokio::test]
async fn the_heart_beats_while_the_loop_turns_and_not_while_the_store_cannot_be_written() {
    let (slack, heart) = (Webhook::start(vec![ok()]), Webhook::start(vec![ok(), Reply::status(500), ok()]));
    let tables = format!("heartbeat = {{ url = {{ env = \"HEART\" }}, every = \"1m\" }}\n{TABLES}");
    let mut world = Scripted::new(&tables, &[("shop", 12..300)])
        .secret("HOOK", &format!("{}/x", slack.url()))
        .secret("HEART", &format!("{}/ping/x", heart.url()));
    world.run_until(10).await;
    let beats = heart.requests();
    assert!((9..=11).contains(&beats.len()), "{} beats in ten minutes", beats.len());
    assert!(beats.iter().all(|beat| beat.method == "GET" && beat.path == "/ping/x"), "{beats:?}");

    database(&world).execute_batch(FULL).expect("a full disk");
    assert!(world.try_run(minute(40)).await.is_err(), "what could not be written is not forgotten silently");
    let before = heart.requests().len() - beats.len();
    assert!(before <= 4, "{before} beats, although nothing could be written from the twelfth minute on");
}

#[tokio::test]
async fn a_store_that_cannot_be_written_is_told_past_it_once_and_again_when_it_works() {
    let slack = Webhook::start(vec![ok()]);
    let mut world = Scripted::new(TABLES, &[("shop", 2..9000)]).secret("HOOK", &format!("{}/x", slack.url()));
    world.run_until(1).await;
    let database = database(&world);
    database.execute_batch(FULL).expect("a full disk");
    let mended = async {
        slack.wait_for(1, SOON).await;
        database.execute_batch("DROP TRIGGER full").expect("room on the disk");
    };
    tokio::join!(world.run(minute(10_000)), mended);
    let told: Vec<String> = slack.requests().iter().map(|request| said(&request.body)).collect();
    assert_eq!(told[..2], ["[critical] monitor cannot write its store", "[resolved] monitor cannot write its store"]);
    assert_eq!(
        told[2..],
        ["[warning] shop: it ran out of memory (oom)", "[resolved] shop: it ran out of memory (oom)"],
        "nothing else is lost"
    );
    assert!(slack.requests()[0].body.contains("database or disk is full"), "{}", slack.requests()[0].body);
}

#[test]
fn a_single_pass_beats_once_at_its_end() {
    let (slack, heart) = (Webhook::start(vec![ok()]), Webhook::start(vec![Reply::status(204)]));
    let folder = tempfile::TempDir::new().expect("a folder");
    let text = format!(
        "heartbeat = {{ url = \"{}/secret-key\" }}\n[watch.x]\nevery = \"1m\"\nread.lambda_logs = {{ functions = [\"f\"] }}\n{TABLES}",
        heart.url()
    );
    std::fs::write(folder.path().join("alerts.toml"), text).expect("the configuration");
    let output = monitor(folder.path())
        .args(["run", "--once"])
        .envs(aws_env("http://127.0.0.1:9", &[]))
        .env("HOOK", format!("{}/x", slack.url()))
        .run();
    assert_eq!((output.code, heart.requests().len()), (Some(2), 1), "{}", output.stderr);
    assert!(!output.stderr.contains("secret-key"), "{}", output.stderr);
}
