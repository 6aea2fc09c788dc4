//! `read.lambda_logs`: the logs of Lambda functions, each line counted once.
//!
//! CloudWatch shows events 5 to 20 seconds late, independently for each stream, so late events are normal.
//! Every pass therefore reads again from `overlap` before the last one, and counts only new events: see [`group`].
//!
//! AWS allows few `FilterLogEvents` calls a second for the whole account. So a poll reads as many pages as the rate
//! limiter permits, continues when it permits more, and reads the most overdue group first. A group that has been
//! silent for some time is read less often. No filter pattern is sent: AWS limits calls, not bytes, so a pattern would
//! not save calls, and it would hide lines that are needed. Some causes are recognized by lines of the application,
//! others by their absence.

mod follow;
mod group;
mod sink;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use alerting::observation::{ObservationBody, ReadUpTo, ServedInvocations};
use async_trait::async_trait;
use aws::AwsClients;
use aws::policy::{RequiredCall, ResourceScope, iam_pattern};
use aws::resolve::LogSelection;
use chrono::{DateTime, TimeDelta, Utc};
use lambda_log::diagnosis::Causes;
use lambda_log::reading::MinuteCounter;
use model::glob::NamePattern;
use model::settings::TableReader;
use model::span::Span;

use self::follow::CALL;
use crate::poll::{PollBuilder, PollOutput, Source};

pub use follow::{FollowEvent, FollowPace, FollowResult, FunctionStretch, LogFollower, LogStretch};
pub use sink::LogSink;

/// The calls that find the log groups of functions.
const FINDING: &[&str] = &["logs:DescribeLogGroups", "lambda:ListFunctions"];

/// How often the patterns are looked up again.
const LOOK_UP: TimeDelta = TimeDelta::minutes(10);
/// A group that has long been silent is asked again after this, so that a first line, itself shown up to 20 s late, is
/// read within two minutes.
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
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let functions = settings.some("functions");
        let overlap = settings.or("overlap", Span::minutes(2));
        let look_back = settings.or("look_back", Span::hours(6));
        Some(Self { functions: functions?, overlap: overlap?, look_back: look_back?, causes: Causes::built_in() })
    }

    /// Searches lines for these causes.
    pub(super) fn search_for(&mut self, causes: &Causes) {
        self.causes = causes.clone();
    }

    pub(super) fn calls(&self) -> Vec<RequiredCall> {
        let groups = |pattern: &NamePattern| {
            let pattern = iam_pattern(pattern);
            // A pattern that begins with `*` covers the groups of Lambda@Edge.
            let edge = (!pattern.starts_with('*')).then(|| format!("/aws/lambda/us-east-1.{pattern}"));
            [Some(format!("/aws/lambda/{pattern}")), edge].into_iter().flatten()
        };
        let groups = ResourceScope::LogGroups(self.functions.iter().flat_map(groups).collect());
        RequiredCall::all(FINDING).into_iter().chain([RequiredCall::about(CALL, groups)]).collect()
    }

    /// The same for another region, which need not have every function that is named.
    pub(super) fn elsewhere(self) -> Option<Self> {
        let functions = self.functions.into_iter().map(NamePattern::where_found).collect();
        Some(Self { functions, ..self })
    }

    pub(super) fn functions(&self) -> &[NamePattern] {
        &self.functions
    }

    pub(super) fn source(self, name: String, account: &AwsClients) -> impl Source + use<> {
        let pace = FollowPace { overlap: self.overlap.delta(), quiet: QUIET, look_up: LOOK_UP };
        LambdaLogsSource {
            name,
            look_back: self.look_back,
            follow: LogFollower::new(LogSelection { functions: self.functions, groups: vec![] }, pace, account)
                .with_causes(&self.causes),
            warned: BTreeSet::new(),
            said_blind_spot: false,
        }
    }
}

/// Counts for the rules.
impl LogSink for MinuteCounter {
    const KEEPS_PLACE: bool = true;

    fn unparsed(&mut self, function: &str, at: DateTime<Utc>) {
        self.tally(function, at).unparsed += 1;
    }
}

struct LambdaLogsSource {
    name: String,
    look_back: Span,
    follow: LogFollower<MinuteCounter>,
    /// The groups of which it was said that not everything in them is a function's.
    warned: BTreeSet<String>,
    said_blind_spot: bool,
}

#[async_trait]
impl Source for LambdaLogsSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn restore(&mut self, cursors: BTreeMap<String, String>) {
        self.follow.restore(cursors);
    }

    async fn poll(&mut self, now: DateTime<Utc>) -> PollOutput {
        let followed = self.follow.poll(now, now - self.look_back.delta()).await;
        if let Some(blind_spot) = self.follow.blind_spot().filter(|_| !self.said_blind_spot) {
            tracing::warn!("{}: {blind_spot}", self.name);
            self.said_blind_spot = true;
        }
        self.gathered(now, followed)
    }

    async fn go_on(&mut self, now: DateTime<Utc>) -> PollOutput {
        let followed = self.follow.go_on(now).await;
        self.gathered(now, followed)
    }
}

impl LambdaLogsSource {
    /// What was seen, as observations.
    fn gathered(&mut self, now: DateTime<Utc>, followed: FollowResult<MinuteCounter>) -> PollOutput {
        let mut poll = PollBuilder::new(&self.name, now);
        poll.gathered.go_on_at = followed.go_on_at;
        for seen in followed.seen {
            match seen {
                FollowEvent::Failed(failure) => poll.failed(failure),
                FollowEvent::Read(stretch) => {
                    if stretch.unnamed > 0 {
                        let LogStretch { group, unnamed, .. } = &stretch;
                        if self.warned.insert(group.clone()) {
                            tracing::warn!(
                                "{}: {group} has streams that name no function; they are skipped ({unnamed} events so far)",
                                self.name
                            );
                        } else {
                            tracing::debug!("{}: {group}: {unnamed} events of no function are skipped", self.name);
                        }
                    }
                    read(stretch, &mut poll);
                }
            }
        }
        if followed.answered { poll.done() } else { poll.part() }
    }
}

fn read(stretch: LogStretch<MinuteCounter>, poll: &mut PollBuilder<'_>) {
    poll.gathered.cursors.extend(stretch.cursor);
    for FunctionStretch { function, found, up_to } in stretch.functions {
        for (minute, tally) in found.tallies {
            if !tally.is_empty() {
                poll.saw(minute, ObservationBody::Tally(tally));
            }
        }
        for (at, fault) in found.faults {
            poll.saw(at, ObservationBody::Fault(fault));
        }
        if !found.served.is_empty() {
            let served = ServedInvocations { function: function.clone(), each: found.served };
            poll.saw(poll.now, ObservationBody::Served(served));
        }
        if let Some(reached) = up_to {
            poll.saw(reached, ObservationBody::ReadUpTo(ReadUpTo { function }));
        }
    }
}
