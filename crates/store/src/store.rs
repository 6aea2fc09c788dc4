//! The store as the other crates see it, and how it is opened and closed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::database::{Access, Database, Durability};
use crate::error::StoreError;
use crate::lock::{self, StoreLock};
use crate::queue::Queue;

/// The store.
#[derive(Debug)]
pub struct Store {
    pub(crate) queue: Queue,
    path: PathBuf,
    /// Held for as long as this process may write.
    lock: Option<Arc<StoreLock>>,
    /// Observations come from another store, and are not written down once more.
    pub(crate) replays: bool,
}

impl Store {
    /// Opens the store for the daemon: makes it if it is not there, brings it to this version's schema, and locks it.
    ///
    /// # Errors
    /// [`StoreError::Busy`] if another daemon has it.
    pub async fn open(path: &Path, durability: Durability) -> Result<Self, StoreError> {
        Self::start(path, Access::Daemon(durability), Database::migrate).await
    }

    /// Opens the temporary store of a rehearsal: like [`Store::open`], but without storing observations, because they
    /// are in the store that is rehearsed.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_for_rehearsal(path: &Path) -> Result<Self, StoreError> {
        let mut store = Self::open(path, Durability::None).await?;
        store.replays = true;
        Ok(store)
    }

    /// Opens the store for reading, while a daemon may be writing.
    ///
    /// # Errors
    /// [`StoreError::Absent`] if there is none.
    pub async fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        Self::start(path, Access::Read, |_| Ok(())).await
    }

    /// Opens the store of a daemon of this version for reading, while the daemon may be writing.
    ///
    /// # Errors
    /// [`StoreError::Absent`] if there is none, [`StoreError::TooOld`] if no daemon has brought it to this version yet.
    pub async fn open_current(path: &Path) -> Result<Self, StoreError> {
        Self::start(path, Access::Read, Database::must_be_current).await
    }

    /// Opens the store for a command that writes silences or acknowledgements, while a daemon may be writing.
    ///
    /// # Errors
    /// [`StoreError::Absent`] if there is none, [`StoreError::TooOld`] if the daemon has not brought it to this version
    /// yet.
    pub async fn open_for_orders(path: &Path) -> Result<Self, StoreError> {
        Self::start(path, Access::Write, Database::must_be_current).await
    }

    async fn start(
        path: &Path,
        access: Access,
        begin: fn(&Database) -> Result<(), StoreError>,
    ) -> Result<Self, StoreError> {
        let path = path.to_path_buf();
        let file = path.clone();
        let open = move || {
            let database = Database::open(&file, access)?;
            begin(&database)?;
            Ok(database)
        };
        let (queue, lock) = Queue::start(&path, open).await?;
        Ok(Self { queue, path, lock, replays: false })
    }

    /// Fails unless the schema is this version's, as a rehearsal needs it.
    ///
    /// # Errors
    /// [`StoreError::TooOld`] if it is not.
    pub async fn must_be_current(&self) -> Result<(), StoreError> {
        self.run(Database::must_be_current).await
    }

    /// Records that the daemon's loop runs.
    pub fn touch(&self, now: DateTime<Utc>) {
        if let Some(lock) = &self.lock {
            lock.touch(now.into());
        }
    }

    /// When the loop of the daemon that has this store last turned; `None` if no daemon has it.
    pub fn last_turn(path: &Path) -> Option<DateTime<Utc>> {
        lock::last_touch(path).map(Into::into)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Checkpoints the write-ahead log and closes the store.
    pub async fn close(self) {
        // An error says that the thread has ended: then it is closed.
        drop(self.queue.close().await);
    }

    /// Has some work done on the store's thread.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.queue.run(work).await
    }
}

impl Drop for Store {
    /// What was begun is done, and then the file is closed, although a ledger of it may still be there.
    fn drop(&mut self) {
        drop(self.queue.close());
    }
}
