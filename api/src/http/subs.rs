//! `/todos/sub/`.

use axum::Json;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{Body, Form, boolean, date, integer, row, text, time, type_name};
use super::caller::Caller;
use super::change::{announce, change_rows, load_rows};
use super::error::{ApiError, FieldErrors};
use super::responses::SubResponse;
use super::schema::{self, ErrorResponses, body};
use super::todos::{faults, id_of, neighbours, parameter, set};
use super::{ReadyApp, SharedProvider};
use onestep_core::todos::{self, NewSubTodo, RowError, SubTodoPatch};
use onestep_core::user_rows::Scope;

/// The routes of this module.
pub(super) fn routes() -> OpenApiRouter<SharedProvider> {
    OpenApiRouter::new().routes(routes!(list, create, patch, delete))
}

/// The most sub-todos in one request. The client creates about ten.
const MAX_AT_ONCE: usize = 1_000;

fn new_sub_schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
    schema::form(vec![
        ("content", schema::text(255, false), true),
        ("todoId", schema::row(), true),
        ("date", schema::date(), false),
        ("dueTime", schema::time(true), false),
        ("isCompleted", schema::boolean(), false),
    ])
}

body!(
    /// The new sub-todos. A single object counts as a list of one.
    NewSubsBody,
    utoipa::openapi::schema::ArrayBuilder::new().items(new_sub_schema()).max_items(Some(MAX_AT_ONCE)).build().into()
);

body!(
    /// The changes to a sub-todo.
    SubPatchBody,
    schema::form(vec![
        ("subtodoId", schema::row(), true),
        ("content", schema::text(255, false), false),
        ("todoId", schema::row(), false),
        ("date", schema::date(), false),
        ("dueTime", schema::time(true), false),
        ("isCompleted", schema::boolean(), false),
        ("patchRank", schema::neighbours(), false),
    ])
);

body!(
    /// The id of a sub-todo.
    SubIdBody,
    schema::form(vec![("subtodoId", schema::row(), true)])
);

body!(
    /// The sub-todo that was deleted.
    SubDeleted,
    schema::form(vec![("subtodoId", schema::integer_within(0, i64::MAX), true), ("message", schema::token(), true)])
);

/// The sub-todos of one todo, ordered by rank. The list is empty when the todo does not exist.
#[utoipa::path(
    get,
    path = "/todos/sub/",
    tag = "sub-todos",
    security(("bearer" = [])),
    params(("todoId" = i64, Query, description = "the todo")),
    responses((status = 200, body = Vec<SubResponse<'static>>), ErrorResponses)
)]
async fn list(caller: Caller, ReadyApp(app): ReadyApp, RawQuery(query): RawQuery) -> Result<Response, ApiError> {
    let given = parameter(query.as_deref(), "todo_id").filter(|id| !id.trim().is_empty());
    let given = given.ok_or_else(|| ApiError::Bad("todo_id must be provided".to_owned()))?;
    let id = integer(&Value::String(given)).map_err(|_| ApiError::Bad("todo_id must be a number".to_owned()))?;
    let user_rows = load_rows(&app, &caller, Scope::Todos).await?;
    let steps: Vec<SubResponse<'_>> =
        user_rows.subs.iter().filter(|sub| sub.todo_id == id).map(SubResponse::from).collect();
    Ok(Json(steps).into_response())
}

/// Creates sub-todos, all or none, each behind all others of the caller.
#[utoipa::path(
    post,
    path = "/todos/sub/",
    tag = "sub-todos",
    security(("bearer" = [])),
    request_body = NewSubsBody,
    responses((status = 201, body = Vec<SubResponse<'static>>), ErrorResponses)
)]
async fn create(caller: Caller, ReadyApp(app): ReadyApp, Body(body): Body) -> Result<Response, ApiError> {
    let rows = match body {
        Value::Array(rows) => rows,
        // The inbox of an older client sends a single object.
        Value::Object(fields) if !fields.is_empty() => vec![Value::Object(fields)],
        other => {
            let sentence = format!("Expected a list of items but got type \"{}\".", type_name(&other));
            return Err(FieldErrors::of("nonFieldErrors", sentence).into());
        }
    };
    if rows.len() > MAX_AT_ONCE {
        return Err(FieldErrors::of(
            "nonFieldErrors",
            format!("Ensure this list has no more than {MAX_AT_ONCE} elements."),
        )
        .into());
    }
    let read: Vec<Result<NewSubTodo, FieldErrors>> = rows.into_iter().map(|row| new_sub(Form::new(row))).collect();
    let count = u32::try_from(read.len()).unwrap_or(u32::MAX);
    let now = (app.now)();
    let (made, user) = change_rows(&app, &caller, Scope::Todos, count, |user_rows, ids| {
        // The errors of every row, also that its todo does not exist, whatever the errors of the others.
        if ids.len() != read.len() {
            return Err(ApiError::Internal);
        }
        let new: Vec<NewSubTodo> = read.iter().filter_map(|row| row.clone().ok()).collect();
        let outcome = todos::create_sub_todos(user_rows, ids, &new, now);
        if outcome.is_ok() && new.len() == read.len() {
            return outcome.map_err(|_| ApiError::Internal);
        }
        let mut later = outcome.err().unwrap_or_default().into_iter();
        let fault = |row: &Result<NewSubTodo, FieldErrors>| match row {
            Err(faults) => faults.clone(),
            Ok(_) => later.next().flatten().map(faults).unwrap_or_default(),
        };
        Err(ApiError::Rows(read.iter().map(fault).collect()))
    })
    .await?;
    if !made.is_empty() {
        announce(&app, &user, &caller, "SubTodo").await;
    }
    Ok((StatusCode::CREATED, Json(made.iter().map(SubResponse::from).collect::<Vec<_>>())).into_response())
}

fn new_sub(mut form: Form) -> Result<NewSubTodo, FieldErrors> {
    if !form.is_valid() {
        return Err(form.into_errors());
    }
    let content = form.required("content", text(255));
    let todo_id = form.required("todo_id", row);
    let date = form.nullable("date", date).or(None);
    let due_time = form.nullable("due_time", time).or(None);
    let is_completed = form.optional("is_completed", boolean).unwrap_or(false);
    match (content, todo_id) {
        (Some(content), Some(todo_id)) if form.is_valid() => {
            Ok(NewSubTodo { content, todo_id, date, due_time, is_completed })
        }
        _ => Err(form.into_errors()),
    }
}

/// Changes a sub-todo.
#[utoipa::path(
    patch,
    path = "/todos/sub/",
    tag = "sub-todos",
    security(("bearer" = [])),
    request_body = SubPatchBody,
    responses((status = 200, body = SubResponse<'static>), ErrorResponses)
)]
async fn patch(caller: Caller, ReadyApp(app): ReadyApp, Body(body): Body) -> Result<Response, ApiError> {
    let form = Form::object(body)?;
    // The inbox editor of an older client sends the id of the sub-todo as `todoId`.
    let by_todo_id = form.raw("subtodo_id").is_none();
    let unnamed = || ApiError::Bad("subtodo_id must be provided".to_owned());
    let id = match id_of(&form, "subtodo_id") {
        Err(refusal) if !by_todo_id => return Err(refusal),
        Err(_) => id_of(&form, "todo_id").map_err(|_| unnamed())?,
        Ok(id) => id,
    };
    let wanted = sub_patch(form, by_todo_id);
    let now = (app.now)();
    let (sub, user) = change_rows(&app, &caller, Scope::Todos, 0, |user_rows, _| {
        if !user_rows.subs.iter().any(|sub| sub.id == id) {
            return Err(if by_todo_id { unnamed() } else { missing() });
        }
        let patch = wanted.clone()?;
        todos::patch_sub_todo(user_rows, id, patch, now)
            .map_err(|fault| if fault == RowError::Missing { missing() } else { faults(fault).into() })
    })
    .await?;
    announce(&app, &user, &caller, "SubTodo").await;
    Ok(Json(SubResponse::from(&sub)).into_response())
}

fn missing() -> ApiError {
    ApiError::Missing("SubTodo not found".to_owned())
}

fn sub_patch(mut form: Form, by_todo_id: bool) -> Result<SubTodoPatch, FieldErrors> {
    let patch = SubTodoPatch {
        content: form.optional("content", text(255)),
        todo_id: if by_todo_id { None } else { form.optional("todo_id", row) },
        date: set(form.nullable("date", date)),
        due_time: set(form.nullable("due_time", time)),
        is_completed: form.optional("is_completed", boolean),
        neighbours: neighbours(&mut form),
    };
    if form.is_valid() && patch == SubTodoPatch::default() {
        return Err(FieldErrors::of(
            "nonFieldErrors",
            "At least one of content, date, due_time, is_completed must be provided",
        ));
    }
    if form.is_valid() { Ok(patch) } else { Err(form.into_errors()) }
}

/// Deletes a sub-todo.
#[utoipa::path(
    delete,
    path = "/todos/sub/",
    tag = "sub-todos",
    security(("bearer" = [])),
    request_body = SubIdBody,
    responses((status = 200, body = SubDeleted), ErrorResponses)
)]
async fn delete(caller: Caller, ReadyApp(app): ReadyApp, Body(body): Body) -> Result<Response, ApiError> {
    let id = id_of(&Form::object(body)?, "subtodo_id")?;
    let now = (app.now)();
    let ((), user) = change_rows(&app, &caller, Scope::Todos, 0, |user_rows, _| {
        let changes = todos::delete_sub_todo(user_rows, id, now)
            .map_err(|_| ApiError::Bad(format!("No object found with id {id}")))?;
        Ok(((), changes))
    })
    .await?;
    announce(&app, &user, &caller, "SubTodo").await;
    Ok(Json(json!({"subtodoId": id, "message": "SubTodo deleted successfully"})).into_response())
}
