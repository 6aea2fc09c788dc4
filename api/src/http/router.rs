//! All routes, and what holds for all of them: slashes, preflights, headers, unknown paths, panics.

use std::any::Any;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::json;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Info, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;

use super::SharedProvider;
use super::deadline::within_deadline;
use super::error::ApiError;
use super::report::report_faults;
use super::request_log::{log_request, note_route};
use super::{account, categories, health, login, recommend, subs, todos, tokens};

/// The answer to a preflight. The web build sends preflights; the native client does not.
const PREFLIGHT: [(HeaderName, HeaderValue); 3] = [
    (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("DELETE, GET, OPTIONS, PATCH, POST, PUT")),
    (
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        HeaderValue::from_static("accept, authorization, content-type, user-agent, x-csrftoken, x-requested-with"),
    ),
    (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400")),
];

/// The headers of every answer.
const ALWAYS: [(HeaderName, HeaderValue); 5] = [
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];

/// Paths outside of the client's contract, which have no slash at the end.
const PLAIN: [&str; 3] = ["/healthz", "/readyz", "/openapi.json"];

fn api() -> OpenApiRouter<SharedProvider> {
    OpenApiRouter::with_openapi(empty_document())
        .merge(health::routes())
        .merge(login::routes())
        .merge(tokens::routes())
        .merge(account::routes())
        .merge(categories::routes())
        .merge(todos::routes())
        .merge(subs::routes())
        .merge(recommend::routes())
}

fn empty_document() -> OpenApi {
    let mut info = Info::new("OneStep API", env!("CARGO_PKG_VERSION"));
    info.description =
        Some("Todos, sub-todos and categories, for the OneStep client. Bodies may be in camelCase or snake_case; answers are in camelCase.".to_owned());
    let bearer = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build());
    let components = utoipa::openapi::ComponentsBuilder::new().security_scheme("bearer", bearer).build();
    OpenApiBuilder::new().info(info).components(Some(components)).build()
}

/// The OpenAPI 3.1 document of all routes, generated from the code.
pub fn document() -> OpenApi {
    api().into_openapi()
}

/// The router of the server.
pub fn router(entry: SharedProvider) -> Router {
    let (routes, _) = api().split_for_parts();
    let routes = routes
        .route("/openapi.json", axum::routing::get(async || Json(document())))
        .fallback(async || (StatusCode::NOT_FOUND, Json(json!({"detail": "Not found."}))))
        .method_not_allowed_fallback(async |method: Method| {
            let detail = format!("Method \"{method}\" not allowed.");
            (StatusCode::METHOD_NOT_ALLOWED, Json(json!({"detail": detail})))
        })
        .route_layer(CatchPanicLayer::custom(panicked))
        .route_layer(middleware::from_fn_with_state(entry.clone(), report_faults))
        .route_layer(middleware::from_fn(note_route))
        .with_state(entry);
    // Around the router, because the path must have its slash before it is matched.
    let routes = Router::new().fallback_service(routes);
    // A second time, for panics around the routes, such as in the report to Sentry.
    let routes = routes.layer(CatchPanicLayer::custom(panicked));
    let routes = routes.layer(middleware::from_fn(within_deadline)).layer(middleware::from_fn(around));
    routes.layer(middleware::from_fn(log_request))
}

/// The answer to a request whose handler panicked. The panic hook has printed where.
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let message =
        panic.downcast_ref::<&str>().map(|text| (*text).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    tracing::error!(panic = message.as_deref().unwrap_or("(no text)"), "a request panicked");
    ApiError::Internal.into_response()
}

/// Middleware around every route: preflights, the slash, the headers.
async fn around(mut request: Request, next: Next) -> Response {
    let mut response = if request.method() == Method::OPTIONS {
        (StatusCode::OK, PREFLIGHT).into_response()
    } else {
        with_slash(&mut request);
        next.run(request).await
    };
    for (name, value) in ALWAYS {
        response.headers_mut().insert(name, value);
    }
    response
}

/// Adds the slash that every route ends with. A redirect instead would turn a POST into a GET.
fn with_slash(request: &mut Request) {
    let path = request.uri().path();
    if path.ends_with('/') || PLAIN.contains(&path) {
        return;
    }
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut parts = request.uri().clone().into_parts();
    parts.path_and_query = format!("{path}/{query}").parse().ok().or(parts.path_and_query);
    if let Ok(uri) = parts.try_into() {
        *request.uri_mut() = uri;
    }
}
