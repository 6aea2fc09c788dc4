//! `read.lambda_logs`: the logs of Lambda functions, each line counted once.
//!
//! CloudWatch shows events 5 to 20 seconds late, each stream by itself, so a late event with an older time is the normal case.
//! Every pass therefore reads again from `overlap` before the last one, and counts what it has not counted yet: see [`group`].
//!
//! AWS allows few `FilterLogEvents` calls a second, for everybody in the account together. So a poll asks for as many pages as the
//! budget has turns for, goes on when it has more, and asks first whoever should have been asked first. A group that has been
//! silent for some time is asked less often. No filter pattern is sent: AWS counts calls and not bytes, and a pattern makes no call
//! less, while what it would hide is needed. That an application said nothing between two lines is what tells some causes apart,
//! and what it said is what tells others.

mod group;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};

use self::group::{Asked, Group, Progress};
use super::{Gathered, Poll, Source};
use crate::aws::budget::{Budget, Turn};
use crate::aws::resolve::{LOG_GROUP_PREFIX, functions};
use crate::aws::{Account, Logs};
use crate::core::glob::NamePattern;
use crate::core::observation::{CallFailure, FailureKind, ReadUpTo, What};
use crate::core::settings::Settings;
use crate::core::span::{Span, spoken};

const CALL: &str = "logs:FilterLogEvents";
pub(super) const CALLS: &[&str] = &[CALL, "logs:DescribeLogGroups"];

/// How often the patterns are looked up again, and for how long what they meant will do while the look-up is throttled.
const LOOK_UP: TimeDelta = TimeDelta::minutes(10);
const STALE: TimeDelta = TimeDelta::hours(1);
/// A group that has waited for so long is behind, and that is said so often.
const BEHIND: TimeDelta = TimeDelta::minutes(5);
const SAY_BEHIND: TimeDelta = TimeDelta::minutes(1);
/// Calls in a row that may be throttled, each of them later than the one before, until the rest waits for the next poll.
const THROTTLED: u32 = 4;
/// How often a call is made that may pass the next time.
const TRIES: u32 = 3;
/// How often in a row a pass is begun again because the token of its next page is refused.
const REFUSED_TOKENS: u32 = 10;

/// The settings of `read.lambda_logs`.
#[derive(Debug, Clone)]
pub struct LambdaLogs {
    functions: Vec<NamePattern>,
    /// How far each poll goes back behind the one before.
    overlap: Span,
    /// How far the very first poll goes back.
    look_back: Span,
}

impl LambdaLogs {
    pub(super) fn read(settings: &mut Settings<'_, '_>) -> Option<Self> {
        let functions = settings.some("functions");
        let overlap = settings.or("overlap", Span::minutes(2));
        let look_back = settings.or("look_back", Span::hours(6));
        Some(Self { functions: functions?, overlap: overlap?, look_back: look_back? })
    }

    pub(super) fn functions(&self) -> &[NamePattern] {
        &self.functions
    }

    pub(super) fn source(self, name: String, account: &Account) -> impl Source + use<> {
        Polled {
            name,
            settings: self,
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
}

struct Polled {
    name: String,
    settings: LambdaLogs,
    logs: Arc<dyn Logs>,
    budget: Arc<Budget>,
    /// The functions the patterns mean, and when they were looked up.
    known: Option<(DateTime<Utc>, Vec<String>)>,
    groups: BTreeMap<String, Group>,
    /// The turn that is waited for.
    turn: Option<Turn>,
    /// Throttled calls in a row.
    throttled: u32,
    /// When the schedule last polled.
    polled: Option<DateTime<Utc>>,
    /// Something has failed since nothing was due last.
    failed: bool,
    said_behind: Option<DateTime<Utc>>,
}

/// What follows from a failed call.
enum Then {
    /// The next one is made, this one perhaps again.
    GoOn,
    /// It is reported, and this group waits for the next poll.
    Skip(CallFailure),
    /// It is reported, and so do all: no other call would fare better now.
    Stop(CallFailure),
}

#[async_trait]
impl Source for Polled {
    fn name(&self) -> &str {
        &self.name
    }

    fn restore(&mut self, cursors: BTreeMap<String, String>) {
        // A cursor that an older version wrote differently is as good as none: the group is read from `look_back` on.
        let group = |(function, cursor): (String, String)| Group::restored(&function, &cursor).map(|group| (function, group));
        self.groups = cursors.into_iter().filter_map(group).collect();
    }

    async fn poll(&mut self, now: DateTime<Utc>) -> Gathered {
        let name = self.name.clone();
        let mut poll = Poll::new(&name, now);
        if self.groups.values().all(|group| group.due.is_none()) {
            self.failed = false;
        }
        self.look_up(now, &mut poll).await;
        self.say_if_behind(now, &mut poll);
        let gap = self.polled.replace(now).map(|before| now - before);
        let first_ms = (now - self.settings.look_back.delta()).timestamp_millis();
        for function in self.known.iter().flat_map(|(_, functions)| functions) {
            let group = self.groups.entry(function.clone()).or_insert_with(|| Group::new(function, first_ms));
            if group.due.is_none() && !gap.is_some_and(|gap| group.can_wait(now, gap)) {
                group.due = Some(now);
            }
        }
        self.read(now, poll).await
    }

    async fn go_on(&mut self, now: DateTime<Utc>) -> Gathered {
        let name = self.name.clone();
        self.read(now, Poll::new(&name, now)).await
    }
}

impl Polled {
    /// Looks up what the patterns mean, if that was long ago.
    async fn look_up(&mut self, now: DateTime<Utc>, poll: &mut Poll<'_>) {
        if self.known.as_ref().is_some_and(|(at, _)| now - *at < LOOK_UP) {
            return;
        }
        match functions(self.logs.as_ref(), &self.settings.functions).await {
            Ok(functions) => {
                let gone: Vec<String> = self.groups.keys().filter(|function| !functions.contains(function)).cloned().collect();
                gone.iter().for_each(|function| self.leave(function, now, poll));
                self.known = Some((now, functions));
            }
            Err(failure) if failure.kind.is_passing() && self.known.as_ref().is_some_and(|(at, _)| now - *at < STALE) => {}
            Err(failure) => self.fail(poll, failure),
        }
    }

    fn fail(&mut self, poll: &mut Poll<'_>, failure: CallFailure) {
        self.failed = true;
        poll.failed(failure);
    }

    /// The function whose log should have been asked first of those that are due.
    fn neediest(&self, now: DateTime<Utc>) -> Option<String> {
        let due = self.groups.iter().filter(|(_, group)| group.due.is_some());
        due.min_by_key(|(_, group)| group.deadline(now)).map(|(function, _)| function.clone())
    }

    /// Reads what is due, page by page, for as long as there are turns.
    async fn read(&mut self, now: DateTime<Utc>, mut poll: Poll<'_>) -> Gathered {
        while let Some(function) = self.neediest(now) {
            let turn = self.turn.take().unwrap_or_else(|| self.budget.turn());
            if !self.budget.has_come(turn) {
                self.turn = Some(turn);
                poll.gathered.go_on_at = Some(turn.from());
                return poll.part();
            }
            match self.page(&function, now, &mut poll).await {
                Then::GoOn => {}
                Then::Skip(failure) => {
                    self.leave(&function, now, &mut poll);
                    self.fail(&mut poll, failure);
                }
                Then::Stop(failure) => {
                    self.fail(&mut poll, failure);
                    return poll.part();
                }
            }
        }
        if self.failed { poll.part() } else { poll.done() }
    }

    /// Asks for one page of a function's log.
    async fn page(&mut self, function: &str, now: DateTime<Utc>, poll: &mut Poll<'_>) -> Then {
        let overlap = self.settings.overlap.delta();
        let Some(group) = self.groups.get_mut(function) else { return Then::GoOn };
        let Asked { from_ms, to_ms, token } = group.ask(now, overlap);
        let name = format!("{LOG_GROUP_PREFIX}{function}");
        let page = match self.logs.events(&name, from_ms, to_ms, token.as_deref()).await {
            Ok(page) => page,
            Err(failure) => return self.after(function, failure),
        };
        self.throttled = 0;
        self.budget.answered();
        let reached = match group.take(page, now, overlap) {
            Progress::Within => return Then::GoOn,
            Progress::Reached(to) => to,
            Progress::CaughtUp(to) => {
                group.due = None;
                to
            }
            Progress::Endless => {
                return Then::Skip(CallFailure {
                    call: CALL.to_owned(),
                    resource: name,
                    kind: FailureKind::Refused,
                    said: "an answer whose pages do not end".to_owned(),
                    next_step: "what was read is counted; it is asked again by itself".to_owned(),
                });
            }
        };
        self.give(function, now, poll);
        poll.saw(reached, What::ReadUpTo(ReadUpTo { function: function.to_owned() }));
        Then::GoOn
    }

    /// Reads no more of a group for now. What was read of it stays counted.
    fn leave(&mut self, function: &str, now: DateTime<Utc>, poll: &mut Poll<'_>) {
        if self.groups.get(function).is_some_and(Group::is_in_hand) {
            self.give(function, now, poll);
        }
        if let Some(group) = self.groups.get_mut(function) {
            group.due = None;
            group.give_up();
        }
    }

    fn give(&mut self, function: &str, now: DateTime<Utc>, poll: &mut Poll<'_>) {
        let Some(group) = self.groups.get_mut(function) else { return };
        let given = group.give(now);
        poll.gathered.cursors.extend(given.cursor.map(|cursor| (function.to_owned(), cursor)));
        for (minute, tally) in given.reading.tallies {
            if !tally.is_empty() {
                poll.saw(minute, What::Tally(tally));
            }
        }
        for (at, fault) in given.reading.faults {
            poll.saw(at, What::Fault(fault));
        }
    }

    fn after(&mut self, function: &str, failure: CallFailure) -> Then {
        use FailureKind::{BadCredentials, Behind, CapReached, Denied, NoAnswer, NoCredentials, NotFound, Refused, Throttled, Unreachable};
        let Some(group) = self.groups.get_mut(function) else { return Then::Skip(failure) };
        match failure.kind {
            Throttled => {
                self.budget.throttled();
                self.throttled += 1;
                if self.throttled < THROTTLED {
                    return Then::GoOn;
                }
                self.throttled = 0;
                Then::Stop(failure)
            }
            // Tokens expire, and there is no code of its own for that. The pass begins again; without a token the answer is plain.
            Refused | NotFound if group.has_token() && group.refused_tokens < REFUSED_TOKENS => {
                group.refused_tokens += 1;
                group.give_up();
                Then::GoOn
            }
            Refused | NoAnswer | Unreachable if group.tries + 1 < TRIES => {
                group.tries += 1;
                Then::GoOn
            }
            Refused | NotFound | Denied | CapReached | Behind => {
                group.tries = 0;
                group.refused_tokens = 0;
                Then::Skip(failure)
            }
            NoAnswer | Unreachable | NoCredentials | BadCredentials => {
                group.tries = 0;
                // They do not wait for their turn but for AWS: it is not the budget that makes them late.
                self.groups.values_mut().for_each(|group| group.due = None);
                Then::Stop(failure)
            }
        }
    }

    /// Says that the budget is too small, once somebody has waited for long: a burst is no reason to.
    fn say_if_behind(&mut self, now: DateTime<Utc>, poll: &mut Poll<'_>) {
        let late = |group: &&Group| group.due.is_some_and(|due| now - due > BEHIND);
        let count = self.groups.values().filter(late).count();
        let last = self.groups.iter().filter(|(_, group)| late(group)).min_by_key(|(_, group)| group.from());
        let Some((function, group)) = last.filter(|_| self.said_behind.is_none_or(|said| now - said >= SAY_BEHIND)) else { return };
        let behind = spoken(now - group.from() - self.settings.overlap.delta());
        let all = self.groups.len();
        let (why, next_step) = if self.budget.is_slowed() {
            (
                "AWS throttles the calls",
                "see who else asks CloudWatch Logs in this account and region, since the quota is one for all; name fewer functions, or lower log_calls_per_second under [aws]".to_owned(),
            )
        } else {
            let calls = self.budget.calls_per_second().unwrap_or_default();
            (
                "there is more to read than the calls allow",
                format!(
                    "raise log_calls_per_second under [aws] (it is {calls}; AWS allows 5 in many regions, see its Service Quotas), name fewer functions, or log less"
                ),
            )
        };
        let failure = CallFailure {
            call: CALL.to_owned(),
            resource: format!("{LOG_GROUP_PREFIX}{function}"),
            kind: FailureKind::Behind,
            said: format!("{count} of {all} log groups are read late, this one {behind} behind: {why}"),
            next_step: format!("{next_step}; what is late is read all the same"),
        };
        self.said_behind = Some(now);
        self.fail(poll, failure);
    }
}
