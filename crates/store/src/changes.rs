//! Reads changes of resources, and what the sources of the map know of each kind.

use account::map::{Change, merged};
use chrono::{DateTime, Utc};

use crate::database::Database;
use crate::error::StoreError;
use crate::record::ms;
use crate::store::Store;

const SINCE: &str = "SELECT body FROM observation WHERE kind = 'change' AND at >= ?1 ORDER BY at, id";
const CURSORS: &str = "SELECT key, value FROM cursor WHERE source = ?1 ORDER BY key";

impl Store {
    /// The changes that were seen since an instant, each once, in the order in which they were made.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn changes_since(&self, since: DateTime<Utc>) -> Result<Vec<Change>, StoreError> {
        let all = self.run(move |database| database.rows("a change", SINCE, [ms(since)], |row| row.json(0))).await?;
        Ok(merged(all))
    }

    /// The cursors of one source, by key, as it wrote them.
    ///
    /// # Errors
    /// As [`Store::changes_since`].
    pub async fn cursors_of(&self, source: &str) -> Result<Vec<(String, String)>, StoreError> {
        let source = source.to_owned();
        self.run(move |database: &Database| {
            database.rows("a cursor", CURSORS, [source], |row| Ok((row.get(0)?, row.get(1)?)))
        })
        .await
    }
}
