//! Reads observations in the order in which they were seen, for rehearsals.

use alerting::observation::{Observation, ObservationBody};
use chrono::{DateTime, Utc};
use rusqlite::params;

use crate::database::Database;
use crate::error::StoreError;
use crate::record::{Json, Record, ms};
use crate::store::Store;

const WRITE: &str = "INSERT INTO observation (kind, at, seen, source, body) VALUES (?1, ?2, ?3, ?4, ?5)";
const BETWEEN: &str =
    "SELECT kind, at, seen, source, body FROM observation WHERE seen >= ?1 AND seen < ?2 ORDER BY seen, id";
const SINCE: &str = "SELECT kind, at, seen, source, body FROM observation WHERE at >= ?1 OR seen >= ?1 ORDER BY at, id";
const ONE: &str = "a single observation";

impl Store {
    /// Everything that was seen from `from` on, before `to`, in that order; except for the first costs of a month, its
    /// size is about the same, independent of the rest of the store.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn seen_between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<Observation>, StoreError> {
        self.run(move |database| database.seen_between(from, to)).await
    }
}

impl Database {
    fn seen_between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<Observation>, StoreError> {
        let mut seen = self.minutes_seen(from, to)?;
        seen.extend(self.rows(ONE, BETWEEN, [ms(from), ms(to)], single)?);
        seen.extend(self.points_between(from, to)?);
        seen.extend(self.costs_between(from, to)?);
        seen.extend(self.inventories_between(from, to)?);
        seen.extend(self.early_between(from, to)?);
        seen.sort_by_key(|observation| observation.seen);
        Ok(seen)
    }

    /// The faults, pings, days of planned pings, changes and new regions that happened, or were seen, from `from` on.
    pub(crate) fn singles_since(&self, from: DateTime<Utc>) -> Result<Vec<Observation>, StoreError> {
        self.rows(ONE, SINCE, [ms(from)], single)
    }

    /// Writes down a fault, a ping, a day of planned pings, a change or a new region; anything else has a table of its own.
    pub(crate) fn write_single(&self, observation: &Observation) -> Result<(), StoreError> {
        let Observation { at, seen, source, what } = observation;
        match what {
            ObservationBody::Fault(fault) => {
                self.execute(WRITE, params!["fault", ms(*at), ms(*seen), source, Json(fault)]).map(drop)
            }
            ObservationBody::Ping(ping) => {
                self.execute(WRITE, params!["ping", ms(*at), ms(*seen), source, Json(ping)]).map(drop)
            }
            ObservationBody::Change(change) => {
                self.execute(WRITE, params!["change", ms(*at), ms(*seen), source, Json(change)]).map(drop)
            }
            ObservationBody::WarmDay(day) => {
                self.execute(WRITE, params!["warm_day", ms(*at), ms(*seen), source, Json(day)]).map(drop)
            }
            ObservationBody::NewRegion(new) => {
                self.execute(WRITE, params!["new_region", ms(*at), ms(*seen), source, Json(new)]).map(drop)
            }
            _ => Ok(()),
        }
    }
}

/// A fault, a ping, a day of planned pings, a change or a new region.
fn single(row: &Record<'_, '_>) -> Result<Observation, StoreError> {
    let what = match row.get::<String>(0)?.as_str() {
        "fault" => ObservationBody::Fault(row.json(4)?),
        "ping" => ObservationBody::Ping(row.json(4)?),
        "change" => ObservationBody::Change(row.json(4)?),
        "warm_day" => ObservationBody::WarmDay(row.json(4)?),
        "new_region" => ObservationBody::NewRegion(row.json(4)?),
        other => return Err(row.unreadable(0, format!("`{other}` is not known"))),
    };
    Ok(Observation { at: row.time(1)?, seen: row.time(2)?, source: row.get(3)?, what })
}
