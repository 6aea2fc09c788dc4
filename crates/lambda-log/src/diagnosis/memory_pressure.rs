//! Memory is at its limit, or grows towards it with each invocation, but no process has been killed yet.

use super::case::{InvocationFacts, USED_UP};
use super::cause::Cause;
use super::verdict::{Confidence, Diagnosis};

pub(super) use super::sign::no_sign as sign;

pub(super) const WORDS: &[&str] = &[];

/// From this share of the configured memory on there is none to spare.
const FULL: f64 = 0.95;
/// A climb is so many runs of one environment, and ends above this share.
const CLIMB: (usize, f64) = (5, 0.75);
/// By this share of the configured memory a climb goes up, at least.
const STEEP: f64 = 0.05;

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    let report = case.report?;
    let (used, size) = (report.max_memory_mb?, report.memory_mb?);
    let share = report.memory_share()?;
    let found = |finding: String| {
        let next = format!(
            "Raise the memory from {size:.0} MB (CPU grows with it), and check what grows from one invocation to the next: caches, listeners, open handles."
        );
        Some(Diagnosis::new(Cause::MemoryPressure, Confidence::Likely, finding).with_next_step(Some(next)).general())
    };
    // One timeout may have any reason. With the memory used up before and now, it is the memory.
    let was_full = case.recent.memory_of(case.environment).filter(|before| before / size >= USED_UP).count();
    if case.timed_out_after_ms.is_some() && share >= USED_UP && was_full > 0 {
        return found(format!(
            "The invocation timed out with {used:.0} MB of {size:.0} MB in use, and {was_full} of the latest before it had used up the memory too."
        ))
        .map(|found| Diagnosis { general: false, ..found });
    }
    if case.timed_out_after_ms.is_some() && share >= FULL {
        return found(format!("The invocation timed out with {used:.0} MB of {size:.0} MB in use."));
    }
    // Reports give the largest use an environment has had, so that only a rise in nearly every run is a climb.
    let runs: Vec<f64> = case.recent.memory_of(case.environment).chain([used]).collect();
    let last = runs.get(runs.len().saturating_sub(CLIMB.0)..).filter(|last| last.len() == CLIMB.0)?;
    let rises = last.windows(2).filter(|pair| matches!(pair, [before, after] if after > before)).count();
    let first = *last.first()?;
    // A megabyte a run is no climb that anybody will see the end of soon.
    if share >= CLIMB.1 && rises + 1 == CLIMB.0 && used - first >= size * STEEP {
        return found(format!(
            "Memory rose in each of the last {} invocations of one environment, from {first:.0} MB to {used:.0} MB of {size:.0} MB.",
            CLIMB.0
        ));
    }
    None
}
