//! A shelf and what one process remembers of it; the files beside this one read and write it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{Mutex, MutexGuard};

use super::ids::Ids;
use super::page::Page;
use super::shelf::{Document, Place, Shelf, Version};
use super::wire::unavailable;
use crate::core::holdings::Archive;
use crate::core::model::Id;
use crate::store::StoreError;

/// How long anything may take, waiting for others of this process too. What is not done by then is left as it is, as by a writer who
/// died.
const BUDGET: Duration = Duration::from_secs(8);
/// Tasks of this process that change the same user take turns. Two users may share one; that costs a wait only.
const TURNS: usize = 64;

/// Keeps each user in one document of a shelf.
pub struct Documents<S> {
    pub(super) shelf: S,
    pub(super) ids: Ids,
    turns: [Mutex<()>; TURNS],
    pub(super) now: fn() -> DateTime<Utc>,
    budget: Duration,
}

/// A user's document as it was read.
pub(super) struct Found {
    pub(super) page: Page,
    pub(super) version: Version,
}

impl<S: Shelf> Documents<S> {
    /// On this shelf, by this clock (which only says how old a claim is).
    pub fn new(shelf: S, now: fn() -> DateTime<Utc>) -> Self {
        Self { shelf, ids: Ids::default(), turns: std::array::from_fn(|_| Mutex::new(())), now, budget: BUDGET }
    }

    /// The same with another limit to how long anything may take.
    #[must_use]
    pub fn within(self, budget: Duration) -> Self {
        Self { budget, ..self }
    }

    pub(super) async fn in_time<T>(&self, work: impl Future<Output = Result<T, StoreError>> + Send) -> Result<T, StoreError> {
        let late = |_| unavailable(self.shelf.name(), format!("it took longer than {} ms", self.budget.as_millis()));
        tokio::time::timeout(self.budget, work).await.map_err(late)?
    }

    pub(super) fn broken(&self, place: &Place, reason: impl Into<String>) -> StoreError {
        place.broken(self.shelf.name(), reason)
    }

    /// The document of a user, in whatever state.
    pub(super) async fn load(&self, user: Id) -> Result<Option<Found>, StoreError> {
        let place = Place::User(user);
        let Some(Document { body, version }) = self.shelf.get(&place).await? else { return Ok(None) };
        let page = Page::unpack(&body).map_err(|reason| self.broken(&place, reason))?;
        Ok(Some(Found { page, version }))
    }

    /// Everything of a user, for reading only.
    pub(super) async fn look(&self, user: Id) -> Result<Option<Archive>, StoreError> {
        let place = Place::User(user);
        let Some(body) = self.shelf.look(&place).await? else { return Ok(None) };
        Ok(Page::unpack(&body).map_err(|reason| self.broken(&place, reason))?.archive)
    }

    /// Its turn among the tasks of this process that change the same user: they would only get in each other's way.
    pub(super) async fn turn(&self, user: Id) -> Option<MutexGuard<'_, ()>> {
        let at = usize::try_from(user.rem_euclid(TURNS as Id)).unwrap_or_default();
        Some(self.turns.get(at)?.lock().await)
    }
}
