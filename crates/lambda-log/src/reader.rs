//! Follows the log of one function, environment by environment, and rebuilds its invocations.
//!
//! Its state is small, can be stored between two polls, and does not grow with the log: an environment that has been silent for
//! longer than an invocation can last is dropped.

mod environment;
mod judge;
mod running;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use self::environment::{Environment, Environments, sign_type};
use self::judge::{Judge, MUCH_MEMORY};
use self::running::Running;
use super::invocation::{Invocation, Invocations, Open, Said, StartUp};
use super::line::{self, Application, Line, Report};
use crate::diagnosis::{Brief, Cause, Causes, Outcome, Recent, environment_hash};

pub use self::judge::Configured;

/// The longest an invocation can last, and then some: AWS allows 15 minutes.
const LONGEST_INVOCATION: TimeDelta = TimeDelta::minutes(20);
/// Environments that are remembered at most; the ones silent for longest go first.
const MOST_ENVIRONMENTS: usize = 2_000;

/// What kind of line was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A line of the platform.
    Platform,
    /// A line of the application.
    Application,
    /// It claims to be a platform line, or to be an object, and cannot be read as one.
    Unparsed,
}

/// The reader of one function's log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reader {
    judge: Judge,
    environments: Environments,
}

impl Reader {
    /// A reader that has read nothing yet.
    pub fn new(function: impl Into<String>) -> Self {
        Self::with(function, Configured::default())
    }

    /// A reader of a function of which more is known.
    pub fn with(function: impl Into<String>, configured: Configured) -> Self {
        Self {
            judge: Judge { function: function.into(), configured, recent: Recent::default(), running: Running::default(), causes: Causes::built_in() },
            environments: Environments::default(),
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
    pub fn read(&mut self, stream: &str, at: impl Into<Option<DateTime<Utc>>>, event: &str, out: &mut impl Invocations) -> Kind {
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
        said.signs.iter_mut().for_each(|sign| sign.is_last = false);
    }

    /// Reads an invocation of which nothing is to be said but its figures. `false`, and nothing is read, where it may be part of
    /// something else.
    pub(super) fn read_whole(&mut self, version: &str, report: &Report, out: &mut impl Invocations) -> bool {
        let Self { judge, environments } = self;
        let environment = &mut environments.unnamed;
        let alone = environment.start_up.is_none() && environment.before.says_nothing() && environment.open.iter().all(Open::has_ended);
        if !alone || report.init_ms.is_some() || report.memory_share().is_some_and(|share| share >= MUCH_MEMORY) || judge.has_limit_below(report) {
            return false;
        }
        judge.hand_out("", environment, |_| true, out);
        environment.before = Said::default();
        judge.running.version(version);
        judge.running.count(false);
        judge.recent.push(Brief { outcome: Outcome::Success, max_memory_mb: report.max_memory_mb, environment: environment_hash(""), ..Brief::default() });
        out.invocation(Invocation {
            report: Some(report),
            counts: true,
            outcome: Outcome::Success,
            waited_ms: Some(report.duration_ms),
            ..Invocation::of(&judge.function)
        });
        true
    }

    /// Hands out every invocation whose end has been read. What comes later for one of them is told then.
    pub fn settle(&mut self, out: &mut impl Invocations) {
        for (stream, environment) in self.environments.all() {
            self.judge.settle(stream, environment, false, out);
        }
    }

    /// Says that nothing more comes: hands out what is left, also what has no end.
    pub fn end(&mut self, out: &mut impl Invocations) {
        for (stream, environment) in self.environments.all() {
            self.judge.settle(stream, environment, true, out);
        }
        self.environments = Environments::default();
    }

    /// Drops environments that can have nothing more to say, after handing out what is left of them.
    pub fn forget(&mut self, now: DateTime<Utc>, out: &mut impl Invocations) {
        let silent = |environment: &Environment| environment.last.is_some_and(|last| now - last >= LONGEST_INVOCATION);
        let Self { judge, environments } = self;
        if silent(&environments.unnamed) {
            judge.settle("", &mut environments.unnamed, true, out);
            environments.unnamed = Environment::default();
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
    fn end_the_oldest(&mut self, out: &mut impl Invocations) {
        let Self { judge, environments } = self;
        let mut oldest: Vec<(Option<DateTime<Utc>>, String)> = environments.named.iter().map(|(stream, known)| (known.last, stream.clone())).collect();
        oldest.sort();
        oldest.truncate(oldest.len().saturating_sub(MOST_ENVIRONMENTS));
        for (_, stream) in oldest {
            if let Some(mut environment) = environments.named.remove(&stream) {
                judge.settle(&stream, &mut environment, true, out);
            }
        }
    }

    fn step(&mut self, stream: &str, at: Option<DateTime<Utc>>, event: &str, line: Line<'_>, out: &mut impl Invocations) -> Kind {
        let real_stream = !stream.is_empty();
        if self.environments.named.len() > 2 * MOST_ENVIRONMENTS && !self.environments.named.contains_key(stream) {
            self.end_the_oldest(out);
        }
        let Self { judge, environments } = self;
        let environment = environments.of(stream);
        let at = at.or(environment.last);
        environment.last = environment.last.max(at);
        match line {
            Line::Start { request_id, version } => {
                let id = request_id.as_deref();
                // In an environment one comes after the other; the same id again is a retry.
                let done = |open: &mut Open| open.has_ended() || real_stream || open.request_id.as_deref() == id;
                judge.hand_out(stream, environment, done, out);
                environment.begin(id, at);
                if let Some(version) = version {
                    judge.running.version(&version);
                }
                judge.bound(stream, environment, out);
                Kind::Platform
            }
            // The summary says more; and an emulator ends another id than it has begun.
            Line::End { .. } => Kind::Platform,
            Line::Report { request_id, report } => {
                let extra = report.status.is_bad();
                let place = environment.of(request_id.as_deref());
                let Some(invocation) = environment.open.get_mut(place).filter(|open| open.report.is_none() || request_id.is_none()) else {
                    return Kind::Platform;
                };
                if extra || invocation.exited.is_some() {
                    invocation.said.quote(event);
                }
                invocation.error_type = report.error_type.clone().or(invocation.error_type.take());
                if let Some(kind) = &report.error_type {
                    sign_type(&mut invocation.said, kind, &judge.causes);
                }
                invocation.report = Some(report);
                invocation.ended_at = at.or(invocation.ended_at);
                judge.bound(stream, environment, out);
                Kind::Platform
            }
            Line::TimedOut { request_id, after_seconds } => {
                let place = environment.of(request_id.as_deref());
                if let Some(invocation) = environment.open.get_mut(place) {
                    invocation.timed_out_after_ms = Some(after_seconds * 1000.0);
                    invocation.said.quote(event);
                    invocation.ended_at = invocation.ended_at.max(at);
                }
                judge.bound(stream, environment, out);
                Kind::Platform
            }
            Line::Ended { request_id, how, error_type } => {
                let bare = request_id.is_none() && how.is_empty();
                // An error type alone, before anything it could be of, belongs to whatever comes.
                let is_of_nothing = bare && environment.open.is_empty() && !environment.has_start_up();
                let place = if is_of_nothing { usize::MAX } else { environment.of_or_last(request_id.as_deref()) };
                let said = match environment.open.get_mut(place) {
                    Some(invocation) => {
                        if !how.is_empty() {
                            invocation.exited = Some(model::redact::excerpt(&how));
                        }
                        invocation.error_type = error_type.as_deref().map(str::to_owned).or(invocation.error_type.take());
                        invocation.exited = invocation.exited.take().or_else(|| Some(String::new()));
                        invocation.ended_at = invocation.ended_at.max(at);
                        &mut invocation.said
                    }
                    None => &mut environment.before,
                };
                said.quote(event);
                if !how.is_empty() {
                    let line = Application { text: how, unhandled: true, ..Application::default() };
                    let signs = judge.causes.signs(&line, false).into_iter().filter(|sign| sign.cause != Cause::AppException).collect();
                    said.sign(signs, &line, false);
                }
                if let Some(kind) = error_type {
                    sign_type(said, &kind, &judge.causes);
                }
                judge.bound(stream, environment, out);
                Kind::Platform
            }
            Line::InitStart(runtime) | Line::RestoreStart(runtime) => {
                judge.running.runtime(&runtime);
                // The environment is a new one: what it did before is over.
                judge.hand_out(stream, environment, |open| open.has_ended() || real_stream, out);
                let before = std::mem::take(&mut environment.before);
                let start_up = StartUp { began: at, is_new: true, ahead: runtime.ahead, ..StartUp::default() };
                let told = environment.start_up.replace(start_up);
                judge.lost(stream, before, told, at, out);
                Kind::Platform
            }
            Line::InitReport(report) | Line::RestoreReport(report) => {
                environment.init_report(event, report, &judge.causes);
                Kind::Platform
            }
            Line::Extension { error_type, failed } => {
                if failed {
                    let said = environment.speaking();
                    said.quote(event);
                    sign_type(said, error_type.as_deref().unwrap_or("Extension.Unknown"), &judge.causes);
                }
                Kind::Platform
            }
            Line::RuntimeClient { status } => {
                if status == Some(413) {
                    let said = environment.speaking();
                    let line = Application { text: event.into(), unhandled: true, ..Application::default() };
                    let signs = judge.causes.signs(&line, false).into_iter().filter(|sign| sign.cause == Cause::PayloadTooLarge).collect();
                    said.sign(signs, &line, true);
                }
                Kind::Platform
            }
            Line::LogsDropped { .. } | Line::Platform => Kind::Platform,
            Line::Unparsed => {
                // Half an object that somebody pasted still has its words.
                if judge.configured.is_excerpt && event.starts_with('{') {
                    environment.application(&Application { text: event.into(), ..Application::default() }, at, &judge.causes);
                }
                Kind::Unparsed
            }
            Line::Application(application) => {
                environment.application(&application, at, &judge.causes);
                Kind::Application
            }
        }
    }
}

#[cfg(test)]
mod tests;
