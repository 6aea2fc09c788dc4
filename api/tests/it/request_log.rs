//! What the log says of each request, and what becomes of a request whose handler panics.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Once};
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use chrono::{DateTime, Utc};
use futures::FutureExt;
use onestep_api::app::{self, App};
use onestep_api::http::state::Dependency;
use onestep_api::http::{AppProvider, SharedProvider, router};
use onestep_api::jobs::{JobOutcome, JobRequest, JobRunner};
use onestep_api::lambda::Function;
use onestep_api::settings::environment::RunMode;
use onestep_api::store::sqlite::Sqlite;
use serde_json::{Value, json};
use tower::ServiceExt;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use crate::services::app::{Rig, Up, settings};

/// What this thread logs, a line each.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    /// Begins to note what this thread logs; ends with the guard.
    fn begin() -> (Self, DefaultGuard) {
        // Whether an event is of interest is remembered for all threads. With a subscriber of all threads it stays so,
        // whatever the other tests begin and end meanwhile.
        static FOR_ALL_THREADS: Once = Once::new();
        FOR_ALL_THREADS.call_once(|| {
            let interested = tracing_subscriber::registry().with(LevelFilter::INFO);
            tracing::subscriber::set_global_default(interested).expect("no other test sets one");
        });
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(log.clone())
            .with_ansi(false)
            .without_time()
            .with_target(false)
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    /// The lines since the last call.
    fn lines(&self) -> Vec<String> {
        let bytes = std::mem::take(&mut *self.0.lock().unwrap());
        String::from_utf8(bytes).unwrap().lines().map(|line| line.trim().to_owned()).collect()
    }
}

async fn ask(router: &Router, request: Request<Body>) -> (u16, String, Value) {
    let response = router.clone().oneshot(request).await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    assert_eq!(headers["access-control-allow-origin"], "*", "what holds for every answer holds for this one");
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let id = headers["x-request-id"].to_str().unwrap().to_owned();
    (status, id, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

fn request(method: &str, path: &str, token: &str) -> Request<Body> {
    let request = Request::builder().method(method).uri(path).header("authorization", format!("Bearer {token}"));
    request.body(Body::from(r#"{"content": "a private thing"}"#)).unwrap()
}

#[tokio::test]
async fn each_request_is_one_line_that_names_the_route_and_nothing_that_the_client_sent() {
    let rig = Rig::new(settings());
    let (log, _guard) = Log::begin();
    for (method, path, expected) in [
        ("GET", "/healthz", "method=\"GET\" route=\"/healthz\" status=200"),
        ("GET", "/todos/todo/?user_id=private-7", "method=\"GET\" route=\"/todos/todo/\" status=401"),
        ("POST", "/todos/todo", "method=\"POST\" route=\"/todos/todo/\" status=401"),
        ("PUT", "/todos/todo/", "method=\"PUT\" route=\"/todos/todo/\" status=405"),
        ("POST", "/auth/login/google/", "method=\"POST\" route=\"/auth/login/google/\" status=400"),
        ("OPTIONS", "/todos/todo/", "method=\"OPTIONS\" route=\"-\" status=200"),
        ("GET", "/todos/todo/private-7/", "method=\"GET\" route=\"-\" status=404"),
        ("PRIVATE", "/healthz", "method=\"other\" route=\"/healthz\" status=405"),
    ] {
        let (_, id, _) = ask(rig.router(), request(method, path, "a.private.token")).await;
        let lines = log.lines();
        let [line] = lines.as_slice() else { panic!("{method} {path}: {lines:#?}") };
        assert!(line.contains(&format!("answered {expected} duration_ms=")), "{line}");
        assert!(line.contains(&format!("request{{id={id}}}")), "{line}");
        assert!(!line.to_lowercase().contains("private"), "{line}");
    }
}

#[tokio::test]
async fn every_request_has_an_id_of_its_own() {
    let rig = Rig::new(settings());
    let mut ids = Vec::new();
    for _ in 0..100 {
        ids.push(ask(rig.router(), request("GET", "/healthz", "")).await.1);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 100);
}

/// An application that never comes up.
struct Never;

#[async_trait]
impl AppProvider for Never {
    async fn app(&self) -> Result<Arc<App>, String> {
        std::future::pending().await
    }

    fn app_if_ready(&self) -> Option<Arc<App>> {
        None
    }

    async fn dependencies(&self) -> Vec<Dependency> {
        Vec::new()
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_given_up_is_logged_with_its_route() {
    let router = router::router(Arc::new(Never) as SharedProvider);
    let (log, _guard) = Log::begin();
    assert_eq!(ask(&router, request("GET", "/auth/android/", "")).await.0, 503);
    let lines = log.lines();
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines[0].contains("not answered within the deadline route=\"/auth/android/\""), "{}", lines[0]);
    assert!(lines[1].contains("route=\"/auth/android/\" status=503 duration_ms=25000.0"), "{}", lines[1]);

    let leaving = router.clone().oneshot(request("GET", "/auth/ios/", ""));
    assert!(leaving.now_or_never().is_none());
    let lines = log.lines();
    let [line] = lines.as_slice() else { panic!("{lines:#?}") };
    assert!(line.contains("the client closed the connection method=\"GET\" route=\"/auth/ios/\""), "{line}");
}

/// How many more times the clock panics.
static PANICS: AtomicU32 = AtomicU32::new(0);

fn panicking_clock() -> DateTime<Utc> {
    let left = PANICS.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
    assert!(left.is_err(), "the clock is broken");
    app::now()
}

#[tokio::test]
async fn a_handler_that_panics_answers_500_and_the_next_request_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Sqlite::open(&folder.path().join("onestep.db")).unwrap());
    let app = App { now: panicking_clock, ..App::new(settings(), store, RunMode::Server).unwrap() };
    let router = router::router(Arc::new(Up(Arc::new(app))) as SharedProvider);
    let (log, _guard) = Log::begin();
    // In the handler; then also in the report of what happened there.
    for panics in [1, 2] {
        PANICS.store(panics, Ordering::SeqCst);
        let (status, id, body) = ask(&router, request("GET", "/todos/todo/", "token")).await;
        assert_eq!((status, body), (500, json!({"error": "Something went wrong on our side."})));
        let lines = log.lines();
        let (last, panicked) = lines.split_last().unwrap();
        assert_eq!(panicked.len(), panics as usize, "{lines:#?}");
        for line in panicked {
            assert!(
                line.starts_with("ERROR")
                    && line.contains(&id)
                    && line.contains("panicked panic=\"the clock is broken\""),
                "{line}"
            );
        }
        assert!(last.contains("route=\"/todos/todo/\" status=500"), "{last}");

        assert_eq!(ask(&router, request("GET", "/todos/todo/", "token")).await.0, 401);
        log.lines();
    }
}

struct NoJobs;

#[async_trait]
impl JobRunner for NoJobs {
    async fn run(&self, _: &JobRequest, _: tokio::time::Instant) -> Result<JobOutcome, String> {
        Err("there are no jobs here".to_owned())
    }
}

#[tokio::test]
async fn a_request_of_the_gateway_is_logged_under_the_gateways_id() {
    let rig = Rig::new(settings());
    let function = Function::new(rig.router().clone(), Arc::new(NoJobs), "environment");
    let (log, _guard) = Log::begin();
    let event = |id: &str, method: &str| {
        json!({"version": "2.0", "rawPath": "/healthz", "rawQueryString": "", "headers": {},
            "requestContext": {"stage": "$default", "requestId": id, "http": {"method": method}}, "isBase64Encoded": false})
        .to_string()
    };
    for (id, method, logged) in [
        (
            "JKJaXmPLvHcESHA=",
            "GET",
            "request{id=JKJaXmPLvHcESHA=}: answered method=\"GET\" route=\"/healthz\" status=200",
        ),
        ("JKJaXmPLvHcESHA=", "NO METHOD", "request{id=JKJaXmPLvHcESHA=}: answered method=\"-\" route=\"-\" status=400"),
        ("two\nlines", "GET", ": answered method=\"GET\" route=\"/healthz\" status=200"),
        ("", "GET", ": answered method=\"GET\" route=\"/healthz\" status=200"),
    ] {
        function.answer(&event(id, method), Duration::from_secs(60)).await.unwrap();
        let lines = log.lines();
        let [line] = lines.as_slice() else { panic!("{id:?}: {lines:#?}") };
        assert!(line.contains(logged), "{line}");
    }
}
