//! What stood behind the bill: each reading, by kind and region.

use account::inventory::Inventory;
use alerting::history::Seen;
use alerting::observation::{Observation, What};
use chrono::{DateTime, Utc};
use model::calendar::Month;
use sqlx::sqlite::SqliteRow;

use super::{Store, StoreError, ms, time};

/// The newest of each kind and region that was seen before an instant.
const NEWEST: &str = "SELECT source, max(seen), body FROM inventory WHERE seen < ?1 GROUP BY kind, region ORDER BY kind, region";
/// The same of those not seen before another one.
const NEWEST_SINCE: &str = "SELECT source, max(seen), body FROM inventory WHERE seen >= ?2 AND seen < ?1 GROUP BY kind, region ORDER BY kind, region";
const BETWEEN: &str = "SELECT source, seen, body FROM inventory WHERE seen >= ?1 AND seen < ?2 ORDER BY seen, kind, region";

impl Store {
    /// What stood behind the bill at the end of a month, with the time at which it was seen; what was not read in that month is not in it.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn inventories_of(&self, month: Month) -> Result<Vec<Seen<Inventory>>, StoreError> {
        // A report may be asked for before the daemon has brought the store to this version's schema.
        if self.rows(sqlx::query("SELECT 1 FROM pragma_table_info('inventory')")).await?.is_empty() {
            return Ok(vec![]);
        }
        let (from, to) = month.instants();
        let rows = self.rows(sqlx::query(NEWEST_SINCE).bind(ms(to)).bind(ms(from))).await?;
        rows.iter().map(|row| Ok(Seen { seen: time(self.get(row, 1)?), it: self.json("an inventory", &self.get::<String>(row, 2)?)? })).collect()
    }

    /// The newest inventories that were seen before an instant.
    ///
    /// # Errors
    /// As [`Store::inventories_of`].
    pub async fn inventories_before(&self, before: DateTime<Utc>) -> Result<Vec<Observation>, StoreError> {
        let rows = self.rows(sqlx::query(NEWEST).bind(ms(before))).await?;
        rows.iter().map(|row| self.inventory(row)).collect()
    }

    /// The inventories that were seen from `from` on, before `to`.
    pub(super) async fn inventories_between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<Observation>, StoreError> {
        let rows = self.rows(sqlx::query(BETWEEN).bind(ms(from)).bind(ms(to))).await?;
        rows.iter().map(|row| self.inventory(row)).collect()
    }

    fn inventory(&self, row: &SqliteRow) -> Result<Observation, StoreError> {
        let seen = time(self.get(row, 1)?);
        let inventory = self.json("an inventory", &self.get::<String>(row, 2)?)?;
        Ok(Observation { at: seen, seen, source: self.get(row, 0)?, what: What::Inventory(inventory) })
    }
}
