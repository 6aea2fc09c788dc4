//! Splitting a todo into steps, by the model. One call in ten seconds for everybody who does not pay for more.

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
use crate::core::model::{Id, Todo};
use crate::core::user_rows::{Change, Scope, UserRows};

/// One call in this time.
const EVERY: TimeDelta = TimeDelta::seconds(10);
/// How long the model is waited for.
const MODEL: Duration = Duration::from_secs(20);
/// What is kept back of the request's own time, to give the call back and to answer.
const KEPT_BACK: Duration = Duration::from_secs(2);
/// More steps than this are no help, and no step is longer than its row can be, in characters.
const MAX_STEPS: usize = 50;
const MAX_STEP_CHARS: usize = 255;

/// The routes of this module.
pub(super) fn routes() -> OpenApiRouter<SharedProvider> {
    OpenApiRouter::default().routes(routes!(recommend))
}

/// A todo with steps that it could have; the client posts those that are wanted.
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

/// A step that a todo could have.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the answer; the model may add to it")]
struct RecommendedStep {
    content: String,
    /// The todo it would be a step of.
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
async fn recommend(caller: Caller, ReadyApp(app): ReadyApp, deadline: Option<Extension<Deadline>>, RawQuery(query): RawQuery) -> Result<Response, ApiError> {
    let asked = parameter(query.as_deref(), "todo_id");
    let Some(model) = &app.services.model else {
        find(&app, &caller, asked.as_deref()).await?;
        // Nothing that will pass: on this server there is no such thing.
        return Err(ApiError::Missing("No model is set up here, so nothing can be recommended.".to_owned()));
    };
    let (todo, reservation) = find(&app, &caller, asked.as_deref()).await?;
    let left = deadline.map_or(MODEL, |Extension(deadline)| deadline.left().saturating_sub(KEPT_BACK).min(MODEL));
    match model.split(&todo, left).await {
        Ok(answer) => Ok(Json(whole(answer, &todo)).into_response()),
        Err(sentence) => {
            tracing::warn!(user = caller.id, reason = sentence, "nothing recommended");
            give_back(&app, &caller, reservation).await;
            Err(ApiError::Upstream(sentence))
        }
    }
}

/// A call that may be made: when it counts from, and what counted before.
struct Reservation {
    now: DateTime<Utc>,
    before: Option<DateTime<Utc>>,
}

/// The todo; the call is counted in the same step, so that of many at once one is made.
async fn find(app: &App, caller: &Caller, asked: Option<&str>) -> Result<(Todo, Reservation), ApiError> {
    let now = (app.now)();
    let counts = app.services.model.is_some();
    let decide = |user_rows: &UserRows, _: &[Id]| {
        let before = user_rows.user.recommended_at;
        // Of calls at once a later one may have been counted first; a clock that was set back further locks nobody out.
        let since = before.map(|before| now - before).filter(|since| (-EVERY..EVERY).contains(since));
        if let Some(since) = since.filter(|_| !user_rows.user.is_premium) {
            let seconds = u64::try_from((EVERY - since).num_milliseconds()).unwrap_or_default().div_ceil(1000);
            return Err(ApiError::TooOften("Rate limit exceeded".to_owned(), seconds));
        }
        let asked = asked.map(str::trim).filter(|asked| !asked.is_empty()).ok_or_else(|| ApiError::Bad("todo_id must be provided".to_owned()))?;
        let id = integer(&Value::String(asked.to_owned())).map_err(|_| ApiError::Bad("todo_id must be a number".to_owned()))?;
        let todo = user_rows.todos.iter().find(|todo| todo.id == id).ok_or_else(|| ApiError::Bad(format!("No object found with id {id}")))?;
        let mut user = user_rows.user.clone();
        user.recommended_at = Some(now);
        let change = counts.then_some(Change::User(user));
        Ok(((todo.clone(), Reservation { now, before }), change.into_iter().collect()))
    };
    change_rows(app, caller, Scope::Todos, 0, decide).await.map(|(found, _)| found)
}

/// A call that came to nothing does not count.
async fn give_back(app: &App, caller: &Caller, reservation: Reservation) {
    let mut decide = |user_rows: &UserRows, _: &[Id]| {
        let mut user = user_rows.user.clone();
        let is_mine = user.recommended_at == Some(reservation.now);
        user.recommended_at = reservation.before;
        is_mine.then_some(Change::User(user)).into_iter().collect()
    };
    if let Err(error) = app.store.update(caller.id, Scope::Account, 0, &mut decide).await {
        tracing::warn!(user = caller.id, %error, "a call that came to nothing still counts");
    }
}

/// The model's answer with all that the client relies on, whatever the model made of it.
fn whole(answer: Map<String, Value>, todo: &Todo) -> Value {
    let mut answer = camel_keys(Value::Object(answer));
    let steps = answer.get("children").and_then(Value::as_array).cloned().unwrap_or_default();
    let steps: Vec<Value> = steps.into_iter().filter_map(|given| step(given, todo)).take(MAX_STEPS).collect();
    answer["id"] = json!(todo.id);
    answer["content"] = json!(todo.content);
    answer["date"] = json!(todo.date);
    answer["dueTime"] = json!(todo.due_time);
    answer["categoryId"] = json!(todo.category_id);
    answer["children"] = Value::Array(steps);
    answer
}

/// One step; None when the model named nothing to do.
fn step(given: Value, todo: &Todo) -> Option<Value> {
    let mut step = match given {
        Value::String(content) => json!({"content": content}),
        Value::Object(fields) => Value::Object(fields),
        _ => return None,
    };
    let content: String = step.get("content")?.as_str()?.trim().chars().take(MAX_STEP_CHARS).collect();
    if content.is_empty() {
        return None;
    }
    let day = step.get("date").and_then(|given| date(given).ok()).or(todo.date);
    step["content"] = json!(content);
    step["todo"] = json!(todo.id);
    step["date"] = json!(day);
    Some(step)
}

fn camel_keys(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(name, value)| (camel_case(&name), camel_keys(value))).collect()),
        Value::Array(items) => Value::Array(items.into_iter().map(camel_keys).collect()),
        plain => plain,
    }
}
