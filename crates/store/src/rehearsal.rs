//! Reads what was sent and what was open in a period, and prepares the store of a rehearsal.

use alerting::fingerprints::KnownError;
use alerting::incident::Incident;
use alerting::notification::Message;
use alerting::operator::{Acknowledgement, OperatorActions};
use chrono::{DateTime, Utc};
use rusqlite::params;

use crate::database::Database;
use crate::error::StoreError;
use crate::record::{Record, ms};
use crate::store::Store;

/// A message that a receiver has taken.
#[derive(Debug, Clone)]
pub struct DeliveredMessage {
    /// The receiver's name.
    pub receiver: String,
    /// When it accepted it, UTC.
    pub sent: DateTime<Utc>,
    /// The message.
    pub message: Message,
}

/// An acknowledgement of an incident.
#[derive(Debug, Clone)]
pub struct AcknowledgementRecord {
    /// The incident's rule.
    pub rule: String,
    /// Its subject, in its stable spelling.
    pub subject: String,
    /// Who, and when.
    pub ack: Acknowledgement,
}

impl Store {
    /// The messages that were sent from `from` on, before `to`, in that order.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn told_between(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
    ) -> Result<Vec<DeliveredMessage>, StoreError> {
        let query = "SELECT receiver, sent, body FROM message WHERE sent >= ?1 AND sent < ?2 ORDER BY sent, id";
        self.run(move |database| database.rows("a message", query, [ms(from), ms(to)], delivered_message)).await
    }

    /// The incidents open at an instant, in their last state, each with the messages about it until then.
    ///
    /// # Errors
    /// As [`Store::told_between`].
    pub async fn open_at(&self, at: DateTime<Utc>) -> Result<Vec<(Incident, Vec<DeliveredMessage>)>, StoreError> {
        self.run(move |database| database.open_at(at)).await
    }

    /// The acknowledgements that were given before `to`, oldest first.
    ///
    /// # Errors
    /// As [`Store::told_between`].
    pub async fn acks_before(&self, to: DateTime<Utc>) -> Result<Vec<AcknowledgementRecord>, StoreError> {
        let query = "SELECT i.rule, i.subject, a.author, a.at, a.note FROM ack a JOIN incident i ON i.id = a.incident WHERE a.at < ?1 ORDER BY a.at, i.id";
        let acked = |row: &Record<'_, '_>| {
            let ack = Acknowledgement { author: row.get(2)?, at: row.time(3)?, note: row.get(4)? };
            Ok(AcknowledgementRecord { rule: row.get(0)?, subject: row.get(1)?, ack })
        };
        self.run(move |database| database.rows("an acknowledgement", query, [ms(to)], acked)).await
    }

    /// The errors that had been seen before `at`, as far as they are still known.
    ///
    /// # Errors
    /// As [`Store::told_between`].
    pub async fn errors_seen_before(&self, at: DateTime<Utc>) -> Result<Vec<KnownError>, StoreError> {
        let errors = self.run(Database::errors).await?;
        Ok(errors.into_iter().filter(|error| error.seen < at).collect())
    }

    /// Prepares a rehearsal with silences, acknowledgements and known errors.
    ///
    /// # Errors
    /// As [`Store::told_between`].
    pub async fn begin_with(&self, orders: &OperatorActions, errors: &[KnownError]) -> Result<(), StoreError> {
        let (orders, errors) = (orders.clone(), errors.to_vec());
        self.run(move |database| {
            database.transaction(|| {
                orders.silences.iter().try_for_each(|silence| database.write_silence(silence).map(drop))?;
                orders.acks.iter().try_for_each(|(incident, ack)| database.acknowledge(incident, Some(ack)))?;
                database.write_known(&errors)
            })
        })
        .await
    }

    /// Deletes the states of the sources, so that they begin now.
    ///
    /// # Errors
    /// As [`Store::told_between`].
    pub async fn forget_sources(&self) -> Result<(), StoreError> {
        self.run(|database| database.execute("DELETE FROM source", [])).await.map(drop)
    }

    /// Repeats an acknowledgement for the incident that is open in its place, if one is.
    ///
    /// # Errors
    /// As [`Store::told_between`].
    pub async fn acknowledge_again(&self, acked: &AcknowledgementRecord) -> Result<(), StoreError> {
        let AcknowledgementRecord { rule, subject, ack } = acked.clone();
        self.run(move |database| {
            let query = "SELECT id FROM incident WHERE rule = ?1 AND subject = ?2 AND resolved IS NULL";
            let open = database.first("an incident", query, [rule, subject], |row| row.get::<String>(0))?;
            open.map_or(Ok(()), |incident| database.acknowledge(&incident, Some(&ack)))
        })
        .await
    }
}

impl Database {
    fn open_at(&self, at: DateTime<Utc>) -> Result<Vec<(Incident, Vec<DeliveredMessage>)>, StoreError> {
        let query = "SELECT body FROM incident WHERE opened < ?1 AND (resolved IS NULL OR resolved > ?1) ORDER BY id";
        let incidents: Vec<Incident> = self.rows("an incident", query, [ms(at)], |row| row.json(0))?;
        let query = "SELECT receiver, sent, body FROM message WHERE sent < ?2
            AND id IN (SELECT message FROM notification WHERE incident = ?1) ORDER BY sent, id";
        let with_told = |incident: Incident| {
            Ok((self.rows("a message", query, params![incident.id, ms(at)], delivered_message)?, incident))
        };
        incidents.into_iter().map(with_told).map(|pair| pair.map(|(messages, incident)| (incident, messages))).collect()
    }
}

fn delivered_message(row: &Record<'_, '_>) -> Result<DeliveredMessage, StoreError> {
    Ok(DeliveredMessage { receiver: row.get(0)?, sent: row.time(1)?, message: row.json(2)? })
}
