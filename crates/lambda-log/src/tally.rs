//! Counts of a function in one minute.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use model::durations::DurationHistogram;
use serde::{Deserialize, Serialize};

use crate::diagnosis::Cause;

/// Counts of a function in one minute; an increment to the known counts of that minute.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvocationCounts {
    /// The function's name.
    pub function: String,
    /// Invocations that ended (or timed out).
    pub invocations: u64,
    /// Of these, the ones a new environment was started for.
    pub cold: u64,
    /// Of the cold ones, those whose caller waited for the start-up.
    pub cold_waited: u64,
    /// Invocations that hit the function's timeout.
    pub timeouts: u64,
    /// Invocations that failed otherwise.
    pub errors: u64,
    /// Billed milliseconds.
    pub billed_ms: u64,
    /// Sum of durations, in milliseconds.
    pub duration_ms: u64,
    /// Lines that could not be read as what they claim to be.
    pub unparsed: u64,
    /// Milliseconds of start-up (INIT) that were billed.
    #[serde(default)]
    pub init_ms: u64,
    /// Billed milliseconds of the invocations in which these were counted; versions before did not count them.
    #[serde(default)]
    pub init_of_ms: u64,
    /// Faults by cause.
    pub causes: BTreeMap<Cause, u64>,
    /// The durations of the invocations, in milliseconds, as far as the log has them.
    #[serde(default)]
    pub durations: DurationHistogram,
    /// The highest share of the function's memory that was used; `None` if no line had it.
    #[serde(default)]
    pub memory: Option<MemoryUse>,
}

/// Memory that was used, of the memory there was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryUse {
    /// Used, in MB: the highest figure of the environment so far, as Lambda reports it.
    pub used_mb: u32,
    /// Configured, in MB; zero if unknown.
    pub size_mb: u32,
}

impl MemoryUse {
    /// The one with the higher share; if equal, the one with more memory used.
    pub fn higher(self, other: Self) -> Self {
        let share = |of: &Self, than: &Self| u64::from(of.used_mb) * u64::from(than.size_mb);
        let order =
            (self.size_mb > 0).cmp(&(other.size_mb > 0)).then_with(|| share(&self, &other).cmp(&share(&other, &self)));
        let order = order.then_with(|| (self.used_mb, self.size_mb).cmp(&(other.used_mb, other.size_mb)));
        if order.is_lt() { other } else { self }
    }
}

impl InvocationCounts {
    /// Adds the counts of another increment of the same function.
    pub fn add(&mut self, other: &Self) {
        self.add_numbers(other);
        for (cause, count) in &other.causes {
            *self.causes.entry(*cause).or_default() += count;
        }
        self.durations.merge(&other.durations);
    }

    /// Adds the plain numbers of another increment, and its memory.
    pub fn add_numbers(&mut self, other: &Self) {
        self.invocations += other.invocations;
        self.cold += other.cold;
        self.cold_waited += other.cold_waited;
        self.timeouts += other.timeouts;
        self.errors += other.errors;
        self.billed_ms += other.billed_ms;
        self.duration_ms += other.duration_ms;
        self.unparsed += other.unparsed;
        self.init_ms += other.init_ms;
        self.init_of_ms += other.init_of_ms;
        other.memory.into_iter().for_each(|memory| self.used(memory));
    }

    /// Records the memory used by an invocation; keeps the highest share.
    pub fn used(&mut self, memory: MemoryUse) {
        self.memory = Some(self.memory.map_or(memory, |known| known.higher(memory)));
    }

    /// Whether it counts anything.
    pub fn is_empty(&self) -> bool {
        Self { function: self.function.clone(), ..Self::default() } == *self
    }
}

/// The start of the minute that contains an instant.
pub fn minute_of(at: DateTime<Utc>) -> DateTime<Utc> {
    at - TimeDelta::milliseconds(at.timestamp_millis().rem_euclid(60_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_higher_share_of_memory_wins_whichever_comes_first() {
        let of = |(used_mb, size_mb)| MemoryUse { used_mb, size_mb };
        for (low, high) in [
            ((90, 128), (100, 128)),
            ((500, 1024), (100, 128)),
            ((64, 128), (128, 256)),
            ((999, 0), (1, 128)),
            ((1, 0), (2, 0)),
        ] {
            assert_eq!(
                (of(low).higher(of(high)), of(high).higher(of(low))),
                (of(high), of(high)),
                "{low:?} and {high:?}"
            );
        }
    }

    #[test]
    fn what_version_1_wrote_can_still_be_read() {
        let tally: InvocationCounts = serde_json::from_str(
            r#"{"function":"f","invocations":1,"cold":0,"cold_waited":0,"timeouts":0,"errors":0,"billed_ms":5,"duration_ms":5,"unparsed":0,"causes":{}}"#,
        )
        .unwrap();
        assert_eq!((tally.durations.count(), tally.memory), (0, None));
    }
}
