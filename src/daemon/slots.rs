//! When each source is polled.

use std::collections::BTreeMap;

use alerting::history::{History, SourceState};
use alerting::observation::{Observation, ObservationBody};
use chrono::{DateTime, TimeDelta, Utc};
use futures::FutureExt;
use model::schedule::Schedule;
use model::span::Span;
use store::SourceRow;

use super::tasks::{BoxedSource, FinishedPoll, FinishedTask, PendingTasks};

/// After a failure a source is asked again sooner than its schedule says, at growing distances between these two.
const FIRST_RETRY: TimeDelta = TimeDelta::seconds(15);
const LAST_RETRY: TimeDelta = TimeDelta::minutes(15);
/// That a source answers is written down this often; that it fails, at once.
const WRITE_STATE: TimeDelta = TimeDelta::minutes(5);

/// A source with its schedule.
pub struct SourceSlot {
    name: String,
    schedule: Schedule,
    jitter: Option<Span>,
    paid: bool,
    asks_aws: bool,
    hears: bool,
    /// What it is to hear when it comes back.
    unheard: Vec<Observation>,
    /// `None` while it is being polled.
    source: Option<BoxedSource>,
    /// When the schedule, or a failure, wants the next poll.
    due: Option<DateTime<Utc>>,
    /// When the source wants to go on with the poll it has begun.
    go_on: Option<DateTime<Utc>>,
    /// A part of the poll that has begun has failed.
    part_failed: bool,
    failures: u32,
    /// It has been polled since the daemon started.
    started: bool,
    polled: Option<DateTime<Utc>>,
    written: Option<(DateTime<Utc>, SourceState)>,
}

/// What the schedule needs to know of a poll, or a part of one, that has ended.
pub(super) struct PollEnd {
    pub(super) index: usize,
    pub(super) source: BoxedSource,
    pub(super) failed: bool,
    pub(super) go_on_at: Option<DateTime<Utc>>,
}

impl SourceSlot {
    /// A source that is polled by `schedule`, each time up to `jitter` later.
    pub fn new(source: BoxedSource, schedule: Schedule, jitter: Option<Span>) -> Self {
        Self {
            name: source.name().to_owned(),
            paid: source.is_paid(),
            asks_aws: source.asks_aws(),
            hears: source.hears(),
            unheard: Vec::new(),
            schedule,
            jitter,
            source: Some(source),
            due: None,
            go_on: None,
            part_failed: false,
            failures: 0,
            started: false,
            polled: None,
            written: None,
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn asks_aws(&self) -> bool {
        self.asks_aws
    }

    /// Restores the stored state, and sets the first poll: at once, except for a billable source that
    /// answered not long ago.
    pub(super) fn restore(&mut self, cursors: BTreeMap<String, String>, row: Option<&SourceRow>, now: DateTime<Utc>) {
        self.polled = row.and_then(|row| row.polled);
        let answered = row.and_then(|row| row.state.answered).filter(|_| self.paid);
        let next = answered.and_then(|answered| self.schedule.next_after(answered));
        self.due = Some(next.map_or(now, |next| next.max(now).min(now + self.schedule.usual_gap(now))));
        if let Some(source) = &mut self.source {
            source.restore(cursors);
        }
    }
}

/// All sources.
pub(super) struct SourceSlots(Vec<SourceSlot>);

impl SourceSlots {
    pub(super) fn new(slots: Vec<SourceSlot>) -> Self {
        Self(slots)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut SourceSlot> {
        self.0.iter_mut()
    }

    /// Starts every due poll, and resumes those that are waiting; in one full pass, each source is polled once, to its
    /// end.
    pub(super) fn start_due(&mut self, now: DateTime<Utc>, once: bool, under_way: &PendingTasks) {
        for (index, slot) in self.0.iter_mut().enumerate() {
            let begins = !(once && slot.started) && slot.due.is_some_and(|due| due <= now);
            if !begins && slot.go_on.is_none_or(|go_on| go_on > now) {
                continue;
            }
            if let Some(mut source) = slot.source.take() {
                slot.go_on = None;
                slot.started = true;
                if begins {
                    slot.due = None;
                    slot.polled = Some(now);
                }
                let poll = async move {
                    let gathered = if begins { source.poll(now).await } else { source.go_on(now).await };
                    FinishedTask::Polled(Box::new(FinishedPoll { index, source, gathered }))
                };
                under_way.push(poll.boxed());
            }
        }
    }

    /// Takes a source back and sets its next poll. While it resumes a long poll, its schedule continues from the end
    /// of the first part.
    pub(super) fn ended(&mut self, polled: PollEnd, random: &mut fastrand::Rng, now: DateTime<Utc>) {
        let Some(slot) = self.0.get_mut(polled.index) else { return };
        let mut source = polled.source;
        std::mem::take(&mut slot.unheard).iter().for_each(|seen| source.hear(seen));
        slot.source = Some(source);
        slot.go_on = polled.go_on_at;
        slot.part_failed |= polled.failed;
        if slot.due.is_none() {
            slot.due = slot.schedule.next_after(now).map(|next| next + jitter(slot.jitter, random));
        }
        if slot.go_on.is_none() {
            let failed = std::mem::take(&mut slot.part_failed);
            slot.failures = if failed { slot.failures.saturating_add(1) } else { 0 };
            let retry = failed.then(|| now + back_off(FIRST_RETRY, LAST_RETRY, slot.failures, random));
            slot.due = [slot.due, retry].into_iter().flatten().min();
        }
    }

    /// Lets sources that want to hear what others saw hear it, those that are being polled when they come back.
    pub(super) fn hear(&mut self, seen: &Observation) {
        let is_worth =
            matches!(seen.what, ObservationBody::Served(_) | ObservationBody::ReadUpTo(_) | ObservationBody::Change(_));
        for slot in self.0.iter_mut().filter(|slot| is_worth && slot.hears) {
            match &mut slot.source {
                Some(source) => source.hear(seen),
                None => slot.unheard.push(seen.clone()),
            }
        }
    }

    /// When the next poll is due, or the next part of one.
    pub(super) fn next_due(&self, once: bool) -> Option<DateTime<Utc>> {
        let due = |slot: &SourceSlot| slot.due.filter(|_| !(once && slot.started));
        self.0.iter().flat_map(|slot| [due(slot), slot.go_on]).flatten().min()
    }

    /// Whether any source is being polled, or has not come to the end of its poll.
    pub(super) fn is_busy(&self) -> bool {
        self.0.iter().any(|slot| slot.source.is_none() || slot.go_on.is_some())
    }

    /// The clock was set back by so much.
    pub(super) fn clock_was_set_back(&mut self, by: TimeDelta) {
        for slot in &mut self.0 {
            slot.due = slot.due.map(|at| at - by);
            slot.go_on = slot.go_on.map(|at| at - by);
            slot.polled = slot.polled.map(|at| at - by);
            slot.written = slot.written.take().map(|(at, state)| (at - by, state));
        }
    }

    /// The row of a source, if it differs from the stored one.
    pub(super) fn row_worth_writing(
        &mut self,
        index: usize,
        name: &str,
        state: &SourceState,
        now: DateTime<Utc>,
    ) -> Option<SourceRow> {
        let slot = self.0.get_mut(index)?;
        let failure = |state: &SourceState| state.failing.as_ref().map(|failing| failing.last.clone());
        let known = slot
            .written
            .as_ref()
            .is_some_and(|(at, written)| now - *at < WRITE_STATE && failure(written) == failure(state));
        if known && !slot.paid {
            return None;
        }
        slot.written = Some((now, state.clone()));
        Some(SourceRow { name: name.to_owned(), polled: slot.polled, state: state.clone() })
    }

    pub(super) fn rows(&self, history: &History) -> Vec<SourceRow> {
        let row = |slot: &SourceSlot| {
            Some(SourceRow { name: slot.name.clone(), polled: slot.polled, state: history.source(&slot.name)?.clone() })
        };
        self.0.iter().filter_map(row).collect()
    }
}

fn jitter(most: Option<Span>, random: &mut fastrand::Rng) -> TimeDelta {
    most.map_or(TimeDelta::zero(), |most| TimeDelta::milliseconds(random.i64(0..=most.delta().num_milliseconds())))
}

/// Doubles with each failure up to a limit, and is spread by a fifth, so that many do not come back at the same moment.
pub(super) fn back_off(first: TimeDelta, last: TimeDelta, failures: u32, random: &mut fastrand::Rng) -> TimeDelta {
    let doubled = first.checked_mul(1_i32 << failures.saturating_sub(1).min(16)).unwrap_or(last).min(last);
    doubled * 4 / 5 + TimeDelta::milliseconds(random.i64(0..=doubled.num_milliseconds() * 2 / 5))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_between_tries_grows_to_its_limit_and_is_spread_by_a_fifth() {
        let mut random = fastrand::Rng::with_seed(1);
        for (failures, seconds) in [(1, 15), (2, 30), (3, 60), (7, 900), (40, 900), (u32::MAX, 900)] {
            for _ in 0..100 {
                let wait = back_off(FIRST_RETRY, LAST_RETRY, failures, &mut random).num_milliseconds();
                assert!((seconds * 800..=seconds * 1200).contains(&wait), "{failures}: {wait} ms");
            }
        }
    }
}
