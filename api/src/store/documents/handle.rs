//! A backend, and the state of one process. The other files of this folder read and write it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::{Mutex, MutexGuard};

use super::backend::{Document, DocumentBackend, DocumentKey, Version};
use super::ids::Ids;
use super::user_document::UserDocument;
use super::wire::unavailable;
use crate::store::StoreError;
use onestep_core::model::Id;
use onestep_core::user_rows::Archive;

/// The time limit of an operation, including the wait for other tasks. An operation that is cut off leaves the
/// documents as a writer that crashed would.
const BUDGET: Duration = Duration::from_secs(8);
/// The number of locks. Tasks of this process that change the same user wait for each other; two users may share a
/// lock.
const LOCKS: usize = 64;

/// A store that keeps each user in one document of a backend.
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
    /// A store on this backend. The clock is used for the age of claims only.
    pub fn new(backend: S, now: fn() -> DateTime<Utc>) -> Self {
        Self { backend, ids: Ids::default(), locks: std::array::from_fn(|_| Mutex::new(())), now, budget: BUDGET }
    }

    /// The same with another time limit.
    #[must_use]
    pub fn within(self, budget: Duration) -> Self {
        Self { budget, ..self }
    }

    pub(super) async fn in_time<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let late = |_| unavailable(self.backend.name(), format!("it took longer than {} ms", self.budget.as_millis()));
        tokio::time::timeout(self.budget, work).await.map_err(late)?
    }

    pub(super) fn broken(&self, place: &DocumentKey, reason: impl Into<String>) -> StoreError {
        place.broken(self.backend.name(), reason)
    }

    /// The document of a user, also of one who does not exist.
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

    /// Waits for the other tasks of this process that change the same user, which would only cause conflicts.
    pub(super) async fn lock(&self, user: Id) -> Option<MutexGuard<'_, ()>> {
        let at = usize::try_from(user.rem_euclid(LOCKS as Id)).unwrap_or_default();
        Some(self.locks.get(at)?.lock().await)
    }
}
