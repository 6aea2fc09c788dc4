//! `/auth/user/`, `/auth/profile/` and `/feedback/`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{Body, Form, boolean, choice, free_text, no_such_row, row, text, time, type_name};
use super::caller::Caller;
use super::change::{change_rows, load_rows};
use super::error::{ApiError, FieldErrors};
use super::responses::{FeedbackResponse, ProfileResponse, UserResponse};
use super::schema::{self, ErrorResponses, body};
use super::todos::set;
use super::{ReadyApp, SharedProvider};
use onestep_core::model::{DELAY_REASONS, Feedback, Id, Profile, User};
use onestep_core::user_rows::{Change, Scope};

/// The routes of this module.
pub(super) fn routes() -> OpenApiRouter<SharedProvider> {
    OpenApiRouter::new()
        .routes(routes!(user, patch_user, delete_user))
        .routes(routes!(profile, create_profile, patch_profile))
        .routes(routes!(feedback))
}

const AGE_GROUPS: [&str; 5] = ["10", "20", "30", "40", "50"];
const KINDS_OF_FEEDBACK: [&str; 3] = ["bug", "feature", "feedback"];

body!(
    /// The changes to an account.
    UserPatchBody,
    schema::form(vec![("isSubscribed", schema::boolean(), false), ("isPremium", schema::boolean(), false)])
);

body!(
    /// One sentence.
    UserDeleted,
    schema::form(vec![("message", schema::token(), true)])
);

/// The fields of a profile. A new profile needs all of them except the name.
fn profile_schema(new: bool) -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
    schema::form(vec![
        ("username", schema::text(255, true), false),
        ("ageGroup", schema::choice(&AGE_GROUPS), new),
        ("job", schema::text(255, false), new),
        ("sleepTime", schema::time(false), new),
        ("delayReason", schema::list_of(schema::integer_within(1, 6)), new),
    ])
}

body!(
    /// The fields of a new profile.
    NewProfileBody,
    profile_schema(true)
);

body!(
    /// The changes to a profile.
    ProfilePatchBody,
    profile_schema(false)
);

body!(
    /// A message to the developers.
    FeedbackBody,
    schema::form(vec![
        ("userId", schema::row(), false),
        ("title", schema::text(200, false), true),
        ("category", schema::choice(&KINDS_OF_FEEDBACK), true),
        ("description", schema::free_text(), true),
    ])
);

/// The caller's account.
#[utoipa::path(
    get,
    path = "/auth/user/",
    tag = "account",
    security(("bearer" = [])),
    responses((status = 200, body = UserResponse<'static>), ErrorResponses)
)]
async fn user(caller: Caller, ReadyApp(app): ReadyApp) -> Result<Response, ApiError> {
    let user_rows = load_rows(&app, &caller, Scope::Account).await?;
    Ok(Json(UserResponse::from(&user_rows.user)).into_response())
}

/// Sets `isSubscribed`. `isPremium` is checked and ignored: callers cannot make themselves premium.
#[utoipa::path(
    patch,
    path = "/auth/user/",
    tag = "account",
    security(("bearer" = [])),
    request_body = UserPatchBody,
    responses((status = 200, body = UserResponse<'static>), ErrorResponses)
)]
async fn patch_user(caller: Caller, ReadyApp(app): ReadyApp, Body(body): Body) -> Result<Response, ApiError> {
    let mut form = Form::object(body)?;
    let is_subscribed = form.optional("is_subscribed", boolean);
    form.optional("is_premium", boolean);
    if !form.is_valid() {
        return Err(form.into_errors().into());
    }
    let (user, _) = change_rows(&app, &caller, Scope::Account, 0, |user_rows, _| {
        let user =
            User { is_subscribed: is_subscribed.unwrap_or(user_rows.user.is_subscribed), ..user_rows.user.clone() };
        let changes = if user == user_rows.user { Vec::new() } else { vec![Change::User(user.clone())] };
        Ok((user, changes))
    })
    .await?;
    Ok(Json(UserResponse::from(&user)).into_response())
}

/// Deletes the account. The next sign-in restores everything.
#[utoipa::path(
    delete,
    path = "/auth/user/",
    tag = "account",
    security(("bearer" = [])),
    responses((status = 200, body = UserDeleted), ErrorResponses)
)]
async fn delete_user(caller: Caller, ReadyApp(app): ReadyApp) -> Result<Response, ApiError> {
    let now = (app.now)();
    change_rows(&app, &caller, Scope::Account, 0, |user_rows, _| {
        Ok(((), vec![Change::User(User { deleted_at: Some(now), ..user_rows.user.clone() })]))
    })
    .await?;
    Ok(Json(json!({"message": "User deleted"})).into_response())
}

fn no_profile() -> ApiError {
    ApiError::Missing("Profile not found".to_owned())
}

/// The profile of the caller.
#[utoipa::path(
    get,
    path = "/auth/profile/",
    tag = "account",
    security(("bearer" = [])),
    responses((status = 200, body = ProfileResponse<'static>), ErrorResponses)
)]
async fn profile(caller: Caller, ReadyApp(app): ReadyApp) -> Result<Response, ApiError> {
    let user_rows = load_rows(&app, &caller, Scope::Account).await?;
    let profile = user_rows.user.profile.ok_or_else(no_profile)?;
    Ok(Json(ProfileResponse::new(caller.id, &profile)).into_response())
}

/// Ids of delay reasons: at least one, all known.
fn delay_reasons(value: &Value) -> Result<Vec<Id>, String> {
    let Value::Array(items) = value else {
        return Err(format!("Expected a list of items but got type \"{}\".", type_name(value)));
    };
    if items.is_empty() {
        return Err("This list may not be empty.".to_owned());
    }
    let known = |id: Id| usize::try_from(id).is_ok_and(|id| (1..=DELAY_REASONS.len()).contains(&id));
    let mut reasons = Vec::new();
    for item in items {
        let id = row(item)?;
        if !known(id) {
            return Err(no_such_row(id));
        }
        if !reasons.contains(&id) {
            reasons.push(id);
        }
    }
    Ok(reasons)
}

/// Creates the profile of the caller, once.
#[utoipa::path(
    post,
    path = "/auth/profile/",
    tag = "account",
    security(("bearer" = [])),
    request_body = NewProfileBody,
    responses((status = 201, body = ProfileResponse<'static>), ErrorResponses)
)]
async fn create_profile(caller: Caller, ReadyApp(app): ReadyApp, Body(body): Body) -> Result<Response, ApiError> {
    let read = new_profile(Form::new(body));
    let (profile, _) = change_rows(&app, &caller, Scope::Account, 0, |user_rows, _| {
        if user_rows.user.profile.is_some() {
            return Err(ApiError::Bad("Profile already exists".to_owned()));
        }
        let profile = read.clone()?;
        Ok((profile.clone(), vec![Change::User(User { profile: Some(profile), ..user_rows.user.clone() })]))
    })
    .await?;
    Ok((StatusCode::CREATED, Json(ProfileResponse::new(caller.id, &profile))).into_response())
}

fn new_profile(mut form: Form) -> Result<Profile, FieldErrors> {
    if !form.is_valid() {
        return Err(form.into_errors());
    }
    let username = form.nullable("username", text(255)).or(None);
    let age_group = form.required("age_group", choice(&AGE_GROUPS));
    let job = form.required("job", text(255));
    let sleep_time = form.required("sleep_time", time);
    let delay_reason = form.required("delay_reason", delay_reasons);
    match (age_group, job, sleep_time, delay_reason) {
        (Some(age_group), Some(job), Some(sleep_time), Some(delay_reason)) if form.is_valid() => {
            Ok(Profile { username, age_group, job, sleep_time, delay_reason })
        }
        _ => Err(form.into_errors()),
    }
}

/// Changes the profile of the caller.
#[utoipa::path(
    patch,
    path = "/auth/profile/",
    tag = "account",
    security(("bearer" = [])),
    request_body = ProfilePatchBody,
    responses((status = 200, body = ProfileResponse<'static>), ErrorResponses)
)]
async fn patch_profile(caller: Caller, ReadyApp(app): ReadyApp, Body(body): Body) -> Result<Response, ApiError> {
    let mut form = Form::object(body)?;
    if form.has("user_id") {
        return Err(ApiError::Bad("user_id cannot be updated".to_owned()));
    }
    let username = set(form.nullable("username", text(255)));
    let age_group = form.optional("age_group", choice(&AGE_GROUPS));
    let job = form.optional("job", text(255));
    let sleep_time = form.optional("sleep_time", time);
    let delay_reason = form.optional("delay_reason", delay_reasons);
    let faults = form.into_errors();
    let (profile, _) = change_rows(&app, &caller, Scope::Account, 0, |user_rows, _| {
        let profile = user_rows.user.profile.clone().ok_or_else(no_profile)?;
        if !faults.is_empty() {
            return Err(faults.clone().into());
        }
        let profile = Profile {
            username: username.clone().unwrap_or(profile.username),
            age_group: age_group.clone().unwrap_or(profile.age_group),
            job: job.clone().unwrap_or(profile.job),
            sleep_time: sleep_time.unwrap_or(profile.sleep_time),
            delay_reason: delay_reason.clone().unwrap_or(profile.delay_reason),
        };
        Ok((profile.clone(), vec![Change::User(User { profile: Some(profile), ..user_rows.user.clone() })]))
    })
    .await?;
    Ok(Json(ProfileResponse::new(caller.id, &profile)).into_response())
}

/// Sends a message to the developers.
#[utoipa::path(
    post,
    path = "/feedback/",
    tag = "account",
    security(("bearer" = [])),
    request_body = FeedbackBody,
    responses((status = 201, body = FeedbackResponse<'static>), ErrorResponses)
)]
async fn feedback(caller: Caller, ReadyApp(app): ReadyApp, Body(body): Body) -> Result<Response, ApiError> {
    let mut form = Form::object(body)?;
    // The author is the caller. An older client sends its own id too; another id is an error and not ignored.
    if let Some(author) = form.optional("user_id", row)
        && author != caller.id
    {
        form.reject("user_id", no_such_row(author));
    }
    let title = form.required("title", text(200));
    let category = form.required("category", choice(&KINDS_OF_FEEDBACK));
    let description = form.required("description", |value| match free_text(value)? {
        text if text.is_empty() => Err("This field may not be blank.".to_owned()),
        text => Ok(text),
    });
    let (title, category, description) = match (title, category, description) {
        (Some(title), Some(category), Some(description)) if form.is_valid() => (title, category, description),
        _ => return Err(form.into_errors().into()),
    };
    let now = (app.now)();
    let (row, _) = change_rows(&app, &caller, Scope::Account, 1, |_, ids| {
        let id = ids.first().copied().ok_or(ApiError::Internal)?;
        let (title, category, description) = (title.clone(), category.clone(), description.clone());
        let row = Feedback { id, title, category, description, created_at: now, status: "pending".to_owned() };
        Ok((row.clone(), vec![Change::Feedback(row)]))
    })
    .await?;
    Ok((StatusCode::CREATED, Json(FeedbackResponse::new(caller.id, &row))).into_response())
}
