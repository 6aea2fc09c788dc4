//! Weeks of one function against a model of AWS that its pings cannot see.

use std::collections::VecDeque;

use super::*;
use crate::regime::{Regime, Year};

/// When the log shows an invocation after its end.
const SHOWN_AFTER: i64 = 15 * SECOND;
const START: i64 = 1_767_225_600_000;

/// What surrounds a function.
struct World {
    regime: Regime,
    fleet: Fleet,
    chance: Chance,
    calls: VecDeque<Call>,
    log: VecDeque<LoggedInvocation>,
    requests: u64,
    /// Whether start-up never ends.
    stuck: bool,
    reads_log: bool,
    /// The environments that pings reach, if they are others than those of users.
    other: Option<Fleet>,
    /// Moments of pings, and how many began then.
    rounds: Vec<(i64, u32)>,
}

impl World {
    fn new(regime: Regime, calls: Vec<Call>) -> Self {
        Self {
            regime,
            fleet: Fleet::new(0),
            chance: Chance::new(11, "world"),
            calls: calls.into(),
            log: VecDeque::new(),
            requests: 0,
            stuck: false,
            reads_log: true,
            other: None,
            rounds: Vec::new(),
        }
    }

    fn invoke(&mut self, now: i64, busy_ms: i64) -> (LoggedInvocation, bool) {
        let answered = self.fleet.invoke(now, busy_ms, 500, &self.regime, &mut self.chance);
        self.requests += 1;
        let cold = answered.cold.is_some();
        let one = LoggedInvocation {
            start_ms: now,
            end_ms: answered.end_ms,
            environment: u64::from(answered.environment) + 1_000,
            request: Some(self.requests),
            cold,
            is_ping: false,
            succeeded: true,
        };
        self.log.push_back(one);
        (one, cold)
    }

    /// Runs the function until then; gives the counts of each day that ended.
    fn run(&mut self, function: &mut PingedFunction, pool: &mut Pool, from: i64, until: i64) -> Vec<DayCounts> {
        let (mut now, mut days) = (from, Vec::new());
        while now < until {
            while let Some(call) = self.calls.pop_front_if(|call| call.at_ms <= now) {
                self.invoke(call.at_ms, i64::from(call.busy_ms));
            }
            while let Some(one) = self.log.pop_front_if(|one| one.end_ms + SHOWN_AFTER <= now) {
                if self.reads_log {
                    function.hear(one);
                }
            }
            if self.reads_log {
                function.read_up_to(now);
            }
            days.extend(function.step(now, pool));
            if function.wants_to_plan(now) {
                function.plan(now, pool.known());
            }
            let tick = now - now.rem_euclid(MINUTE) + MINUTE;
            now = match function.next(now, pool.known()) {
                NextPing::Round(round) if round.at_ms <= now => {
                    self.ping(function, round, now);
                    now + 1
                }
                NextPing::Round(round) => round.at_ms.min(tick),
                _ => tick,
            };
        }
        days
    }

    fn ping(&mut self, function: &mut PingedFunction, round: PingRound, now: i64) {
        function.sent(PingRound { at_ms: now, ..round });
        self.rounds.push((now, round.count));
        for index in 0..i64::from(round.count) {
            let place = if round.last_ends_last { index } else { i64::from(round.count) - index };
            if self.stuck {
                let end_ms = now + 30_000;
                let (environment, request) = (None, None);
                function.answered(AnsweredPing {
                    start_ms: now,
                    end_ms,
                    environment,
                    request,
                    end: PingEnd::InStartUp,
                });
                continue;
            }
            let of_users = self.other.take().map(|other| std::mem::replace(&mut self.fleet, other));
            let (mut one, cold) = self.invoke(now, 100 + 5 * place);
            if let Some(of_users) = of_users {
                self.other = Some(std::mem::replace(&mut self.fleet, of_users));
                one.environment += 500_000;
                self.log.iter_mut().rev().take(1).for_each(|last| *last = one);
            }
            let end = if cold { PingEnd::Cold } else { PingEnd::Warm };
            function.answered(AnsweredPing {
                start_ms: now,
                end_ms: one.end_ms,
                environment: None,
                request: one.request,
                end,
            });
        }
    }
}

/// Calls that come by chance, so many minutes apart on average.
fn by_chance(minutes: i64, days: i64, seed: u64) -> Vec<Call> {
    let mut chance = Chance::new(seed, "calls");
    let (mut now, mut calls) = (START, Vec::new());
    while now < START + days * DAY {
        now += (-(1.0 - chance.share()).ln() * (minutes * MINUTE) as f64) as i64;
        calls.push(Call { at_ms: now, busy_ms: 250 });
    }
    calls
}

fn function(at_most: u32) -> PingedFunction {
    PingedFunction::new("f", 0.01, at_most, 1, START)
}

/// A month of a function that is called three times an hour.
#[track_caller]
fn check_month(year: Year, most_pings_a_day: u32) {
    let mut world = World::new(year.regime(), by_chance(20, 36, 3));
    let (mut function, mut pool) = (function(100), Pool::default());
    let days = world.run(&mut function, &mut pool, START, START + 35 * DAY);
    assert_eq!(days.len(), 34, "{year:?}");
    let (calls, cold, pings, tested) = days.iter().fold((0, 0, 0, 0), |(calls, cold, pings, tested), day| {
        let usual = day.tally.cold - day.tested.cold;
        (calls + day.tally.calls - day.tested.calls, cold + usual, pings + day.tally.pings, tested + day.tested.cold)
    });
    assert!(f64::from(cold) <= 0.01 * f64::from(calls) && calls > 2_000, "{year:?}: {cold} of {calls}");
    assert!(pings / 34 <= most_pings_a_day, "{year:?}: {pings} in 34 days");
    assert!(tested > 0, "{year:?}: pings were never left out");
    let weeks: Vec<&DayCounts> = days.iter().filter(|day| monday(day.from_ms + DAY) != monday(day.from_ms)).collect();
    let promised: Vec<_> = weeks.iter().filter(|day| day.is_promised).collect();
    assert!(promised.len() >= 3, "{year:?}: {} promises", promised.len());
    assert!(promised.iter().all(|day| f64::from(day.week.cold) <= 0.01 * f64::from(day.week.calls)), "{year:?}");
    let without: u32 = days.iter().filter_map(|day| day.without_pings).sum();
    assert!(without > 20 * cold, "{year:?}: {without} without pings, {cold} with");
    assert_eq!(function.switch_back.verdict(), Some(StopVerdict::Helps), "{year:?}");
}

#[test]
fn a_month_in_each_year_stays_within_the_target_and_what_was_promised_comes() {
    check_month(Year::Y2019, 300);
    check_month(Year::Y2020, 300);
    check_month(Year::Y2021, 500);
}

#[test]
fn where_only_bursts_are_cold_pings_stop_within_two_weeks_and_it_is_known_why() {
    let burst = |at_ms: i64| std::iter::repeat_n(Call { at_ms, busy_ms: 2_000 }, 12);
    let calls = (1..48 * 20).flat_map(|half| burst(START + half * HOUR / 2)).collect();
    let mut world = World::new(Year::Y2020.regime(), calls);
    // At most two at once: twelve warm environments are out of reach.
    let (mut function, mut pool) = (function(2), Pool::default());
    let now = START + 3 * DAY;
    world.run(&mut function, &mut pool, START, now);
    assert_eq!(function.next(now, pool.known()), NextPing::Stopped(PingStop::OutOfReach));
    let causes = function.causes(PingStop::OutOfReach);
    assert!(causes.of(ColdCause::Overlap) * 10 > causes.cold * 8, "{causes:?}");
    let sent = world.rounds.len();
    world.run(&mut function, &mut pool, now, now + 3 * DAY);
    assert_eq!(world.rounds.len(), sent);
}

#[test]
fn pings_that_reach_what_no_user_calls_stop_after_two_weeks() {
    let mut world = World::new(Year::Y2020.regime(), by_chance(20, 17, 3));
    world.other = Some(Fleet::new(0));
    let (mut function, mut pool) = (function(100), Pool::default());
    let now = START + 15 * DAY;
    world.run(&mut function, &mut pool, START, now);
    assert_eq!(function.next(now, pool.known()), NextPing::Stopped(PingStop::NoDifference));
    let causes = function.causes(PingStop::NoDifference);
    assert!(causes.cold > 100 && causes.calls > 800, "{causes:?}");
    let sent = world.rounds.len();
    assert!(sent > 500, "{sent}");
    world.run(&mut function, &mut pool, now, now + 2 * DAY);
    assert_eq!(world.rounds.len(), sent);
}

#[test]
fn a_function_whose_start_up_never_ends_is_pinged_three_times_and_then_every_six_hours() {
    let mut world = World::new(Year::Y2020.regime(), vec![]);
    world.stuck = true;
    let (mut function, mut pool) = (function(100), Pool::default());
    world.run(&mut function, &mut pool, START, START + HOUR);
    assert_eq!(function.next(START + HOUR, pool.known()), NextPing::Stopped(PingStop::StartUp));
    let counts: Vec<u32> = world.rounds.iter().map(|(_, count)| *count).collect();
    assert!(counts.len() <= 3 && counts.iter().sum::<u32>() >= VAIN_PINGS, "{counts:?}");
    let before = world.rounds.len();
    world.run(&mut function, &mut pool, START + HOUR, START + DAY);
    assert!((3..=4).contains(&(world.rounds.len() - before)), "{:?}", world.rounds);
    // A deploy may have mended it.
    function.deployed(START + DAY);
    world.stuck = false;
    world.run(&mut function, &mut pool, START + DAY, START + DAY + HOUR);
    assert!(matches!(function.next(START + DAY + HOUR, pool.known()), NextPing::Round(_)));
}

#[test]
fn an_account_of_ten_is_never_pinged_twice_at_once() {
    let mut world = World::new(Year::Y2020.regime(), by_chance(20, 2, 5));
    let (mut function, mut pool) = (function(1), Pool::default());
    world.run(&mut function, &mut pool, START, START + 2 * DAY);
    assert!(world.rounds.iter().all(|(_, count)| *count == 1), "{:?}", world.rounds);
    assert!((150..700).contains(&world.rounds.len()), "{}", world.rounds.len());
}

#[test]
fn without_a_log_that_is_read_nothing_is_planned_and_nothing_promised() {
    let mut world = World::new(Year::Y2020.regime(), by_chance(20, 3, 5));
    world.reads_log = false;
    let (mut function, mut pool) = (function(100), Pool::default());
    let days = world.run(&mut function, &mut pool, START, START + 3 * DAY);
    assert!(days.iter().all(|day| !day.is_promised && day.without_pings.is_none() && day.tally.calls == 0));
    // What the answers show is enough to ping with care.
    assert!(days.iter().all(|day| (100..1_500).contains(&day.tally.pings)), "{days:?}");
}

#[test]
fn during_a_deploy_nothing_is_pinged() {
    let mut world = World::new(Year::Y2020.regime(), by_chance(20, 1, 5));
    let (mut function, mut pool) = (function(100), Pool::default());
    world.run(&mut function, &mut pool, START, START + HOUR);
    let now = START + HOUR;
    function.deployed(now);
    assert_eq!(function.next(now + 1, pool.known()), NextPing::NotBefore(now + QUIET_AFTER_DEPLOY));
    // The same change, told again with its call, ends nothing once more.
    function.deployed(now - MINUTE);
    assert!(matches!(function.next(now + QUIET_AFTER_DEPLOY, pool.known()), NextPing::Round(_)));
}

#[test]
fn a_timeout_that_aws_shortens_is_followed() {
    let mut world = World::new(Year::Y2020.regime(), by_chance(20, 30, 3));
    let (mut function, mut pool) = (function(100), Pool::default());
    world.run(&mut function, &mut pool, START, START + 5 * DAY);
    assert!(pool.known().safe_pause_ms > 9 * MINUTE, "{:?}", pool.known());
    world.regime = Year::Y2021.regime();
    world.run(&mut function, &mut pool, START + 5 * DAY, START + 6 * DAY);
    assert!(pool.known().safe_pause_ms < 7 * MINUTE, "{:?}", pool.known());
    let days = world.run(&mut function, &mut pool, START + 6 * DAY, START + 12 * DAY);
    let (calls, cold) = days.iter().fold((0, 0), |(calls, cold), day| {
        (calls + day.tally.calls - day.tested.calls, cold + day.tally.cold - day.tested.cold)
    });
    assert!(f64::from(cold) <= 0.01 * f64::from(calls) && calls > 300, "{cold} of {calls}");
}

#[test]
fn after_a_restart_it_goes_on_as_before() {
    let mut world = World::new(Year::Y2020.regime(), by_chance(20, 2, 5));
    let (mut function, mut pool) = (function(100), Pool::default());
    world.run(&mut function, &mut pool, START, START + DAY);
    let now = START + DAY;
    let state = serde_json::to_string(&function).unwrap();
    let mut again: PingedFunction = serde_json::from_str(&state).unwrap();
    again.remember(&function.past());
    let known: Pool = serde_json::from_str(&serde_json::to_string(&pool).unwrap()).unwrap();
    assert_eq!(again.next(now, known.known()), function.next(now, pool.known()));
    assert_eq!(again.past(), function.past());
    assert!(again.is_for(0.01, 1) && !again.is_for(0.02, 1));
    assert!(state.len() < 20_000, "{}", state.len());
    // What fifty functions of an account keep is below a megabyte.
    let kept = std::mem::size_of::<Call>() * function.calls.len() + state.len();
    assert!(kept * 50 + std::mem::size_of::<Pool>() + 8 * 5_200 < 1_000_000, "{kept}");
}
