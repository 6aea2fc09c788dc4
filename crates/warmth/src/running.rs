//! One function that is pinged while its log is read: what the daemon keeps of it, and what it decides.
//!
//! Times are milliseconds since 1970, UTC. What is counted is told by days of UTC. The share of cold starts is promised for
//! a week, from Monday to Sunday, without the hours in which pings are left out to test them: a day of a small function
//! has so few calls that one cold start is more than its share.

mod names;
mod seen;
mod switch_back;

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

pub use self::seen::{AnsweredPing, LoggedInvocation, PingEnd};
pub use self::switch_back::SwitchBack;
use crate::auto::Auto;
use crate::belief::{Belief, SeenInvocation};
use crate::chance::Chance;
use crate::fleet::{ColdCause, Fleet};
use crate::keeper::Protection;
use crate::keeping::Keeping;
use crate::knowledge::{Knowledge, Timeline};
use crate::plan::Aim;
use crate::pool::Pool;
use crate::regime::{DAY, HOUR, MINUTE, SECOND};
use crate::replay::{FunctionReplay, PING_MS, Pinging, Tally};
use crate::round::PingRound;
use crate::stop_loss::{BlockCounts, StopVerdict};
use crate::traffic::Call;
use names::EnvironmentNames;

/// The log shows events up to 20 s late, so that an invocation is taken in, in order, so much later.
const SETTLED_AFTER: i64 = 40 * SECOND;
/// The log has been read only in part if it was not read for so long: nothing is planned then.
const READ_WITHIN: i64 = 30 * MINUTE;
/// How much of the past is replayed.
const REPLAYED: i64 = 14 * DAY;
/// What is planned for at least: the day may end soon, and the function goes on.
const AHEAD: i64 = 12 * HOUR;
/// How many calls of the past are kept.
const MOST_CALLS: usize = 20_000;
/// Of two invocations that begin within so long it is not known which one came first.
const TOGETHER: i64 = SECOND;
/// Invocations that wait to be taken in.
const MOST_WAITING: usize = 20_000;
/// How long after a change of its program a function is left alone: deploys come in several steps.
const QUIET_AFTER_DEPLOY: i64 = 2 * MINUTE;
/// After so many pings in a row that did not get through, pinging stops.
const VAIN_PINGS: u32 = 3;
/// Then one is tried again.
const TRIED_AGAIN_AFTER: i64 = 6 * HOUR;

/// Why no pings are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PingStop {
    /// Times with pings and times without had as many cold starts.
    NoDifference,
    /// No plan comes near the target.
    OutOfReach,
    /// Pings time out in start-up.
    StartUp,
    /// Pings end in errors.
    Errors,
}

/// What is to be done next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextPing {
    /// These pings.
    Round(PingRound),
    /// None before this moment: pings are left out to test them, or a deploy is under way.
    NotBefore(i64),
    /// None as long as nothing new is known.
    Nothing,
    /// None, for this reason.
    Stopped(PingStop),
}

/// What came of a day so far.
#[derive(Debug, Clone, PartialEq)]
pub struct DayCounts {
    /// When it began.
    pub from_ms: i64,
    /// Until when it is counted.
    pub until_ms: i64,
    /// What was counted.
    pub tally: Tally,
    /// What is kept.
    pub protection: Protection,
    /// Calls and cold starts while pings were left out to test them; they are in `tally` too.
    pub tested: BlockCounts,
    /// Calls and cold starts of the week so far, without those.
    pub week: BlockCounts,
    /// Whether the target was promised for the week.
    pub is_promised: bool,
    /// Cold starts without any pings in the same time, by replay of the calls; `None` where too little was read.
    pub without_pings: Option<u32>,
    /// Why no pings are sent.
    pub stopped: Option<PingStop>,
}

/// One function.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PingedFunction {
    id: String,
    target: f64,
    seed: u64,
    auto: Auto,
    at_most: u32,
    names: EnvironmentNames,
    /// Read, and not yet taken in.
    waiting: Vec<LoggedInvocation>,
    read_until: Option<i64>,
    #[serde(skip)]
    calls: VecDeque<Call>,
    /// When the day began, and what was counted in it.
    day: (i64, Tally),
    tested: BlockCounts,
    /// When the week began, and what was counted in it while pings were not left out.
    week: (i64, Tally),
    switch_back: SwitchBack,
    deployed: Option<i64>,
    /// When the last invocation began.
    last_start: Option<i64>,
    /// Whether anything worth keeping has changed since it was asked last.
    #[serde(skip)]
    changed: bool,
    /// Pings in a row that did not get through, when the last one was, and how it ended.
    vain: (u32, i64, Option<PingStop>),
}

impl PingedFunction {
    /// A function of which nothing is known. `at_most` pings may begin at the same moment; `seed` decides when pings
    /// are left out to test them.
    pub fn new(id: &str, target: f64, at_most: u32, seed: u64, now_ms: i64) -> Self {
        let day_ms = now_ms.div_euclid(DAY) * DAY;
        let mut chance = Chance::new(seed, id);
        let from_ms = monday(now_ms);
        let aim = Aim { target, from_ms, until_ms: from_ms + WEEK, at_most, ahead_ms: AHEAD };
        Self {
            id: id.to_owned(),
            target,
            seed,
            auto: Auto::new(aim, &mut chance, true).seeing(now_ms, REPLAYED),
            at_most,
            names: EnvironmentNames::default(),
            waiting: Vec::new(),
            read_until: None,
            calls: VecDeque::new(),
            day: (day_ms, Tally::default()),
            tested: BlockCounts::default(),
            week: (from_ms, Tally::default()),
            switch_back: SwitchBack::default(),
            deployed: None,
            last_start: None,
            changed: true,
            vain: (0, i64::MIN, None),
        }
    }

    /// Whether anything worth keeping has changed since this was asked last.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Whether it was kept for this target. Another one begins anew.
    pub fn is_for(&self, target: f64, seed: u64) -> bool {
        (self.target - target).abs() < 1e-12 && self.seed == seed
    }

    /// So many pings may begin at the same moment from now on.
    pub fn allow(&mut self, at_most: u32) {
        self.at_most = at_most;
        self.auto.allow(at_most);
    }

    /// Calls of the past by minute since 1970, to plan with after a restart: the minute, and the number of calls.
    pub fn past(&self) -> Vec<(i64, u32)> {
        let mut minutes: Vec<(i64, u32)> = Vec::new();
        for call in &self.calls {
            let minute = call.at_ms.div_euclid(MINUTE);
            match minutes.last_mut() {
                Some((last, count)) if *last == minute => *count += 1,
                _ => minutes.push((minute, 1)),
            }
        }
        minutes
    }

    /// Puts back what [`PingedFunction::past`] gave. Within its minute each call comes by chance.
    pub fn remember(&mut self, past: &[(i64, u32)]) {
        let mut chance = Chance::new(self.seed, &self.id);
        let mut calls: Vec<Call> = Vec::new();
        for (minute, count) in past.iter().rev() {
            let room = MOST_CALLS.saturating_sub(calls.len());
            let count = room.min(*count as usize);
            calls.extend(
                (0..count).map(|_| Call { at_ms: minute * MINUTE + chance.below(MINUTE), busy_ms: PING_MS as u32 }),
            );
        }
        calls.sort_unstable();
        self.calls = calls.into();
    }

    /// The log shows an invocation.
    pub fn hear(&mut self, invocation: LoggedInvocation) {
        self.changed = true;
        if self.waiting.len() < MOST_WAITING {
            self.waiting.push(invocation);
        }
    }

    /// Everything that the function logged until then has been read.
    pub fn read_up_to(&mut self, moment_ms: i64) {
        self.read_until = self.read_until.max(Some(moment_ms));
    }

    /// The function has another program, or other settings, since this moment at the latest: its environments have
    /// ended, or will soon.
    pub fn deployed(&mut self, moment_ms: i64) {
        if self.deployed.is_some_and(|deployed| deployed >= moment_ms) {
            return;
        }
        self.changed = true;
        self.deployed = Some(moment_ms);
        self.auto.belief().end_all();
        self.vain = (0, i64::MIN, None);
    }

    /// Takes in what was read, and learns. Gives the counts of a day that has ended.
    pub fn step(&mut self, now_ms: i64, pool: &mut Pool) -> Option<DayCounts> {
        self.take_settled(now_ms);
        let ended = self.end_day(now_ms, pool.known());
        if ended.is_some() {
            self.take_settled(now_ms);
        }
        let evidence = self.auto.take_evidence();
        if !evidence.is_empty() || now_ms - pool.learned_until() >= HOUR {
            pool.learn(now_ms.max(pool.learned_until()), &evidence);
        }
        self.switch_back.judge(&self.id, self.seed, now_ms);
        ended
    }

    /// Whether it is time to plan, and enough was read to plan from.
    pub fn wants_to_plan(&self, now_ms: i64) -> bool {
        now_ms >= self.auto.plans_at() && self.is_read(now_ms)
    }

    /// Plans from the calls of the last two weeks. They are replayed several times, which takes its time.
    pub fn plan(&mut self, now_ms: i64, known: &Knowledge) {
        self.changed = true;
        let (_, so_far) = self.week;
        self.auto.plan(now_ms, self.calls.make_contiguous(), &so_far, known);
    }

    /// What is to be done next.
    pub fn next(&self, now_ms: i64, known: &Knowledge) -> NextPing {
        if self.switch_back.verdict() == Some(StopVerdict::Stop) {
            return NextPing::Stopped(PingStop::NoDifference);
        }
        if self.auto.is_out_of_reach() {
            return NextPing::Stopped(PingStop::OutOfReach);
        }
        let (in_vain, last, why) = self.vain;
        if let Some(why) = why.filter(|_| in_vain >= VAIN_PINGS && now_ms < last + TRIED_AGAIN_AFTER) {
            return NextPing::Stopped(why);
        }
        if let Some(end) = self.deployed.map(|deployed| deployed + QUIET_AFTER_DEPLOY).filter(|end| now_ms < *end) {
            return NextPing::NotBefore(end);
        }
        if let Some(end) = self.switch_back.off_until(&self.id, self.seed, now_ms) {
            return NextPing::NotBefore(end);
        }
        match self.auto.next(now_ms, known) {
            None => NextPing::Nothing,
            // As long as pings do not get through, one is enough to see it.
            Some(round) if in_vain > 0 => NextPing::Round(PingRound { count: 1, ..round }),
            Some(round) => NextPing::Round(round),
        }
    }

    /// A round was sent.
    pub fn sent(&mut self, round: PingRound) {
        self.auto.sent(round);
        self.switch_back.sent(round.at_ms, round.count);
    }

    /// A ping of a round was answered. Those of one round are told in the order in which they were sent.
    pub fn answered(&mut self, ping: AnsweredPing) {
        self.changed = true;
        let (_, tally) = &mut self.day;
        tally.pings += 1;
        let why = match ping.end {
            PingEnd::InStartUp => Some(PingStop::StartUp),
            PingEnd::Failed => Some(PingStop::Errors),
            PingEnd::Warm | PingEnd::Cold | PingEnd::Unknown => None,
        };
        self.vain = if why.is_some() { (self.vain.0 + 1, ping.start_ms, why) } else { (0, i64::MIN, None) };
        if why.is_some() {
            // Which environment it was, and whether it lives, is not known.
            return;
        }
        let known = self.auto.belief().known();
        let is_new = ping.end == PingEnd::Cold || (ping.end == PingEnd::Unknown && known.is_empty());
        tally.cold_pings += u32::from(is_new);
        let number = self.names.of_ping(&ping, is_new, &known);
        self.auto.answered(SeenInvocation {
            start_ms: ping.start_ms,
            end_ms: ping.end_ms,
            environment: number,
            cold: is_new,
        });
    }

    /// What came of the day so far.
    pub fn counts(&self, now_ms: i64, known: &Knowledge) -> DayCounts {
        let (from_ms, tally) = self.day;
        let (_, week) = self.week;
        let until_ms = now_ms.min(from_ms + DAY);
        DayCounts {
            from_ms,
            until_ms,
            tally,
            protection: self.auto.protection(),
            tested: self.tested,
            week: BlockCounts { calls: week.calls, cold: week.cold },
            is_promised: self.auto.promise().is_some(),
            without_pings: self.without_pings(from_ms, until_ms, known),
            stopped: match self.next(now_ms, known) {
                NextPing::Stopped(why) => Some(why),
                _ => None,
            },
        }
    }

    /// Calls and cold starts by cause, of which a reason to stop speaks: since the test of pings began, or in the
    /// replay of the last plan.
    pub fn causes(&self, why: PingStop) -> Tally {
        match why {
            PingStop::OutOfReach => self.auto.planned().map_or_else(Tally::default, |planned| planned.tally),
            PingStop::NoDifference | PingStop::StartUp | PingStop::Errors => self.switch_back.tally(),
        }
    }

    fn aim(&self) -> Aim {
        let (from_ms, _) = self.week;
        let until_ms = from_ms + WEEK;
        Aim { target: self.target, from_ms, until_ms, at_most: self.at_most, ahead_ms: AHEAD }
    }

    /// Whether the log has been read without a gap until not long ago.
    fn is_read(&self, now_ms: i64) -> bool {
        self.read_until.is_some_and(|until| now_ms - until < READ_WITHIN)
    }

    /// Takes in, in order, what the log shows surely in whole; not what belongs to the next day.
    fn take_settled(&mut self, now_ms: i64) {
        let settled = self.read_until.unwrap_or(i64::MIN).min(now_ms).saturating_sub(SETTLED_AFTER);
        let settled = settled.min(self.day.0 + DAY - 1);
        self.waiting.sort_by_key(|one| (one.start_ms, one.end_ms, one.environment));
        let count = self.waiting.partition_point(|one| one.start_ms <= settled);
        let taken: Vec<LoggedInvocation> = self.waiting.drain(..count).collect();
        self.changed |= !taken.is_empty();
        let mut rest = &taken[..];
        while let Some(first) = rest.first() {
            let together = rest.partition_point(|one| one.start_ms < first.start_ms + TOGETHER);
            let (group, later) = rest.split_at_checked(together).unwrap_or((rest, &[]));
            self.take_together(group);
            rest = later;
        }
    }

    /// Takes in invocations of which nobody knows which came first. AWS takes the most recently used environments for
    /// them, so the environments that answered are gone through in that order: none of them was passed over.
    fn take_together(&mut self, group: &[LoggedInvocation]) {
        let mut met = Vec::with_capacity(group.len());
        for one in group {
            let (number, guess) = self.names.of_log(one);
            if let Some((start_ms, guessed)) = guess {
                self.auto.belief().withdraw(start_ms, guessed);
            }
            met.push((number, guess.is_some(), one));
        }
        let known = self.auto.belief().logged().to_vec();
        let freed = |number: u32| known.iter().find(|one| one.number == number).map_or(i64::MIN, |one| one.free_ms);
        met.sort_by_key(|(number, ..)| std::cmp::Reverse(freed(*number)));
        for (number, is_own, one) in met {
            self.take(one, number, is_own);
        }
    }

    fn take(&mut self, one: &LoggedInvocation, number: u32, is_own: bool) {
        let seen = SeenInvocation { start_ms: one.start_ms, end_ms: one.end_ms, environment: number, cold: one.cold };
        if !is_own && !one.is_ping {
            self.count_call(one);
        }
        if one.cold && one.succeeded {
            // Start-up gets through again.
            self.vain = (0, i64::MIN, None);
        }
        self.auto.logged(seen, is_own || one.is_ping);
        self.last_start = self.last_start.max(Some(one.start_ms));
    }

    fn count_call(&mut self, one: &LoggedInvocation) {
        let busy_ms = u32::try_from((one.end_ms - one.start_ms).clamp(1, 900_000)).unwrap_or(1);
        let call = Call { at_ms: one.start_ms, busy_ms };
        // Restored calls of the same minute may be later by chance.
        let place = self.calls.partition_point(|other| *other <= call);
        self.calls.insert(place, call);
        while self.calls.len() > MOST_CALLS
            || self.calls.front().is_some_and(|first| one.start_ms - first.at_ms > REPLAYED)
        {
            self.calls.pop_front();
        }
        let cause = one.cold.then(|| self.cause(one.start_ms));
        let is_test = self.switch_back.off_until(&self.id, self.seed, one.start_ms).is_some();
        let count = |tally: &mut Tally| {
            tally.calls += 1;
            cause.into_iter().for_each(|cause| tally.count_cold(cause));
        };
        // What is read late of the day before is counted in the test only.
        if one.start_ms >= self.day.0 {
            count(&mut self.day.1);
            if is_test {
                self.tested.calls += 1;
                self.tested.cold += u32::from(cause.is_some());
            } else {
                count(&mut self.week.1);
            }
        }
        self.switch_back.count(one.start_ms, cause);
    }

    /// Why no environment could answer a call at once.
    fn cause(&mut self, start_ms: i64) -> ColdCause {
        let known = self.auto.belief().known();
        if known.iter().any(|one| one.free_ms > start_ms && one.born_ms < start_ms) {
            return ColdCause::Overlap;
        }
        if self.deployed.is_some_and(|deployed| self.last_start.is_none_or(|last| deployed >= last)) {
            return ColdCause::Deploy;
        }
        // An environment ends by its age however often it is used.
        match known.first() {
            Some(one) if start_ms - one.free_ms <= SURELY_KEPT => ColdCause::Recycling,
            _ => ColdCause::Idle,
        }
    }

    fn end_day(&mut self, now_ms: i64, known: &Knowledge) -> Option<DayCounts> {
        let (from_ms, _) = self.day;
        // The log of its last minutes is waited for.
        if now_ms < from_ms + DAY + READ_WITHIN / 10 {
            return None;
        }
        self.changed = true;
        let ended = self.counts(from_ms + DAY, known);
        let begins = now_ms.div_euclid(DAY) * DAY;
        self.day = (begins, Tally::default());
        self.tested = BlockCounts::default();
        let (week_ms, week) = self.week;
        if monday(begins) != week_ms {
            self.week = (monday(begins), Tally::default());
            self.auto.begin(self.aim(), &week);
        }
        Some(ended)
    }

    /// What the same calls would have come to without pings.
    fn without_pings(&self, from_ms: i64, until_ms: i64, known: &Knowledge) -> Option<u32> {
        self.read_until.filter(|read| until_ms - read < READ_WITHIN)?;
        // An environment may be there from the hours before.
        let begins = from_ms - 2 * HOUR;
        let calls: Vec<Call> = self.calls.iter().copied().filter(|call| call.at_ms >= begins).collect();
        let truth = known.regime();
        let chance = Chance::new(self.seed, &self.id);
        let pinger = Keeping::new(Protection::Nothing, Belief::default(), 0);
        let mut replay = FunctionReplay::new(&calls, &truth, Fleet::new(0), pinger, chance);
        let timeline = Timeline::default();
        replay.run(begins, from_ms, &timeline);
        let so_far = replay.tally.cold;
        replay.run(from_ms, until_ms, &timeline);
        Some(replay.tally.cold - so_far)
    }
}

/// The beginning of the week of this moment.
fn monday(moment_ms: i64) -> i64 {
    // 1970 began on a Thursday.
    let days = moment_ms.div_euclid(DAY);
    (days - (days + 3).rem_euclid(7)) * DAY
}

/// How long a promise is for.
const WEEK: i64 = 7 * DAY;
/// A pause that no environment ended in by idling, in any month that was measured.
const SURELY_KEPT: i64 = 5 * MINUTE;

#[cfg(test)]
mod tests;
