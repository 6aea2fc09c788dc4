//! The observations that rules use. It holds the longest window of any rule, plus every known error, and
//! gives the same answers for any order of the same observations.

mod changes;
mod endpoints;
mod seen;
mod states;

use std::collections::{BTreeMap, BTreeSet};

use account::inventory::{Inventory, ResourceKind, STALE};
use account::map::Change;
use billing::costs::CostLedger;
use billing::early::EarlyFigure;
use billing::ledger::Ledger;
use billing::regions::RegionFirstUse;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use lambda_log::fault::FailedInvocation;
use lambda_log::tally::{InvocationCounts, minute_of};
use model::calendar::day_start;

use super::fingerprints::{KnownError, KnownErrors};
use super::observation::{EndpointCheck, MetricPoint, Observation, ObservationBody, PingResult};
use changes::KnownChanges;
use endpoints::KnownEndpoints;
use seen::{drop_until, insert, moved, newest};

pub use seen::Timestamped;
pub use states::{FailureRun, ReceiverFailure, ReceiverState, SourceState};

/// Everything the rules know.
#[derive(Debug, Default)]
pub struct History {
    bill: Ledger,
    minutes: BTreeMap<String, BTreeMap<DateTime<Utc>, Timestamped<InvocationCounts>>>,
    faults: BTreeMap<String, BTreeMap<DateTime<Utc>, Vec<Timestamped<FailedInvocation>>>>,
    errors: KnownErrors,
    read_up_to: BTreeMap<String, DateTime<Utc>>,
    measured_up_to: BTreeMap<String, DateTime<Utc>>,
    pings: BTreeMap<String, BTreeMap<DateTime<Utc>, Vec<PingResult>>>,
    metrics: BTreeMap<(String, String), BTreeMap<DateTime<Utc>, MetricPoint>>,
    /// What stands behind the bill, by kind and region.
    inventories: BTreeMap<(ResourceKind, String), Timestamped<Inventory>>,
    /// Why a kind could not be read when it was last tried.
    unread: BTreeMap<(ResourceKind, String), Timestamped<(String, String)>>,
    /// What changed in the account.
    changes: KnownChanges,
    /// The regions that are new on the bill.
    regions: BTreeMap<String, RegionFirstUse>,
    endpoints: KnownEndpoints,
    sources: BTreeMap<String, SourceState>,
    /// The sources that make no call to AWS.
    without_account: BTreeSet<String>,
    receivers: BTreeMap<String, ReceiverState>,
}

/// The known resources of one kind in a region.
#[derive(Debug, Clone, Copy)]
pub struct KnownInventory<'a> {
    /// When it was last read, UTC.
    pub seen: DateTime<Utc>,
    /// The last inventory.
    pub inventory: &'a Inventory,
    /// Why it could not be read since, if it was tried.
    pub unknown: Option<&'a str>,
}

impl History {
    /// Records an observation.
    pub fn record(&mut self, observation: &Observation) {
        let Observation { at, seen, source, what } = observation;
        match what {
            ObservationBody::Cost(cost) => self.bill.record_cost(*seen, cost),
            // What they add up to comes as a cost.
            ObservationBody::Lines(_) => {}
            ObservationBody::Early(figure) => self.bill.record_early(*seen, source, figure),
            ObservationBody::Tally(tally) => {
                let minutes = self.minutes.entry(tally.function.clone()).or_default();
                let minute = minutes.entry(minute_of(*at)).or_insert_with(|| Timestamped {
                    seen: *seen,
                    it: InvocationCounts { function: tally.function.clone(), ..InvocationCounts::default() },
                });
                minute.seen = minute.seen.max(*seen);
                minute.it.add(tally);
            }
            ObservationBody::Fault(fault) => {
                if let Some(fingerprint) = &fault.fingerprint {
                    let (function, fingerprint) = (fault.function.clone(), fingerprint.clone());
                    self.errors.learn(KnownError { function, fingerprint, first: *at, seen: *seen, last: *seen });
                }
                let at_once = self.faults.entry(fault.function.clone()).or_default().entry(*at).or_default();
                insert(at_once, Timestamped { seen: *seen, it: fault.clone() });
            }
            ObservationBody::ReadUpTo(read) => moved(&mut self.read_up_to, &read.function, *at),
            ObservationBody::MeasuredUpTo(read) => moved(&mut self.measured_up_to, &read.function, *at),
            ObservationBody::Ping(ping) => {
                insert(self.pings.entry(ping.function.clone()).or_default().entry(*at).or_default(), ping.clone());
            }
            ObservationBody::Metric(point) => {
                self.metrics
                    .entry((point.function.clone(), point.metric.clone()))
                    .or_default()
                    .insert(*at, point.clone());
            }
            ObservationBody::Inventory(inventory) => {
                let key = (inventory.kind, inventory.region.clone());
                match &inventory.unknown {
                    Some(why) => newest(&mut self.unread, key, *seen, (source.clone(), why.clone())),
                    None => newest(&mut self.inventories, key, *seen, inventory.clone()),
                }
            }
            ObservationBody::Change(change) => self.changes.record(change),
            ObservationBody::NewRegion(new) => {
                // Two sources may read the same bill.
                let known = self.regions.entry(new.region.clone()).or_insert_with(|| new.clone());
                if new < known {
                    known.clone_from(new);
                }
            }
            // Rules do not speak of them.
            ObservationBody::Served(_) | ObservationBody::WarmDay(_) => {}
            ObservationBody::Endpoint(check) => self.endpoints.record(*at, check),
            ObservationBody::Answered => {
                if let Some(state) = self.sources.get_mut(source) {
                    state.answered = state.answered.max(Some(*seen));
                    // What failed after this answer has come first by chance.
                    state.failing.take_if(|failing| failing.until <= *seen);
                }
            }
            ObservationBody::Failed(failure) => {
                if let Some(state) =
                    self.sources.get_mut(source).filter(|state| state.answered.is_none_or(|answered| answered < *seen))
                {
                    let run = state.failing.get_or_insert_with(|| FailureRun {
                        since: *seen,
                        until: *seen,
                        polls: 0,
                        last: failure.clone(),
                    });
                    run.polls += 1;
                    run.since = run.since.min(*seen);
                    if run.until < *seen || (run.until == *seen && run.last <= *failure) {
                        (run.until, run.last) = (*seen, failure.clone());
                    }
                }
            }
        }
    }

    /// Whether it is a metric point that is already known.
    pub fn knows_point(&self, observation: &Observation) -> bool {
        let ObservationBody::Metric(point) = &observation.what else { return false };
        let of_function = (point.function.clone(), point.metric.clone());
        self.metrics.get(&of_function).and_then(|points| points.get(&observation.at)) == Some(point)
    }

    /// Handles a clock that was set back to `now`: what was seen later counts as seen now, so that it does not block
    /// new observations.
    pub fn clock_was_set_back(&mut self, now: DateTime<Utc>) {
        for state in self.sources.values_mut() {
            state.since = state.since.min(now);
            state.answered = state.answered.map(|at| at.min(now));
            if let Some(failing) = &mut state.failing {
                (failing.since, failing.until) = (failing.since.min(now), failing.until.min(now));
            }
        }
        for state in self.receivers.values_mut() {
            state.took = state.took.map(|at| at.min(now));
            if let Some(failing) = &mut state.failing {
                failing.since = failing.since.min(now);
            }
        }
        for at in self.read_up_to.values_mut().chain(self.measured_up_to.values_mut()) {
            *at = (*at).min(now);
        }
        for faults in self.faults.values_mut() {
            let later: Vec<Timestamped<FailedInvocation>> = faults.split_off(&now).into_values().flatten().collect();
            if !later.is_empty() {
                faults.insert(now, later);
            }
            faults.values_mut().flatten().for_each(|fault| fault.seen = fault.seen.min(now));
        }
        for minutes in self.minutes.values_mut() {
            for (_, later) in minutes.split_off(&minute_of(now)) {
                let minute = minutes.entry(minute_of(now)).or_insert_with(|| Timestamped {
                    seen: now,
                    it: InvocationCounts { function: later.it.function.clone(), ..InvocationCounts::default() },
                });
                minute.it.add(&later.it);
            }
            minutes.values_mut().for_each(|minute| minute.seen = minute.seen.min(now));
        }
        for pings in self.pings.values_mut() {
            let later: Vec<PingResult> = pings.split_off(&now).into_values().flatten().collect();
            if !later.is_empty() {
                pings.insert(now, later);
            }
        }
        self.bill.clock_was_set_back(now);
        for points in self.metrics.values_mut() {
            points.split_off(&now);
        }
        self.inventories.values_mut().for_each(|known| known.seen = known.seen.min(now));
        self.unread.values_mut().for_each(|unread| unread.seen = unread.seen.min(now));
        self.changes.clock_was_set_back(now);
        self.endpoints.clock_was_set_back(now);
    }

    /// Each endpoint that was checked, by its URL, with its last checks, the newest first.
    pub fn endpoints(&self) -> impl Iterator<Item = (&str, Vec<(DateTime<Utc>, &EndpointCheck)>)> {
        self.endpoints.all()
    }

    /// Starts to watch a source; what is already known of it stays.
    pub fn watch(&mut self, source: &str, now: DateTime<Utc>) {
        self.sources.entry(source.to_owned()).or_insert(SourceState { since: now, answered: None, failing: None });
    }

    /// Says of a source that it makes no call to AWS: that it answers says nothing of the credentials.
    pub fn needs_no_account(&mut self, source: &str) {
        self.without_account.insert(source.to_owned());
    }

    /// Puts back what the store knows of a source.
    pub fn restore(&mut self, source: &str, state: SourceState) {
        self.sources.insert(source.to_owned(), state);
    }

    /// Sets the state of a receiver.
    pub fn know_receiver(&mut self, name: &str, state: ReceiverState) {
        self.receivers.insert(name.to_owned(), state);
    }

    /// Puts back an error that the store knows.
    pub fn learn(&mut self, error: KnownError) {
        self.errors.learn(error);
    }

    /// Drops what no rule with a window of at most `window` can ask for any more.
    pub fn forget(&mut self, now: DateTime<Utc>, window: TimeDelta) {
        let edge = now - window;
        self.bill.forget(now);
        for minutes in self.minutes.values_mut() {
            minutes.retain(|minute, counted| *minute >= edge || counted.seen >= edge);
        }
        for faults in self.faults.values_mut() {
            faults.retain(|at, all| *at >= edge || all.iter().any(|fault| fault.seen >= edge));
        }
        for points in self.metrics.values_mut() {
            drop_until(points, |at| *at < edge);
        }
        for pings in self.pings.values_mut() {
            drop_until(pings, |at| *at < edge);
        }
        self.changes.forget(edge);
        self.regions.retain(|_, new| day_start(new.day) >= edge);
    }

    /// What is known of the bill, and before it.
    pub fn bill(&self) -> &Ledger {
        &self.bill
    }

    /// The cost ledger.
    pub fn costs(&self) -> &CostLedger {
        self.bill.costs()
    }

    /// Every early figure of the days up to and including `last`, latest day first.
    pub fn early(&self, last: NaiveDate) -> impl Iterator<Item = &EarlyFigure> {
        self.bill.early(last)
    }

    /// The functions whose logs are read.
    pub fn functions_read(&self) -> impl Iterator<Item = (&str, DateTime<Utc>)> {
        self.read_up_to.iter().map(|(function, at)| (function.as_str(), *at))
    }

    /// A function's counts from `from` to now, without durations and causes: adding those up is slow, and few rules
    /// need them.
    pub fn counted(&self, function: &str, from: DateTime<Utc>) -> InvocationCounts {
        let mut sum = InvocationCounts { function: function.to_owned(), ..InvocationCounts::default() };
        self.counts(function, from).for_each(|tally| sum.add_numbers(tally));
        sum
    }

    /// The same with everything that was counted.
    pub fn counted_with_durations(&self, function: &str, from: DateTime<Utc>) -> InvocationCounts {
        let mut sum = InvocationCounts { function: function.to_owned(), ..InvocationCounts::default() };
        self.counts(function, from).for_each(|tally| sum.add(tally));
        sum
    }

    fn counts(&self, function: &str, from: DateTime<Utc>) -> impl Iterator<Item = &InvocationCounts> {
        self.minutes
            .get(function)
            .into_iter()
            .flat_map(move |minutes| minutes.range(minute_of(from)..))
            .map(|(_, counted)| &counted.it)
    }

    /// A function's faults by time, oldest first, those that happened or were seen since `from`.
    pub fn faults(
        &self,
        function: &str,
        from: DateTime<Utc>,
    ) -> impl Iterator<Item = (DateTime<Utc>, &FailedInvocation)> {
        let all = self.faults.get(function).into_iter().flatten();
        all.flat_map(|(at, faults)| faults.iter().map(|fault| (*at, fault)))
            .filter(move |(at, fault)| *at >= from || fault.seen >= from)
            .map(|(at, fault)| (at, &fault.it))
    }

    /// When an error of a function happened for the first time ever, and when that was seen.
    pub fn first(&self, function: &str, fingerprint: &str) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        self.errors.first(function, fingerprint)
    }

    /// The functions that are pinged.
    pub fn functions_pinged(&self) -> impl Iterator<Item = &str> {
        self.pings.keys().map(String::as_str)
    }

    /// A function's pings, latest first.
    pub fn pings(&self, function: &str) -> impl Iterator<Item = (DateTime<Utc>, &PingResult)> {
        self.pings
            .get(function)
            .into_iter()
            .flat_map(|pings| pings.iter().rev())
            .flat_map(|(at, pings)| pings.iter().rev().map(|ping| (*at, ping)))
    }

    /// The functions whose metrics are read, and up to when they were.
    pub fn functions_measured(&self) -> impl Iterator<Item = (&str, DateTime<Utc>)> {
        self.measured_up_to.iter().map(|(function, at)| (function.as_str(), *at))
    }

    /// The points of a metric since `from`, oldest first.
    pub fn points(
        &self,
        function: &str,
        metric: &str,
        from: DateTime<Utc>,
    ) -> impl Iterator<Item = (DateTime<Utc>, &MetricPoint)> {
        self.metrics
            .get(&(function.to_owned(), metric.to_owned()))
            .into_iter()
            .flat_map(move |points| points.range(from..))
            .map(|(at, point)| (*at, point))
    }

    /// The last inventory of each kind and region.
    pub fn inventories(&self) -> impl Iterator<Item = KnownInventory<'_>> {
        self.inventories.iter().map(|(key, known)| KnownInventory {
            seen: known.seen,
            inventory: &known.it,
            unknown: self.unread.get(key).filter(|unread| unread.seen > known.seen).map(|unread| unread.it.1.as_str()),
        })
    }

    /// The inventories that can be taken for what is there at `now`.
    pub fn inventories_at(&self, now: DateTime<Utc>) -> Vec<&Inventory> {
        self.inventories()
            .filter(|known| known.unknown.is_none() && now - known.seen <= STALE)
            .map(|known| known.inventory)
            .collect()
    }

    /// The kinds that a source could not read when it last tried, in order.
    pub fn unread_by(&self, source: &str) -> Vec<ResourceKind> {
        let newer = |key: &(ResourceKind, String), unread: &Timestamped<(String, String)>| {
            self.inventories.get(key).is_none_or(|known| known.seen < unread.seen)
        };
        let kinds = self
            .unread
            .iter()
            .filter(|(key, unread)| unread.it.0 == source && newer(key, unread))
            .map(|((kind, _), _)| *kind);
        kinds.collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The changes of resources that were seen since `from`, oldest first, each once.
    pub fn changes(&self, from: DateTime<Utc>) -> impl Iterator<Item = Change> {
        self.changes.since(from)
    }

    /// The regions that are new on the bill since a UTC day, by name.
    pub fn new_regions(&self, from: NaiveDate) -> impl Iterator<Item = &RegionFirstUse> {
        self.regions.values().filter(move |new| new.day >= from)
    }

    /// The state of each source.
    pub fn sources(&self) -> impl Iterator<Item = (&str, &SourceState)> {
        self.sources.iter().map(|(name, state)| (name.as_str(), state))
    }

    /// The state of each source that asks AWS.
    pub fn sources_of_account(&self) -> impl Iterator<Item = (&str, &SourceState)> {
        self.sources().filter(|(name, _)| !self.without_account.contains(*name))
    }

    /// The state of each receiver of the configuration.
    pub fn receivers(&self) -> impl Iterator<Item = (&str, &ReceiverState)> {
        self.receivers.iter().map(|(name, state)| (name.as_str(), state))
    }

    /// The state of one receiver.
    pub fn receiver(&self, name: &str) -> Option<&ReceiverState> {
        self.receivers.get(name)
    }

    /// The state of one source.
    pub fn source(&self, name: &str) -> Option<&SourceState> {
        self.sources.get(name)
    }
}

#[cfg(test)]
mod tests;
