//! From when on the store knows what.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use model::calendar::day_start;

use crate::database::Database;
use crate::error::StoreError;
use crate::store::Store;

/// From which moment on the store knows each kind of observation: the beginning of time where nothing is missing, its
/// end where nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoreExtent {
    /// Figures of costs.
    pub costs: DateTime<Utc>,
    /// Early figures of costs.
    pub early: DateTime<Utc>,
    /// Failed invocations; those beyond their retention time are deleted.
    pub faults: DateTime<Utc>,
    /// Pings.
    pub pings: DateTime<Utc>,
    /// Counts of functions by minute, which have the shortest retention time.
    pub minutes: DateTime<Utc>,
    /// Points of metrics.
    pub points: DateTime<Utc>,
    /// Inventories.
    pub inventories: DateTime<Utc>,
    /// Changes of resources.
    pub changes: DateTime<Utc>,
    /// When the daemon ran and how its sources were.
    pub signs: DateTime<Utc>,
}

impl Store {
    /// From when on each kind of observation is known.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn extent(&self) -> Result<StoreExtent, StoreError> {
        self.run(Database::extent).await
    }

    /// When single observations of functions, days of costs and anything else were first seen; `None` for an empty
    /// store.
    ///
    /// # Errors
    /// As [`Store::extent`].
    pub async fn begins(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let query =
            "SELECT min(first) FROM (SELECT min(seen) AS first FROM observation UNION ALL SELECT min(seen) FROM cost_day UNION ALL SELECT min(seen) FROM early
            UNION ALL SELECT min(since) FROM sign UNION ALL SELECT min(sent) FROM message
            UNION ALL SELECT CAST(strftime('%s', min(day)) AS INTEGER) * 1000 FROM lambda_day)";
        self.run(|database| database.first_time(query)).await
    }
}

impl Database {
    fn extent(&self) -> Result<StoreExtent, StoreError> {
        let first = |query| Ok::<_, StoreError>(self.first_time(query)?.unwrap_or(DateTime::<Utc>::MAX_UTC));
        let faults = first("SELECT min(at) FROM observation WHERE kind = 'fault'")?;
        let minutes = self.first_minute()?.unwrap_or(DateTime::<Utc>::MAX_UTC);
        Ok(StoreExtent {
            costs: first("SELECT min(seen) FROM cost_day")?,
            early: first("SELECT min(seen) FROM early")?,
            faults: self
                .complete(faults, "SELECT min(day) FROM cause_day WHERE cause <> 'cold_start' HAVING count(*) > 0")?,
            pings: first("SELECT min(at) FROM observation WHERE kind = 'ping'")?,
            minutes: self.complete(minutes, "SELECT min(day) FROM lambda_day HAVING count(*) > 0")?,
            inventories: first("SELECT min(seen) FROM inventory")?,
            changes: first("SELECT min(at) FROM observation WHERE kind = 'change'")?,
            points: self.first_point()?.unwrap_or(DateTime::<Utc>::MAX_UTC),
            signs: self.first_sign()?.unwrap_or(DateTime::<Utc>::MAX_UTC),
        })
    }

    fn first_time(&self, query: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.one("the first time something was seen", query, [], |row| row.optional_time(0))
    }

    /// `from`, or the beginning of time if nothing is missing before. Days are never dropped: where there are none from
    /// before the first minute, there was none.
    fn complete(&self, from: DateTime<Utc>, first_day: &str) -> Result<DateTime<Utc>, StoreError> {
        let day: Option<NaiveDate> = self.first("the first day of something", first_day, [], |row| row.parse(0))?;
        let missing =
            day.is_some_and(|day| from == DateTime::<Utc>::MAX_UTC || day_start(day) + TimeDelta::days(1) <= from);
        Ok(if missing { from } else { DateTime::<Utc>::MIN_UTC })
    }
}
