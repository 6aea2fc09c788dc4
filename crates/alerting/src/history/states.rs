//! What is known of sources and receivers.

use chrono::{DateTime, Utc};
use model::call_failure::CallFailure;

/// The state of a receiver.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ReceiverState {
    /// When it last accepted something.
    pub took: Option<DateTime<Utc>>,
    /// Since when it fails, and why; `None` if its last answer was good, or there was none yet.
    pub failing: Option<ReceiverFailure>,
    /// Attempts that have failed since it last accepted something, without those after which it asked to wait.
    pub attempts: u32,
    /// Not to be tried before this, UTC.
    pub not_before: Option<DateTime<Utc>>,
    /// The receiver itself asked for that wait; nothing may shorten it.
    pub told_to_wait: bool,
}

/// A failing receiver.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ReceiverFailure {
    /// When the first attempt of the run failed.
    pub since: DateTime<Utc>,
    /// What the last one met, without secrets.
    pub why: String,
    /// It refuses everything: its address or its password is wrong, and waiting will not fix that.
    pub stopped: bool,
}

impl ReceiverState {
    /// Whether it refuses everything, so that the fallback must be notified.
    pub fn has_stopped(&self) -> bool {
        self.failing.as_ref().is_some_and(|failing| failing.stopped)
    }
}

/// The state of a source.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SourceState {
    /// Since when it has been watched without ever being removed from the configuration.
    pub since: DateTime<Utc>,
    /// The last time a whole poll succeeded.
    pub answered: Option<DateTime<Utc>>,
    /// Its failures since then: when the first was, how many, and the last one in full.
    pub failing: Option<FailureRun>,
}

impl SourceState {
    /// Its failures, where the last one is that credentials are missing or refused.
    pub fn without_credentials(&self) -> Option<&FailureRun> {
        self.failing.as_ref().filter(|failing| failing.last.kind.is_of_credentials())
    }

    /// When AWS last took the credentials for one of its calls.
    pub fn credentials_taken(&self) -> Option<DateTime<Utc>> {
        let refused = self.failing.as_ref().filter(|failing| failing.last.kind.proves_credentials());
        self.answered.max(refused.map(|failing| failing.until))
    }
}

/// A run of failures.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FailureRun {
    /// When the first of the run was.
    pub since: DateTime<Utc>,
    /// When the latest was.
    #[serde(default)]
    pub until: DateTime<Utc>,
    /// How many polls have failed.
    pub polls: u32,
    /// The latest.
    pub last: CallFailure,
}
