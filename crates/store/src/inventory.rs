//! Reads inventories by kind and region.

use account::inventory::Inventory;
use alerting::history::Timestamped;
use alerting::observation::{Observation, ObservationBody};
use chrono::{DateTime, Utc};
use model::calendar::Month;
use rusqlite::params;

use crate::database::Database;
use crate::error::StoreError;
use crate::record::{Json, Record, ms};
use crate::store::Store;

const WRITE: &str = "INSERT INTO inventory (source, kind, region, day, seen, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT DO UPDATE SET source = excluded.source, body = excluded.body";
/// The newest of each kind and region that was seen before an instant.
const NEWEST: &str =
    "SELECT source, max(seen), body FROM inventory WHERE seen < ?1 GROUP BY kind, region ORDER BY kind, region";
/// The same of those not seen before another one.
const NEWEST_SINCE: &str = "SELECT source, max(seen), body FROM inventory WHERE seen >= ?2 AND seen < ?1 GROUP BY kind, region ORDER BY kind, region";
const BETWEEN: &str =
    "SELECT source, seen, body FROM inventory WHERE seen >= ?1 AND seen < ?2 ORDER BY seen, kind, region";
const ONE: &str = "an inventory";

impl Store {
    /// The inventories at the end of a month, with their times; only those read in that month.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn inventories_of(&self, month: Month) -> Result<Vec<Timestamped<Inventory>>, StoreError> {
        self.run(move |database| database.inventories_of(month)).await
    }

    /// The newest inventories that were seen before an instant.
    ///
    /// # Errors
    /// As [`Store::inventories_of`].
    pub async fn inventories_before(&self, before: DateTime<Utc>) -> Result<Vec<Observation>, StoreError> {
        self.run(move |database| database.inventories_before(before)).await
    }
}

impl Database {
    pub(crate) fn inventories_of(&self, month: Month) -> Result<Vec<Timestamped<Inventory>>, StoreError> {
        if !self.has_column("inventory", "body")? {
            return Ok(vec![]);
        }
        let (from, to) = month.instants();
        self.rows(ONE, NEWEST_SINCE, [ms(to), ms(from)], |row| Ok(Timestamped { seen: row.time(1)?, it: row.json(2)? }))
    }

    pub(crate) fn inventories_before(&self, before: DateTime<Utc>) -> Result<Vec<Observation>, StoreError> {
        self.rows(ONE, NEWEST, [ms(before)], inventory)
    }

    /// The inventories that were seen from `from` on, before `to`.
    pub(crate) fn inventories_between(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<Observation>, StoreError> {
        self.rows(ONE, BETWEEN, [ms(from), ms(to)], inventory)
    }

    /// Writes down what was read; what could not be read is in the state of its source.
    pub(crate) fn write_inventory(
        &self,
        source: &str,
        at: DateTime<Utc>,
        seen: DateTime<Utc>,
        inventory: &Inventory,
    ) -> Result<(), StoreError> {
        if inventory.unknown.is_none() {
            let day = at.date_naive().to_string();
            self.execute(
                WRITE,
                params![source, inventory.kind.word(), inventory.region, day, ms(seen), Json(inventory)],
            )?;
        }
        Ok(())
    }
}

fn inventory(row: &Record<'_, '_>) -> Result<Observation, StoreError> {
    let seen = row.time(1)?;
    Ok(Observation { at: seen, seen, source: row.get(0)?, what: ObservationBody::Inventory(row.json(2)?) })
}
