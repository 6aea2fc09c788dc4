//! The stand-in for Slack's API behaves like it.

use serde_json::{Value, json};

use crate::support::slack_api::{CHANNEL, Fault, SlackApi, TOKEN};

fn post(text: &str, key: &str, thread: Option<&str>) -> Value {
    let blocks = json!([{"type": "section", "text": {"type": "mrkdwn", "text": text}}]);
    let mut body = json!({"channel": CHANNEL, "text": text, "blocks": blocks, "metadata": {"event_type": "x", "event_payload": {"key": key}}});
    if let Some(thread) = thread {
        body["thread_ts"] = json!(thread);
    }
    body
}

async fn call(api: &SlackApi, method: &str, body: &Value) -> Result<Value, reqwest::Error> {
    let client = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
    client.post(format!("{}/{method}", api.url())).bearer_auth(TOKEN).json(body).send().await?.json().await
}

#[tokio::test]
async fn messages_are_kept_changed_found_and_deleted() {
    let api = SlackApi::start();
    let root = call(&api, "chat.postMessage", &post("one", "k1", None)).await.expect("an answer");
    let ts = root["ts"].as_str().expect("a time").to_owned();
    call(&api, "chat.postMessage", &post("two", "k2", Some(&ts))).await.expect("an answer");
    let mut changed = post("one, changed", "", None);
    changed["ts"] = json!(ts);
    assert_eq!(call(&api, "chat.update", &changed).await.expect("an answer")["ok"], true);
    let messages = api.messages();
    assert_eq!(
        (messages[0].text.as_str(), messages[0].first_text.as_str(), messages[0].edits),
        ("one, changed", "one", 1)
    );
    assert_eq!(messages[1].thread_ts.as_deref(), Some(ts.as_str()));
    let page = |method: &'static str, arguments: Value| {
        let api = &api;
        async move { call(api, method, &arguments).await.expect("an answer")["messages"].as_array().map_or(0, Vec::len) }
    };
    assert_eq!(page("conversations.history", json!({"channel": CHANNEL})).await, 1);
    assert_eq!(page("conversations.replies", json!({"channel": CHANNEL, "ts": ts})).await, 2);
    assert_eq!(page("conversations.history", json!({"channel": CHANNEL, "oldest": "9999999999"})).await, 0);
    api.delete(&ts);
    assert_eq!(call(&api, "chat.update", &changed).await.expect("an answer")["error"], "message_not_found");
    assert_eq!(
        call(&api, "chat.postMessage", &post("three", "k3", Some(&ts))).await.expect("an answer")["error"],
        "thread_not_found"
    );
}

#[tokio::test]
async fn what_is_accepted_is_counted_whatever_becomes_of_the_answer() {
    for (fault, kept, answered) in [
        (Fault::None, 1, true),
        (Fault::CloseBefore, 0, false),
        (Fault::CloseAfter, 1, false),
        (Fault::HalfAfter, 1, false),
        (Fault::Word("internal_error"), 0, true),
        (Fault::TooMany(7), 0, true),
    ] {
        let api = SlackApi::with_faults(vec![fault.clone()]);
        let answer = call(&api, "chat.postMessage", &post("one", "k1", None)).await;
        assert_eq!((api.copies().get("k1").copied().unwrap_or(0), answer.is_ok()), (kept, answered), "{fault:?}");
    }
}

#[tokio::test]
async fn what_slack_would_not_take_it_does_not_take() {
    let api = SlackApi::start();
    let section = |length: usize| json!({"type": "section", "text": {"type": "mrkdwn", "text": "x".repeat(length)}});
    for (blocks, word) in [
        (json!([section(3001)]), "invalid_blocks"),
        (Value::Array(vec![section(10); 51]), "invalid_blocks"),
        (Value::Array(vec![section(2900); 5]), "msg_blocks_too_long"),
        (json!([{"type": "header", "text": {"type": "plain_text", "text": "x".repeat(151)}}]), "invalid_blocks"),
    ] {
        let answer = call(&api, "chat.postMessage", &json!({"channel": CHANNEL, "text": "x", "blocks": blocks}))
            .await
            .expect("an answer");
        assert_eq!(answer["error"], word);
    }
    assert_eq!(
        call(&api, "chat.postMessage", &json!({"channel": "C9"})).await.expect("an answer")["error"],
        "channel_not_found"
    );
    assert!(api.messages().is_empty());
}
