//! Takes what waits in the outbox to its receivers: in order for each, one at a time, again until it has arrived.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use futures::FutureExt;

use super::slots::back_off;
use super::{Done, InFlight};
use crate::notify::{Outcome, Parcel, Receiver};
use crate::store::{Attempt, Meant, Store, StoreError};

const FIRST_RETRY: TimeDelta = TimeDelta::seconds(15);
const LAST_RETRY: TimeDelta = TimeDelta::minutes(30);
/// What a receiver refuses is tried again only rarely: somebody has to mend the configuration first.
const REFUSED_RETRY: TimeDelta = TimeDelta::hours(1);

/// A store that refuses, because its disk is full say, is left alone for so long.
const STORE_RETRY: TimeDelta = TimeDelta::seconds(30);

/// What is being delivered.
#[derive(Default)]
pub(super) struct Deliveries {
    /// Receivers that are being told something.
    busy: BTreeSet<String>,
    /// When the outbox is to be looked at next; `None` if nothing waits.
    look: Option<DateTime<Utc>>,
    /// Rows that have been tried in this run, for a single pass.
    tried: BTreeSet<i64>,
}

/// An attempt that has ended.
pub(super) struct Delivered {
    id: i64,
    receiver: String,
    attempts: u32,
    outcome: Outcome,
}

impl Deliveries {
    /// Something new may wait.
    pub(super) fn look_again(&mut self) {
        self.look = Some(DateTime::<Utc>::MIN_UTC);
    }

    /// The store could not be read or written: it is looked at again after a while, and not at once.
    pub(super) fn store_failed(&mut self, now: DateTime<Utc>) {
        self.look = Some(now + STORE_RETRY);
    }

    /// When the outbox is to be looked at next.
    pub(super) fn next_due(&self) -> Option<DateTime<Utc>> {
        self.look
    }

    /// Whether nothing is under way and nothing new may wait.
    pub(super) fn idle(&self) -> bool {
        self.busy.is_empty() && self.look.is_none_or(|look| look > DateTime::<Utc>::MIN_UTC)
    }

    /// Begins an attempt for each receiver that is free and has something due. In a single pass everything is tried once, however
    /// long ago the last attempt was, unless the receiver itself asked to wait.
    pub(super) async fn start_due(
        &mut self,
        store: &Store,
        receivers: &BTreeMap<String, Arc<dyn Receiver>>,
        zone: Tz,
        now: DateTime<Utc>,
        once: bool,
        under_way: &InFlight,
    ) -> Result<(), StoreError> {
        if self.look.is_none_or(|look| look > now) {
            return Ok(());
        }
        self.look = None;
        let mut blocked: BTreeSet<String> = self.busy.clone();
        for waiting in store.waiting().await? {
            let name = waiting.notification.receiver.clone();
            let Some(receiver) = receivers.get(&name).filter(|_| !blocked.contains(&name)) else { continue };
            let due = if once { !self.tried.contains(&waiting.id) && (!waiting.told_to_wait || waiting.not_before <= now) } else { waiting.not_before <= now };
            if !due {
                self.look = Some(self.look.map_or(waiting.not_before, |look| look.min(waiting.not_before)).max(now));
                // Order is kept: what comes after this one waits with it, unless it is this one alone that is not taken.
                if !waiting.refused {
                    blocked.insert(name);
                }
                continue;
            }
            blocked.insert(name.clone());
            store.attempt_begins(waiting.id).await?;
            self.tried.insert(waiting.id);
            self.busy.insert(name.clone());
            let (receiver, id, attempts) = (Arc::clone(receiver), waiting.id, waiting.attempts + 1);
            let parcel = Parcel { key: waiting.notification.key, message: waiting.notification.message, possible_repeat: waiting.possible_repeat, zone };
            let send = async move {
                let outcome = receiver.send(&parcel).await;
                Done::Delivered(Delivered { id, receiver: name, attempts, outcome })
            };
            under_way.push(send.boxed());
        }
        Ok(())
    }

    /// Writes down how an attempt ended, and when to try again.
    pub(super) async fn ended(&mut self, delivered: Delivered, store: &Store, random: &mut fastrand::Rng, now: DateTime<Utc>) -> Result<(), StoreError> {
        let Delivered { id, receiver, attempts, outcome } = delivered;
        self.busy.remove(&receiver);
        self.look_again();
        let retry = |random: &mut fastrand::Rng| now + back_off(FIRST_RETRY, LAST_RETRY, attempts, random);
        let attempt = match outcome {
            Outcome::Delivered(receipt) => Attempt::Sent { receipt },
            Outcome::Later { why, wait: Some(wait) } => Attempt::Failed { why, not_before: now + wait, meant: Meant::Wait },
            Outcome::Later { why, wait: None } => Attempt::Failed { why, not_before: retry(random), meant: Meant::Nothing },
            Outcome::Unknown(why) => Attempt::Failed { why, not_before: retry(random), meant: Meant::Unknown },
            Outcome::Refused(why) => Attempt::Failed { why, not_before: now + REFUSED_RETRY, meant: Meant::Refusal },
        };
        match &attempt {
            Attempt::Sent { .. } => tracing::info!(receiver, "told"),
            Attempt::Failed { why, not_before, .. } => tracing::warn!(receiver, attempts, "{why}; next try {}", not_before.format("%F %T UTC")),
        }
        store.attempt_ended(id, &attempt, now).await
    }
}
