//! Replays a store with a configuration: the real daemon on a simulated clock, with recorded observations instead of
//! sources and recorders instead of receivers.

mod recorder;
mod replay;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use alerting::decide::Rulebook;
use alerting::incident::{Incident, IncidentEvent};
use alerting::notification::Notification;
use alerting::operator::OperatorActions;
use alerting::rehearsal::{
    DeliveryRecord, ObservedSubjects, RehearsalGap, are_signs_fine_enough, as_it_was, gaps, ran,
};
use alerting::rules::{Condition, RequiredData, Rule};
use alerting::signs::{DAEMON, GAP, LivenessKind, LivenessRun};
use aws::meter::CallMeter;
use billing::early::EarlyOrigin;
use chrono::{DateTime, TimeDelta, Utc};
use clock::{Clock, SimulatedClock};
use model::schedule::Schedule;
use model::span::{Span, spoken};
use notify::Receiver;
use recorder::{DeliveryLog, RecordingReceiver};
use replay::{FunctionRoute, ReplayCounts, ReplayRoutes, StoreReplay};
use source::{WarmPing, name_in_region};
use store::{Commit, Store, StoreError, StoreExtent};

use super::{MonitorConfig, SHORTEST_MEMORY, StartError, longest_window};
use crate::daemon::{Daemon, DaemonParts, NoWatchdog, SourceSlot, StopCondition};

/// The replay begins so long before the period, so that what was open by then is.
const WARM_UP: TimeDelta = SHORTEST_MEMORY;
/// It never begins earlier than this before it.
const LONGEST_WARM_UP: TimeDelta = TimeDelta::days(40);
/// Sources that are replayed say themselves when they go on.
const NEVER: Span = Span::days(3650);
/// What is written to a store that is thrown away can wait.
const WRITE_EVERY: TimeDelta = TimeDelta::hours(1);

/// From the first instant, included, to the second, excluded, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeRange {
    /// Its first instant.
    pub from: DateTime<Utc>,
    /// The first one after it.
    pub to: DateTime<Utc>,
}

/// What a rehearsal has found.
#[derive(Debug)]
pub struct RehearsalResult {
    /// What would have been sent, in order.
    pub would_send: Vec<DeliveryRecord>,
    /// What was sent, in order, with the rule names of the rehearsed configuration.
    pub was_sent: Vec<DeliveryRecord>,
    /// Rules that cannot be rehearsed, or not for the whole period.
    pub not_rehearsable: Vec<RehearsalGap>,
    /// Rules without any data in the replay.
    pub mute: Vec<String>,
    /// When the daemon did not run.
    pub gaps: Vec<(DateTime<Utc>, DateTime<Utc>)>,
    /// How much was replayed within the period.
    pub counts: ReplayCounts,
    /// When the store begins; `None` if there is nothing in it.
    pub begins: Option<DateTime<Utc>>,
}

/// Rehearses a configuration over a store, which is not changed. `folder` is for temporary files; `progress` gets
/// how far the replay is.
///
/// # Errors
/// If a store cannot be used.
pub async fn rehearse(
    config: &MonitorConfig,
    path: &Path,
    period: TimeRange,
    folder: &Path,
    progress: Box<dyn Fn(DateTime<Utc>) + Send + Sync>,
) -> Result<RehearsalResult, StartError> {
    let store = Store::open_read_only(path).await?;
    store.must_be_current().await?;
    let book = config.rulebook();
    let extent = store.extent().await?;
    let begins = store.begins().await?;
    // Before the store begins there is nothing to judge.
    let start = begins.map_or(period.to, |begins| begins.min(period.to)).max(period.from - warm_up(&book));
    let signs = store.signs_between(start, period.to).await?;
    let (own, of_sources): (Vec<LivenessRun>, Vec<LivenessRun>) =
        signs.into_iter().partition(|sign| sign.source == DAEMON);
    let parts = ran(&own, extent.signs, start, period.to);
    let mut not_rehearsable = not_rehearsable(&book, &extent, &of_sources, period);
    let tape = StoreReplay::new(Store::open_read_only(path).await?, routes(config), period.from, progress);
    let stage = RehearsalRun {
        config,
        book: &book,
        path: folder.join("rehearsal.db"),
        record: DeliveryLog::default(),
        tape: Arc::clone(&tape),
    };
    stage.set(&store, start, period.to, extent.signs).await?;
    for (from, to) in &parts {
        let blind = *from < extent.signs;
        if *from == extent.signs {
            let own = Store::open_for_rehearsal(&stage.path).await?;
            own.forget_sources().await?;
            own.close().await;
        }
        stage.play(*from, *to, |rule| can_be_judged(rule, blind, &of_sources)).await?;
    }
    let (counts, met) = tape.replayed().await?;
    let mut would_send: Vec<DeliveryRecord> =
        stage.record.take().into_iter().filter(|said| said.sent >= period.from && said.sent < period.to).collect();
    let mut was_sent = was_sent(&store, &book, period).await?;
    for said in [&mut would_send, &mut was_sent] {
        said.sort_by(|a, b| {
            (a.sent, &a.receiver, a.at, &a.rule, &a.subject).cmp(&(b.sent, &b.receiver, b.at, &b.rule, &b.subject))
        });
    }
    not_rehearsable.sort_by(|a, b| a.rule.cmp(&b.rule));
    store.close().await;
    let (mute, gaps) = (mute(&book, &met), gaps(&parts, period.from.max(start), period.to));
    Ok(RehearsalResult { would_send, was_sent, not_rehearsable, mute, gaps, counts, begins })
}

/// How long before the period the replay begins: whatever was pending then must have had the time to fire.
fn warm_up(book: &Rulebook) -> TimeDelta {
    let of_rule = |rule: &Rule| {
        let spans = [rule.condition.window(), rule.hold, rule.keep_firing_for];
        spans.into_iter().flatten().map(Span::delta).fold(TimeDelta::zero(), |sum, span| sum + span)
    };
    book.rules.iter().map(of_rule).fold(WARM_UP, TimeDelta::max).min(LONGEST_WARM_UP)
}

/// Which source of the configuration sees what.
fn routes(config: &MonitorConfig) -> ReplayRoutes {
    let mut routes = ReplayRoutes::default();
    for watch in &config.watches {
        let place = routes.names.len();
        let names = watch.read.names(&watch.name, &config.aws.other_regions);
        let regions = std::iter::once(String::new()).chain(config.aws.other_regions.iter().cloned());
        let of_functions = |(at, region): (usize, String)| FunctionRoute {
            source: place + at,
            region,
            functions: watch.read.functions().to_vec(),
        };
        let functions = (0..names.len()).zip(regions).map(of_functions);
        match watch.read.kind() {
            "estimated_charges" => routes.early.push((EarlyOrigin::Charges, place)),
            "usage_estimate" => routes.early.push((EarlyOrigin::Usage, place)),
            "cost_explorer" | "focus_export" => routes.costs = routes.costs.or(Some(place)),
            "inventory" => routes.inventories = routes.inventories.or(Some(place)),
            "account" => routes.changes = routes.changes.or(Some(place)),
            "lambda_metrics" => routes.metrics.extend(functions),
            "lambda_logs" => routes.logs.extend(functions),
            // What endpoints answered is not kept.
            "endpoint" => {}
            other => tracing::error!("what `read.{other}` saw is not replayed"),
        }
        routes.names.extend(names);
    }
    for warm in &config.warms {
        let function = WarmPing::function(warm);
        let function = match &warm.region {
            Some(region) => name_in_region(function, region),
            None => function.to_owned(),
        };
        routes.pings.push((routes.names.len(), function));
        routes.names.push(warm.name.clone());
    }
    routes
}

/// Whether a rule can be judged in a part of the period: from `blind` on there is no word of how the sources were.
fn can_be_judged(rule: &Rule, blind: bool, signs: &[LivenessRun]) -> bool {
    match &rule.condition {
        Condition::SourceFailing(_) => !blind,
        Condition::SilentSource(_) => {
            !blind && are_signs_fine_enough(&rule.condition) && left_signs(&rule.condition, signs)
        }
        _ => true,
    }
}

/// Whether any source that a condition speaks of has left signs.
fn left_signs(condition: &Condition, signs: &[LivenessRun]) -> bool {
    signs.iter().any(|sign| {
        sign.kind == LivenessKind::State && condition.covers(&model::subject::Subject::Source(sign.source.clone()))
    })
}

/// What of the rules cannot be known, and until when.
fn not_rehearsable(
    book: &Rulebook,
    extent: &StoreExtent,
    signs: &[LivenessRun],
    period: TimeRange,
) -> Vec<RehearsalGap> {
    let why = |rule: &Rule| {
        if !are_signs_fine_enough(&rule.condition) {
            let why = format!("gaps of up to {} between answers are not recorded", spoken(GAP));
            return Some(RehearsalGap { rule: rule.name.clone(), until: None, why });
        }
        let needs = rule.condition.required_data();
        let from = match needs {
            RequiredData::Costs => extent.costs.min(extent.early),
            RequiredData::Early => extent.early,
            RequiredData::Faults => extent.faults,
            RequiredData::Minutes => extent.minutes,
            RequiredData::Points => extent.points,
            RequiredData::Pings => extent.pings,
            RequiredData::Inventories => extent.inventories,
            RequiredData::Changes => extent.changes,
            RequiredData::Signs
                if matches!(rule.condition, Condition::SilentSource(_)) && !left_signs(&rule.condition, signs) =>
            {
                DateTime::<Utc>::MAX_UTC
            }
            RequiredData::Signs => extent.signs,
            RequiredData::Answers | RequiredData::Checks => DateTime::<Utc>::MAX_UTC,
        };
        let until = (from < period.to).then_some(from);
        (from > period.from).then(|| RehearsalGap { rule: rule.name.clone(), until, why: needs.missing().to_owned() })
    };
    book.rules.iter().filter_map(why).collect()
}

/// Rules that had nothing to speak of.
fn mute(book: &Rulebook, met: &ObservedSubjects) -> Vec<String> {
    let silent = |rule: &&Rule| !rule.condition.required_data().is_in_no_store() && !met.lets_speak(&rule.condition);
    book.rules.iter().filter(silent).map(|rule| rule.name.clone()).collect()
}

/// What was told in the period, by the names that the rules have now.
async fn was_sent(store: &Store, book: &Rulebook, period: TimeRange) -> Result<Vec<DeliveryRecord>, StoreError> {
    let mut was = Vec::new();
    for told in store.told_between(period.from, period.to).await? {
        was.extend(DeliveryRecord::of(&told.message, &told.receiver, told.sent));
    }
    for said in &mut was {
        if let Some(rule) = renamed(book, &said.rule) {
            said.rule.clone_from(&rule.name);
        }
    }
    Ok(was)
}

/// The rule that has a name, or had it.
fn renamed<'a>(book: &'a Rulebook, name: &str) -> Option<&'a Rule> {
    book.rules
        .iter()
        .find(|rule| rule.name == name)
        .or_else(|| book.rules.iter().find(|rule| rule.was.iter().any(|was| was == name)))
}

/// What a rehearsal is played on.
struct RehearsalRun<'a> {
    config: &'a MonitorConfig,
    book: &'a Rulebook,
    /// The store that is thrown away.
    path: std::path::PathBuf,
    record: DeliveryLog,
    tape: Arc<StoreReplay>,
}

impl RehearsalRun<'_> {
    /// Sets the stage as it was at `start`: what was open, what was known, and what people had said.
    async fn set(
        &self,
        store: &Store,
        start: DateTime<Utc>,
        end: DateTime<Utc>,
        first_sign: DateTime<Utc>,
    ) -> Result<(), StartError> {
        let own = Store::open_for_rehearsal(&self.path).await?;
        let mut orders = OperatorActions { silences: store.silences(start).await?, ..OperatorActions::default() };
        let (before, after): (Vec<_>, Vec<_>) =
            store.acks_before(end).await?.into_iter().partition(|acked| acked.ack.at <= start);
        let mut commit = Commit::default();
        for (incident, told) in store.open_at(start).await? {
            let can_go_on = |rule: &&Rule| {
                let needs = rule.condition.required_data();
                rule.condition.covers(&incident.subject)
                    && !needs.is_in_no_store()
                    && (needs != RequiredData::Signs || start >= first_sign)
            };
            let Some(rule) = renamed(self.book, &incident.rule).filter(can_go_on) else { continue };
            let told: Vec<_> = told.into_iter().map(|told| (told.sent, told.message)).collect();
            let incident = Incident { rule: rule.name.clone(), ..as_it_was(&incident, &told, rule, start) };
            let subject = incident.subject.to_string();
            let ack = before
                .iter()
                .rev()
                .find(|acked| acked.subject == subject && (acked.rule == rule.name || rule.was.contains(&acked.rule)));
            orders.acks.extend(ack.map(|acked| (incident.id.clone(), acked.ack.clone())));
            let firing = |receiver: &String| {
                let at = incident.fired?;
                Some(Notification {
                    incident: incident.id.clone(),
                    receiver: receiver.clone(),
                    event: IncidentEvent::Firing,
                    at,
                })
            };
            commit.notifications.extend(incident.receivers.iter().filter_map(firing));
            commit.incidents.push(incident);
        }
        own.begin_with(&orders, &store.errors_seen_before(start).await?).await?;
        own.commit(&commit).await?;
        own.close().await;
        self.tape.repeat(after, Store::open_for_orders(&self.path).await?).await;
        Ok(())
    }

    /// Plays one part, from a start of the daemon to its end.
    async fn play(
        &self,
        from: DateTime<Utc>,
        to: DateTime<Utc>,
        can_be_judged: impl Fn(&Rule) -> bool,
    ) -> Result<(), StartError> {
        let prices = super::prices(&self.config.aws)?;
        let look_back = longest_window(self.book);
        let window = look_back.max(SHORTEST_MEMORY);
        self.tape.wind(from, to, look_back).await?;
        let clock: Arc<dyn Clock> = Arc::new(SimulatedClock::starting_at(from));
        let rules = self.book.rules.iter().filter(|rule| can_be_judged(rule)).cloned().collect();
        let parts = DaemonParts {
            store: Store::open_for_rehearsal(&self.path).await?,
            meter: Arc::new(CallMeter::new(prices, self.config.aws.max_monthly_usd, Arc::clone(&clock))),
            clock,
            book: Rulebook { rules, terms: self.book.terms.clone() },
            slots: self
                .tape
                .sources()
                .into_iter()
                .map(|source| SourceSlot::new(source, Schedule::Every(NEVER), None))
                .collect(),
            receivers: self.receivers(),
            keep: self.config.store.keep.delta(),
            keep_minutes: window,
            window,
            write_every: WRITE_EVERY,
            random: fastrand::Rng::with_seed(0),
            pulse: Box::new(NoWatchdog),
            heart: None,
            // A report is no alert: nothing about it can be rehearsed.
            monthly: None,
        };
        Daemon::new(parts).await?.run(StopCondition::Instant(to)).await?;
        Ok(())
    }

    /// A recorder for each receiver. The real one is only made to ask for its manners, and never told anything.
    fn receivers(&self) -> BTreeMap<String, Arc<dyn Receiver>> {
        let recorder = |receiver: &crate::config::ReceiverSettings<notify::ReceiverKind>| {
            let real = receiver.via.clone().receiver().ok();
            let recorder: Arc<dyn Receiver> =
                Arc::new(RecordingReceiver::in_place_of(&receiver.name, real.as_deref(), &self.record));
            (receiver.name.clone(), recorder)
        };
        self.config.receivers.iter().map(recorder).collect()
    }
}
