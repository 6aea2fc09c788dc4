//! Follows the log of one function, environment by environment, and rebuilds its invocations.
//!
//! Its state is small, can be stored between two polls, and does not grow with the log: an environment that has been silent for
//! longer than an invocation can last is dropped.

use std::collections::BTreeMap;

use chrono::serde::ts_milliseconds_option;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::invocation::{Invocation, Invocations, MOST_INSTANCING, Open, Said, StartUp};
use super::is_unset;
use super::line::{self, Application, InitReport, Line, Report, Status};
use crate::diagnosis::{self, Brief, Case, Outcome, Recent, environment_hash};

/// The longest an invocation can last, and then some: AWS allows 15 minutes.
const LONGEST_INVOCATION: TimeDelta = TimeDelta::minutes(20);
/// Environments that are remembered at most; the ones silent for longest go first.
const MOST_ENVIRONMENTS: usize = 2_000;
/// Invocations of one stream that may be open at a time: one in a real stream, more where a copy does not name its streams.
const MOST_OPEN: usize = 64;
/// Reports of one start-up that are kept; more than two are two start-ups.
const MOST_START_UPS: usize = 4;
/// Invocations that are over and of which a late line is still expected: the last one of an environment, more where a copy does not
/// name its streams.
const MOST_PAST: (usize, usize) = (1, 8);
/// So many invocations without a failure before a change of version, and the change is what a failure after it began with.
const CLEAN_BEFORE_CHANGE: u32 = 5;

/// From this share of the memory on an invocation may be part of a climb.
const MUCH_MEMORY: f64 = 0.75;

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

/// What is known of the function from elsewhere.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Configured {
    /// Memory size in MB.
    pub memory_mb: Option<f64>,
    /// Timeout in milliseconds.
    pub timeout_ms: Option<f64>,
    /// These lines are all that will ever be seen, as in a copy: what has no end in them has none.
    pub is_excerpt: bool,
}

/// The reader of one function's log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reader {
    judge: Judge,
    environments: Environments,
}

/// What is known of the function over all its environments.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Judge {
    function: String,
    configured: Configured,
    recent: Recent,
    running: Running,
}

/// The environments of a function, by log stream.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Environments {
    named: BTreeMap<String, Environment>,
    /// Everything of a copy that names no streams.
    unnamed: Environment,
}

impl Environments {
    fn of(&mut self, stream: &str) -> &mut Environment {
        if stream.is_empty() {
            return &mut self.unnamed;
        }
        // A name is copied once for each stream and not once for each line.
        if !self.named.contains_key(stream) {
            self.named.insert(stream.to_owned(), Environment::default());
        }
        self.named.entry(stream.to_owned()).or_default()
    }

    fn all(&mut self) -> impl Iterator<Item = (&str, &mut Environment)> {
        std::iter::once(("", &mut self.unnamed)).chain(self.named.iter_mut().map(|(stream, environment)| (stream.as_str(), environment)))
    }
}

/// The version that runs, and since when.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Running {
    version: Option<String>,
    runtime: Option<String>,
    /// Invocations in a row that have not failed.
    clean: u32,
    /// What changed last, and how many invocations had been clean before it.
    changed: Option<(String, u32)>,
}

/// One execution environment, that is, one log stream.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct Environment {
    #[serde(skip_serializing_if = "is_unset", with = "ts_milliseconds_option")]
    last: Option<DateTime<Utc>>,
    /// A start-up that no invocation has confirmed yet.
    #[serde(skip_serializing_if = "is_unset")]
    start_up: Option<StartUp>,
    /// What was said outside of any invocation.
    #[serde(skip_serializing_if = "is_unset")]
    before: Said,
    #[serde(skip_serializing_if = "is_unset")]
    open: Vec<Open>,
    /// The last that were handed out for good, in case a line of theirs comes late.
    #[serde(skip_serializing_if = "is_unset")]
    past: Vec<Open>,
}

impl Reader {
    /// A reader that has read nothing yet.
    pub fn new(function: impl Into<String>) -> Self {
        Self::with(function, Configured::default())
    }

    /// A reader of a function of which more is known.
    pub fn with(function: impl Into<String>, configured: Configured) -> Self {
        Self {
            judge: Judge { function: function.into(), configured, recent: Recent::default(), running: Running::default() },
            environments: Environments::default(),
        }
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
                    sign_type(&mut invocation.said, kind);
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
                    let signs = diagnosis::signs(&line, false).into_iter().filter(|sign| sign.cause != diagnosis::Cause::AppException).collect();
                    said.sign(signs, &line, false);
                }
                if let Some(kind) = error_type {
                    sign_type(said, &kind);
                }
                judge.bound(stream, environment, out);
                Kind::Platform
            }
            Line::InitStart(runtime) | Line::RestoreStart(runtime) => {
                judge.running.runtime(runtime.version.as_deref());
                // The environment is a new one: what it did before is over.
                judge.hand_out(stream, environment, |open| open.has_ended() || real_stream, out);
                let before = std::mem::take(&mut environment.before);
                let start_up = StartUp { began: at, is_new: true, ahead: runtime.ahead, ..StartUp::default() };
                let told = environment.start_up.replace(start_up);
                judge.lost(stream, before, told, at, out);
                Kind::Platform
            }
            Line::InitReport(report) | Line::RestoreReport(report) => {
                environment.init_report(event, report);
                Kind::Platform
            }
            Line::Extension { error_type, failed } => {
                if failed {
                    let said = environment.speaking();
                    said.quote(event);
                    sign_type(said, error_type.as_deref().unwrap_or("Extension.Crash"));
                }
                Kind::Platform
            }
            Line::RuntimeClient { status } => {
                if status == Some(413) {
                    let said = environment.speaking();
                    let line = Application { text: event.into(), unhandled: true, ..Application::default() };
                    let signs = diagnosis::signs(&line, false).into_iter().filter(|sign| sign.cause == diagnosis::Cause::PayloadTooLarge).collect();
                    said.sign(signs, &line, true);
                }
                Kind::Platform
            }
            Line::LogsDropped { .. } | Line::Platform => Kind::Platform,
            Line::Unparsed => {
                // Half an object that somebody pasted still has its words.
                if judge.configured.is_excerpt && event.starts_with('{') {
                    environment.application(&Application { text: event.into(), ..Application::default() }, at);
                }
                Kind::Unparsed
            }
            Line::Application(application) => {
                environment.application(&application, at);
                Kind::Application
            }
        }
    }
}

impl Judge {
    /// Hands out what has ended in one stream.
    fn settle(&mut self, stream: &str, environment: &mut Environment, everything: bool, out: &mut impl Invocations) {
        for invocation in &mut environment.open {
            if everything || invocation.has_ended() || invocation.said.has_failed() {
                self.tell(stream, invocation, out);
            }
        }
        // Only of the last ones more can come.
        let most = environment.open.len().saturating_sub(1);
        let over = environment.open.extract_if(..most, |invocation| invocation.counted && invocation.has_ended()).collect();
        environment.remember(over, stream.is_empty());
        let at = environment.last;
        if everything {
            let before = std::mem::take(&mut environment.before);
            let start_up = environment.start_up.take();
            self.lost(stream, before, start_up, at, out);
        } else if let Some(start_up) =
            environment.start_up.as_mut().filter(|start_up| !start_up.told && start_up.reports.iter().any(|report| report.status.is_bad()))
        {
            // The invocation that waits for this start-up may come much later, or never.
            let told = start_up.clone();
            start_up.told = true;
            start_up.error_counted = self.lost(stream, environment.before.clone(), Some(told), at, out);
        }
    }

    /// A start-up, or lines, that no invocation followed. Says whether an error was counted.
    fn lost(&mut self, stream: &str, before: Said, start_up: Option<StartUp>, at: Option<DateTime<Utc>>, out: &mut impl Invocations) -> bool {
        let failed = start_up
            .as_ref()
            .is_some_and(|start_up| !start_up.told && start_up.reports.iter().any(|report| report.status.is_bad() || report.duration_ms.is_some()));
        if !failed && before.signs.is_empty() {
            return false;
        }
        let mut open = Open { start_up, said: before, ended_at: at, counted: true, ..Open::default() };
        if let Some(kind) = open.start_up.iter().flat_map(|start_up| &start_up.reports).find_map(|report| report.error_type.clone()) {
            open.error_type = Some(kind);
        }
        self.tell(stream, &mut open, out)
    }

    /// Hands out the invocations of which `done` is so, for good.
    fn hand_out(&mut self, stream: &str, environment: &mut Environment, done: impl FnMut(&mut Open) -> bool, out: &mut impl Invocations) {
        let mut over: Vec<Open> = environment.open.extract_if(.., done).collect();
        for invocation in &mut over {
            self.tell(stream, invocation, out);
        }
        environment.remember(over, stream.is_empty());
    }

    /// Keeps the number of open invocations of a stream without a name within bounds.
    fn bound(&mut self, stream: &str, environment: &mut Environment, out: &mut impl Invocations) {
        if environment.open.len() > MOST_OPEN {
            let mut oldest = environment.open.remove(0);
            self.tell(stream, &mut oldest, out);
        }
    }

    /// Judges an invocation and hands it out: to be counted the first time, with its causes the first time there are any. Says
    /// whether an error was counted.
    fn tell(&mut self, stream: &str, open: &mut Open, out: &mut impl Invocations) -> bool {
        if std::mem::replace(&mut open.judged, true) {
            return false;
        }
        if let Some(limit) = self.configured.timeout_ms
            && open.timed_out_after_ms.is_none()
            && open.report.as_ref().is_some_and(|report| report.duration_ms >= limit && report.status != Status::Error)
        {
            open.timed_out_after_ms = Some(limit);
        }
        if open.timed_out_after_ms.is_none()
            && let Some(report) = open.report.as_ref().filter(|report| report.status == Status::Timeout)
        {
            open.timed_out_after_ms = Some(report.duration_ms);
        }
        let outcome = open.outcome();
        let failed_by_word = open.said.has_failed() && outcome != Outcome::Timeout;
        let start_up = open.start_up.as_ref();
        let reported_cold = open.report.as_ref().is_some_and(|report| report.init_ms.is_some() || report.restore_ms.is_some());
        let cold = reported_cold || start_up.is_some_and(|start_up| start_up.is_new) || !open.said.instancing.is_empty();
        let began_ahead = start_up.is_some_and(|start_up| start_up.ahead && open.report.as_ref().is_none_or(|report| report.restore_ms.is_none()))
            || start_up.is_some_and(|start_up| start_up.was_ahead_of(open.started));
        let cold_waited = cold && (!began_ahead || !open.said.instancing.is_empty());
        let inits: &[InitReport] = start_up.map_or(&[], |start_up| &start_up.reports);
        let nothing_wrong = outcome == Outcome::Success && open.said.signs.is_empty() && inits.is_empty();
        let causes = if open.told || (nothing_wrong && !cold && !self.worth_judging(open)) {
            Vec::new()
        } else {
            let limit_ms = open.timed_out_after_ms.or(self.configured.timeout_ms);
            let last_words =
                open.said.last_at.zip(open.started).zip(limit_ms).map(|((last, started), limit)| ((last - started).num_milliseconds() as f64, limit));
            // What came after it is no part of its own story.
            let before = open.which.map(|which| self.recent.before(which));
            let case = Case {
                outcome,
                is_excerpt: self.configured.is_excerpt,
                signs: &open.said.signs,
                timed_out_after_ms: open.timed_out_after_ms,
                exited: open.exited.as_deref(),
                error_type: open.error_type.as_deref().or_else(|| inits.iter().find_map(|init| init.error_type.as_deref())),
                report: open.report.as_ref(),
                inits,
                instancing: if open.said.is_up { &[] } else { &open.said.instancing },
                lines_since_instancing: open.said.lines_since_instancing,
                lines: open.said.lines,
                last_words,
                cold,
                started_ahead: began_ahead,
                memory_mb: self.configured.memory_mb,
                environment: stream,
                recent: before.as_ref().unwrap_or(&self.recent),
            };
            diagnosis::judge(&case)
        };
        let in_start_up =
            outcome == Outcome::Timeout && ((!open.said.instancing.is_empty() && !open.said.is_up) || inits.iter().any(|init| init.status.is_bad()));
        let ended = outcome != Outcome::Unknown || open.report.is_some() || failed_by_word;
        let counts = ended && !open.counted;
        open.counted |= ended;
        let mut causes = causes;
        // The invocation that a failed start-up takes with it is part of the same failure.
        if start_up.is_some_and(|start_up| start_up.told) && !causes.is_empty() {
            causes.clear();
            open.told = true;
        }
        open.told |= !causes.is_empty();
        let told_as_error = start_up.is_some_and(|start_up| start_up.error_counted);
        let is_error = (outcome == Outcome::Error || failed_by_word) && !open.error_counted && !told_as_error;
        open.error_counted |= is_error;
        let is_timeout = outcome == Outcome::Timeout && !open.timeout_counted;
        open.timeout_counted |= is_timeout;
        let report = open.report.as_ref().filter(|_| !open.report_counted);
        open.report_counted |= report.is_some();
        let failed = outcome != Outcome::Success || failed_by_word;
        if failed && let Some(sentence) = self.running.began_with_a_change() {
            for cause in causes.iter_mut().take(1) {
                cause.finding = format!("{} {sentence}", cause.finding);
            }
        }
        if counts {
            self.running.count(failed);
        }
        if open.counted && (counts || open.which.is_some()) {
            let brief = Brief {
                at: open.started.or(open.ended_at),
                outcome: if failed_by_word { Outcome::Error } else { outcome },
                cold,
                init_ms: open.report.as_ref().and_then(|report| report.init_ms),
                silent_timeout: outcome == Outcome::Timeout && open.said.lines == 0 && !reported_cold,
                in_start_up,
                max_memory_mb: open.report.as_ref().and_then(|report| report.max_memory_mb),
                environment: environment_hash(stream),
            };
            match open.which {
                Some(which) => self.recent.amend(which, brief),
                None => open.which = Some(self.recent.push(brief)),
            }
        }
        if !counts && causes.is_empty() && !is_error && !is_timeout && report.is_none() {
            return false;
        }
        out.invocation(Invocation {
            function: &self.function,
            stream,
            request_id: open.request_id.as_deref(),
            started: open.started,
            at: open.ended_at.or(open.said.last_at).or(open.started),
            counts,
            outcome,
            is_timeout,
            is_error,
            report,
            cold,
            cold_waited,
            waited_ms: report
                .map(|report| report.duration_ms + report.init_ms.filter(|_| cold_waited).unwrap_or_default() + report.restore_ms.unwrap_or_default()),
            is_ping: open.said.is_ping,
            causes: &causes,
            said: &open.said,
        });
        is_error
    }

    /// Whether the function's timeout is known and was reached.
    fn has_limit_below(&self, report: &Report) -> bool {
        self.configured.timeout_ms.is_some_and(|limit| report.duration_ms >= limit)
    }

    /// Whether an invocation of which nothing bad is said may still be part of something.
    fn worth_judging(&self, open: &Open) -> bool {
        let long_start_up = open.report.as_ref().is_some_and(|report| report.init_ms.or(report.restore_ms).is_some());
        let much_memory = open.report.as_ref().and_then(Report::memory_share).is_some_and(|share| share >= MUCH_MEMORY);
        long_start_up || much_memory
    }
}

/// What an error type points to, by itself.
fn sign_type(said: &mut Said, kind: &str) {
    let line = Application { text: kind.into(), unhandled: true, ..Application::default() };
    let signs = diagnosis::signs(&line, true).into_iter().filter(|sign| sign.cause != diagnosis::Cause::AppException).collect();
    let error = said.error.take();
    said.sign(signs, &line, false);
    // A type is not the text of an error.
    said.error = error;
}

impl Environment {
    /// Remembers invocations that are over, in case a line of theirs comes late.
    fn remember(&mut self, over: Vec<Open>, unnamed: bool) {
        if over.is_empty() {
            return;
        }
        let most = if unnamed { MOST_PAST.1 } else { MOST_PAST.0 };
        self.past.extend(over.into_iter().filter(|invocation| invocation.counted && invocation.request_id.is_some()).map(Open::without_quotes));
        self.past.drain(..self.past.len().saturating_sub(most));
    }

    fn has_start_up(&self) -> bool {
        self.start_up.as_ref().is_some_and(|start_up| !start_up.reports.is_empty())
    }

    /// A new invocation, with everything that was said and started before it: its place.
    fn begin(&mut self, id: Option<&str>, started: Option<DateTime<Utc>>) -> usize {
        let start_up = self.start_up.take();
        let said = std::mem::take(&mut self.before);
        let error_type = start_up.iter().flat_map(|start_up| &start_up.reports).find_map(|report| report.error_type.clone());
        self.open.push(Open { request_id: id.map(str::to_owned), started, start_up, said, error_type, ..Open::default() });
        self.open.len() - 1
    }

    /// The place of the invocation a line of the platform speaks of; it may have begun before the first line that was seen.
    fn of(&mut self, id: Option<&str>) -> usize {
        let is_it = |open: &Open| open.request_id.as_deref() == id;
        if id.is_some()
            && !self.open.iter().any(is_it)
            && let Some(place) = self.past.iter().rposition(is_it)
        {
            // A line of an invocation that is over comes late. What was said meanwhile is not its own.
            let mut late = self.past.remove(place);
            late.judged = false;
            self.open.insert(0, late);
            return 0;
        }
        let place = match id {
            Some(_) => self.open.iter().rposition(is_it).or_else(|| self.open.iter().rposition(|open| open.request_id.is_none() && open.report.is_none())),
            None => self.open.iter().rposition(|open| open.report.is_none()),
        };
        let Some((place, open)) = place.and_then(|place| Some((place, self.open.get_mut(place)?))) else { return self.begin(id, None) };
        let before = std::mem::take(&mut self.before);
        if before != Said::default() {
            open.said.prepend(before);
        }
        if let Some(start_up) = self.start_up.take_if(|start_up| !start_up.is_new) {
            let reports = &mut open.start_up.get_or_insert_default().reports;
            reports.extend(start_up.reports);
            reports.truncate(MOST_START_UPS);
        }
        open.request_id = open.request_id.take().or_else(|| id.map(str::to_owned));
        open.judged = false;
        place
    }

    /// The same, but a line without an id may speak of an invocation that has ended.
    fn of_or_last(&mut self, id: Option<&str>) -> usize {
        let unended = self.open.iter().any(|open| !open.has_ended());
        if id.is_none()
            && !unended
            && !self.has_start_up()
            && let Some(last) = self.open.last_mut()
        {
            last.judged = false;
            return self.open.len() - 1;
        }
        self.of(id)
    }

    /// Where a line without an id is written down.
    fn speaking(&mut self) -> &mut Said {
        match self.open.iter_mut().rfind(|open| !open.has_ended()) {
            Some(open) => {
                open.judged = false;
                &mut open.said
            }
            None => &mut self.before,
        }
    }

    fn init_report(&mut self, event: &str, report: InitReport) {
        let (start_up, said) = match self.open.iter_mut().rfind(|open| !open.has_ended()) {
            Some(open) => {
                open.judged = false;
                open.error_type = report.error_type.clone().or(open.error_type.take());
                (&mut open.start_up, &mut open.said)
            }
            None => (&mut self.start_up, &mut self.before),
        };
        if report.status.is_bad() {
            said.quote(event);
        }
        if let Some(kind) = &report.error_type {
            sign_type(said, kind);
        }
        let start_up = start_up.get_or_insert_default();
        start_up.ahead |= report.ahead;
        if start_up.reports.len() < MOST_START_UPS {
            start_up.reports.push(report);
        }
    }

    fn application(&mut self, line: &Application<'_>, at: Option<DateTime<Utc>>) {
        let by_id = line.request_id.as_deref().and_then(|id| self.open.iter().rposition(|open| open.request_id.as_deref() == Some(id)));
        let said = match by_id.and_then(|place| self.open.get_mut(place)) {
            Some(open) => {
                open.judged = false;
                &mut open.said
            }
            None => self.speaking(),
        };
        if line.text.starts_with("Instancing..") {
            said.instancing.push(at);
            said.instancing.drain(..said.instancing.len().saturating_sub(MOST_INSTANCING));
            said.lines_since_instancing = 0;
            said.is_up = false;
            said.quote(&line.text);
            return;
        }
        said.lines = said.lines.saturating_add(1);
        said.last_at = at.or(said.last_at);
        // Zappa logs the event once the application is there: start-up has ended.
        if line.text.contains("Zappa Event:") {
            said.is_up = true;
            said.is_ping |= line.text.contains("Scheduled Event");
        } else {
            said.lines_since_instancing = said.lines_since_instancing.saturating_add(1);
        }
        said.is_ping |= line.text.contains("serverless-plugin-warmup") || line.text.contains("WarmUp - Lambda is warm");
        // What the application says after a sign takes the last word from it.
        said.signs.iter_mut().for_each(|sign| sign.is_last = false);
        said.sign(diagnosis::signs(line, false), line, true);
    }
}

impl Running {
    fn version(&mut self, version: &str) {
        if self.version.as_deref() != Some(version) {
            let before = self.version.replace(version.chars().take(64).collect());
            if let Some(before) = before {
                self.change(format!("version {version} (before: {before})"));
            }
        }
    }

    fn runtime(&mut self, runtime: Option<&str>) {
        let Some(runtime) = runtime else { return };
        if self.runtime.as_deref() != Some(runtime) {
            let before = self.runtime.replace(runtime.chars().take(200).collect());
            if before.is_some() {
                self.change("a new runtime version".to_owned());
            }
        }
    }

    fn change(&mut self, what: String) {
        self.changed = Some((what, self.clean));
        self.clean = 0;
    }

    fn count(&mut self, failed: bool) {
        self.clean = if failed { 0 } else { self.clean.saturating_add(1) };
        // What works after a change for long was not broken by it.
        if self.clean > 50 {
            self.changed = None;
        }
    }

    fn began_with_a_change(&self) -> Option<String> {
        let (what, clean) = self.changed.as_ref().filter(|(_, clean)| *clean >= CLEAN_BEFORE_CHANGE)?;
        Some(format!("It began with {}: the {clean} invocations before it did not fail.", model::redact::phrase(what)))
    }
}

#[cfg(test)]
mod tests;
