//! Stores that keep one document per user: [`firestore`], [`google_drive`] and [`icloud`]. This module has what they
//! share, over the few operations of each service ([`DocumentBackend`]).
//!
//! A user's document contains all rows of the user, also deleted ones, so one conditional write is one whole update.
//! Names that are unique over all users need more: each name has a small document, a claim, with the user of the name.
//! A name belongs to a user when its claim names the user *and* the user's document lists the name. No write covers two
//! documents, so a writer may crash between the two. These rules make that harmless:
//!
//! 1. A writer whose user gains a name writes the claim first, in every attempt and even when it names the user
//!    already. Then it writes the user's document, over the version that it read before.
//! 2. A writer may find a claim of another user whose document does not list the name. Before it takes over the claim,
//!    it writes that document unchanged or, when there is none, a document that says that the user does not exist. So a
//!    slow writer finds its document or its claim changed, and starts again: two documents never list the same name.
//! 3. Writers are slow more often than they crash, so a claim is taken over only after ten seconds.

use async_trait::async_trait;

use self::backend::{DocumentBackend, DocumentKey, Put};
pub use self::handle::Documents;
use self::handle::LoadedUser;
use self::names::HeldClaim;
use self::retry::{ATTEMPTS, pause};
use self::user_document::UserDocument;
use super::{Decide, Store, StoreError};
use onestep_core::model::{Id, User};
use onestep_core::user_rows::{Archive, Scope, UniqueName, UserRows};

pub mod backend;
pub mod firestore;
pub mod google_drive;
mod handle;
pub mod icloud;
mod ids;
mod names;
mod retry;
mod user_document;
mod wire;

impl<S: DocumentBackend> Documents<S> {
    /// Writes the document of a user over the version that was read (None: it did not exist), and claims and releases
    /// names. False: another writer was faster; nothing was written.
    async fn write(&self, before: Option<&LoadedUser>, archive: &Archive) -> Result<bool, StoreError> {
        let user = archive.user.id;
        let place = DocumentKey::User(user);
        let page = UserDocument { turn: before.map_or(0, |found| found.page.turn) + 1, archive: Some(archive.clone()) };
        let body = page.pack().map_err(|reason| self.broken(&place, reason))?;
        if body.len() > self.backend.max_bytes() {
            let reason = format!(
                "everything of user {user} is {} bytes, compressed, and {} fit",
                body.len(),
                self.backend.max_bytes()
            );
            return Err(StoreError::Full { store: self.backend.name(), reason });
        }
        let held = before
            .and_then(|found| found.page.archive.as_ref())
            .map(|archive| UniqueName::all_of(&archive.user))
            .unwrap_or_default();

        let mut gained = Vec::new();
        let lost = match self.prepare(before.is_none(), archive, &held, &mut gained).await {
            Ok(Some(lost)) => lost,
            // The document was not written, so the names are not used.
            Ok(None) => {
                self.release(gained).await;
                return Ok(false);
            }
            Err(error) => {
                self.release(gained).await;
                return Err(error);
            }
        };
        match self.backend.put(&place, &body, before.map(|found| &found.version)).await {
            Ok(Put::Written(_)) => {
                self.release(lost).await;
                Ok(true)
            }
            Ok(Put::Conflict) => {
                self.release(gained).await;
                Ok(false)
            }
            Err(error) => {
                // After other errors it is unknown whether the document was written.
                if matches!(error, StoreError::Throttled { .. } | StoreError::Full { .. }) {
                    self.release(gained).await;
                }
                Err(error)
            }
        }
    }
}

impl<S: DocumentBackend> Documents<S> {
    /// The steps before the document is written: claims new names and, for a new user, prepares the storage. Returns
    /// the claims of the names that the user loses; None: this id is unusable.
    async fn prepare(
        &self,
        first: bool,
        archive: &Archive,
        held: &[UniqueName],
        gained: &mut Vec<HeldClaim>,
    ) -> Result<Option<Vec<HeldClaim>>, StoreError> {
        let user = archive.user.id;
        let wanted = UniqueName::all_of(&archive.user);
        for key in wanted.iter().filter(|key| !held.contains(key)) {
            gained.extend(self.claim(key, user).await?);
        }
        // Read before the document is written: a claim that is renewed later belongs to a writer that claims the name
        // again.
        let mut lost = Vec::new();
        for key in held.iter().filter(|key| !wanted.contains(key)) {
            lost.extend(self.claim_of(key, user).await?);
        }
        if first && !self.backend.reserve_user(&archive.user).await? {
            return Ok(None);
        }
        Ok(Some(lost))
    }
}

#[async_trait]
impl<S: DocumentBackend> Store for Documents<S> {
    fn name(&self) -> &'static str {
        self.backend.name()
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.in_time(async { self.backend.look(&DocumentKey::Counter).await.map(|_| ()) }).await
    }

    async fn find(&self, key: &UniqueName) -> Result<Option<Id>, StoreError> {
        self.in_time(async {
            let Some(user) = self.claimant(key).await? else { return Ok(None) };
            Ok(self
                .look(user)
                .await?
                .filter(|archive| UniqueName::all_of(&archive.user).contains(key))
                .map(|archive| archive.user.id))
        })
        .await
    }

    async fn create(&self, user: User) -> Result<User, StoreError> {
        self.in_time(self.create_at_leisure(user)).await
    }

    async fn read(&self, user: Id, scope: Scope) -> Result<Option<UserRows>, StoreError> {
        self.in_time(async { Ok(self.look(user).await?.map(|archive| archive.live_rows(scope))) }).await
    }

    async fn update(&self, user: Id, scope: Scope, new_ids: u32, decide: Decide<'_>) -> Result<bool, StoreError> {
        self.in_time(self.update_at_leisure(user, scope, new_ids, decide)).await
    }

    async fn users(&self, after: Option<Id>, most: u32) -> Result<Vec<Id>, StoreError> {
        if most == 0 {
            return Ok(Vec::new());
        }
        self.in_time(self.backend.users(after, most)).await
    }

    async fn archive(&self, user: Id) -> Result<Option<Archive>, StoreError> {
        self.in_time(self.look(user)).await
    }

    async fn restore(&self, archive: &Archive) -> Result<(), StoreError> {
        self.in_time(self.restore_at_leisure(archive)).await
    }
}

impl<S: DocumentBackend> Documents<S> {
    async fn create_at_leisure(&self, user: User) -> Result<User, StoreError> {
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                pause(attempt).await;
            }
            let mut user = user.clone();
            user.id = self.ids.take(&self.backend, 1).await?.start;
            let archive =
                Archive { user, categories: Vec::new(), todos: Vec::new(), subs: Vec::new(), feedback: Vec::new() };
            if self.write(None, &archive).await? {
                return Ok(archive.user);
            }
        }
        Err(StoreError::Contended(ATTEMPTS))
    }

    async fn update_at_leisure(
        &self,
        user: Id,
        scope: Scope,
        new_ids: u32,
        decide: Decide<'_>,
    ) -> Result<bool, StoreError> {
        let _lock = self.lock(user).await;
        let (mut found, ids) = tokio::try_join!(self.load(user), self.ids.take(&self.backend, new_ids))?;
        let ids: Vec<Id> = ids.collect();
        for attempt in 1..=ATTEMPTS {
            let Some(LoadedUser { page: UserDocument { archive: Some(archive), .. }, .. }) = &found else {
                return Ok(false);
            };
            let changes = decide(&archive.live_rows(scope), &ids);
            if changes.is_empty() {
                return Ok(true);
            }
            let mut archive = archive.clone();
            archive.apply(changes);
            if self.write(found.as_ref(), &archive).await? {
                return Ok(true);
            }
            pause(attempt).await;
            found = self.load(user).await?;
        }
        Err(StoreError::Contended(ATTEMPTS))
    }

    async fn restore_at_leisure(&self, archive: &Archive) -> Result<(), StoreError> {
        let user = archive.user.id;
        let mut archive = archive.clone();
        archive.sort();
        let _lock = self.lock(user).await;
        // Before the rows are written, so that their ids are not given out.
        self.ids.skip(&self.backend, archive.highest_id()).await?;
        for attempt in 1..=ATTEMPTS {
            let found = self.load(user).await?;
            if self.write(found.as_ref(), &archive).await? {
                return Ok(());
            }
            pause(attempt).await;
        }
        Err(StoreError::Contended(ATTEMPTS))
    }
}
