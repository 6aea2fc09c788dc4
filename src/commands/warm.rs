//! `monitor warm`

mod document;
mod learn;
mod plan;
mod plan_document;
mod simulate;
mod trace_file;

use std::path::PathBuf;

use super::arguments::OutputFormat;
use super::context::CommandContext;
use crate::app::StartError;
use crate::exit::ExitStatus;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: WarmCommand,
}

#[derive(Debug, clap::Subcommand)]
enum WarmCommand {
    /// Replay measured calls under a policy of pings: cold starts that users wait for, pings, money; needs no account
    Simulate(simulate::SimulateArgs),
    /// Plan against the cold starts of a function from what the daemon has read: pings or none, and what each costs
    Plan(plan::PlanArgs),
    /// Learn from measured calls how long execution environments are kept; needs no account
    Learn(LearnArgs),
}

/// Examples of use, shown by `--help`.
const LEARN_EXAMPLES: &str = "\
Examples:
  monitor warm learn --trace run.csv.gz
  monitor warm learn --trace run.csv --format json | jq .idle_s

The trace is CSV, also packed with gzip: a line for each call of one function, with the columns is_cold, exist_id (the
execution environment), start_time and end_time (ms since 1970), client_start_time (s since 1970).

More than a fifth of all environments survives a pause of `low`, at 95 %; from `high` on at least nine of ten had ended.
What the trace does not show is unknown.

Exit codes: 0 done; 1 the trace cannot be read or has mistakes; 64 command line";

#[derive(Debug, clap::Args)]
#[command(after_help = LEARN_EXAMPLES)]
struct LearnArgs {
    /// The trace; `-` is standard input
    #[arg(long, value_name = "FILE")]
    trace: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

pub(super) async fn run(args: &Args, context: &CommandContext) -> Result<ExitStatus, StartError> {
    match &args.what {
        WarmCommand::Simulate(args) => Ok(simulate::run(args)),
        WarmCommand::Learn(args) => Ok(learn::run(&args.trace, args.format)),
        WarmCommand::Plan(args) => plan::run(args, context).await,
    }
}
