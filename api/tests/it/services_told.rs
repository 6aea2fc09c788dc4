//! What is told to services of others besides the answer: pushes, mails, reports. None of it can spoil or hold up an
//! answer.

use std::sync::Arc;

use axum::http::StatusCode;
use onestep_api::services::messages::{Email, MAX_EMAILS, Mailer, Notification, PushError, PushSender};
use onestep_api::settings::environment::RunMode;
use onestep_api::settings::{Secret, Settings};
use onestep_core::user_rows::{Scope, UniqueName};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant};

use crate::services::app::{Rig, settings};
use crate::services::people::{current, google, private_pem, published, signed};
use crate::services::{Fake, Reply, Seen, Silent, nobody};

/// An application and the services it tells.
struct Scene {
    rig: Rig,
    fcm: Fake,
    tokens: Fake,
    resend: Fake,
    sentry: Fake,
    provider: Fake,
}

fn sent() -> Reply {
    Reply::Json(200, json!({"name": "projects/onestep/messages/1"}))
}

fn fault(code: u16, status: &str, error_code: Option<&str>) -> Reply {
    let details: Vec<Value> = error_code
        .map(|code| json!({"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code}))
        .into_iter()
        .collect();
    Reply::Json(code, json!({"error": {"code": code, "message": "said", "status": status, "details": details}}))
}

fn account() -> String {
    json!({"type": "service_account", "project_id": "onestep", "private_key_id": "1", "private_key": private_pem(), "client_email": "push@onestep.example"})
        .to_string()
}

async fn scene_with(change: impl FnOnce(&mut Settings), mode: RunMode) -> Scene {
    let provider = Fake::start(Reply::Json(200, published(&[current()]))).await;
    let fcm = Fake::start(sent()).await;
    let tokens = Fake::start(Reply::Json(
        200,
        json!({"access_token": "ya29.hidden", "expires_in": 3599, "token_type": "Bearer"}),
    ))
    .await;
    let resend = Fake::start(Reply::Json(200, json!({"id": "1"}))).await;
    let sentry = Fake::start(Reply::Json(200, json!({"id": "1"}))).await;
    let mut settings = settings();
    settings.firebase = Some(Secret::new(account()));
    settings.resend_key = Some(Secret::new("re_hidden"));
    settings.sentry_dsn = Some(Secret::new(format!("{}/7", sentry.url.replace("http://", "http://public@"))));
    settings.urls.google_keys = provider.url.clone();
    settings.urls.fcm = fcm.url.clone();
    settings.urls.fcm_tokens = Some(tokens.url.clone());
    settings.urls.resend = resend.url.clone();
    change(&mut settings);
    Scene { rig: Rig::at(mode, settings), fcm, tokens, resend, sentry, provider }
}

async fn scene() -> Scene {
    scene_with(|_| {}, RunMode::Server).await
}

impl Scene {
    /// Ann, on these devices; what she asks is asked on the last.
    async fn ann(&self, devices: &[&str]) -> String {
        let mut token = String::new();
        for device in devices {
            token = self.rig.signed_in("ann@example.com", Some(device)).await;
        }
        self.rig.wait_idle().await;
        token
    }

    async fn devices(&self) -> Vec<String> {
        let id = self.rig.app.store.find(&UniqueName::Username("ann@example.com".to_owned())).await.unwrap().unwrap();
        let user = self.rig.app.store.read(id, Scope::Account).await.unwrap().unwrap().user;
        user.devices.into_iter().map(|device| device.token).collect()
    }

    async fn change(&self, token: &str) {
        let (status, body) = self.rig.ask("POST", "/todos/category/", token, json!({"color": 1})).await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
    }
}

fn told(seen: &Seen) -> String {
    seen.json()["message"]["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_change_is_told_to_all_other_devices_with_one_access_token() {
    let scene = scene().await;
    let token = scene.ann(&["old", "tablet", "phone"]).await;
    scene.change(&token).await;
    scene.rig.wait_idle().await;
    let seen = scene.fcm.seen();
    let mut devices: Vec<String> = seen.iter().map(told).collect();
    devices.sort();
    assert_eq!(devices, ["old", "tablet"]);
    for request in &seen {
        assert_eq!(request.path, "/v1/projects/onestep/messages:send");
        assert_eq!(request.header("authorization"), "Bearer ya29.hidden");
        assert_eq!(
            request.json()["message"]["notification"],
            json!({"title": "Category", "body": "Category가 변경되었습니다."})
        );
    }
    assert_eq!(scene.tokens.asked(), 1);
    assert!(String::from_utf8_lossy(&scene.tokens.seen()[0].body).contains("assertion="));
    scene.change(&token).await;
    scene.rig.wait_idle().await;
    assert_eq!(scene.tokens.asked(), 1, "the access token is kept");
}

#[tokio::test]
async fn a_device_that_is_gone_is_forgotten_and_no_other_is() {
    let scene = scene().await;
    let token = scene.ann(&["gone", "wrong", "broken", "cut", "well", "phone"]).await;
    let replies = |seen: &Seen| match told(seen).as_str() {
        "gone" => fault(404, "NOT_FOUND", Some("UNREGISTERED")),
        // What FCM says when the project is wrong, which is nothing about the device.
        "wrong" => fault(404, "NOT_FOUND", None),
        "broken" => fault(500, "INTERNAL", Some("INTERNAL")),
        "cut" => Reply::Cut,
        _ => sent(),
    };
    scene.fcm.now_answers(replies);
    scene.change(&token).await;
    scene.rig.wait_idle().await;
    assert_eq!(scene.fcm.asked(), 5);
    assert_eq!(scene.devices().await, ["wrong", "broken", "cut", "well", "phone"]);
}

#[tokio::test]
async fn an_access_token_that_is_refused_is_bought_again_once() {
    let scene = scene().await;
    let token = scene.ann(&["tablet", "phone"]).await;
    scene.fcm.now_gives(fault(401, "UNAUTHENTICATED", None));
    scene.change(&token).await;
    scene.rig.wait_idle().await;
    assert_eq!((scene.fcm.asked(), scene.tokens.asked()), (2, 2));
    assert_eq!(scene.devices().await, ["tablet", "phone"]);
}

#[tokio::test]
async fn pushes_that_hang_hold_a_function_up_for_two_seconds_and_spoil_nothing() {
    let silent = Silent::new();
    for hangs in ["fcm", "tokens"] {
        let url = silent.url();
        let change = move |settings: &mut Settings| match hangs {
            "fcm" => settings.urls.fcm = url,
            _ => settings.urls.fcm_tokens = Some(url),
        };
        let scene = scene_with(change, RunMode::Lambda).await;
        let token = scene.ann(&["tablet", "phone"]).await;
        tokio::time::pause();
        let began = Instant::now();
        scene.change(&token).await;
        assert!(began.elapsed() <= Duration::from_secs(2), "{hangs}: {:?}", began.elapsed());
        tokio::time::resume();
        assert_eq!(scene.devices().await, ["tablet", "phone"]);
    }
}

#[tokio::test]
async fn one_push_says_why_it_was_not_sent_without_the_token() {
    let scene = scene().await;
    let push = scene.rig.app.services.pushes.clone().unwrap();
    let notification = Notification { title: "오늘".to_owned(), body: "1\n2".to_owned() };
    for (reply, outcome) in [
        (sent(), Ok(())),
        (fault(404, "NOT_FOUND", Some("UNREGISTERED")), Err(PushError::Gone)),
        (
            fault(400, "INVALID_ARGUMENT", Some("INVALID_ARGUMENT")),
            Err(PushError::Failed("FCM answered 400: INVALID_ARGUMENT".to_owned())),
        ),
        (
            fault(429, "RESOURCE_EXHAUSTED", Some("QUOTA_EXCEEDED")),
            Err(PushError::Failed("FCM answered 429: QUOTA_EXCEEDED".to_owned())),
        ),
        (Reply::Text(502, "<html>".to_owned()), Err(PushError::Failed("FCM answered 502".to_owned()))),
    ] {
        scene.fcm.now_gives(reply);
        assert_eq!(push.push("hidden-device", &notification).await, outcome);
    }
}

#[tokio::test]
async fn whoever_is_new_is_welcomed_once_by_mail() {
    let scene = scene().await;
    scene.ann(&["phone", "tablet"]).await;
    let seen = scene.resend.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].path.as_str(), seen[0].header("authorization")), ("/emails", "Bearer re_hidden"));
    assert!(seen[0].header("idempotency-key").starts_with("welcome/"));
    let mail = seen[0].json();
    assert_eq!(
        (&mail["from"], &mail["to"], &mail["subject"]),
        (&json!("developers@stepby.one"), &json!(["ann@example.com"]), &json!("Welcome to join us"))
    );
    assert!(mail["html"].as_str().unwrap().contains("ann@example.com님"));
}

#[tokio::test]
async fn an_address_in_a_mail_is_text_and_no_markup() {
    let scene = scene().await;
    scene.rig.signed_in("<b>\"x\"&y</b>@example.com", None).await;
    scene.rig.wait_idle().await;
    let html = scene.resend.seen()[0].json()["html"].as_str().unwrap().to_owned();
    assert!(html.contains("&lt;b&gt;&quot;x&quot;&amp;y&lt;/b&gt;@example.com") && !html.contains("<b>"), "{html}");
}

#[tokio::test]
async fn a_mail_that_cannot_be_sent_spoils_no_login_and_holds_none_up() {
    let silent = Silent::new();
    for (address, reply) in [
        (None, Reply::Json(500, json!({}))),
        (None, Reply::Json(422, json!({"name": "validation_error"}))),
        (None, Reply::Cut),
        (Some(nobody()), sent()),
        (Some(silent.url()), sent()),
    ] {
        let scene = scene_with(
            |settings| settings.urls.resend = address.clone().unwrap_or_else(|| settings.urls.resend.clone()),
            RunMode::Lambda,
        )
        .await;
        scene.resend.now_gives(reply);
        // The keys are there before the clock stands still.
        let token = signed(current(), &google("ann@example.com"));
        scene.rig.app.services.google_keys.key("current", chrono::Utc::now()).await.unwrap();
        tokio::time::pause();
        let began = Instant::now();
        let (status, body) = scene.rig.post("/auth/login/google/", json!({"token": token})).await;
        assert_eq!((status, &body["isNew"]), (StatusCode::OK, &json!(true)), "{body}");
        assert!(began.elapsed() <= Duration::from_millis(1_600), "{address:?}: {:?}", began.elapsed());
        tokio::time::resume();
    }
}

#[tokio::test]
async fn letters_go_together_each_to_its_own_recipient() {
    let scene = scene().await;
    let mail = scene.rig.app.services.mail.clone().unwrap();
    let letter = |number: usize| Email {
        to: format!("{number}@example.com"),
        subject: "News".to_owned(),
        html: "<p>1</p>".to_owned(),
    };
    let letters: Vec<Email> = (0..=MAX_EMAILS).map(letter).collect();
    mail.send(&letters[..MAX_EMAILS], "note/1").await.unwrap();
    let seen = scene.resend.seen();
    assert_eq!((seen[0].path.as_str(), seen[0].header("idempotency-key")), ("/emails/batch", "note/1"));
    let batch = seen[0].json();
    assert_eq!(batch.as_array().unwrap().len(), MAX_EMAILS);
    assert_eq!((&batch[99]["to"], &batch[99]["from"]), (&json!(["99@example.com"]), &json!("developers@stepby.one")));
    assert!(mail.send(&letters, "note/2").await.unwrap_err().contains("more than the 100"));
    mail.send(&[], "note/3").await.unwrap();
    assert_eq!(scene.resend.asked(), 1);
    for (reply, said) in [
        (
            Reply::Json(429, json!({"name": "rate_limit_exceeded", "message": "1@example.com"})),
            "Resend answered 429: rate_limit_exceeded",
        ),
        (Reply::Json(403, json!({"message": "1@example.com"})), "Resend answered 403"),
        (Reply::Cut, "Resend: the connection broke off"),
    ] {
        scene.resend.now_gives(reply);
        assert_eq!(mail.send(&letters[..2], "note/4").await.unwrap_err(), said);
    }
}

#[tokio::test]
async fn refused_logins_and_our_own_faults_are_reported_without_anything_personal() {
    let scene = scene_with(|settings| settings.openai_key = Some(Secret::new("hidden")), RunMode::Server).await;
    let token = scene.ann(&["phone"]).await;
    assert_eq!(scene.sentry.asked(), 0);
    let (status, _) =
        scene.rig.post("/auth/login/apple/", json!({"token": "hidden.hidden.hidden", "deviceToken": "hidden"})).await;
    assert_eq!(status, 400);
    scene.rig.wait_idle().await;
    assert_eq!(scene.sentry.asked(), 1);
    scene.rig.ask("GET", "/todos/recommend/?todo_id=hidden", &token, json!({})).await;
    scene.rig.wait_idle().await;
    assert_eq!(scene.sentry.asked(), 1, "what a client did wrong is no fault of ours");

    let (_, category) = scene.rig.ask("POST", "/todos/category/", &token, json!({"color": 1})).await;
    let todo = json!({"content": "hidden", "categoryId": category["id"]});
    let (_, todo) = scene.rig.ask("POST", "/todos/todo/", &token, todo).await;
    let (status, _) =
        scene.rig.ask("GET", &format!("/todos/recommend/?todo_id={}", todo["id"]), &token, json!({})).await;
    assert_eq!(status, 502);
    scene.rig.wait_idle().await;
    let seen = scene.sentry.seen();
    assert_eq!(seen.len(), 2);
    for report in &seen {
        assert_eq!(report.path, "/api/7/envelope/");
        assert!(report.header("x-sentry-auth").contains("sentry_key=public"), "{}", report.header("x-sentry-auth"));
        let text = String::from_utf8_lossy(&report.body).into_owned();
        assert!(!text.contains("hidden") && !text.contains("ann@example.com") && !text.contains("phone"), "{text}");
    }
    let event = |report: &Seen| {
        serde_json::from_slice::<Value>(report.body.split(|byte| *byte == b'\n').nth(2).unwrap()).unwrap()
    };
    assert_eq!(event(&seen[0])["tags"]["provider"], "APPLE");
    let ours = event(&seen[1]);
    assert_eq!(
        (&ours["message"], &ours["tags"]["status"]),
        (&json!("GET /todos/recommend/ answered 502"), &json!("502"))
    );
    let id = scene.rig.app.store.find(&UniqueName::Username("ann@example.com".to_owned())).await.unwrap().unwrap();
    assert_eq!(ours["user"], json!({"id": id.to_string()}));
}

#[tokio::test]
async fn a_report_that_hangs_holds_a_function_up_for_one_second() {
    let silent = Silent::new();
    let dsn = Secret::new(format!("{}/7", silent.url().replace("http://", "http://public@")));
    let scene = scene_with(|settings| settings.sentry_dsn = Some(dsn), RunMode::Lambda).await;
    tokio::time::pause();
    let began = Instant::now();
    let (status, body) = scene.rig.post("/auth/login/apple/", json!({"token": "x"})).await;
    assert_eq!((status, body), (StatusCode::BAD_REQUEST, json!({"error": "Invalid token"})));
    assert!(began.elapsed() <= Duration::from_millis(1_100), "{:?}", began.elapsed());
    assert_eq!(scene.provider.asked(), 0);
}

#[tokio::test]
async fn jobs_get_the_services_that_are_set_up() {
    let scene = scene().await;
    let tools = scene.rig.app.job_context();
    assert!(tools.push.is_some() && tools.mail.is_some());
    let tools = Rig::new(settings()).app.job_context();
    assert!(tools.push.is_none() && tools.mail.is_none());
    assert!(Arc::ptr_eq(&scene.rig.app.store, &scene.rig.app.job_context().store));
}
