//! Recommendations: what the model is asked, what is made of its answers, and who may ask how often.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::StatusCode;
use onestep_api::settings::Secret;
use onestep_core::user_rows::{Change, Scope, UniqueName};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Duration, Instant};

use crate::services::app::{Rig, settings};
use crate::services::people::{current, published};
use crate::services::{Fake, Reply, Silent, nobody};

struct Scene {
    rig: Rig,
    model: Fake,
    token: String,
    todo: i64,
    _provider: Fake,
}

fn completion(content: &str) -> Reply {
    Reply::Json(
        200,
        json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}]}),
    )
}

/// Ann has one todo, for the 24th; the model is at `address`, or answers with `reply`.
async fn scene(reply: Reply, address: Option<String>) -> Scene {
    let provider = Fake::start(Reply::Json(200, published(&[current()]))).await;
    let model = Fake::start(reply).await;
    let mut settings = settings();
    settings.urls.google_keys = provider.url.clone();
    settings.urls.openai = address.unwrap_or_else(|| format!("{}/v1", model.url));
    settings.openai_key = Some(Secret::new("sk-hidden"));
    let rig = Rig::new(settings);
    let token = rig.signed_in("ann@example.com", None).await;
    let (_, category) = rig.ask("POST", "/todos/category/", &token, json!({"title": "집", "color": 1})).await;
    let todo = json!({"content": "대청소", "categoryId": category["id"], "date": "2026-11-24"});
    let (status, todo) = rig.ask("POST", "/todos/todo/", &token, todo).await;
    assert_eq!(status, 201, "{todo}");
    Scene { rig, model, token, todo: todo["id"].as_i64().unwrap(), _provider: provider }
}

impl Scene {
    async fn ask(&self) -> (StatusCode, Value) {
        self.ask_for(&format!("?todo_id={}", self.todo)).await
    }

    async fn ask_for(&self, query: &str) -> (StatusCode, Value) {
        self.rig.ask("GET", &format!("/todos/recommend/{query}"), &self.token, json!({})).await
    }

    async fn change(&self, change: impl Fn(&mut onestep_core::model::User) + Send + Sync) {
        let id = self.rig.app.store.find(&UniqueName::Username("ann@example.com".to_owned())).await.unwrap().unwrap();
        let mut decide = |user_rows: &onestep_core::user_rows::UserRows, _: &[i64]| {
            let mut user = user_rows.user.clone();
            change(&mut user);
            vec![Change::User(user)]
        };
        assert!(self.rig.app.store.update(id, Scope::Account, 0, &mut decide).await.unwrap());
    }
}

#[tokio::test]
async fn the_model_is_asked_as_documented_and_its_steps_can_be_posted_back() {
    let answer = json!({"id": 999, "due_time": "25:00", "category_id": "Category object (7)", "children": [
        {"content": " 창문 닦기 ", "todo": 999}, {"content": "바닥", "date": "2026-11-25", "est_hours": 1}, {"content": "벽", "date": "soon"},
        "쓰레기 버리기", {"content": ""}, {"todo": 1}, 5, {"content": "가".repeat(300)}
    ]});
    let scene = scene(completion(&answer.to_string()), None).await;
    let (status, body) = scene.ask().await;
    assert_eq!(status, 200, "{body}");
    let id = scene.todo;
    let children = [
        json!({"content": "창문 닦기", "todo": id, "date": "2026-11-24"}),
        json!({"content": "바닥", "todo": id, "date": "2026-11-25", "estHours": 1}),
        json!({"content": "벽", "todo": id, "date": "2026-11-24"}),
        json!({"content": "쓰레기 버리기", "todo": id, "date": "2026-11-24"}),
        json!({"content": "가".repeat(255), "todo": id, "date": "2026-11-24"}),
    ];
    assert_eq!(body["children"], json!(children));
    assert_eq!(
        (&body["id"], &body["content"], &body["date"], &body["dueTime"]),
        (&json!(id), &json!("대청소"), &json!("2026-11-24"), &json!(null))
    );

    let seen = scene.model.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].method.as_str(), seen[0].path.as_str()), ("POST", "/v1/chat/completions"));
    assert_eq!(seen[0].header("authorization"), "Bearer sk-hidden");
    let asked = seen[0].json();
    assert_eq!((&asked["model"], &asked["response_format"]), (&json!("gpt-4o-mini"), &json!({"type": "json_object"})));
    assert_eq!(asked["messages"][0]["role"], "system");
    let category = body["categoryId"].as_i64().unwrap();
    assert_eq!(
        asked["messages"][1]["content"],
        format!("id: {id}, content: 대청소, date: 2026-11-24, due_time: none, category_id: {category}")
    );

    let step = json!([{"content": "창문 닦기", "date": "2026-11-24", "todoId": id}]);
    assert_eq!(scene.rig.ask("POST", "/todos/sub/", &scene.token, step).await.0, 201);
}

#[tokio::test]
async fn one_call_in_ten_seconds_and_of_many_at_once_one() {
    let scene = scene(completion(r#"{"children": []}"#), None).await;
    let answers = futures::future::join_all((0..6).map(|_| scene.ask())).await;
    assert_eq!(answers.iter().filter(|(status, _)| *status == 200).count(), 1, "{answers:?}");
    let refused = answers.into_iter().find(|(status, _)| *status != 200).unwrap();
    assert_eq!(refused, (StatusCode::TOO_MANY_REQUESTS, json!({"error": "Rate limit exceeded"})));
    assert_eq!(scene.model.asked(), 1);
    for (seconds, status) in [(8, 429), (11, 200)] {
        scene.change(|user| user.recommended_at = Some(chrono::Utc::now() - chrono::TimeDelta::seconds(seconds))).await;
        assert_eq!(scene.ask().await.0, status, "after {seconds} s");
    }
    scene.change(|user| user.is_premium = true).await;
    assert_eq!(scene.ask().await.0, 200);
    assert_eq!(scene.ask().await.0, 200);
}

#[tokio::test]
async fn the_limit_comes_before_the_arguments_and_what_is_refused_does_not_count() {
    let scene = scene(completion(r#"{"children": []}"#), None).await;
    let cases = [
        ("", "todo_id must be provided"),
        ("?todo_id=", "todo_id must be provided"),
        ("?todoId=x", "todo_id must be a number"),
    ];
    for (query, sentence) in cases.into_iter().chain([("?todo_id=987654", "No object found with id 987654")]) {
        assert_eq!(scene.ask_for(query).await, (StatusCode::BAD_REQUEST, json!({"error": sentence})), "{query}");
    }
    let other = scene.rig.signed_in("ben@example.com", None).await;
    let (status, _) =
        scene.rig.ask("GET", &format!("/todos/recommend/?todoId={}", scene.todo), &other, json!({})).await;
    assert_eq!(status, 400, "another user's todo is none");
    assert_eq!(scene.ask_for(&format!("?todoId={}", scene.todo)).await.0, 200);
    assert_eq!(scene.ask_for("").await.0, 429);
    assert_eq!(scene.model.asked(), 1);
}

#[tokio::test]
async fn a_model_that_fails_is_a_502_that_does_not_count() {
    let scene = scene(Reply::Json(500, json!({"error": {"message": "sk-hidden"}})), None).await;
    for (reply, said) in [
        (Reply::Json(500, json!({"error": {"message": "sk-hidden"}})), "answered 500"),
        (Reply::Json(401, json!({"error": {"message": "sk-hidden"}})), "answered 401"),
        (Reply::Json(429, json!({})), "too many requests"),
        (Reply::Text(200, "<html>".to_owned()), "did not answer with a list"),
        (Reply::Json(200, json!({"choices": []})), "did not answer with a list"),
        (
            Reply::Json(200, json!({"choices": [{"message": {"content": null, "refusal": "no"}}]})),
            "did not answer with a list",
        ),
        (completion("Here are your steps: 1. ..."), "did not answer with a list"),
        (completion("[1]"), "did not answer with a list"),
        (Reply::Cut, "broke off"),
    ] {
        scene.model.now_gives(reply.clone());
        let (status, body) = scene.ask().await;
        assert_eq!(status, 502, "{reply:?}: {body}");
        let sentence = body["error"].as_str().unwrap();
        assert!(sentence.contains(said) && !sentence.contains("hidden"), "{reply:?}: {sentence}");
    }
    scene.model.now_gives(completion("{}"));
    let (status, body) = scene.ask().await;
    assert_eq!((status, &body["children"]), (StatusCode::OK, &json!([])));
    assert_eq!(scene.ask().await.0, 429, "now it counts");
}

/// Answers the first request on each connection, and closes the connection when a second one has come: as a balancer
/// does with what was idle for long. Counts the requests.
async fn forgetful() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = requests.clone();
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let counted = counted.clone();
            tokio::spawn(async move {
                request(&mut connection).await;
                counted.fetch_add(1, Ordering::SeqCst);
                let body = json!({"choices": [{"message": {"content": "{\"children\": [\"x\"]}"}}]}).to_string();
                let answer = format!(
                    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
                connection.write_all(answer.as_bytes()).await.unwrap();
                request(&mut connection).await;
                counted.fetch_add(1, Ordering::SeqCst);
            });
        }
    });
    (url, requests)
}

/// Reads one request to its end.
async fn request(connection: &mut TcpStream) {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read).to_lowercase();
        if let Some((head, _)) = text.split_once("\r\n\r\n") {
            let length: usize = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "))
                .map_or(0, |length| length.parse().unwrap());
            if read.len() >= head.len() + 4 + length {
                return;
            }
        }
        if connection.read_buf(&mut read).await.unwrap_or(0) == 0 {
            return;
        }
    }
}

#[tokio::test]
async fn a_connection_that_died_meanwhile_costs_no_answer() {
    let (url, requests) = forgetful().await;
    let scene = scene(completion("{}"), Some(url)).await;
    scene.change(|user| user.is_premium = true).await;
    for asked in [1, 3] {
        let (status, body) = scene.ask().await;
        assert_eq!((status, body["children"].as_array().map(Vec::len)), (StatusCode::OK, Some(1)), "{body}");
        assert_eq!(requests.load(Ordering::SeqCst), asked);
    }
}

#[tokio::test]
async fn a_model_that_is_not_there_is_a_502_at_once() {
    let scene = scene(completion("{}"), Some(nobody())).await;
    let (status, body) = scene.ask().await;
    assert_eq!((status, body), (StatusCode::BAD_GATEWAY, json!({"error": "The model's service: cannot be reached."})));
}

#[tokio::test]
async fn a_model_that_never_answers_is_given_up_within_the_time_of_a_request() {
    let silent = Silent::new();
    let scene = scene(completion("{}"), Some(silent.url())).await;
    tokio::time::pause();
    let began = Instant::now();
    let (status, body) = scene.ask().await;
    assert_eq!((status, body), (StatusCode::BAD_GATEWAY, json!({"error": "The model's service: no answer in time."})));
    assert!(
        began.elapsed() >= Duration::from_secs(19) && began.elapsed() < Duration::from_secs(25),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn without_a_model_the_answer_says_so() {
    let mut scene = scene(completion("{}"), None).await;
    let provider = Fake::start(Reply::Json(200, published(&[current()]))).await;
    let mut settings = settings();
    settings.urls.google_keys = provider.url.clone();
    scene.rig = Rig::new(settings);
    scene.token = scene.rig.signed_in("ann@example.com", None).await;
    let (_, category) = scene.rig.ask("POST", "/todos/category/", &scene.token, json!({"color": 1})).await;
    let (_, todo) = scene
        .rig
        .ask("POST", "/todos/todo/", &scene.token, json!({"content": "x", "categoryId": category["id"]}))
        .await;
    scene.todo = todo["id"].as_i64().unwrap();
    for _ in 0..2 {
        let (status, body) = scene.ask().await;
        assert_eq!(status, 404, "{body}");
        assert!(body["error"].as_str().unwrap().contains("no model"), "{body}");
    }
}
