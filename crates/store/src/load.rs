//! What the daemon knows when it starts.

use std::collections::BTreeMap;

use alerting::decide::Open;
use alerting::fingerprints::KnownError;
use alerting::history::ReceiverState;
use alerting::incident::Incident;
use alerting::observation::{Observation, What};
use alerting::operator::Orders;
use alerting::signs::Sign;
use chrono::{DateTime, TimeDelta, Utc};
use lambda_log::tally::{MemoryUse, Tally};
use model::calendar::Month;
use rust_decimal::Decimal;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Store, StoreError, commit::SourceRow, ms, replay::EARLY_DAYS, time};

/// What the store knows, as far as the daemon needs it.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Observations the rules look back on.
    pub observations: Vec<Observation>,
    /// Every error that was ever seen.
    pub errors: Vec<KnownError>,
    /// What is known of each source.
    pub sources: Vec<SourceRow>,
    /// Each source's place in its data.
    pub cursors: BTreeMap<String, BTreeMap<String, String>>,
    /// Incidents that are not over.
    pub open: Open,
    /// How the receivers were.
    pub receivers: BTreeMap<String, ReceiverState>,
    /// What people have said.
    pub orders: Orders,
    /// What the own calls of the current month have cost, in US dollars.
    pub spent: Decimal,
    /// The latest run of each kind of signs of life.
    pub signs: Vec<Sign>,
}

/// Days of cost that rules look back on.
const COST_DAYS: TimeDelta = TimeDelta::days(billing::costs::DAYS);
/// Days of cost of which every value counts that was seen.
const RECENT_COST_DAYS: TimeDelta = TimeDelta::days(80);

impl Store {
    /// Reads everything a daemon needs that starts at `now` with rules that look back at most `window`.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn load(&self, now: DateTime<Utc>, window: TimeDelta) -> Result<Loaded, StoreError> {
        let mut loaded = Loaded {
            errors: self.errors().await?,
            sources: self.sources().await?,
            open: self.open_incidents().await?,
            receivers: self.receivers().await?,
            orders: self.orders(now).await?,
            spent: self.spent(Month::of(now.date_naive())).await?,
            signs: self.latest_signs().await?,
            ..Loaded::default()
        };
        self.costs(now, &mut loaded.observations).await?;
        loaded.observations.extend(self.inventories_before(DateTime::<Utc>::MAX_UTC).await?);
        self.single(now - window, &mut loaded.observations).await?;
        self.minutes(now - window, &mut loaded.observations).await?;
        for row in self.rows(sqlx::query("SELECT source, key, value FROM cursor")).await? {
            let of_source = loaded.cursors.entry(self.get(&row, 0)?).or_default();
            of_source.insert(self.get(&row, 1)?, self.get(&row, 2)?);
        }
        Ok(loaded)
    }

    /// What is known of each source.
    ///
    /// # Errors
    /// As [`Store::load`].
    pub async fn sources(&self) -> Result<Vec<SourceRow>, StoreError> {
        let rows = self.rows(sqlx::query("SELECT name, polled, state FROM source ORDER BY name")).await?;
        let read = |row: &SqliteRow| {
            Ok(SourceRow {
                name: self.get(row, 0)?,
                polled: self.get::<Option<i64>>(row, 1)?.map(time),
                state: self.json("a source", &self.get::<String>(row, 2)?)?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Incidents that are not over.
    ///
    /// # Errors
    /// As [`Store::load`].
    pub async fn open_incidents(&self) -> Result<Open, StoreError> {
        let mut open = Open::new();
        for row in self.rows(sqlx::query("SELECT body FROM incident WHERE resolved IS NULL")).await? {
            let incident: Incident = self.json("an incident", &self.get::<String>(&row, 0)?)?;
            open.insert((incident.rule.clone(), incident.subject.clone()), incident);
        }
        Ok(open)
    }

    /// What the own calls of a month have cost, in US dollars.
    ///
    /// # Errors
    /// As [`Store::load`].
    pub async fn spent(&self, month: Month) -> Result<Decimal, StoreError> {
        Ok(self.own_calls(month).await?.into_iter().map(|(_, _, usd)| usd).sum())
    }

    async fn costs(&self, now: DateTime<Utc>, into: &mut Vec<Observation>) -> Result<(), StoreError> {
        let (first, recent) = ((now - COST_DAYS).date_naive().to_string(), (now - RECENT_COST_DAYS).date_naive().to_string());
        let query = "SELECT source, seen, body FROM cost_day AS c
            WHERE day >= ?2 OR (day >= ?1 AND seen = (SELECT max(seen) FROM cost_day WHERE day = c.day)) ORDER BY seen";
        for row in self.rows(sqlx::query(query).bind(first).bind(recent)).await? {
            let (source, seen) = (self.get(&row, 0)?, time(self.get(&row, 1)?));
            into.push(Observation { at: seen, seen, source, what: What::Cost(self.json("a day's cost", &self.get::<String>(&row, 2)?)?) });
        }
        let newest = "SELECT source, max(seen), body FROM early WHERE day >= ?1 GROUP BY source, origin, day";
        for row in self.rows(sqlx::query(newest).bind((now - EARLY_DAYS).date_naive().to_string())).await? {
            into.push(self.early_figure(&row)?);
        }
        Ok(())
    }

    async fn single(&self, from: DateTime<Utc>, into: &mut Vec<Observation>) -> Result<(), StoreError> {
        for row in
            self.rows(sqlx::query("SELECT kind, at, seen, source, body FROM observation WHERE at >= ?1 OR seen >= ?1 ORDER BY at, id").bind(ms(from))).await?
        {
            into.extend(self.single_observation(&row)?);
        }
        Ok(())
    }

    /// A fault or a ping from its row; `None` if it is something that this version does not know.
    pub(super) fn single_observation(&self, row: &SqliteRow) -> Result<Option<Observation>, StoreError> {
        let body: String = self.get(row, 4)?;
        let what = match self.get::<String>(row, 0)?.as_str() {
            "fault" => What::Fault(self.json("a fault", &body)?),
            "ping" => What::Ping(self.json("a ping", &body)?),
            _ => return Ok(None),
        };
        Ok(Some(Observation { at: time(self.get(row, 1)?), seen: time(self.get(row, 2)?), source: self.get(row, 3)?, what }))
    }

    pub(super) async fn errors(&self) -> Result<Vec<KnownError>, StoreError> {
        let rows = self.rows(sqlx::query("SELECT function, fingerprint, first, seen, last FROM error")).await?;
        let read = |row: &SqliteRow| {
            Ok(KnownError {
                function: self.get(row, 0)?,
                fingerprint: self.get(row, 1)?,
                first: time(self.get(row, 2)?),
                seen: time(self.get(row, 3)?),
                last: time(self.get(row, 4)?),
            })
        };
        rows.iter().map(read).collect()
    }

    /// What was counted in minutes from `from` on, or was seen since: a minute is not seen before it has begun.
    async fn minutes(&self, from: DateTime<Utc>, into: &mut Vec<Observation>) -> Result<(), StoreError> {
        into.extend(self.minutes_seen(from, DateTime::<Utc>::MAX_UTC).await?);
        Ok(())
    }

    /// The memory that was used from its two columns.
    pub(super) fn memory(&self, row: &SqliteRow, column: usize) -> Result<Option<MemoryUse>, StoreError> {
        let used: Option<u32> = self.get(row, column)?;
        Ok(used.zip(self.get(row, column + 1)?).map(|(used_mb, size_mb)| MemoryUse { used_mb, size_mb }))
    }

    /// A tally's counts from their columns, the function first; causes are kept elsewhere.
    pub(super) fn tally(&self, row: &SqliteRow) -> Result<Tally, StoreError> {
        let count = |column| self.get::<i64>(row, column).map(|count| u64::try_from(count).unwrap_or(0));
        Ok(Tally {
            function: self.get(row, 0)?,
            invocations: count(1)?,
            cold: count(2)?,
            cold_waited: count(3)?,
            timeouts: count(4)?,
            errors: count(5)?,
            billed_ms: count(6)?,
            duration_ms: count(7)?,
            unparsed: count(8)?,
            ..Tally::default()
        })
    }

    pub(super) async fn rows(&self, query: sqlx::query::Query<'_, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>) -> Result<Vec<SqliteRow>, StoreError> {
        query.fetch_all(&self.pool).await.map_err(|error| self.database(error))
    }

    pub(super) fn get<'r, T: sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>>(&self, row: &'r SqliteRow, column: usize) -> Result<T, StoreError> {
        row.try_get(column).map_err(|error| self.database(error))
    }
}
