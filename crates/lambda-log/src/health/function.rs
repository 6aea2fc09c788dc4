//! What is known of one function.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::durations::ExactDurations;
use crate::diagnosis::{Cause, Confidence, Diagnosis, environment_hash};
use crate::invocation::Invocation;

/// Lines that are quoted for a cause.
const MOST_EVIDENCE: usize = 4;
/// Environments that are counted one by one.
const MOST_ENVIRONMENTS: usize = 100_000;

/// The occurrences of a cause in one function.
#[derive(Debug, Clone, PartialEq)]
pub struct CauseOccurrences {
    /// How many invocations (or start-ups) had it.
    pub count: u64,
    /// For how many of them it was the one to act on.
    pub first_of: u64,
    /// When it was first seen, UTC, if the copy has times.
    pub first: Option<DateTime<Utc>>,
    /// When it was last seen.
    pub last: Option<DateTime<Utc>>,
    /// What the cause means, in a few words.
    pub meaning: Cow<'static, str>,
    /// How sure the surest of them makes it.
    pub confidence: Confidence,
    /// Deciding lines of the first, redacted and shortened.
    pub evidence: Vec<String>,
    /// What is wrong and what to do, with the numbers of the last one.
    pub remedy: String,
}

/// The summary of one function.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Health {
    /// Invocations that ended.
    pub invocations: u64,
    /// Of these, the ones a new environment was started for.
    pub cold: u64,
    /// Of the cold ones, those whose caller waited.
    pub cold_waited: u64,
    /// Invocations that reached the function's timeout.
    pub timeouts: u64,
    /// Invocations that failed otherwise.
    pub errors: u64,
    /// Warm-up pings, and how many of them met no warm environment.
    pub pings: (u64, u64),
    /// The durations.
    pub durations: ExactDurations,
    /// The longest anybody waited, start-up included, in milliseconds; `None` if no summary says.
    pub longest_wait_ms: Option<f64>,
    /// Memory size in MB.
    pub memory_mb: Option<f64>,
    /// Largest memory used, in MB.
    pub max_memory_mb: Option<f64>,
    /// The causes that were found.
    pub causes: BTreeMap<Cause, CauseOccurrences>,
    /// Environments: when each was first and last heard of.
    environments: BTreeMap<u64, (DateTime<Utc>, DateTime<Utc>)>,
    /// The longest idle time after which an environment was used again.
    pub longest_idle: Option<TimeDelta>,
}

impl Health {
    /// The one thing to know: the cause to act on with how sure it is, or that nothing is wrong.
    pub fn verdict(&self) -> Option<(Cause, &CauseOccurrences)> {
        let failures: u64 = self.causes.values().map(|seen| seen.first_of).sum();
        // A pattern that most failures are part of says more than each of them.
        let pattern = self.causes.get(&Cause::ReinitLoop).filter(|seen| seen.count * 2 >= failures);
        if let Some(seen) = pattern {
            return Some((Cause::ReinitLoop, seen));
        }
        // The first of several timeouts without memory to spare is only one of them in hindsight.
        let full =
            self.causes.get(&Cause::MemoryPressure).filter(|seen| seen.first_of > 0 && seen.count * 2 > failures);
        if let Some(seen) = full {
            return Some((Cause::MemoryPressure, seen));
        }
        let weight =
            |seen: &CauseOccurrences| seen.first_of * if seen.confidence == Confidence::Proved { 2 } else { 1 };
        // A few in a row are a burst or a deploy, and not every invocation.
        let counts = |cause: Cause, seen: &CauseOccurrences| {
            seen.first_of > 0 && (cause != Cause::ColdStartEveryInvocation || self.cold * 10 >= self.invocations * 8)
        };
        let (cause, seen) = self
            .causes
            .iter()
            .filter(|(cause, seen)| counts(**cause, seen))
            .max_by_key(|(cause, seen)| (weight(seen), std::cmp::Reverse(**cause)))?;
        Some((*cause, seen))
    }

    /// The causes, most frequent first.
    pub fn causes(&self) -> Vec<(Cause, &CauseOccurrences)> {
        let verdict = self.verdict().map(|(cause, _)| cause);
        let shown = |cause: Cause| cause != Cause::ColdStartEveryInvocation || verdict == Some(cause);
        let mut all: Vec<(Cause, &CauseOccurrences)> =
            self.causes.iter().filter(|(cause, _)| shown(**cause)).map(|(cause, seen)| (*cause, seen)).collect();
        all.sort_by_key(|(cause, seen)| {
            (Some(*cause) != verdict, std::cmp::Reverse(seen.first_of), std::cmp::Reverse(seen.count), *cause)
        });
        all
    }

    /// How many environments were seen, and how long the longest-lived of them answered; `None` where the copy names
    /// none.
    pub fn environments(&self) -> Option<(usize, TimeDelta)> {
        let oldest = self.environments.values().map(|(first, last)| *last - *first).max()?;
        Some((self.environments.len(), oldest))
    }

    pub(super) fn take(&mut self, invocation: &Invocation<'_>) {
        if invocation.counts {
            self.invocations += 1;
            self.cold += u64::from(invocation.cold);
            self.cold_waited += u64::from(invocation.cold_waited);
            if invocation.is_ping {
                self.pings.0 += 1;
                self.pings.1 += u64::from(invocation.cold_waited);
            }
        }
        self.errors += u64::from(invocation.is_error);
        self.timeouts += u64::from(invocation.is_timeout);
        if let Some(report) = invocation.report {
            self.durations.add(report.duration_ms);
            self.memory_mb = report.memory_mb.or(self.memory_mb);
            self.max_memory_mb = [self.max_memory_mb, report.max_memory_mb].into_iter().flatten().reduce(f64::max);
        }
        self.longest_wait_ms = [self.longest_wait_ms, invocation.waited_ms].into_iter().flatten().reduce(f64::max);
        if !invocation.stream.is_empty()
            && let Some(at) = invocation.at
        {
            self.heard_of(invocation, at);
        }
        for (place, diagnosis) in invocation.causes.iter().enumerate() {
            self.cause(invocation, diagnosis, place == 0);
        }
    }

    fn heard_of(&mut self, invocation: &Invocation<'_>, at: DateTime<Utc>) {
        let began = invocation.started.unwrap_or(at);
        let hash = environment_hash(invocation.stream);
        if let Some((_, last)) = self.environments.get_mut(&hash) {
            self.longest_idle = self.longest_idle.max(Some(began - *last).filter(|idle| *idle > TimeDelta::zero()));
            *last = at.max(*last);
        } else if self.environments.len() < MOST_ENVIRONMENTS {
            self.environments.insert(hash, (began, at));
        }
    }

    fn cause(&mut self, invocation: &Invocation<'_>, diagnosis: &Diagnosis, is_first: bool) {
        let seen = self.causes.entry(diagnosis.cause).or_insert_with(|| CauseOccurrences {
            count: 0,
            first_of: 0,
            first: invocation.at,
            last: invocation.at,
            meaning: diagnosis.meaning.clone(),
            confidence: diagnosis.confidence,
            evidence: Vec::new(),
            remedy: String::new(),
        });
        seen.count += 1;
        seen.first_of += u64::from(is_first);
        seen.first = seen.first.into_iter().chain(invocation.at).min();
        seen.last = seen.last.into_iter().chain(invocation.at).max();
        if seen.evidence.is_empty() || diagnosis.confidence > seen.confidence {
            seen.evidence = invocation.evidence();
            seen.evidence.truncate(MOST_EVIDENCE);
        }
        seen.confidence = seen.confidence.max(diagnosis.confidence);
        seen.remedy = diagnosis.remedy();
    }
}
