//! What functions did, counted: by minute for the rules and by day for the report. Two counts are added by
//! [`InvocationCounts::add`] alone.

use std::collections::BTreeMap;

use alerting::observation::{Observation, ObservationBody};
use chrono::{DateTime, Utc};
use lambda_log::diagnosis::Cause;
use lambda_log::tally::{InvocationCounts, MemoryUse};
use model::calendar::Month;
use rusqlite::{ToSql, params};

use crate::database::Database;
use crate::error::StoreError;
use crate::functions::{LATE_MS, functions_of};
use crate::record::{Json, Record, ms};

/// The columns of a count, as [`tally`] reads them.
macro_rules! counts {
    () => {
        "invocations, cold, cold_waited, timeouts, errors, billed_ms, duration_ms, unparsed, durations, memory_used, memory_size, init_ms, init_of_ms"
    };
}
const MINUTE: &str = concat!("SELECT ", counts!(), ", seen FROM lambda_minute WHERE function = ?1 AND minute = ?2");
const WRITE_MINUTE: &str = concat!(
    "INSERT OR REPLACE INTO lambda_minute (function, minute, ",
    counts!(),
    ", seen) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)"
);
const DAY: &str = concat!("SELECT ", counts!(), " FROM lambda_day WHERE function = ?1 AND day = ?2");
const WRITE_DAY: &str = concat!(
    "INSERT OR REPLACE INTO lambda_day (function, day, ",
    counts!(),
    ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
);
const WRITE_CAUSE: &str = "INSERT INTO cause_day (function, day, cause, count) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT DO UPDATE SET count = count + excluded.count";
const DAYS: &str =
    concat!("SELECT ", counts!(), ", function FROM lambda_day WHERE day >= ?1 AND day < ?2 ORDER BY function, day");
/// Of a store of version 1.
const DAYS_1: &str = "SELECT invocations, cold, cold_waited, timeouts, errors, billed_ms, duration_ms, unparsed, '{}', NULL, NULL, 0, 0, function
    FROM lambda_day WHERE day >= ?1 AND day < ?2 ORDER BY function, day";
/// Of a store that does not know start-up.
const DAYS_7: &str = "SELECT invocations, cold, cold_waited, timeouts, errors, billed_ms, duration_ms, unparsed, durations, memory_used, memory_size, 0, 0, function
    FROM lambda_day WHERE day >= ?1 AND day < ?2 ORDER BY function, day";
const CAUSES: &str =
    "SELECT function, cause, sum(count) FROM cause_day WHERE day >= ?1 AND day < ?2 GROUP BY function, cause";
const MINUTES: &str = concat!(
    functions_of!("lambda_minute"),
    "SELECT ",
    counts!(),
    ", function, minute, seen FROM known CROSS JOIN lambda_minute ON function = name AND minute >= ?1 - ?3 AND minute < ?2 + ?3
     WHERE seen >= ?1 AND seen < ?2 AND seen - minute <= 3600000
     UNION ALL SELECT ",
    counts!(),
    ", function, minute, seen FROM lambda_minute WHERE seen >= ?1 AND seen < ?2 AND seen - minute > 3600000"
);
/// The first minute that was not seen late: late ones are kept for longer.
const FIRST_MINUTE: &str = concat!(
    functions_of!("lambda_minute"),
    "SELECT min((SELECT minute FROM lambda_minute WHERE function = name AND seen - minute <= 3600000 ORDER BY minute LIMIT 1)) FROM known"
);
const OF_MINUTE: &str = "the counts of a minute";
const OF_DAY: &str = "the counts of a day";

impl Database {
    /// Adds what was counted to what is known of its minutes and days.
    pub(crate) fn add_tallies<'o>(
        &self,
        tallies: impl Iterator<Item = (&'o Observation, &'o InvocationCounts)>,
    ) -> Result<(), StoreError> {
        let mut minutes: BTreeMap<(&str, i64), (InvocationCounts, i64)> = BTreeMap::new();
        let mut days: BTreeMap<(&str, String), InvocationCounts> = BTreeMap::new();
        for (Observation { at, seen, .. }, tally) in tallies {
            let (sum, last_seen) =
                minutes.entry((&tally.function, ms(*at))).or_insert_with(|| (InvocationCounts::default(), ms(*seen)));
            sum.add(tally);
            *last_seen = ms(*seen).max(*last_seen);
            days.entry((&tally.function, at.date_naive().to_string())).or_default().add(tally);
        }
        for ((function, minute), (mut sum, mut last_seen)) in minutes {
            if let Some((known, seen)) =
                self.first(OF_MINUTE, MINUTE, params![function, minute], |row| Ok((tally(row)?, row.get::<i64>(13)?)))?
            {
                sum.add(&known);
                last_seen = last_seen.max(seen);
            }
            self.write_tally(WRITE_MINUTE, function, &minute, &sum, &[&last_seen])?;
        }
        for ((function, day), mut sum) in days {
            for (cause, count) in &sum.causes {
                self.execute(WRITE_CAUSE, params![function, day, cause.code(), count])?;
            }
            if let Some(known) = self.first(OF_DAY, DAY, params![function, day], tally)? {
                sum.add(&known);
            }
            self.write_tally(WRITE_DAY, function, &day, &sum, &[])?;
        }
        Ok(())
    }

    fn write_tally(
        &self,
        sql: &str,
        function: &str,
        when: &dyn ToSql,
        of: &InvocationCounts,
        more: &[&dyn ToSql],
    ) -> Result<(), StoreError> {
        let durations = Json(&of.durations);
        let (used, size) = (of.memory.map(|memory| memory.used_mb), of.memory.map(|memory| memory.size_mb));
        let key: [&dyn ToSql; 2] = [&function, when];
        let counts: [&dyn ToSql; 8] = [
            &of.invocations,
            &of.cold,
            &of.cold_waited,
            &of.timeouts,
            &of.errors,
            &of.billed_ms,
            &of.duration_ms,
            &of.unparsed,
        ];
        let rest: [&dyn ToSql; 5] = [&durations, &used, &size, &of.init_ms, &of.init_of_ms];
        let all: Vec<&dyn ToSql> = key.into_iter().chain(counts).chain(rest).chain(more.iter().copied()).collect();
        self.execute(sql, all.as_slice()).map(drop)
    }

    /// The minutes that were last seen from `from` on, before `to`.
    pub(crate) fn minutes_seen(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<Observation>, StoreError> {
        self.rows(OF_MINUTE, MINUTES, [ms(from), ms(to), LATE_MS], |row| {
            let tally = InvocationCounts { function: row.get(13)?, ..tally(row)? };
            Ok(Observation {
                at: row.time(14)?,
                seen: row.time(15)?,
                source: String::new(),
                what: ObservationBody::Tally(tally),
            })
        })
    }

    /// The first minute of which anything is known.
    pub(crate) fn first_minute(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.one(OF_MINUTE, FIRST_MINUTE, [], |row| row.optional_time(0))
    }

    /// What each function did in a month, by name.
    pub(crate) fn tallies(&self, month: Month) -> Result<Vec<InvocationCounts>, StoreError> {
        let days = [month.first_day(), month.end()].map(|day| day.to_string());
        let mut all: BTreeMap<String, InvocationCounts> = BTreeMap::new();
        let query = match self.has_column("lambda_day", "durations")? {
            false => DAYS_1,
            true if self.has_column("lambda_day", "init_ms")? => DAYS,
            true => DAYS_7,
        };
        for (function, day) in
            self.rows(OF_DAY, query, days.clone(), |row| Ok((row.get::<String>(13)?, tally(row)?)))?
        {
            all.entry(function.clone())
                .or_insert_with(|| InvocationCounts { function, ..InvocationCounts::default() })
                .add(&day);
        }
        let causes = self.rows("a cause", CAUSES, days, |row| {
            let cause = row.word(1, |code| Cause::of_code(code).ok())?;
            Ok((row.get::<String>(0)?, cause, row.get(2)?))
        })?;
        for (function, cause, count) in causes {
            if let Some(tally) = all.get_mut(&function) {
                tally.causes.insert(cause, count);
            }
        }
        Ok(all.into_values().collect())
    }
}

/// A count from the first columns of a row; its function and its causes are kept elsewhere.
fn tally(row: &Record<'_, '_>) -> Result<InvocationCounts, StoreError> {
    let memory = match (row.get(9)?, row.get(10)?) {
        (Some(used_mb), Some(size_mb)) => Some(MemoryUse { used_mb, size_mb }),
        (None, None) => None,
        _ => return Err(row.unreadable(10, "memory was used, and its size is not known, or the other way round")),
    };
    Ok(InvocationCounts {
        function: String::new(),
        invocations: row.get(0)?,
        cold: row.get(1)?,
        cold_waited: row.get(2)?,
        timeouts: row.get(3)?,
        errors: row.get(4)?,
        billed_ms: row.get(5)?,
        duration_ms: row.get(6)?,
        unparsed: row.get(7)?,
        causes: BTreeMap::new(),
        durations: row.json(8)?,
        memory,
        init_ms: row.get(11)?,
        init_of_ms: row.get(12)?,
    })
}
