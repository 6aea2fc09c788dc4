//! The messages that tell what was decided, the attempts at them, and what became of them.

use std::collections::BTreeMap;

use alerting::history::ReceiverState;
use alerting::incident::Incident;
use alerting::notification::Message;
use alerting::outbox::MessageDraft;
use chrono::{DateTime, Utc};
use rusqlite::params;

use crate::database::Database;
use crate::error::StoreError;
use crate::record::{Json, Record, ms};
use crate::store::Store;

/// A message that an attempt was made at, and that may have to be sent again.
#[derive(Debug, Clone)]
pub struct SealedMessage {
    /// Its row.
    pub id: i64,
    /// Its key.
    pub key: String,
    /// When the first attempt was made.
    pub sealed: DateTime<Utc>,
    /// The ids of the messages it follows.
    pub follows: Vec<i64>,
    /// The message.
    pub message: Message,
    /// It may have arrived.
    pub uncertain: bool,
    /// The receiver refuses it as it is.
    pub refused: bool,
    /// Not to be tried before this, where it was refused.
    pub not_before: DateTime<Utc>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

/// A message that was sent.
#[derive(Debug, Clone)]
pub struct SentMessage {
    /// Its row.
    pub id: i64,
    /// Its key.
    pub key: String,
    /// What the receiver answered.
    pub receipt: Option<String>,
    /// The message.
    pub message: Message,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// It was delivered; the receipt is the receiver's answer.
    Sent {
        /// The receiver's own id of it.
        receipt: Option<String>,
    },
    /// This attempt certainly did not arrive. Unless an earlier one may have, the message is deleted, and its
    /// notifications wait again; a report stays a message.
    Failed {
        /// Why.
        why: String,
    },
    /// No answer came, so it may have arrived: it is sent again unchanged.
    Unknown {
        /// Why.
        why: String,
    },
    /// The receiver refuses this message as it is.
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
    /// Notifications that have not been sent, and reports.
    pub waiting: u64,
    /// Since when the oldest of them waits.
    pub since: Option<DateTime<Utc>>,
    /// Why the last attempt at one of them failed.
    pub last_error: Option<String>,
}

const SEALED: &str =
    "SELECT id, key, sealed, follows, body, uncertain, refused, not_before, last_error, attempting FROM message
    WHERE receiver = ?1 AND sent IS NULL AND (?2 OR NOT refused) ORDER BY refused, id LIMIT 1";
const BACKLOG: &str = "SELECT receiver, count(*), min(at), max(last_error) FROM (
        SELECT receiver, at, last_error FROM notification WHERE done IS NULL
        UNION ALL SELECT receiver, sealed, last_error FROM message WHERE sent IS NULL AND body ->> '$.page' IS NOT NULL)
    GROUP BY receiver";

impl Store {
    /// The oldest message to a receiver that was begun and has not arrived; of refused ones only if `refused`, and
    /// after all others. An attempt of a process that died counts as uncertain.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn unsent(&self, receiver: &str, refused: bool) -> Result<Option<SealedMessage>, StoreError> {
        let receiver = receiver.to_owned();
        self.run(move |database| database.first("a message", SEALED, params![receiver, refused], sealed)).await
    }

    /// Stores a draft as a message and records the beginning of an attempt first: if the process dies during it, the
    /// next one knows that it may repeat.
    ///
    /// # Errors
    /// If the database refuses; then the attempt must not be made.
    pub async fn seal(
        &self,
        receiver: &str,
        draft: &MessageDraft,
        now: DateTime<Utc>,
    ) -> Result<SealedMessage, StoreError> {
        let (receiver, draft) = (receiver.to_owned(), draft.clone());
        self.run(move |database| database.transaction(|| database.seal(&receiver, draft, now))).await
    }

    /// Writes down that another attempt at a message begins.
    ///
    /// # Errors
    /// As [`Store::seal`].
    pub async fn attempt_begins(&self, sealed: &SealedMessage) -> Result<(), StoreError> {
        let (id, uncertain) = (sealed.id, sealed.uncertain);
        let begins = "UPDATE message SET attempting = 1, attempts = attempts + 1, uncertain = ?2 WHERE id = ?1";
        self.run(move |database| {
            database.transaction(|| {
                database.execute(begins, params![id, uncertain])?;
                database.execute("UPDATE notification SET attempts = attempts + 1 WHERE message = ?1", [id]).map(drop)
            })
        })
        .await
    }

    /// Writes down how it ended, and how the receiver is, in one transaction.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn attempt_ended(
        &self,
        id: i64,
        attempt: &AttemptOutcome,
        receiver: &str,
        state: &ReceiverState,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let (attempt, receiver, state) = (attempt.clone(), receiver.to_owned(), state.clone());
        self.run(move |database| {
            database.transaction(|| {
                database.end_attempt(id, &attempt, now)?;
                let known = "INSERT INTO receiver (name, state) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET state = excluded.state";
                database.execute(known, params![receiver, Json(&state)]).map(drop)
            })
        })
        .await
    }

    /// Records dropped notifications with their reasons.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn drop_notifications(
        &self,
        dropped: &[(Vec<i64>, String)],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let dropped = dropped.to_vec();
        self.run(move |database| {
            database.transaction(|| {
                for (id, why) in dropped.iter().flat_map(|(rows, why)| rows.iter().map(move |row| (row, why))) {
                    database.execute(
                        "UPDATE notification SET done = ?2, dropped = ?3 WHERE id = ?1",
                        params![id, ms(now), why],
                    )?;
                }
                Ok(())
            })
        })
        .await
    }

    /// Messages by their ids, as they were sent; those that were pruned are missing.
    ///
    /// # Errors
    /// As [`Store::unsent`].
    pub async fn sent(&self, ids: &[i64]) -> Result<Vec<SentMessage>, StoreError> {
        let query =
            "SELECT id, key, receipt, body FROM message WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY id";
        let ids = ids.to_vec();
        let sent = |row: &Record<'_, '_>| {
            Ok(SentMessage { id: row.get(0)?, key: row.get(1)?, receipt: row.get(2)?, message: row.json(3)? })
        };
        self.run(move |database| database.rows("a message", query, [Json(&ids)], sent)).await
    }

    /// Incidents by their ids, as they are now.
    ///
    /// # Errors
    /// As [`Store::unsent`].
    pub async fn incidents_by_id(&self, ids: &[String]) -> Result<BTreeMap<String, Incident>, StoreError> {
        let query = "SELECT id, body FROM incident WHERE id IN (SELECT value FROM json_each(?1))";
        let ids = ids.to_vec();
        let incidents = self
            .run(move |database| {
                database.rows("an incident", query, [Json(&ids)], |row| Ok((row.get(0)?, row.json(1)?)))
            })
            .await?;
        Ok(incidents.into_iter().collect())
    }

    /// How much waits for each receiver for which something does, also for one that is no longer in the configuration.
    ///
    /// # Errors
    /// As [`Store::unsent`].
    pub async fn backlog(&self) -> Result<BTreeMap<String, Backlog>, StoreError> {
        let backlog = |row: &Record<'_, '_>| {
            Ok((row.get(0)?, Backlog { waiting: row.get(1)?, since: row.optional_time(2)?, last_error: row.get(3)? }))
        };
        let all = self.run(move |database| database.rows("what waits for a receiver", BACKLOG, [], backlog)).await?;
        Ok(all.into_iter().collect())
    }

    /// The state of each receiver.
    ///
    /// # Errors
    /// As [`Store::unsent`].
    pub async fn receivers(&self) -> Result<BTreeMap<String, ReceiverState>, StoreError> {
        self.run(Database::receivers).await
    }
}

impl Database {
    pub(crate) fn receivers(&self) -> Result<BTreeMap<String, ReceiverState>, StoreError> {
        let all =
            self.rows("a receiver", "SELECT name, state FROM receiver", [], |row| Ok((row.get(0)?, row.json(1)?)))?;
        Ok(all.into_iter().collect())
    }

    fn seal(&self, receiver: &str, draft: MessageDraft, now: DateTime<Utc>) -> Result<SealedMessage, StoreError> {
        let MessageDraft { rows, follows, message } = draft;
        let first: String =
            self.one("a notification", "SELECT key FROM notification WHERE id = ?1", [rows.first()], |row| row.get(0))?;
        let key = format!("{first}/{}x{}", now.timestamp_millis(), rows.len());
        let insert = "INSERT INTO message (key, receiver, sealed, follows, body, attempts, attempting) VALUES (?1, ?2, ?3, ?4, ?5, 1, 1)";
        self.execute(insert, params![key, receiver, ms(now), Json(&follows), Json(&message)])?;
        let id = self.last_id();
        let told = "UPDATE notification SET message = ?1, attempts = attempts + 1 WHERE id IN (SELECT value FROM json_each(?2))";
        self.execute(told, params![id, Json(&rows)])?;
        Ok(SealedMessage {
            id,
            key,
            sealed: now,
            follows,
            message,
            uncertain: false,
            refused: false,
            not_before: now,
            last_error: None,
        })
    }

    fn end_attempt(&self, id: i64, attempt: &AttemptOutcome, now: DateTime<Utc>) -> Result<(), StoreError> {
        let failed = "UPDATE notification SET last_error = ?2 WHERE message = ?1";
        match attempt {
            AttemptOutcome::Sent { receipt } => {
                let sent = "UPDATE message SET attempting = 0, sent = ?2, receipt = ?3, refused = 0, last_error = NULL WHERE id = ?1";
                self.execute(sent, params![id, ms(now), receipt])?;
                self.execute("UPDATE notification SET done = ?2 WHERE message = ?1", [id, ms(now)])?;
            }
            AttemptOutcome::Failed { why } => {
                self.execute("UPDATE message SET attempting = 0, last_error = ?2 WHERE id = ?1", params![id, why])?;
                let waits = "UPDATE notification SET last_error = ?2, message = CASE WHEN (SELECT uncertain FROM message WHERE id = ?1) THEN message END
                    WHERE message = ?1";
                self.execute(waits, params![id, why])?;
                self.execute(
                    "DELETE FROM message WHERE id = ?1 AND NOT uncertain AND body ->> '$.page' IS NULL",
                    [id],
                )?;
            }
            AttemptOutcome::Unknown { why } => {
                self.execute(
                    "UPDATE message SET attempting = 0, uncertain = 1, last_error = ?2 WHERE id = ?1",
                    params![id, why],
                )?;
                self.execute(failed, params![id, why])?;
            }
            AttemptOutcome::Refused { why, not_before } => {
                let refused =
                    "UPDATE message SET attempting = 0, refused = 1, not_before = ?3, last_error = ?2 WHERE id = ?1";
                self.execute(refused, params![id, why, ms(*not_before)])?;
                self.execute(failed, params![id, why])?;
            }
        }
        Ok(())
    }
}

fn sealed(row: &Record<'_, '_>) -> Result<SealedMessage, StoreError> {
    Ok(SealedMessage {
        id: row.get(0)?,
        key: row.get(1)?,
        sealed: row.time(2)?,
        follows: row.json(3)?,
        message: row.json(4)?,
        uncertain: row.get::<bool>(5)? || row.get::<bool>(9)?,
        refused: row.get(6)?,
        not_before: row.time(7)?,
        last_error: row.get(8)?,
    })
}
