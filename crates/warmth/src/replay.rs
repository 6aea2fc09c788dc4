//! Runs a function's calls and pings through a model of its environments.

use std::collections::VecDeque;

use crate::belief::SeenInvocation;
use crate::chance::Chance;
use crate::fleet::{ColdCause, Fleet};
use crate::knowledge::{Knowledge, Timeline};
use crate::regime::{MINUTE, Regime};
use crate::round::PingRound;
use crate::traffic::Call;

/// How long a ping keeps its environment busy, in milliseconds.
pub const PING_MS: i64 = 100;
/// How long a new environment takes to start, in milliseconds: in six runs of 2020, callers of cold starts waited 0.27
/// to 0.58 s longer.
pub const INIT_MS: i64 = 500;
/// How late the log shows a call.
pub const LOG_DELAY_MS: i64 = MINUTE;

/// What came of a replay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Tally {
    /// Calls of users.
    pub calls: u32,
    /// Users who waited for a cold start.
    pub cold: u32,
    /// The same by cause: idle, recycling, overlap, deploy.
    pub by_cause: [u32; 4],
    /// Pings sent.
    pub pings: u32,
    /// Pings that started an environment.
    pub cold_pings: u32,
}

impl Tally {
    /// How many cold starts had this cause.
    pub fn of(&self, cause: ColdCause) -> u32 {
        let [idle, recycling, overlap, deploy] = self.by_cause;
        match cause {
            ColdCause::Idle => idle,
            ColdCause::Recycling => recycling,
            ColdCause::Overlap => overlap,
            ColdCause::Deploy => deploy,
        }
    }

    /// Counts a user who waited for this reason.
    pub fn count_cold(&mut self, cause: ColdCause) {
        let [idle, recycling, overlap, deploy] = &mut self.by_cause;
        *match cause {
            ColdCause::Idle => idle,
            ColdCause::Recycling => recycling,
            ColdCause::Overlap => overlap,
            ColdCause::Deploy => deploy,
        } += 1;
        self.cold += 1;
    }
}

/// What decides when one function is pinged.
pub trait Pinging {
    /// The next round, not before `now_ms`.
    fn next(&self, now_ms: i64, known: &Knowledge) -> Option<PingRound>;

    /// A round was sent.
    fn sent(&mut self, round: PingRound);

    /// A ping was answered.
    fn answered(&mut self, _ping: SeenInvocation) {}

    /// The log shows an invocation.
    fn logged(&mut self, _seen: SeenInvocation, _is_ping: bool) {}

    /// How late it sees the log; `None` if it does not read it.
    fn log_delay_ms(&self) -> Option<i64> {
        Some(LOG_DELAY_MS)
    }

    /// When it wants to plan.
    fn plans_at(&self) -> i64 {
        i64::MAX
    }

    /// Plans from the calls that were seen, what was counted and what is known.
    fn plan(&mut self, _now_ms: i64, _seen: &[Call], _so_far: &Tally, _known: &Knowledge) {}

    /// Whether it knows cold starts before they happen.
    fn is_clairvoyant(&self) -> bool {
        false
    }
}

/// One function on its way through a trace.
#[derive(Debug)]
pub struct FunctionReplay<'a, P> {
    calls: &'a [Call],
    next_call: usize,
    truth: &'a Regime,
    fleet: Fleet,
    chance: Chance,
    /// Who pings it.
    pub pinger: P,
    round: Option<PingRound>,
    /// Invocations that the log does not show yet, and whether they are pings.
    unseen: VecDeque<(SeenInvocation, bool)>,
    /// What came of it so far.
    pub tally: Tally,
    /// Deploys that are to come.
    deploys: VecDeque<i64>,
}

impl<'a, P: Pinging> FunctionReplay<'a, P> {
    /// At the beginning, without environments.
    pub fn new(calls: &'a [Call], truth: &'a Regime, fleet: Fleet, pinger: P, chance: Chance) -> Self {
        Self {
            calls,
            next_call: 0,
            truth,
            fleet,
            chance,
            pinger,
            round: None,
            unseen: VecDeque::new(),
            tally: Tally::default(),
            deploys: VecDeque::new(),
        }
    }

    /// The same with deploys at these moments; each ends every environment.
    #[must_use]
    pub fn with_deploys(mut self, deploys: &[i64]) -> Self {
        self.deploys = deploys.iter().copied().collect();
        self.deploys.make_contiguous().sort_unstable();
        self
    }

    /// Runs from this moment to another one.
    pub fn run(&mut self, from_ms: i64, until_ms: i64, known: &Timeline) {
        self.round = self.pinger.next(from_ms, known.at(from_ms));
        loop {
            let call = self.calls.get(self.next_call).copied();
            let call_at = call.map_or(i64::MAX, |call| call.at_ms);
            let round_at = self.round.map_or(i64::MAX, |round| round.at_ms);
            let plan_at = self.pinger.plans_at();
            let now = call_at.min(round_at).min(plan_at);
            if now >= until_ms {
                return;
            }
            while self.deploys.front().is_some_and(|deploy| *deploy <= now) {
                self.deploys.pop_front().into_iter().for_each(|deploy| self.fleet.deploy(deploy));
            }
            if plan_at == now {
                self.show_until(now);
                let seen = self.calls.get(..self.next_call).unwrap_or_default();
                self.pinger.plan(now, seen, &self.tally, known.at(now));
                self.round = self.pinger.next(now, known.at(now));
            } else if round_at == now {
                self.show_until(now);
                self.round = self.pinger.next(now, known.at(now));
                if let Some(round) = self.round.filter(|round| round.at_ms <= now) {
                    self.ping(round);
                    self.round = self.pinger.next(now + 1, known.at(now));
                }
            } else if let Some(call) = call {
                self.next_call += 1;
                self.answer(call);
                if self.pinger.log_delay_ms() == Some(0) {
                    self.round = self.pinger.next(now, known.at(now));
                }
            }
        }
    }

    fn show_until(&mut self, now: i64) {
        let Some(delay) = self.pinger.log_delay_ms() else { return };
        while self.unseen.front().is_some_and(|(seen, _)| seen.end_ms + delay <= now) {
            if let Some((seen, is_ping)) = self.unseen.pop_front() {
                self.pinger.logged(seen, is_ping);
            }
        }
    }

    fn ping(&mut self, round: PingRound) {
        for index in 0..i64::from(round.count) {
            let place = if round.last_ends_last { index } else { i64::from(round.count) - index };
            let busy = PING_MS + 5 * place;
            let answered = self.fleet.invoke(round.at_ms, busy, INIT_MS, self.truth, &mut self.chance);
            self.tally.pings += 1;
            self.tally.cold_pings += u32::from(answered.cold.is_some());
            let seen = SeenInvocation {
                start_ms: round.at_ms,
                end_ms: answered.end_ms,
                environment: answered.environment,
                cold: answered.cold.is_some(),
            };
            self.pinger.answered(seen);
            self.log(seen, true);
        }
        self.pinger.sent(round);
    }

    fn answer(&mut self, call: Call) {
        let busy = i64::from(call.busy_ms);
        let answered = self.fleet.invoke(call.at_ms, busy, INIT_MS, self.truth, &mut self.chance);
        self.tally.calls += 1;
        match answered.cold {
            Some(_) if self.pinger.is_clairvoyant() => {
                self.tally.pings += 1;
                self.tally.cold_pings += 1;
            }
            Some(cause) => self.tally.count_cold(cause),
            None => {}
        }
        let seen = SeenInvocation {
            start_ms: call.at_ms,
            end_ms: answered.end_ms,
            environment: answered.environment,
            cold: answered.cold.is_some(),
        };
        self.log(seen, false);
    }

    fn log(&mut self, seen: SeenInvocation, is_ping: bool) {
        match self.pinger.log_delay_ms() {
            None => {}
            Some(0) => self.pinger.logged(seen, is_ping),
            Some(_) => self.unseen.push_back((seen, is_ping)),
        }
    }
}
