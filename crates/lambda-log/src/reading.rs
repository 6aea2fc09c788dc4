//! Counts the invocations of one poll for the rules.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::invocation::{Invocation, InvocationSink};
use crate::diagnosis::{Cause, InvocationOutcome, environment_hash};
use crate::fault::{CauseText, FailedInvocation};
use crate::served::ServedInvocation;
use crate::tally::minute_of;
use crate::tally::{InvocationCounts, MemoryUse};

/// Faults of one poll that are kept one by one; the tally counts them all.
const MOST_FAULTS: usize = 200;
/// Invocations of one poll that are kept with their environments; who learns from them can do without the rest.
const MOST_SERVED: usize = 20_000;
/// Kinds of errors of one poll that are told apart.
const MOST_KINDS: usize = 1_000;

/// What a reading gave.
#[derive(Debug, Default)]
pub struct MinuteCounter {
    /// Counts by minute.
    pub tallies: BTreeMap<DateTime<Utc>, InvocationCounts>,
    /// Failed invocations, oldest first.
    pub faults: Vec<(DateTime<Utc>, FailedInvocation)>,
    /// Every invocation that ended, with the environment that served it, as far as the lines show both.
    pub served: Vec<ServedInvocation>,
    kinds: BTreeSet<String>,
}

impl MinuteCounter {
    /// The counts of the minute of `at`.
    pub fn tally(&mut self, function: &str, at: DateTime<Utc>) -> &mut InvocationCounts {
        self.tallies
            .entry(minute_of(at))
            .or_insert_with(|| InvocationCounts { function: function.to_owned(), ..InvocationCounts::default() })
    }
}

impl InvocationSink for MinuteCounter {
    fn invocation(&mut self, invocation: Invocation<'_>) {
        let Some(at) = invocation.at else { return };
        if let Some(started) = invocation.started.filter(|_| invocation.counts && !invocation.stream.is_empty())
            && self.served.len() < MOST_SERVED
        {
            self.served.push(ServedInvocation {
                arrived: started - waited_for_start_up(&invocation),
                ended: at.max(started),
                environment: environment_hash(invocation.stream),
                request: invocation.request_id.map(environment_hash),
                cold: invocation.cold_waited,
                is_ping: invocation.is_ping,
                succeeded: invocation.outcome == InvocationOutcome::Success,
            });
        }
        let tally = self.tally(invocation.function, at);
        if invocation.counts {
            tally.invocations += 1;
            tally.cold += u64::from(invocation.cold);
            tally.cold_waited += u64::from(invocation.cold_waited);
        }
        tally.timeouts += u64::from(invocation.is_timeout);
        tally.errors += u64::from(invocation.is_error);
        if let Some(report) = invocation.report {
            tally.duration_ms += report.duration_ms.round() as u64;
            let billed_ms = report.billed_ms.unwrap_or(report.duration_ms);
            tally.billed_ms += billed_ms.round() as u64;
            tally.init_of_ms += billed_ms.round() as u64;
            // INIT is billed for all functions since August 2025; before, for some.
            let init = report.init_ms.filter(|init| billed_ms + 1.0 >= report.duration_ms + init);
            tally.init_ms += init.unwrap_or(0.0).round() as u64;
            tally.durations.add(report.duration_ms);
            if let Some((used, size)) = report.max_memory_mb.zip(report.memory_mb) {
                tally.used(MemoryUse { used_mb: used.round() as u32, size_mb: size.round() as u32 });
            }
        }
        let Some(first) = invocation.causes.first() else { return };
        *tally.causes.entry(first.cause).or_default() += 1;
        let fingerprint = invocation.fingerprint();
        // A kind of error that was not met before in this poll is kept whatever their number.
        let is_new =
            fingerprint.as_ref().is_some_and(|text| self.kinds.len() < MOST_KINDS && self.kinds.insert(text.clone()));
        if self.faults.len() >= MOST_FAULTS && !is_new {
            return;
        }
        let fault = FailedInvocation {
            function: invocation.function.to_owned(),
            cause: first.cause,
            confidence: first.confidence,
            request_id: invocation.request_id.map(str::to_owned),
            finding: first.finding.clone(),
            evidence: invocation.evidence(),
            also: invocation.causes.iter().skip(1).map(|also| also.cause).collect(),
            fingerprint,
            own: matches!(first.cause, Cause::Custom(_)).then(|| CauseText {
                meaning: first.meaning.clone().into_owned(),
                next_step: first.next_step.clone().into_owned(),
            }),
        };
        self.faults.push((at, fault));
    }
}

/// How long its caller waited before it began.
fn waited_for_start_up(invocation: &Invocation<'_>) -> TimeDelta {
    let init = invocation.waited_ms.zip(invocation.report).map(|(waited, report)| waited - report.duration_ms);
    // No start-up takes longer than a function may run.
    let ms = init.filter(|ms| (0.0..900_000.0).contains(ms)).unwrap_or(0.0);
    TimeDelta::milliseconds(ms.round() as i64)
}
