//! Floor 2: what survives. One SQLite file; each table has one writer, everybody may read it.

mod billing;
mod commit;
mod history;
mod inventory;
mod known_days;
mod ledger;
mod load;
mod lock;
mod month;
mod orders;
mod outbox;
mod rehearsal;
mod replay;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

pub use commit::{Commit, Planned, SourceRow};
pub use ledger::SpendLedger;
pub use load::Loaded;
pub use outbox::{Attempt, Backlog, Sealed, Sent};
pub use rehearsal::{Acked, Told};
pub use replay::Extent;

/// Each version of the schema, in order; one that is released never changes.
const MIGRATIONS: &[(i64, &str, &str)] = &[
    (1, "first", include_str!("migrations/0001_first.sql")),
    (2, "errors and durations", include_str!("migrations/0002_errors_and_durations.sql")),
    (3, "messages", include_str!("migrations/0003_messages.sql")),
    (4, "rehearsal", include_str!("migrations/0004_rehearsal.sql")),
    (5, "billing", include_str!("migrations/0005_billing.sql")),
    (6, "inventory", include_str!("migrations/0006_inventory.sql")),
    (7, "early figures", include_str!("migrations/0007_early.sql")),
];

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another daemon works on it.
    #[error("another monitor{} works on {}; one store belongs to one daemon. Stop it first, or give this one a path of its own under [store]", .pid.as_ref().map(|pid| format!(" (process {pid})")).unwrap_or_default(), path.display())]
    Busy {
        /// The store.
        path: PathBuf,
        /// The other's process id, where it could be read.
        pid: Option<String>,
    },
    /// There is none yet.
    #[error("there is no store at {} yet; `monitor run` makes one", .0.display())]
    Absent(PathBuf),
    /// It was written by a newer version.
    #[error("the store at {} was written by a newer monitor; use that version", .0.display())]
    TooNew(PathBuf),
    /// It was written by an older version, and this command may not change it.
    #[error("the store at {} was written by an older monitor; start the daemon of this version once, which brings it up to date", .0.display())]
    TooOld(PathBuf),
    /// The file or its folder cannot be used.
    #[error("the store at {} cannot be used: {source}", path.display())]
    File {
        /// The store.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The database refuses.
    #[error("the store at {} cannot be used: {source}", path.display())]
    Database {
        /// The store.
        path: PathBuf,
        /// What SQLite says.
        source: sqlx::Error,
    },
    /// Something in it cannot be read back.
    #[error("the store at {} holds {what} that cannot be read: {why}", path.display())]
    Content {
        /// The store.
        path: PathBuf,
        /// What it is.
        what: &'static str,
        /// Why not.
        why: String,
    },
}

/// Rows that are read ahead of whoever takes them.
const ROWS_AHEAD: usize = 1000;

/// How much a commit waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// A committed row survives a power cut.
    Full,
    /// For stores that are thrown away: simulations and tests.
    None,
}

/// The store.
#[derive(Debug)]
pub struct Store {
    pool: SqlitePool,
    path: PathBuf,
    /// Held for as long as this process may write.
    lock: Option<lock::Lock>,
    /// Observations come from another store, and are not written down once more.
    replays: bool,
}

impl Store {
    /// Opens the store for the daemon: makes it if it is not there, brings it to this version's schema, and locks it.
    ///
    /// # Errors
    /// [`StoreError::Busy`] if another daemon has it.
    pub async fn open(path: &Path, durability: Durability) -> Result<Self, StoreError> {
        let lock = lock::take(path)?;
        let synchronous = match durability {
            Durability::Full => SqliteSynchronous::Full,
            Durability::None => SqliteSynchronous::Off,
        };
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .busy_timeout(Duration::from_secs(10))
            .foreign_keys(true);
        let store = Self { pool: Self::connect(options, path).await?, path: path.to_path_buf(), lock: Some(lock), replays: false };
        store.migrate(MIGRATIONS).await?;
        Ok(store)
    }

    /// Opens a store that is thrown away after a rehearsal: as [`Store::open`], but what is observed is not kept in it, because it is
    /// in the store that is rehearsed.
    ///
    /// # Errors
    /// As [`Store::open`].
    pub async fn open_for_rehearsal(path: &Path) -> Result<Self, StoreError> {
        Ok(Self { replays: true, ..Self::open(path, Durability::None).await? })
    }

    /// Opens the store for reading, beside a daemon that may be writing it.
    ///
    /// # Errors
    /// [`StoreError::Absent`] if there is none.
    pub async fn open_read_only(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::Absent(path.to_path_buf()));
        }
        // Rows come from a thread of SQLite's own; a rehearsal reads millions of them.
        let options = SqliteConnectOptions::new().filename(path).read_only(true).busy_timeout(Duration::from_secs(10)).row_buffer_size(ROWS_AHEAD);
        Ok(Self { pool: Self::connect(options, path).await?, path: path.to_path_buf(), lock: None, replays: false })
    }

    async fn connect(options: SqliteConnectOptions, path: &Path) -> Result<SqlitePool, StoreError> {
        // One connection: one writer, and reads that see its writes.
        let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None).test_before_acquire(false).connect_with(options).await;
        pool.map_err(|source| StoreError::Database { path: path.to_path_buf(), source })
    }

    async fn migrate(&self, to: &[(i64, &'static str, &'static str)]) -> Result<(), StoreError> {
        let migrations = to
            .iter()
            .map(|(version, name, sql)| Migration::new(*version, Cow::Borrowed(*name), MigrationType::Simple, sqlx::SqlSafeStr::into_sql_str(*sql), false));
        Migrator::with_migrations(migrations.collect()).run(&self.pool).await.map_err(|error| match error {
            sqlx::migrate::MigrateError::VersionMissing(_) => StoreError::TooNew(self.path.clone()),
            other => StoreError::Database { path: self.path.clone(), source: sqlx::Error::Migrate(Box::new(other)) },
        })
    }

    /// Says that the daemon's loop turns.
    pub fn touch(&self, now: chrono::DateTime<chrono::Utc>) {
        if let Some(lock) = &self.lock {
            lock.touch(now.into());
        }
    }

    /// When the loop of the daemon that has this store last turned; `None` if no daemon has it.
    pub fn last_turn(path: &Path) -> Option<chrono::DateTime<chrono::Utc>> {
        lock::last_touch(path).map(Into::into)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes back what is still in the log beside the file, and closes it.
    pub async fn close(self) {
        self.pool.close().await;
    }

    fn database(&self, source: sqlx::Error) -> StoreError {
        StoreError::Database { path: self.path.clone(), source }
    }

    pub(crate) async fn execute(&self, query: sqlx::query::Query<'_, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>) -> Result<(), StoreError> {
        query.execute(&self.pool).await.map(|_| ()).map_err(|error| self.database(error))
    }

    fn content(&self, what: &'static str, why: impl ToString) -> StoreError {
        StoreError::Content { path: self.path.clone(), what, why: why.to_string() }
    }

    /// Reads a JSON column back.
    fn json<T: serde::de::DeserializeOwned>(&self, what: &'static str, text: &str) -> Result<T, StoreError> {
        serde_json::from_str(text).map_err(|error| self.content(what, error))
    }
}

/// A point in time as the store keeps it.
fn ms(at: chrono::DateTime<chrono::Utc>) -> i64 {
    at.timestamp_millis()
}

/// A point in time from the store; one that no calendar has is the beginning of time.
fn time(ms: i64) -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::from_timestamp_millis(ms).unwrap_or_default()
}
