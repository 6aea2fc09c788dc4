//! One step of the loop, written whole or not at all.

use std::collections::BTreeSet;

use alerting::fingerprints::MOST_FINGERPRINTS;
use alerting::history::{ReceiverState, SourceState};
use alerting::incident::Incident;
use alerting::notification::{Message, Notification};
use alerting::observation::{Observation, What};
use alerting::signs::Sign;
use chrono::{DateTime, TimeDelta, Utc};
use model::own_calls::Spent;
use serde_json::{Value, json};
use sqlx::{Sqlite, Transaction};

use super::billing::write_lines;
use super::{Store, StoreError, ms};

/// What one step of the loop writes.
#[derive(Debug, Default)]
pub struct Commit {
    /// What was seen.
    pub observations: Vec<Observation>,
    /// Source, key and value of each place in the data that moved.
    pub cursors: Vec<(String, String, String)>,
    /// What is known of sources that were polled.
    pub sources: Vec<SourceRow>,
    /// Incidents as they are now.
    pub incidents: Vec<Incident>,
    /// What is to be told.
    pub notifications: Vec<Notification>,
    /// Messages that tell of no incident.
    pub messages: Vec<Planned>,
    /// Own calls that were made.
    pub spent: Vec<Spent>,
    /// How receivers are, where that has changed without an attempt.
    pub receivers: Vec<(String, ReceiverState)>,
    /// Signs of life, for rehearsals.
    pub signs: Vec<Sign>,
}

/// A message that is put into the outbox as it is, once: a second one with its key changes nothing.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Its key.
    pub key: String,
    /// Who is to get it.
    pub receiver: String,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// What it says.
    pub message: Message,
}

/// What is known of a source.
#[derive(Debug, Clone)]
pub struct SourceRow {
    /// Its full name.
    pub name: String,
    /// When it was last polled.
    pub polled: Option<DateTime<Utc>>,
    /// What is known of it.
    pub state: SourceState,
}

impl Commit {
    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.observations.is_empty()
            && self.cursors.is_empty()
            && self.sources.is_empty()
            && self.incidents.is_empty()
            && self.notifications.is_empty()
            && self.messages.is_empty()
            && self.spent.is_empty()
            && self.receivers.is_empty()
            && self.signs.is_empty()
    }
}

pub(super) const COSTS: &str = "INSERT OR REPLACE INTO cost_day (source, day, seen, body)
    SELECT row ->> 0, row ->> 1, row ->> 2, row ->> 3 FROM (SELECT value AS row FROM json_each(?1))
    -- An answer that says what the last one said is not a new figure.
    WHERE row ->> 3 IS NOT (SELECT body FROM cost_day WHERE source = row ->> 0 AND day = row ->> 1 ORDER BY seen DESC LIMIT 1)";
/// When it was made is not part of what a figure says.
const EARLY: &str = "INSERT OR REPLACE INTO early (source, origin, day, seen, body)
    SELECT row ->> 0, row ->> 1, row ->> 2, row ->> 3, row ->> 4 FROM (SELECT value AS row FROM json_each(?1))
    WHERE json_remove(row ->> 4, '$.as_of')
        IS NOT (SELECT json_remove(body, '$.as_of') FROM early WHERE source = row ->> 0 AND origin = row ->> 1 AND day = row ->> 2 ORDER BY seen DESC LIMIT 1)";
const OBSERVATIONS: &str = "INSERT INTO observation (kind, at, seen, source, body)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?1)";
/// What is done where counts of the same minute, or day, are there already; as `Tally::add` does it.
macro_rules! added {
    () => {
        "invocations = invocations + excluded.invocations, cold = cold + excluded.cold, cold_waited = cold_waited + excluded.cold_waited,
        timeouts = timeouts + excluded.timeouts, errors = errors + excluded.errors, billed_ms = billed_ms + excluded.billed_ms,
        duration_ms = duration_ms + excluded.duration_ms, unparsed = unparsed + excluded.unparsed,
        durations = (SELECT json_group_object(key, count) FROM (
            SELECT key, CASE key WHEN 'longest' THEN max(value) ELSE sum(value) END AS count
            FROM (SELECT key, value FROM json_each(durations) UNION ALL SELECT key, value FROM json_each(excluded.durations)) GROUP BY key)),
        (memory_used, memory_size) = (
            SELECT used, size FROM (SELECT memory_used AS used, memory_size AS size UNION ALL SELECT excluded.memory_used, excluded.memory_size)
            ORDER BY size IS NULL, CAST(used AS REAL) / size DESC, used DESC LIMIT 1)"
    };
}
const MINUTES: &str = concat!(
    "INSERT INTO lambda_minute (function, minute, seen, invocations, cold, cold_waited, timeouts, errors, billed_ms, duration_ms, unparsed,
        durations, memory_used, memory_size)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11,
        value ->> 12, value ->> 13, value ->> 14 FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET seen = max(seen, excluded.seen), ",
    added!()
);
const DAYS: &str = concat!(
    "INSERT INTO lambda_day (function, day, invocations, cold, cold_waited, timeouts, errors, billed_ms, duration_ms, unparsed,
        durations, memory_used, memory_size)
    SELECT value ->> 0, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10, value ->> 11,
        value ->> 12, value ->> 13, value ->> 14 FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET ",
    added!()
);
const ERRORS: &str = "INSERT INTO error (function, fingerprint, first, seen, last, cause, excerpt)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 3, value ->> 4, value ->> 5 FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET first = min(first, excluded.first), seen = min(seen, excluded.seen), last = max(last, excluded.last)";
/// As `Fingerprints::learn` does it: of too many errors of one function those not seen for longest go.
const MOST_ERRORS: &str = "DELETE FROM error WHERE (function, fingerprint) IN (
        SELECT function, fingerprint FROM (
            SELECT function, fingerprint, row_number() OVER (PARTITION BY function ORDER BY last DESC, fingerprint DESC) AS place
            FROM error WHERE function IN (SELECT value ->> 0 FROM json_each(?1)))
        WHERE place > ?1 ->> '$[0][1]')";
const CAUSES: &str = "INSERT INTO cause_day (function, day, cause, count)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET count = count + excluded.count";
/// A point is asked for again and again while it may still grow; the last figure stays, with the time at which it came.
const POINTS: &str = "INSERT INTO metric_point (function, metric, at, seen, body)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET seen = excluded.seen, body = excluded.body WHERE body IS NOT excluded.body";
const SIGNS: &str = "INSERT INTO sign (source, kind, function, since, until, failure)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5 FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET until = max(until, excluded.until)";
const INVENTORIES: &str = "INSERT INTO inventory (source, kind, region, day, seen, body)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5 FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET source = excluded.source, body = excluded.body";
const CURSORS: &str = "INSERT INTO cursor (source, key, value)
    SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET value = excluded.value";
const SOURCES: &str = "INSERT INTO source (name, polled, state)
    SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET polled = excluded.polled, state = excluded.state";
const INCIDENTS: &str = "INSERT INTO incident (id, rule, subject, opened, fired, resolved, body)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6 FROM json_each(?1) WHERE true
    ON CONFLICT (id) DO UPDATE SET rule = excluded.rule, subject = excluded.subject, opened = excluded.opened, fired = excluded.fired,
        resolved = excluded.resolved, body = excluded.body";
const NOTIFICATIONS: &str = "INSERT INTO notification (key, incident, receiver, event, at)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?1) WHERE true
    ON CONFLICT (key) DO NOTHING";
const MESSAGES: &str = "INSERT INTO message (key, receiver, sealed, body)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1) WHERE true
    ON CONFLICT (key) DO NOTHING";
const RECEIVERS: &str = "INSERT INTO receiver (name, state) SELECT value ->> 0, value ->> 1 FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET state = excluded.state";
const SPEND: &str = "INSERT INTO spend (day, operation, price, count)
    SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET count = count + excluded.count";

impl Store {
    /// Writes all of a step in one transaction.
    ///
    /// # Errors
    /// If the database refuses; then nothing of it is written, and the same commit can be tried again.
    pub async fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await.map_err(|error| self.database(error))?;
        for (statement, rows) in rows(commit, self.replays) {
            if !rows.is_empty() {
                insert(&mut transaction, statement, rows).await.map_err(|error| self.database(error))?;
            }
        }
        // Each day's lines are long; they are not put together into one text.
        for Observation { seen, source, what, .. } in commit.observations.iter().filter(|_| !self.replays) {
            if let What::Lines(day) = what {
                write_lines(&mut transaction, source, *seen, day).await.map_err(|error| self.database(error))?;
            }
        }
        transaction.commit().await.map_err(|error| self.database(error))
    }

    /// Drops what is older than it is to be kept: single observations and sent messages after `keep`, minutes and points of metrics
    /// after `keep_minutes`. Errors that were ever seen stay, or they would be new when they come again.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn prune(&self, now: DateTime<Utc>, keep: TimeDelta, keep_minutes: TimeDelta) -> Result<(), StoreError> {
        let (old, old_minute) = (ms(now - keep), ms(now - keep_minutes));
        for (statement, edge) in [
            ("DELETE FROM observation WHERE at < ?1 AND seen < ?1", old),
            ("DELETE FROM notification WHERE done < ?1 AND NOT EXISTS (SELECT 1 FROM incident i WHERE i.id = incident AND i.resolved IS NULL)", old),
            // A message that told of an incident that is still open is what its end will follow.
            ("DELETE FROM message WHERE sent < ?1 AND NOT EXISTS (SELECT 1 FROM notification n WHERE n.message = message.id)", old),
            ("DELETE FROM silence WHERE ends < ?1", old),
            ("DELETE FROM incident WHERE resolved < ?1 AND NOT EXISTS (SELECT 1 FROM notification n WHERE n.incident = incident.id AND n.done IS NULL)", old),
            ("DELETE FROM ack WHERE at < ?1 AND NOT EXISTS (SELECT 1 FROM incident i WHERE i.id = ack.incident)", old),
            ("DELETE FROM sign WHERE until < ?1", old),
            ("DELETE FROM inventory WHERE seen < ?1", old),
            // A report needs the last reading of a day; the others are for rehearsals.
            (
                "DELETE FROM inventory AS i WHERE seen < ?1
                    AND EXISTS (SELECT 1 FROM inventory l WHERE l.kind = i.kind AND l.region = i.region AND l.day = i.day AND l.seen > i.seen)",
                old_minute,
            ),
            ("DELETE FROM early WHERE seen < ?1", old_minute),
            // By the key, function by function: there is no index by time alone.
            ("DELETE FROM lambda_minute WHERE function IN (SELECT DISTINCT function FROM lambda_day) AND minute < ?1 AND seen < ?1", old_minute),
        ] {
            sqlx::query(statement).bind(edge).execute(&self.pool).await.map_err(|error| self.database(error))?;
        }
        self.prune_points(now - keep_minutes).await
    }
}

/// Gives how many rows are new or not what they were.
pub(super) async fn insert(transaction: &mut Transaction<'_, Sqlite>, statement: &'static str, rows: Vec<Value>) -> Result<u64, sqlx::Error> {
    sqlx::query(statement).bind(Value::Array(rows).to_string()).execute(&mut **transaction).await.map(|done| done.rows_affected())
}

/// The rows of each table, as arrays in the order of the statement's columns. What is seen in a rehearsal is not written once more; but
/// which errors are known is, since the next part of the rehearsal begins with them.
fn rows(commit: &Commit, replays: bool) -> Vec<(&'static str, Vec<Value>)> {
    let (mut early, mut costs, mut single, mut points, mut tallies, mut causes, mut errors) = (vec![], vec![], vec![], vec![], vec![], vec![], vec![]);
    let (mut with_errors, mut inventories) = (BTreeSet::new(), vec![]);
    for Observation { at, seen, source, what } in &commit.observations {
        let (at, seen, day) = (ms(*at), ms(*seen), at.date_naive().to_string());
        match what {
            What::Cost(_) | What::Early(_) | What::Ping(_) | What::Tally(_) | What::Metric(_) | What::Inventory(_) if replays => {}
            What::Cost(cost) => costs.push(json!([source, cost.day.to_string(), seen, json!(cost).to_string()])),
            What::Early(figure) => early.push(json!([source, figure.origin, figure.day.to_string(), seen, json!(figure).to_string()])),
            What::Fault(fault) => {
                if !replays {
                    single.push(json!(["fault", at, seen, source, json!(fault).to_string()]));
                }
                if let Some(fingerprint) = &fault.fingerprint {
                    errors.push(json!([fault.function, fingerprint, at, seen, fault.cause.code(), fault.excerpt()]));
                    with_errors.insert(&fault.function);
                }
            }
            What::Ping(ping) => single.push(json!(["ping", at, seen, source, json!(ping).to_string()])),
            What::Tally(t) => {
                let memory = t.memory.filter(|memory| memory.size_mb > 0);
                tallies.push(json!([
                    t.function,
                    at,
                    seen,
                    day,
                    t.invocations,
                    t.cold,
                    t.cold_waited,
                    t.timeouts,
                    t.errors,
                    t.billed_ms,
                    t.duration_ms,
                    t.unparsed,
                    t.durations,
                    memory.map(|memory| memory.used_mb),
                    memory.map(|memory| memory.size_mb)
                ]));
                causes.extend(t.causes.iter().map(|(cause, count)| json!([t.function, day, cause.code(), count])));
            }
            What::Metric(point) => {
                let body = json!([point.period, point.sum, point.maximum, point.average]).to_string();
                points.push(json!([point.function, point.metric, at, seen, body]));
            }
            // What could not be read is in the state of its source.
            What::Inventory(inventory) if inventory.unknown.is_some() => {}
            What::Inventory(inventory) => {
                let (kind, region) = (inventory.kind.word(), &inventory.region);
                inventories.push(json!([source, kind, region, day, seen, json!(inventory).to_string()]));
            }
            // Lines have their own table; how a source is, is in its own row, and in the signs of life.
            What::Lines(_) | What::MeasuredUpTo(_) | What::ReadUpTo(_) | What::Answered | What::Failed(_) => {}
        }
    }
    let incident = |incident: &Incident| {
        json!([
            incident.id,
            incident.rule,
            incident.subject.to_string(),
            ms(incident.opened),
            incident.fired.map(ms),
            incident.resolved.map(ms),
            json!(incident).to_string()
        ])
    };
    let sign = |sign: &Sign| {
        let failure = sign.failure.as_ref().map(|failure| json!(failure).to_string());
        json!([sign.source, sign.kind.word(), sign.function, ms(sign.since), ms(sign.until), failure])
    };
    let notification = |told: &Notification| json!([told.key(), told.incident, told.receiver, told.event.word(), ms(told.at)]);
    let planned = |planned: &Planned| json!([planned.key, planned.receiver, ms(planned.at), json!(planned.message).to_string()]);
    vec![
        (COSTS, costs),
        (EARLY, early),
        (OBSERVATIONS, single),
        (POINTS, points),
        (INVENTORIES, inventories),
        (MINUTES, tallies.clone()),
        (DAYS, tallies),
        (CAUSES, causes),
        (ERRORS, errors),
        (MOST_ERRORS, with_errors.into_iter().map(|function| json!([function, MOST_FINGERPRINTS])).collect()),
        (CURSORS, commit.cursors.iter().map(|(source, key, value)| json!([source, key, value])).collect()),
        (SOURCES, commit.sources.iter().map(|row| json!([row.name, row.polled.map(ms), json!(row.state).to_string()])).collect()),
        (INCIDENTS, commit.incidents.iter().map(incident).collect()),
        (NOTIFICATIONS, commit.notifications.iter().map(notification).collect()),
        (MESSAGES, commit.messages.iter().map(planned).collect()),
        (RECEIVERS, commit.receivers.iter().map(|(name, state)| json!([name, json!(state).to_string()])).collect()),
        (SIGNS, commit.signs.iter().filter(|_| !replays).map(sign).collect()),
        (SPEND, commit.spent.iter().map(|spent| json!([spent.day.to_string(), spent.operation, spent.price.to_string(), spent.count])).collect()),
    ]
}
