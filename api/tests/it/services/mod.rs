//! The services of others, on loopback: each answers as it is told to, and remembers what it was asked.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use tokio::net::TcpListener;

pub(crate) mod app;
pub(crate) mod people;

/// One answer.
#[derive(Debug, Clone)]
pub(crate) enum Reply {
    Json(u16, Value),
    Text(u16, String),
    /// With a `Cache-Control`.
    Kept(&'static str, Value),
    /// Begins an answer, and breaks the connection off.
    Cut,
}

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Seen {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

type Answers = Arc<dyn Fn(&Seen) -> Reply + Send + Sync>;

#[derive(Clone)]
struct Inside {
    seen: Arc<Mutex<Vec<Seen>>>,
    answers: Arc<Mutex<Answers>>,
}

/// A service of others.
pub(crate) struct Fake {
    pub(crate) url: String,
    inside: Inside,
}

impl Fake {
    /// That always gives the same answer.
    pub(crate) async fn start(reply: Reply) -> Self {
        let answers: Answers = Arc::new(move |_| reply.clone());
        let inside = Inside { seen: Arc::default(), answers: Arc::new(Mutex::new(answers)) };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(inside.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, inside }
    }

    /// From now on.
    pub(crate) fn now_gives(&self, reply: Reply) {
        self.now_answers(move |_| reply.clone());
    }

    /// From now on, by what is asked.
    pub(crate) fn now_answers(&self, answers: impl Fn(&Seen) -> Reply + Send + Sync + 'static) {
        *self.inside.answers.lock().unwrap() = Arc::new(answers);
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.inside.seen.lock().unwrap().clone()
    }

    pub(crate) fn asked(&self) -> usize {
        self.inside.seen.lock().unwrap().len()
    }
}

async fn answer(State(inside): State<Inside>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let seen = Seen { method: head.method, path: head.uri.to_string(), headers: head.headers, body };
    let answers = inside.answers.lock().unwrap().clone();
    let reply = answers(&seen);
    inside.seen.lock().unwrap().push(seen);
    let status = |code| StatusCode::from_u16(code).unwrap();
    match reply {
        Reply::Json(code, value) => (status(code), axum::Json(value)).into_response(),
        Reply::Text(code, text) => (status(code), text).into_response(),
        Reply::Kept(control, value) => ([("cache-control", control)], axum::Json(value)).into_response(),
        Reply::Cut => {
            let pieces = [Ok(Bytes::from_static(b"{\"ke")), Err(std::io::Error::other("cut"))];
            Response::new(Body::from_stream(futures::stream::iter(pieces)))
        }
    }
}

/// A port that takes connections, and nothing else ever happens.
pub(crate) struct Silent {
    pub(crate) address: SocketAddr,
    _listener: std::net::TcpListener,
}

impl Silent {
    /// The system accepts connections; no one reads from them.
    pub(crate) fn new() -> Self {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        Self { address: listener.local_addr().unwrap(), _listener: listener }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

/// An address where nothing listens.
pub(crate) fn nobody() -> String {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}
