//! One row, read column by column. What cannot be read is an error that names what the row is and the column; nothing
//! becomes a default.

use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;

use alerting::incident::IncidentEvent;
use chrono::{DateTime, Utc};
use rusqlite::Row;
use rusqlite::types::{FromSql, ToSql, ToSqlOutput};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::StoreError;

/// A row, what it is, and the store it is from.
pub(crate) struct Record<'r, 's> {
    pub(crate) row: &'r Row<'s>,
    pub(crate) what: &'static str,
    pub(crate) path: &'r Path,
}

impl Record<'_, '_> {
    /// A column as it is.
    pub(crate) fn get<T: FromSql>(&self, column: usize) -> Result<T, StoreError> {
        self.row.get(column).map_err(|error| self.unreadable(column, error))
    }

    /// A point in time.
    pub(crate) fn time(&self, column: usize) -> Result<DateTime<Utc>, StoreError> {
        self.instant(column, self.get(column)?)
    }

    /// A point in time, or none.
    pub(crate) fn optional_time(&self, column: usize) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.get::<Option<i64>>(column)?.map(|ms| self.instant(column, ms)).transpose()
    }

    /// JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self, column: usize) -> Result<T, StoreError> {
        serde_json::from_str(&self.get::<String>(column)?).map_err(|error| self.unreadable(column, error))
    }

    /// Text that stands for something else.
    pub(crate) fn parse<T: FromStr<Err: Display>>(&self, column: usize) -> Result<T, StoreError> {
        let text: String = self.get(column)?;
        text.parse().map_err(|error| self.unreadable(column, format!("`{text}`: {error}")))
    }

    /// A word of a fixed list.
    pub(crate) fn word<T>(&self, column: usize, known: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreError> {
        let word: String = self.get(column)?;
        known(&word).ok_or_else(|| self.unreadable(column, format!("`{word}` is not known")))
    }

    /// The word of an event.
    pub(crate) fn event(&self, column: usize) -> Result<IncidentEvent, StoreError> {
        self.word(column, |word| IncidentEvent::ALL.iter().find(|event| event.word() == word).copied())
    }

    /// That a column cannot be read.
    pub(crate) fn unreadable(&self, column: usize, why: impl Display) -> StoreError {
        let name = self.row.as_ref().column_name(column).map_or_else(|_| column.to_string(), str::to_owned);
        StoreError::Content { path: self.path.to_path_buf(), what: self.what, why: format!("column `{name}`: {why}") }
    }

    fn instant(&self, column: usize, ms: i64) -> Result<DateTime<Utc>, StoreError> {
        DateTime::from_timestamp_millis(ms)
            .ok_or_else(|| self.unreadable(column, format!("{ms} ms since 1970 is not a point in time")))
    }
}

/// A point in time as the store keeps it: milliseconds since 1970 UTC.
pub(crate) fn ms(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

/// A value that a column keeps as JSON, its keys in alphabetical order: what is the same is the same text.
pub(crate) struct Json<'v, T>(pub(crate) &'v T);

impl<T: Serialize> ToSql for Json<'_, T> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value =
            serde_json::to_value(self.0).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        Ok(value.to_string().into())
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use tempfile::TempDir;

    use super::*;
    use crate::database::Durability;
    use crate::store::Store;

    #[tokio::test]
    async fn a_row_that_cannot_be_read_is_an_error_that_names_its_column_and_nothing_becomes_a_default() {
        let now: DateTime<Utc> = "2024-12-20T12:00:00Z".parse().unwrap();
        let minute =
            |counts: &str| format!("INSERT INTO lambda_minute VALUES ('f', 1734692400000, 1734692400000, {counts})");
        for (row, why) in [
            ("INSERT INTO source VALUES ('x', NULL, '{')".to_owned(), "a source that cannot be read: column `state`: EOF"),
            (
                "INSERT INTO source VALUES ('x', 9223372036854775807, '{}')".to_owned(),
                "a source that cannot be read: column `polled`: 9223372036854775807 ms since 1970 is not a point in time",
            ),
            (
                minute("-3, 1, 1, 0, 0, 90, 80, 0, '{}', NULL, NULL, 0, 0"),
                "the counts of a minute that cannot be read: column `invocations`: Integer -3 out of range",
            ),
            (minute("3, 1, 1, 0, 0, 90, 80, 0, '{\"x\":1}', NULL, NULL, 0, 0"), "the counts of a minute that cannot be read: column `durations`: "),
            (minute("3, 1, 1, 0, 0, 90, 80, 0, '{}', 90, NULL, 0, 0"), "the counts of a minute that cannot be read: column `memory_size`: "),
            (minute("3, 1, 1, 0, 0, 90, 80, 0, '{}', 90, -128, 0, 0"), "the counts of a minute that cannot be read: column `memory_size`: Integer -128 out of range"),
            (
                "INSERT INTO observation (kind, at, seen, source, body) VALUES ('riddle', 1734692400000, 1734692400000, 'x', '{}')".to_owned(),
                "a single observation that cannot be read: column `kind`: `riddle` is not known",
            ),
            ("INSERT INTO sign VALUES ('x', 'riddle', '', 1, 2, NULL)".to_owned(), "a sign of life that cannot be read: column `kind`: `riddle` is not known"),
            ("INSERT INTO spend VALUES ('2024-12-20', 'x', 'free', 1)".to_owned(), "the monitor's own calls that cannot be read: column `price`: `free`: "),
            (
                "INSERT INTO spend VALUES ('2024-12-20', 'x', '1000000000000000000', 1)".to_owned(),
                "the monitor's own calls that cannot be read: column `price`: `1000000000000000000` is too large for an amount",
            ),
            (
                "INSERT INTO spend VALUES ('2024-12-20', 'x', '1000000000', 1000000000)".to_owned(),
                "column `sum(count)`: 1000000000 calls at 1000000000 USD are too many to be added",
            ),
            (
                r#"INSERT INTO cost_day VALUES ('x', '2024-12-19', 1734692400000, '{"day":"2024-12-19","estimated":false,"settled":true,"services":{"S3":{"amount":"-1000000000000000000","currency":"USD"}}}')"#.to_owned(),
                "a day's cost that cannot be read: column `body`: `-1000000000000000000` is too large for an amount",
            ),
            (
                r#"INSERT INTO early (source, origin, day, seen, body) VALUES ('x', 'usage', '2024-12-19', 1734692400000, '{"origin":"usage","day":"2024-12-19","as_of":"2024-12-20T00:00:00Z","services":{"S3":{"month_to_date":"1","today":"1000000000000000000"}},"total":null}')"#.to_owned(),
                "an early figure that cannot be read: column `body`: `1000000000000000000` is too large for an amount",
            ),
            ("INSERT INTO spend VALUES ('2024-12-20', 'x', '1', -1)".to_owned(), "the monitor's own calls that cannot be read: column `sum(count)`: "),
        ] {
            let folder = TempDir::new().unwrap();
            let store = Store::open(&folder.path().join("monitor.db"), Durability::None).await.unwrap();
            store.load(now, TimeDelta::hours(26)).await.unwrap();
            let written = row.clone();
            store.run(move |database| database.batch(&written)).await.unwrap();
            let refused = store.load(now, TimeDelta::hours(26)).await.map(drop).unwrap_err();
            assert!(matches!(refused, StoreError::Content { .. }) && refused.to_string().contains(why), "{row}: {refused}");
        }
    }
}
