//! Follows the log of one function, environment by environment, and rebuilds its invocations.
//!
//! Its state is small, can be stored between polls, and does not grow with the log: an environment without lines for
//! longer than an invocation can last is removed.

mod environment;
mod judge;
mod plain;
mod running;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use self::environment::{ExecutionEnvironment, ExecutionEnvironments, sign_type};
use self::judge::{FunctionContext, MUCH_MEMORY};
use self::running::RunningVersion;
use super::invocation::{ApplicationOutput, InitPhase, Invocation, InvocationSink, PartialInvocation};
use super::line::{self, ApplicationLine, LogLine, ReportLine};
use crate::diagnosis::{Cause, Causes, InvocationOutcome, InvocationSummary, RecentInvocations, environment_hash};

pub use self::judge::FunctionLimits;
pub(crate) use self::plain::RecognisedInvocation;

/// The longest an invocation can last, and then some: AWS allows 15 minutes.
const LONGEST_INVOCATION: TimeDelta = TimeDelta::minutes(20);
/// Environments that are remembered at most; the ones silent for longest go first.
const MOST_ENVIRONMENTS: usize = 2_000;

/// What kind of line was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// A line of the platform.
    Platform,
    /// A line of the application.
    Application,
    /// It claims to be a platform line, or to be an object, and cannot be read as one.
    Unparsed,
}

/// The reader of one function's log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LogReader {
    judge: FunctionContext,
    environments: ExecutionEnvironments,
}

impl LogReader {
    /// A reader that has read nothing yet.
    pub fn new(function: impl Into<String>) -> Self {
        Self::with(function, FunctionLimits::default())
    }

    /// A reader of a function with known limits.
    pub fn with(function: impl Into<String>, configured: FunctionLimits) -> Self {
        Self {
            judge: FunctionContext {
                function: function.into(),
                configured,
                recent: RecentInvocations::default(),
                running: RunningVersion::default(),
                causes: Causes::built_in(),
            },
            environments: ExecutionEnvironments::default(),
        }
    }

    /// The same, searching lines for these causes.
    #[must_use]
    pub fn with_causes(mut self, causes: &Causes) -> Self {
        self.judge.causes = causes.clone();
        self
    }

    /// The function.
    pub fn function(&self) -> &str {
        &self.judge.function
    }

    /// Reads one event of the log stream `stream`, written at `at`. Events of one stream come in order.
    pub fn read(
        &mut self,
        stream: &str,
        at: impl Into<Option<DateTime<Utc>>>,
        event: &str,
        out: &mut impl InvocationSink,
    ) -> LineKind {
        self.step(stream, at.into(), event, line::parse(event), out)
    }

    /// Counts lines of the application that carry no sign of anything, the last of them written at `at`.
    pub fn read_quiet(&mut self, stream: &str, at: Option<DateTime<Utc>>, lines: u32) {
        let environment = self.environments.of(stream);
        environment.last = environment.last.max(at);
        let said = environment.speaking();
        said.lines = said.lines.saturating_add(lines);
        said.last_at = at.or(said.last_at);
        said.lines_since_instancing = said.lines_since_instancing.saturating_add(lines);
        said.signs.iter_mut().for_each(|sign| {
            sign.is_last = false;
            sign.went_on = true;
        });
    }

    /// Reads an invocation that has nothing but its figures. Returns `false`, and reads nothing, if it may be part of
    /// something else.
    pub(super) fn read_whole(&mut self, version: &str, report: &ReportLine, out: &mut impl InvocationSink) -> bool {
        let Self { judge, environments } = self;
        let environment = &mut environments.unnamed;
        let alone = environment.start_up.is_none()
            && environment.before.says_nothing()
            && environment.open.iter().all(PartialInvocation::has_ended);
        if !alone
            || report.init_ms.is_some()
            || report.memory_share().is_some_and(|share| share >= MUCH_MEMORY)
            || judge.has_limit_below(report)
        {
            return false;
        }
        judge.hand_out("", environment, |_| true, out);
        environment.before = ApplicationOutput::default();
        judge.running.version(version);
        judge.running.count(false);
        judge.recent.push(InvocationSummary {
            outcome: InvocationOutcome::Success,
            max_memory_mb: report.max_memory_mb,
            environment: environment_hash(""),
            ..InvocationSummary::default()
        });
        out.invocation(Invocation {
            report: Some(report),
            counts: true,
            outcome: InvocationOutcome::Success,
            waited_ms: Some(report.duration_ms),
            ..Invocation::of(&judge.function)
        });
        true
    }

    /// Emits every invocation whose end has been read. Later lines of it are emitted then.
    pub fn settle(&mut self, out: &mut impl InvocationSink) {
        for (stream, environment) in self.environments.all() {
            self.judge.settle(stream, environment, false, out);
        }
    }

    /// Ends reading: emits the remaining invocations, even without an end.
    pub fn end(&mut self, out: &mut impl InvocationSink) {
        for (stream, environment) in self.environments.all() {
            self.judge.settle(stream, environment, true, out);
        }
        self.environments = ExecutionEnvironments::default();
    }

    /// Removes environments that have ended, after emitting their remaining invocations.
    pub fn forget(&mut self, now: DateTime<Utc>, out: &mut impl InvocationSink) {
        let silent =
            |environment: &ExecutionEnvironment| environment.last.is_some_and(|last| now - last >= LONGEST_INVOCATION);
        let Self { judge, environments } = self;
        if silent(&environments.unnamed) {
            judge.settle("", &mut environments.unnamed, true, out);
            environments.unnamed = ExecutionEnvironment::default();
        }
        environments.named.retain(|stream, environment| {
            let over = silent(environment);
            if over {
                judge.settle(stream, environment, true, out);
            }
            !over
        });
        if environments.named.len() > MOST_ENVIRONMENTS {
            self.end_the_oldest(out);
        }
    }

    /// Ends the environments that have been silent for longest, but for as many as are remembered.
    fn end_the_oldest(&mut self, out: &mut impl InvocationSink) {
        let Self { judge, environments } = self;
        let mut oldest: Vec<(Option<DateTime<Utc>>, String)> =
            environments.named.iter().map(|(stream, known)| (known.last, stream.clone())).collect();
        oldest.sort();
        oldest.truncate(oldest.len().saturating_sub(MOST_ENVIRONMENTS));
        for (_, stream) in oldest {
            if let Some(mut environment) = environments.named.remove(&stream) {
                judge.settle(&stream, &mut environment, true, out);
            }
        }
    }

    fn step(
        &mut self,
        stream: &str,
        at: Option<DateTime<Utc>>,
        event: &str,
        line: LogLine<'_>,
        out: &mut impl InvocationSink,
    ) -> LineKind {
        let real_stream = !stream.is_empty();
        if self.environments.named.len() > 2 * MOST_ENVIRONMENTS && !self.environments.named.contains_key(stream) {
            self.end_the_oldest(out);
        }
        let Self { judge, environments } = self;
        let environment = environments.of(stream);
        let at = at.or(environment.last);
        environment.last = environment.last.max(at);
        match line {
            LogLine::Start { request_id, version } => {
                let id = request_id.as_deref();
                if let Some(failed) = environment.open.iter_mut().find(|open| id.is_some() && open.is_ended_as(id)) {
                    failed.retried = true;
                    failed.judged = false;
                }
                // In an environment one comes after the other; the same id again is a retry.
                let done =
                    |open: &mut PartialInvocation| open.has_ended() || real_stream || open.request_id.as_deref() == id;
                judge.hand_out(stream, environment, done, out);
                let place = environment.begin(id, at);
                if let Some(begun) = environment.open.get_mut(place) {
                    begun.has_start = true;
                }
                if let Some(version) = version {
                    judge.running.version(&version);
                }
                judge.bound(stream, environment, out);
                LineKind::Platform
            }
            // The summary says more; and an emulator ends another id than it has begun.
            LogLine::End { request_id } => {
                let id = request_id.as_deref();
                let ended = environment
                    .open
                    .iter_mut()
                    .rfind(|open| open.request_id.as_deref() == id || (open.has_start && !open.has_end));
                if let Some(ended) = ended {
                    ended.has_end = true;
                }
                LineKind::Platform
            }
            LogLine::Report { request_id, report } => {
                let extra = report.status.is_bad();
                let place = environment.of(request_id.as_deref());
                let Some(invocation) =
                    environment.open.get_mut(place).filter(|open| open.report.is_none() || request_id.is_none())
                else {
                    return LineKind::Platform;
                };
                if extra || invocation.exited.is_some() {
                    invocation.said.quote(event);
                }
                invocation.error_type = report.error_type.clone().or(invocation.error_type.take());
                if let Some(kind) = &report.error_type {
                    sign_type(&mut invocation.said, kind, &judge.causes);
                }
                let is_full = report.memory_share().is_some_and(|share| share >= 1.0);
                invocation.report = Some(report);
                invocation.ended_at = at.or(invocation.ended_at);
                if !extra && (is_full || invocation.ms_before_start().is_some()) {
                    invocation.said.quote(event);
                }
                judge.bound(stream, environment, out);
                LineKind::Platform
            }
            LogLine::TimedOut { request_id, after_seconds } => {
                let place = environment.of(request_id.as_deref());
                if let Some(invocation) = environment.open.get_mut(place) {
                    invocation.timed_out_after_ms = Some(after_seconds * 1000.0);
                    invocation.said.quote(event);
                    invocation.ended_at = invocation.ended_at.max(at);
                }
                judge.bound(stream, environment, out);
                LineKind::Platform
            }
            LogLine::Ended { request_id, how, error_type } => {
                let bare = request_id.is_none() && how.is_empty();
                // An error type alone, before anything it could be of, belongs to whatever comes.
                let is_of_nothing = bare && environment.open.is_empty() && !environment.has_start_up();
                let place = if is_of_nothing { usize::MAX } else { environment.of_or_last(request_id.as_deref()) };
                let said = match environment.open.get_mut(place) {
                    Some(invocation) => {
                        if !how.is_empty() {
                            invocation.exited = Some(model::redact::excerpt(&how));
                        }
                        invocation.error_type =
                            error_type.as_deref().map(str::to_owned).or(invocation.error_type.take());
                        invocation.exited = invocation.exited.take().or_else(|| Some(String::new()));
                        invocation.ended_at = invocation.ended_at.max(at);
                        &mut invocation.said
                    }
                    None => &mut environment.before,
                };
                said.quote(event);
                if !how.is_empty() {
                    let line = ApplicationLine { text: how, unhandled: true, ..ApplicationLine::default() };
                    let signs = judge
                        .causes
                        .signs(&line, false)
                        .into_iter()
                        .filter(|sign| sign.cause != Cause::AppException)
                        .collect();
                    said.sign(signs, &line, false);
                }
                if let Some(kind) = error_type {
                    sign_type(said, &kind, &judge.causes);
                }
                judge.bound(stream, environment, out);
                LineKind::Platform
            }
            LogLine::InitStart(runtime) | LogLine::RestoreStart(runtime) => {
                judge.running.runtime(&runtime);
                // The environment is a new one: what it did before is over.
                judge.hand_out(stream, environment, |open| open.has_ended() || real_stream, out);
                let before = std::mem::take(&mut environment.before);
                let start_up = InitPhase { began: at, is_new: true, ahead: runtime.ahead, ..InitPhase::default() };
                let told = environment.start_up.replace(start_up);
                judge.lost(stream, before, told, at, out);
                LineKind::Platform
            }
            LogLine::InitReport(report) | LogLine::RestoreReport(report) => {
                environment.init_report(event, report, &judge.causes);
                LineKind::Platform
            }
            LogLine::Extension { error_type, failed, ready } => {
                if let Some(ready) = ready {
                    environment.speaking().extension_waits = !ready;
                }
                if failed {
                    let said = environment.speaking();
                    said.quote(event);
                    sign_type(said, error_type.as_deref().unwrap_or("Extension.Unknown"), &judge.causes);
                }
                LineKind::Platform
            }
            LogLine::RuntimeClient { status } => {
                if status == Some(413) {
                    let said = environment.speaking();
                    let line = ApplicationLine { text: event.into(), unhandled: true, ..ApplicationLine::default() };
                    let signs = judge
                        .causes
                        .signs(&line, false)
                        .into_iter()
                        .filter(|sign| sign.cause == Cause::PayloadTooLarge)
                        .collect();
                    said.sign(signs, &line, true);
                }
                LineKind::Platform
            }
            LogLine::LogsDropped { .. } | LogLine::Platform => LineKind::Platform,
            LogLine::Unparsed => {
                // Half an object that was pasted still has its words.
                if judge.configured.is_excerpt && event.starts_with('{') {
                    environment.application(
                        &ApplicationLine { text: event.into(), ..ApplicationLine::default() },
                        at,
                        &judge.causes,
                    );
                }
                LineKind::Unparsed
            }
            LogLine::Application(application) => {
                environment.application(&application, at, &judge.causes);
                LineKind::Application
            }
        }
    }
}

#[cfg(test)]
mod tests;
