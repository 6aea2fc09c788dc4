//! No line is lost and none is counted twice, whatever the log service does: two hours of it. `benches/log_day.rs` runs a day.

use std::sync::Arc;

use chrono::TimeDelta;

use crate::log_day::tailers::{Missed, Tailer};
use crate::log_day::tape::Tape;
use crate::log_day::{Faults, Run, run};

#[tokio::test]
async fn two_hours_of_late_equal_and_straggling_events_are_counted_once_each_across_restarts() {
    let tape = Arc::new(Tape::record(2, 1, 4, 1));
    let faults = Faults { throttled: 10, empty: 10, expired: 25, page: 400 };
    let outcome = run(&tape, faults, Run { every: TimeDelta::seconds(30), calls_per_second: 2, restarts: 6, seed: 2 }).await;
    let missed = outcome.missed(&tape);
    assert!(tape.events() > 15_000, "{}", tape.events());
    assert_eq!(missed, Missed::default());
    assert!(outcome.most_calls() <= 2, "{}", outcome.most_calls());
    assert!(
        outcome.refused.throttled > 50 && outcome.refused.expired > 10 && outcome.refused.empty > 50,
        "the service was as bad as it should be: {:?}",
        outcome.refused
    );

    let lost = |tailer: Tailer| tailer.follow(&tape, 30_000);
    assert!(lost(Tailer::HighWaterMark).lost > 1000, "{:?}", lost(Tailer::HighWaterMark));
    assert!(lost(Tailer::FromLastTime).lost > 1000 && lost(Tailer::FromLastTime).repeated > 10, "{:?}", lost(Tailer::FromLastTime));
}
