//! The recent invocations of a function, for causes that need several invocations.

use std::collections::VecDeque;

use chrono::serde::ts_milliseconds_option;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::outcome::InvocationOutcome;
use crate::unset::is_unset;

/// What is remembered of an invocation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InvocationSummary {
    /// When it began, or the first thing that is known of it, UTC.
    #[serde(skip_serializing_if = "is_unset", with = "ts_milliseconds_option")]
    pub at: Option<DateTime<Utc>>,
    /// How it ended.
    #[serde(skip_serializing_if = "is_unset")]
    pub outcome: InvocationOutcome,
    /// Whether a new environment was started for it.
    #[serde(skip_serializing_if = "is_unset")]
    pub cold: bool,
    /// Milliseconds of the init phase, if the REPORT line has it.
    #[serde(skip_serializing_if = "is_unset")]
    pub init_ms: Option<f64>,
    /// It reached its timeout and the application had logged nothing.
    #[serde(skip_serializing_if = "is_unset")]
    pub silent_timeout: bool,
    /// It was ended while the application was still starting up.
    #[serde(skip_serializing_if = "is_unset")]
    pub in_start_up: bool,
    /// Largest memory used, in MB.
    #[serde(skip_serializing_if = "is_unset")]
    pub max_memory_mb: Option<f64>,
    /// A hash of the environment's name.
    #[serde(skip_serializing_if = "is_unset")]
    pub environment: u64,
}

/// The last invocations, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct RecentInvocations {
    last: VecDeque<InvocationSummary>,
    /// How many there ever were.
    #[serde(default)]
    all: u64,
}

impl RecentInvocations {
    /// How many are remembered.
    pub const MOST: usize = 12;

    /// Adds an invocation and returns its number.
    pub fn push(&mut self, brief: InvocationSummary) -> u64 {
        if self.last.len() == Self::MOST {
            self.last.pop_front();
        }
        self.last.push_back(brief);
        self.all += 1;
        self.all
    }

    /// Remembers one otherwise, now that more is known of it.
    pub fn amend(&mut self, which: u64, brief: InvocationSummary) {
        if let Some(known) = self.place(which).and_then(|place| self.last.get_mut(place)) {
            *known = brief;
        }
    }

    /// Those before that one.
    pub fn before(&self, which: u64) -> Self {
        Self {
            last: self.last.iter().take(self.place(which).unwrap_or_default()).cloned().collect(),
            all: which.saturating_sub(1),
        }
    }

    fn place(&self, which: u64) -> Option<usize> {
        let from_the_end = usize::try_from(self.all.checked_sub(which)?).ok()?;
        self.last.len().checked_sub(from_the_end + 1)
    }

    /// The largest memory used in each remembered invocation of one environment, in MB, oldest first.
    pub fn memory_of(&self, environment: &str) -> impl Iterator<Item = f64> + use<'_> {
        let hash = environment_hash(environment);
        self.last.iter().filter(move |brief| brief.environment == hash).filter_map(|brief| brief.max_memory_mb)
    }

    fn in_a_row(&self, is_one: impl Fn(&InvocationSummary) -> bool) -> usize {
        self.last.iter().rev().take_while(|brief| is_one(brief)).count()
    }

    /// How many of the latest in a row each needed a new environment and failed in nothing.
    pub fn cold_in_a_row(&self) -> usize {
        self.in_a_row(|brief| brief.cold && brief.outcome == InvocationOutcome::Success)
    }

    /// The longest start-up that is remembered, in milliseconds.
    pub fn longest_start_up_ms(&self) -> Option<f64> {
        self.last.iter().filter_map(|brief| brief.init_ms).reduce(f64::max)
    }

    /// How many of the latest in a row reached their timeout without a word from the application.
    pub fn silent_timeouts_in_a_row(&self) -> usize {
        self.in_a_row(|brief| brief.silent_timeout)
    }

    /// How many of the latest in a row were ended while the application was still starting up.
    pub fn start_ups_in_a_row(&self) -> usize {
        self.in_a_row(|brief| brief.in_start_up)
    }

    /// How far apart the latest `number` began, in the median.
    pub fn median_gap(&self, number: usize) -> Option<TimeDelta> {
        let begun: Vec<DateTime<Utc>> =
            self.last.iter().skip(self.last.len().saturating_sub(number)).filter_map(|brief| brief.at).collect();
        let mut gaps: Vec<TimeDelta> = begun
            .windows(2)
            .filter_map(|pair| match pair {
                [before, after] => Some(*after - *before),
                _ => None,
            })
            .collect();
        gaps.sort();
        gaps.get(gaps.len() / 2).copied().filter(|gap| *gap > TimeDelta::zero())
    }
}

/// A hash that identifies an environment in [`InvocationSummary::environment`].
pub fn environment_hash(environment: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(environment.as_bytes())
}
