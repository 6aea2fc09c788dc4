//! Recommendations: the model splits a todo into steps. One call in ten seconds for each user who is not premium.

use std::time::Duration;

use axum::extract::RawQuery;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{camel_case, date, integer};
use super::caller::Caller;
use super::change::change_rows;
use super::deadline::Deadline;
use super::error::ApiError;
use super::schema::ErrorResponses;
use super::todos::parameter;
use super::{ReadyApp, SharedProvider};
use crate::app::App;
use onestep_core::model::{Id, Todo};
use onestep_core::user_rows::{Change, Scope, UserRows};

/// The time between two calls of a user.
const EVERY: TimeDelta = TimeDelta::seconds(10);
/// The longest wait for the model.
const MODEL: Duration = Duration::from_secs(20);
/// The part of the request's time that is left to undo the reservation and to answer.
const KEPT_BACK: Duration = Duration::from_secs(2);
/// The most steps of an answer, and the longest step in characters, which is the limit of a sub-todo.
const MAX_STEPS: usize = 50;
const MAX_STEP_CHARS: usize = 255;

/// The routes of this module.
pub(super) fn routes() -> OpenApiRouter<SharedProvider> {
    OpenApiRouter::default().routes(routes!(recommend))
}

/// A todo with recommended steps; the client posts those that the user wants as sub-todos.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the answer; the model may add to it")]
struct Recommendation {
    /// The todo.
    id: Id,
    content: String,
    date: Option<String>,
    due_time: Option<String>,
    category_id: Option<Id>,
    children: Vec<RecommendedStep>,
}

/// A recommended step.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the answer; the model may add to it")]
struct RecommendedStep {
    content: String,
    /// The id of the todo.
    todo: Id,
    date: Option<String>,
}

/// Splits a todo into steps.
#[utoipa::path(
    get,
    path = "/todos/recommend/",
    tag = "todos",
    security(("bearer" = [])),
    params(("todoId" = i64, Query, description = "the todo")),
    responses((status = 200, body = Recommendation), ErrorResponses)
)]
async fn recommend(
    caller: Caller,
    ReadyApp(app): ReadyApp,
    deadline: Option<Extension<Deadline>>,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let asked = parameter(query.as_deref(), "todo_id");
    let Some(model) = &app.services.model else {
        find(&app, &caller, asked.as_deref()).await?;
        // Not 503: trying again does not help.
        return Err(ApiError::Missing("Recommendations are not available: no model is configured.".to_owned()));
    };
    let (todo, reservation) = find(&app, &caller, asked.as_deref()).await?;
    let left = deadline.map_or(MODEL, |Extension(deadline)| deadline.left().saturating_sub(KEPT_BACK).min(MODEL));
    match model.split(&todo, left).await {
        Ok(answer) => Ok(Json(whole(answer, &todo)).into_response()),
        Err(sentence) => {
            tracing::warn!(user = caller.id, reason = sentence, "the recommendation failed");
            give_back(&app, &caller, reservation).await;
            Err(ApiError::Upstream(sentence))
        }
    }
}

/// A reserved call: its time, and the time of the call before it.
struct Reservation {
    now: DateTime<Utc>,
    before: Option<DateTime<Utc>>,
}

/// Finds the todo and reserves the call in one update, so that of several requests at once one reaches the model.
async fn find(app: &App, caller: &Caller, asked: Option<&str>) -> Result<(Todo, Reservation), ApiError> {
    let now = (app.now)();
    let counts = app.services.model.is_some();
    let decide = |user_rows: &UserRows, _: &[Id]| {
        let before = user_rows.user.recommended_at;
        // Of simultaneous calls, a later one may be counted first. A clock that was set back by more than the limit
        // does not block the user.
        let since = before.map(|before| now - before).filter(|since| (-EVERY..EVERY).contains(since));
        if let Some(since) = since.filter(|_| !user_rows.user.is_premium) {
            let seconds = u64::try_from((EVERY - since).num_milliseconds()).unwrap_or_default().div_ceil(1000);
            return Err(ApiError::TooOften("Rate limit exceeded".to_owned(), seconds));
        }
        let asked = asked
            .map(str::trim)
            .filter(|asked| !asked.is_empty())
            .ok_or_else(|| ApiError::Bad("todo_id must be provided".to_owned()))?;
        let id = integer(&Value::String(asked.to_owned()))
            .map_err(|_| ApiError::Bad("todo_id must be a number".to_owned()))?;
        let todo = user_rows
            .todos
            .iter()
            .find(|todo| todo.id == id)
            .ok_or_else(|| ApiError::Bad(format!("No object found with id {id}")))?;
        let mut user = user_rows.user.clone();
        user.recommended_at = Some(now);
        let change = counts.then_some(Change::User(user));
        Ok(((todo.clone(), Reservation { now, before }), change.into_iter().collect()))
    };
    change_rows(app, caller, Scope::Todos, 0, decide).await.map(|(found, _)| found)
}

/// Undoes the reservation of a call that failed.
async fn give_back(app: &App, caller: &Caller, reservation: Reservation) {
    let mut decide = |user_rows: &UserRows, _: &[Id]| {
        let mut user = user_rows.user.clone();
        let is_mine = user.recommended_at == Some(reservation.now);
        user.recommended_at = reservation.before;
        is_mine.then_some(Change::User(user)).into_iter().collect()
    };
    if let Err(error) = app.store.update(caller.id, Scope::Account, 0, &mut decide).await {
        tracing::warn!(user = caller.id, %error, "the reservation of a failed call was not undone");
    }
}

/// The model's answer, completed with all fields that the client relies on.
fn whole(answer: Map<String, Value>, todo: &Todo) -> Map<String, Value> {
    let mut answer = camel_fields(answer);
    let steps = answer.get("children").and_then(Value::as_array).cloned().unwrap_or_default();
    let steps: Vec<Value> = steps.into_iter().filter_map(|given| step(given, todo)).take(MAX_STEPS).collect();
    answer.extend([
        ("id".to_owned(), json!(todo.id)),
        ("content".to_owned(), json!(todo.content)),
        ("date".to_owned(), json!(todo.date)),
        ("dueTime".to_owned(), json!(todo.due_time)),
        ("categoryId".to_owned(), json!(todo.category_id)),
        ("children".to_owned(), Value::Array(steps)),
    ]);
    answer
}

/// One step; None when it has no text. A step without a readable date gets the date of the todo.
fn step(given: Value, todo: &Todo) -> Option<Value> {
    let mut step = match given {
        Value::String(content) => Map::from_iter([("content".to_owned(), Value::String(content))]),
        Value::Object(fields) => fields,
        _ => return None,
    };
    let content: String = step.get("content")?.as_str()?.trim().chars().take(MAX_STEP_CHARS).collect();
    if content.is_empty() {
        return None;
    }
    let day = step.get("date").and_then(|given| date(given).ok()).or(todo.date);
    step.extend([
        ("content".to_owned(), json!(content)),
        ("todo".to_owned(), json!(todo.id)),
        ("date".to_owned(), json!(day)),
    ]);
    Some(Value::Object(step))
}

fn camel_fields(fields: Map<String, Value>) -> Map<String, Value> {
    fields.into_iter().map(|(name, value)| (camel_case(&name), camel_keys(value))).collect()
}

fn camel_keys(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(camel_fields(fields)),
        Value::Array(items) => Value::Array(items.into_iter().map(camel_keys).collect()),
        plain => plain,
    }
}
