//! What was seen, in the order in which it was seen: a rehearsal replays it.

use alerting::observation::{METRICS, MetricPoint, Observation, What};
use alerting::signs::{DAEMON, Sign, SignKind};
use chrono::{DateTime, TimeDelta, Utc};
use model::calendar::day_start;
use serde_json::json;
use sqlx::sqlite::SqliteRow;

use super::{Store, StoreError, ms, time};

/// From which moment on the store knows each kind of observation: the beginning of time where nothing is missing, its end where
/// nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Figures of costs.
    pub costs: DateTime<Utc>,
    /// Early figures of costs.
    pub early: DateTime<Utc>,
    /// Faults; older ones than are kept are dropped.
    pub faults: DateTime<Utc>,
    /// Pings.
    pub pings: DateTime<Utc>,
    /// What functions did by minutes, which are kept for a shorter time than anything else.
    pub minutes: DateTime<Utc>,
    /// Points of metrics.
    pub points: DateTime<Utc>,
    /// What stood behind the bill.
    pub inventories: DateTime<Utc>,
    /// When the daemon ran and how its sources were.
    pub signs: DateTime<Utc>,
}

/// The functions of a table, found by hopping through its key and not by reading it all.
macro_rules! functions_of {
    ($table:literal) => {
        concat!(
            "WITH RECURSIVE known(name) AS (SELECT min(function) FROM ",
            $table,
            " UNION ALL SELECT (SELECT min(function) FROM ",
            $table,
            " WHERE function > name) FROM known WHERE name IS NOT NULL) "
        )
    };
}

/// Days of early figures that rules look back on.
pub(super) const EARLY_DAYS: TimeDelta = TimeDelta::days(8);
/// An hour, as the index of late minutes has it.
const LATE_MS: i64 = 3_600_000;
const MINUTES: &str = concat!(
    functions_of!("lambda_minute"),
    "SELECT function, invocations, cold, cold_waited, timeouts, errors, billed_ms, duration_ms, unparsed, minute, seen, durations, memory_used, memory_size
     FROM known CROSS JOIN lambda_minute ON function = name AND minute >= ?1 - ?3 AND minute < ?2 + ?3
     WHERE seen >= ?1 AND seen < ?2 AND seen - minute <= 3600000
     UNION ALL
     SELECT function, invocations, cold, cold_waited, timeouts, errors, billed_ms, duration_ms, unparsed, minute, seen, durations, memory_used, memory_size
     FROM lambda_minute WHERE seen >= ?1 AND seen < ?2 AND seen - minute > 3600000"
);
/// Metrics are asked for an hour back, so a point is never seen much later than that.
const POINTS: &str = concat!(
    functions_of!("metric_point"),
    "SELECT function, metric, at, seen, body ->> 0, body ->> 1, body ->> 2, body ->> 3
     FROM known CROSS JOIN json_each(?4) CROSS JOIN metric_point ON function = name AND metric = value AND at >= ?1 - ?3 * 2 AND at < ?2 + ?3
     WHERE seen >= ?1 AND seen < ?2"
);
const PRUNE_POINTS: &str = concat!(
    functions_of!("metric_point"),
    "DELETE FROM metric_point WHERE function IN (SELECT name FROM known) AND metric IN (SELECT value FROM json_each(?1)) AND at < ?2"
);
const FIRST_POINT: &str = concat!(
    functions_of!("metric_point"),
    "SELECT min((SELECT min(seen) FROM (SELECT seen FROM metric_point WHERE function = name AND metric = value ORDER BY at LIMIT 1)))
     FROM known CROSS JOIN json_each(?1)"
);
/// The first minute that was not seen late: late ones are kept for longer.
const FIRST_MINUTE: &str = concat!(
    functions_of!("lambda_minute"),
    "SELECT min((SELECT minute FROM lambda_minute WHERE function = name AND seen - minute <= 3600000 ORDER BY minute LIMIT 1)) FROM known"
);

impl Store {
    /// Everything that was seen from `from` on, before `to`, in that order; but for the first figures of a month of costs, it is much of
    /// the same size whatever else the store holds.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn seen_between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<Observation>, StoreError> {
        let mut seen = self.minutes_seen(from, to).await?;
        let single = "SELECT kind, at, seen, source, body FROM observation WHERE seen >= ?1 AND seen < ?2 ORDER BY seen, id";
        for row in self.rows(sqlx::query(single).bind(ms(from)).bind(ms(to))).await? {
            seen.extend(self.single_observation(&row)?);
        }
        let points = sqlx::query(POINTS).bind(ms(from)).bind(ms(to)).bind(LATE_MS).bind(metrics());
        for row in self.rows(points).await? {
            let point = MetricPoint {
                function: self.get(&row, 0)?,
                metric: self.get(&row, 1)?,
                period: self.get(&row, 4)?,
                sum: self.get(&row, 5)?,
                maximum: self.get(&row, 6)?,
                average: self.get(&row, 7)?,
            };
            seen.push(Observation { at: time(self.get(&row, 2)?), seen: time(self.get(&row, 3)?), source: String::new(), what: What::Metric(point) });
        }
        let costs = "SELECT source, seen, body FROM cost_day WHERE seen >= ?1 AND seen < ?2 ORDER BY seen, day";
        for row in self.rows(sqlx::query(costs).bind(ms(from)).bind(ms(to))).await? {
            seen.push(self.cost(&row)?);
        }
        seen.extend(self.inventories_between(from, to).await?);
        let early = "SELECT source, seen, body FROM early WHERE seen >= ?1 AND seen < ?2 ORDER BY seen, day";
        for row in self.rows(sqlx::query(early).bind(ms(from)).bind(ms(to))).await? {
            seen.push(self.early_figure(&row)?);
        }
        seen.sort_by_key(|observation| observation.seen);
        Ok(seen)
    }

    /// What was known before `before` of the costs of days from `first` on, in the order in which it was seen, and of early figures.
    ///
    /// # Errors
    /// As [`Store::seen_between`].
    pub async fn costs_seen_before(&self, before: DateTime<Utc>, first: chrono::NaiveDate) -> Result<Vec<Observation>, StoreError> {
        let costs = "SELECT source, seen, body FROM cost_day WHERE day >= ?1 AND seen < ?2 ORDER BY seen, day";
        let rows = self.rows(sqlx::query(costs).bind(first.to_string()).bind(ms(before))).await?;
        let mut seen = rows.iter().map(|row| self.cost(row)).collect::<Result<Vec<_>, _>>()?;
        let early = "SELECT source, seen, body FROM early WHERE day >= ?1 AND seen < ?2 ORDER BY seen, day";
        let first = before.date_naive() - EARLY_DAYS;
        for row in self.rows(sqlx::query(early).bind(first.to_string()).bind(ms(before))).await? {
            seen.push(self.early_figure(&row)?);
        }
        Ok(seen)
    }

    /// The minutes that were last seen from `from` on, before `to`.
    pub(super) async fn minutes_seen(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<Observation>, StoreError> {
        let mut seen = Vec::new();
        for row in self.rows(sqlx::query(MINUTES).bind(ms(from)).bind(ms(to)).bind(LATE_MS)).await? {
            let mut tally = self.tally(&row)?;
            (tally.durations, tally.memory) = (self.json("durations", &self.get::<String>(&row, 11)?)?, self.memory(&row, 12)?);
            seen.push(Observation { at: time(self.get(&row, 9)?), seen: time(self.get(&row, 10)?), source: String::new(), what: What::Tally(tally) });
        }
        Ok(seen)
    }

    /// The runs of signs of life that reach into a period, oldest first.
    ///
    /// # Errors
    /// As [`Store::seen_between`].
    pub async fn signs_between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<Sign>, StoreError> {
        let query = "SELECT source, kind, function, since, until, failure FROM sign WHERE until >= ?1 AND since < ?2 ORDER BY since, source, kind, function";
        let rows = self.rows(sqlx::query(query).bind(ms(from)).bind(ms(to))).await?;
        rows.iter().map(|row| self.sign(row)).collect()
    }

    /// The latest run of each kind of signs.
    pub(super) async fn latest_signs(&self) -> Result<Vec<Sign>, StoreError> {
        let query = "SELECT source, kind, function, max(since), until, failure FROM sign GROUP BY source, kind, function";
        self.rows(sqlx::query(query)).await?.iter().map(|row| self.sign(row)).collect()
    }

    /// From when on what is known.
    ///
    /// # Errors
    /// As [`Store::seen_between`].
    pub async fn extent(&self) -> Result<Extent, StoreError> {
        let first = async |query: sqlx::query::Query<'static, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>| {
            let rows = self.rows(query).await?;
            let first: Option<i64> = rows.first().map_or(Ok(None), |row| self.get(row, 0))?;
            Ok::<_, StoreError>(first.map_or(DateTime::<Utc>::MAX_UTC, time))
        };
        // Days are never dropped: where there are none from before the first minute, there was none.
        let complete = async |from: DateTime<Utc>, days: &'static str| {
            let rows = self.rows(sqlx::query(days)).await?;
            let day: Option<String> = rows.first().map_or(Ok(None), |row| self.get(row, 0))?;
            let day: Option<chrono::NaiveDate> = day.and_then(|day| day.parse().ok());
            let missing = day.is_some_and(|day| from == DateTime::<Utc>::MAX_UTC || day_start(day) + TimeDelta::days(1) <= from);
            Ok::<_, StoreError>(if missing { from } else { DateTime::<Utc>::MIN_UTC })
        };
        let faults = first(sqlx::query("SELECT min(at) FROM observation WHERE kind = 'fault'")).await?;
        let minutes = first(sqlx::query(FIRST_MINUTE)).await?;
        Ok(Extent {
            costs: first(sqlx::query("SELECT min(seen) FROM cost_day")).await?,
            early: first(sqlx::query("SELECT min(seen) FROM early")).await?,
            faults: complete(faults, "SELECT min(day) FROM cause_day WHERE cause <> 'cold_start'").await?,
            pings: first(sqlx::query("SELECT min(at) FROM observation WHERE kind = 'ping'")).await?,
            minutes: complete(minutes, "SELECT min(day) FROM lambda_day").await?,
            inventories: first(sqlx::query("SELECT min(seen) FROM inventory")).await?,
            points: first(sqlx::query(FIRST_POINT).bind(metrics())).await?,
            signs: first(sqlx::query("SELECT min(since) FROM sign WHERE source = ?1").bind(DAEMON)).await?,
        })
    }

    /// Drops points of metrics from before `edge`.
    pub(super) async fn prune_points(&self, edge: DateTime<Utc>) -> Result<(), StoreError> {
        self.execute(sqlx::query(PRUNE_POINTS).bind(metrics()).bind(ms(edge))).await
    }

    fn cost(&self, row: &SqliteRow) -> Result<Observation, StoreError> {
        let (source, seen) = (self.get(row, 0)?, time(self.get(row, 1)?));
        Ok(Observation { at: seen, seen, source, what: What::Cost(self.json("a day's cost", &self.get::<String>(row, 2)?)?) })
    }

    /// An early figure from its source, the time it was seen and its body.
    pub(super) fn early_figure(&self, row: &SqliteRow) -> Result<Observation, StoreError> {
        let (source, seen) = (self.get(row, 0)?, time(self.get(row, 1)?));
        Ok(Observation { at: seen, seen, source, what: What::Early(self.json("an early figure", &self.get::<String>(row, 2)?)?) })
    }

    fn sign(&self, row: &SqliteRow) -> Result<Sign, StoreError> {
        let word: String = self.get(row, 1)?;
        let kind = SignKind::ALL.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind);
        let failure: Option<String> = self.get(row, 5)?;
        Ok(Sign {
            source: self.get(row, 0)?,
            kind: kind.ok_or_else(|| self.content("a sign of life", format!("`{word}` is not known")))?,
            function: self.get(row, 2)?,
            since: time(self.get(row, 3)?),
            until: time(self.get(row, 4)?),
            failure: failure.map(|failure| self.json("a failure", &failure)).transpose()?,
        })
    }
}

/// The names of the metrics, as JSON.
fn metrics() -> String {
    json!(METRICS.iter().map(|(name, _)| name).collect::<Vec<_>>()).to_string()
}
