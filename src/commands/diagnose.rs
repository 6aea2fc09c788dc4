//! `monitor diagnose`

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use lambda_log::diagnosis::Causes;
use lambda_log::health::HealthReader;
use lambda_log::reader::FunctionLimits;
use report::health;
use source::logfile::{self, LogInput};

use super::arguments::OutputFormat;
use super::context::CommandContext;
use super::output::{print, print_json, say};
use crate::app::StartError;
use crate::exit::ExitStatus;

/// Examples of use, shown by `--help`.
const EXAMPLES: &str = "\
Examples:
  monitor diagnose lambda.log                          a file, also compressed with gzip or zstd
  aws logs tail /aws/lambda/todo --since 1h | monitor diagnose
  pbpaste | monitor diagnose --memory 512 --timeout 30 text copied from the console
  monitor diagnose --format json *.log | jq '.functions[] | {function, verdict}'
  monitor diagnose --config alerts.toml lambda.log     with the causes of your own that [[cause]] defines

It reads logs as AWS and common tools print them: text and JSON log formats, `sam logs`, `aws logs tail`, `zappa tail`,
`serverless logs`, text and tables copied from the console, exports of Logs Insights and the CLI, in either time order.
Nothing is sent over the network. Quoted lines are shortened, and secrets in them are masked.

Exit codes: 0 read to the end, with or without causes; 1 a file could not be read; 64 command line; 78 configuration";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Logs to read; `-` is standard input [default: standard input]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The function's name if the log does not contain it; otherwise, show only this function
    #[arg(long, value_name = "NAME")]
    function: Option<String>,
    /// The function's memory size in MB if the log does not contain it
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    memory: Option<u32>,
    /// The function's timeout in seconds if the log does not contain it
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<f64>,
    /// Output format
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

fn seconds(text: &str) -> Result<f64, String> {
    let number: Option<f64> = text.trim_end_matches('s').parse().ok();
    number
        .filter(|seconds| *seconds > 0.0 && *seconds <= 100_000.0)
        .ok_or_else(|| "expected seconds, such as 30 or 2.5".to_owned())
}

pub(super) fn run(args: &Args, context: &CommandContext) -> Result<ExitStatus, StartError> {
    // Only a configuration that is named: what lies about in the folder must not change what a log says.
    let causes = match &context.config {
        Some(_) => context.config_without_secrets()?.causes,
        None => Causes::built_in(),
    };
    Ok(diagnose(args, &causes))
}

fn diagnose(args: &Args, causes: &Causes) -> ExitStatus {
    let configured = FunctionLimits {
        memory_mb: args.memory.map(f64::from),
        timeout_ms: args.timeout.map(|seconds| seconds * 1000.0),
        is_excerpt: true,
    };
    let mut checkup = HealthReader::new(args.function.clone(), configured).with_causes(causes);
    let inputs: Vec<LogInput> = if args.files.is_empty() {
        vec![LogInput::Standard]
    } else {
        args.files.iter().map(|path| LogInput::of(path)).collect()
    };
    if inputs.contains(&LogInput::Standard) && std::io::stdin().is_terminal() {
        say("monitor: paste a log, then end it with Ctrl-D (or name files; see --help)");
    }
    let mut failed = false;
    for input in &inputs {
        let bar = progress(input);
        let result = logfile::read(input, &mut checkup, &|bytes| bar.set_position(bytes));
        bar.finish_and_clear();
        match result {
            Ok(odd) => {
                if odd.utf16 {
                    say("monitor: the input seems to be UTF-16; convert it to UTF-8 first: iconv -f UTF-16 -t UTF-8");
                }
                if odd.too_long > 0 {
                    say(&format!("monitor: skipped {} line(s) longer than 2 MB", odd.too_long));
                }
            }
            Err(error) => {
                say(&format!("monitor: cannot read {error}"));
                failed = true;
            }
        }
    }
    let (lines, functions) = checkup.end();
    // Of what could not be read nothing is to be said.
    if failed && lines.read() == 0 {
        return ExitStatus::Failed;
    }
    let written = match args.format {
        OutputFormat::Text => {
            print(&health::text(lines, functions));
            ExitStatus::Done
        }
        OutputFormat::Json => print_json(&health::json(lines, functions)),
    };
    if failed { ExitStatus::Failed } else { written }
}

/// A bar with the rate on a terminal; nothing in a pipe.
fn progress(input: &LogInput) -> ProgressBar {
    if !std::io::stderr().is_terminal() || (*input == LogInput::Standard && std::io::stdin().is_terminal()) {
        return ProgressBar::hidden();
    }
    let (bar, template) = match input.size() {
        Some(size) => (ProgressBar::new(size), "{bar:30} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta}"),
        None => (ProgressBar::no_length(), "{spinner} {bytes} {binary_bytes_per_sec}"),
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
