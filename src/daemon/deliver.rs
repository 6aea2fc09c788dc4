//! Delivers waiting messages to each receiver, one at a time, and retries until they are delivered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use alerting::decide::{OpenIncidents, Rulebook, symptoms};
use alerting::history::{History, ReceiverFailure, ReceiverState};
use alerting::operator::OperatorActions;
use alerting::outbox::{DeliveryPlanner, PlanContext, brought_up_to_date};
use alerting::terms::ReceiverPolicy;
use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt;
use notify::{DeliveryOutcome, DeliveryRequest, EarlierMessage, Receiver};
use store::{AttemptOutcome, SealedMessage, Store, StoreError};

use super::slots::back_off;
use super::tasks::{FinishedAttempt, FinishedTask, PendingTasks};

const FIRST_RETRY: TimeDelta = TimeDelta::seconds(15);
const LAST_RETRY: TimeDelta = TimeDelta::minutes(30);
/// What a receiver refuses is tried again only rarely: the configuration must be corrected first.
const REFUSED_RETRY: TimeDelta = TimeDelta::hours(1);

/// A store that refuses, because its disk is full say, is left alone for so long.
const STORE_RETRY: TimeDelta = TimeDelta::seconds(30);

/// What is being delivered.
#[derive(Default)]
pub(super) struct DeliveryQueues(BTreeMap<String, ReceiverQueue>);

/// The line to one receiver.
struct ReceiverQueue {
    receiver: Arc<dyn Receiver>,
    /// It is being told something.
    busy: bool,
    /// When there may be something to tell; `None` if nothing waits.
    look: Option<DateTime<Utc>>,
    /// It has been told something a moment ago, and likes a pause.
    paced: Option<DateTime<Utc>>,
    /// An attempt has failed in this run, for a single pass.
    failed: bool,
    /// Refused messages that have been tried again in this run, for a single pass.
    tried: BTreeSet<i64>,
}

/// The state that decides about deliveries.
pub(super) struct DeliveryContext<'a> {
    pub(super) store: &'a Store,
    pub(super) book: &'a Rulebook,
    pub(super) history: &'a History,
    pub(super) open: &'a OpenIncidents,
    pub(super) orders: &'a OperatorActions,
    pub(super) once: bool,
}

impl DeliveryQueues {
    /// Queues for these receivers; all may have something waiting.
    pub(super) fn to(receivers: BTreeMap<String, Arc<dyn Receiver>>) -> Self {
        let line = |receiver| ReceiverQueue {
            receiver,
            busy: false,
            look: Some(DateTime::<Utc>::MIN_UTC),
            paced: None,
            failed: false,
            tried: BTreeSet::new(),
        };
        Self(receivers.into_iter().map(|(name, receiver)| (name, line(receiver))).collect())
    }

    pub(super) fn receivers(&self) -> impl Iterator<Item = (&String, &Arc<dyn Receiver>)> {
        self.0.iter().map(|(name, line)| (name, &line.receiver))
    }

    /// Marks all receivers as possibly having something to send.
    pub(super) fn look_again(&mut self) {
        self.0.values_mut().for_each(|line| line.look = Some(DateTime::<Utc>::MIN_UTC));
    }

    /// Something new may wait for one receiver.
    pub(super) fn look_for(&mut self, receiver: &str) {
        self.0.get_mut(receiver).into_iter().for_each(|line| line.look = Some(DateTime::<Utc>::MIN_UTC));
    }

    /// The store could not be read or written: try again after a while.
    pub(super) fn store_failed(&mut self, now: DateTime<Utc>) {
        self.0.values_mut().for_each(|line| line.look = Some(now + STORE_RETRY));
    }

    /// The clock was set back to `now`, by `by`.
    pub(super) fn clock_was_set_back(&mut self, now: DateTime<Utc>, by: TimeDelta) {
        for line in self.0.values_mut() {
            line.paced = line.paced.map(|at| at.min(now + line.receiver.pace()));
            line.look = line.look.map(|at| at.checked_sub_signed(by).unwrap_or(at));
        }
    }

    /// When something is to be done next.
    pub(super) fn next_due(&self) -> Option<DateTime<Utc>> {
        self.0
            .values()
            .filter(|line| !line.busy)
            .filter_map(|line| Some(line.look?.max(line.paced.unwrap_or(DateTime::<Utc>::MIN_UTC))))
            .min()
    }

    /// Whether nothing is under way and nothing can be done now.
    pub(super) fn idle(&self, now: DateTime<Utc>) -> bool {
        self.0.values().all(|line| !line.busy && line.look.is_none_or(|look| look > now))
    }

    /// Starts an attempt for each idle receiver that has something to send.
    pub(super) async fn start_due(
        &mut self,
        situation: &DeliveryContext<'_>,
        now: DateTime<Utc>,
        under_way: &PendingTasks,
    ) -> Result<(), StoreError> {
        for (name, line) in &mut self.0 {
            let due = line.look.is_some_and(|look| look <= now) && line.paced.is_none_or(|paced| paced <= now);
            if line.busy || !due {
                continue;
            }
            line.paced = None;
            let Some(terms) = situation.book.terms.get(name) else { continue };
            if let Some(wait) = line.has_to_wait(situation.history.receiver(name), situation.once, now) {
                line.look = wait;
                continue;
            }
            if let Some(sealed) = line.next(name, terms, situation, now).await? {
                let parcel = parcel(&sealed, terms, situation, now).await?;
                let (receiver, name) = (Arc::clone(&line.receiver), name.clone());
                line.busy = true;
                let send = async move {
                    let outcome = receiver.send(&parcel).await;
                    FinishedTask::Delivered(Box::new(FinishedAttempt { sealed, receiver: name, outcome }))
                };
                under_way.push(send.boxed());
            }
        }
        Ok(())
    }

    /// Writes down how an attempt ended, and when to try again. Gives the name of a receiver that has just begun to
    /// refuse everything.
    pub(super) async fn ended(
        &mut self,
        delivered: FinishedAttempt,
        store: &Store,
        history: &mut History,
        random: &mut fastrand::Rng,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, StoreError> {
        let FinishedAttempt { sealed, receiver: name, outcome } = delivered;
        let Some(line) = self.0.get_mut(&name) else { return Ok(None) };
        line.busy = false;
        line.look = Some(DateTime::<Utc>::MIN_UTC);
        let old = history.receiver(&name).cloned().unwrap_or_default();
        let had_stopped = old.has_stopped();
        let (state, attempt) = after(old, outcome, random, now);
        line.failed |= !matches!(attempt, AttemptOutcome::Sent { .. } | AttemptOutcome::Refused { .. });
        line.paced = Some(now + line.receiver.pace()).filter(|paced| *paced > now);
        line.tried.insert(sealed.id);
        match &attempt {
            AttemptOutcome::Sent { .. } => tracing::info!(receiver = %name, "delivered"),
            AttemptOutcome::Refused { why, .. } | AttemptOutcome::Unknown { why } | AttemptOutcome::Failed { why } => {
                let next =
                    state.not_before.map(|at| format!("; next try {}", at.format("%F %T UTC"))).unwrap_or_default();
                tracing::warn!(receiver = %name, attempts = state.attempts, "{why}{next}");
            }
        }
        let stopped = (state.has_stopped() && !had_stopped).then(|| name.clone());
        store.attempt_ended(sealed.id, &attempt, &name, &state, now).await?;
        history.know_receiver(&name, state);
        Ok(stopped)
    }
}

impl ReceiverQueue {
    /// Whether nothing may be tried now, and until when. In a single pass everything is tried, however long ago the
    /// last attempt was, unless the receiver itself asked to wait, or has failed in this pass.
    fn has_to_wait(
        &self,
        state: Option<&ReceiverState>,
        once: bool,
        now: DateTime<Utc>,
    ) -> Option<Option<DateTime<Utc>>> {
        let wait = state.filter(|state| state.not_before.is_some_and(|at| at > now));
        if once {
            let told = wait.filter(|state| state.told_to_wait);
            return (self.failed || told.is_some()).then_some(None);
        }
        wait.map(|state| state.not_before)
    }

    /// The next message, for which an attempt is written down as begun: one whose fate is uncertain, else what waits,
    /// else one that was refused and whose time has come.
    async fn next(
        &mut self,
        name: &str,
        terms: &ReceiverPolicy,
        situation: &DeliveryContext<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<SealedMessage>, StoreError> {
        let DeliveryContext { store, orders, once, .. } = *situation;
        self.look = None;
        if let Some(sealed) = store.unsent(name, false).await? {
            store.attempt_begins(&sealed).await?;
            return Ok(Some(sealed));
        }
        let mutes = symptoms(situation.open);
        let desk = PlanContext { terms, threads: self.receiver.threads(), orders, mutes: &mutes, at_once: once };
        let mut planner = DeliveryPlanner::new(desk, now);
        store.waiting(name, |waiting| planner.take(waiting)).await?;
        let plan = planner.finish();
        if !plan.dropped.is_empty() {
            store.drop_notifications(&plan.dropped, now).await?;
        }
        if let Some(draft) = plan.draft {
            return Ok(Some(store.seal(name, &draft, now).await?));
        }
        self.look = plan.look.filter(|_| !once);
        let Some(refused) = store.unsent(name, true).await? else { return Ok(None) };
        if (once && !self.tried.contains(&refused.id)) || refused.not_before <= now {
            store.attempt_begins(&refused).await?;
            return Ok(Some(refused));
        }
        if !once {
            self.look = Some(self.look.map_or(refused.not_before, |look| look.min(refused.not_before)));
        }
        Ok(None)
    }
}

async fn parcel(
    sealed: &SealedMessage,
    terms: &ReceiverPolicy,
    situation: &DeliveryContext<'_>,
    now: DateTime<Utc>,
) -> Result<DeliveryRequest, StoreError> {
    let earlier = situation.store.sent(&sealed.follows).await?;
    let ids: Vec<String> = earlier.iter().flat_map(|sent| sent.message.lines().map(|line| line.incident)).collect();
    let incidents = if ids.is_empty() { BTreeMap::new() } else { situation.store.incidents_by_id(&ids).await? };
    let mutes = symptoms(situation.open);
    let follows = earlier.into_iter().map(|sent| EarlierMessage {
        now: brought_up_to_date(&sent.message, &incidents, situation.orders, &mutes),
        key: sent.key,
        receipt: sent.receipt,
    });
    Ok(DeliveryRequest {
        key: sealed.key.clone(),
        message: sealed.message.clone(),
        follows: follows.collect(),
        possible_repeat: sealed.uncertain,
        sealed: sealed.sealed,
        attempted: now,
        zone: terms.zone,
    })
}

/// How a receiver is after an attempt, and what became of the message.
fn after(
    mut state: ReceiverState,
    outcome: DeliveryOutcome,
    random: &mut fastrand::Rng,
    now: DateTime<Utc>,
) -> (ReceiverState, AttemptOutcome) {
    let failed = |mut state: ReceiverState, why: &str, stopped: bool| {
        let since = state.failing.as_ref().map_or(now, |failing| failing.since);
        state.failing = Some(ReceiverFailure { since, why: why.to_owned(), stopped });
        state.attempts = state.attempts.saturating_add(1);
        state.told_to_wait = false;
        state
    };
    match outcome {
        DeliveryOutcome::Delivered(receipt) => {
            (state.took, state.failing, state.attempts) = (Some(now), None, 0);
            (state.not_before, state.told_to_wait) = (None, false);
            (state, AttemptOutcome::Sent { receipt })
        }
        DeliveryOutcome::Later { why, wait: Some(wait) } => {
            // It says itself when it wants to be asked again; that is no reason to stay away for longer after another
            // failure.
            let attempts = state.attempts;
            let state = failed(state, &why, false);
            (
                ReceiverState { attempts, not_before: Some(now + wait), told_to_wait: true, ..state },
                AttemptOutcome::Failed { why },
            )
        }
        DeliveryOutcome::Later { why, wait: None } => {
            let state = failed(state, &why, false);
            let not_before = Some(now + back_off(FIRST_RETRY, LAST_RETRY, state.attempts, random));
            (ReceiverState { not_before, ..state }, AttemptOutcome::Failed { why })
        }
        DeliveryOutcome::Unknown(why) => {
            let state = failed(state, &why, false);
            let not_before = Some(now + back_off(FIRST_RETRY, LAST_RETRY, state.attempts, random));
            (ReceiverState { not_before, ..state }, AttemptOutcome::Unknown { why })
        }
        DeliveryOutcome::Stopped(why) => {
            let state = failed(state, &why, true);
            (ReceiverState { not_before: Some(now + REFUSED_RETRY), ..state }, AttemptOutcome::Failed { why })
        }
        DeliveryOutcome::Refused(why) => {
            let state = failed(state, &why, false);
            (
                ReceiverState { not_before: None, ..state },
                AttemptOutcome::Refused { why, not_before: now + REFUSED_RETRY },
            )
        }
    }
}
