//! What became of incidents, and of what was to be told of them, for the commands that look back. They only read.

use std::collections::BTreeMap;
use std::path::Path;

use alerting::incident::Incident;
use alerting::operator::{Ack, Silence};
use alerting::record::{MessageRow, NotificationRow, Record};
use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::sqlite::SqliteRow;

use super::{Store, StoreError, ms, time};

const TOLD: &str = "SELECT n.incident, n.receiver, n.event, n.at, n.done, n.dropped, n.attempts, n.last_error, m.id, m.receipt,
        coalesce(m.uncertain, 0), coalesce(m.refused, 0)
    FROM notification n LEFT JOIN message m ON m.id = n.message";
const MESSAGES: &str = "SELECT id, receiver, sealed, sent, attempts, attempting, uncertain, refused, receipt, last_error, body FROM message
    WHERE sent IS NULL OR sent >= ?1 ORDER BY coalesce(sent, sealed), id";
/// What an incident can be about, as far as the store has seen it.
const SUBJECTS: &str = "SELECT subject FROM incident
    UNION SELECT 'function:' || function FROM lambda_day
    UNION SELECT 'function:' || (body ->> '$.function') FROM observation WHERE kind = 'ping'
    UNION SELECT 'service:' || s.key FROM cost_day, json_each(cost_day.body, '$.services') s";

impl Store {
    /// Opens the store to look at what a daemon of this version has written, beside one that may be writing.
    ///
    /// # Errors
    /// [`StoreError::Absent`] if there is none, [`StoreError::TooOld`] if no daemon has brought it to this version yet.
    pub async fn open_current(path: &Path) -> Result<Self, StoreError> {
        let store = Self::open_read_only(path).await?;
        store.is_current().await?.then_some(store).ok_or_else(|| StoreError::TooOld(path.to_path_buf()))
    }

    /// The incidents that were open at some time since an instant, oldest first; what is not over is among them, whenever it began.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn incidents_since(&self, since: DateTime<Utc>) -> Result<Vec<Incident>, StoreError> {
        let query = "SELECT body FROM incident WHERE resolved IS NULL OR resolved >= ?1 ORDER BY opened, id";
        self.incidents(sqlx::query(query).bind(ms(since))).await
    }

    /// The incidents whose ids begin so, oldest first.
    ///
    /// # Errors
    /// As [`Store::incidents_since`].
    pub async fn incidents_called(&self, start_of_id: &str) -> Result<Vec<Incident>, StoreError> {
        let query = "SELECT body FROM incident WHERE substr(id, 1, length(?1)) = ?1 ORDER BY opened, id";
        self.incidents(sqlx::query(query).bind(start_of_id)).await
    }

    async fn incidents(&self, query: sqlx::query::Query<'_, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>) -> Result<Vec<Incident>, StoreError> {
        let rows = self.rows(query).await?;
        rows.iter().map(|row| self.json("an incident", &self.get::<String>(row, 0)?)).collect()
    }

    /// Puts to each incident what was said of it.
    ///
    /// # Errors
    /// As [`Store::incidents_since`].
    pub async fn records(&self, incidents: Vec<Incident>) -> Result<Vec<Record>, StoreError> {
        let ids = json!(incidents.iter().map(|incident| &incident.id).collect::<Vec<_>>()).to_string();
        let acks = "SELECT incident, author, at, note FROM ack WHERE incident IN (SELECT value FROM json_each(?1))";
        let mut acked: BTreeMap<String, Ack> = BTreeMap::new();
        for row in self.rows(sqlx::query(acks).bind(&ids)).await? {
            acked.insert(self.get(&row, 0)?, Ack { author: self.get(&row, 1)?, at: time(self.get(&row, 2)?), note: self.get(&row, 3)? });
        }
        let query = format!("{TOLD} WHERE n.incident IN (SELECT value FROM json_each(?1)) ORDER BY n.id");
        let mut told: BTreeMap<String, Vec<NotificationRow>> = BTreeMap::new();
        for row in self.rows(sqlx::query(sqlx::AssertSqlSafe(query)).bind(&ids)).await? {
            let one = self.notification_row(&row)?;
            told.entry(one.incident.clone()).or_default().push(one);
        }
        let record = |incident: Incident| Record { ack: acked.remove(&incident.id), told: told.remove(&incident.id).unwrap_or_default(), incident };
        Ok(incidents.into_iter().map(record).collect())
    }

    /// What was not told at all since an instant, and what waits, oldest first.
    ///
    /// # Errors
    /// As [`Store::incidents_since`].
    pub async fn untold(&self, since: DateTime<Utc>) -> Result<Vec<NotificationRow>, StoreError> {
        let query = format!("{TOLD} WHERE n.done IS NULL OR (n.dropped IS NOT NULL AND n.done >= ?1) ORDER BY n.id");
        let rows = self.rows(sqlx::query(sqlx::AssertSqlSafe(query)).bind(ms(since))).await?;
        rows.iter().map(|row| self.notification_row(row)).collect()
    }

    fn notification_row(&self, row: &SqliteRow) -> Result<NotificationRow, StoreError> {
        Ok(NotificationRow {
            incident: self.get(row, 0)?,
            receiver: self.get(row, 1)?,
            event: self.event(&self.get::<String>(row, 2)?)?,
            at: time(self.get(row, 3)?),
            done: self.get::<Option<i64>>(row, 4)?.map(time),
            dropped: self.get(row, 5)?,
            attempts: self.get(row, 6)?,
            last_error: self.get(row, 7)?,
            message: self.get(row, 8)?,
            receipt: self.get(row, 9)?,
            possible_repeat: self.get(row, 10)?,
            refused: self.get(row, 11)?,
        })
    }

    /// The messages that were sent since an instant, and those that have not arrived yet, oldest first.
    ///
    /// # Errors
    /// As [`Store::incidents_since`].
    pub async fn messages(&self, since: DateTime<Utc>) -> Result<Vec<MessageRow>, StoreError> {
        let rows = self.rows(sqlx::query(MESSAGES).bind(ms(since))).await?;
        let read = |row: &SqliteRow| {
            Ok(MessageRow {
                id: self.get(row, 0)?,
                receiver: self.get(row, 1)?,
                sealed: time(self.get(row, 2)?),
                sent: self.get::<Option<i64>>(row, 3)?.map(time),
                attempts: self.get(row, 4)?,
                under_way: self.get(row, 5)?,
                possible_repeat: self.get(row, 6)?,
                refused: self.get(row, 7)?,
                receipt: self.get(row, 8)?,
                last_error: self.get(row, 9)?,
                message: self.json("a message", &self.get::<String>(row, 10)?)?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// A silence by its number, also one that has ended.
    ///
    /// # Errors
    /// As [`Store::incidents_since`].
    pub async fn silence_numbered(&self, id: i64) -> Result<Option<Silence>, StoreError> {
        // None is older than the epoch, so these are all that are kept.
        let kept = self.silences(DateTime::UNIX_EPOCH).await?;
        Ok(kept.into_iter().find(|silence| silence.id == id))
    }

    /// Every subject that an incident has had, and every function and service that was seen, in their stable spelling.
    ///
    /// # Errors
    /// As [`Store::incidents_since`].
    pub async fn subjects(&self) -> Result<Vec<String>, StoreError> {
        let rows = self.rows(sqlx::query(SUBJECTS)).await?;
        rows.iter().map(|row| self.get(row, 0)).collect()
    }
}
