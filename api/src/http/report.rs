//! Reports server errors to Sentry.

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use super::SharedProvider;
use super::caller::bearer;
use crate::app::App;
use crate::services::sentry::ErrorReport;
use onestep_core::model::Id;

/// Middleware around the routes: reports answers of 500 and above, with the template of the route and not the path,
/// which may contain anything.
pub async fn report_faults(State(entry): State<SharedProvider>, request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let path = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "(no route)".to_owned(), |path| path.as_str().to_owned());
    let headers = request.headers().clone();
    let response = next.run(request).await;
    // Without an application there is no Sentry. `/readyz` answers 503 as a state, not as an error.
    if response.status().is_server_error()
        && path != "/readyz"
        && let Some(app) = entry.app_if_ready()
    {
        app.report(fault(&app, response.status(), &format!("{method} {path}"), &headers)).await;
    }
    response
}

fn fault(app: &App, status: StatusCode, route: &str, headers: &HeaderMap) -> ErrorReport {
    let user: Option<Id> = bearer(headers).ok().and_then(|token| app.signer.read(token, (app.now)())?.user);
    let tags = vec![("route", route.to_owned()), ("status", status.as_u16().to_string())];
    ErrorReport { message: format!("{route} answered {}", status.as_u16()), is_server_error: true, user, tags }
}
