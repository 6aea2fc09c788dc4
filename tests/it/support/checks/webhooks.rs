//! The webhook receiver keeps to its script.

use std::time::Duration;

use crate::support::webhook::{Reply, Webhook};

const LIMIT: Duration = Duration::from_secs(5);

#[tokio::test]
async fn replies_come_in_order_and_the_last_repeats() {
    let busy = Reply::status(429).header("Retry-After", "7");
    let webhook = Webhook::start(vec![busy, Reply::status(200).body("ok")]);
    let client = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
    let url = format!("{}/hook?a=1", webhook.url());
    let mut answers = Vec::new();
    for n in 0..3 {
        let post = client.post(&url).header("X-Number", n).body(format!("body {n}"));
        answers.push(post.send().await.expect("an answer"));
    }
    assert_eq!(answers[0].status(), 429);
    assert_eq!(answers[0].headers()["retry-after"], "7");
    assert_eq!(answers[1].status(), 200);
    assert_eq!(answers.remove(2).text().await.expect("a text"), "ok");

    let requests = webhook.wait_for(3, LIMIT).await;
    assert_eq!(requests.len(), 3);
    assert_eq!((requests[1].method.as_str(), requests[1].path.as_str()), ("POST", "/hook?a=1"));
    assert_eq!(requests[1].header("x-number"), Some("1"));
    assert_eq!(requests[1].body, "body 1");
}

#[tokio::test]
async fn a_request_may_get_no_answer() {
    let webhook = Webhook::start(vec![Reply::Close, Reply::Hang]);
    let patience = Duration::from_millis(300);
    let client = reqwest::Client::builder().no_proxy().timeout(patience).build();
    let client = client.expect("an HTTP client");
    let closed = client.post(webhook.url()).send().await.expect_err("a closed connection");
    assert!(!closed.is_timeout(), "{closed:?}");
    let hung = client.post(webhook.url()).send().await.expect_err("no answer");
    assert!(hung.is_timeout(), "{hung:?}");
    assert_eq!(webhook.requests().len(), 2);
}
