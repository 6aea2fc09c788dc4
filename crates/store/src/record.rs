//! One row, read column by column. What cannot be read is an error that names what the row is and the column; nothing becomes a default.

use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;

use alerting::incident::Event;
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
    pub(crate) fn event(&self, column: usize) -> Result<Event, StoreError> {
        self.word(column, |word| Event::ALL.iter().find(|event| event.word() == word).copied())
    }

    /// That a column cannot be read.
    pub(crate) fn unreadable(&self, column: usize, why: impl Display) -> StoreError {
        let name = self.row.as_ref().column_name(column).map_or_else(|_| column.to_string(), str::to_owned);
        StoreError::Content { path: self.path.to_path_buf(), what: self.what, why: format!("column `{name}`: {why}") }
    }

    fn instant(&self, column: usize, ms: i64) -> Result<DateTime<Utc>, StoreError> {
        DateTime::from_timestamp_millis(ms).ok_or_else(|| self.unreadable(column, format!("{ms} ms since 1970 is no point in time")))
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
        let value = serde_json::to_value(self.0).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        Ok(value.to_string().into())
    }
}
