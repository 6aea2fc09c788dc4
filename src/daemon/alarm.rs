//! What has to be said past the store, because the store is what is broken: once when it fails, once when it works again.

use std::sync::Arc;

use alerting::incident::Event;
use alerting::notification::{Message, News};
use alerting::rules::{Finding, Severity};
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use futures::FutureExt;
use notify::{Outcome, Parcel};
use store::StoreError;

use super::deliver::Deliveries;
use super::{Done, InFlight};

/// A store may be busy for a moment; what lasts longer is told.
const PATIENCE: TimeDelta = TimeDelta::minutes(1);

/// Whether the store can be written.
#[derive(Default)]
pub(super) struct Alarm {
    /// Since when it cannot be, and why; whether that has been told.
    failing: Option<(DateTime<Utc>, String, bool)>,
    /// Receivers that are being told just now.
    speaking: usize,
}

impl Alarm {
    /// Whether the store cannot be written.
    pub(super) fn is_on(&self) -> bool {
        self.failing.is_some()
    }

    /// Whether receivers are being told just now. What was held up meanwhile is told after it, or it would seem to come from a store
    /// that is still broken.
    pub(super) fn is_speaking(&self) -> bool {
        self.speaking > 0
    }

    /// A receiver has been told, or cannot be.
    pub(super) fn has_spoken(&mut self) {
        self.speaking = self.speaking.saturating_sub(1);
    }

    /// A write has failed.
    pub(super) fn store_fails(&mut self, error: &StoreError, deliveries: &Deliveries, now: DateTime<Utc>, under_way: &InFlight) {
        let (since, why, told) = self.failing.get_or_insert_with(|| (now, error.to_string(), false));
        if !*told && now - *since >= PATIENCE {
            *told = true;
            self.speaking += say(&news(Event::Firing, *since, why, now), deliveries, under_way);
        }
    }

    /// A write has succeeded.
    pub(super) fn store_works(&mut self, deliveries: &Deliveries, now: DateTime<Utc>, under_way: &InFlight) {
        if let Some((since, why, true)) = self.failing.take() {
            self.speaking += say(&news(Event::Resolved, since, &why, now), deliveries, under_way);
        }
    }
}

fn news(event: Event, since: DateTime<Utc>, why: &str, now: DateTime<Utc>) -> News {
    let finding = Finding {
        headline: "monitor cannot write its store".to_owned(),
        said: vec![
            why.to_owned(),
            "Until this is mended nothing that is found out is kept, and nobody is told of anything else: what is not in the store is not sent.".to_owned(),
        ],
        next_step: "Look at the disk that holds the store: is it full, gone, or not writable any more? `monitor status` names the file.".to_owned(),
        ..Finding::default()
    };
    News {
        incident: format!("store-{}", since.timestamp()),
        rule: "store".to_owned(),
        subject: "store".to_owned(),
        event,
        severity: Severity::Critical,
        at: now,
        since,
        finding,
        why: event.is_end().then(|| "it can be written again".to_owned()),
        mutes: vec![],
        acked: None,
    }
}

/// Tells every receiver, once and without a trace: there is nowhere to keep one. How many there are.
fn say(news: &News, deliveries: &Deliveries, under_way: &InFlight) -> usize {
    let mut told = 0;
    for (name, receiver) in deliveries.receivers() {
        let parcel = Parcel {
            key: format!("{}/{}/{name}", news.incident, news.event.word()),
            message: Message::single(news.clone()),
            follows: vec![],
            possible_repeat: false,
            sealed: news.at,
            zone: Tz::UTC,
        };
        let (receiver, name) = (Arc::clone(receiver), name.clone());
        let send = async move {
            if let Outcome::Later { why, .. } | Outcome::Unknown(why) | Outcome::Refused(why) | Outcome::Stopped(why) = receiver.send(&parcel).await {
                tracing::error!(receiver = %name, "{why}");
            }
            Done::Alarmed
        };
        under_way.push(send.boxed());
        told += 1;
    }
    told
}
