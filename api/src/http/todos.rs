//! `/todos/todo/` and `/todos/inbox/`.

use axum::Json;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{Body, FieldValue, Form, boolean, date, integer, no_such_row, row, snake_case, text, time};
use super::caller::Caller;
use super::change::{announce, change_rows, load_rows};
use super::error::{ApiError, FieldErrors};
use super::responses::{TodoResponse, TodoWithChildrenResponse, todos_with_children};
use super::schema::{self, ErrorResponses, body};
use super::{ReadyApp, SharedProvider};
use onestep_core::model::{Id, Todo};
use onestep_core::order::{MoveError, Neighbours};
use onestep_core::todos::{self, FieldUpdate, NewTodo, RowError, TodoPatch};
use onestep_core::user_rows::Scope;

/// The routes of this module.
pub(super) fn routes() -> OpenApiRouter<SharedProvider> {
    OpenApiRouter::new().routes(routes!(list, create, patch, delete)).routes(routes!(inbox))
}

body!(
    /// The fields of a new todo.
    NewTodoBody,
    schema::form(vec![
        ("content", schema::text(255, false), true),
        ("categoryId", schema::row(), true),
        ("date", schema::date(), false),
        ("dueTime", schema::time(true), false),
        ("isCompleted", schema::boolean(), false),
    ])
);

body!(
    /// The changes to a todo.
    TodoPatchBody,
    schema::form(vec![
        ("todoId", schema::row(), true),
        ("content", schema::text(255, false), false),
        ("categoryId", schema::row(), false),
        ("date", schema::date(), false),
        ("dueTime", schema::time(true), false),
        ("isCompleted", schema::boolean(), false),
        ("patchRank", schema::neighbours(), false),
    ])
);

body!(
    /// The id of a todo.
    TodoIdBody,
    schema::form(vec![("todoId", schema::row(), true)])
);

body!(
    /// The todo that was deleted.
    TodoDeleted,
    schema::form(vec![("todoId", schema::integer_within(0, i64::MAX), true), ("message", schema::token(), true)])
);

/// A query parameter, by its name in snake_case. The request may have it in either case; the last one counts.
pub(super) fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.filter(|(key, _)| snake_case(key) == name).last().map(|(_, value)| value.into_owned())
}

/// The todos with their sub-todos, ordered by rank. With both dates, only the todos of the days between them, both
/// included.
#[utoipa::path(
    get,
    path = "/todos/todo/",
    tag = "todos",
    security(("bearer" = [])),
    params(
        ("startDate" = Option<NaiveDate>, Query, description = "the first day; counts only with endDate"),
        ("endDate" = Option<NaiveDate>, Query, description = "the last day; counts only with startDate"),
    ),
    responses((status = 200, body = Vec<TodoWithChildrenResponse<'static>>), ErrorResponses)
)]
async fn list(caller: Caller, ReadyApp(app): ReadyApp, RawQuery(query): RawQuery) -> Result<Response, ApiError> {
    let days = match (parameter(query.as_deref(), "start_date"), parameter(query.as_deref(), "end_date")) {
        (Some(start), Some(end)) => Some(days(&start, &end)?),
        _ => None,
    };
    let user_rows = load_rows(&app, &caller, Scope::Todos).await?;
    let wanted =
        |todo: &Todo| days.is_none_or(|(start, end)| todo.date.is_some_and(|day| (start..=end).contains(&day)));
    Ok(Json(todos_with_children(&user_rows, wanted)).into_response())
}

fn days(start: &str, end: &str) -> Result<(NaiveDate, NaiveDate), FieldErrors> {
    let mut form = Form::new(json!({"start_date": start, "end_date": end}));
    let (start, end) = (form.required("start_date", date), form.required("end_date", date));
    start.zip(end).ok_or(form.into_errors())
}

/// The todos without a date, with their sub-todos, ordered by rank.
#[utoipa::path(
    get,
    path = "/todos/inbox/",
    tag = "todos",
    security(("bearer" = [])),
    responses((status = 200, body = Vec<TodoWithChildrenResponse<'static>>), ErrorResponses)
)]
async fn inbox(caller: Caller, ReadyApp(app): ReadyApp) -> Result<Response, ApiError> {
    let user_rows = load_rows(&app, &caller, Scope::Todos).await?;
    Ok(Json(todos_with_children(&user_rows, |todo| todo.date.is_none())).into_response())
}

/// Creates a todo behind all others.
#[utoipa::path(
    post,
    path = "/todos/todo/",
    tag = "todos",
    security(("bearer" = [])),
    request_body = NewTodoBody,
    responses((status = 201, body = TodoResponse<'static>), ErrorResponses)
)]
async fn create(caller: Caller, ReadyApp(app): ReadyApp, Body(body): Body) -> Result<Response, ApiError> {
    let new = new_todo(Form::new(body)).map_err(ApiError::Sentence)?;
    let now = (app.now)();
    let (todo, user) = change_rows(&app, &caller, Scope::Everything, 1, |user_rows, ids| {
        let id = ids.first().copied().ok_or(ApiError::Internal)?;
        todos::create(user_rows, id, new.clone(), now).map_err(|fault| ApiError::Sentence(faults(fault)))
    })
    .await?;
    announce(&app, &user, &caller, "Todo").await;
    Ok((StatusCode::CREATED, Json(TodoResponse::new(caller.id, &todo))).into_response())
}

fn new_todo(mut form: Form) -> Result<NewTodo, FieldErrors> {
    let content = form.required("content", text(255));
    let category_id = form.required("category_id", row);
    let date = form.nullable("date", date).or(None);
    let due_time = form.nullable("due_time", time).or(None);
    let is_completed = form.optional("is_completed", boolean).unwrap_or(false);
    match (content, category_id) {
        (Some(content), Some(category_id)) if form.is_valid() => {
            Ok(NewTodo { content, category_id, date, due_time, is_completed })
        }
        _ => Err(form.into_errors()),
    }
}

/// The error at its field.
pub(super) fn faults(fault: RowError) -> FieldErrors {
    match fault {
        RowError::Missing => FieldErrors::of("nonFieldErrors", "This row does not exist."),
        RowError::NoCategory(id) => FieldErrors::of("categoryId", no_such_row(id)),
        RowError::NoTodo(id) => FieldErrors::of("todoId", no_such_row(id)),
        RowError::Move(MoveError::NoSuchRow(id)) => FieldErrors::of("patchRank", no_such_row(id)),
        RowError::Move(MoveError::SameRow(id)) => {
            FieldErrors::of("patchRank", format!("prevId and nextId must not be the same row ({id})."))
        }
    }
}

/// The id under `name`. A missing id and one that is not a number have different errors.
pub(super) fn id_of(form: &Form, name: &str) -> Result<Id, ApiError> {
    match form.raw(name) {
        None => Err(ApiError::Bad(format!("{name} must be provided"))),
        Some(Value::String(text)) if text.trim().is_empty() => Err(ApiError::Bad(format!("{name} must be provided"))),
        Some(value) => integer(value).map_err(|_| ApiError::Bad(format!("{name} must be a number"))),
    }
}

/// The new neighbours of a dragged row: `patch_rank`, or `rank` when it is an object, as an older client sends it.
pub(super) fn neighbours(form: &mut Form) -> Option<Neighbours> {
    let name = if form.raw("patch_rank").is_some() { "patch_rank" } else { "rank" };
    let fields = match form.raw(name)? {
        Value::Object(fields) => fields.clone(),
        _ if name == "rank" => return None,
        _ => {
            form.reject(name, "Expected an object with prevId and nextId.");
            return None;
        }
    };
    let mut neighbours = Form::new(Value::Object(fields));
    let (prev, next) = (neighbours.nullable("prev_id", row).or(None), neighbours.nullable("next_id", row).or(None));
    if !neighbours.is_valid() {
        form.reject(name, format!("prevId and nextId: {}", neighbours.into_errors().sentence()));
    }
    Some(Neighbours { prev, next })
}

/// The change to a field that may be emptied.
pub(super) fn set<T>(given: FieldValue<T>) -> FieldUpdate<T> {
    match given {
        FieldValue::Absent => None,
        FieldValue::Null => Some(None),
        FieldValue::Value(value) => Some(Some(value)),
    }
}

/// Changes a todo. A new date applies to its sub-todos too.
#[utoipa::path(
    patch,
    path = "/todos/todo/",
    tag = "todos",
    security(("bearer" = [])),
    request_body = TodoPatchBody,
    responses((status = 200, body = TodoResponse<'static>), ErrorResponses)
)]
async fn patch(caller: Caller, ReadyApp(app): ReadyApp, Body(body): Body) -> Result<Response, ApiError> {
    let form = Form::object(body)?;
    let id = id_of(&form, "todo_id")?;
    let wanted = todo_patch(form);
    let now = (app.now)();
    let (todo, user) = change_rows(&app, &caller, Scope::Everything, 0, |user_rows, _| {
        // A missing todo is reported before the errors of the fields.
        if !user_rows.todos.iter().any(|todo| todo.id == id) {
            return Err(missing());
        }
        let patch = wanted.clone()?;
        todos::patch(user_rows, id, patch, now)
            .map_err(|fault| if fault == RowError::Missing { missing() } else { faults(fault).into() })
    })
    .await?;
    announce(&app, &user, &caller, "Todo").await;
    Ok(Json(TodoResponse::new(caller.id, &todo)).into_response())
}

fn missing() -> ApiError {
    ApiError::Missing("Todo not found".to_owned())
}

fn todo_patch(mut form: Form) -> Result<TodoPatch, FieldErrors> {
    // The calendar of an older client sends `start_date` and `end_date`, which are equal, instead of `date`.
    let day = ["date", "end_date", "start_date"].into_iter().find(|name| form.has(name)).unwrap_or("date");
    let patch = TodoPatch {
        content: form.optional("content", text(255)),
        category_id: form.optional("category_id", row),
        date: set(form.nullable(day, date)),
        due_time: set(form.nullable("due_time", time)),
        is_completed: form.optional("is_completed", boolean),
        neighbours: neighbours(&mut form),
    };
    if form.is_valid() && form.has("user_id") {
        return Err(FieldErrors::of("nonFieldErrors", "User cannot be updated"));
    }
    if form.is_valid() && patch == TodoPatch::default() {
        return Err(FieldErrors::of(
            "nonFieldErrors",
            "At least one of content, category_id, date, due_time, is_completed must be provided",
        ));
    }
    if form.is_valid() { Ok(patch) } else { Err(form.into_errors()) }
}

/// Deletes a todo and its sub-todos.
#[utoipa::path(
    delete,
    path = "/todos/todo/",
    tag = "todos",
    security(("bearer" = [])),
    request_body = TodoIdBody,
    responses((status = 200, body = TodoDeleted), ErrorResponses)
)]
async fn delete(caller: Caller, ReadyApp(app): ReadyApp, Body(body): Body) -> Result<Response, ApiError> {
    let id = id_of(&Form::object(body)?, "todo_id")?;
    let now = (app.now)();
    let ((), user) = change_rows(&app, &caller, Scope::Todos, 0, |user_rows, _| {
        let changes =
            todos::delete(user_rows, id, now).map_err(|_| ApiError::Bad(format!("No object found with id {id}")))?;
        Ok(((), changes))
    })
    .await?;
    announce(&app, &user, &caller, "Todo").await;
    Ok(Json(json!({"todoId": id, "message": "Todo deleted successfully"})).into_response())
}
