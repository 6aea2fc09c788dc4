//! Follows the logs of all functions that match some patterns: decides which group to read when, and how to handle a
//! failed call.
//!
//! A [`LogSink`] takes what is read: the source counts it for the rules, `monitor tail` shows each invocation.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws::budget::{Permit, RateLimiter};
use aws::resolve::{LOG_GROUP_PREFIX, functions};
use aws::{AwsClients, LogsApi};
use chrono::{DateTime, TimeDelta, Utc};
use lambda_log::diagnosis::Causes;
use model::call_failure::{CallFailure, FailureKind};
use model::glob::NamePattern;
use model::span::spoken;

use super::group::{FollowedGroup, GroupOutput, PageRequest, PassProgress};
use super::sink::LogSink;

pub(super) const CALL: &str = "logs:FilterLogEvents";

/// For how long what the patterns meant will do while the look-up is throttled.
const STALE: TimeDelta = TimeDelta::hours(1);
/// A group that has waited for this long is behind, which is reported this often.
pub(super) const BEHIND: TimeDelta = TimeDelta::minutes(5);
const SAY_BEHIND: TimeDelta = TimeDelta::minutes(1);
/// Calls in a row that may be throttled, each of them later than the one before, until the rest waits for the next
/// poll.
const THROTTLED: u32 = 4;
/// How often a call is made that may pass the next time.
const TRIES: u32 = 3;
/// How often in a row a pass is begun again because the token of its next page is refused.
const REFUSED_TOKENS: u32 = 10;

/// How closely logs are followed.
#[derive(Debug, Clone, Copy)]
pub struct FollowPace {
    /// How far each pass reads back behind the one before, for late events.
    pub overlap: TimeDelta,
    /// The maximum time between two reads of a group that has been silent for long.
    pub quiet: TimeDelta,
    /// How often the patterns are looked up again.
    pub look_up: TimeDelta,
}

/// What one step of following gave.
#[derive(Debug)]
pub struct FollowResult<S> {
    /// What was read, in order.
    pub seen: Vec<FollowEvent<S>>,
    /// When to resume, if not everything could be read at once.
    pub go_on_at: Option<DateTime<Utc>>,
    /// Everything that was due has been read, and nothing has failed since it was due.
    pub answered: bool,
}

/// One thing that was seen.
#[derive(Debug)]
pub enum FollowEvent<S> {
    /// A stretch of a log.
    Read(LogStretch<S>),
    /// A call failed. It is retried at one of the next polls.
    Failed(CallFailure),
}

/// A stretch of a function's log that has been read.
#[derive(Debug)]
pub struct LogStretch<S> {
    /// The function.
    pub function: String,
    /// Its content.
    pub found: S,
    /// The new cursor, if cursors are stored; `None` if the last one is still right.
    pub cursor: Option<String>,
    /// Up to when everything has been read; `None` where the reading was cut short.
    pub up_to: Option<DateTime<Utc>>,
}

impl<S> FollowResult<S> {
    fn new() -> Self {
        Self { seen: Vec::new(), go_on_at: None, answered: false }
    }
}

/// Follows logs. Never waits: it returns what it has, and when it wants to resume.
pub struct LogFollower<S> {
    patterns: Vec<NamePattern>,
    pace: FollowPace,
    /// What lines are searched for.
    causes: Causes,
    logs: Arc<dyn LogsApi>,
    budget: Arc<RateLimiter>,
    /// The functions the patterns mean, and when they were looked up.
    known: Option<(DateTime<Utc>, Vec<String>)>,
    groups: BTreeMap<String, FollowedGroup<S>>,
    /// The turn that is waited for.
    turn: Option<Permit>,
    /// Throttled calls in a row.
    throttled: u32,
    /// When the schedule last polled.
    polled: Option<DateTime<Utc>>,
    /// Something has failed since nothing was due last.
    failed: bool,
    said_behind: Option<DateTime<Utc>>,
}

/// What follows from a failed call.
enum FailureAction {
    /// The next one is made, this one perhaps again.
    GoOn,
    /// It is reported, and this group waits for the next poll.
    Skip(CallFailure),
    /// It is reported, and so do all: no other call would fare better now.
    Stop(CallFailure),
}

impl<S: LogSink> LogFollower<S> {
    /// Follows nothing yet.
    pub fn new(patterns: Vec<NamePattern>, pace: FollowPace, account: &AwsClients) -> Self {
        Self {
            patterns,
            pace,
            causes: Causes::built_in(),
            logs: Arc::clone(&account.logs),
            budget: Arc::clone(&account.log_budget),
            known: None,
            groups: BTreeMap::new(),
            turn: None,
            throttled: 0,
            polled: None,
            failed: false,
            said_behind: None,
        }
    }

    /// The same, searching lines for these causes.
    #[must_use]
    pub fn with_causes(self, causes: &Causes) -> Self {
        Self { causes: causes.clone(), ..self }
    }

    /// Continues from stored cursors, by function.
    pub fn restore(&mut self, cursors: BTreeMap<String, String>) {
        // A cursor that an older version wrote differently is as good as none: the group is read as a new one.
        let group = |(function, cursor): (String, String)| {
            FollowedGroup::restored(&function, &cursor, &self.causes).map(|group| (function, group))
        };
        self.groups = cursors.into_iter().filter_map(group).collect();
    }

    /// Uses another connection from now on, for example with new credentials. The rate limiter stays, because the quota
    /// does.
    pub fn ask_by(&mut self, account: &AwsClients) {
        self.logs = Arc::clone(&account.logs);
    }

    /// The functions that the patterns mean; `None` as long as they have not been looked up.
    pub fn functions(&self) -> Option<&[String]> {
        self.known.as_ref().map(|(_, functions)| functions.as_slice())
    }

    /// Asks every group that should be asked by now. A group that was not known before is read from `first` on.
    pub async fn poll(&mut self, now: DateTime<Utc>, first: DateTime<Utc>) -> FollowResult<S> {
        let mut followed = FollowResult::new();
        if self.groups.values().all(|group| group.due.is_none()) {
            self.failed = false;
        }
        self.look_up(now, &mut followed).await;
        self.say_if_behind(now, &mut followed);
        let gap = self.polled.replace(now).map(|before| now - before);
        for function in self.known.iter().flat_map(|(_, functions)| functions) {
            let group = self
                .groups
                .entry(function.clone())
                .or_insert_with(|| FollowedGroup::new(function, first.timestamp_millis(), &self.causes));
            if group.due.is_none() && !gap.is_some_and(|gap| group.can_wait(now, gap, self.pace.quiet)) {
                group.due = Some(now);
            }
        }
        self.read(now, followed).await
    }

    /// Resumes what the last poll left for later, at the time in [`FollowResult::go_on_at`].
    pub async fn go_on(&mut self, now: DateTime<Utc>) -> FollowResult<S> {
        self.read(now, FollowResult::new()).await
    }
    /// Looks up what the patterns mean, if that was long ago.
    async fn look_up(&mut self, now: DateTime<Utc>, followed: &mut FollowResult<S>) {
        if self.known.as_ref().is_some_and(|(at, _)| now - *at < self.pace.look_up) {
            return;
        }
        match functions(self.logs.as_ref(), &self.patterns).await {
            Ok(functions) => {
                let gone: Vec<String> =
                    self.groups.keys().filter(|function| !functions.contains(function)).cloned().collect();
                gone.iter().for_each(|function| self.leave(function, now, followed));
                self.known = Some((now, functions));
            }
            Err(failure)
                if failure.kind.is_passing() && self.known.as_ref().is_some_and(|(at, _)| now - *at < STALE) => {}
            Err(failure) => self.fail(followed, failure),
        }
    }

    fn fail(&mut self, followed: &mut FollowResult<S>, failure: CallFailure) {
        self.failed = true;
        followed.seen.push(FollowEvent::Failed(failure));
    }

    /// The function whose log should have been asked first of those that are due.
    fn neediest(&self, now: DateTime<Utc>) -> Option<String> {
        let due = self.groups.iter().filter(|(_, group)| group.due.is_some());
        due.min_by_key(|(_, group)| group.deadline(now, self.pace.quiet)).map(|(function, _)| function.clone())
    }

    /// Reads what is due, page by page, for as long as there are turns.
    async fn read(&mut self, now: DateTime<Utc>, mut followed: FollowResult<S>) -> FollowResult<S> {
        while let Some(function) = self.neediest(now) {
            let turn = self.turn.take().unwrap_or_else(|| self.budget.turn());
            if !self.budget.has_come(turn) {
                self.turn = Some(turn);
                followed.go_on_at = Some(turn.from());
                return followed;
            }
            match self.page(&function, now, &mut followed).await {
                FailureAction::GoOn => {}
                FailureAction::Skip(failure) => {
                    self.leave(&function, now, &mut followed);
                    self.fail(&mut followed, failure);
                }
                FailureAction::Stop(failure) => {
                    self.fail(&mut followed, failure);
                    return followed;
                }
            }
        }
        followed.answered = !self.failed;
        followed
    }

    /// Asks for one page of a function's log.
    async fn page(&mut self, function: &str, now: DateTime<Utc>, followed: &mut FollowResult<S>) -> FailureAction {
        let overlap = self.pace.overlap;
        let Some(group) = self.groups.get_mut(function) else { return FailureAction::GoOn };
        let PageRequest { from_ms, to_ms, token } = group.ask(now, overlap);
        let name = format!("{LOG_GROUP_PREFIX}{function}");
        let page = match self.logs.events(&name, from_ms, to_ms, token.as_deref()).await {
            Ok(page) => page,
            Err(failure) => return self.after(function, failure),
        };
        self.throttled = 0;
        self.budget.answered();
        let reached = match group.take(page, now, overlap) {
            PassProgress::Within => return FailureAction::GoOn,
            PassProgress::Reached(to) => to,
            PassProgress::CaughtUp(to) => {
                group.due = None;
                to
            }
            PassProgress::Endless(endless) => {
                let next_step = "what was read is counted; monitor retries automatically".to_owned();
                return FailureAction::Skip(CallFailure { next_step, ..endless.failure(CALL, &name) });
            }
        };
        self.give(function, now, Some(reached), followed);
        FailureAction::GoOn
    }

    /// Reads no more of a group for now. What was read of it stays counted.
    fn leave(&mut self, function: &str, now: DateTime<Utc>, followed: &mut FollowResult<S>) {
        if self.groups.get(function).is_some_and(FollowedGroup::is_in_hand) {
            self.give(function, now, None, followed);
        }
        if let Some(group) = self.groups.get_mut(function) {
            group.due = None;
            group.give_up();
        }
    }

    fn give(
        &mut self,
        function: &str,
        now: DateTime<Utc>,
        up_to: Option<DateTime<Utc>>,
        followed: &mut FollowResult<S>,
    ) {
        let Some(group) = self.groups.get_mut(function) else { return };
        let GroupOutput { found, cursor } = group.give(now);
        followed.seen.push(FollowEvent::Read(LogStretch { function: function.to_owned(), found, cursor, up_to }));
    }

    fn after(&mut self, function: &str, failure: CallFailure) -> FailureAction {
        use FailureKind::{
            BadCredentials, Behind, CapReached, Denied, NoAnswer, NoCredentials, NotFound, Refused, Throttled,
            Unreachable,
        };
        let Some(group) = self.groups.get_mut(function) else { return FailureAction::Skip(failure) };
        match failure.kind {
            Throttled => {
                self.budget.throttled();
                self.throttled += 1;
                if self.throttled < THROTTLED {
                    return FailureAction::GoOn;
                }
                self.throttled = 0;
                FailureAction::Stop(failure)
            }
            // Tokens expire, and there is no code of its own for that. The pass begins again; without a token the
            // answer is plain.
            Refused | NotFound if group.has_token() && group.refused_tokens < REFUSED_TOKENS => {
                group.refused_tokens += 1;
                group.give_up();
                FailureAction::GoOn
            }
            Refused | NoAnswer | Unreachable if group.tries + 1 < TRIES => {
                group.tries += 1;
                FailureAction::GoOn
            }
            Refused | NotFound | Denied | CapReached | Behind => {
                group.tries = 0;
                group.refused_tokens = 0;
                FailureAction::Skip(failure)
            }
            NoAnswer | Unreachable | NoCredentials | BadCredentials => {
                group.tries = 0;
                // They do not wait for their turn but for AWS: it is not the budget that makes them late.
                self.groups.values_mut().for_each(|group| group.due = None);
                FailureAction::Stop(failure)
            }
        }
    }

    /// Says that the budget is too small, once somebody has waited for long: a burst is no reason to.
    fn say_if_behind(&mut self, now: DateTime<Utc>, followed: &mut FollowResult<S>) {
        let late = |group: &&FollowedGroup<S>| group.due.is_some_and(|due| now - due > BEHIND);
        let count = self.groups.values().filter(late).count();
        let last = self.groups.iter().filter(|(_, group)| late(group)).min_by_key(|(_, group)| group.from());
        let Some((function, group)) = last.filter(|_| self.said_behind.is_none_or(|said| now - said >= SAY_BEHIND))
        else {
            return;
        };
        let behind = spoken(now - group.from() - self.pace.overlap);
        let all = self.groups.len();
        let (why, next_step) = if self.budget.is_slowed() {
            (
                "AWS throttles the calls",
                "check what else calls CloudWatch Logs in this account and region, because the quota is shared; watch fewer functions, or lower log_calls_per_second under [aws]".to_owned(),
            )
        } else {
            let calls = self.budget.calls_per_second().unwrap_or_default();
            (
                "there is more to read than the rate limit allows",
                format!(
                    "raise log_calls_per_second under [aws] (it is {calls}; AWS allows 5 in many regions, see Service Quotas), watch fewer functions, or log less"
                ),
            )
        };
        let failure = CallFailure {
            call: CALL.to_owned(),
            resource: format!("{LOG_GROUP_PREFIX}{function}"),
            kind: FailureKind::Behind,
            said: format!("{count} of {all} log groups are behind, this one by {behind}: {why}"),
            next_step: format!("{next_step}; late events are still read"),
        };
        self.said_behind = Some(now);
        self.fail(followed, failure);
    }
}
