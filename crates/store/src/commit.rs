//! Writes one step of the loop in one transaction.

use std::collections::BTreeSet;

use alerting::history::{ReceiverState, SourceState};
use alerting::incident::Incident;
use alerting::notification::{Message, Notification};
use alerting::observation::{Observation, ObservationBody};
use alerting::signs::LivenessRun;
use chrono::{DateTime, Utc};
use model::own_calls::SpentCalls;
use rusqlite::params;

use crate::database::Database;
use crate::error::StoreError;
use crate::record::{Json, ms};
use crate::store::Store;

/// What one step of the loop writes.
#[derive(Debug, Clone, Default)]
pub struct Commit {
    /// The observations.
    pub observations: Vec<Observation>,
    /// Source, key and value of each place in the data that moved.
    pub cursors: Vec<(String, String, String)>,
    /// The state of polled sources.
    pub sources: Vec<SourceRow>,
    /// Incidents as they are now.
    pub incidents: Vec<Incident>,
    /// The notifications.
    pub notifications: Vec<Notification>,
    /// Messages that are not about incidents.
    pub messages: Vec<PlannedMessage>,
    /// Own calls that were made.
    pub spent: Vec<SpentCalls>,
    /// How receivers are, where that has changed without an attempt.
    pub receivers: Vec<(String, ReceiverState)>,
    /// Signs of life, for rehearsals.
    pub signs: Vec<LivenessRun>,
}

/// A message that is put into the outbox once: a second one with its key has no effect.
#[derive(Debug, Clone)]
pub struct PlannedMessage {
    /// Its key.
    pub key: String,
    /// Who is to get it.
    pub receiver: String,
    /// When it was made.
    pub at: DateTime<Utc>,
    /// The message.
    pub message: Message,
}

/// The state of a source.
#[derive(Debug, Clone)]
pub struct SourceRow {
    /// Its full name.
    pub name: String,
    /// When it was last polled.
    pub polled: Option<DateTime<Utc>>,
    /// Its state.
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

const CURSOR: &str =
    "INSERT INTO cursor (source, key, value) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET value = excluded.value";
const SOURCE: &str = "INSERT INTO source (name, polled, state) VALUES (?1, ?2, ?3)
    ON CONFLICT DO UPDATE SET polled = excluded.polled, state = excluded.state";
const INCIDENT: &str = "INSERT INTO incident (id, rule, subject, opened, fired, resolved, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
    ON CONFLICT (id) DO UPDATE SET rule = excluded.rule, subject = excluded.subject, opened = excluded.opened, fired = excluded.fired,
        resolved = excluded.resolved, body = excluded.body";
const NOTIFICATION: &str = "INSERT INTO notification (key, incident, receiver, event, at) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (key) DO NOTHING";
const MESSAGE: &str =
    "INSERT INTO message (key, receiver, sealed, body) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (key) DO NOTHING";
const RECEIVER: &str =
    "INSERT INTO receiver (name, state) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET state = excluded.state";
const SPEND: &str = "INSERT INTO spend (day, operation, price, count) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET count = count + excluded.count";

impl Store {
    /// Writes all of a step in one transaction.
    ///
    /// # Errors
    /// If the database refuses; then nothing of it is written, and the same commit can be tried again.
    pub async fn commit(&self, commit: &Commit) -> Result<(), StoreError> {
        // A copy costs the loop less than putting it all into rows, which the store's thread does.
        let (commit, replays) = (commit.clone(), self.replays);
        self.run(move |database| database.transaction(|| database.write(&commit, replays))).await
    }
}

impl Database {
    /// What is seen in a rehearsal is not written once more; but which errors are known is, since the next part of the
    /// rehearsal begins with them.
    fn write(&self, commit: &Commit, replays: bool) -> Result<(), StoreError> {
        if !replays {
            self.write_observations(&commit.observations)?;
            commit.signs.iter().try_for_each(|sign| self.write_sign(sign))?;
        }
        self.write_errors(&commit.observations)?;
        for (source, key, value) in &commit.cursors {
            self.execute(CURSOR, params![source, key, value])?;
        }
        for SourceRow { name, polled, state } in &commit.sources {
            self.execute(SOURCE, params![name, polled.map(ms), Json(state)])?;
        }
        for incident in &commit.incidents {
            let Incident { id, rule, subject, opened, fired, resolved, .. } = incident;
            self.execute(
                INCIDENT,
                params![id, rule, subject.to_string(), ms(*opened), fired.map(ms), resolved.map(ms), Json(incident)],
            )?;
        }
        for notification in &commit.notifications {
            let Notification { incident, receiver, event, at } = notification;
            self.execute(NOTIFICATION, params![notification.key(), incident, receiver, event.word(), ms(*at)])?;
        }
        for PlannedMessage { key, receiver, at, message } in &commit.messages {
            self.execute(MESSAGE, params![key, receiver, ms(*at), Json(message)])?;
        }
        for (name, state) in &commit.receivers {
            self.execute(RECEIVER, params![name, Json(state)])?;
        }
        for SpentCalls { day, operation, price, count } in &commit.spent {
            self.execute(SPEND, params![day.to_string(), operation, price.to_string(), count])?;
        }
        Ok(())
    }

    fn write_observations(&self, observations: &[Observation]) -> Result<(), StoreError> {
        self.add_tallies(observations.iter().filter_map(|observation| match &observation.what {
            ObservationBody::Tally(tally) => Some((observation, tally)),
            _ => None,
        }))?;
        for observation in observations {
            let Observation { at, seen, source, what } = observation;
            match what {
                ObservationBody::Cost(cost) => self.write_cost(source, *seen, cost).map(drop)?,
                ObservationBody::Early(figure) => self.write_early(source, *seen, figure)?,
                ObservationBody::Lines(day) => self.write_lines(source, *seen, day).map(drop)?,
                ObservationBody::Inventory(inventory) => self.write_inventory(source, *at, *seen, inventory)?,
                ObservationBody::Metric(point) => self.write_point(*at, *seen, point)?,
                ObservationBody::Fault(_)
                | ObservationBody::Ping(_)
                | ObservationBody::WarmDay(_)
                | ObservationBody::Change(_)
                | ObservationBody::NewRegion(_) => {
                    self.write_single(observation)?;
                }
                // Counts are written above; how a source is, is in its own row, and in the signs of life. An endpoint is
                // checked again soon.
                ObservationBody::Tally(_)
                | ObservationBody::MeasuredUpTo(_)
                | ObservationBody::ReadUpTo(_)
                | ObservationBody::Served(_)
                | ObservationBody::Endpoint(_)
                | ObservationBody::Answered
                | ObservationBody::Failed(_) => {}
            }
        }
        Ok(())
    }

    fn write_errors(&self, observations: &[Observation]) -> Result<(), StoreError> {
        let mut functions = BTreeSet::new();
        for Observation { at, seen, what, .. } in observations {
            if let ObservationBody::Fault(fault) = what
                && fault.fingerprint.is_some()
            {
                self.write_error(*at, *seen, fault)?;
                functions.insert(fault.function.as_str());
            }
        }
        self.forget_errors(&functions)
    }
}
