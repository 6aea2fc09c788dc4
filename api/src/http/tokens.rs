//! `/auth/api/token/verify/` and `/auth/token/refresh/`.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{Body, Form};
use super::caller::Caller;
use super::error::{ApiError, Unauthorized};
use super::schema::{self, ErrorResponses, body};
use super::{ReadyApp, SharedProvider};
use onestep_core::token::TokenKind;
use onestep_core::user_rows::Scope;

/// The routes of this module.
pub(super) fn routes() -> OpenApiRouter<SharedProvider> {
    OpenApiRouter::new().routes(routes!(verify)).routes(routes!(refresh))
}

body!(
    /// A token of either kind.
    TokenBody,
    schema::form(vec![("token", schema::token(), true)])
);

body!(
    /// A refresh token.
    RefreshBody,
    schema::form(vec![("refresh", schema::token(), true)])
);

body!(
    /// An access token.
    AccessBody,
    schema::form(vec![("access", schema::token(), true)])
);

body!(
    /// Nothing.
    EmptyBody,
    schema::form(Vec::new())
);

/// Reads a token without trimming it.
fn verbatim(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) if text.trim().is_empty() => Err("This field may not be blank.".to_owned()),
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err("Not a valid string.".to_owned()),
    }
}

/// Checks whether a token is valid.
#[utoipa::path(
    post,
    path = "/auth/api/token/verify/",
    tag = "tokens",
    request_body = TokenBody,
    responses((status = 200, body = EmptyBody), ErrorResponses)
)]
async fn verify(ReadyApp(app): ReadyApp, Body(body): Body) -> Result<Response, ApiError> {
    let mut form = Form::object(body)?;
    let Some(token) = form.required("token", verbatim) else { return Err(form.into_errors().into()) };
    app.signer.read(&token, (app.now)()).ok_or(Unauthorized::InvalidOrExpired)?;
    Ok(Json(json!({})).into_response())
}

/// Exchanges a refresh token for a new access token.
#[utoipa::path(
    post,
    path = "/auth/token/refresh/",
    tag = "tokens",
    request_body = RefreshBody,
    responses((status = 200, body = AccessBody), ErrorResponses)
)]
async fn refresh(ReadyApp(app): ReadyApp, Body(body): Body) -> Result<Response, ApiError> {
    let mut form = Form::object(body)?;
    let Some(token) = form.required("refresh", verbatim) else { return Err(form.into_errors().into()) };
    let now = (app.now)();
    let session = app.signer.read(&token, now).ok_or(Unauthorized::InvalidOrExpired)?;
    if session.kind != TokenKind::Refresh {
        return Err(Unauthorized::WrongType.into());
    }
    let user = session.user.ok_or(Unauthorized::NoUserId)?;
    Caller::present(app.store.read(user, Scope::Account).await?)?;
    let access = app.sign(TokenKind::Access, user, session.device.as_deref())?;
    Ok(Json(json!({"access": access})).into_response())
}
