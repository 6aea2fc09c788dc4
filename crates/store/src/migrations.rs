//! The schema and its versions.

use crate::database::Database;
use crate::error::StoreError;

/// What makes each version of the schema of the one before, the first one of an empty file. One that is released never
/// changes.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_errors_and_durations.sql"),
    include_str!("migrations/0003_messages.sql"),
    include_str!("migrations/0004_rehearsal.sql"),
    include_str!("migrations/0005_billing.sql"),
    include_str!("migrations/0006_inventory.sql"),
    include_str!("migrations/0007_early.sql"),
    include_str!("migrations/0008_init.sql"),
];

impl Database {
    /// Brings the file to this version's schema, in one transaction.
    pub(crate) fn migrate(&self) -> Result<(), StoreError> {
        self.transaction(|| {
            let version = self.version()?;
            let Some(missing) = MIGRATIONS.get(version..) else { return Err(StoreError::TooNew(self.path.clone())) };
            for sql in missing {
                self.batch(sql)?;
            }
            // The first versions of this program kept the version in a table.
            self.batch(&format!("DROP TABLE IF EXISTS _sqlx_migrations; PRAGMA user_version = {}", MIGRATIONS.len()))
        })
    }

    /// Fails unless the schema is this version's, or a newer one.
    pub(crate) fn must_be_current(&self) -> Result<(), StoreError> {
        if self.version()? >= MIGRATIONS.len() { Ok(()) } else { Err(StoreError::TooOld(self.path.clone())) }
    }

    /// The version of the schema; 0 for an empty file.
    fn version(&self) -> Result<usize, StoreError> {
        let what = "the version of the schema";
        let version = self.one(what, "PRAGMA user_version", [], |row| row.get(0))?;
        if version > 0 || !self.has_column("_sqlx_migrations", "version")? {
            return Ok(version);
        }
        self.one(what, "SELECT coalesce(max(version), 0) FROM _sqlx_migrations", [], |row| row.get(0))
    }
}
