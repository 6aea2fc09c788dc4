//! What every store does. The modules above do not know which store it is.
//!
//! A store knows users and their rows, but no rules: a pure function decides about changes, which the store calls with
//! the rows that it has just read (see [`Store::update`]). So all stores behave the same, and each prevents lost
//! updates in one place.

use async_trait::async_trait;

use onestep_core::model::{Id, User};
use onestep_core::user_rows::{Archive, Change, Scope, UniqueName, UserRows};

/// Decides what to write, from the current rows and the requested new ids. The store may call it more than once, each
/// time with fresh rows: only the last call counts. Without changes nothing is written.
pub type Decide<'a> = &'a mut (dyn FnMut(&UserRows, &[Id]) -> Vec<Change> + Send);

/// Why a store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A name that must be unique belongs to another user; nothing was written.
    #[error("the {} belongs to another user", .0.kind())]
    Taken(UniqueName),
    /// Other writers kept changing the rows of the same user; nothing was written.
    #[error("the rows were changed by others at the same time, {0} times in a row")]
    Contended(u32),
    /// The store is throttling, or a quota is used up; nothing was written.
    #[error("{store} is throttling: {reason}")]
    Throttled {
        /// Which store.
        store: &'static str,
        /// The message of the store, without secrets.
        reason: String,
    },
    /// The store cannot be reached, refuses the request or does not answer in time. The changes may have been written
    /// or not.
    #[error("{store} cannot be used: {reason}")]
    Unavailable {
        /// Which store.
        store: &'static str,
        /// One sentence, without secrets.
        reason: String,
    },
    /// A stored row cannot be read.
    #[error("{store} contains unreadable data in {place}: {reason}")]
    Broken {
        /// Which store.
        store: &'static str,
        /// Table and key.
        place: String,
        /// One sentence.
        reason: String,
    },
    /// The data is too large; nothing was written.
    #[error("the data is too large for {store}: {reason}")]
    Full {
        /// Which store.
        store: &'static str,
        /// Which limit, and by how much.
        reason: String,
    },
}

/// A store. All methods may be called from many tasks at once, and none may take longer than a few seconds.
#[async_trait]
pub trait Store: Send + Sync {
    /// The name in messages, such as `SQLite`.
    fn name(&self) -> &'static str;

    /// Creates what is missing, such as the table. Necessary for a new store, not for every start.
    ///
    /// # Errors
    /// When it cannot be created.
    async fn prepare(&self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Checks, with one cheap request, whether the store can be used now.
    ///
    /// # Errors
    /// Why it cannot be used.
    async fn ready(&self) -> Result<(), StoreError>;

    /// The user with a name, deleted or not.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn find(&self, key: &UniqueName) -> Result<Option<Id>, StoreError>;

    /// Creates an account with a new id (the id in `user` is ignored). Its names and the tokens of its devices must be
    /// free.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when a name is not free, and when the store cannot be written.
    async fn create(&self, user: User) -> Result<User, StoreError>;

    /// The rows of one user at one moment; None when the user has never existed.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn read(&self, user: Id, scope: Scope) -> Result<Option<UserRows>, StoreError>;

    /// Reads the rows, calls `decide`, and writes all of its changes or none. When another writer changes the rows of
    /// the user meanwhile, it starts again. `decide` gets `new_ids` ids that are given out only once. False when the
    /// user does not exist; then `decide` was not called.
    ///
    /// # Errors
    /// When the store cannot be read or written; [`StoreError::Taken`] when a change needs a name that is not free.
    async fn update(&self, user: Id, scope: Scope, new_ids: u32, decide: Decide<'_>) -> Result<bool, StoreError>;

    /// The ids of users, deleted or not, in ascending order after `after`, at most `most`. For jobs and exports.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn users(&self, after: Option<Id>, most: u32) -> Result<Vec<Id>, StoreError>;

    /// Everything of one user, with deleted rows; None when the user does not exist.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn archive(&self, user: Id) -> Result<Option<Archive>, StoreError>;

    /// Replaces everything of one user by the archive, with its ids. New ids are above all restored ids from then on.
    ///
    /// # Errors
    /// [`StoreError::Taken`] when one of the names belongs to another user, and when the store cannot be written.
    async fn restore(&self, archive: &Archive) -> Result<(), StoreError>;
}
