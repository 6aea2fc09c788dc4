//! Events as Lambda hands them over: which of them are what, and what is answered.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::IntoResponse;
use axum::routing::{any, get};
use onestep_api::http::deadline::{Deadline, within_deadline};
use onestep_api::jobs::{JobOutcome, JobRequest, JobRunner};
use onestep_api::lambda::Function;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::Instant;

mod emulated;
mod events;

use events::{function_url, rest, v2};

const MINUTE: Duration = Duration::from_secs(60);

/// JobRunner that only say what they were asked for, and how much time they got.
struct Noted(mpsc::UnboundedSender<(JobRequest, Duration)>);

#[async_trait]
impl JobRunner for Noted {
    async fn run(&self, order: &JobRequest, until: Instant) -> Result<JobOutcome, String> {
        let time = until.saturating_duration_since(Instant::now());
        self.0.send((order.clone(), time)).map_err(|error| error.to_string())?;
        Ok(JobOutcome {
            job: "noted".to_owned(),
            left: u64::from(time < Duration::from_secs(5)),
            ..JobOutcome::default()
        })
    }
}

/// Tells what reached it.
async fn echo(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let heard: Vec<String> = headers.get_all("x-word").iter().map(|value| value.to_str().unwrap().to_owned()).collect();
    let cookie = headers.get(header::COOKIE).map(|value| value.to_str().unwrap().to_owned());
    let body = String::from_utf8_lossy(&body).into_owned();
    let mut answer = HeaderMap::new();
    answer.insert("x-one", HeaderValue::from_static("1"));
    answer.append("x-two", HeaderValue::from_static("a"));
    answer.append("x-two", HeaderValue::from_static("b"));
    answer.append(header::SET_COOKIE, HeaderValue::from_static("c=1"));
    answer.append(header::SET_COOKIE, HeaderValue::from_static("d=2"));
    let seen =
        json!({"method": method.as_str(), "uri": uri.to_string(), "words": heard, "cookie": cookie, "body": body});
    (StatusCode::CREATED, answer, axum::Json(seen))
}

async fn time_left(request: Request) -> String {
    request.extensions().get::<Deadline>().unwrap().left().as_millis().to_string()
}

/// A function with routes that tell what reached them, and the orders that its jobs get.
fn function() -> (Function, mpsc::UnboundedReceiver<(JobRequest, Duration)>) {
    let (orders, seen) = mpsc::unbounded_channel();
    let router = Router::new()
        .route("/left", get(time_left))
        .route("/never", get(async |State(()): State<()>| std::future::pending::<()>().await))
        .route("/binary", get(async || Bytes::from_static(b"\xff\x00\xfe")))
        .route("/silent", get(async || StatusCode::NO_CONTENT))
        .fallback(any(echo))
        .layer(axum::middleware::from_fn(within_deadline));
    (Function::new(router, Arc::new(Noted(orders)), "2026/11/23/[$LATEST]9d3c"), seen)
}

async fn answer(event: &Value) -> Value {
    serde_json::to_value(function().0.answer(&event.to_string(), MINUTE).await.unwrap()).unwrap()
}

/// What reached the router.
async fn seen(event: &Value) -> Value {
    let answer = answer(event).await;
    assert_eq!(answer["statusCode"], 201, "{event} {answer}");
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_ping_is_answered_at_once_and_tells_which_environment_it_found() {
    let (function, _) = function();
    let start = Instant::now();
    let mut answers = Vec::new();
    for event in [r#"{"warmer":true}"#, r#"{"unknown":1}"#, r#"{"source":"serverless-plugin-warmup"}"#] {
        let answer = function.answer(event, MINUTE).await.unwrap();
        answers.push(serde_json::to_value(answer).unwrap());
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    let told = |answer: &Value| {
        (answer["new"].clone(), answer["served"].clone(), answer["held_ms"].clone(), answer["environment"].clone())
    };
    assert_eq!(told(&answers[0]), (json!(true), json!(1), json!(0), json!("2026/11/23/[$LATEST]9d3c")));
    assert_eq!(answers[1], json!({"ignored": true}));
    assert_eq!(told(&answers[2]), (json!(false), json!(3), json!(0), json!("2026/11/23/[$LATEST]9d3c")));
    assert!(answers[0]["version"].as_str().unwrap().starts_with(|first: char| first.is_ascii_digit()));
}

#[tokio::test(start_paused = true)]
async fn pings_that_are_to_find_several_environments_are_held_but_never_to_the_end() {
    for (concurrency, remaining, held) in
        [(1, 60_000, 0), (2, 60_000, 79), (20, 60_000, 115), (500, 60_000, 250), (500, 300, 150), (500, 0, 0)]
    {
        let start = Instant::now();
        let event = json!({"warmer": true, "concurrency": concurrency}).to_string();
        let answer =
            serde_json::to_value(function().0.answer(&event, Duration::from_millis(remaining)).await.unwrap()).unwrap();
        assert_eq!(
            (start.elapsed().as_millis(), &answer["held_ms"], &answer["concurrency"]),
            (held, &json!(held), &json!(concurrency))
        );
    }
}

#[tokio::test]
async fn the_path_reaches_the_router_without_the_stage_however_the_event_has_it() {
    for (event, path) in [
        // REST: the default endpoint, where only the context has the stage; a test event, where the path has it; a
        // custom domain.
        (rest("dev", "/todos/todo/", "/dev/todos/todo/"), "/todos/todo/"),
        (rest("dev", "/dev/todos/todo/", "/dev/todos/todo/"), "/todos/todo/"),
        (rest("dev", "/todos/todo/", "/todos/todo/"), "/todos/todo/"),
        (rest("dev", "/dev", "/dev"), "/"),
        (rest("dev", "/", "/dev/"), "/"),
        // A stage that is called as a route is.
        (rest("todos", "/todos/todo/", "/todos/todos/todo/"), "/todos/todo/"),
        // A segment that only begins as the stage does.
        (rest("dev", "/devices/", "/devices/"), "/devices/"),
        (v2("dev", "/dev/todos/todo/", ""), "/todos/todo/"),
        (v2("$default", "/todos/todo/", ""), "/todos/todo/"),
        (v2("dev", "/todos/todo/", ""), "/todos/todo/"),
        (function_url("/todos/todo/"), "/todos/todo/"),
        // What a URI cannot hold is escaped, and what is escaped stays so.
        (function_url("/할 일/?"), "/%ED%95%A0%20%EC%9D%BC/%3F"),
        (function_url("/a%2Fb"), "/a%2Fb"),
        (function_url(""), "/"),
        (function_url("no-slash"), "/no-slash"),
        (function_url("//evil.example/"), "//evil.example/"),
    ] {
        assert_eq!(seen(&event).await["uri"], path, "{event}");
    }
}

#[tokio::test]
async fn queries_arrive_with_all_their_values() {
    let mut single = rest("dev", "/t/", "/dev/t/");
    single["queryStringParameters"] = json!({"start_date": "2026-11-23", "q": "할 일&더"});
    assert_eq!(seen(&single).await["uri"], "/t/?q=%ED%95%A0+%EC%9D%BC%26%EB%8D%94&start_date=2026-11-23");
    single["multiValueQueryStringParameters"] = json!({"id": ["1", "2"], "q": ["a b"], "none": null});
    assert_eq!(seen(&single).await["uri"], "/t/?id=1&id=2&q=a+b");
    assert_eq!(
        seen(&v2("$default", "/t/", "todo_id=7&todo_id=8&q=%ED%95%A0%20x")).await["uri"],
        "/t/?todo_id=7&todo_id=8&q=%ED%95%A0%20x"
    );
}

#[tokio::test]
async fn headers_cookies_and_bodies_arrive_as_they_were_sent() {
    let mut event = rest("dev", "/t/", "/dev/t/");
    event["httpMethod"] = json!("DELETE");
    event["headers"] = json!({"x-word": "last"});
    event["body"] = json!(r#"{"todoId":1,"content":"물 🐾"}"#);
    let heard = seen(&event).await;
    assert_eq!(
        (&heard["method"], &heard["words"], &heard["body"]),
        (&json!("DELETE"), &json!(["last"]), &event["body"])
    );
    event["multiValueHeaders"] =
        json!({"X-Word": ["first", "last"], "bad name": ["x"], "bad-value": ["a\nb"], "none": null});
    event["body"] = json!("eyJhIjoi7ZWcIn0=");
    event["isBase64Encoded"] = json!(true);
    let heard = seen(&event).await;
    assert_eq!((&heard["words"], &heard["body"]), (&json!(["first", "last"]), &json!(r#"{"a":"한"}"#)));

    let mut event = function_url("/t/");
    event["requestContext"]["http"]["method"] = json!("PATCH");
    event["headers"] = json!({"x-word": "a,b"});
    event["cookies"] = json!(["c=1", "d=2"]);
    let heard = seen(&event).await;
    assert_eq!(
        (&heard["method"], &heard["words"], &heard["cookie"], &heard["body"]),
        (&json!("PATCH"), &json!(["a,b"]), &json!("c=1; d=2"), &json!(""))
    );
}

#[tokio::test]
async fn answers_have_the_form_of_the_gateway_that_asks() {
    let old = answer(&rest("dev", "/t/", "/dev/t/")).await;
    assert_eq!(old["multiValueHeaders"]["x-two"], json!(["a", "b"]));
    assert_eq!(old["multiValueHeaders"]["set-cookie"], json!(["c=1", "d=2"]));
    assert_eq!(
        (&old["multiValueHeaders"]["content-type"], &old["isBase64Encoded"]),
        (&json!(["application/json"]), &json!(false))
    );
    assert_eq!((old.get("headers"), old.get("cookies")), (None, None));
    for event in [v2("$default", "/t/", ""), function_url("/t/")] {
        let new = answer(&event).await;
        assert_eq!(
            (&new["headers"]["x-two"], &new["cookies"], new["headers"].get("set-cookie")),
            (&json!("a, b"), &json!(["c=1", "d=2"]), None)
        );
        assert_eq!(new.get("multiValueHeaders"), None);
    }
    let binary = answer(&function_url("/binary")).await;
    assert_eq!((&binary["body"], &binary["isBase64Encoded"]), (&json!("/wD+"), &json!(true)));
    let silent = answer(&rest("dev", "/silent", "/dev/silent")).await;
    assert_eq!((&silent["statusCode"], &silent["body"]), (&json!(204), &json!("")));
}

#[tokio::test]
async fn a_request_that_cannot_be_read_is_refused_in_json() {
    let mut body = rest("dev", "/t/", "/dev/t/");
    body["body"] = json!("no base64!");
    body["isBase64Encoded"] = json!(true);
    let mut method = function_url("/t/");
    method["requestContext"]["http"]["method"] = json!("NOT A METHOD");
    for event in [body, method] {
        let answer = answer(&event).await;
        assert_eq!(answer["statusCode"], 400);
        assert!(serde_json::from_str::<Value>(answer["body"].as_str().unwrap()).unwrap()["error"].is_string());
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_gets_25_seconds_or_what_lambda_has_left() {
    for (remaining, left) in [(900, "25000"), (30, "25000"), (10, "9500")] {
        let answer =
            function().0.answer(&function_url("/left").to_string(), Duration::from_secs(remaining)).await.unwrap();
        assert_eq!(serde_json::to_value(answer).unwrap()["body"], left);
    }
    for (remaining, given_up) in [(30, 25_000), (3, 2_500), (0, 0)] {
        let start = Instant::now();
        let answer =
            function().0.answer(&function_url("/never").to_string(), Duration::from_secs(remaining)).await.unwrap();
        let answer = serde_json::to_value(answer).unwrap();
        assert_eq!((&answer["statusCode"], start.elapsed().as_millis()), (&json!(503), given_up));
        assert!(serde_json::from_str::<Value>(answer["body"].as_str().unwrap()).unwrap()["error"].is_string());
    }
}

#[tokio::test(start_paused = true)]
async fn a_job_gets_its_order_and_the_time_there_is_and_fails_when_something_is_left() {
    let (function, mut orders) = function();
    let event = json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {"job": "reminders", "at": "08:00"}}).to_string();
    let done = serde_json::to_value(function.answer(&event, MINUTE).await.unwrap()).unwrap();
    assert_eq!(done["job"], "noted");
    let (order, time) = orders.recv().await.unwrap();
    assert!(matches!(order, JobRequest::Reminders { at: Some(_), time: None }));
    assert_eq!(time, Duration::from_secs(59));
    assert_eq!(
        function.answer(&event, Duration::from_secs(3)).await.unwrap_err(),
        "reminders 08:00: 1 users are left: out of time"
    );
    assert_eq!(function.answer(r#"{"job":"unheard of"}"#, MINUTE).await.unwrap_err(), r#"no such job: "unheard of""#);
}

#[tokio::test]
async fn any_other_event_is_answered_and_nothing_is_done() {
    let (function, mut orders) = function();
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let nested = format!(r#"{{"httpMethod":{deep}}}"#);
    for event in [
        "null",
        "[]",
        "17",
        r#""text""#,
        "{}",
        "not json at all",
        "",
        r#"{"Records":[{"eventSource":"aws:sqs","body":"{\"job\":\"reminders\"}"}]}"#,
        r#"{"httpMethod":null,"requestContext":{"http":{}}}"#,
        r#"{"httpMethod":7}"#,
        r#"{"httpMethod":"GET","headers":[1]}"#,
        r#"{"requestContext":"x"}"#,
        r#"{"a":1e999}"#,
        deep.as_str(),
        nested.as_str(),
    ] {
        let answer = serde_json::to_value(function.answer(event, MINUTE).await.unwrap()).unwrap();
        assert_eq!(answer, json!({"ignored": true}), "{event:.60}");
    }
    assert!(orders.try_recv().is_err());
}
