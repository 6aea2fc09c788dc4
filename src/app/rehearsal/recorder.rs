//! A receiver that records its messages and sends nothing.

use std::sync::{Arc, Mutex, PoisonError};

use alerting::outbox::ThreadSupport;
use alerting::rehearsal::DeliveryRecord;
use async_trait::async_trait;
use chrono::TimeDelta;
use notify::{DeliveryOutcome, DeliveryRequest, Receiver};

/// The messages of several recorders.
#[derive(Debug, Clone, Default)]
pub(super) struct DeliveryLog(Arc<Mutex<Vec<DeliveryRecord>>>);

impl DeliveryLog {
    /// All records so far, in order.
    pub(super) fn take(&self) -> Vec<DeliveryRecord> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A receiver for rehearsals, with the properties of a real one.
pub(super) struct RecordingReceiver {
    name: String,
    threads: ThreadSupport,
    pace: TimeDelta,
    record: DeliveryLog,
}

impl RecordingReceiver {
    /// Replaces the receiver `name`, with the thread support and pace of `real` if there is one.
    pub(super) fn in_place_of(name: &str, real: Option<&dyn Receiver>, record: &DeliveryLog) -> Self {
        let (threads, pace) =
            real.map_or((ThreadSupport::None, TimeDelta::zero()), |real| (real.threads(), real.pace()));
        Self { name: name.to_owned(), threads, pace, record: record.clone() }
    }
}

#[async_trait]
impl Receiver for RecordingReceiver {
    async fn send(&self, parcel: &DeliveryRequest) -> DeliveryOutcome {
        let said = DeliveryRecord::of(&parcel.message, &self.name, parcel.sealed);
        self.record.0.lock().unwrap_or_else(PoisonError::into_inner).extend(said);
        DeliveryOutcome::Delivered(None)
    }

    async fn probe(&self) -> Result<String, String> {
        Ok("records its messages".to_owned())
    }

    fn threads(&self) -> ThreadSupport {
        self.threads
    }

    fn pace(&self) -> TimeDelta {
        self.pace
    }
}
