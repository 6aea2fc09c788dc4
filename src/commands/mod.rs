//! The command line. One file per subcommand.

mod ack;
mod anomalies;
mod arguments;
mod billing;
mod changes;
mod check;
mod completions;
mod context;
mod daily_bill;
mod demo;
mod diagnose;
mod doctor;
mod forecast;
mod iam_policy;
mod incidents;
mod init;
mod lookup;
mod outbox;
mod output;
mod rehearse;
mod report;
mod run;
mod send_test;
mod silence;
mod status;
mod stop;
mod tail;
mod test_message;
mod warm;

use std::path::PathBuf;
use std::sync::Arc;

use clap::{CommandFactory, Parser, Subcommand};
use clock::SystemClock;
use context::CommandContext;
use model::redact::{self, printable};
use output::{failed, say, whole, written};

use crate::app::StartError;
use crate::config;
use crate::exit::{self, ExitStatus};

/// Watches an AWS serverless account and notifies you by mail or Slack, with the cause and the next step, when a
/// threshold is crossed.
#[derive(Debug, Parser)]
#[command(name = "monitor", version, after_help = exit::HELP, after_long_help = LONG_HELP, arg_required_else_help = true)]
struct Cli {
    /// The configuration [default: ./alerts.toml, then $XDG_CONFIG_HOME/monitor/alerts.toml, then
    /// /etc/monitor/alerts.toml]
    #[arg(long, short, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

const LONG_HELP: &str = "\
Examples:
  monitor demo                          see what it does, without a configuration
  monitor init                          look at the account, and write ./alerts.toml for it
  monitor check                         find every mistake in ./alerts.toml
  monitor check --live                  ... and check the access to AWS and every receiver
  monitor iam-policy                    the IAM policy that ./alerts.toml needs; also for Terraform and CloudFormation
  monitor run                           the service, in the foreground
  monitor run --once                    one full pass, for cron
  monitor report --month 2024-12        sum a month up
  monitor report --format html --output month.html    ... for a browser, with a chart
  monitor report --send team            ... to a receiver, now
  monitor billing import exports/       import the bill: exports (FOCUS, CUR), downloads of Cost Explorer; a file, a folder or a pipe
  monitor incidents                     open and past incidents, and their notifications
  monitor changes --since 2h            what changed in the account, when, and who did it
  monitor ack 676dcdcc                  acknowledge an incident: no reminders, no escalation
  monitor silence add --all --for 2h --reason 'deploy'
  monitor tail 'backend-*'              each invocation as it ends, with its cause if it failed; needs no configuration
  monitor diagnose lambda.log           what is wrong, from a copied or piped log
  monitor doctor dev.example.com        the first broken link between the domain and its function
  monitor report --format json | jq .total
  monitor rehearse --from 2024-12-01    what this configuration would have sent since then, next to what was sent
  monitor forecast --input costs.csv --as-of 2024-12-08    what the month will cost, from a daily bill
  monitor anomalies --input costs.csv   unusual costs in a daily bill
  monitor warm simulate --trace days.csv.gz --policy auto    how many users wait for a cold start, and how many pings that takes

Environment: AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL and the other variables of the AWS SDK; MONITOR_LOG (error, warn, info, debug); NO_COLOR.

Exit codes: 0 done, 1 failed, 2 a source or a delivery failed, or `doctor` found a broken link, 3 `doctor`: it only waits, 64 command line, 75 store in use by another daemon, 78 configuration";

#[derive(Debug, Subcommand)]
enum Command {
    /// Look at your account, propose what to watch, and write alerts.toml
    Init(init::Args),
    /// Run the service in the foreground; SIGTERM stops it within ten seconds
    Run(run::Args),
    /// Find every mistake in the configuration; with --live also check AWS and the receivers
    Check(check::Args),
    /// Print the IAM policy that this configuration needs, and nothing more
    IamPolicy(iam_policy::Args),
    /// Import the bill from an export, or read past months from Cost Explorer
    Billing(billing::Args),
    /// Report a month: cost and cost drivers, functions, pings, incidents, forecast, own cost; as text, Markdown, HTML
    /// or JSON, or sent
    Report(report::Args),
    /// Show open incidents, waiting notifications and the state of the sources
    Status(status::Args),
    /// List incidents and their notifications
    Incidents(incidents::Args),
    /// Show what changed in the account, when, and who did it
    Changes(changes::Args),
    /// Acknowledge an incident: no reminders and no escalation until it gets worse
    Ack(ack::Args),
    /// Silence incidents for a while
    Silence(silence::Args),
    /// List waiting and delivered messages
    Outbox(outbox::Args),
    /// Send one test message to a receiver
    SendTest(send_test::Args),
    /// Follow the logs of functions live: one line for each invocation, with its cause if it failed
    Tail(tail::Args),
    /// Find what is wrong with Lambda functions from a copy of their logs; needs no account and no configuration
    Diagnose(diagnose::Args),
    /// Find the first broken link between a domain and its function: DNS, certificate, gateway, permission, function
    Doctor(doctor::Args),
    /// Replay two weeks of December 2024 from a recording; needs no account and no configuration
    Demo(demo::Args),
    /// Replay the store with this configuration: what it would have sent, next to what was sent
    Rehearse(rehearse::Args),
    /// Forecast what a month will cost, from a daily bill; needs no account and no configuration
    Forecast(forecast::Args),
    /// Find unusual costs in a daily bill; needs no account and no configuration
    Anomalies(anomalies::Args),
    /// Plan pings against cold starts, replay measured calls under a policy, and learn how long environments are kept
    Warm(warm::Args),
    /// Print shell completions
    Completions(completions::Args),
}

/// Reads the command line of this process, does what it says, and says how it went.
pub fn main() -> ExitStatus {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { ExitStatus::Usage } else { ExitStatus::Done };
            written(error.print());
            return whole(code);
        }
    };
    // A program that cannot mask secrets or find the words of causes must not read logs or a configuration.
    if let Err(why) =
        redact::load().and_then(|()| config::load()).and_then(|()| lambda_log::load()).and_then(|()| ::report::load())
    {
        return failed(&why);
    }
    if let Err(why) = log(matches!(cli.command, Command::Demo(_) | Command::Rehearse(_))) {
        return failed(&why);
    }
    let colors = !config::no_color() && std::io::IsTerminal::is_terminal(&std::io::stderr());
    let context = CommandContext { config: cli.config, clock: Arc::new(SystemClock) };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("cannot start the async runtime: {error}")),
    };
    let result = runtime.block_on(async {
        match cli.command {
            Command::Init(args) => init::run(args, &context).await,
            Command::Run(args) => run::run(args, &context).await,
            Command::Check(args) => check::run(args, &context).await,
            Command::IamPolicy(args) => iam_policy::run(&args, &context),
            Command::Billing(args) => billing::run(args, &context).await,
            Command::Report(args) => report::run(args, &context).await,
            Command::Status(args) => status::run(args, &context).await,
            Command::Incidents(args) => incidents::run(args, &context).await,
            Command::Changes(args) => changes::run(args, &context).await,
            Command::Ack(args) => ack::run(args, &context).await,
            Command::Silence(args) => silence::run(args, &context).await,
            Command::Outbox(args) => outbox::run(args, &context).await,
            Command::SendTest(args) => send_test::run(args, &context).await,
            Command::Demo(args) => demo::run(args).await,
            Command::Tail(args) => tail::run(args, &context).await,
            Command::Diagnose(args) => diagnose::run(&args, &context),
            Command::Doctor(args) => doctor::run(args, &context).await,
            Command::Rehearse(args) => rehearse::run(args, &context).await,
            Command::Forecast(args) => Ok(forecast::run(&args)),
            Command::Anomalies(args) => Ok(anomalies::run(&args)),
            Command::Warm(args) => warm::run(&args, &context).await,
            Command::Completions(args) => Ok(completions::run(args, Cli::command())),
        }
    });
    // Work that a library left behind (a DNS lookup, say) must not hold the process back.
    runtime.shutdown_background();
    whole(result.unwrap_or_else(|error| start_failed(error, colors)))
}

/// The targets of the program's own crates. In a filter `monitor` stands for all of them. A target matches everything
/// that begins with it, and `aws` alone would match the crates of the AWS SDK.
const LOGGING: &[&str] = &["monitor", "aws::", "notify::", "source::", "store::", "tls::"];

/// A filter in which `monitor` stands for every crate of the program.
fn for_every_crate(filter: &str) -> String {
    let each = |directive: &str| match directive.trim().strip_prefix("monitor") {
        Some(level) if level.is_empty() || level.starts_with('=') => {
            LOGGING.iter().map(|name| format!("{name}{level}")).collect()
        }
        _ => vec![directive.to_owned()],
    };
    filter.split(',').flat_map(each).collect::<Vec<_>>().join(",")
}

/// Logs to standard error; a replay says all it has to say on standard output.
fn log(quiet: bool) -> Result<(), String> {
    use std::io::IsTerminal;
    let filter = config::log_filter()?.unwrap_or_else(|| if quiet { "error" } else { "error,monitor=info" }.to_owned());
    let parsed = tracing_subscriber::EnvFilter::builder().parse(for_every_crate(&filter));
    let parsed = parsed.map_err(|error| {
        format!("MONITOR_LOG `{}` cannot be read: {error}; write for example `warn,monitor=debug`", printable(&filter))
    })?;
    let colors = !config::no_color() && std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(parsed)
        .with_writer(std::io::stderr)
        .with_ansi(colors)
        .with_target(false)
        .init();
    Ok(())
}

/// Says why a command could not start.
fn start_failed(error: StartError, colors: bool) -> ExitStatus {
    match error {
        StartError::Mistakes { place, problems } => {
            say(&config::show(&problems, &place.path.display().to_string(), &place.text, colors));
            ExitStatus::Config
        }
        error @ StartError::OtherAccount { .. } => {
            say(&format!("monitor: {error}"));
            ExitStatus::Config
        }
        StartError::NotFound(error) => {
            say(&format!("monitor: {error}"));
            ExitStatus::Config
        }
        StartError::Store(error @ store::StoreError::Busy { .. }) => {
            say(&format!("monitor: {error}"));
            ExitStatus::Busy
        }
        error => failed(&error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_crate_that_logs_is_among_those_that_a_filter_means() {
        fn logs(folder: &Path) -> bool {
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).any(|path| match path.is_dir() {
                true => logs(&path),
                false => {
                    path.extension().is_some_and(|end| end == "rs")
                        && fs::read_to_string(&path).unwrap().contains("tracing::")
                }
            })
        }
        let crates = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("crates"))
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let logging: Vec<String> = crates
            .filter(|path| logs(&path.join("src")))
            .map(|path| path.file_name().unwrap().to_str().unwrap().replace('-', "_"))
            .collect();
        assert!(logging.len() > 1, "{logging:?}");
        assert!(logging.iter().all(|name| LOGGING.contains(&format!("{name}::").as_str())), "{logging:?}");
    }

    #[test]
    fn monitor_stands_for_every_crate_of_the_program_in_a_filter() {
        for (filter, expanded) in [
            ("error,monitor=info", "error,monitor=info,aws::=info,notify::=info,source::=info,store::=info,tls::=info"),
            ("monitor", "monitor,aws::,notify::,source::,store::,tls::"),
            ("warn,monitor::daemon=debug", "warn,monitor::daemon=debug"),
            ("info", "info"),
        ] {
            assert_eq!(for_every_crate(filter), expanded);
        }
    }
}
