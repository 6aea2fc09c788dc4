//! What was told and what was open in a period, for a rehearsal; and what a rehearsal begins with.

use alerting::fingerprints::KnownError;
use alerting::incident::Incident;
use alerting::notification::Message;
use alerting::operator::{Ack, Orders};
use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::sqlite::SqliteRow;

use super::{Store, StoreError, ms, time};

/// A message that a receiver has taken.
#[derive(Debug, Clone)]
pub struct Told {
    /// The receiver's name.
    pub receiver: String,
    /// When it took it, UTC.
    pub sent: DateTime<Utc>,
    /// What it said.
    pub message: Message,
}

/// That somebody took care of an incident.
#[derive(Debug, Clone)]
pub struct Acked {
    /// The incident's rule.
    pub rule: String,
    /// Its subject, in its stable spelling.
    pub subject: String,
    /// Who, and when.
    pub ack: Ack,
}

const KNOWN: &str = "INSERT INTO error (function, fingerprint, first, seen, last, cause, excerpt)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, '', '' FROM json_each(?1) WHERE true ON CONFLICT DO NOTHING";

impl Store {
    /// Whether the schema is this version's, as a rehearsal needs it.
    ///
    /// # Errors
    /// [`StoreError::TooOld`] if it is not.
    pub async fn must_be_current(&self) -> Result<(), StoreError> {
        if self.is_current().await? { Ok(()) } else { Err(StoreError::TooOld(self.path.clone())) }
    }

    /// The messages that were sent from `from` on, before `to`, in that order.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn told_between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<Told>, StoreError> {
        let query = "SELECT receiver, sent, body FROM message WHERE sent >= ?1 AND sent < ?2 ORDER BY sent, id";
        let rows = self.rows(sqlx::query(query).bind(ms(from)).bind(ms(to))).await?;
        rows.iter().map(|row| self.told(row)).collect()
    }

    /// The incidents that were open at an instant, as they ended or are now, each with the messages that had told of it by then.
    ///
    /// # Errors
    /// As [`Store::told_between`].
    pub async fn open_at(&self, at: DateTime<Utc>) -> Result<Vec<(Incident, Vec<Told>)>, StoreError> {
        let query = "SELECT body FROM incident WHERE opened < ?1 AND (resolved IS NULL OR resolved > ?1) ORDER BY id";
        let mut open = Vec::new();
        for row in self.rows(sqlx::query(query).bind(ms(at))).await? {
            let incident: Incident = self.json("an incident", &self.get::<String>(&row, 0)?)?;
            let query = "SELECT receiver, sent, body FROM message WHERE sent < ?2
                AND id IN (SELECT message FROM notification WHERE incident = ?1) ORDER BY sent, id";
            let rows = self.rows(sqlx::query(query).bind(incident.id.clone()).bind(ms(at))).await?;
            let told = rows.iter().map(|row| self.told(row)).collect::<Result<Vec<_>, _>>()?;
            open.push((incident, told));
        }
        Ok(open)
    }

    /// The acknowledgements that were given before `to`, oldest first.
    ///
    /// # Errors
    /// As [`Store::told_between`].
    pub async fn acks_before(&self, to: DateTime<Utc>) -> Result<Vec<Acked>, StoreError> {
        let query = "SELECT i.rule, i.subject, a.author, a.at, a.note FROM ack a JOIN incident i ON i.id = a.incident WHERE a.at < ?1 ORDER BY a.at, i.id";
        let acked = |row: &SqliteRow| {
            let ack = Ack { author: self.get(row, 2)?, at: time(self.get(row, 3)?), note: self.get(row, 4)? };
            Ok(Acked { rule: self.get(row, 0)?, subject: self.get(row, 1)?, ack })
        };
        self.rows(sqlx::query(query).bind(ms(to))).await?.iter().map(acked).collect()
    }

    /// The errors that had been seen before `at`, as far as they are still known.
    ///
    /// # Errors
    /// As [`Store::told_between`].
    pub async fn errors_seen_before(&self, at: DateTime<Utc>) -> Result<Vec<KnownError>, StoreError> {
        Ok(self.errors().await?.into_iter().filter(|error| error.seen < at).collect())
    }

    /// Begins a rehearsal with what people had said, and the errors that were known.
    ///
    /// # Errors
    /// As [`Store::told_between`].
    pub async fn begin_with(&self, orders: &Orders, errors: &[KnownError]) -> Result<(), StoreError> {
        for silence in &orders.silences {
            self.silence(silence).await?;
        }
        for (incident, ack) in &orders.acks {
            self.acknowledge(incident, Some(ack)).await?;
        }
        for some in errors.chunks(10_000) {
            let rows: Vec<_> = some.iter().map(|error| json!([error.function, error.fingerprint, ms(error.first), ms(error.seen), ms(error.last)])).collect();
            self.execute(sqlx::query(KNOWN).bind(json!(rows).to_string())).await?;
        }
        Ok(())
    }

    /// Forgets how the sources were: what is known of them begins now.
    ///
    /// # Errors
    /// As [`Store::told_between`].
    pub async fn forget_sources(&self) -> Result<(), StoreError> {
        self.execute(sqlx::query("DELETE FROM source")).await
    }

    /// Repeats an acknowledgement for the incident that is open in its place, if one is.
    ///
    /// # Errors
    /// As [`Store::told_between`].
    pub async fn acknowledge_again(&self, acked: &Acked) -> Result<(), StoreError> {
        let query = "SELECT id FROM incident WHERE rule = ?1 AND subject = ?2 AND resolved IS NULL";
        for row in self.rows(sqlx::query(query).bind(acked.rule.clone()).bind(acked.subject.clone())).await? {
            self.acknowledge(&self.get::<String>(&row, 0)?, Some(&acked.ack)).await?;
        }
        Ok(())
    }

    /// When single observations of functions, days of costs and anything else were first seen; `None` for an empty store.
    ///
    /// # Errors
    /// As [`Store::told_between`].
    pub async fn begins(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let query =
            "SELECT min(first) FROM (SELECT min(seen) AS first FROM observation UNION ALL SELECT min(seen) FROM cost_day UNION ALL SELECT min(seen) FROM early
            UNION ALL SELECT min(since) FROM sign UNION ALL SELECT min(sent) FROM message
            UNION ALL SELECT CAST(strftime('%s', min(day)) AS INTEGER) * 1000 FROM lambda_day)";
        let rows = self.rows(sqlx::query(query)).await?;
        rows.first().map_or(Ok(None), |row| self.get::<Option<i64>>(row, 0)).map(|first| first.map(time))
    }

    fn told(&self, row: &SqliteRow) -> Result<Told, StoreError> {
        Ok(Told { receiver: self.get(row, 0)?, sent: time(self.get(row, 1)?), message: self.json("a message", &self.get::<String>(row, 2)?)? })
    }
}
