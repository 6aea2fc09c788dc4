//! The connection to the file, and the few forms in which it is asked. It is used on the store's thread only.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, Params, Transaction, TransactionBehavior};

use crate::error::StoreError;
use crate::lock::{self, StoreLock};
use crate::record::Record;

/// How long a statement waits for another process that is writing.
const BUSY: Duration = Duration::from_secs(10);
/// Statements that are kept prepared: more than there are.
const STATEMENTS: usize = 200;

/// How much a commit waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// A committed row survives a power cut.
    Full,
    /// For stores that are thrown away: simulations and tests.
    None,
}

/// What a process may do with the store.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Access {
    /// All of it, alone: the file is made if it is not there, and locked.
    Daemon(Durability),
    /// Write beside a daemon.
    Write,
    /// Read beside a daemon.
    Read,
}

/// The file.
#[derive(Debug)]
pub(crate) struct Database {
    // Fields are dropped in this order: the lock is free once the file is closed.
    connection: Connection,
    pub(crate) path: PathBuf,
    pub(crate) lock: Option<Arc<StoreLock>>,
}

/// Finishes what a process left that was killed while it wrote with a rollback journal, as it does while it creates the
/// file: a reader may not do that, and would fail until the next daemon starts. Does nothing where there is no such
/// journal.
fn roll_back(path: &Path) -> rusqlite::Result<()> {
    let read = |flags| {
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(BUSY)?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", (), |_| Ok(()))
    };
    match read(OpenFlags::SQLITE_OPEN_READ_ONLY) {
        Err(rusqlite::Error::SqliteFailure(error, _))
            if error.extended_code == rusqlite::ffi::SQLITE_READONLY_ROLLBACK =>
        {
            read(OpenFlags::SQLITE_OPEN_READ_WRITE)
        }
        // Anything else is reported where the store is used.
        _ => Ok(()),
    }
}

impl Database {
    /// Opens the file.
    pub(crate) fn open(path: &Path, access: Access) -> Result<Self, StoreError> {
        let lock = match access {
            Access::Daemon(_) => Some(Arc::new(lock::take(path)?)),
            Access::Write | Access::Read => None,
        };
        let flags = match access {
            Access::Daemon(_) => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
            Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
            Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        };
        if lock.is_none() && !path.exists() {
            return Err(StoreError::Absent(path.to_path_buf()));
        }
        let failed = |source| StoreError::Database { path: path.to_path_buf(), source };
        if matches!(access, Access::Read) {
            roll_back(path).map_err(failed)?;
        }
        // One thread has the connection, so SQLite need not guard it.
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(failed)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.busy_timeout(BUSY).map_err(failed)?;
        let settings = match access {
            Access::Daemon(Durability::Full) => {
                "PRAGMA foreign_keys = ON; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL"
            }
            Access::Daemon(Durability::None) => {
                "PRAGMA foreign_keys = ON; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF"
            }
            Access::Write | Access::Read => "PRAGMA foreign_keys = ON",
        };
        connection.execute_batch(settings).map_err(failed)?;
        Ok(Self { connection, path: path.to_path_buf(), lock })
    }

    /// Every row of an answer, in its order. `what` names a row in an error.
    pub(crate) fn rows<T>(
        &self,
        what: &'static str,
        sql: &str,
        params: impl Params,
        mut read: impl FnMut(&Record<'_, '_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(|error| self.failed(error))?;
        let mut rows = statement.query(params).map_err(|error| self.failed(error))?;
        let mut all = Vec::new();
        while let Some(row) = rows.next().map_err(|error| self.failed(error))? {
            all.push(read(&Record { row, what, path: &self.path })?);
        }
        Ok(all)
    }

    /// The first row of an answer, if there is one.
    pub(crate) fn first<T>(
        &self,
        what: &'static str,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Record<'_, '_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(|error| self.failed(error))?;
        let mut rows = statement.query(params).map_err(|error| self.failed(error))?;
        let row = rows.next().map_err(|error| self.failed(error))?;
        row.map(|row| read(&Record { row, what, path: &self.path })).transpose()
    }

    /// The only row of an answer that always has one.
    pub(crate) fn one<T>(
        &self,
        what: &'static str,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Record<'_, '_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.first(what, sql, params, read)?.ok_or_else(|| self.failed(rusqlite::Error::QueryReturnedNoRows))
    }

    /// Runs one statement and gives how many rows it wrote or deleted.
    pub(crate) fn execute(&self, sql: &str, params: impl Params) -> Result<usize, StoreError> {
        let mut statement = self.connection.prepare_cached(sql).map_err(|error| self.failed(error))?;
        statement.execute(params).map_err(|error| self.failed(error))
    }

    /// Runs several statements that have no parameters.
    pub(crate) fn batch(&self, sql: &str) -> Result<(), StoreError> {
        self.connection.execute_batch(sql).map_err(|error| self.failed(error))
    }

    /// The number of the row that was written last.
    pub(crate) fn last_id(&self) -> i64 {
        self.connection.last_insert_rowid()
    }

    /// Runs `work` in one transaction: all that it writes, or nothing. What it reads no other process changes
    /// meanwhile, since the right to write is taken first.
    pub(crate) fn transaction<T>(&self, work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)
            .map_err(|error| self.failed(error))?;
        // An error drops the transaction, which takes back what was written.
        let done = work()?;
        transaction.commit().map_err(|error| self.failed(error))?;
        Ok(done)
    }

    /// Whether a table has a column. A report may be asked for before a daemon has brought the store to this version's
    /// schema.
    pub(crate) fn has_column(&self, table: &str, column: &str) -> Result<bool, StoreError> {
        let query = "SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2";
        Ok(self.first("a column", query, [table, column], |_| Ok(()))?.is_some())
    }

    /// Something in the store cannot be read back, and no single column of a row says so.
    pub(crate) fn content(&self, what: &'static str, why: impl ToString) -> StoreError {
        StoreError::Content { path: self.path.clone(), what, why: why.to_string() }
    }

    fn failed(&self, source: rusqlite::Error) -> StoreError {
        StoreError::Database { path: self.path.clone(), source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_rolls_back_what_a_killed_writer_left() {
        let folder = tempfile::TempDir::new().unwrap();
        let (written, copied) = (folder.path().join("a.db"), folder.path().join("b.db"));
        let writer = Connection::open(&written).unwrap();
        writer
            .execute_batch("PRAGMA journal_mode = DELETE; CREATE TABLE t (x); INSERT INTO t VALUES ('kept')")
            .unwrap();
        // A cache of one page writes into the file before the transaction ends, so the journal is needed to undo it.
        writer.execute_batch("PRAGMA cache_size = 1; BEGIN; UPDATE t SET x = 'lost'; CREATE TABLE u (x)").unwrap();
        writer
            .execute_batch("INSERT INTO u WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500) SELECT hex(zeroblob(500)) FROM n")
            .unwrap();
        for end in ["", "-journal"] {
            std::fs::copy(format!("{}{end}", written.display()), format!("{}{end}", copied.display())).unwrap();
        }
        let database = Database::open(&copied, Access::Read).unwrap();
        let kept: String = database.connection.query_row("SELECT x FROM t", (), |row| row.get(0)).unwrap();
        assert_eq!(kept, "kept");
    }
}
