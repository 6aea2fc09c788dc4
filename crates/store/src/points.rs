//! The points of metrics as they were last seen.

use alerting::observation::{METRICS, MetricPoint, Observation, ObservationBody};
use chrono::{DateTime, Utc};
use rusqlite::params;

use crate::database::Database;
use crate::error::StoreError;
use crate::functions::{LATE_MS, functions_of};
use crate::record::{Json, ms};

/// A point is asked for again and again while it may still grow; the last figure stays, with the time at which it came.
const WRITE: &str = "INSERT INTO metric_point (function, metric, at, seen, body) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT DO UPDATE SET seen = excluded.seen, body = excluded.body WHERE body IS NOT excluded.body";
/// Metrics are asked for an hour back, so a point is never seen much later than that.
const BETWEEN: &str = concat!(
    functions_of!("metric_point"),
    "SELECT function, metric, at, seen, body
     FROM known CROSS JOIN json_each(?4) CROSS JOIN metric_point ON function = name AND metric = value AND at >= ?1 - ?3 * 2 AND at < ?2 + ?3
     WHERE seen >= ?1 AND seen < ?2"
);
const PRUNE: &str = concat!(
    functions_of!("metric_point"),
    "DELETE FROM metric_point WHERE function IN (SELECT name FROM known) AND metric IN (SELECT value FROM json_each(?1)) AND at < ?2"
);
const FIRST: &str = concat!(
    functions_of!("metric_point"),
    "SELECT min((SELECT min(seen) FROM (SELECT seen FROM metric_point WHERE function = name AND metric = value ORDER BY at LIMIT 1)))
     FROM known CROSS JOIN json_each(?1)"
);
const ONE: &str = "a point of a metric";

impl Database {
    /// The points that were last seen from `from` on, before `to`.
    pub(crate) fn points_between(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<Observation>, StoreError> {
        self.rows(ONE, BETWEEN, params![ms(from), ms(to), LATE_MS, Json(&metrics())], |row| {
            let (period, sum, maximum, average) = row.json(4)?;
            let point = MetricPoint { function: row.get(0)?, metric: row.get(1)?, period, sum, maximum, average };
            Ok(Observation {
                at: row.time(2)?,
                seen: row.time(3)?,
                source: String::new(),
                what: ObservationBody::Metric(point),
            })
        })
    }

    /// When the first point was seen.
    pub(crate) fn first_point(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.one(ONE, FIRST, [Json(&metrics())], |row| row.optional_time(0))
    }

    pub(crate) fn write_point(
        &self,
        at: DateTime<Utc>,
        seen: DateTime<Utc>,
        point: &MetricPoint,
    ) -> Result<(), StoreError> {
        let body = (point.period, point.sum, point.maximum, point.average);
        self.execute(WRITE, params![point.function, point.metric, ms(at), ms(seen), Json(&body)]).map(drop)
    }

    /// Drops points from before `edge`.
    pub(crate) fn prune_points(&self, edge: DateTime<Utc>) -> Result<(), StoreError> {
        self.execute(PRUNE, params![Json(&metrics()), ms(edge)]).map(drop)
    }
}

/// The names of the metrics.
fn metrics() -> Vec<&'static str> {
    METRICS.iter().map(|(name, _)| *name).collect()
}
