//! The tables of the SQLite file, and how a file of an earlier version is brought up to this one.

use rusqlite::{Connection, TransactionBehavior};

use super::error::{broken, failed};
use crate::store::StoreError;

/// One script for each version of the tables, in order; `PRAGMA user_version` counts the scripts that a file has run.
///
/// A released script never changes, because a file that has run it does not run it again. Add a script instead.
const SCRIPTS: &[&str] =
    &[include_str!("migrations/0001_tables.sql"), include_str!("migrations/0002_rows_by_user.sql")];

/// Runs the scripts that the file has not run yet: all of them or, when one fails, none.
///
/// # Errors
/// When the file cannot be read or written, or was written by a newer version of this program.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    // An up-to-date file is not locked for writing.
    if scripts_to_run(connection)?.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    // Read again: another process may have migrated the file while this one waited for the lock.
    for script in scripts_to_run(&transaction)? {
        transaction.execute_batch(script).map_err(failed)?;
    }
    transaction.execute_batch(&format!("PRAGMA user_version = {}", SCRIPTS.len())).map_err(failed)?;
    transaction.commit().map_err(failed)
}

fn scripts_to_run(connection: &Connection) -> Result<&'static [&'static str], StoreError> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(failed)?;
    usize::try_from(version).ok().and_then(|done| SCRIPTS.get(done..)).ok_or_else(|| {
        let reason = format!(
            "its tables have version {version}, and this program knows versions up to {}; use a newer onestep-api",
            SCRIPTS.len()
        );
        broken("the file", reason)
    })
}

#[cfg(test)]
mod tests;
