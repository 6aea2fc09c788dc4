//! `/todos/todo/` and `/todos/inbox/`.

use axum::Json;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Faults, Refusal};
use super::body::{Body, Form, Given, boolean, date, integer, no_such_row, row, snake_case, text, time};
use super::caller::Caller;
use super::change::{amend, announce, look};
use super::schema::{self, Refusals, body};
use super::shown::{ShownTodo, ShownTodoWithChildren, todos_with_children};
use super::{Entry, Ready};
use crate::core::holdings::Want;
use crate::core::model::{Id, Todo};
use crate::core::order::{NoPlace, Place};
use crate::core::todos::{self, Fault, NewTodo, Set, TodoPatch};

/// All of this module.
pub(super) fn routes() -> OpenApiRouter<Entry> {
    OpenApiRouter::new().routes(routes!(list, create, patch, delete)).routes(routes!(inbox))
}

body!(
    /// A todo to be made.
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
    /// What becomes of a todo.
    TodoPatchBody,
    schema::form(vec![
        ("todoId", schema::row(), true),
        ("content", schema::text(255, false), false),
        ("categoryId", schema::row(), false),
        ("date", schema::date(), false),
        ("dueTime", schema::time(true), false),
        ("isCompleted", schema::boolean(), false),
        ("patchRank", schema::place(), false),
    ])
);

body!(
    /// The todo that is meant.
    TodoIdBody,
    schema::form(vec![("todoId", schema::row(), true)])
);

body!(
    /// The todo that was deleted.
    TodoDeleted,
    schema::form(vec![("todoId", schema::integer_within(0, i64::MAX), true), ("message", schema::token(), true)])
);

/// A parameter of a query, by its name in either case; the last one given counts.
pub(super) fn parameter(query: Option<&str>, name: &str) -> Option<String> {
    let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.filter(|(key, _)| snake_case(key) == name).last().map(|(_, value)| value.into_owned())
}

/// The todos with their steps, in their order; with both dates only those of the days between them, both included.
#[utoipa::path(
    get,
    path = "/todos/todo/",
    tag = "todos",
    security(("bearer" = [])),
    params(
        ("startDate" = Option<NaiveDate>, Query, description = "the first day; counts only with endDate"),
        ("endDate" = Option<NaiveDate>, Query, description = "the last day; counts only with startDate"),
    ),
    responses((status = 200, body = Vec<ShownTodoWithChildren<'static>>), Refusals)
)]
async fn list(caller: Caller, Ready(app): Ready, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    let days = match (parameter(query.as_deref(), "start_date"), parameter(query.as_deref(), "end_date")) {
        (Some(start), Some(end)) => Some(days(&start, &end)?),
        _ => None,
    };
    let holdings = look(&app, &caller, Want::Todos).await?;
    let wanted = |todo: &Todo| days.is_none_or(|(start, end)| todo.date.is_some_and(|day| (start..=end).contains(&day)));
    Ok(Json(todos_with_children(&holdings, wanted)).into_response())
}

fn days(start: &str, end: &str) -> Result<(NaiveDate, NaiveDate), Faults> {
    let mut form = Form::new(json!({"start_date": start, "end_date": end}));
    let (start, end) = (form.required("start_date", date), form.required("end_date", date));
    start.zip(end).ok_or(form.into_faults())
}

/// The todos without a day, with their steps, in their order.
#[utoipa::path(
    get,
    path = "/todos/inbox/",
    tag = "todos",
    security(("bearer" = [])),
    responses((status = 200, body = Vec<ShownTodoWithChildren<'static>>), Refusals)
)]
async fn inbox(caller: Caller, Ready(app): Ready) -> Result<Response, Refusal> {
    let holdings = look(&app, &caller, Want::Todos).await?;
    Ok(Json(todos_with_children(&holdings, |todo| todo.date.is_none())).into_response())
}

/// Makes a todo behind all others.
#[utoipa::path(
    post,
    path = "/todos/todo/",
    tag = "todos",
    security(("bearer" = [])),
    request_body = NewTodoBody,
    responses((status = 201, body = ShownTodo<'static>), Refusals)
)]
async fn create(caller: Caller, Ready(app): Ready, Body(body): Body) -> Result<Response, Refusal> {
    let new = new_todo(Form::new(body)).map_err(Refusal::Sentence)?;
    let now = (app.now)();
    let (todo, user) = amend(&app, &caller, Want::Everything, 1, |holdings, ids| {
        let id = ids.first().copied().ok_or(Refusal::Internal)?;
        todos::create(holdings, id, new.clone(), now).map_err(|fault| Refusal::Sentence(faults(fault)))
    })
    .await?;
    announce(&app, &user, &caller, "Todo").await;
    Ok((StatusCode::CREATED, Json(ShownTodo::new(caller.id, &todo))).into_response())
}

fn new_todo(mut form: Form) -> Result<NewTodo, Faults> {
    let content = form.required("content", text(255));
    let category_id = form.required("category_id", row);
    let date = form.nullable("date", date).or(None);
    let due_time = form.nullable("due_time", time).or(None);
    let is_completed = form.optional("is_completed", boolean).unwrap_or(false);
    match (content, category_id) {
        (Some(content), Some(category_id)) if form.is_right() => Ok(NewTodo { content, category_id, date, due_time, is_completed }),
        _ => Err(form.into_faults()),
    }
}

/// What is wrong, at its field.
pub(super) fn faults(fault: Fault) -> Faults {
    match fault {
        Fault::Missing => Faults::of("nonFieldErrors", "There is no such row."),
        Fault::NoCategory(id) => Faults::of("categoryId", no_such_row(id)),
        Fault::NoTodo(id) => Faults::of("todoId", no_such_row(id)),
        Fault::Place(NoPlace::NoSuchRow(id)) => Faults::of("patchRank", no_such_row(id)),
        Fault::Place(NoPlace::Twice(id)) => Faults::of("patchRank", format!("A row cannot stand before and behind the same row ({id}).")),
    }
}

/// The number under `name`; what is missing, and what is no number, has its own sentence.
pub(super) fn id_of(form: &Form, name: &str) -> Result<Id, Refusal> {
    match form.raw(name) {
        None => Err(Refusal::Bad(format!("{name} must be provided"))),
        Some(Value::String(text)) if text.trim().is_empty() => Err(Refusal::Bad(format!("{name} must be provided"))),
        Some(value) => integer(value).map_err(|_| Refusal::Bad(format!("{name} must be a number"))),
    }
}

/// Where the row was dragged to: `patch_rank`, or `rank` where it is an object, as an older client sends it.
pub(super) fn place(form: &mut Form) -> Option<Place> {
    let name = if form.raw("patch_rank").is_some() { "patch_rank" } else { "rank" };
    let fields = match form.raw(name)? {
        Value::Object(fields) => fields.clone(),
        _ if name == "rank" => return None,
        _ => {
            form.fault(name, "Expected an object with prevId and nextId.");
            return None;
        }
    };
    let mut neighbours = Form::new(Value::Object(fields));
    let (prev, next) = (neighbours.nullable("prev_id", row).or(None), neighbours.nullable("next_id", row).or(None));
    if !neighbours.is_right() {
        form.fault(name, format!("prevId and nextId: {}", neighbours.into_faults().sentence()));
    }
    Some(Place { prev, next })
}

/// What a field that may be emptied becomes.
pub(super) fn set<T>(given: Given<T>) -> Set<T> {
    match given {
        Given::Absent => None,
        Given::Null => Some(None),
        Given::Value(value) => Some(Some(value)),
    }
}

/// Changes a todo; moving it to another day moves its steps too.
#[utoipa::path(
    patch,
    path = "/todos/todo/",
    tag = "todos",
    security(("bearer" = [])),
    request_body = TodoPatchBody,
    responses((status = 200, body = ShownTodo<'static>), Refusals)
)]
async fn patch(caller: Caller, Ready(app): Ready, Body(body): Body) -> Result<Response, Refusal> {
    let form = Form::object(body)?;
    let id = id_of(&form, "todo_id")?;
    let wanted = todo_patch(form);
    let now = (app.now)();
    let (todo, user) = amend(&app, &caller, Want::Everything, 0, |holdings, _| {
        // That there is no such todo is said before what is wrong with the rest.
        if !holdings.todos.iter().any(|todo| todo.id == id) {
            return Err(missing());
        }
        let patch = wanted.clone()?;
        todos::patch(holdings, id, patch, now).map_err(|fault| if fault == Fault::Missing { missing() } else { faults(fault).into() })
    })
    .await?;
    announce(&app, &user, &caller, "Todo").await;
    Ok(Json(ShownTodo::new(caller.id, &todo)).into_response())
}

fn missing() -> Refusal {
    Refusal::Missing("Todo not found".to_owned())
}

fn todo_patch(mut form: Form) -> Result<TodoPatch, Faults> {
    // The calendar of an older client sends both, equal, in place of the date.
    let day = ["date", "end_date", "start_date"].into_iter().find(|name| form.has(name)).unwrap_or("date");
    let patch = TodoPatch {
        content: form.optional("content", text(255)),
        category_id: form.optional("category_id", row),
        date: set(form.nullable(day, date)),
        due_time: set(form.nullable("due_time", time)),
        is_completed: form.optional("is_completed", boolean),
        place: place(&mut form),
    };
    if form.is_right() && form.has("user_id") {
        return Err(Faults::of("nonFieldErrors", "User cannot be updated"));
    }
    if form.is_right() && patch == TodoPatch::default() {
        return Err(Faults::of("nonFieldErrors", "At least one of content, category_id, date, due_time, is_completed must be provided"));
    }
    if form.is_right() { Ok(patch) } else { Err(form.into_faults()) }
}

/// Deletes a todo and its steps.
#[utoipa::path(
    delete,
    path = "/todos/todo/",
    tag = "todos",
    security(("bearer" = [])),
    request_body = TodoIdBody,
    responses((status = 200, body = TodoDeleted), Refusals)
)]
async fn delete(caller: Caller, Ready(app): Ready, Body(body): Body) -> Result<Response, Refusal> {
    let id = id_of(&Form::object(body)?, "todo_id")?;
    let now = (app.now)();
    let ((), user) = amend(&app, &caller, Want::Todos, 0, |holdings, _| {
        let changes = todos::delete(holdings, id, now).map_err(|_| Refusal::Bad(format!("No object found with id {id}")))?;
        Ok(((), changes))
    })
    .await?;
    announce(&app, &user, &caller, "Todo").await;
    Ok(Json(json!({"todoId": id, "message": "Todo deleted successfully"})).into_response())
}
