//! `monitor warm simulate`

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws::prices::PriceTable;
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use model::money::Percent;
use model::redact::printable;
use rust_decimal::prelude::ToPrimitive;
use warmth::account::{FunctionOutcome, learn, simulate};
use warmth::knowledge::Timeline;
use warmth::policy::{POLICIES, Policy};
use warmth::regime::{Regime, Year};
use warmth::traffic::FunctionTrace;

use super::super::arguments::{OutputFormat, share};
use super::super::output::{failed, print, print_json};
use super::document::{SimulateDocument, text};
use super::trace_file::{self, TraceFile};
use crate::exit::ExitStatus;

/// Examples of use, shown by `--help`.
fn help() -> String {
    format!(
        "\
Examples:
  monitor warm simulate --trace days.csv.gz --policy auto --regime 2020
  monitor warm simulate --trace days.csv.gz --policy fixed:2x5m --target 1% --format json | jq .share_at_most_target
  monitor warm simulate --trace run.csv.gz --policy none --regime learn

Policies: {POLICIES}.
handover:10m@60m/2 pings every 10 min, with two pings at every second round, and moves traffic to a new environment when
one is 60 min old. `auto` is not told the regime: it learns from what it sees, plans, and promises.

The trace is CSV, also packed with gzip:
  - a line for each function and day: id, total, nonzero_minutes, minutes (`0 17:3`: a call in minute 0, three in 17)
  - a line for each call of one function: is_cold, exist_id, start_time and end_time (ms), client_start_time (s)

A regime is how AWS kept environments in that year; `learn` takes it from the trace, which must be of the second shape.
The same seed gives the same result. Money is for functions of 1,024 MB on x86 in us-east-1, for 30 days,
without the free tier.

Exit codes: 0 done; 1 the trace cannot be read or has mistakes; 64 command line"
    )
}

#[derive(Debug, clap::Args)]
#[command(after_help = help())]
pub(super) struct SimulateArgs {
    /// The trace; `-` is standard input
    #[arg(long, value_name = "FILE")]
    trace: PathBuf,
    /// The policy, such as auto or fixed:5m
    #[arg(long, value_name = "POLICY")]
    policy: Policy,
    /// How AWS keeps environments
    #[arg(long, value_enum, default_value_t = RegimeChoice::Y2020)]
    regime: RegimeChoice,
    /// The share of calls that may be cold starts
    #[arg(long, value_name = "SHARE", default_value = "1%", value_parser = share)]
    target: Percent,
    /// Where chance begins
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// Output format
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RegimeChoice {
    /// June 2019
    #[value(name = "2019")]
    Y2019,
    /// May and June 2020
    #[value(name = "2020")]
    Y2020,
    /// January 2021
    #[value(name = "2021")]
    Y2021,
    /// What the trace itself shows
    Learn,
}

impl RegimeChoice {
    fn name(self) -> &'static str {
        match self {
            Self::Y2019 => "2019",
            Self::Y2020 => "2020",
            Self::Y2021 => "2021",
            Self::Learn => "learn",
        }
    }
}

pub(super) fn run(args: &SimulateArgs) -> ExitStatus {
    let trace = match trace_file::read(&args.trace) {
        Ok(trace) => trace,
        Err(exit) => return exit,
    };
    let regime = match regime(args, &trace) {
        Ok(regime) => regime,
        Err(why) => {
            return failed(&format!("cannot learn from {}: {why}", printable(&args.trace.display().to_string())));
        }
    };
    let functions = match trace {
        TraceFile::Days(functions) => functions,
        TraceFile::Run(run) => vec![run.trace],
    };
    let prices = match PriceTable::built_in() {
        Ok(prices) => prices,
        Err(error) => return failed(&error.to_string()),
    };
    let target = args.target.0.to_f64().unwrap_or(0.0) / 100.0;
    let outcomes = outcomes(&functions, args.policy, &regime, target, args.seed);
    let document =
        match SimulateDocument::new(args.policy, args.regime.name(), args.seed, &functions, &outcomes, target, &prices)
        {
            Ok(document) => document,
            Err(why) => return failed(&why),
        };
    match args.format {
        OutputFormat::Json => print_json(&document),
        OutputFormat::Text => {
            print(&text(&document, args.target));
            ExitStatus::Done
        }
    }
}

fn regime(args: &SimulateArgs, trace: &TraceFile) -> Result<Regime, &'static str> {
    let year = match args.regime {
        RegimeChoice::Y2019 => Year::Y2019,
        RegimeChoice::Y2020 => Year::Y2020,
        RegimeChoice::Y2021 => Year::Y2021,
        RegimeChoice::Learn => {
            let TraceFile::Run(run) = trace else {
                return Err("it does not say which environment answered a call; choose --regime 2019, 2020 or 2021");
            };
            return warmth::learn::learn(&run.seen)
                .regime
                .ok_or("it has too few pauses to know the idle timeout; choose --regime 2019, 2020 or 2021");
        }
    };
    Ok(year.regime())
}

/// What comes of each function, in the order of the trace. Each has its own chance, so that it does not matter which
/// thread replays it.
fn outcomes(
    functions: &[FunctionTrace],
    policy: Policy,
    regime: &Regime,
    target: f64,
    seed: u64,
) -> Vec<FunctionOutcome> {
    let bar = progress(functions.len());
    let known = if policy == Policy::Auto { learn(functions, regime, target, seed) } else { Timeline::default() };
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        while let Some((index, function)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            functions.get(index).map(|function| (index, function))
        } {
            done.push((index, simulate(function, policy, regime, &known, target, seed)));
            bar.inc(1);
        }
        done
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(functions.len().max(1));
    let mut done: Vec<(usize, FunctionOutcome)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        // A share of the functions without those of a worker that died would look like a share of all.
        let ended = |worker: std::thread::ScopedJoinHandle<'_, Vec<(usize, FunctionOutcome)>>| {
            worker.join().unwrap_or_else(|died| std::panic::resume_unwind(died))
        };
        workers.into_iter().flat_map(ended).collect()
    });
    bar.finish_and_clear();
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

/// A bar on a terminal; nothing in a pipe.
fn progress(functions: usize) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(functions as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} functions {per_sec} {eta}") {
        bar.set_style(style);
    }
    bar
}
