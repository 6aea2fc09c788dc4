//! A backend and what one process remembers of it; the files beside this one read and write it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{Mutex, MutexGuard};

use super::backend::{Document, DocumentBackend, DocumentKey, Version};
use super::ids::Ids;
use super::user_document::UserDocument;
use super::wire::unavailable;
use crate::core::model::Id;
use crate::core::user_rows::Archive;
use crate::store::StoreError;

/// How long anything may take, waiting for others of this process too. What is not done by then is left as it is, as by a writer who
/// died.
const BUDGET: Duration = Duration::from_secs(8);
/// Tasks of this process that change the same user take locks. Two users may share one; that costs a wait only.
const LOCKS: usize = 64;

/// Keeps each user in one document of a backend.
pub struct Documents<S> {
    pub(super) backend: S,
    pub(super) ids: Ids,
    locks: [Mutex<()>; LOCKS],
    pub(super) now: fn() -> DateTime<Utc>,
    budget: Duration,
}

/// A user's document as it was read.
pub(super) struct LoadedUser {
    pub(super) page: UserDocument,
    pub(super) version: Version,
}

impl<S: DocumentBackend> Documents<S> {
    /// On this backend, by this clock (which only says how old a claim is).
    pub fn new(backend: S, now: fn() -> DateTime<Utc>) -> Self {
        Self { backend, ids: Ids::default(), locks: std::array::from_fn(|_| Mutex::new(())), now, budget: BUDGET }
    }

    /// The same with another limit to how long anything may take.
    #[must_use]
    pub fn within(self, budget: Duration) -> Self {
        Self { budget, ..self }
    }

    pub(super) async fn in_time<T>(&self, work: impl Future<Output = Result<T, StoreError>> + Send) -> Result<T, StoreError> {
        let late = |_| unavailable(self.backend.name(), format!("it took longer than {} ms", self.budget.as_millis()));
        tokio::time::timeout(self.budget, work).await.map_err(late)?
    }

    pub(super) fn broken(&self, place: &DocumentKey, reason: impl Into<String>) -> StoreError {
        place.broken(self.backend.name(), reason)
    }

    /// The document of a user, in whatever state.
    pub(super) async fn load(&self, user: Id) -> Result<Option<LoadedUser>, StoreError> {
        let place = DocumentKey::User(user);
        let Some(Document { body, version }) = self.backend.get(&place).await? else { return Ok(None) };
        let page = UserDocument::unpack(&body).map_err(|reason| self.broken(&place, reason))?;
        Ok(Some(LoadedUser { page, version }))
    }

    /// Everything of a user, for reading only.
    pub(super) async fn look(&self, user: Id) -> Result<Option<Archive>, StoreError> {
        let place = DocumentKey::User(user);
        let Some(body) = self.backend.look(&place).await? else { return Ok(None) };
        Ok(UserDocument::unpack(&body).map_err(|reason| self.broken(&place, reason))?.archive)
    }

    /// Its turn among the tasks of this process that change the same user: they would only get in each other's way.
    pub(super) async fn lock(&self, user: Id) -> Option<MutexGuard<'_, ()>> {
        let at = usize::try_from(user.rem_euclid(LOCKS as Id)).unwrap_or_default();
        Some(self.locks.get(at)?.lock().await)
    }
}
