//! Judges the invocations of one function, and hands them out.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::environment::ExecutionEnvironment;
use super::running::RunningVersion;
use crate::diagnosis::{
    Causes, InvocationFacts, InvocationOutcome, InvocationSummary, RecentInvocations, environment_hash,
};
use crate::invocation::{ApplicationOutput, InitPhase, Invocation, InvocationSink, PartialInvocation};
use crate::line::{InitReport, PlatformStatus, ReportLine};

/// Invocations of one stream that may be open at a time: one in a real stream, more where a copy does not name its
/// streams.
const MOST_OPEN: usize = 64;
/// From this share of the memory on an invocation may be part of a climb.
pub(super) const MUCH_MEMORY: f64 = 0.75;

/// The configured limits of the function.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct FunctionLimits {
    /// Memory size in MB.
    pub memory_mb: Option<f64>,
    /// Timeout in milliseconds.
    pub timeout_ms: Option<f64>,
    /// These lines are all that will ever be seen, as in a copy: what has no end in them has none.
    pub is_excerpt: bool,
}

/// What is known of the function over all its environments.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct FunctionContext {
    pub(super) function: String,
    pub(super) configured: FunctionLimits,
    pub(super) recent: RecentInvocations,
    pub(super) running: RunningVersion,
    /// What lines are searched for. It comes from the program and the configuration, and is not stored.
    #[serde(skip)]
    pub(super) causes: Causes,
}

impl FunctionContext {
    /// Hands out what has ended in one stream.
    pub(super) fn settle(
        &mut self,
        stream: &str,
        environment: &mut ExecutionEnvironment,
        everything: bool,
        out: &mut impl InvocationSink,
    ) {
        for invocation in &mut environment.open {
            if everything || invocation.has_ended() || invocation.said.has_failed() {
                self.tell(stream, invocation, out);
            }
        }
        // Only of the last ones more can come.
        let most = environment.open.len().saturating_sub(1);
        let over =
            environment.open.extract_if(..most, |invocation| invocation.counted && invocation.has_ended()).collect();
        environment.remember(over, stream.is_empty());
        let at = environment.last;
        if everything {
            let before = std::mem::take(&mut environment.before);
            let start_up = environment.start_up.take();
            self.lost(stream, before, start_up, at, out);
        } else if let Some(start_up) = environment
            .start_up
            .as_mut()
            .filter(|start_up| !start_up.told && start_up.reports.iter().any(|report| report.status.is_bad()))
        {
            // The invocation that waits for this start-up may come much later, or never.
            let told = start_up.clone();
            start_up.told = true;
            start_up.error_counted = self.lost(stream, environment.before.clone(), Some(told), at, out);
        }
    }

    /// A start-up, or lines, that no invocation followed. Says whether an error was counted.
    pub(super) fn lost(
        &mut self,
        stream: &str,
        before: ApplicationOutput,
        start_up: Option<InitPhase>,
        at: Option<DateTime<Utc>>,
        out: &mut impl InvocationSink,
    ) -> bool {
        let failed = start_up.as_ref().is_some_and(|start_up| {
            !start_up.told
                && start_up.reports.iter().any(|report| report.status.is_bad() || report.duration_ms.is_some())
        });
        if !failed && before.signs.is_empty() {
            return false;
        }
        let mut open =
            PartialInvocation { start_up, said: before, ended_at: at, counted: true, ..PartialInvocation::default() };
        if let Some(kind) =
            open.start_up.iter().flat_map(|start_up| &start_up.reports).find_map(|report| report.error_type.clone())
        {
            open.error_type = Some(kind);
        }
        self.tell(stream, &mut open, out)
    }

    /// Hands out the invocations of which `done` is so, for good.
    pub(super) fn hand_out(
        &mut self,
        stream: &str,
        environment: &mut ExecutionEnvironment,
        done: impl FnMut(&mut PartialInvocation) -> bool,
        out: &mut impl InvocationSink,
    ) {
        let mut over: Vec<PartialInvocation> = environment.open.extract_if(.., done).collect();
        for invocation in &mut over {
            self.tell(stream, invocation, out);
        }
        environment.remember(over, stream.is_empty());
    }

    /// Keeps the number of open invocations of a stream without a name within bounds.
    pub(super) fn bound(
        &mut self,
        stream: &str,
        environment: &mut ExecutionEnvironment,
        out: &mut impl InvocationSink,
    ) {
        if environment.open.len() > MOST_OPEN {
            let mut oldest = environment.open.remove(0);
            self.tell(stream, &mut oldest, out);
        }
    }

    /// Judges an invocation and hands it out: to be counted the first time, with its causes the first time there are
    /// any. Says whether an error was counted.
    pub(super) fn tell(&mut self, stream: &str, open: &mut PartialInvocation, out: &mut impl InvocationSink) -> bool {
        if std::mem::replace(&mut open.judged, true) {
            return false;
        }
        if let Some(limit) = self.configured.timeout_ms
            && open.timed_out_after_ms.is_none()
            && open
                .report
                .as_ref()
                .is_some_and(|report| report.duration_ms >= limit && report.status != PlatformStatus::Error)
        {
            open.timed_out_after_ms = Some(limit);
        }
        if open.timed_out_after_ms.is_none()
            && let Some(report) = open.report.as_ref().filter(|report| report.status == PlatformStatus::Timeout)
        {
            open.timed_out_after_ms = Some(report.duration_ms);
        }
        let outcome = open.outcome();
        let failed_by_word = open.said.has_failed() && outcome != InvocationOutcome::Timeout;
        let start_up = open.start_up.as_ref();
        let reported_cold =
            open.report.as_ref().is_some_and(|report| report.init_ms.is_some() || report.restore_ms.is_some());
        let cold =
            reported_cold || start_up.is_some_and(|start_up| start_up.is_new) || !open.said.instancing.is_empty();
        let began_ahead = start_up.is_some_and(|start_up| {
            start_up.ahead && open.report.as_ref().is_none_or(|report| report.restore_ms.is_none())
        }) || start_up.is_some_and(|start_up| start_up.was_ahead_of(open.started));
        let cold_waited = cold && (!began_ahead || !open.said.instancing.is_empty());
        let inits: &[InitReport] = start_up.map_or(&[], |start_up| &start_up.reports);
        let nothing_wrong = outcome == InvocationOutcome::Success && open.said.signs.is_empty() && inits.is_empty();
        let causes = if open.told || (nothing_wrong && !cold && !self.worth_judging(open)) {
            Vec::new()
        } else {
            let limit_ms = open.timed_out_after_ms.or(self.configured.timeout_ms);
            let last_words = open
                .said
                .last_at
                .zip(open.started)
                .zip(limit_ms)
                .map(|((last, started), limit)| ((last - started).num_milliseconds() as f64, limit));
            // What came after it is no part of its own story.
            let before = open.which.map(|which| self.recent.before(which));
            let case = InvocationFacts {
                outcome,
                is_excerpt: self.configured.is_excerpt,
                signs: &open.said.signs,
                timed_out_after_ms: open.timed_out_after_ms,
                exited: open.exited.as_deref(),
                error_type: open
                    .error_type
                    .as_deref()
                    .or_else(|| inits.iter().find_map(|init| init.error_type.as_deref())),
                report: open.report.as_ref(),
                inits,
                instancing: if open.said.is_up { &[] } else { &open.said.instancing },
                lines_since_instancing: open.said.lines_since_instancing,
                lines: open.said.lines,
                last_words,
                cold,
                started_ahead: began_ahead,
                retried: open.retried,
                without_end: self.configured.is_excerpt && open.has_start && !open.has_end && open.said.lines > 0,
                hidden_init_ms: open.repeated_init_ms(),
                extension_waits: open.said.extension_waits,
                memory_mb: self.configured.memory_mb,
                on_node: self.running.on_node.or(open.said.of_node.then_some(true)),
                environment: stream,
                recent: before.as_ref().unwrap_or(&self.recent),
            };
            self.causes.judge(&case)
        };
        let in_start_up = outcome == InvocationOutcome::Timeout
            && ((!open.said.instancing.is_empty() && !open.said.is_up)
                || inits.iter().any(|init| init.status.is_bad()));
        let ended = outcome != InvocationOutcome::Unknown || open.report.is_some() || failed_by_word;
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
        let is_error = (outcome == InvocationOutcome::Error || failed_by_word) && !open.error_counted && !told_as_error;
        open.error_counted |= is_error;
        let is_timeout = outcome == InvocationOutcome::Timeout && !open.timeout_counted;
        open.timeout_counted |= is_timeout;
        let report = open.report.as_ref().filter(|_| !open.report_counted);
        open.report_counted |= report.is_some();
        let failed = outcome != InvocationOutcome::Success || failed_by_word;
        if failed && let Some(sentence) = self.running.began_with_a_change() {
            for cause in causes.iter_mut().take(1) {
                cause.finding = format!("{} {sentence}", cause.finding);
            }
        }
        if counts {
            self.running.count(failed);
        }
        if open.counted && (counts || open.which.is_some()) {
            let brief = InvocationSummary {
                at: open.started.or(open.ended_at),
                outcome: if failed_by_word { InvocationOutcome::Error } else { outcome },
                cold,
                init_ms: open.report.as_ref().and_then(|report| report.init_ms),
                silent_timeout: outcome == InvocationOutcome::Timeout && open.said.lines == 0 && !reported_cold,
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
            waited_ms: report.map(|report| {
                report.duration_ms
                    + report.init_ms.filter(|_| cold_waited).unwrap_or_default()
                    + report.restore_ms.unwrap_or_default()
            }),
            is_ping: open.said.is_ping,
            causes: &causes,
            said: &open.said,
        });
        is_error
    }

    /// Whether the function's timeout is known and was reached.
    pub(super) fn has_limit_below(&self, report: &ReportLine) -> bool {
        self.configured.timeout_ms.is_some_and(|limit| report.duration_ms >= limit)
    }

    /// Whether an invocation of which nothing bad is said may still be part of something.
    pub(super) fn worth_judging(&self, open: &PartialInvocation) -> bool {
        if open.repeated_init_ms().is_some() {
            return true;
        }
        let long_start_up = open.report.as_ref().is_some_and(|report| report.init_ms.or(report.restore_ms).is_some());
        let much_memory =
            open.report.as_ref().and_then(ReportLine::memory_share).is_some_and(|share| share >= MUCH_MEMORY);
        long_start_up || much_memory
    }
}
