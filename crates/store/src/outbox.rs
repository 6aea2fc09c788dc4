//! What waits to be told, the messages that tell it, and what became of them.

use std::collections::BTreeMap;

use alerting::history::ReceiverState;
use alerting::incident::{Event, Incident};
use alerting::notification::Message;
use alerting::outbox::{Draft, Waiting};
use chrono::{DateTime, Utc};
use futures::TryStreamExt;
use serde_json::json;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{Store, StoreError, ms, time};

/// A message that an attempt was made at, and that may have to be sent again.
#[derive(Debug, Clone)]
pub struct Sealed {
    /// Its row.
    pub id: i64,
    /// Its key.
    pub key: String,
    /// When the first attempt was made.
    pub sealed: DateTime<Utc>,
    /// The ids of the messages it follows.
    pub follows: Vec<i64>,
    /// What it says.
    pub message: Message,
    /// It may have arrived.
    pub uncertain: bool,
    /// The receiver will not take it as it is.
    pub refused: bool,
    /// Not to be tried before this, where it was refused.
    pub not_before: DateTime<Utc>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

/// A message that was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Its row.
    pub id: i64,
    /// Its key.
    pub key: String,
    /// What the receiver answered.
    pub receipt: Option<String>,
    /// What it said.
    pub message: Message,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// It arrived; the receipt is whatever the receiver gave.
    Sent {
        /// The receiver's own id of it.
        receipt: Option<String>,
    },
    /// This attempt certainly did not arrive. Unless an earlier one may have, the message is taken apart again, and what it told waits;
    /// a report waits as it is.
    Failed {
        /// Why.
        why: String,
    },
    /// No answer came, so it may have arrived: it is sent again as it is.
    Unknown {
        /// Why.
        why: String,
    },
    /// The receiver will not take this one as it is.
    Refused {
        /// Why.
        why: String,
        /// It is tried again, but not before this.
        not_before: DateTime<Utc>,
    },
}

/// How much waits for a receiver.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Backlog {
    /// Notifications that have not been told, and reports.
    pub waiting: u64,
    /// Since when the oldest of them waits.
    pub since: Option<DateTime<Utc>>,
    /// Why the last attempt at one of them failed.
    pub last_error: Option<String>,
}

const WAITING: &str = "SELECT n.id, n.event, n.at, n.incident, i.body,
        (SELECT min(m.id) FROM notification k JOIN message m ON m.id = k.message
         WHERE k.incident = n.incident AND k.receiver = n.receiver AND m.sent IS NOT NULL)
    FROM notification n JOIN incident i ON i.id = n.incident
    WHERE n.receiver = ?1 AND n.done IS NULL AND n.message IS NULL ORDER BY n.incident, n.id";
const SEALED: &str = "SELECT id, key, sealed, follows, body, uncertain, refused, not_before, last_error, attempting FROM message
    WHERE receiver = ?1 AND sent IS NULL AND (?2 OR NOT refused) ORDER BY refused, id LIMIT 1";
const BACKLOG: &str = "SELECT receiver, count(*), min(at), max(last_error) FROM (
        SELECT receiver, at, last_error FROM notification WHERE done IS NULL
        UNION ALL SELECT receiver, sealed, last_error FROM message WHERE sent IS NULL AND body ->> '$.page' IS NOT NULL)
    GROUP BY receiver";

impl Store {
    /// Hands over what waits for a receiver and is not yet part of a message, incident by incident, the oldest first, for as long as
    /// `take` wants more of it.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn waiting(&self, receiver: &str, mut take: impl FnMut(Waiting) -> bool) -> Result<(), StoreError> {
        let mut rows = sqlx::query(WAITING).bind(receiver).fetch(&self.pool);
        let mut one: Option<Waiting> = None;
        while let Some(row) = rows.try_next().await.map_err(|error| self.database(error))? {
            let (id, at, incident) = (self.get::<i64>(&row, 0)?, time(self.get(&row, 2)?), self.get::<String>(&row, 3)?);
            let event = self.event(&self.get::<String>(&row, 1)?)?;
            if let Some(known) = one.as_mut().filter(|known| known.incident.id == incident) {
                known.rows.push(id);
                known.events.push((event, at));
                continue;
            }
            let incident: Incident = self.json("an incident", &self.get::<String>(&row, 4)?)?;
            let next = Waiting { rows: vec![id], events: vec![(event, at)], incident, root: self.get(&row, 5)? };
            if one.replace(next).is_some_and(|whole| !take(whole)) {
                return Ok(());
            }
        }
        one.map(take);
        Ok(())
    }

    pub(super) fn event(&self, word: &str) -> Result<Event, StoreError> {
        Event::ALL.iter().find(|event| event.word() == word).copied().ok_or_else(|| self.content("an event", format!("`{word}` is not known")))
    }

    /// The oldest message to a receiver that was begun and has not arrived; of refused ones only if `refused`, and after all others.
    /// What a process that died has left behind counts as uncertain.
    ///
    /// # Errors
    /// As [`Store::waiting`].
    pub async fn unsent(&self, receiver: &str, refused: bool) -> Result<Option<Sealed>, StoreError> {
        let rows = self.rows(sqlx::query(SEALED).bind(receiver).bind(refused)).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        Ok(Some(Sealed {
            id: self.get(row, 0)?,
            key: self.get(row, 1)?,
            sealed: time(self.get(row, 2)?),
            follows: self.json("what a message follows", &self.get::<String>(row, 3)?)?,
            message: self.json("a message", &self.get::<String>(row, 4)?)?,
            uncertain: self.get::<bool>(row, 5)? || self.get::<bool>(row, 9)?,
            refused: self.get(row, 6)?,
            not_before: time(self.get(row, 7)?),
            last_error: self.get(row, 8)?,
        }))
    }

    /// Makes a message of a draft and writes down that an attempt at it begins, before it does: if the process dies in it, the next
    /// one knows that it may repeat.
    ///
    /// # Errors
    /// If the database refuses; then the attempt must not be made.
    pub async fn seal(&self, receiver: &str, draft: &Draft, now: DateTime<Utc>) -> Result<Sealed, StoreError> {
        let mut transaction = self.pool.begin().await.map_err(|error| self.database(error))?;
        let rows = json!(draft.rows).to_string();
        let sealing = async {
            let first: String =
                sqlx::query("SELECT key FROM notification WHERE id = ?1").bind(draft.rows.first()).fetch_one(&mut *transaction).await?.try_get(0)?;
            let key = format!("{first}/{}x{}", now.timestamp_millis(), draft.rows.len());
            let insert = "INSERT INTO message (key, receiver, sealed, follows, body, attempts, attempting) VALUES (?1, ?2, ?3, ?4, ?5, 1, 1)";
            let made =
                sqlx::query(insert).bind(&key).bind(receiver).bind(ms(now)).bind(json!(draft.follows).to_string()).bind(json!(draft.message).to_string());
            let id = made.execute(&mut *transaction).await?.last_insert_rowid();
            let told = "UPDATE notification SET message = ?1, attempts = attempts + 1 WHERE id IN (SELECT value FROM json_each(?2))";
            sqlx::query(told).bind(id).bind(rows).execute(&mut *transaction).await?;
            Ok::<_, sqlx::Error>((id, key))
        };
        let (id, key) = sealing.await.map_err(|error| self.database(error))?;
        transaction.commit().await.map_err(|error| self.database(error))?;
        let (follows, message) = (draft.follows.clone(), draft.message.clone());
        Ok(Sealed { id, key, sealed: now, follows, message, uncertain: false, refused: false, not_before: now, last_error: None })
    }

    /// Writes down that another attempt at a message begins.
    ///
    /// # Errors
    /// As [`Store::seal`].
    pub async fn attempt_begins(&self, sealed: &Sealed) -> Result<(), StoreError> {
        let begins = "UPDATE message SET attempting = 1, attempts = attempts + 1, uncertain = ?2 WHERE id = ?1";
        self.execute(sqlx::query(begins).bind(sealed.id).bind(sealed.uncertain)).await?;
        self.execute(sqlx::query("UPDATE notification SET attempts = attempts + 1 WHERE message = ?1").bind(sealed.id)).await
    }

    /// Writes down how it ended, and how the receiver is, in one transaction.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn attempt_ended(&self, id: i64, attempt: &Attempt, receiver: &str, state: &ReceiverState, now: DateTime<Utc>) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await.map_err(|error| self.database(error))?;
        let ending = async {
            match attempt {
                Attempt::Sent { receipt } => {
                    let sent = "UPDATE message SET attempting = 0, sent = ?2, receipt = ?3, refused = 0, last_error = NULL WHERE id = ?1";
                    sqlx::query(sent).bind(id).bind(ms(now)).bind(receipt).execute(&mut *transaction).await?;
                    sqlx::query("UPDATE notification SET done = ?2 WHERE message = ?1").bind(id).bind(ms(now)).execute(&mut *transaction).await?;
                }
                Attempt::Failed { why } => {
                    let failed = "UPDATE message SET attempting = 0, last_error = ?2 WHERE id = ?1";
                    sqlx::query(failed).bind(id).bind(why).execute(&mut *transaction).await?;
                    let waits = "UPDATE notification SET last_error = ?2, message = CASE WHEN (SELECT uncertain FROM message WHERE id = ?1) THEN message END
                        WHERE message = ?1";
                    sqlx::query(waits).bind(id).bind(why).execute(&mut *transaction).await?;
                    let apart = "DELETE FROM message WHERE id = ?1 AND NOT uncertain AND body ->> '$.page' IS NULL";
                    sqlx::query(apart).bind(id).execute(&mut *transaction).await?;
                }
                Attempt::Unknown { why } => {
                    let unknown = "UPDATE message SET attempting = 0, uncertain = 1, last_error = ?2 WHERE id = ?1";
                    sqlx::query(unknown).bind(id).bind(why).execute(&mut *transaction).await?;
                    sqlx::query("UPDATE notification SET last_error = ?2 WHERE message = ?1").bind(id).bind(why).execute(&mut *transaction).await?;
                }
                Attempt::Refused { why, not_before } => {
                    let refused = "UPDATE message SET attempting = 0, refused = 1, not_before = ?3, last_error = ?2 WHERE id = ?1";
                    sqlx::query(refused).bind(id).bind(why).bind(ms(*not_before)).execute(&mut *transaction).await?;
                    sqlx::query("UPDATE notification SET last_error = ?2 WHERE message = ?1").bind(id).bind(why).execute(&mut *transaction).await?;
                }
            }
            let known = "INSERT INTO receiver (name, state) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET state = excluded.state";
            sqlx::query(known).bind(receiver).bind(json!(state).to_string()).execute(&mut *transaction).await?;
            Ok::<_, sqlx::Error>(())
        };
        ending.await.map_err(|error| self.database(error))?;
        transaction.commit().await.map_err(|error| self.database(error))
    }

    /// Writes down that notifications need not be told, and why.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn drop_notifications(&self, dropped: &[(Vec<i64>, String)], now: DateTime<Utc>) -> Result<(), StoreError> {
        let rows: Vec<(i64, &str)> = dropped.iter().flat_map(|(rows, why)| rows.iter().map(|row| (*row, why.as_str()))).collect();
        let drop = "UPDATE notification SET done = ?2, dropped = value ->> 1 FROM json_each(?1) WHERE notification.id = value ->> 0";
        self.execute(sqlx::query(drop).bind(json!(rows).to_string()).bind(ms(now))).await
    }

    /// Messages by their ids, as they were sent; those that were pruned are missing.
    ///
    /// # Errors
    /// As [`Store::waiting`].
    pub async fn sent(&self, ids: &[i64]) -> Result<Vec<Sent>, StoreError> {
        let query = "SELECT id, key, receipt, body FROM message WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY id";
        let rows = self.rows(sqlx::query(query).bind(json!(ids).to_string())).await?;
        let read = |row: &SqliteRow| {
            Ok(Sent {
                id: self.get(row, 0)?,
                key: self.get(row, 1)?,
                receipt: self.get(row, 2)?,
                message: self.json("a message", &self.get::<String>(row, 3)?)?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Incidents by their ids, as they are now.
    ///
    /// # Errors
    /// As [`Store::waiting`].
    pub async fn incidents_by_id(&self, ids: &[String]) -> Result<BTreeMap<String, Incident>, StoreError> {
        let query = "SELECT id, body FROM incident WHERE id IN (SELECT value FROM json_each(?1))";
        let rows = self.rows(sqlx::query(query).bind(json!(ids).to_string())).await?;
        rows.iter().map(|row| Ok((self.get(row, 0)?, self.json("an incident", &self.get::<String>(row, 1)?)?))).collect()
    }

    /// How much waits for each receiver for which something does, also for one that is no longer in the configuration.
    ///
    /// # Errors
    /// As [`Store::waiting`].
    pub async fn backlog(&self) -> Result<BTreeMap<String, Backlog>, StoreError> {
        let mut all = BTreeMap::new();
        for row in self.rows(sqlx::query(BACKLOG)).await? {
            let waiting = u64::try_from(self.get::<i64>(&row, 1)?).unwrap_or(0);
            let backlog = Backlog { waiting, since: self.get::<Option<i64>>(&row, 2)?.map(time), last_error: self.get(&row, 3)? };
            all.insert(self.get(&row, 0)?, backlog);
        }
        Ok(all)
    }

    /// What is known of each receiver.
    ///
    /// # Errors
    /// As [`Store::waiting`].
    pub async fn receivers(&self) -> Result<BTreeMap<String, ReceiverState>, StoreError> {
        let rows = self.rows(sqlx::query("SELECT name, state FROM receiver")).await?;
        rows.iter().map(|row| Ok((self.get(row, 0)?, self.json("a receiver", &self.get::<String>(row, 1)?)?))).collect()
    }
}
