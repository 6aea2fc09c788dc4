//! Signing in with Google and with Apple, and the client ids that the client needs for it.

use axum::Json;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{self, Body, FieldValue, Form};
use super::error::ApiError;
use super::{ReadyApp, SharedProvider};
use crate::app::App;
use crate::services::identity::{self, IdentityError, Person};
use crate::services::sentry::ErrorReport;
use onestep_core::model::Provider;
use onestep_core::token::TokenKind;

mod account;

/// The longest FCM token, in characters. Real ones have about 160.
const MAX_DEVICE_CHARS: usize = 1024;

/// The routes of this module.
pub fn routes() -> OpenApiRouter<SharedProvider> {
    OpenApiRouter::default()
        .routes(routes!(google))
        .routes(routes!(apple))
        .routes(routes!(android_client_id))
        .routes(routes!(ios_client_id))
}

/// An identity token, and the device.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body; it is read field by field")]
struct Login {
    /// The id token of the provider.
    token: String,
    /// 0 Android, 1 iOS. Without it, Google identities for both are accepted.
    r#type: Option<i64>,
    /// The FCM registration token.
    device_token: Option<String>,
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Session {
    /// Valid for 30 days.
    refresh: String,
    /// Valid for 7 days.
    access: String,
    /// The account is new or was restored.
    is_new: bool,
    /// The mail address; empty when Apple gave no address.
    email: String,
}

/// The first client id for Android; null without one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AndroidClientId {
    android_client_id: Option<String>,
}

/// The first client id for iOS; null without one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct IosClientId {
    ios_client_id: Option<String>,
}

/// Signs in with Google.
#[utoipa::path(post, path = "/auth/login/google/", tag = "auth", request_body = Login, security(()),
    responses((status = 200, body = Session), (status = 400, description = "The identity is refused"), (status = 503)))]
async fn google(ReadyApp(app): ReadyApp, Body(body): Body) -> Result<Json<Session>, ApiError> {
    let asked = LoginRequest::read(body)?;
    let settings = &app.settings;
    let audiences: Vec<&str> = match asked.kind {
        None => settings.google_audiences().map(String::as_str).collect(),
        Some(0) => settings.google_android.iter().map(String::as_str).collect(),
        Some(1) => settings.google_ios.iter().map(String::as_str).collect(),
        Some(_) => return Err(ApiError::Bad("Invalid device type".to_owned())),
    };
    if audiences.is_empty() {
        return Err(no_audience("Google"));
    }
    match identity::google(&asked.token, &app.services.google_keys, &audiences, (app.now)()).await {
        Ok(person) => sign_in(&app, &person, asked.device.as_deref()).await.map(Json),
        Err(doubt) => {
            refused(&app, Provider::Google, &doubt).await;
            Err(ApiError::Bad(match doubt {
                IdentityError::Expired => "Token has expired".to_owned(),
                IdentityError::Invalid(_) => "Invalid token".to_owned(),
                IdentityError::Unchecked(why) => format!("The token cannot be checked: {why}"),
            }))
        }
    }
}

/// Signs in with Apple.
#[utoipa::path(post, path = "/auth/login/apple/", tag = "auth", request_body = Login, security(()),
    responses((status = 200, body = Session), (status = 400, description = "The identity is refused"), (status = 503)))]
async fn apple(ReadyApp(app): ReadyApp, Body(body): Body) -> Result<Json<Session>, ApiError> {
    let asked = LoginRequest::read(body)?;
    if asked.kind.is_some_and(|kind| kind != 1) {
        return Err(ApiError::Bad("Invalid device type".to_owned()));
    }
    let audiences: Vec<&str> = app.settings.apple_audiences.iter().map(String::as_str).collect();
    if audiences.is_empty() {
        return Err(no_audience("Apple"));
    }
    match identity::apple(&asked.token, &app.services.apple_keys, &audiences, (app.now)()).await {
        Ok(person) => sign_in(&app, &person, asked.device.as_deref()).await.map(Json),
        Err(doubt) => {
            refused(&app, Provider::Apple, &doubt).await;
            Err(ApiError::Bad(match doubt {
                IdentityError::Expired => "Token has expired".to_owned(),
                IdentityError::Invalid(_) => "Invalid token".to_owned(),
                IdentityError::Unchecked(why) => format!("An unexpected error occurred: {why}"),
            }))
        }
    }
}

/// The client id for signing in with Google on Android.
#[utoipa::path(get, path = "/auth/android/", tag = "auth", security(()), responses((status = 200, body = AndroidClientId), (status = 503)))]
async fn android_client_id(ReadyApp(app): ReadyApp) -> Json<AndroidClientId> {
    Json(AndroidClientId { android_client_id: app.settings.google_android.first().cloned() })
}

/// The client id for signing in with Google on iOS.
#[utoipa::path(get, path = "/auth/ios/", tag = "auth", security(()), responses((status = 200, body = IosClientId), (status = 503)))]
async fn ios_client_id(ReadyApp(app): ReadyApp) -> Json<IosClientId> {
    Json(IosClientId { ios_client_id: app.settings.google_ios.first().cloned() })
}

/// The body of a login.
struct LoginRequest {
    token: String,
    kind: Option<i64>,
    device: Option<String>,
}

impl LoginRequest {
    fn read(body: Value) -> Result<Self, ApiError> {
        let mut form = Form::new(body);
        let token = form
            .raw("token")
            .and_then(Value::as_str)
            .map(str::trim)
            .filter(|token| !token.is_empty())
            .map(str::to_owned);
        let Some(token) = token else { return Err(ApiError::Bad("device type and token is required".to_owned())) };
        let kind = match form.raw("type").map(body::integer).transpose() {
            Ok(kind) => kind,
            Err(_) => return Err(ApiError::Bad("Invalid device type".to_owned())),
        };
        let blank = form.raw("device_token").and_then(Value::as_str).is_some_and(|token| token.trim().is_empty());
        let device =
            if blank { FieldValue::Absent } else { form.nullable("device_token", body::text(MAX_DEVICE_CHARS)) };
        if form.is_valid() { Ok(Self { token, kind, device: device.or(None) }) } else { Err(form.into_errors().into()) }
    }
}

fn no_audience(provider: &str) -> ApiError {
    ApiError::Bad(format!("Signing in with {provider} is not possible: no accepted audience is configured."))
}

/// Logs and reports why a login was refused. The client shows its user no reason, so the operator needs it.
async fn refused(app: &App, provider: Provider, doubt: &IdentityError) {
    let reason = match doubt {
        IdentityError::Expired => "it has expired",
        IdentityError::Invalid(reason) | IdentityError::Unchecked(reason) => reason,
    };
    tracing::warn!(provider = provider.as_str(), reason, "login refused");
    let tags = vec![("provider", provider.as_str().to_owned()), ("reason", reason.to_owned())];
    app.report(ErrorReport {
        message: format!("A login with {} was refused.", provider.as_str()),
        is_server_error: false,
        user: None,
        tags,
    })
    .await;
}

async fn sign_in(app: &App, person: &Person, device: Option<&str>) -> Result<Session, ApiError> {
    if !account::can_be_named(person) {
        return Err(ApiError::Bad("The mail address is too long.".to_owned()));
    }
    let entered = account::enter(app, person, device).await?;
    tracing::info!(
        provider = person.provider.as_str(),
        user = entered.id,
        made = entered.made,
        restored = entered.restored,
        "login"
    );
    let (refresh, access) =
        (app.sign(TokenKind::Refresh, entered.id, device)?, app.sign(TokenKind::Access, entered.id, device)?);
    // The name of an account without an address is Apple's id.
    let email =
        Some(entered.username).filter(|name| name.contains('@')).or_else(|| person.email.clone()).unwrap_or_default();
    if entered.made && !email.is_empty() {
        app.welcome(entered.id, &email).await;
    }
    Ok(Session { refresh, access, is_new: entered.made || entered.restored, email })
}
