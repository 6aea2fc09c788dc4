//! One line in the log for each request: method, route, status, duration.
//!
//! The route is the template, such as `/todos/todo/`, and never the path or the query, which contain what the client
//! sent. All lines that are logged for a request are in a span with its id; the answer has the id in `x-request-id`.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;
use tracing::{Instrument, Span};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id of a gateway that is used, in bytes.
const MAX_ID: usize = 64;
/// The template of a request that no route matches.
const NO_ROUTE: &str = "-";

/// The id of a request; an extension of the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// An id from API Gateway. None: it is not short, printable ASCII.
    pub fn given(id: &str) -> Option<Self> {
        let usable = (1..=MAX_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
        usable.then(|| Self(id.to_owned()))
    }

    /// A new id, unique and not secret.
    fn new() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        Self(format!("{:016x}", RandomState::new().hash_one(COUNT.fetch_add(1, Ordering::Relaxed))))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The template of the route that a request matches; an extension of the request. It is set when the route is found, so
/// that it is known also when the handler is dropped.
#[derive(Debug, Clone, Default)]
pub struct Route(Arc<OnceLock<String>>);

impl Route {
    /// The template, or `-` when no route matches.
    pub fn template(&self) -> &str {
        self.0.get().map_or(NO_ROUTE, String::as_str)
    }
}

/// Middleware around each route: notes its template.
pub async fn note_route(request: Request, next: Next) -> Response {
    if let (Some(route), Some(path)) = (request.extensions().get::<Route>(), request.extensions().get::<MatchedPath>())
    {
        route.0.get_or_init(|| path.as_str().to_owned());
    }
    next.run(request).await
}

/// Middleware around everything: logs the request when it is answered, or when the client closed the connection.
pub async fn log_request(mut request: Request, next: Next) -> Response {
    let id = request.extensions_mut().get_or_insert_with(RequestId::new).clone();
    let mut record = Record::of(&id, request.method());
    request.extensions_mut().insert(record.route.clone());
    let span = record.span.clone();
    let mut response = next.run(request).instrument(span).await;
    record.status = Some(response.status());
    if let Ok(id) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Logs a request that could not be read and did not reach the routes.
pub fn log_unreadable(id: Option<RequestId>, status: StatusCode) {
    let id = id.unwrap_or_else(RequestId::new);
    let mut record = Record::of(&id, &Method::default());
    record.method = NO_ROUTE;
    record.status = Some(status);
}

/// What is logged of one request. The line is written on drop, so that it is also written when the client closed the
/// connection.
struct Record {
    span: Span,
    method: &'static str,
    route: Route,
    began: Instant,
    /// None: not answered.
    status: Option<StatusCode>,
}

impl Record {
    fn of(id: &RequestId, method: &Method) -> Self {
        Self {
            span: tracing::info_span!("request", %id),
            method: name(method),
            route: Route::default(),
            began: Instant::now(),
            status: None,
        }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let (method, route) = (self.method, self.route.template());
        // Most requests take about one millisecond: tenths are needed.
        let duration_ms = (self.began.elapsed().as_secs_f64() * 10_000.0).round() / 10.0;
        self.span.in_scope(|| match self.status {
            Some(status) => tracing::info!(method, route, status = status.as_u16(), duration_ms, "answered"),
            None => tracing::warn!(method, route, duration_ms, "not answered: the client closed the connection"),
        });
    }
}

/// The name of a known method. A client may send any word, which does not go into the log.
fn name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "PUT" => "PUT",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}
