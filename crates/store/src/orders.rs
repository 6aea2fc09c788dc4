//! Silences and acknowledgements: the only rows that commands write, in tables that the daemon only reads.

use std::collections::BTreeMap;

use alerting::operator::{Acknowledgement, OperatorActions, Silence};
use chrono::{DateTime, TimeDelta, Utc};
use rusqlite::params;

use crate::database::Database;
use crate::error::StoreError;
use crate::record::ms;
use crate::store::Store;

/// Silences are looked back on for so long.
const LOOK_BACK: TimeDelta = TimeDelta::days(7);

impl Store {
    /// All current silences and acknowledgements.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn orders(&self, now: DateTime<Utc>) -> Result<OperatorActions, StoreError> {
        self.run(move |database| database.orders(now)).await
    }

    /// The silences that are in force or still to come, by number.
    ///
    /// # Errors
    /// As [`Store::orders`].
    pub async fn silences(&self, now: DateTime<Utc>) -> Result<Vec<Silence>, StoreError> {
        self.run(move |database| database.silences(now)).await
    }

    /// Writes a silence down and gives its number; the one it has is not used.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn silence(&self, silence: &Silence) -> Result<i64, StoreError> {
        let silence = silence.clone();
        self.run(move |database| database.write_silence(&silence)).await
    }

    /// Ends a silence now. False if none of that number is in force or to come.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn end_silence(&self, id: i64, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let end = "UPDATE silence SET ends = ?2 WHERE id = ?1 AND ends > ?2";
        self.run(move |database| Ok(database.execute(end, [id, ms(now)])? > 0)).await
    }

    /// Writes an acknowledgement, or removes it with `None`.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn acknowledge(&self, incident: &str, ack: Option<&Acknowledgement>) -> Result<(), StoreError> {
        let (incident, ack) = (incident.to_owned(), ack.cloned());
        self.run(move |database| database.acknowledge(&incident, ack.as_ref())).await
    }

    /// Changes whenever another process has written to the store.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn data_version(&self) -> Result<i64, StoreError> {
        self.run(|database| database.one("the version of the data", "PRAGMA data_version", [], |row| row.get(0))).await
    }
}

impl Database {
    pub(crate) fn orders(&self, now: DateTime<Utc>) -> Result<OperatorActions, StoreError> {
        // Those that are over still say why what came and went in them need not be told.
        let silences = self.silences(now - LOOK_BACK)?;
        let acks = self.rows("an acknowledgement", "SELECT incident, author, at, note FROM ack", [], |row| {
            Ok((row.get(0)?, Acknowledgement { author: row.get(1)?, at: row.time(2)?, note: row.get(3)? }))
        })?;
        Ok(OperatorActions { silences, acks: acks.into_iter().collect::<BTreeMap<_, _>>() })
    }

    fn silences(&self, now: DateTime<Utc>) -> Result<Vec<Silence>, StoreError> {
        let query = "SELECT id, rule, subject, begins, ends, author, reason FROM silence WHERE ends > ?1 ORDER BY id";
        self.rows("a silence", query, [ms(now)], |row| {
            Ok(Silence {
                id: row.get(0)?,
                rule: row.parse(1)?,
                subject: row.parse(2)?,
                from: row.time(3)?,
                until: row.time(4)?,
                author: row.get(5)?,
                reason: row.get(6)?,
            })
        })
    }

    pub(crate) fn write_silence(&self, silence: &Silence) -> Result<i64, StoreError> {
        let Silence { id: _, rule, subject, from, until, author, reason } = silence;
        let insert =
            "INSERT INTO silence (rule, subject, begins, ends, author, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
        self.execute(insert, params![rule.as_str(), subject.as_str(), ms(*from), ms(*until), author, reason])?;
        Ok(self.last_id())
    }

    pub(crate) fn acknowledge(&self, incident: &str, ack: Option<&Acknowledgement>) -> Result<(), StoreError> {
        let Some(Acknowledgement { author, at, note }) = ack else {
            return self.execute("DELETE FROM ack WHERE incident = ?1", [incident]).map(drop);
        };
        let insert = "INSERT INTO ack (incident, author, at, note) VALUES (?1, ?2, ?3, ?4)
            ON CONFLICT DO UPDATE SET author = excluded.author, at = excluded.at, note = excluded.note";
        self.execute(insert, params![incident, author, ms(*at), note]).map(drop)
    }
}
