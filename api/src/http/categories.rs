//! `/todos/category/`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::body::{Body, Form, integer_within, text};
use super::caller::Caller;
use super::change::{announce, change_rows, load_rows};
use super::error::{ApiError, FieldErrors};
use super::responses::CategoryResponse;
use super::schema::{self, ErrorResponses, body};
use super::todos::{faults, id_of, neighbours, set};
use super::{ReadyApp, SharedProvider};
use onestep_core::categories::{self, Patch};
use onestep_core::todos::RowError;
use onestep_core::user_rows::Scope;

/// The routes of this module.
pub(super) fn routes() -> OpenApiRouter<SharedProvider> {
    OpenApiRouter::new().routes(routes!(list, create, patch, delete))
}

/// The colours of an older client; the index of each is its number.
const PALETTE: [&str; 5] = ["#FF3D71", "#FF7E29", "#FFC233", "#4CAF50", "#00BCD4"];

body!(
    /// The fields of a new category.
    NewCategoryBody,
    schema::form(vec![("color", schema::integer_within(0, 8), true), ("title", schema::text(100, true), false)])
);

body!(
    /// The changes to a category.
    CategoryPatchBody,
    schema::form(vec![
        ("categoryId", schema::row(), true),
        ("color", schema::integer_within(0, 8), false),
        ("title", schema::text(100, true), false),
        ("patchRank", schema::neighbours(), false),
    ])
);

body!(
    /// The id of a category.
    CategoryIdBody,
    schema::form(vec![("categoryId", schema::row(), true)])
);

body!(
    /// The category that was deleted.
    CategoryDeleted,
    schema::form(vec![("categoryId", schema::integer_within(0, i64::MAX), true), ("message", schema::token(), true)])
);

/// A number from 0 to 8, or a colour of the palette.
fn color(value: &Value) -> Result<i64, String> {
    let named =
        value.as_str().and_then(|name| PALETTE.iter().position(|known| known.eq_ignore_ascii_case(name.trim())));
    match named.and_then(|number| i64::try_from(number).ok()) {
        Some(number) => Ok(number),
        None => integer_within(0, 8)(value),
    }
}

/// The categories of the caller, ordered by rank.
#[utoipa::path(
    get,
    path = "/todos/category/",
    tag = "categories",
    security(("bearer" = [])),
    responses((status = 200, body = Vec<CategoryResponse<'static>>), ErrorResponses)
)]
async fn list(caller: Caller, ReadyApp(app): ReadyApp) -> Result<Response, ApiError> {
    let user_rows = load_rows(&app, &caller, Scope::Categories).await?;
    let rows: Vec<CategoryResponse<'_>> =
        user_rows.categories.iter().map(|row| CategoryResponse::new(caller.id, row)).collect();
    Ok(Json(rows).into_response())
}

/// Creates a category behind all others.
#[utoipa::path(
    post,
    path = "/todos/category/",
    tag = "categories",
    security(("bearer" = [])),
    request_body = NewCategoryBody,
    responses((status = 201, body = CategoryResponse<'static>), ErrorResponses)
)]
async fn create(caller: Caller, ReadyApp(app): ReadyApp, Body(body): Body) -> Result<Response, ApiError> {
    let mut form = Form::new(body);
    let color = if form.is_valid() { form.required("color", color) } else { None };
    let title = form.nullable("title", text(100)).or(None);
    let Some(color) = color.filter(|_| form.is_valid()) else { return Err(ApiError::Sentence(form.into_errors())) };
    let now = (app.now)();
    let (category, user) = change_rows(&app, &caller, Scope::Categories, 1, |user_rows, ids| {
        let id = ids.first().copied().ok_or(ApiError::Internal)?;
        Ok(categories::create(user_rows, id, color, title.clone(), now))
    })
    .await?;
    announce(&app, &user, &caller, "Category").await;
    Ok((StatusCode::CREATED, Json(CategoryResponse::new(caller.id, &category))).into_response())
}

/// Changes a category.
#[utoipa::path(
    patch,
    path = "/todos/category/",
    tag = "categories",
    security(("bearer" = [])),
    request_body = CategoryPatchBody,
    responses((status = 200, body = CategoryResponse<'static>), ErrorResponses)
)]
async fn patch(caller: Caller, ReadyApp(app): ReadyApp, Body(body): Body) -> Result<Response, ApiError> {
    let form = Form::object(body)?;
    let id = id_of(&form, "category_id")?;
    if form.has("user_id") {
        return Err(ApiError::Bad("user_id cannot be updated".to_owned()));
    }
    let wanted = category_patch(form);
    let now = (app.now)();
    let missing = || ApiError::Missing("Category not found".to_owned());
    let (category, user) = change_rows(&app, &caller, Scope::Categories, 0, |user_rows, _| {
        if !user_rows.categories.iter().any(|category| category.id == id) {
            return Err(missing());
        }
        let patch = wanted.clone()?;
        categories::patch(user_rows, id, patch, now)
            .map_err(|fault| if fault == RowError::Missing { missing() } else { faults(fault).into() })
    })
    .await?;
    announce(&app, &user, &caller, "Category").await;
    Ok(Json(CategoryResponse::new(caller.id, &category)).into_response())
}

fn category_patch(mut form: Form) -> Result<Patch, FieldErrors> {
    let patch = Patch {
        color: form.optional("color", color),
        title: set(form.nullable("title", text(100))),
        neighbours: neighbours(&mut form),
    };
    if form.is_valid() && patch == Patch::default() {
        return Err(FieldErrors::of("nonFieldErrors", "At least one of color, title, rank must be provided"));
    }
    if form.is_valid() { Ok(patch) } else { Err(form.into_errors()) }
}

/// Deletes a category. Its todos stay.
#[utoipa::path(
    delete,
    path = "/todos/category/",
    tag = "categories",
    security(("bearer" = [])),
    request_body = CategoryIdBody,
    responses((status = 200, body = CategoryDeleted), ErrorResponses)
)]
async fn delete(caller: Caller, ReadyApp(app): ReadyApp, Body(body): Body) -> Result<Response, ApiError> {
    let id = id_of(&Form::object(body)?, "category_id")?;
    let now = (app.now)();
    let ((), user) = change_rows(&app, &caller, Scope::Categories, 0, |user_rows, _| {
        let changes = categories::delete(user_rows, id, now)
            .map_err(|_| ApiError::Bad(format!("No object found with id {id}")))?;
        Ok(((), changes))
    })
    .await?;
    announce(&app, &user, &caller, "Category").await;
    Ok(Json(json!({"categoryId": id, "message": "Category deleted successfully"})).into_response())
}
