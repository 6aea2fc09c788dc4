//! Both emulators start, take what a test prepares, and end.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::support::stack::{Emulator, aws_env};

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970");
    i64::try_from(since.as_millis()).expect("a time before the year 292278994")
}

/// The messages of a log group, as its readers get them.
async fn messages(emulator: &Emulator, group: &str) -> Vec<String> {
    let filter = "Logs_20140328.FilterLogEvents";
    let found = emulator.try_call("logs", filter, &json!({"logGroupName": group})).await;
    let found = found.expect("FilterLogEvents");
    let events = found["events"].as_array().expect("events");
    events.iter().map(|event| event["message"].as_str().expect("a message").to_owned()).collect()
}

async fn costs(moto: &Emulator, body: &Value) -> Value {
    let action = "AWSInsightsIndexService.GetCostAndUsage";
    moto.try_call("ce", action, body).await.expect("GetCostAndUsage")
}

#[tokio::test]
async fn both_take_log_events() {
    for emulator in [Emulator::moto().await, Emulator::ministack().await] {
        let now = now_ms();
        emulator.create_log_group("/aws/lambda/a").await;
        emulator.put_log_events("/aws/lambda/a", "one", &[(now - 2, "first")]).await;
        emulator.put_log_events("/aws/lambda/a", "one", &[(now - 1, "second")]).await;
        assert_eq!(messages(&emulator, "/aws/lambda/a").await, ["first", "second"]);
    }
}

#[tokio::test]
async fn moto_answers_each_new_cost_question_with_the_next_result() {
    let moto = Emulator::moto().await;
    moto.queue_cost_results(&[json!({"NextPageToken": "2"}), json!({"last": true})]).await;
    let (first, second) = (json!({}), json!({"NextPageToken": "2"}));
    for _ in 0..2 {
        assert_eq!(costs(&moto, &first).await, json!({"NextPageToken": "2"}));
    }
    assert_eq!(costs(&moto, &second).await, json!({"last": true}));

    moto.reset_moto().await;
    let nothing = json!({"ResultsByTime": [], "DimensionValueAttributes": []});
    assert_eq!(costs(&moto, &first).await, nothing);
}

#[tokio::test]
async fn ministack_runs_a_function_and_writes_its_log() {
    let ministack = Emulator::ministack().await;
    let source = "def handler(event, context):\n    print('at work')\n    return event\n";
    ministack.create_function("worker", source, 3, 256).await;
    let invocations = "/2015-03-31/functions/worker/invocations";
    let payload = json!({"n": 1});
    ministack.post_plain(invocations, &payload).await;

    let log = messages(&ministack, "/aws/lambda/worker").await;
    assert!(log[0].starts_with("START RequestId: "), "{log:?}");
    assert_eq!(log[1], "at work");
    assert!(log[3].contains("Memory Size: 256 MB"), "{log:?}");
}

#[tokio::test]
async fn an_emulator_ends_with_its_value() {
    let moto = Emulator::moto().await;
    let address = moto.url().replace("http://", "");
    drop(moto);
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn the_environment_names_single_services() {
    let env = aws_env("http://main", &[("COST_EXPLORER", "http://moto")]);
    let value = |name: &str| env.iter().find(|(other, _)| other == name).map(|(_, v)| v.as_str());
    assert_eq!(value("AWS_ENDPOINT_URL"), Some("http://main"));
    assert_eq!(value("AWS_ENDPOINT_URL_COST_EXPLORER"), Some("http://moto"));
    assert_eq!(value("AWS_REGION"), Some("ap-northeast-2"));
}
