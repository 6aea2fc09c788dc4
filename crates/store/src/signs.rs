//! When the daemon ran, and how its sources were: runs of signs of life.

use alerting::signs::{DAEMON, LivenessKind, LivenessRun};
use chrono::{DateTime, Utc};
use rusqlite::params;

use crate::database::Database;
use crate::error::StoreError;
use crate::record::{Json, Record, ms};
use crate::store::Store;

const WRITE: &str = "INSERT INTO sign (source, kind, function, since, until, failure) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
    ON CONFLICT DO UPDATE SET until = max(until, excluded.until)";
const BETWEEN: &str = "SELECT source, kind, function, since, until, failure FROM sign WHERE until >= ?1 AND since < ?2 ORDER BY since, source, kind, function";
const LATEST: &str =
    "SELECT source, kind, function, max(since), until, failure FROM sign GROUP BY source, kind, function";
const ONE: &str = "a sign of life";

impl Store {
    /// The runs of signs of life that reach into a period, oldest first.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn signs_between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<LivenessRun>, StoreError> {
        self.run(move |database| database.rows(ONE, BETWEEN, [ms(from), ms(to)], sign)).await
    }
}

impl Database {
    /// The latest run of each kind of signs.
    pub(crate) fn latest_signs(&self) -> Result<Vec<LivenessRun>, StoreError> {
        self.rows(ONE, LATEST, [], sign)
    }

    /// When the daemon first ran.
    pub(crate) fn first_sign(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.one(ONE, "SELECT min(since) FROM sign WHERE source = ?1", [DAEMON], |row| row.optional_time(0))
    }

    /// When the daemon last ran; `None` also in a store of a version that did not write that down.
    pub(crate) fn last_sign(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        if !self.has_column("sign", "until")? {
            return Ok(None);
        }
        self.one(ONE, "SELECT max(until) FROM sign WHERE source = ?1", [DAEMON], |row| row.optional_time(0))
    }

    pub(crate) fn write_sign(&self, sign: &LivenessRun) -> Result<(), StoreError> {
        let LivenessRun { source, kind, function, since, until, failure } = sign;
        self.execute(WRITE, params![source, kind.word(), function, ms(*since), ms(*until), failure.as_ref().map(Json)])
            .map(drop)
    }
}

fn sign(row: &Record<'_, '_>) -> Result<LivenessRun, StoreError> {
    let kind = row.word(1, |word| LivenessKind::ALL.iter().find(|(known, _)| *known == word).map(|(_, kind)| *kind))?;
    let failure = match row.get::<Option<String>>(5)? {
        None => None,
        Some(_) => Some(row.json(5)?),
    };
    Ok(LivenessRun {
        source: row.get(0)?,
        kind,
        function: row.get(2)?,
        since: row.time(3)?,
        until: row.time(4)?,
        failure,
    })
}
