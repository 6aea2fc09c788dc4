//! Replays the observations of a store, each at the end of the minute in which it was seen.
//!
//! With many functions there is an observation every second, and a month would be judged millions of times. Minute by
//! minute it is judged as often as a quiet month, and nothing is known earlier than in reality.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use alerting::observation::{Observation, ObservationBody, ReadUpTo};
use alerting::rehearsal::ObservedSubjects;
use alerting::signs::{LivenessKind, LivenessRun};
use async_trait::async_trait;
use billing::early::EarlyOrigin;
use chrono::{DateTime, TimeDelta, Timelike, Utc};
use lambda_log::tally::minute_of;
use model::call_failure::CallFailure;
use model::glob::NamePattern;
use source::{PollOutput, Source};
use store::{AcknowledgementRecord, Store, StoreError};
use tokio::sync::{Mutex, MutexGuard};

/// So much of the store is in memory at a time; a whole hour of the clock.
const CHUNK: TimeDelta = TimeDelta::hours(1);
/// A run of signs is replayed with a sign this often.
const SIGN_EVERY: TimeDelta = TimeDelta::minutes(5);
/// The last answer of a source is not longer ago than this, or it counts as silent from the beginning of the replay on.
const ANSWERS: TimeDelta = TimeDelta::days(2);
/// Days of costs that rules look back on.
const COST_DAYS: TimeDelta = TimeDelta::days(80);

/// Which source gets which observations, by their index in the list of names: the store does not always have the
/// source, and the configuration may use another name for it.
#[derive(Debug, Default)]
pub(super) struct ReplayRoutes {
    /// The names of the sources.
    pub names: Vec<String>,
    /// Who sees costs.
    pub costs: Option<usize>,
    /// Who sees inventories.
    pub inventories: Option<usize>,
    /// Who sees changes of resources.
    pub changes: Option<usize>,
    /// The sources of early figures, by origin.
    pub early: Vec<(EarlyOrigin, usize)>,
    /// The sources that read logs, with their functions.
    pub logs: Vec<FunctionRoute>,
    /// The sources that read metrics, with their functions.
    pub metrics: Vec<FunctionRoute>,
    /// Who pings which function.
    pub pings: Vec<(usize, String)>,
}

impl ReplayRoutes {
    fn of(&self, what: &ObservationBody) -> Option<usize> {
        match what {
            ObservationBody::Cost(_) | ObservationBody::NewRegion(_) => self.costs,
            ObservationBody::Inventory(_) => self.inventories,
            ObservationBody::Change(_) => self.changes,
            ObservationBody::Early(figure) => {
                self.early.iter().find(|(origin, _)| *origin == figure.origin).map(|(_, source)| *source)
            }
            ObservationBody::Tally(tally) => by_pattern(&self.logs, &tally.function),
            ObservationBody::Fault(fault) => by_pattern(&self.logs, &fault.function),
            ObservationBody::Metric(point) => by_pattern(&self.metrics, &point.function),
            ObservationBody::Ping(ping) => {
                self.pings.iter().find(|(_, function)| *function == ping.function).map(|(source, _)| *source)
            }
            ObservationBody::Lines(_)
            | ObservationBody::Served(_)
            | ObservationBody::WarmDay(_)
            | ObservationBody::ReadUpTo(_)
            | ObservationBody::MeasuredUpTo(_)
            | ObservationBody::Endpoint(_)
            | ObservationBody::Answered
            | ObservationBody::Failed(_) => None,
        }
    }

    fn of_sign(&self, sign: &LivenessRun) -> Option<usize> {
        match sign.kind {
            LivenessKind::State => self.names.iter().position(|name| *name == sign.source),
            LivenessKind::Read => by_pattern(&self.logs, &sign.function),
            LivenessKind::Measured => by_pattern(&self.metrics, &sign.function),
        }
    }
}

/// A source that sees functions of one region.
#[derive(Debug, Clone)]
pub(super) struct FunctionRoute {
    /// The place of the source.
    pub source: usize,
    /// Its region; empty for the main one.
    pub region: String,
    /// The functions, by name or pattern.
    pub functions: Vec<NamePattern>,
}

fn by_pattern(all: &[FunctionRoute], function: &str) -> Option<usize> {
    let (name, region) = function.split_once('@').unwrap_or((function, ""));
    let sees =
        |route: &&FunctionRoute| route.region == region && route.functions.iter().any(|pattern| pattern.fits(name));
    all.iter().find(sees).map(|route| route.source)
}

/// How many observations of each kind were replayed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct ReplayCounts {
    /// Figures of costs, early ones among them.
    pub costs: u64,
    /// Minutes in which a function did something.
    pub minutes: u64,
    /// Faults.
    pub faults: u64,
    /// Pings.
    pub pings: u64,
    /// Points of metrics.
    pub points: u64,
}

impl ReplayCounts {
    fn count(&mut self, what: &ObservationBody) {
        match what {
            ObservationBody::Cost(_) | ObservationBody::Early(_) => self.costs += 1,
            ObservationBody::Tally(_) => self.minutes += 1,
            ObservationBody::Fault(_) => self.faults += 1,
            ObservationBody::Ping(_) => self.pings += 1,
            ObservationBody::Metric(_) => self.points += 1,
            ObservationBody::Lines(_)
            | ObservationBody::Served(_)
            | ObservationBody::WarmDay(_)
            | ObservationBody::Inventory(_)
            | ObservationBody::Change(_)
            | ObservationBody::NewRegion(_)
            | ObservationBody::ReadUpTo(_)
            | ObservationBody::MeasuredUpTo(_)
            | ObservationBody::Endpoint(_)
            | ObservationBody::Answered
            | ObservationBody::Failed(_) => {}
        }
    }
}

/// A store that is replayed to several sources.
pub(super) struct StoreReplay {
    store: Store,
    routes: ReplayRoutes,
    /// What is counted, and what it speaks of, from then on, UTC.
    counted_from: DateTime<Utc>,
    /// Told how far the replay is.
    progress: Box<dyn Fn(DateTime<Utc>) + Send + Sync>,
    reel: Mutex<ReplayState>,
}

/// Where the tape is.
#[derive(Default)]
struct ReplayState {
    /// Everything that was seen before this has been read from the store.
    loaded: DateTime<Utc>,
    end: DateTime<Utc>,
    queues: Vec<SourceQueue>,
    counts: ReplayCounts,
    met: ObservedSubjects,
    /// Acknowledgements still to come, and the rehearsal's own store that hears of them.
    acks: VecDeque<AcknowledgementRecord>,
    ear: Option<Store>,
    failed: Option<StoreError>,
}

/// What one source is still to see.
#[derive(Default)]
struct SourceQueue {
    observations: VecDeque<(DateTime<Utc>, Observation)>,
    state: RunQueue,
    read: BTreeMap<String, RunQueue>,
    measured: BTreeMap<String, RunQueue>,
}

/// The runs of signs of one kind, oldest first, and the one that goes on.
#[derive(Default)]
struct RunQueue {
    to_come: VecDeque<LivenessRun>,
    now: Option<(DateTime<Utc>, Option<CallFailure>)>,
    said: Option<DateTime<Utc>>,
}

impl RunQueue {
    /// The newest moment up to `now` that there was a sign of, if there is a newer one than was said last.
    fn latest(&mut self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let until = self.now.as_ref().map(|(until, _)| (*until).min(now))?;
        let newer = self.said.is_none_or(|said| said < until);
        self.said = self.said.max(Some(until));
        newer.then_some(until)
    }

    /// Begins the next run if it is time to.
    fn begin(&mut self, now: DateTime<Utc>) -> Option<LivenessRun> {
        let sign = self.to_come.pop_front_if(|sign| sign.since <= now)?;
        // Two sources may have read the same function: what one of them has read is read.
        let until = self
            .now
            .take()
            .filter(|(_, failure)| failure.is_none() && sign.failure.is_none())
            .map_or(sign.until, |(until, _)| until.max(sign.until));
        self.now = Some((until, sign.failure.clone()));
        Some(sign)
    }

    /// When there is a sign to be said next.
    fn next(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let end = self
            .now
            .as_ref()
            .map(|(until, _)| end_of_minute(*until))
            .filter(|until| *until > now)
            .map(|until| until.min(now + SIGN_EVERY));
        let begin = self.to_come.front().map(|sign| end_of_minute(sign.since));
        [end, begin].into_iter().flatten().min()
    }
}

/// The first whole minute that is not before an instant.
fn end_of_minute(at: DateTime<Utc>) -> DateTime<Utc> {
    let start = minute_of(at);
    if start == at { at } else { start + TimeDelta::minutes(1) }
}

impl StoreReplay {
    /// A replay of a store. Observations from `counted_from` on are counted.
    pub(super) fn new(
        store: Store,
        routes: ReplayRoutes,
        counted_from: DateTime<Utc>,
        progress: Box<dyn Fn(DateTime<Utc>) + Send + Sync>,
    ) -> Arc<Self> {
        Arc::new(Self { store, routes, counted_from, progress, reel: Mutex::default() })
    }

    /// Seeks to `from`, with `to` as the end: the window of the rules before `from`, at most `look_back`, is replayed
    /// at once.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub(super) async fn wind(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        look_back: TimeDelta,
    ) -> Result<(), StoreError> {
        let mut reel = self.reel.lock().await;
        reel.queues = self.routes.names.iter().map(|_| SourceQueue::default()).collect();
        (reel.loaded, reel.end) = (from, to);
        let mut before = self.store.costs_seen_before(from, (from - COST_DAYS).date_naive()).await?;
        before.extend(self.store.inventories_before(from).await?);
        let mut start = from - look_back;
        self.hand_out(&mut reel, before, from);
        while start < from {
            let end = (start + CHUNK).min(from);
            let seen = self.store.seen_between(start, end).await?;
            let kept = |observation: &Observation| {
                !matches!(
                    observation.what,
                    ObservationBody::Cost(_) | ObservationBody::Inventory(_) | ObservationBody::Early(_)
                )
            };
            self.hand_out(&mut reel, seen.into_iter().filter(kept), from);
            start = end;
        }
        let signs = self.store.signs_between(from - look_back.max(ANSWERS), to).await?;
        for sign in signs {
            let Some(queue) = self.routes.of_sign(&sign).and_then(|source| reel.queues.get_mut(source)) else {
                continue;
            };
            match sign.kind {
                LivenessKind::State => queue.state.to_come.push_back(sign),
                LivenessKind::Read => queue.read.entry(sign.function.clone()).or_default().to_come.push_back(sign),
                LivenessKind::Measured => {
                    queue.measured.entry(sign.function.clone()).or_default().to_come.push_back(sign);
                }
            }
        }
        Ok(())
    }

    /// The sources that see what is on the tape, by name.
    pub(super) fn sources(self: &Arc<Self>) -> Vec<Box<dyn Source>> {
        let source = |(place, name): (usize, &String)| {
            Box::new(ReplayedSource { name: name.clone(), place, tape: Arc::clone(self) }) as Box<dyn Source>
        };
        self.routes.names.iter().enumerate().map(source).collect()
    }

    /// Acknowledgements are repeated in `ear`, each at its time; the oldest is first.
    pub(super) async fn repeat(&self, acks: Vec<AcknowledgementRecord>, ear: Store) {
        let mut reel = self.reel.lock().await;
        (reel.acks, reel.ear) = (acks.into(), Some(ear));
    }

    /// The number of replayed observations, and their subjects.
    ///
    /// # Errors
    /// The first failure of the store, if it has failed meanwhile.
    pub(super) async fn replayed(&self) -> Result<(ReplayCounts, ObservedSubjects), StoreError> {
        let mut reel = self.reel.lock().await;
        match reel.failed.take() {
            Some(error) => Err(error),
            None => Ok((reel.counts, reel.met.clone())),
        }
    }

    /// Gives observations to the sources that see them, not before `from`.
    fn hand_out(&self, reel: &mut ReplayState, seen: impl IntoIterator<Item = Observation>, from: DateTime<Utc>) {
        for mut observation in seen {
            let Some(source) = self.routes.of(&observation.what) else { continue };
            let (Some(name), Some(queue)) = (self.routes.names.get(source), reel.queues.get_mut(source)) else {
                continue;
            };
            observation.source.clone_from(name);
            queue.observations.push_back((end_of_minute(observation.seen).max(from), observation));
        }
    }

    /// Reads on, so that everything is there that is seen by `now`.
    async fn load(&self, reel: &mut ReplayState, now: DateTime<Utc>) -> Result<(), StoreError> {
        while reel.loaded <= now && reel.loaded < reel.end {
            let hour = reel.loaded - TimeDelta::seconds(i64::from(reel.loaded.num_seconds_from_midnight() % 3600));
            let end = (minute_of(hour) + CHUNK).min(reel.end);
            let seen = self.store.seen_between(reel.loaded, end).await?;
            let from = reel.loaded;
            let counted = seen.iter().filter(|observation| {
                observation.seen >= self.counted_from && self.routes.of(&observation.what).is_some()
            });
            counted.for_each(|observation| reel.counts.count(&observation.what));
            self.hand_out(reel, seen, from);
            reel.loaded = end;
            (self.progress)(end);
        }
        while let (Some(ear), Some(acked)) = (&reel.ear, reel.acks.front().filter(|acked| acked.ack.at <= now)) {
            ear.acknowledge_again(acked).await?;
            reel.acks.pop_front();
        }
        Ok(())
    }

    async fn gather(&self, place: usize, now: DateTime<Utc>) -> PollOutput {
        let mut gathered = PollOutput::default();
        let mut reel: MutexGuard<'_, ReplayState> = self.reel.lock().await;
        if reel.failed.is_none()
            && let Err(error) = self.load(&mut reel, now).await
        {
            reel.failed = Some(error);
        }
        let ReplayState { loaded, end, queues, met, acks, .. } = &mut *reel;
        let (Some(queue), Some(name)) = (queues.get_mut(place), self.routes.names.get(place)) else { return gathered };
        let mut saw = |at, seen, what| gathered.observations.push(Observation { at, seen, source: name.clone(), what });
        let (mut read, mut measured) = (BTreeSet::new(), BTreeSet::new());
        let mut reached = Vec::new();
        while let Some((_, observation)) = queue.observations.pop_front_if(|(at, _)| *at <= now) {
            match &observation.what {
                ObservationBody::Tally(tally) => reached.push((tally.function.clone(), observation.seen)),
                ObservationBody::Fault(fault) => reached.push((fault.function.clone(), observation.seen)),
                ObservationBody::Metric(point) => drop(measured.insert((point.function.clone(), observation.seen))),
                ObservationBody::Ping(ping) => drop(met.pinged.insert(ping.function.clone())),
                ObservationBody::Cost(_) => met.costs = true,
                ObservationBody::Early(_) => met.early = true,
                ObservationBody::Inventory(_) => met.inventories = true,
                ObservationBody::Change(_) => met.changes = true,
                ObservationBody::Lines(_)
                | ObservationBody::Served(_)
                | ObservationBody::WarmDay(_)
                | ObservationBody::NewRegion(_)
                | ObservationBody::ReadUpTo(_)
                | ObservationBody::MeasuredUpTo(_)
                | ObservationBody::Endpoint(_)
                | ObservationBody::Answered
                | ObservationBody::Failed(_) => {}
            }
            saw(observation.at, observation.seen, observation.what);
        }
        // A source that has seen something of a function has read it.
        read.extend(reached);
        for (function, run) in &mut queue.read {
            while run.begin(now).is_some() {}
            read.extend(run.latest(now).map(|at| (function.clone(), at)));
        }
        for (function, run) in &mut queue.measured {
            while run.begin(now).is_some() {}
            measured.extend(run.latest(now).map(|at| (function.clone(), at)));
        }
        for (function, at) in read {
            met.read.insert(function.clone());
            saw(at, at, ObservationBody::ReadUpTo(ReadUpTo { function }));
        }
        for (function, at) in measured {
            met.measured.insert(function.clone());
            saw(at, at, ObservationBody::MeasuredUpTo(ReadUpTo { function }));
        }
        states(&mut queue.state, now, |at, what| {
            met.sources.insert(name.clone());
            saw(at, at, what);
        });
        let runs =
            queue.read.values().chain(queue.measured.values()).chain([&queue.state]).filter_map(|run| run.next(now));
        let next = queue.observations.front().map(|(at, _)| *at).into_iter().chain(runs);
        let more = (*loaded < *end).then_some(*loaded);
        let acked = acks.front().filter(|_| place == 0).map(|acked| end_of_minute(acked.ack.at));
        gathered.go_on_at = next.chain(more).chain(acked).filter(|at| *at > now).min();
        gathered
    }
}

/// Says how a source was: each run at its beginning, and how it goes on.
fn states(run: &mut RunQueue, now: DateTime<Utc>, mut saw: impl FnMut(DateTime<Utc>, ObservationBody)) {
    loop {
        let failure = run.now.as_ref().and_then(|(_, failure)| failure.clone());
        // The end of one run comes before the beginning of the next.
        let next = run.to_come.front().filter(|sign| sign.since <= now).map(|sign| sign.since);
        if let Some(at) = run.latest(next.unwrap_or(now)) {
            match failure {
                // How often it fails does not matter, only that it has not stopped to.
                Some(failure) => saw(at, ObservationBody::Failed(failure)),
                None => saw(at, ObservationBody::Answered),
            }
        }
        let Some(sign) = run.begin(now) else { return };
        run.said = Some(sign.since);
        match sign.failure {
            Some(failure) => saw(sign.since, ObservationBody::Failed(failure)),
            None => saw(sign.since, ObservationBody::Answered),
        }
    }
}

/// A source of the configuration that sees what is on the tape.
struct ReplayedSource {
    name: String,
    place: usize,
    tape: Arc<StoreReplay>,
}

#[async_trait]
impl Source for ReplayedSource {
    fn name(&self) -> &str {
        &self.name
    }

    async fn poll(&mut self, now: DateTime<Utc>) -> PollOutput {
        self.tape.gather(self.place, now).await
    }

    async fn go_on(&mut self, now: DateTime<Utc>) -> PollOutput {
        self.tape.gather(self.place, now).await
    }
}
