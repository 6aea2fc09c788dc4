//! The loop: gather, decide, commit, deliver. It knows sources, receivers and time only as traits.

mod alarm;
mod deliver;
mod monthly;
mod slots;
mod tasks;

use std::collections::BTreeMap;
use std::sync::Arc;

use alarm::StoreAlarm;
use alerting::decide::{OpenIncidents, Rulebook, decide, decision_time, renamed};
use alerting::history::{History, ReceiverState};
use alerting::incident::{IncidentEvent, IncidentState};
use alerting::notification::Notification;
use alerting::observation::ObservationBody;
use alerting::operator::OperatorActions;
use alerting::signs::LivenessLog;
use aws::meter::CallMeter;
use chrono::{DateTime, TimeDelta, Utc};
use clock::Clock;
use deliver::{DeliveryContext, DeliveryQueues};
use futures::future::{BoxFuture, FutureExt};
use futures::stream::{FuturesUnordered, StreamExt};
use model::calendar::Month;
use model::span::spoken;
use monthly::ReportPlan;
use notify::{Heartbeat, Receiver};
use slots::{PollEnd, SourceSlots};
use store::{Commit, Store, StoreError};
use tasks::{FinishedPoll, FinishedTask, PendingTasks};

pub use monthly::{MonthReporter, MonthlyReports};
pub use slots::SourceSlot;

/// Rules are judged at least this often, since time alone can change a verdict.
const JUDGE: TimeDelta = TimeDelta::minutes(1);
/// When they are judged first, unless a first call has ended before.
const FIRST_JUDGED: TimeDelta = TimeDelta::seconds(1);
/// Silences and acknowledgements are read from the store no more often than this.
const HEAR: TimeDelta = TimeDelta::milliseconds(100);
/// How often old rows are dropped.
const PRUNE: TimeDelta = TimeDelta::hours(6);
/// How long work that has begun may go on after the daemon was asked to stop; systemd and Docker wait ten seconds.
const DRAIN: TimeDelta = TimeDelta::seconds(8);

/// Notified that the loop runs, such as the watchdog of the service manager.
pub trait Watchdog: Send {
    /// The loop is ready and begins to turn.
    fn ready(&mut self) {}
    /// The loop has turned.
    fn turned(&mut self) {}
    /// The loop stops.
    fn stopping(&mut self) {}
    /// How often [`Watchdog::turned`] is expected at least.
    fn interval(&self) -> Option<TimeDelta> {
        None
    }
}

/// A watchdog that does nothing.
pub struct NoWatchdog;
impl Watchdog for NoWatchdog {}

/// Everything a daemon is made of.
pub struct DaemonParts {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The store.
    pub store: Store,
    /// Counts the own calls.
    pub meter: Arc<CallMeter>,
    /// The rules and receiver policies.
    pub book: Rulebook,
    /// What is polled.
    pub slots: Vec<SourceSlot>,
    /// The receivers.
    pub receivers: BTreeMap<String, Arc<dyn Receiver>>,
    /// How long single observations are kept.
    pub keep: TimeDelta,
    /// How long what functions did by minutes is; at least `window`.
    pub keep_minutes: TimeDelta,
    /// The longest window of any rule.
    pub window: TimeDelta,
    /// How long observations that change nothing may wait to be written together. A process that is killed loses so
    /// much of its pings; logs and bills are read again from where the last commit left off.
    pub write_every: TimeDelta,
    /// Where jitter comes from.
    pub random: fastrand::Rng,
    /// The local watchdog.
    pub pulse: Box<dyn Watchdog>,
    /// The outgoing heartbeat.
    pub heart: Option<Arc<dyn Heartbeat>>,
    /// Who gets the report of a month.
    pub monthly: Option<MonthlyReports>,
}

/// The result of a run.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct RunSummary {
    /// Names of sources whose last poll failed, with the failure.
    pub failed_sources: Vec<(String, String)>,
    /// Receivers that have something waiting, with the reason.
    pub waiting_receivers: Vec<(String, String)>,
}

/// How long to run.
pub enum StopCondition {
    /// Everything due is polled once, judged and delivered.
    Once,
    /// Until the future ends.
    Told(BoxFuture<'static, ()>),
    /// Until an instant of the clock.
    Instant(DateTime<Utc>),
}

/// The loop and its state.
pub struct Daemon {
    parts: DaemonParts,
    history: History,
    open: OpenIncidents,
    orders: OperatorActions,
    /// The store's version when the orders were read.
    orders_read: Option<i64>,
    /// When it was last asked whether anybody has written to the store.
    heard: Option<DateTime<Utc>>,
    slots: SourceSlots,
    reports: Option<ReportPlan>,
    deliveries: DeliveryQueues,
    signs: LivenessLog,
    pending: Commit,
    /// Since when something is pending.
    pending_since: Option<DateTime<Utc>>,
    under_way: PendingTasks,
    judged: Option<DateTime<Utc>>,
    /// When the last incident ended.
    ended: Option<DateTime<Utc>>,
    pruned: DateTime<Utc>,
    /// The latest time the clock has shown.
    latest: DateTime<Utc>,
    /// When the heart beats next; while it is beating, never.
    beat: Option<DateTime<Utc>>,
    alarm: StoreAlarm,
    /// The first turn is to come.
    starts: bool,
    once: bool,
}

impl Daemon {
    /// Puts a daemon together, and puts back what the store knows.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub async fn new(mut parts: DaemonParts) -> Result<Self, StoreError> {
        let now = parts.clock.now();
        let mut loaded = parts.store.load(now, parts.window).await?;
        parts.meter.restore(Month::of(now.date_naive()), loaded.spent);
        let mut history = History::default();
        let mut slots = SourceSlots::new(std::mem::take(&mut parts.slots));
        for slot in slots.iter_mut() {
            let known = loaded.sources.iter().find(|row| row.name == slot.name());
            if let Some(row) = known {
                history.restore(slot.name(), row.state.clone());
            }
            history.watch(slot.name(), now);
            if !slot.asks_aws() {
                history.needs_no_account(slot.name());
            }
            let cursors = loaded.cursors.remove(slot.name()).unwrap_or_default();
            slot.restore(cursors, known, now);
        }
        for name in parts.receivers.keys() {
            history.know_receiver(name, loaded.receivers.remove(name).unwrap_or_default());
        }
        let cursor =
            loaded.cursors.remove(monthly::SOURCE).and_then(|mut of_reports| of_reports.remove(ReportPlan::key()));
        let reports = parts.monthly.take().map(|monthly| ReportPlan::new(monthly, cursor.as_ref(), now));
        let (open, changed) = renamed(loaded.open, &parts.book.rules);
        let deliveries = DeliveryQueues::to(std::mem::take(&mut parts.receivers));
        let mut signs = LivenessLog::default();
        signs.restore(std::mem::take(&mut loaded.signs));
        loaded.errors.into_iter().for_each(|error| history.learn(error));
        loaded.observations.iter().for_each(|observation| history.record(observation));
        // What the store knows of the time to come was seen by a clock that was ahead.
        history.clock_was_set_back(now);
        Ok(Self {
            beat: parts.heart.as_ref().map(|_| now),
            parts,
            history,
            open,
            orders: loaded.orders,
            orders_read: None,
            heard: None,
            slots,
            reports,
            deliveries,
            signs,
            pending: Commit { incidents: changed, ..Commit::default() },
            pending_since: None,
            under_way: FuturesUnordered::new(),
            judged: None,
            ended: None,
            pruned: now - PRUNE,
            latest: now,
            alarm: StoreAlarm::default(),
            starts: true,
            once: false,
        })
    }

    /// Runs until it is time to stop. Pending work then gets eight seconds to end.
    ///
    /// # Errors
    /// Only if the store could not be written at the very end; before that a failed write is tried again.
    pub async fn run(mut self, until: StopCondition) -> Result<RunSummary, StoreError> {
        self.once = matches!(until, StopCondition::Once);
        let (mut told, end) = match until {
            StopCondition::Once => (futures::future::pending().boxed(), None),
            StopCondition::Told(told) => (told, None),
            StopCondition::Instant(end) => (futures::future::pending().boxed(), Some(end)),
        };
        self.parts.pulse.ready();
        loop {
            let now = self.parts.clock.now();
            self.notice_a_clock_set_back(now);
            if end.is_some_and(|end| now >= end) {
                break;
            }
            self.turn(now).await;
            if self.once && self.finished(now) {
                break;
            }
            let clock = Arc::clone(&self.parts.clock);
            let wake = self.next_wake(now).min(end.unwrap_or(DateTime::<Utc>::MAX_UTC));
            let busy = !self.under_way.is_empty();
            tokio::select! {
                biased;
                () = &mut told => break,
                Some(done) = self.under_way.next(), if busy => self.take_all(done).await,
                () = clock.wait_until(wake, busy) => {}
            }
        }
        self.drain().await?;
        if let Some(heart) = self.parts.heart.clone().filter(|_| self.once) {
            self.beaten(heart.beat().await);
        }
        let summary = self.summary().await?;
        self.parts.store.close().await;
        Ok(summary)
    }

    /// Starts whatever is due, and judges if it is time to.
    async fn turn(&mut self, now: DateTime<Utc>) {
        self.parts.pulse.turned();
        self.slots.start_due(now, self.once, &self.under_way);
        // The first calls do not wait for the disk: what the store knows is judged when one of them has ended, or soon.
        if std::mem::take(&mut self.starts) && !self.under_way.is_empty() {
            return;
        }
        self.hear(now).await;
        if self.judged.is_none_or(|judged| now - judged >= JUDGE) && !(self.once && self.slots.is_busy()) {
            self.judge(now).await;
        }
        self.plan_reports(now).await;
        self.deliver(now).await;
        if now - self.pruned >= PRUNE {
            self.pruned = now;
            self.history.forget(now, self.parts.window);
            if let Err(error) = self.parts.store.prune(now, self.parts.keep, self.parts.keep_minutes).await {
                tracing::error!("{error}");
            }
        }
        self.beat(now);
    }

    /// Puts the report of a month into the outbox when it is due.
    async fn plan_reports(&mut self, now: DateTime<Utc>) {
        let Some(reports) = &mut self.reports else { return };
        if let Some((messages, cursor)) = reports.due(&self.parts.store, self.slots.is_busy(), now).await {
            self.pending.messages.extend(messages);
            self.pending.cursors.push(cursor);
            self.commit(now).await;
        }
    }

    /// Reads what people have said, if anybody has written to the store.
    async fn hear(&mut self, now: DateTime<Utc>) {
        // A turn follows what it was woken for: asking again within the same moment would only ask the same twice.
        if self.heard.replace(now).is_some_and(|heard| (TimeDelta::zero()..HEAR).contains(&(now - heard))) {
            return;
        }
        let version = match self.parts.store.data_version().await {
            Ok(version) if self.orders_read == Some(version) => return,
            Ok(version) => version,
            Err(_) => return,
        };
        match self.parts.store.orders(now).await {
            Ok(orders) => {
                self.orders_read = Some(version);
                if orders != self.orders {
                    self.orders = orders;
                    self.deliveries.look_again();
                }
            }
            Err(error) => tracing::error!("{error}"),
        }
    }

    /// Tells the world outside that the loop turns, and that what it finds out can be kept.
    fn beat(&mut self, now: DateTime<Utc>) {
        let Some(heart) = self.parts.heart.clone() else { return };
        let judges = self.judged.is_some_and(|judged| now - judged < JUDGE * 3);
        if self.once || self.beat.is_none_or(|beat| beat > now) {
            return;
        }
        if !judges || self.alarm.is_on() {
            // It misses a beat, and does not make up for it.
            self.beat = Some(now + heart.every());
            return;
        }
        self.beat = None;
        self.under_way.push(async move { FinishedTask::Beaten(heart.beat().await) }.boxed());
    }

    fn beaten(&mut self, answer: Result<(), String>) {
        if let Err(why) = answer {
            tracing::warn!("the heartbeat failed: {why}");
        }
        self.beat = self.parts.heart.as_ref().map(|heart| self.parts.clock.now() + heart.every());
    }

    /// A clock that is set back must not make anything wait for the time it showed before.
    fn notice_a_clock_set_back(&mut self, now: DateTime<Utc>) {
        let by = self.latest - now;
        self.latest = now;
        if by <= TimeDelta::seconds(1) {
            return;
        }
        tracing::warn!("the clock was set back by {}", spoken(by));
        self.history.clock_was_set_back(now);
        self.slots.clock_was_set_back(by);
        self.deliveries.clock_was_set_back(now, by);
        self.reports.iter_mut().for_each(|reports| reports.clock_was_set_back(now));
        let waits = |(name, state): (&str, &ReceiverState)| {
            Some((name.to_owned(), ReceiverState { not_before: Some(state.not_before? - by), ..state.clone() }))
        };
        let waiting: Vec<(String, ReceiverState)> = self.history.receivers().filter_map(waits).collect();
        waiting.iter().for_each(|(name, state)| self.history.know_receiver(name, state.clone()));
        self.pending.receivers.extend(waiting);
        self.judged = self.judged.map(|at| at.min(now));
        self.pending_since = self.pending_since.map(|at| at.min(now));
        self.pruned = self.pruned.min(now);
        self.beat = self.beat.map(|at| at - by);
    }

    /// Takes in what has ended, and everything else that ended meanwhile, so that they are judged together.
    async fn take_all(&mut self, first: FinishedTask) {
        let mut seen = self.take(first).await;
        while let Some(Some(done)) = self.under_way.next().now_or_never() {
            seen |= self.take(done).await;
        }
        // In one full pass the verdict waits until everything has been seen.
        if seen && !(self.once && self.slots.is_busy()) {
            // What was said while a poll went on counts for what is made of it.
            self.hear(self.parts.clock.now()).await;
            self.judge(self.parts.clock.now()).await;
        }
    }

    /// Whether something was seen that a rule may speak of.
    async fn take(&mut self, done: FinishedTask) -> bool {
        let now = self.parts.clock.now();
        match done {
            FinishedTask::Polled(polled) => {
                // A part of a long poll that found nothing is no reason to judge; its end is.
                let worth =
                    polled.gathered.go_on_at.is_none()
                        || polled.gathered.observations.iter().any(|seen| {
                            !matches!(seen.what, ObservationBody::ReadUpTo(_) | ObservationBody::Served(_))
                        });
                self.absorb(*polled, now);
                worth
            }
            FinishedTask::Delivered(delivered) => {
                let ended = self
                    .deliveries
                    .ended(*delivered, &self.parts.store, &mut self.history, &mut self.parts.random, now)
                    .await;
                match ended {
                    Ok(None) => {}
                    Ok(Some(stopped)) => self.divert(&stopped, now).await,
                    Err(error) => {
                        tracing::error!("{error}");
                        self.deliveries.store_failed(now);
                    }
                }
                // How a receiver is, is something that rules speak of.
                true
            }
            FinishedTask::Beaten(answer) => {
                self.beaten(answer);
                false
            }
            FinishedTask::Alarmed => {
                self.alarm.has_spoken();
                false
            }
        }
    }

    /// A receiver has begun to refuse everything: what waits for it is told to its fallback as well. It keeps its own,
    /// for when it is mended.
    async fn divert(&mut self, stopped: &str, now: DateTime<Utc>) {
        let Some(fallback) = self.parts.book.terms.get(stopped).and_then(|terms| terms.fallback.clone()) else {
            return;
        };
        let mut waiting = Vec::new();
        let looked = self.parts.store.waiting(stopped, |one| {
            waiting.push(one);
            true
        });
        if let Err(error) = looked.await {
            tracing::error!("{error}");
            return;
        }
        for one in waiting {
            if one.incident.receivers.contains(&fallback) {
                continue;
            }
            let event = one.events.last().map_or(IncidentEvent::Firing, |(event, _)| *event);
            self.pending.notifications.push(Notification {
                incident: one.incident.id.clone(),
                receiver: fallback.clone(),
                event,
                at: now,
            });
            let identity = (one.incident.rule.clone(), one.incident.subject.clone());
            if let Some(open) = self.open.get_mut(&identity).filter(|open| open.id == one.incident.id) {
                open.receivers.push(fallback.clone());
                self.pending.incidents.push(open.clone());
            }
        }
        self.commit(now).await;
    }

    fn absorb(&mut self, mut polled: FinishedPoll, now: DateTime<Utc>) {
        let name = polled.source.name().to_owned();
        // Points of metrics are asked for again for as long as they may grow; most have not.
        polled.gathered.observations.retain(|observation| !self.history.knows_point(observation));
        for observation in &polled.gathered.observations {
            if let ObservationBody::Failed(failure) = &observation.what {
                tracing::warn!(source = %name, "{failure}");
            }
            self.signs.saw(observation);
            self.slots.hear(observation);
            self.history.record(observation);
        }
        tracing::debug!(source = %name, observations = polled.gathered.observations.len(), "polled");
        self.pending
            .cursors
            .extend(polled.gathered.cursors.iter().map(|(key, value)| (name.clone(), key.clone(), value.clone())));
        if let Some(state) = self.history.source(&name) {
            self.pending.sources.extend(self.slots.row_worth_writing(polled.index, &name, state, now));
        }
        let (failed, go_on_at) = (polled.gathered.failed(), polled.gathered.go_on_at);
        self.pending
            .observations
            .extend(polled.gathered.observations.into_iter().filter(|observation| observation.what.is_kept()));
        self.slots.ended(
            PollEnd { index: polled.index, source: polled.source, failed, go_on_at },
            &mut self.parts.random,
            now,
        );
    }

    /// Judges every rule, and commits what follows together with everything gathered so far.
    async fn judge(&mut self, clock: DateTime<Utc>) {
        let now = decision_time(clock, self.ended);
        self.judged = Some(now);
        self.parts.store.touch(now);
        self.signs.turned(now);
        let decision = decide(&self.parts.book, &self.history, &self.open, &self.orders, now);
        for incident in &decision.incidents {
            let identity = (incident.rule.clone(), incident.subject.clone());
            self.ended = incident.resolved.or(self.ended);
            match incident.state {
                IncidentState::Resolved => self.open.remove(&identity),
                IncidentState::Pending | IncidentState::Firing => self.open.insert(identity, incident.clone()),
            };
            if incident.fired.is_some() {
                tracing::info!(incident = %incident.id, rule = %incident.rule, "{}: {}", incident.state.word(), incident.finding.headline);
            }
        }
        self.pending.incidents.extend(decision.incidents);
        self.pending.notifications.extend(decision.notifications);
        self.commit(now).await;
    }

    /// Commits what is pending. If the store refuses, it stays pending, and nothing of it is told to anybody.
    async fn commit(&mut self, now: DateTime<Utc>) {
        if self.pending.is_empty() && !self.signs.are_due(now) {
            return;
        }
        let since = *self.pending_since.get_or_insert(now);
        let urgent = self.once
            || !self.pending.incidents.is_empty()
            || !self.pending.notifications.is_empty()
            || !self.pending.messages.is_empty()
            || self.pending.sources.iter().any(|row| row.state.failing.is_some());
        if !urgent && now - since < self.parts.write_every {
            return;
        }
        self.pending.spent.extend(self.parts.meter.take_unsaved());
        self.pending.signs.extend(self.signs.take(now));
        match self.parts.store.commit(&self.pending).await {
            Ok(()) => {
                if !self.pending.incidents.is_empty() {
                    // A change of an incident may also free what waits, or make it needless.
                    self.deliveries.look_again();
                }
                for notification in &self.pending.notifications {
                    self.deliveries.look_for(&notification.receiver);
                }
                for planned in &self.pending.messages {
                    self.deliveries.look_for(&planned.receiver);
                }
                self.pending = Commit::default();
                self.pending_since = None;
                if !self.once {
                    self.alarm.store_works(&self.deliveries, now, &self.under_way);
                }
            }
            Err(error) => {
                tracing::error!("{error}; retrying");
                if !self.once {
                    self.alarm.store_fails(&error, &self.deliveries, now, &self.under_way);
                }
            }
        }
    }

    async fn deliver(&mut self, now: DateTime<Utc>) {
        if self.alarm.is_speaking() {
            return;
        }
        let DaemonParts { store, book, .. } = &self.parts;
        let situation = DeliveryContext {
            store,
            book,
            history: &self.history,
            open: &self.open,
            orders: &self.orders,
            once: self.once,
        };
        if let Err(error) = self.deliveries.start_due(&situation, now, &self.under_way).await {
            tracing::error!("{error}");
            self.deliveries.store_failed(now);
        }
    }

    fn next_wake(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let judge = self.judged.map_or(now + FIRST_JUDGED, |judged| judged + JUDGE);
        let pulse = self.parts.pulse.interval().map(|interval| now + interval);
        // One that is due and waits for the sources is looked at when they have answered.
        let report = self.reports.as_ref().and_then(ReportPlan::next).filter(|next| *next > now);
        let delivery = self.deliveries.next_due().filter(|_| !self.alarm.is_speaking());
        [Some(judge), self.slots.next_due(self.once), delivery, pulse, self.beat.filter(|_| !self.once), report]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(judge)
    }

    /// In one full pass: whether everything has been polled, judged, and offered to its receiver.
    fn finished(&self, now: DateTime<Utc>) -> bool {
        self.under_way.is_empty() && self.judged.is_some_and(|judged| judged <= now) && self.deliveries.idle(now)
    }

    /// Lets what is under way end, and commits it.
    async fn drain(&mut self) -> Result<(), StoreError> {
        self.parts.pulse.stopping();
        let start = self.parts.clock.now();
        let clock = Arc::clone(&self.parts.clock);
        while !self.under_way.is_empty() {
            tokio::select! {
                biased;
                Some(done) = self.under_way.next() => { self.take(done).await; }
                () = clock.wait_until(start + DRAIN, true) => {
                    tracing::warn!("stopping with {} calls still running after {}", self.under_way.len(), spoken(DRAIN));
                    break;
                }
            }
        }
        self.pending.sources.extend(self.slots.rows(&self.history));
        self.pending.spent.extend(self.parts.meter.take_unsaved());
        self.pending.signs.extend(self.signs.take_all());
        self.parts.store.commit(&self.pending).await
    }

    async fn summary(&self) -> Result<RunSummary, StoreError> {
        let failed = self
            .history
            .sources()
            .filter_map(|(name, state)| Some((name.to_owned(), state.failing.as_ref()?.last.to_string())));
        let mut waiting_receivers: Vec<(String, String)> = Vec::new();
        for (name, backlog) in self.parts.store.backlog().await? {
            // What is held back, by a silence or quiet hours, waits for no receiver.
            let Some(state) = self.history.receiver(&name) else { continue };
            let failing = state.failing.as_ref().map(|failing| failing.why.clone());
            waiting_receivers.extend(failing.or(backlog.last_error).map(|why| (name, why)));
        }
        Ok(RunSummary { failed_sources: failed.collect(), waiting_receivers })
    }
}
