//! A receiver that tells nobody, and remembers what it was to tell.

use std::sync::{Arc, Mutex, PoisonError};

use alerting::outbox::Threads;
use alerting::rehearsal::Said;
use async_trait::async_trait;
use chrono::TimeDelta;

use super::{Outcome, Parcel, Receiver};

/// What several recorders were told.
#[derive(Debug, Clone, Default)]
pub struct Record(Arc<Mutex<Vec<Said>>>);

impl Record {
    /// Everything so far, in the order in which it was told.
    pub fn take(&self) -> Vec<Said> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Stands for a receiver, with its manners.
pub struct Recorder {
    name: String,
    threads: Threads,
    pace: TimeDelta,
    record: Record,
}

impl Recorder {
    /// Stands for the receiver `name`, and has the manners of `real` where that can be had.
    pub fn in_place_of(name: &str, real: Option<&dyn Receiver>, record: &Record) -> Self {
        let (threads, pace) = real.map_or((Threads::None, TimeDelta::zero()), |real| (real.threads(), real.pace()));
        Self { name: name.to_owned(), threads, pace, record: record.clone() }
    }
}

#[async_trait]
impl Receiver for Recorder {
    async fn send(&self, parcel: &Parcel) -> Outcome {
        let said = Said::of(&parcel.message, &self.name, parcel.sealed);
        self.record.0.lock().unwrap_or_else(PoisonError::into_inner).extend(said);
        Outcome::Delivered(None)
    }

    async fn probe(&self) -> Result<String, String> {
        Ok("records what it is told".to_owned())
    }

    fn threads(&self) -> Threads {
        self.threads
    }

    fn pace(&self) -> TimeDelta {
        self.pace
    }
}
