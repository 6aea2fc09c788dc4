//! Signing in with Google and with Apple, and the client ids that the client asks for before.

use axum::Json;
use axum::body::Bytes;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::Refusal;
use super::body::{self, Form, Given};
use super::{Entry, Ready};
use crate::app::App;
use crate::core::model::Provider;
use crate::core::token::Kind;
use crate::outside::identity::{self, Doubt, Person};
use crate::outside::sentry::Fault;

mod account;

/// FCM tokens are about 160 characters; stores can keep this many.
const LONGEST_DEVICE: usize = 1024;

/// The routes of this module.
pub fn routes() -> OpenApiRouter<Entry> {
    OpenApiRouter::default().routes(routes!(google)).routes(routes!(apple)).routes(routes!(android_client_id)).routes(routes!(ios_client_id))
}

/// An identity, and what it was made on.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the body; it is read field by field")]
struct Login {
    /// The id token of the provider.
    token: String,
    /// 0 Android, 1 iOS; without it, Google identities for either count.
    r#type: Option<i64>,
    /// The FCM registration token.
    device_token: Option<String>,
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Session {
    /// Good for 30 days.
    refresh: String,
    /// Good for 7 days.
    access: String,
    /// The account was not there, or deleted.
    is_new: bool,
    /// The mail address; empty when Apple gave none.
    email: String,
}

/// The first of the client ids for Android, null if there is none.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct AndroidClientId {
    android_client_id: Option<String>,
}

/// The first of the client ids for iOS, null if there is none.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct IosClientId {
    ios_client_id: Option<String>,
}

/// Signs in with Google.
#[utoipa::path(post, path = "/auth/login/google/", tag = "auth", request_body = Login, security(()),
    responses((status = 200, body = Session), (status = 400, description = "The identity does not count"), (status = 503)))]
async fn google(Ready(app): Ready, body: Bytes) -> Result<Json<Session>, Refusal> {
    let asked = Asked::read(&body)?;
    let settings = &app.settings;
    let audiences: Vec<&str> = match asked.kind {
        None => settings.google_audiences().map(String::as_str).collect(),
        Some(0) => settings.google_android.iter().map(String::as_str).collect(),
        Some(1) => settings.google_ios.iter().map(String::as_str).collect(),
        Some(_) => return Err(Refusal::Bad("Invalid device type".to_owned())),
    };
    if audiences.is_empty() {
        return Err(nobody("Google"));
    }
    match identity::google(&asked.token, &app.outside.google_keys, &audiences, (app.now)()).await {
        Ok(person) => sign_in(&app, &person, asked.device.as_deref()).await.map(Json),
        Err(doubt) => {
            refused(&app, Provider::Google, &doubt).await;
            Err(Refusal::Bad(match doubt {
                Doubt::Expired => "Token has expired".to_owned(),
                Doubt::Invalid(_) => "Invalid token".to_owned(),
                Doubt::Unchecked(why) => format!("The token cannot be checked: {why}"),
            }))
        }
    }
}

/// Signs in with Apple.
#[utoipa::path(post, path = "/auth/login/apple/", tag = "auth", request_body = Login, security(()),
    responses((status = 200, body = Session), (status = 400, description = "The identity does not count"), (status = 503)))]
async fn apple(Ready(app): Ready, body: Bytes) -> Result<Json<Session>, Refusal> {
    let asked = Asked::read(&body)?;
    if asked.kind.is_some_and(|kind| kind != 1) {
        return Err(Refusal::Bad("Invalid device type".to_owned()));
    }
    let audiences: Vec<&str> = app.settings.apple_audiences.iter().map(String::as_str).collect();
    if audiences.is_empty() {
        return Err(nobody("Apple"));
    }
    match identity::apple(&asked.token, &app.outside.apple_keys, &audiences, (app.now)()).await {
        Ok(person) => sign_in(&app, &person, asked.device.as_deref()).await.map(Json),
        Err(doubt) => {
            refused(&app, Provider::Apple, &doubt).await;
            Err(Refusal::Bad(match doubt {
                Doubt::Expired => "Token has expired".to_owned(),
                Doubt::Invalid(_) => "Invalid token".to_owned(),
                Doubt::Unchecked(why) => format!("An unexpected error occurred: {why}"),
            }))
        }
    }
}

/// What Google is asked with on Android.
#[utoipa::path(get, path = "/auth/android/", tag = "auth", security(()), responses((status = 200, body = AndroidClientId), (status = 503)))]
async fn android_client_id(Ready(app): Ready) -> Json<AndroidClientId> {
    Json(AndroidClientId { android_client_id: app.settings.google_android.first().cloned() })
}

/// What Google is asked with on iOS.
#[utoipa::path(get, path = "/auth/ios/", tag = "auth", security(()), responses((status = 200, body = IosClientId), (status = 503)))]
async fn ios_client_id(Ready(app): Ready) -> Json<IosClientId> {
    Json(IosClientId { ios_client_id: app.settings.google_ios.first().cloned() })
}

/// The body of a login.
struct Asked {
    token: String,
    kind: Option<i64>,
    device: Option<String>,
}

impl Asked {
    fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let mut form = Form::new(body::parse(bytes)?);
        let token = form.raw("token").and_then(Value::as_str).map(str::trim).filter(|token| !token.is_empty()).map(str::to_owned);
        let Some(token) = token else { return Err(Refusal::Bad("device type and token is required".to_owned())) };
        let kind = match form.raw("type").map(body::integer).transpose() {
            Ok(kind) => kind,
            Err(_) => return Err(Refusal::Bad("Invalid device type".to_owned())),
        };
        let blank = form.raw("device_token").and_then(Value::as_str).is_some_and(|token| token.trim().is_empty());
        let device = if blank { Given::Absent } else { form.nullable("device_token", body::text(LONGEST_DEVICE)) };
        if form.is_right() { Ok(Self { token, kind, device: device.or(None) }) } else { Err(form.into_faults().into()) }
    }
}

fn nobody(provider: &str) -> Refusal {
    Refusal::Bad(format!("Nobody can sign in with {provider} here: no accepted audience is configured."))
}

/// A client only says that signing in did not work; whoever runs this has to be told why.
async fn refused(app: &App, provider: Provider, doubt: &Doubt) {
    let reason = match doubt {
        Doubt::Expired => "it has expired",
        Doubt::Invalid(reason) | Doubt::Unchecked(reason) => reason,
    };
    tracing::warn!(provider = provider.as_str(), reason, "login refused");
    let tags = vec![("provider", provider.as_str().to_owned()), ("reason", reason.to_owned())];
    app.report(Fault { message: format!("A login with {} was refused.", provider.as_str()), is_ours: false, user: None, tags }).await;
}

async fn sign_in(app: &App, person: &Person, device: Option<&str>) -> Result<Session, Refusal> {
    if !account::can_be_named(person) {
        return Err(Refusal::Bad("The mail address is too long.".to_owned()));
    }
    let entered = account::enter(app, person, device).await?;
    tracing::info!(provider = person.provider.as_str(), user = entered.id, made = entered.made, restored = entered.restored, "login");
    let (refresh, access) = (app.sign(Kind::Refresh, entered.id, device)?, app.sign(Kind::Access, entered.id, device)?);
    // An account that Apple gave no address for goes by another name.
    let email = Some(entered.username).filter(|name| name.contains('@')).or_else(|| person.email.clone()).unwrap_or_default();
    if entered.made && !email.is_empty() {
        app.welcome(entered.id, &email).await;
    }
    Ok(Session { refresh, access, is_new: entered.made || entered.restored, email })
}
