//! What every source has in common: how it is polled, and what a poll gives.

use std::collections::BTreeMap;

use alerting::observation::{Observation, ObservationBody};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use model::call_failure::CallFailure;
use serde::de::DeserializeOwned;

/// Something that can be polled.
#[async_trait]
pub trait Source: Send {
    /// Its full name: `watch.spend`.
    fn name(&self) -> &str;

    /// Whether a poll costs money. A paid source keeps to its schedule even across restarts.
    fn is_paid(&self) -> bool {
        false
    }

    /// Whether it makes calls to AWS.
    fn asks_aws(&self) -> bool {
        true
    }

    /// Whether it wants to [`Source::hear`] what other sources saw.
    fn hears(&self) -> bool {
        false
    }

    /// Hears what another source saw: never while it is polled, and before the next poll.
    fn hear(&mut self, _seen: &Observation) {}

    /// Puts back what was committed of its place in the data, by key.
    fn restore(&mut self, _cursors: BTreeMap<String, String>) {}

    /// Asks for what is new. A call that fails is an observation, so this cannot fail.
    async fn poll(&mut self, now: DateTime<Utc>) -> PollOutput;

    /// Goes on with what the last poll had to leave for later, at the time it named in [`PollOutput::go_on_at`].
    async fn go_on(&mut self, _now: DateTime<Utc>) -> PollOutput {
        PollOutput::default()
    }
}

/// What one poll gave, to be committed together.
#[derive(Debug, Default)]
pub struct PollOutput {
    /// The observations.
    pub observations: Vec<Observation>,
    /// How far the source has read, by key; only those that moved past something.
    pub cursors: Vec<(String, String)>,
    /// When to resume, if not everything could be read at once.
    pub go_on_at: Option<DateTime<Utc>>,
}

impl PollOutput {
    /// Whether any call failed.
    pub fn failed(&self) -> bool {
        self.observations.iter().any(|observation| matches!(observation.what, ObservationBody::Failed(_)))
    }
}

/// Builds the observations of one poll.
pub(crate) struct PollBuilder<'a> {
    source: &'a str,
    pub(crate) now: DateTime<Utc>,
    pub(crate) gathered: PollOutput,
}

impl<'a> PollBuilder<'a> {
    pub(crate) fn new(source: &'a str, now: DateTime<Utc>) -> Self {
        Self { source, now, gathered: PollOutput::default() }
    }

    pub(crate) fn saw(&mut self, at: DateTime<Utc>, what: ObservationBody) {
        self.gathered.observations.push(Observation { at, seen: self.now, source: self.source.to_owned(), what });
    }

    pub(crate) fn failed(&mut self, failure: CallFailure) {
        self.saw(self.now, ObservationBody::Failed(failure));
    }

    /// Ends a part of a poll: whether the source has answered shows at its end.
    pub(crate) fn part(self) -> PollOutput {
        self.gathered
    }

    /// Ends the poll; without a failure the source has answered.
    pub(crate) fn done(mut self) -> PollOutput {
        if !self.gathered.failed() {
            self.saw(self.now, ObservationBody::Answered);
        }
        self.gathered
    }
}

/// A cursor as it was stored; `None`, with a line in the log, if it cannot be read: what it was for begins anew.
pub(crate) fn stored<T: DeserializeOwned>(source: &str, key: &str, text: &str) -> Option<T> {
    serde_json::from_str(text)
        .map_err(|error| {
            tracing::warn!("{source}: the stored cursor `{key}` cannot be read and is begun anew: {error}");
        })
        .ok()
}
