//! A day of 50 functions through the log reader against a log service that shows events up to 20 s late and out of
//! order, throttles one call in ten, cuts pages anywhere, forgets tokens, while the monitor is killed eight times.
//! Prints what was counted, and what two common ways to follow a log lose and repeat on the same tape. The same with
//! another seed: `-- 7`.
//!
//! `cargo bench --bench log_day` (with `--profile dev` it needs no release build and some minutes more)

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unreachable,
    reason = "a benchmark ends with a panic"
)]

#[path = "../tests/it/log_day/mod.rs"]
mod log_day;

use std::sync::Arc;
use std::time::Instant;

use chrono::TimeDelta;

use log_day::tailers::Tailer;
use log_day::tape::Tape;
use log_day::{Faults, Outcome, Run, run};

const HOURS: i64 = 24;

fn main() {
    let seed = std::env::args().filter_map(|argument| argument.parse().ok()).next().unwrap_or(1);
    let tape = Arc::new(Tape::record(HOURS, 5, 45, seed));
    println!("seed {seed}: {} events of 50 functions in {HOURS} h, 5 of them busy", tape.events());
    let began = Instant::now();
    let faults = Faults { throttled: 10, empty: 10, expired: 25, page: 3000 };
    let settings = Run { every: TimeDelta::seconds(30), calls_per_second: 2, restarts: 8, seed };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    show(&tape, &runtime.block_on(run(&tape, faults, settings)));
    println!("took {:.0?}", began.elapsed());
    let hours = Arc::new(Tape::record(2, 5, 45, seed));
    println!("two hours of it, and a service without faults:");
    let faults = Faults { throttled: 0, empty: 0, expired: 0, page: 10_000 };
    show(&hours, &runtime.block_on(run(&hours, faults, Run { restarts: 0, ..settings })));
    for (name, tailer) in
        [("startTime = last seen + 1", Tailer::HighWaterMark), ("startTime = last seen", Tailer::FromLastTime)]
    {
        let missed = tailer.follow(&tape, 30_000);
        println!(
            "{name}, without any fault of the service: lost {} ({}), counted again {}",
            missed.lost,
            share(missed.lost, &tape),
            missed.repeated
        );
    }
}

fn show(tape: &Tape, outcome: &Outcome) {
    let missed = outcome.missed(tape);
    let counted: u64 = outcome.counted.values().map(|counts| counts.0 + counts.2).sum();
    println!(
        "monitor: counted {counted} ({}), lost {}, counted again {}",
        share(counted, tape),
        missed.lost,
        missed.repeated
    );
    let a_second = f64::from(outcome.all_calls()) * 1000.0 / (tape.end_ms - log_day::tape::START_MS) as f64;
    println!(
        "  calls: {} in {} polls, {a_second:.2} a second, at most {} in one",
        outcome.all_calls(),
        outcome.polls,
        outcome.most_calls()
    );
    println!("  what the service did: {:?}; failures reported: {:?}", outcome.refused, outcome.failures);
    println!("  bytes of all cursors at each tenth of the day: {:?}", outcome.cursor_bytes);
    println!("  longest time between two readings of one function: {} s", outcome.longest_gap.num_seconds());
}

fn share(count: u64, tape: &Tape) -> String {
    format!("{:.4} %", count as f64 * 100.0 / tape.events() as f64)
}
