//! `monitor warm learn`

use std::path::Path;

use serde::Serialize;
use warmth::learn::{LearnedLifetimes, learn};

use super::super::arguments::OutputFormat;
use super::super::output::{failed, print, print_json};
use super::trace_file::{self, TraceFile};
use crate::exit::ExitStatus;

/// A range in seconds; an end that the trace does not show is null.
#[derive(Serialize)]
struct SecondsDocument {
    low: Option<f64>,
    high: Option<f64>,
}

/// What is written as JSON.
#[derive(Serialize)]
struct LearnDocument {
    schema: u32,
    idle_s: SecondsDocument,
    age_s: SecondsDocument,
    /// Environments that ended in use before that age.
    ended_early: u32,
    calls: u32,
}

pub(super) fn run(path: &Path, format: OutputFormat) -> ExitStatus {
    let seen = match trace_file::read(path) {
        Ok(TraceFile::Run(run)) => run.seen,
        Ok(TraceFile::Days(_)) => {
            return failed(
                "nothing can be learned from this trace: it does not say which environment answered a call; give a \
                 trace with a line for each call and the column exist_id",
            );
        }
        Err(exit) => return exit,
    };
    let learned = learn(&seen);
    match format {
        OutputFormat::Json => print_json(&document(&learned)),
        OutputFormat::Text => {
            print(&text(&learned));
            ExitStatus::Done
        }
    }
}

fn document(learned: &LearnedLifetimes) -> LearnDocument {
    let seconds = |ms: Option<i64>| ms.map(|ms| ms as f64 / 1_000.0);
    LearnDocument {
        schema: 1,
        idle_s: SecondsDocument { low: seconds(learned.idle_low_ms), high: seconds(learned.idle_high_ms) },
        age_s: SecondsDocument {
            low: seconds(learned.age.map(|age| age.low_ms)),
            high: seconds(learned.age.map(|age| age.high_ms)),
        },
        ended_early: learned.ended_early,
        calls: learned.calls,
    }
}

fn text(learned: &LearnedLifetimes) -> String {
    let seconds = |ms: i64| format!("{} s", ms / 1_000);
    let idle = match (learned.idle_low_ms, learned.idle_high_ms) {
        (Some(low), Some(high)) => format!("between {} and {}", seconds(low), seconds(high)),
        (Some(low), None) => format!("more than {}; no longer pause is in the trace", seconds(low)),
        (None, Some(high)) => format!("less than {}", seconds(high)),
        (None, None) => "unknown: the trace has too few pauses".to_owned(),
    };
    let age = match learned.age {
        Some(age) => format!(
            "{} to {} min; {} ended before, while in use",
            age.low_ms / 60_000,
            age.high_ms / 60_000,
            learned.ended_early
        ),
        None => "unknown: no environment was used until its age ended it".to_owned(),
    };
    format!("Calls               {}\nIdle timeout        {idle}\nAge at recycling    {age}", learned.calls)
}
