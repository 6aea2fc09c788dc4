//! Loads the state of the daemon at its start.

use std::collections::BTreeMap;

use alerting::decide::OpenIncidents;
use alerting::fingerprints::KnownError;
use alerting::history::ReceiverState;
use alerting::incident::Incident;
use alerting::observation::Observation;
use alerting::operator::OperatorActions;
use alerting::signs::LivenessRun;
use chrono::{DateTime, TimeDelta, Utc};
use model::calendar::Month;
use rust_decimal::Decimal;

use crate::commit::SourceRow;
use crate::database::Database;
use crate::error::StoreError;
use crate::store::Store;

/// What the store knows, as far as the daemon needs it.
#[derive(Debug, Default)]
pub struct LoadedState {
    /// The observations that rules need.
    pub observations: Vec<Observation>,
    /// Every error that was ever seen.
    pub errors: Vec<KnownError>,
    /// The state of each source.
    pub sources: Vec<SourceRow>,
    /// Each source's place in its data.
    pub cursors: BTreeMap<String, BTreeMap<String, String>>,
    /// Incidents that are not over.
    pub open: OpenIncidents,
    /// How the receivers were.
    pub receivers: BTreeMap<String, ReceiverState>,
    /// Silences and acknowledgements.
    pub orders: OperatorActions,
    /// What the own calls of the current month have cost, in US dollars.
    pub spent: Decimal,
    /// The latest run of each kind of signs of life.
    pub signs: Vec<LivenessRun>,
}

impl Store {
    /// Loads everything that a daemon needs at `now`, with rules whose longest window is `window`.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn load(&self, now: DateTime<Utc>, window: TimeDelta) -> Result<LoadedState, StoreError> {
        self.run(move |database| database.load(now, window)).await
    }

    /// The state of each source.
    ///
    /// # Errors
    /// As [`Store::load`].
    pub async fn sources(&self) -> Result<Vec<SourceRow>, StoreError> {
        self.run(Database::sources).await
    }

    /// Incidents that are not over.
    ///
    /// # Errors
    /// As [`Store::load`].
    pub async fn open_incidents(&self) -> Result<OpenIncidents, StoreError> {
        self.run(Database::open_incidents).await
    }
}

impl Database {
    fn load(&self, now: DateTime<Utc>, window: TimeDelta) -> Result<LoadedState, StoreError> {
        let mut observations = self.costs(now)?;
        observations.extend(self.inventories_before(DateTime::<Utc>::MAX_UTC)?);
        observations.extend(self.singles_since(now - window)?);
        // Counted from then on, or seen since: a minute is not seen before it has begun.
        observations.extend(self.minutes_seen(now - window, DateTime::<Utc>::MAX_UTC)?);
        Ok(LoadedState {
            observations,
            errors: self.errors()?,
            sources: self.sources()?,
            cursors: self.cursors()?,
            open: self.open_incidents()?,
            receivers: self.receivers()?,
            orders: self.orders(now)?,
            spent: self.spent(Month::of(now.date_naive()))?,
            signs: self.latest_signs()?,
        })
    }

    fn sources(&self) -> Result<Vec<SourceRow>, StoreError> {
        self.rows("a source", "SELECT name, polled, state FROM source ORDER BY name", [], |row| {
            Ok(SourceRow { name: row.get(0)?, polled: row.optional_time(1)?, state: row.json(2)? })
        })
    }

    fn cursors(&self) -> Result<BTreeMap<String, BTreeMap<String, String>>, StoreError> {
        let mut cursors: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
        let rows = self.rows("a cursor", "SELECT source, key, value FROM cursor", [], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })?;
        for (source, key, value) in rows {
            cursors.entry(source).or_default().insert(key, value);
        }
        Ok(cursors)
    }

    fn open_incidents(&self) -> Result<OpenIncidents, StoreError> {
        let incidents: Vec<Incident> =
            self.rows("an incident", "SELECT body FROM incident WHERE resolved IS NULL", [], |row| row.json(0))?;
        Ok(incidents
            .into_iter()
            .map(|incident| ((incident.rule.clone(), incident.subject.clone()), incident))
            .collect())
    }
}
