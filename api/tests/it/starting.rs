//! How the application comes up, and what it says while it cannot.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_config::{BehaviorVersion, Region};
use aws_sdk_secretsmanager::config::Credentials;
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use futures::FutureExt;
use onestep_api::http::{AppProvider, SharedProvider};
use onestep_api::settings::environment::Environment;
use onestep_api::start::{AppStarter, AwsLoader, OpenStore};
use onestep_api::store::Store;
use onestep_api::store::sqlite::Sqlite;
use serde_json::{Value, json};
use tokio::time::{Duration, Instant, advance};

use crate::services::app::answered;
use crate::services::{Fake, Reply, Silent, nobody};

const SECRET: [(&str, &str); 2] = [("ONESTEP_SECRET_NAME", "onestep/dev"), ("ONESTEP_STORE", "sqlite:unused")];

fn aws(url: &str) -> AwsLoader {
    let url = url.to_owned();
    Arc::new(move || {
        let keys = Credentials::new("ASIAEXAMPLE", "hidden", Some("hidden".to_owned()), None, "tests");
        aws_config::defaults(BehaviorVersion::latest())
            .region(Region::new("ap-northeast-2"))
            .endpoint_url(&url)
            .credentials_provider(keys)
    })
}

/// A store of its own, as long as this is kept.
fn opens() -> OpenStore {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    Arc::new(move |_| {
        let folder = folder.clone();
        async move { Ok(Arc::new(Sqlite::open(&folder.path().join("rows.db")).expect("a new file")) as Arc<dyn Store>) }
            .boxed()
    })
}

fn secret(fields: &Value) -> Reply {
    Reply::Json(200, json!({"ARN": "arn", "Name": "onestep/dev", "SecretString": fields.to_string(), "VersionId": "1"}))
}

fn whole() -> Value {
    json!({"SECRET_KEY": "the key of the original", "GCID": "android", "APPLE_APP_ID": "bundle"})
}

fn starting(environment: &[(&str, &str)], url: &str) -> Arc<AppStarter> {
    Arc::new(AppStarter::with_aws(Environment::of(environment.iter().copied()), opens(), aws(url)))
}

fn router(starting: Arc<AppStarter>) -> Router {
    let entry: SharedProvider = starting;
    onestep_api::http::router::router(entry)
}

async fn get(router: &Router, path: &str) -> (u16, Value) {
    let (status, body) = answered(router, Request::get(path).body(Body::empty()).unwrap()).await;
    (status.as_u16(), body)
}

#[tokio::test(start_paused = true)]
async fn a_secret_store_that_never_answers_is_named_within_four_seconds_to_all_who_ask() {
    let silent = Silent::new();
    let router = router(starting(&SECRET, &silent.url()));
    let began = Instant::now();
    let answers = futures::future::join_all((0..10).map(|_| get(&router, "/auth/android/"))).await;
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    for (status, body) in answers {
        assert_eq!(status, 503);
        let sentence = body["error"].as_str().unwrap();
        assert!(
            sentence.starts_with("Secrets Manager: no answer within 3 s from 127.0.0.1.") && sentence.contains("VPC"),
            "{sentence}"
        );
    }
    assert_eq!(get(&router, "/healthz").await.0, 200, "the process lives all the same");
}

#[tokio::test]
async fn the_secret_is_fetched_once_for_all_who_ask_at_once() {
    let service = Fake::start(secret(&whole())).await;
    let router = router(starting(&SECRET, &service.url));
    assert_eq!(get(&router, "/healthz").await.0, 200);
    assert_eq!(service.asked(), 0, "nothing is asked before it is needed");
    let answers = futures::future::join_all((0..10).map(|_| get(&router, "/auth/android/"))).await;
    assert!(answers.iter().all(|answer| *answer == (200, json!({"androidClientId": "android"}))), "{answers:?}");
    let seen = service.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0].header("x-amz-target"), "secretsmanager.GetSecretValue");
    assert_eq!(seen[0].header("x-amz-security-token"), "hidden", "temporary keys are nothing without their token");
    assert_eq!(seen[0].json()["SecretId"], "onestep/dev");
}

#[tokio::test]
async fn what_usually_causes_a_refusal_is_said_with_it() {
    for (code, said) in [
        ("AccessDeniedException", "secretsmanager:GetSecretValue"),
        ("UnrecognizedClientException", "AWS_SESSION_TOKEN"),
        ("InvalidSignatureException", "old keys"),
        ("ResourceNotFoundException", "another account or region"),
        ("DecryptionFailure", "answered DecryptionFailure"),
    ] {
        let service = Fake::start(Reply::Json(
            400,
            json!({"__type": code, "Message": "User: arn:aws:sts::111122223333:assumed-role/hidden"}),
        ))
        .await;
        let sentence = starting(&SECRET, &service.url).app().await.err().unwrap();
        assert!(sentence.starts_with("Secrets Manager: ") && sentence.contains(said), "{code}: {sentence}");
        assert!(!sentence.contains("hidden"), "{sentence}");
    }
    let service = Fake::start(Reply::Json(400, json!({"__type": "UnrecognizedClientException"}))).await;
    let half = [SECRET[0], SECRET[1], ("AWS_ACCESS_KEY_ID", "ASIAEXAMPLE")];
    let sentence = starting(&half, &service.url).app().await.err().unwrap();
    assert!(sentence.contains("AWS_SESSION_TOKEN is missing"), "{sentence}");
}

#[tokio::test(start_paused = true)]
async fn answers_that_are_none_are_told_apart() {
    for (reply, said) in [
        (Reply::Json(500, json!({"__type": "InternalServiceError"})), "answered InternalServiceError"),
        (Reply::Text(503, "<html>".to_owned()), "answered status 503"),
        (Reply::Cut, "broke off"),
        (Reply::Json(200, json!({"SecretBinary": "aGlkZGVu"})), "the secret is binary"),
        (secret(&json!("{'SECRET_KEY': 'hidden'}")), "is not a JSON object"),
        (Reply::Json(200, json!({"SecretString": "{'SECRET_KEY': 'hidden'}"})), "write it with double quotes"),
    ] {
        let service = Fake::start(reply.clone()).await;
        let sentence = starting(&SECRET, &service.url).app().await.err().unwrap();
        assert!(sentence.starts_with("Secrets Manager: ") && sentence.contains(said), "{reply:?}: {sentence}");
        assert!(!sentence.contains("hidden"), "{sentence}");
    }
    let sentence = starting(&SECRET, &nobody()).app().await.err().unwrap();
    assert!(sentence.starts_with("Secrets Manager: 127.0.0.1 cannot be reached"), "{sentence}");
}

#[tokio::test]
async fn a_secret_that_lacks_keys_is_one_error_that_names_them_all() {
    let service = Fake::start(secret(&json!({"OPENAI_API_KEY": "sk-hidden"}))).await;
    let (status, body) = get(&router(starting(&SECRET, &service.url)), "/auth/ios/").await;
    assert_eq!(status, 503);
    for name in [
        "ONESTEP_SECRET_KEY",
        "ONESTEP_GOOGLE_ANDROID_CLIENT_IDS",
        "ONESTEP_GOOGLE_IOS_CLIENT_IDS",
        "ONESTEP_APPLE_AUDIENCES",
    ] {
        assert!(body["error"].as_str().unwrap().contains(name), "{body}");
    }
}

#[tokio::test]
async fn a_start_that_failed_is_tried_again_after_two_seconds_and_not_before() {
    let service = Fake::start(Reply::Json(400, json!({"__type": "AccessDeniedException"}))).await;
    let starting = starting(&SECRET, &service.url);
    let first = starting.app().await.err().unwrap();
    service.now_gives(secret(&whole()));
    assert_eq!(starting.app().await.err().unwrap(), first);
    assert_eq!(service.asked(), 1);
    tokio::time::pause();
    advance(Duration::from_millis(2_001)).await;
    tokio::time::resume();
    assert!(starting.app().await.is_ok());
    assert_eq!(service.asked(), 2);
    assert!(starting.app().await.is_ok());
    assert_eq!(service.asked(), 2);
}

#[tokio::test]
async fn whoever_asked_first_may_leave_and_the_others_are_served() {
    let service = Fake::start(secret(&whole())).await;
    let starting = starting(&SECRET, &service.url);
    let first = tokio::spawn({
        let starting = starting.clone();
        async move { starting.app().await.is_ok() }
    });
    tokio::task::yield_now().await;
    first.abort();
    assert!(starting.app().await.is_ok());
    assert_eq!(service.asked(), 1);
}

#[tokio::test]
async fn readiness_names_each_hop_and_why_it_does_not_work() {
    let service = Fake::start(secret(&whole())).await;
    let (status, body) = get(&router(starting(&SECRET, &service.url)), "/readyz").await;
    assert_eq!((status, &body["status"]), (200, &json!("ready")));
    assert_eq!(dependencies(&body), [("secrets", true), ("store", true)]);

    let denied = Fake::start(Reply::Json(400, json!({"__type": "AccessDeniedException"}))).await;
    let (status, body) = get(&router(starting(&SECRET, &denied.url)), "/readyz").await;
    assert_eq!((status, &body["status"]), (503, &json!("unavailable")));
    assert_eq!(dependencies(&body), [("secrets", false), ("store", false)]);
    assert!(body["hops"][0]["reason"].as_str().unwrap().contains("AccessDeniedException"), "{body}");
    assert!(body["hops"][0]["millis"].is_u64());

    let tries = Arc::new(AtomicUsize::new(0));
    let open: OpenStore = Arc::new({
        let tries = tries.clone();
        move |_| {
            tries.fetch_add(1, Ordering::Relaxed);
            async { Err("DynamoDB cannot be used: no such table".to_owned()) }.boxed()
        }
    });
    let starting = Arc::new(AppStarter::with_aws(Environment::of(SECRET), open, aws(&service.url)));
    let (status, body) = get(&router(starting), "/readyz").await;
    assert_eq!(status, 503);
    assert_eq!(dependencies(&body), [("secrets", true), ("store", false)]);
    assert_eq!(body["hops"][1]["reason"], "DynamoDB cannot be used: no such table");
    assert_eq!(tries.load(Ordering::Relaxed), 1);
}

fn dependencies(body: &Value) -> Vec<(&str, bool)> {
    body["hops"]
        .as_array()
        .unwrap()
        .iter()
        .map(|hop| (hop["name"].as_str().unwrap(), hop["ok"].as_bool().unwrap()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_open_is_given_up_in_time() {
    let open: OpenStore = Arc::new(|_| std::future::pending().boxed());
    let required = [
        ("ONESTEP_SECRET_KEY", "0123456789abcdef"),
        ("ONESTEP_GOOGLE_IOS_CLIENT_IDS", "ios"),
        ("ONESTEP_APPLE_AUDIENCES", "bundle"),
    ];
    let starting = AppStarter::with_aws(Environment::of(required), open, aws("http://127.0.0.1:1"));
    let began = Instant::now();
    assert_eq!(starting.app().await.err().unwrap(), "The store could not be opened in time.");
    assert!(began.elapsed() < Duration::from_secs(4));
}
