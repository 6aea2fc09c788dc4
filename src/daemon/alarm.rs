//! Notifies all receivers directly when the store cannot be written, and when it works again.

use std::sync::Arc;

use alerting::incident::IncidentEvent;
use alerting::notification::{IncidentUpdate, Message};
use alerting::rules::{IncidentDetails, Severity};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use futures::FutureExt;
use notify::{DeliveryOutcome, DeliveryRequest};
use store::StoreError;

use super::deliver::DeliveryQueues;
use super::tasks::{FinishedTask, PendingTasks};

/// A store may be busy for a moment; what lasts longer is told.
const PATIENCE: TimeDelta = TimeDelta::minutes(1);

/// Whether the store can be written.
#[derive(Default)]
pub(super) struct StoreAlarm {
    /// Since when it cannot be, and why; whether that has been told.
    failing: Option<(DateTime<Utc>, String, bool)>,
    /// Receivers that are being told just now.
    speaking: usize,
}

impl StoreAlarm {
    /// Whether the store cannot be written.
    pub(super) fn is_on(&self) -> bool {
        self.failing.is_some()
    }

    /// Whether receivers are being notified right now. Held-up messages are sent afterwards, otherwise they would seem
    /// to come from a store that is still broken.
    pub(super) fn is_speaking(&self) -> bool {
        self.speaking > 0
    }

    /// A receiver has been notified, or cannot be.
    pub(super) fn has_spoken(&mut self) {
        self.speaking = self.speaking.saturating_sub(1);
    }

    /// A write has failed.
    pub(super) fn store_fails(
        &mut self,
        error: &StoreError,
        deliveries: &DeliveryQueues,
        now: DateTime<Utc>,
        under_way: &PendingTasks,
    ) {
        let (since, why, told) = self.failing.get_or_insert_with(|| (now, error.to_string(), false));
        if !*told && now - *since >= PATIENCE {
            *told = true;
            self.speaking += notify_all(&news(IncidentEvent::Firing, *since, why, now), deliveries, under_way, now);
        }
    }

    /// A write has succeeded.
    pub(super) fn store_works(&mut self, deliveries: &DeliveryQueues, now: DateTime<Utc>, under_way: &PendingTasks) {
        if let Some((since, why, true)) = self.failing.take() {
            self.speaking += notify_all(&news(IncidentEvent::Resolved, since, &why, now), deliveries, under_way, now);
        }
    }
}

fn news(event: IncidentEvent, since: DateTime<Utc>, why: &str, now: DateTime<Utc>) -> IncidentUpdate {
    let finding = IncidentDetails {
        headline: "monitor cannot write its store".to_owned(),
        said: vec![
            why.to_owned(),
            "Until this is fixed nothing is recorded, and no other message is sent, because only what is in the store is sent.".to_owned(),
        ],
        next_step: "Check the disk of the store: it may be full, missing or read-only. `monitor status` shows the path.".to_owned(),
        ..IncidentDetails::default()
    };
    IncidentUpdate {
        incident: format!("store-{}", since.timestamp()),
        rule: "store".to_owned(),
        subject: "store".to_owned(),
        event,
        severity: Severity::Critical,
        at: now,
        since,
        finding,
        why: event.is_end().then(|| "the store can be written again".to_owned()),
        mutes: vec![],
        acked: None,
    }
}

/// Tells every receiver, once and without a trace: there is nowhere to keep one. How many there are.
fn notify_all(
    news: &IncidentUpdate,
    deliveries: &DeliveryQueues,
    under_way: &PendingTasks,
    now: DateTime<Utc>,
) -> usize {
    let mut told = 0;
    for (name, receiver) in deliveries.receivers() {
        let parcel = DeliveryRequest {
            key: format!("{}/{}/{name}", news.incident, news.event.word()),
            message: Message::single(news.clone()),
            follows: vec![],
            possible_repeat: false,
            sealed: news.at,
            attempted: now,
            zone: Tz::UTC,
        };
        let (receiver, name) = (Arc::clone(receiver), name.clone());
        let send = async move {
            if let DeliveryOutcome::Later { why, .. }
            | DeliveryOutcome::Unknown(why)
            | DeliveryOutcome::Refused(why)
            | DeliveryOutcome::Stopped(why) = receiver.send(&parcel).await
            {
                tracing::error!(receiver = %name, "{why}");
            }
            FinishedTask::Alarmed
        };
        under_way.push(send.boxed());
        told += 1;
    }
    told
}
