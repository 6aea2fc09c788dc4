//! `sqlite:PATH`: one SQLite file, for a server with a disk and for tests.
//!
//! A write is on disk when it is answered (WAL with `synchronous = FULL`). One connection writes and a few read;
//! SQLite's locks keep other processes from writing at the same time.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use self::error::{BUSY_TIMEOUT, NAME, failed};
use super::{Decide, Store, StoreError};
use onestep_core::model::{Id, User};
use onestep_core::user_rows::{Archive, Change, Scope, UniqueName, UserRows};

mod error;
mod migrations;
mod rows;
mod sql;

/// The most idle connections for reading.
const READERS: usize = 4;

/// One SQLite file.
pub struct Sqlite {
    path: PathBuf,
    writer: Arc<Mutex<Connection>>,
    readers: Arc<Readers>,
}

/// Idle connections for reading.
struct Readers {
    idle: Mutex<Vec<Connection>>,
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let connection = Connection::open(path).map_err(failed)?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(failed)?;
    // PRAGMA journal_mode returns a row, the others do not.
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).map_err(failed)?;
    connection
        .execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY")
        .map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(connection)
}

impl Sqlite {
    /// Opens the file, and creates it and its tables if they are missing.
    ///
    /// # Errors
    /// When the file cannot be opened or written, or was written by a newer version.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let mut writer = connect(path)?;
        migrations::migrate(&mut writer)?;
        Ok(Self {
            path: path.to_owned(),
            writer: Arc::new(Mutex::new(writer)),
            readers: Arc::new(Readers { idle: Mutex::new(Vec::new()) }),
        })
    }

    /// Runs a read on a thread that may block. All of it sees the file at one moment.
    async fn reading<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let readers = Arc::clone(&self.readers);
        let path = self.path.clone();
        blocking(move || {
            let idle = readers.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = match idle {
                Some(connection) => connection,
                None => connect(&path)?,
            };
            let answer = connection.transaction().map_err(failed).and_then(|transaction| read(&transaction));
            let mut idle = readers.idle.lock().unwrap_or_else(PoisonError::into_inner);
            if idle.len() < READERS {
                idle.push(connection);
            }
            answer
        })
        .await
    }

    /// Runs a write transaction.
    async fn writing<T: Send>(
        &self,
        write: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send,
    ) -> Result<T, StoreError> {
        let writer = Arc::clone(&self.writer);
        // The decision borrows from the caller, so it cannot move to another thread. On a multi-threaded runtime the
        // other tasks go on.
        in_place(move || {
            let mut connection = writer.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
            let answer = write(&transaction)?;
            transaction.commit().map_err(failed)?;
            Ok(answer)
        })
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(answer) => answer,
        Err(stopped) => {
            let reason = if stopped.is_panic() { "reading it panicked" } else { "the process is ending" };
            Err(StoreError::Unavailable { store: NAME, reason: reason.to_owned() })
        }
    }
}

/// Blocks this task only, if the runtime has other threads for the other tasks.
fn in_place<T>(work: impl FnOnce() -> T) -> T {
    match tokio::runtime::Handle::current().runtime_flavor() {
        tokio::runtime::RuntimeFlavor::MultiThread => tokio::task::block_in_place(work),
        _ => work(),
    }
}

#[async_trait]
impl Store for Sqlite {
    fn name(&self) -> &'static str {
        NAME
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.reading(|transaction| transaction.query_row(sql::IS_READABLE, [], |_| Ok(())).map_err(failed)).await?;
        self.writing(|_| Ok(())).await
    }

    async fn find(&self, key: &UniqueName) -> Result<Option<Id>, StoreError> {
        let (sql, name) = rows::owner_of(key);
        self.reading(move |transaction| {
            transaction
                .prepare_cached(sql)
                .and_then(|mut found| found.query_row([name], |row| row.get(0)).optional())
                .map_err(failed)
        })
        .await
    }

    async fn create(&self, mut user: User) -> Result<User, StoreError> {
        self.writing(move |transaction| {
            for key in UniqueName::of_account(&user)
                .into_iter()
                .chain(user.devices.iter().map(|device| UniqueName::Device(device.token.clone())))
            {
                rows::claim(transaction, &key, None)?;
            }
            user.id = rows::new_ids(transaction, 1)?.start;
            rows::put_user(transaction, &user)?;
            for device in &user.devices {
                rows::put_device(transaction, user.id, device)?;
            }
            Ok(user)
        })
        .await
    }

    async fn read(&self, user: Id, scope: Scope) -> Result<Option<UserRows>, StoreError> {
        self.reading(move |transaction| rows::live(transaction, user, scope)).await
    }

    async fn update(&self, user: Id, scope: Scope, new_ids: u32, decide: Decide<'_>) -> Result<bool, StoreError> {
        self.writing(move |transaction| {
            let Some(user_rows) = rows::live(transaction, user, scope)? else { return Ok(false) };
            let ids: Vec<Id> = rows::new_ids(transaction, new_ids)?.collect();
            for change in decide(&user_rows, &ids) {
                match change {
                    Change::User(account) => {
                        for key in UniqueName::of_account(&account) {
                            rows::claim(transaction, &key, Some(user))?;
                        }
                        rows::put_user(transaction, &User { id: user, ..account })?;
                    }
                    Change::AddDevice(device) => {
                        rows::claim(transaction, &UniqueName::Device(device.token.clone()), Some(user))?;
                        rows::put_device(transaction, user, &device)?;
                    }
                    Change::DropDevice(token) => rows::drop_device(transaction, user, &token)?,
                    Change::Category(row) => rows::put_category(transaction, user, &row)?,
                    Change::Todo(row) => rows::put_todo(transaction, user, &row)?,
                    Change::Sub(row) => rows::put_sub(transaction, user, &row)?,
                    Change::Feedback(row) => rows::put_feedback(transaction, user, &row)?,
                }
            }
            Ok(true)
        })
        .await
    }

    async fn users(&self, after: Option<Id>, most: u32) -> Result<Vec<Id>, StoreError> {
        self.reading(move |transaction| {
            let mut found = transaction.prepare_cached(sql::USERS).map_err(failed)?;
            let ids = found.query_map(params![after.unwrap_or(Id::MIN), most], |row| row.get(0)).map_err(failed)?;
            ids.collect::<Result<_, _>>().map_err(failed)
        })
        .await
    }

    async fn archive(&self, user: Id) -> Result<Option<Archive>, StoreError> {
        self.reading(move |transaction| rows::archive(transaction, user)).await
    }

    async fn restore(&self, archive: &Archive) -> Result<(), StoreError> {
        self.writing(move |transaction| rows::restore(transaction, archive)).await
    }
}
