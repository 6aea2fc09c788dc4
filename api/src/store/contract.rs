//! What every store does. Nothing above this module knows which store it is.
//!
//! A store knows users and their rows, and nothing of the rules about them: what may be changed and how is decided by a pure
//! function that the store calls with the rows it has just read (see [`Store::update`]). So every store gives the same answers,
//! and whatever a store does against lost updates it does in one place.

use async_trait::async_trait;

use crate::core::model::{Id, User};
use crate::core::user_rows::{Archive, Change, Scope, UniqueName, UserRows};

/// What is to be written, given the rows as they are and the new ids that were asked for. May be called more than once, each time
/// with fresh rows: only the last call counts. An empty answer writes nothing.
pub type Decide<'a> = &'a mut (dyn FnMut(&UserRows, &[Id]) -> Vec<Change> + Send);

/// Why a store did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A name that must be unique belongs to another user; nothing was written.
    #[error("the {} belongs to another user", .0.kind())]
    Taken(UniqueName),
    /// Others kept changing the same user's rows; nothing was written.
    #[error("the rows were changed by others at the same time, {0} times in a row")]
    Contended(u32),
    /// The store asks to be left alone for a while (throttling, quota); nothing was written.
    #[error("{store} is throttling: {reason}")]
    Throttled {
        /// Which store.
        store: &'static str,
        /// In its own words, without secrets.
        reason: String,
    },
    /// The store cannot be reached, refuses us or does not answer in time. What was to be written may or may not have been.
    #[error("{store} cannot be used: {reason}")]
    Unavailable {
        /// Which store.
        store: &'static str,
        /// One sentence, without secrets.
        reason: String,
    },
    /// A stored row cannot be read.
    #[error("{store} holds something unreadable at {place}: {reason}")]
    Broken {
        /// Which store.
        store: &'static str,
        /// Table and key.
        place: String,
        /// One sentence.
        reason: String,
    },
    /// It does not fit; nothing was written.
    #[error("{store} has no room: {reason}")]
    Full {
        /// Which store.
        store: &'static str,
        /// Which limit, and by how much.
        reason: String,
    },
}

/// One place that keeps everything. All methods may be called from many tasks at once; none may wait longer than a few seconds.
#[async_trait]
pub trait Store: Send + Sync {
    /// What it is called in messages, such as `SQLite`.
    fn name(&self) -> &'static str;

    /// Makes what it needs and does not have, such as its table: for a new store, not for every start.
    ///
    /// # Errors
    /// When it cannot.
    async fn prepare(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Whether it can be read and written now, in one cheap look.
    ///
    /// # Errors
    /// Why not, in a sentence for the operator.
    async fn ready(&self) -> Result<(), StoreError>;

    /// The user that goes by a name, deleted or not.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn find(&self, key: &UniqueName) -> Result<Option<Id>, StoreError>;

    /// A new account with a new id (the one in `user` is not looked at); its names and its devices' tokens must be free.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when a name is not free, and when the store cannot be written.
    async fn create(&self, user: User) -> Result<User, StoreError>;

    /// The rows of one user as of one instant; None when there is no such user, ever.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn read(&self, user: Id, scope: Scope) -> Result<Option<UserRows>, StoreError>;

    /// Reads, decides, and writes all of the changes or none, as if nobody else were there: when others change the same user's
    /// rows meanwhile, it begins again. `new_ids` ids that nobody else gets are handed to `decide`. False when there is no such
    /// user; then `decide` was not called.
    ///
    /// # Errors
    /// When the store cannot be read or written; [`StoreError::Taken`] when a change claims a name that is not free.
    async fn update(&self, user: Id, scope: Scope, new_ids: u32, decide: Decide<'_>) -> Result<bool, StoreError>;

    /// Ids of users, deleted or not, in ascending order after `after`, at most `most`; for jobs and exports.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn users(&self, after: Option<Id>, most: u32) -> Result<Vec<Id>, StoreError>;

    /// Everything of one user, deleted rows too; None when there is no such user.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn archive(&self, user: Id) -> Result<Option<Archive>, StoreError>;

    /// Writes everything of one user as it is, ids included, in place of what the store has of that user. New ids are above all
    /// restored ones from then on.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when one of the names belongs to another user, and when the store cannot be written.
    async fn restore(&self, archive: &Archive) -> Result<(), StoreError>;
}
