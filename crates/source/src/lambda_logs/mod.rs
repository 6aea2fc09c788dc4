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

mod follow;
mod group;
mod sink;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use alerting::observation::{ReadUpTo, What};
use async_trait::async_trait;
use aws::Account;
use chrono::{DateTime, TimeDelta, Utc};
use lambda_log::diagnosis::Causes;
use lambda_log::reading::Reading;
use model::glob::NamePattern;
use model::settings::Settings;
use model::span::Span;

use self::follow::CALL;
use crate::poll::{Gathered, Poll, Source};

pub use follow::{Follow, Followed, Pace, Seen, Stretch};
pub use sink::Sink;

const CALLS: &[&str] = &[CALL, "logs:DescribeLogGroups"];

/// How often the patterns are looked up again.
const LOOK_UP: TimeDelta = TimeDelta::minutes(10);
/// A group that has long been silent is asked again after this, so that a first line, itself shown up to 20 s late, is read within
/// two minutes.
const QUIET: TimeDelta = TimeDelta::seconds(90);

/// The settings of `read.lambda_logs`.
#[derive(Debug, Clone)]
pub struct LambdaLogs {
    functions: Vec<NamePattern>,
    /// How far each poll goes back behind the one before.
    overlap: Span,
    /// How far the very first poll goes back.
    look_back: Span,
    /// What lines are searched for.
    causes: Causes,
}

impl LambdaLogs {
    pub(super) fn read(settings: &mut Settings<'_, '_>) -> Option<Self> {
        let functions = settings.some("functions");
        let overlap = settings.or("overlap", Span::minutes(2));
        let look_back = settings.or("look_back", Span::hours(6));
        Some(Self { functions: functions?, overlap: overlap?, look_back: look_back?, causes: Causes::built_in() })
    }

    /// Searches lines for these causes.
    pub(super) fn search_for(&mut self, causes: &Causes) {
        self.causes = causes.clone();
    }

    pub(super) fn calls(&self) -> Vec<&'static str> {
        CALLS.to_vec()
    }

    pub(super) fn functions(&self) -> &[NamePattern] {
        &self.functions
    }

    pub(super) fn source(self, name: String, account: &Account) -> impl Source + use<> {
        let pace = Pace { overlap: self.overlap.delta(), quiet: QUIET, look_up: LOOK_UP };
        Polled { name, look_back: self.look_back, follow: Follow::new(self.functions, pace, account).with_causes(&self.causes) }
    }
}

/// Counts for the rules.
impl Sink for Reading {
    const KEEPS_PLACE: bool = true;

    fn unparsed(&mut self, function: &str, at: DateTime<Utc>) {
        self.tally(function, at).unparsed += 1;
    }
}

struct Polled {
    name: String,
    look_back: Span,
    follow: Follow<Reading>,
}

#[async_trait]
impl Source for Polled {
    fn name(&self) -> &str {
        &self.name
    }

    fn restore(&mut self, cursors: BTreeMap<String, String>) {
        self.follow.restore(cursors);
    }

    async fn poll(&mut self, now: DateTime<Utc>) -> Gathered {
        let followed = self.follow.poll(now, now - self.look_back.delta()).await;
        self.gathered(now, followed)
    }

    async fn go_on(&mut self, now: DateTime<Utc>) -> Gathered {
        let followed = self.follow.go_on(now).await;
        self.gathered(now, followed)
    }
}

impl Polled {
    /// What was seen, as observations.
    fn gathered(&self, now: DateTime<Utc>, followed: Followed<Reading>) -> Gathered {
        let mut poll = Poll::new(&self.name, now);
        poll.gathered.go_on_at = followed.go_on_at;
        for seen in followed.seen {
            match seen {
                Seen::Failed(failure) => poll.failed(failure),
                Seen::Read(stretch) => read(stretch, &mut poll),
            }
        }
        if followed.answered { poll.done() } else { poll.part() }
    }
}

fn read(stretch: Stretch<Reading>, poll: &mut Poll<'_>) {
    let Stretch { function, found, cursor, up_to } = stretch;
    poll.gathered.cursors.extend(cursor.map(|cursor| (function.clone(), cursor)));
    for (minute, tally) in found.tallies {
        if !tally.is_empty() {
            poll.saw(minute, What::Tally(tally));
        }
    }
    for (at, fault) in found.faults {
        poll.saw(at, What::Fault(fault));
    }
    if let Some(reached) = up_to {
        poll.saw(reached, What::ReadUpTo(ReadUpTo { function }));
    }
}
