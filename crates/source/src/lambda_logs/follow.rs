//! Follows the logs of all functions that match some patterns: decides which group to read when, and how to handle a
//! failed call. A group is read once, however many functions log to it.
//!
//! A [`LogSink`] takes what is read: the source counts it for the rules, `monitor tail` shows each invocation.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws::budget::{Permit, RateLimiter};
use aws::resolve::{LogSelection, ResolvedLogs, default_function, resolve, unreadable_class};
use aws::{AwsClients, LambdaApi, LogsApi};
use chrono::{DateTime, TimeDelta, Utc};
use lambda_log::diagnosis::Causes;
use model::call_failure::{CallFailure, FailureKind};
use model::span::spoken;

use super::group::{FollowedGroup, GroupOutput, PageRequest, PassProgress, group_of_key};
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

/// A stretch of a log group that has been read.
#[derive(Debug)]
pub struct LogStretch<S> {
    /// The log group.
    pub group: String,
    /// What was read of each function's log there, in order of their names.
    pub functions: Vec<FunctionStretch<S>>,
    /// The group's new cursor with its key, if cursors are stored; `None` if the last one is still right.
    pub cursor: Option<(String, String)>,
    /// Up to when the whole group has been read; `None` where the reading was cut short.
    pub up_to: Option<DateTime<Utc>>,
    /// Events that belong to no function: their stream names none, and the group is no function's own.
    pub unnamed: u64,
}

/// A stretch of a function's log that has been read.
#[derive(Debug)]
pub struct FunctionStretch<S> {
    /// The function.
    pub function: String,
    /// Its content.
    pub found: S,
    /// Up to when everything has been read in every group that the function logs to, if this stretch has changed it.
    pub up_to: Option<DateTime<Utc>>,
}

impl<S> FollowResult<S> {
    fn new() -> Self {
        Self { seen: Vec::new(), go_on_at: None, answered: false }
    }
}

/// Follows logs. Never waits: it returns what it has, and when it wants to resume.
pub struct LogFollower<S> {
    wanted: LogSelection,
    pace: FollowPace,
    /// What lines are searched for.
    causes: Causes,
    logs: Arc<dyn LogsApi>,
    lambda: Arc<dyn LambdaApi>,
    budget: Arc<RateLimiter>,
    /// What was looked up.
    known: Option<KnownLogs>,
    /// By name.
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

/// What the patterns mean.
struct KnownLogs {
    /// When it was looked up.
    at: DateTime<Utc>,
    logs: ResolvedLogs,
    functions: Vec<String>,
    by_group: BTreeMap<String, BTreeSet<String>>,
}

impl KnownLogs {
    fn new(at: DateTime<Utc>, logs: ResolvedLogs) -> Self {
        Self { at, functions: logs.functions(), by_group: logs.by_group(), logs }
    }

    fn has(&self, function: &str) -> bool {
        self.functions.binary_search_by(|known| known.as_str().cmp(function)).is_ok()
    }

    /// Whose the streams of a group are that name no function. A group with the name of a function's group by default
    /// belongs to no function if other functions were given it and no function has that name, as far as names are
    /// meant.
    fn owner(&self, group: &str, wanted: &LogSelection) -> Option<String> {
        let claimed = self.by_group.get(group).is_some_and(|functions| !functions.is_empty());
        let is_meant = |owner: &str| wanted.has_function(owner) || self.logs.whole.contains(group);
        let is_one = |owner: &&str| !claimed || self.has(owner) || !is_meant(owner);
        default_function(group).filter(is_one).map(str::to_owned)
    }
}

/// What follows from a failed call.
enum FailureAction {
    /// The next one is made, this one perhaps again.
    GoOn,
    /// It is reported, and this group waits for the next poll.
    Skip(CallFailure),
    /// It is no failure: there is nothing to read, and this group waits for the next poll.
    Nothing,
    /// It is reported, and so do all: no other call would fare better now.
    Stop(CallFailure),
}

impl<S: LogSink> LogFollower<S> {
    /// Follows nothing yet.
    pub fn new(wanted: LogSelection, pace: FollowPace, account: &AwsClients) -> Self {
        Self {
            wanted,
            pace,
            causes: Causes::built_in(),
            logs: Arc::clone(&account.logs),
            lambda: Arc::clone(&account.functions),
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

    /// Continues from stored cursors, by their keys.
    pub fn restore(&mut self, cursors: BTreeMap<String, String>) {
        // A cursor that an older version wrote differently is as good as none: the group is read as a new one.
        let group = |(key, cursor): (String, String)| {
            let name = group_of_key(&key);
            FollowedGroup::restored(&name, &cursor, &self.causes).map(|group| (name, group))
        };
        self.groups = cursors.into_iter().filter_map(group).collect();
    }

    /// Uses another connection from now on, for example with new credentials. The rate limiter stays, because the quota
    /// does.
    pub fn ask_by(&mut self, account: &AwsClients) {
        self.logs = Arc::clone(&account.logs);
        self.lambda = Arc::clone(&account.functions);
    }

    /// Follows other logs from the next poll on. What was read stays read.
    pub fn follow_instead(&mut self, wanted: LogSelection) {
        self.wanted = wanted;
        self.known = None;
        self.groups.values_mut().for_each(|group| group.due = None);
    }

    /// The functions that are followed; `None` as long as they have not been looked up.
    pub fn functions(&self) -> Option<&[String]> {
        self.known.as_ref().map(|known| known.functions.as_slice())
    }

    /// What the last look-up could not see because a permission is missing.
    pub fn blind_spot(&self) -> Option<String> {
        self.known.as_ref().and_then(|known| known.logs.blind_spot())
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
        let mut unreadable = Vec::new();
        if let Some(known) = &self.known {
            for name in known.by_group.keys() {
                let group = self
                    .groups
                    .entry(name.clone())
                    .or_insert_with(|| FollowedGroup::new(name, first.timestamp_millis(), &self.causes));
                group.owner = known.owner(name, &self.wanted);
                group.whole = known.logs.whole.contains(name);
                if let Some(failure) = &group.unreadable {
                    unreadable.push(failure.clone());
                } else if group.due.is_none() && !gap.is_some_and(|gap| group.can_wait(now, gap, self.pace.quiet)) {
                    group.due = Some(now);
                }
            }
        }
        for group in self.groups.values_mut().filter(|group| group.left.is_some() && group.due.is_none()) {
            group.due = Some(now);
        }
        unreadable.into_iter().for_each(|failure| self.fail(&mut followed, failure));
        self.read(now, followed).await
    }

    /// Resumes what the last poll left for later, at the time in [`FollowResult::go_on_at`].
    pub async fn go_on(&mut self, now: DateTime<Utc>) -> FollowResult<S> {
        self.read(now, FollowResult::new()).await
    }

    /// Looks up what the patterns mean, if that was long ago.
    async fn look_up(&mut self, now: DateTime<Utc>, followed: &mut FollowResult<S>) {
        if self.known.as_ref().is_some_and(|known| now - known.at < self.pace.look_up) {
            return;
        }
        match resolve(self.logs.as_ref(), self.lambda.as_ref(), &self.wanted).await {
            Ok(logs) => {
                let known = KnownLogs::new(now, logs);
                let before = self.known.take();
                let mut gone = Vec::new();
                for (name, group) in &mut self.groups {
                    // A group of that name may have been made anew.
                    (group.unreadable, group.class_known) = (None, false);
                    if known.by_group.contains_key(name) {
                        group.left = None;
                    } else if group.left.is_none() {
                        let was_known = before.as_ref().is_some_and(|before| before.by_group.contains_key(name));
                        // A function has moved to another group while this process did not run. A group that is
                        // no function's own is in no list that shows whether its functions are still there.
                        let has_moved = before.is_none()
                            && (default_function(name).is_none() || group.functions().any(|of| known.has(of)));
                        if was_known || has_moved {
                            group.left = Some(now);
                        } else {
                            gone.push(name.clone());
                        }
                    }
                }
                self.known = Some(known);
                gone.iter().for_each(|name| self.leave(name, now, followed));
            }
            Err(failure)
                if failure.kind.is_passing() && self.known.as_ref().is_some_and(|known| now - known.at < STALE) => {}
            Err(failure) => self.fail(followed, failure),
        }
    }

    fn fail(&mut self, followed: &mut FollowResult<S>, failure: CallFailure) {
        self.failed = true;
        followed.seen.push(FollowEvent::Failed(failure));
    }

    /// The group that should have been asked first of those that are due.
    fn neediest(&self, now: DateTime<Utc>) -> Option<String> {
        let due = self.groups.iter().filter(|(_, group)| group.due.is_some());
        due.min_by_key(|(_, group)| group.deadline(now, self.pace.quiet)).map(|(name, _)| name.clone())
    }

    /// Reads what is due, page by page, for as long as there are turns.
    async fn read(&mut self, now: DateTime<Utc>, mut followed: FollowResult<S>) -> FollowResult<S> {
        while let Some(group) = self.neediest(now) {
            let turn = self.turn.take().unwrap_or_else(|| self.budget.turn());
            if !self.budget.has_come(turn) {
                self.turn = Some(turn);
                followed.go_on_at = Some(turn.from());
                return followed;
            }
            match self.page(&group, now, &mut followed).await {
                FailureAction::GoOn => {}
                FailureAction::Nothing => self.leave(&group, now, &mut followed),
                FailureAction::Skip(failure) => {
                    self.leave(&group, now, &mut followed);
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

    /// Asks for one page of a group.
    async fn page(&mut self, name: &str, now: DateTime<Utc>, followed: &mut FollowResult<S>) -> FailureAction {
        let overlap = self.pace.overlap;
        let Some(group) = self.groups.get_mut(name) else { return FailureAction::GoOn };
        let PageRequest { from_ms, to_ms, token } = group.ask(now, overlap);
        let page = match self.logs.events(name, from_ms, to_ms, token.as_deref()).await {
            Ok(page) => page,
            Err(failure) => return self.after(name, now, failure).await,
        };
        self.throttled = 0;
        self.budget.answered();
        let wanted = &self.wanted;
        let reached = match group.take(page, now, overlap, |function| wanted.has_function(function)) {
            PassProgress::Within => return FailureAction::GoOn,
            PassProgress::Reached(to) => to,
            PassProgress::CaughtUp(to) => {
                group.due = None;
                if group.is_read_to_its_end() {
                    group.left = None;
                }
                to
            }
            PassProgress::Endless(endless) => {
                let next_step = "what was read is counted; monitor retries automatically".to_owned();
                return FailureAction::Skip(CallFailure { next_step, ..endless.failure(CALL, name) });
            }
        };
        self.give(name, now, Some(reached), followed);
        FailureAction::GoOn
    }

    /// Reads no more of a group for now. What was read of it stays counted.
    fn leave(&mut self, name: &str, now: DateTime<Utc>, followed: &mut FollowResult<S>) {
        if self.groups.get(name).is_some_and(FollowedGroup::is_in_hand) {
            self.give(name, now, None, followed);
        }
        if let Some(group) = self.groups.get_mut(name) {
            group.due = None;
            group.give_up();
        }
    }

    fn give(&mut self, name: &str, now: DateTime<Utc>, up_to: Option<DateTime<Utc>>, followed: &mut FollowResult<S>) {
        let Some(group) = self.groups.get_mut(name) else { return };
        let GroupOutput { mut found, cursor, unnamed } = group.give(now);
        group.reached = up_to.or(group.reached);
        let here = self.known.as_ref().and_then(|known| known.by_group.get(name));
        let here: BTreeSet<String> = here.filter(|_| up_to.is_some()).cloned().unwrap_or_default();
        let functions: BTreeSet<String> = found.keys().chain(&here).cloned().collect();
        let functions = functions.into_iter().map(|function| FunctionStretch {
            found: found.remove(&function).unwrap_or_default(),
            up_to: if here.contains(&function) { self.read_up_to(&function) } else { None },
            function,
        });
        let stretch = LogStretch { group: name.to_owned(), functions: functions.collect(), cursor, up_to, unnamed };
        followed.seen.push(FollowEvent::Read(stretch));
    }

    /// Up to when a function's log has been read in every group that holds some of it.
    fn read_up_to(&self, function: &str) -> Option<DateTime<Utc>> {
        let groups = self.known.iter().flat_map(|known| &known.by_group);
        let of_it = groups.filter(|(_, functions)| functions.contains(function));
        let reached: Option<Vec<DateTime<Utc>>> =
            of_it.map(|(name, _)| self.groups.get(name).and_then(|group| group.reached)).collect();
        reached?.into_iter().min()
    }

    async fn after(&mut self, name: &str, now: DateTime<Utc>, failure: CallFailure) -> FailureAction {
        use FailureKind::{
            BadCredentials, Behind, CapReached, Denied, NoAnswer, NoCredentials, NotFound, Refused, Throttled,
            Unreachable,
        };
        let may_be_absent = self.known.as_ref().is_some_and(|known| known.logs.may_be_absent.contains(name));
        let Some(group) = self.groups.get_mut(name) else { return FailureAction::Skip(failure) };
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
            // The code is the same for other reasons, so the class is looked up.
            Refused if !group.class_known => {
                group.class_known = true;
                group.unreadable = unreadable_class(self.logs.as_ref(), name).await;
                match group.unreadable.clone() {
                    Some(failure) => {
                        group.left = None;
                        FailureAction::Skip(failure)
                    }
                    None => {
                        group.tries += 1;
                        FailureAction::GoOn
                    }
                }
            }
            Refused | NoAnswer | Unreachable if group.tries + 1 < TRIES => {
                group.tries += 1;
                FailureAction::GoOn
            }
            // There is nothing in a group that is not there: it was deleted after the function left it, or the function
            // has not been invoked since it has this group.
            NotFound if group.left.is_some() || may_be_absent => {
                (group.left, group.refused_tokens, group.reached) = (None, 0, Some(now));
                FailureAction::Nothing
            }
            Refused | NotFound | Denied | CapReached | Behind => {
                // A group that no function logs to any more is told of once.
                (group.tries, group.refused_tokens, group.left) = (0, 0, None);
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

    /// Says that the budget is too small, once a group has waited for long: a burst is no reason to.
    fn say_if_behind(&mut self, now: DateTime<Utc>, followed: &mut FollowResult<S>) {
        let late = |group: &&FollowedGroup<S>| group.due.is_some_and(|due| now - due > BEHIND);
        let count = self.groups.values().filter(late).count();
        let last = self.groups.iter().filter(|(_, group)| late(group)).min_by_key(|(_, group)| group.from());
        let Some((name, group)) = last.filter(|_| self.said_behind.is_none_or(|said| now - said >= SAY_BEHIND)) else {
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
            resource: name.clone(),
            kind: FailureKind::Behind,
            said: format!("{count} of {all} log groups are behind, this one by {behind}: {why}"),
            next_step: format!("{next_step}; late events are still read"),
        };
        self.said_behind = Some(now);
        self.fail(followed, failure);
    }
}
