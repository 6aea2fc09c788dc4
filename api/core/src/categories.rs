//! Decisions about categories. Pure: rows in, changed rows out.

use chrono::{DateTime, Utc};

use super::model::{Category, Id};
use super::order::{self, Neighbours};
use super::todos::{FieldUpdate, RowError};
use super::user_rows::{Change, UserRows};

/// Creates a category behind all others.
pub fn create(
    user_rows: &UserRows,
    id: Id,
    color: i64,
    title: Option<String>,
    now: DateTime<Utc>,
) -> (Category, Vec<Change>) {
    let placement = order::append(&user_rows.categories);
    let category =
        Category { id, created_at: now, updated_at: now, deleted_at: None, color, title, rank: placement.rank };
    let changes = placement.moved.into_iter().chain([category.clone()]).map(Change::Category).collect();
    (category, changes)
}

/// The changes to a category.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patch {
    /// 0 to 8.
    pub color: Option<i64>,
    /// A new title, or no title.
    pub title: FieldUpdate<String>,
    /// The new position.
    pub neighbours: Option<Neighbours>,
}

/// Changes a category.
///
/// # Errors
/// When the category or one of its new neighbours does not belong to the user.
pub fn patch(
    user_rows: &UserRows,
    id: Id,
    patch: Patch,
    now: DateTime<Utc>,
) -> Result<(Category, Vec<Change>), RowError> {
    let mut category = find(user_rows, id)?;
    let mut changes = Vec::new();
    if let Some(placement) = patch
        .neighbours
        .map(|neighbours| order::move_between(&user_rows.categories, id, neighbours))
        .transpose()?
        .flatten()
    {
        category.rank = placement.rank;
        changes.extend(placement.moved.into_iter().map(Change::Category));
    }
    category.color = patch.color.unwrap_or(category.color);
    category.title = patch.title.unwrap_or(category.title);
    category.updated_at = now;
    changes.push(Change::Category(category.clone()));
    Ok((category, changes))
}

/// Deletes a category. Its todos stay.
///
/// # Errors
/// When the category does not belong to the user.
pub fn delete(user_rows: &UserRows, id: Id, now: DateTime<Utc>) -> Result<Vec<Change>, RowError> {
    let category = find(user_rows, id)?;
    Ok(vec![Change::Category(Category { deleted_at: Some(now), ..category })])
}

fn find(user_rows: &UserRows, id: Id) -> Result<Category, RowError> {
    user_rows.categories.iter().find(|category| category.id == id).cloned().ok_or(RowError::Missing)
}
