//! Reads incidents and their notifications for the commands that list them.

use std::collections::BTreeMap;

use alerting::incident::Incident;
use alerting::operator::{Acknowledgement, Silence};
use alerting::record::{IncidentRecord as Of, MessageRow, NotificationRow};
use chrono::{DateTime, Utc};
use rusqlite::ToSql;

use crate::database::Database;
use crate::error::StoreError;
use crate::record::{Json, Record, ms};
use crate::store::Store;

const TOLD: &str =
    "SELECT n.incident, n.receiver, n.event, n.at, n.done, n.dropped, n.attempts, n.last_error, m.id, m.receipt,
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
    /// The incidents that were open at some time since an instant, oldest first; what is not over is among them,
    /// whenever it began.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn incidents_since(&self, since: DateTime<Utc>) -> Result<Vec<Incident>, StoreError> {
        let query = "SELECT body FROM incident WHERE resolved IS NULL OR resolved >= ?1 ORDER BY opened, id";
        self.incidents(query, ms(since)).await
    }

    /// The incidents whose ids begin so, oldest first.
    ///
    /// # Errors
    /// As [`Store::incidents_since`].
    pub async fn incidents_called(&self, start_of_id: &str) -> Result<Vec<Incident>, StoreError> {
        let query = "SELECT body FROM incident WHERE substr(id, 1, length(?1)) = ?1 ORDER BY opened, id";
        self.incidents(query, start_of_id.to_owned()).await
    }

    async fn incidents(
        &self,
        query: &'static str,
        param: impl ToSql + Send + 'static,
    ) -> Result<Vec<Incident>, StoreError> {
        self.run(move |database| database.rows("an incident", query, [param], |row| row.json(0))).await
    }

    /// Loads the acknowledgement and notifications of each incident.
    ///
    /// # Errors
    /// As [`Store::incidents_since`].
    pub async fn records(&self, incidents: Vec<Incident>) -> Result<Vec<Of>, StoreError> {
        self.run(|database| database.records(incidents)).await
    }

    /// Notifications dropped since an instant, and waiting ones, oldest first.
    ///
    /// # Errors
    /// As [`Store::incidents_since`].
    pub async fn untold(&self, since: DateTime<Utc>) -> Result<Vec<NotificationRow>, StoreError> {
        let query = format!("{TOLD} WHERE n.done IS NULL OR (n.dropped IS NOT NULL AND n.done >= ?1) ORDER BY n.id");
        self.run(move |database| database.rows("a notification", &query, [ms(since)], notification)).await
    }

    /// The messages that were sent since an instant, and those that have not arrived yet, oldest first.
    ///
    /// # Errors
    /// As [`Store::incidents_since`].
    pub async fn messages(&self, since: DateTime<Utc>) -> Result<Vec<MessageRow>, StoreError> {
        self.run(move |database| database.rows("a message", MESSAGES, [ms(since)], message)).await
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
        self.run(|database| database.rows("a subject", SUBJECTS, [], |row| row.get(0))).await
    }
}

impl Database {
    fn records(&self, incidents: Vec<Incident>) -> Result<Vec<Of>, StoreError> {
        let ids: Vec<&str> = incidents.iter().map(|incident| incident.id.as_str()).collect();
        let acks = "SELECT incident, author, at, note FROM ack WHERE incident IN (SELECT value FROM json_each(?1))";
        let acks = self.rows("an acknowledgement", acks, [Json(&ids)], |row| {
            Ok((row.get::<String>(0)?, Acknowledgement { author: row.get(1)?, at: row.time(2)?, note: row.get(3)? }))
        })?;
        let mut acks: BTreeMap<String, Acknowledgement> = acks.into_iter().collect();
        let query = format!("{TOLD} WHERE n.incident IN (SELECT value FROM json_each(?1)) ORDER BY n.id");
        let mut told: BTreeMap<String, Vec<NotificationRow>> = BTreeMap::new();
        for one in self.rows("a notification", &query, [Json(&ids)], notification)? {
            told.entry(one.incident.clone()).or_default().push(one);
        }
        // An incident of which nothing was told has no rows.
        let record = |incident: Incident| Of {
            ack: acks.remove(&incident.id),
            told: told.remove(&incident.id).unwrap_or_default(),
            incident,
        };
        Ok(incidents.into_iter().map(record).collect())
    }
}

fn notification(row: &Record<'_, '_>) -> Result<NotificationRow, StoreError> {
    Ok(NotificationRow {
        incident: row.get(0)?,
        receiver: row.get(1)?,
        event: row.event(2)?,
        at: row.time(3)?,
        done: row.optional_time(4)?,
        dropped: row.get(5)?,
        attempts: row.get(6)?,
        last_error: row.get(7)?,
        message: row.get(8)?,
        receipt: row.get(9)?,
        possible_repeat: row.get(10)?,
        refused: row.get(11)?,
    })
}

fn message(row: &Record<'_, '_>) -> Result<MessageRow, StoreError> {
    Ok(MessageRow {
        id: row.get(0)?,
        receiver: row.get(1)?,
        sealed: row.time(2)?,
        sent: row.optional_time(3)?,
        attempts: row.get(4)?,
        under_way: row.get(5)?,
        possible_repeat: row.get(6)?,
        refused: row.get(7)?,
        receipt: row.get(8)?,
        last_error: row.get(9)?,
        message: row.json(10)?,
    })
}
