//! `/todos/category/`.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{Faults, Refusal};
use super::body::{Body, Form, integer_within, text};
use super::caller::Caller;
use super::change::{amend, announce, look};
use super::schema::{self, Refusals, body};
use super::shown::ShownCategory;
use super::todos::{faults, id_of, place, set};
use super::{Entry, Ready};
use crate::core::categories::{self, Patch};
use crate::core::holdings::Want;
use crate::core::todos::Fault;

/// All of this module.
pub(super) fn routes() -> OpenApiRouter<Entry> {
    OpenApiRouter::new().routes(routes!(list, create, patch, delete))
}

/// The palette of an older client, in the order of the numbers it stands for.
const PALETTE: [&str; 5] = ["#FF3D71", "#FF7E29", "#FFC233", "#4CAF50", "#00BCD4"];

body!(
    /// A category to be made.
    NewCategoryBody,
    schema::form(vec![("color", schema::integer_within(0, 8), true), ("title", schema::text(100, true), false)])
);

body!(
    /// What becomes of a category.
    CategoryPatchBody,
    schema::form(vec![
        ("categoryId", schema::row(), true),
        ("color", schema::integer_within(0, 8), false),
        ("title", schema::text(100, true), false),
        ("patchRank", schema::place(), false),
    ])
);

body!(
    /// The category that is meant.
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
    let named = value.as_str().and_then(|name| PALETTE.iter().position(|known| known.eq_ignore_ascii_case(name.trim())));
    match named.and_then(|place| i64::try_from(place).ok()) {
        Some(number) => Ok(number),
        None => integer_within(0, 8)(value),
    }
}

/// The caller's categories, in their order.
#[utoipa::path(
    get,
    path = "/todos/category/",
    tag = "categories",
    security(("bearer" = [])),
    responses((status = 200, body = Vec<ShownCategory<'static>>), Refusals)
)]
async fn list(caller: Caller, Ready(app): Ready) -> Result<Response, Refusal> {
    let holdings = look(&app, &caller, Want::Categories).await?;
    let rows: Vec<ShownCategory<'_>> = holdings.categories.iter().map(|row| ShownCategory::new(caller.id, row)).collect();
    Ok(Json(rows).into_response())
}

/// Makes a category behind all others.
#[utoipa::path(
    post,
    path = "/todos/category/",
    tag = "categories",
    security(("bearer" = [])),
    request_body = NewCategoryBody,
    responses((status = 201, body = ShownCategory<'static>), Refusals)
)]
async fn create(caller: Caller, Ready(app): Ready, Body(body): Body) -> Result<Response, Refusal> {
    let mut form = Form::new(body);
    let color = if form.is_right() { form.required("color", color) } else { None };
    let title = form.nullable("title", text(100)).or(None);
    let Some(color) = color.filter(|_| form.is_right()) else { return Err(Refusal::Sentence(form.into_faults())) };
    let now = (app.now)();
    let (category, user) = amend(&app, &caller, Want::Categories, 1, |holdings, ids| {
        let id = ids.first().copied().ok_or(Refusal::Internal)?;
        Ok(categories::create(holdings, id, color, title.clone(), now))
    })
    .await?;
    announce(&app, &user, &caller, "Category").await;
    Ok((StatusCode::CREATED, Json(ShownCategory::new(caller.id, &category))).into_response())
}

/// Changes a category.
#[utoipa::path(
    patch,
    path = "/todos/category/",
    tag = "categories",
    security(("bearer" = [])),
    request_body = CategoryPatchBody,
    responses((status = 200, body = ShownCategory<'static>), Refusals)
)]
async fn patch(caller: Caller, Ready(app): Ready, Body(body): Body) -> Result<Response, Refusal> {
    let form = Form::object(body)?;
    let id = id_of(&form, "category_id")?;
    if form.has("user_id") {
        return Err(Refusal::Bad("user_id cannot be updated".to_owned()));
    }
    let wanted = category_patch(form);
    let now = (app.now)();
    let missing = || Refusal::Missing("Category not found".to_owned());
    let (category, user) = amend(&app, &caller, Want::Categories, 0, |holdings, _| {
        if !holdings.categories.iter().any(|category| category.id == id) {
            return Err(missing());
        }
        let patch = wanted.clone()?;
        categories::patch(holdings, id, patch, now).map_err(|fault| if fault == Fault::Missing { missing() } else { faults(fault).into() })
    })
    .await?;
    announce(&app, &user, &caller, "Category").await;
    Ok(Json(ShownCategory::new(caller.id, &category)).into_response())
}

fn category_patch(mut form: Form) -> Result<Patch, Faults> {
    let patch = Patch { color: form.optional("color", color), title: set(form.nullable("title", text(100))), place: place(&mut form) };
    if form.is_right() && patch == Patch::default() {
        return Err(Faults::of("nonFieldErrors", "At least one of color, title, rank must be provided"));
    }
    if form.is_right() { Ok(patch) } else { Err(form.into_faults()) }
}

/// Deletes a category; its todos stay where they are.
#[utoipa::path(
    delete,
    path = "/todos/category/",
    tag = "categories",
    security(("bearer" = [])),
    request_body = CategoryIdBody,
    responses((status = 200, body = CategoryDeleted), Refusals)
)]
async fn delete(caller: Caller, Ready(app): Ready, Body(body): Body) -> Result<Response, Refusal> {
    let id = id_of(&Form::object(body)?, "category_id")?;
    let now = (app.now)();
    let ((), user) = amend(&app, &caller, Want::Categories, 0, |holdings, _| {
        let changes = categories::delete(holdings, id, now).map_err(|_| Refusal::Bad(format!("No object found with id {id}")))?;
        Ok(((), changes))
    })
    .await?;
    announce(&app, &user, &caller, "Category").await;
    Ok(Json(json!({"categoryId": id, "message": "Category deleted successfully"})).into_response())
}
