//! `every = "auto"`: pings that are planned from what the function's log shows.

use std::collections::BTreeMap;

use alerting::observation::{Observation, ObservationBody, PingOutcome};
use alerting::warm_day::{PingStopReason, WarmDay};
use chrono::{DateTime, TimeDelta, Utc};
use lambda_log::served::ServedInvocation;
use model::money::Percent;
use rust_decimal::prelude::ToPrimitive;
use tokio::task::spawn_blocking;
use warmth::fleet::ColdCause;
use warmth::keeper::Protection;
use warmth::knowledge::Knowledge;
use warmth::pool::Pool;
use warmth::round::PingRound;
use warmth::running::{AnsweredPing, DayCounts, LoggedInvocation, NextPing, PingEnd, PingStop, PingedFunction};

use super::sender::{PingSender, SentPing};
use super::settings::{WarmSettings, function_name};
use crate::poll::{PollBuilder, PollOutput, stored};

/// Decides in which blocks of time pings are left out to test them; the same after every restart.
const SEED: u64 = 1;
/// It is looked at so often whether to ping.
const LOOKED_AT: TimeDelta = TimeDelta::minutes(1);
/// An answer without a duration is taken to have come so soon.
const USUAL_PING: TimeDelta = TimeDelta::milliseconds(100);
const STATE: &str = "auto";
const PAST: &str = "past";
const POOL: &str = "pool";

/// The planned pings of one function.
pub(super) struct PlannedPings {
    name: String,
    function: String,
    max_cold: Percent,
    target: f64,
    engine: Option<PingedFunction>,
    /// Heard before the first turn.
    heard: Vec<Observation>,
    /// Until when the counts were told last.
    told: Option<i64>,
    /// The turn in the lane that was given.
    reserved: Option<DateTime<Utc>>,
}

impl PlannedPings {
    pub(super) fn new(settings: &WarmSettings, max_cold: Percent) -> Self {
        Self {
            name: settings.name.clone(),
            function: function_name(&settings.function).to_owned(),
            max_cold,
            // A share of calls, no money.
            target: max_cold.0.to_f64().unwrap_or(0.0) / 100.0,
            engine: None,
            heard: Vec::new(),
            told: None,
            reserved: None,
        }
    }

    /// Takes in what another source saw.
    pub(super) fn hear(&mut self, seen: &Observation) {
        let Some(engine) = &mut self.engine else {
            self.heard.push(seen.clone());
            return;
        };
        match &seen.what {
            ObservationBody::Served(served) if served.function == self.function => {
                served.each.iter().for_each(|one| engine.hear(logged(one)));
            }
            ObservationBody::ReadUpTo(read) if read.function == self.function => {
                engine.read_up_to(seen.at.timestamp_millis());
            }
            ObservationBody::Change(change) if change.is_deploy() && change.functions.contains(&self.function) => {
                engine.deployed(change.until.timestamp_millis());
            }
            _ => {}
        }
    }

    pub(super) fn restore(&mut self, cursors: &BTreeMap<String, String>, sender: &PingSender) {
        if let Some(pool) = cursors.get(POOL).and_then(|text| stored::<Pool>(&self.name, POOL, text)) {
            // All functions of the lane keep it; the newest is the best.
            sender.lane().with_pool(|shared| {
                if pool.learned_until() > shared.learned_until() {
                    *shared = pool;
                }
            });
        }
        let Some(state) = cursors.get(STATE) else { return };
        let engine = stored::<PingedFunction>(&self.name, STATE, state);
        // With another target what was promised and tested does not hold any more.
        self.engine = engine.filter(|engine| engine.is_for(self.target, SEED));
        let past = cursors.get(PAST).and_then(|text| stored::<Vec<(i64, u32)>>(&self.name, PAST, text));
        if let (Some(engine), Some(past)) = (&mut self.engine, past) {
            engine.remember(&past);
        }
    }

    /// Learns, plans if it is time to, and pings if it is time to.
    pub(super) async fn turn(&mut self, now: DateTime<Utc>, sender: &mut PingSender) -> PollOutput {
        let name = self.name.clone();
        let mut poll = PollBuilder::new(&name, now);
        let at_most = match sender.allowed(now).await {
            Ok(allowed) => allowed,
            Err(failure) => {
                poll.failed(failure);
                // One ping is no more than a tenth of any account.
                1
            }
        };
        let ms = now.timestamp_millis();
        if self.engine.is_none() {
            self.engine = Some(PingedFunction::new(&self.function, self.target, at_most, SEED, ms));
            std::mem::take(&mut self.heard).iter().for_each(|seen| self.hear(seen));
        }
        let Some(mut engine) = self.engine.take() else { return poll.done() };
        engine.allow(at_most);
        let (before, ended, known) = sender.lane().with_pool(|pool| {
            let before = pool.known().safe_pause_ms;
            (before, engine.step(ms, pool), pool.known().clone())
        });
        if known.safe_pause_ms < before {
            tracing::warn!(
                "{name}: an environment ended within a pause that was safe: pings come after {} s at most now, and no \
                 longer after {} s",
                known.safe_pause_ms / 1_000,
                before / 1_000
            );
        }
        if let Some(ended) = ended {
            self.tell(&ended, &known, &mut poll);
        }
        if engine.wants_to_plan(ms) {
            engine = self.planned(engine, ms, &known, sender, &mut poll).await;
        }
        if !sender.waits(now) {
            self.ping(&mut engine, &known, now, sender, &mut poll).await;
        }
        if engine.take_changed() {
            match serde_json::to_string(&engine) {
                Ok(state) => poll.gathered.cursors.push((STATE.to_owned(), state)),
                Err(error) => tracing::error!("{name}: what was learned cannot be kept: {error}"),
            }
        }
        self.engine = Some(engine);
        poll.done()
    }

    /// Replays the past to plan. That takes up to a second of computing, so it is done beside the loop.
    async fn planned(
        &mut self,
        engine: PingedFunction,
        ms: i64,
        known: &Knowledge,
        sender: &PingSender,
        poll: &mut PollBuilder<'_>,
    ) -> PingedFunction {
        let (before, knows) = (engine.clone(), known.clone());
        let work = spawn_blocking(move || {
            let mut engine = engine;
            engine.plan(ms, &knows);
            let counts = engine.counts(ms, &knows);
            (engine, counts)
        });
        let (engine, counts) = match work.await {
            Ok(planned) => planned,
            Err(error) => {
                tracing::error!("{}: the plan was not finished: {error}", self.name);
                return before;
            }
        };
        self.tell(&counts, known, poll);
        let pool = sender.lane().with_pool(|pool| serde_json::to_string(pool));
        for (key, text) in [(PAST, serde_json::to_string(&engine.past())), (POOL, pool)] {
            match text {
                Ok(text) => poll.gathered.cursors.push((key.to_owned(), text)),
                Err(error) => tracing::error!("{}: `{key}` cannot be kept: {error}", self.name),
            }
        }
        engine
    }

    async fn ping(
        &mut self,
        engine: &mut PingedFunction,
        known: &Knowledge,
        now: DateTime<Utc>,
        sender: &mut PingSender,
        poll: &mut PollBuilder<'_>,
    ) {
        let ms = now.timestamp_millis();
        // A turn that was not taken at its time is another function's by now.
        let reserved = self.reserved.take().filter(|place| now - *place < USUAL_PING);
        let round = match engine.next(ms, known) {
            NextPing::Round(round) => round,
            NextPing::Nothing | NextPing::NotBefore(_) => return,
            NextPing::Stopped(why) => return self.say_stopped(why, engine, sender, poll),
        };
        if round.at_ms > ms {
            let at = DateTime::from_timestamp_millis(round.at_ms);
            poll.gathered.go_on_at = at.filter(|at| *at < now + LOOKED_AT);
            return;
        }
        let place = reserved.unwrap_or_else(|| sender.reserve(now));
        if place > now {
            self.reserved = Some(place);
            poll.gathered.go_on_at = Some(place);
            return;
        }
        let places: Vec<u32> =
            (0..round.count).map(|place| if round.last_ends_last { place } else { round.count - 1 - place }).collect();
        engine.sent(PingRound { at_ms: ms, ..round });
        for result in sender.send(now, &places).await {
            match result {
                Ok(sent) => {
                    engine.answered(answered(&sent));
                    poll.saw(now, ObservationBody::Ping(sent.answer.result));
                }
                Err(failure) => poll.failed(failure),
            }
        }
        // One that is tried again now and then is no new beginning.
        if let NextPing::Stopped(why) = engine.next(ms, known) {
            self.say_stopped(why, engine, sender, poll);
        }
    }

    fn say_stopped(&self, why: PingStop, engine: &PingedFunction, sender: &PingSender, poll: &mut PollBuilder<'_>) {
        let (said, next_step) = words(why, &self.function, engine);
        poll.failed(sender.not_sent(said, next_step));
    }

    fn tell(&mut self, counts: &DayCounts, known: &Knowledge, poll: &mut PollBuilder<'_>) {
        if self.told == Some(counts.until_ms) {
            return;
        }
        self.told = Some(counts.until_ms);
        let (Some(from), Some(until)) =
            (DateTime::from_timestamp_millis(counts.from_ms), DateTime::from_timestamp_millis(counts.until_ms))
        else {
            return;
        };
        poll.saw(from, ObservationBody::WarmDay(day(&self.function, self.max_cold, until, counts, known)));
    }
}

fn logged(one: &ServedInvocation) -> LoggedInvocation {
    LoggedInvocation {
        start_ms: one.arrived.timestamp_millis(),
        end_ms: one.ended.timestamp_millis(),
        environment: one.environment,
        request: one.request,
        cold: one.cold,
        is_ping: one.is_ping,
        succeeded: one.succeeded,
    }
}

fn answered(ping: &SentPing) -> AnsweredPing {
    let result = &ping.answer.result;
    let took = result.duration_ms.and_then(|ms| i64::try_from(ms).ok()).map_or(USUAL_PING, TimeDelta::milliseconds);
    AnsweredPing {
        start_ms: ping.sent.timestamp_millis(),
        end_ms: (ping.sent + took).timestamp_millis(),
        environment: ping.answer.environment,
        request: ping.answer.request,
        end: match result.outcome {
            _ if result.startup_unfinished => PingEnd::InStartUp,
            PingOutcome::Warm => PingEnd::Warm,
            PingOutcome::Cold => PingEnd::Cold,
            PingOutcome::Answered => PingEnd::Unknown,
            PingOutcome::TimedOut | PingOutcome::Failed => PingEnd::Failed,
        },
    }
}

fn day(function: &str, max_cold: Percent, until: DateTime<Utc>, counts: &DayCounts, known: &Knowledge) -> WarmDay {
    let tally = &counts.tally;
    let (kept, replaces) = match counts.protection {
        Protection::Nothing => (0, false),
        Protection::Idle => (1, false),
        Protection::Kept(count) => (count, true),
    };
    WarmDay {
        function: function.to_owned(),
        until,
        max_cold: max_cold.0,
        calls: tally.calls,
        idle: tally.of(ColdCause::Idle),
        recycling: tally.of(ColdCause::Recycling),
        overlap: tally.of(ColdCause::Overlap),
        deploy: tally.of(ColdCause::Deploy),
        pings: tally.pings,
        cold_pings: tally.cold_pings,
        kept,
        replaces,
        test_calls: counts.tested.calls,
        test_cold: counts.tested.cold,
        week_calls: counts.week.calls,
        week_cold: counts.week.cold,
        promised: counts.is_promised,
        without_pings: counts.without_pings,
        stopped: counts.stopped.map(|why| match why {
            PingStop::NoDifference => PingStopReason::NoDifference,
            PingStop::OutOfReach => PingStopReason::OutOfReach,
            PingStop::StartUp => PingStopReason::StartUp,
            PingStop::Errors => PingStopReason::Errors,
        }),
        safe_pause_s: known.safe_pause_ms / 1_000,
        safe_beside_s: known.safe_beside_ms / 1_000,
        safe_age_s: known.safe_age_ms / 1_000,
    }
}

/// Why no pings are sent, and what to do.
fn words(why: PingStop, function: &str, engine: &PingedFunction) -> (String, String) {
    match why {
        PingStop::StartUp => (
            format!(
                "the last pings of {function} timed out while its start-up was still running, so no ping can keep an \
                 environment warm; one is tried again every 6 hours and after a deploy"
            ),
            "mend the start-up first: `monitor report` and the alerts of this function name the cause".to_owned(),
        ),
        PingStop::Errors => (
            format!(
                "the last pings of {function} ended in errors, which its users would see in its metrics; one is tried \
                 again every 6 hours and after a deploy"
            ),
            "let the function answer the ping (docs/warmth.md), or set the `payload` of its warm-up library".to_owned(),
        ),
        PingStop::NoDifference | PingStop::OutOfReach => {
            let tally = engine.causes(why);
            let total = tally.cold;
            let shares = [
                (ColdCause::Overlap, "all environments were busy"),
                (ColdCause::Recycling, "AWS had ended an environment by its age"),
                (ColdCause::Idle, "no environment was left after a pause"),
                (ColdCause::Deploy, "there was a new deploy"),
            ];
            let most = shares.into_iter().max_by_key(|(cause, _)| tally.of(*cause));
            let because = most.filter(|_| total > 0).map_or_else(String::new, |(cause, words)| {
                format!("; in {} of {total} cold starts {words}", tally.of(cause))
            });
            let (said, then) = if why == PingStop::NoDifference {
                let said = format!(
                    "in two weeks of times with pings and times without, as many users of {function} waited for cold \
                     starts{because}"
                );
                (said, "pings are tested again after 90 days")
            } else {
                let said = format!("no pings keep the cold starts of {function} near `max_cold`{because}");
                (said, "pings begin again when a plan comes near it")
            };
            let next_step = format!(
                "see `monitor warm plan {function}` for what provisioned concurrency would bring and cost; {then}"
            );
            (said, next_step)
        }
    }
}
