//! What may be done with categories. Pure: rows in, changed rows out.

use chrono::{DateTime, Utc};

use super::holdings::{Change, Holdings};
use super::model::{Category, Id};
use super::order::{self, Place};
use super::todos::{Fault, Set};

/// Makes a category behind all others.
pub fn create(holdings: &Holdings, id: Id, color: i64, title: Option<String>, now: DateTime<Utc>) -> (Category, Vec<Change>) {
    let placement = order::append(&holdings.categories);
    let category = Category { id, created_at: now, updated_at: now, deleted_at: None, color, title, rank: placement.rank };
    let changes = placement.moved.into_iter().chain([category.clone()]).map(Change::Category).collect();
    (category, changes)
}

/// What becomes of a category.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patch {
    /// 0 to 8.
    pub color: Option<i64>,
    /// Another title, or none.
    pub title: Set<String>,
    /// Another place.
    pub place: Option<Place>,
}

/// Changes a category.
///
/// # Errors
/// When the category or its new neighbours are not the user's.
pub fn patch(holdings: &Holdings, id: Id, patch: Patch, now: DateTime<Utc>) -> Result<(Category, Vec<Change>), Fault> {
    let mut category = find(holdings, id)?;
    let mut changes = Vec::new();
    if let Some(placement) = patch.place.map(|place| order::move_between(&holdings.categories, id, place)).transpose()?.flatten() {
        category.rank = placement.rank;
        changes.extend(placement.moved.into_iter().map(Change::Category));
    }
    category.color = patch.color.unwrap_or(category.color);
    category.title = patch.title.unwrap_or(category.title);
    category.updated_at = now;
    changes.push(Change::Category(category.clone()));
    Ok((category, changes))
}

/// Deletes a category; its todos stay.
///
/// # Errors
/// When the category is not the user's.
pub fn delete(holdings: &Holdings, id: Id, now: DateTime<Utc>) -> Result<Vec<Change>, Fault> {
    let category = find(holdings, id)?;
    Ok(vec![Change::Category(Category { deleted_at: Some(now), ..category })])
}

fn find(holdings: &Holdings, id: Id) -> Result<Category, Fault> {
    holdings.categories.iter().find(|category| category.id == id).cloned().ok_or(Fault::Missing)
}
