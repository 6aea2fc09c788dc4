//! What people say to a running monitor: the only rows that a command writes, in tables that the daemon only reads.

use std::path::Path;
use std::time::Duration;

use alerting::operator::{Ack, Orders, Silence};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};

use super::{MIGRATIONS, Store, StoreError, ms, time};

/// Silences are looked back on for so long.
const LOOK_BACK: TimeDelta = TimeDelta::days(7);

impl Store {
    /// Opens the store for a command that leaves the daemon a word, beside a daemon that may be writing it.
    ///
    /// # Errors
    /// [`StoreError::Absent`] if there is none, [`StoreError::TooOld`] if the daemon has not brought it to this version yet.
    pub async fn open_for_orders(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::Absent(path.to_path_buf()));
        }
        let options = SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(10)).foreign_keys(true);
        let store = Self { pool: Self::connect(options, path).await?, path: path.to_path_buf(), lock: None, replays: false };
        store.is_current().await?.then_some(store).ok_or_else(|| StoreError::TooOld(path.to_path_buf()))
    }

    /// Whether the schema is this version's.
    pub(super) async fn is_current(&self) -> Result<bool, StoreError> {
        let newest = MIGRATIONS.last().map_or(0, |(version, ..)| *version);
        // A file that no daemon has brought to a schema yet is of an older version, too; one that cannot be read is not.
        if self.rows(sqlx::query("SELECT 1 FROM sqlite_master WHERE name = '_sqlx_migrations'")).await?.is_empty() {
            return Ok(false);
        }
        let rows = self.rows(sqlx::query("SELECT max(version) FROM _sqlx_migrations")).await?;
        let version = rows.first().map_or(Ok(None), |row| self.get::<Option<i64>>(row, 0))?;
        Ok(version.is_some_and(|version| version >= newest))
    }

    /// Everything that has been said and still counts.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn orders(&self, now: DateTime<Utc>) -> Result<Orders, StoreError> {
        // Those that are over still say why what came and went in them need not be told.
        let silences = self.silences(now - LOOK_BACK).await?;
        let acks = self.rows(sqlx::query("SELECT incident, author, at, note FROM ack")).await?;
        let ack = |row: &SqliteRow| Ok((self.get(row, 0)?, Ack { author: self.get(row, 1)?, at: time(self.get(row, 2)?), note: self.get(row, 3)? }));
        Ok(Orders { silences, acks: acks.iter().map(ack).collect::<Result<_, StoreError>>()? })
    }

    /// The silences that are in force or still to come, by number.
    ///
    /// # Errors
    /// As [`Store::orders`].
    pub async fn silences(&self, now: DateTime<Utc>) -> Result<Vec<Silence>, StoreError> {
        let query = "SELECT id, rule, subject, begins, ends, author, reason FROM silence WHERE ends > ?1 ORDER BY id";
        let rows = self.rows(sqlx::query(query).bind(ms(now))).await?;
        let silence = |row: &SqliteRow| {
            let pattern = |column| self.get::<String>(row, column)?.parse().map_err(|error| self.content("a silence", error));
            Ok(Silence {
                id: self.get(row, 0)?,
                rule: pattern(1)?,
                subject: pattern(2)?,
                from: time(self.get(row, 3)?),
                until: time(self.get(row, 4)?),
                author: self.get(row, 5)?,
                reason: self.get(row, 6)?,
            })
        };
        rows.iter().map(silence).collect()
    }

    /// Writes a silence down and gives its number; the one it has is not used.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn silence(&self, silence: &Silence) -> Result<i64, StoreError> {
        let insert = "INSERT INTO silence (rule, subject, begins, ends, author, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        let query = sqlx::query(insert).bind(silence.rule.as_str()).bind(silence.subject.as_str()).bind(ms(silence.from)).bind(ms(silence.until));
        let done = query.bind(&silence.author).bind(&silence.reason).execute(&self.pool).await.map_err(|error| self.database(error))?;
        Ok(done.last_insert_rowid())
    }

    /// Ends a silence now. False if none of that number is in force or to come.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn end_silence(&self, id: i64, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let query = sqlx::query("UPDATE silence SET ends = ?2 WHERE id = ?1 AND ends > ?2").bind(id).bind(ms(now));
        let done = query.execute(&self.pool).await.map_err(|error| self.database(error))?;
        Ok(done.rows_affected() > 0)
    }

    /// Writes down that somebody takes care of an incident, or, with `None`, that nobody does any more.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn acknowledge(&self, incident: &str, ack: Option<&Ack>) -> Result<(), StoreError> {
        let Some(ack) = ack else {
            return self.execute(sqlx::query("DELETE FROM ack WHERE incident = ?1").bind(incident)).await;
        };
        let insert = "INSERT INTO ack (incident, author, at, note) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT DO UPDATE SET author = excluded.author, at = excluded.at, note = excluded.note";
        self.execute(sqlx::query(insert).bind(incident).bind(&ack.author).bind(ms(ack.at)).bind(&ack.note)).await
    }

    /// Changes whenever another process has written to the store.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn data_version(&self) -> Result<i64, StoreError> {
        let rows = self.rows(sqlx::query("PRAGMA data_version")).await?;
        rows.first().map_or(Ok(0), |row| self.get(row, 0))
    }
}
