//! What waits to be told, and what became of it.

use chrono::{DateTime, Utc};

use super::{Store, StoreError, ms, time};
use crate::core::notification::Notification;

/// A notification that waits.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Its row.
    pub id: i64,
    /// What is to be told.
    pub notification: Notification,
    /// Attempts that have been made.
    pub attempts: u32,
    /// Not to be tried before this.
    pub not_before: DateTime<Utc>,
    /// The receiver itself asked for that wait.
    pub told_to_wait: bool,
    /// The receiver will not take it as it is.
    pub refused: bool,
    /// An attempt has no known end; it may have arrived.
    pub possible_repeat: bool,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// It arrived; the receipt is whatever the receiver gave.
    Sent {
        /// The receiver's own id of it.
        receipt: Option<String>,
    },
    /// It did not, and is tried again.
    Failed {
        /// Why.
        why: String,
        /// Not before this.
        not_before: DateTime<Utc>,
        /// What the receiver meant by it.
        meant: Meant,
    },
}

/// What is known of a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meant {
    /// It did not arrive.
    Nothing,
    /// No answer came, so it may have arrived.
    Unknown,
    /// The receiver asked for the wait.
    Wait,
    /// The receiver will not take it as it is.
    Refusal,
}

const COLUMNS: &str =
    "SELECT id, body, attempts, not_before, told_to_wait, attempting, last_error, refused FROM outbox WHERE sent IS NULL ORDER BY receiver, id";

impl Store {
    /// Everything that waits, by receiver and age.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn waiting(&self) -> Result<Vec<Waiting>, StoreError> {
        let mut all = Vec::new();
        for row in self.rows(sqlx::query(COLUMNS)).await? {
            all.push(Waiting {
                id: self.get(&row, 0)?,
                notification: self.json("a notification", &self.get::<String>(&row, 1)?)?,
                attempts: self.get(&row, 2)?,
                not_before: time(self.get(&row, 3)?),
                told_to_wait: self.get(&row, 4)?,
                possible_repeat: self.get(&row, 5)?,
                last_error: self.get(&row, 6)?,
                refused: self.get(&row, 7)?,
            });
        }
        Ok(all)
    }

    /// Writes down that an attempt begins, before it does: if the process dies in it, the next one knows that it may repeat.
    ///
    /// # Errors
    /// If the database refuses; then the attempt must not be made.
    pub async fn attempt_begins(&self, id: i64) -> Result<(), StoreError> {
        let statement = sqlx::query("UPDATE outbox SET attempting = 1, attempts = attempts + 1 WHERE id = ?1").bind(id);
        statement.execute(&self.pool).await.map(|_| ()).map_err(|error| self.database(error))
    }

    /// Writes down how it ended.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn attempt_ended(&self, id: i64, attempt: &Attempt, now: DateTime<Utc>) -> Result<(), StoreError> {
        let statement = match attempt {
            Attempt::Sent { receipt } => {
                sqlx::query("UPDATE outbox SET attempting = 0, sent = ?2, receipt = ?3, last_error = NULL WHERE id = ?1").bind(id).bind(ms(now)).bind(receipt)
            }
            Attempt::Failed { why, not_before, meant } => {
                sqlx::query("UPDATE outbox SET attempting = ?2, not_before = ?3, told_to_wait = ?4, refused = ?5, last_error = ?6 WHERE id = ?1")
                    .bind(id)
                    .bind(*meant == Meant::Unknown)
                    .bind(ms(*not_before))
                    .bind(*meant == Meant::Wait)
                    .bind(*meant == Meant::Refusal)
                    .bind(why)
            }
        };
        statement.execute(&self.pool).await.map(|_| ()).map_err(|error| self.database(error))
    }
}
