//! The flags of `monitor init`, and its help.

use std::path::PathBuf;

use chrono_tz::Tz;

use setup::is_variable_name;

/// Examples of use, shown by `--help`.
const EXAMPLES: &str = "\
Examples:
  monitor init                                     look, ask, and write ./alerts.toml
  monitor init --yes                               ask nothing; messages go to standard output
  monitor init --yes --bill --slack-webhook-env SLACK_WEBHOOK_URL --test-receivers
  monitor init --yes --email me@example.com --smtp smtps://mail.example.com --smtp-password-env SMTP_PASSWORD
  monitor init --yes --dry-run > alerts.toml       show what it would write
  monitor init --profile work --region eu-west-1 --output /etc/monitor/alerts.toml

It only describes and lists, and changes nothing in the account. All calls are free but one: Cost Explorer asks
0.01 USD for each page of the bill. It is asked with --bill, or if you agree when you are asked; --yes alone is no
consent. Without the bill, `read.cost_explorer` is written as a comment, and the limit of the month is 20 USD.

An existing file is never overwritten, unless nothing in it would change.

Exit codes: 0 done; 1 no credentials, or a file exists or cannot be written; 2 written, but a test message
failed; 64 command line";

#[derive(Debug, clap::Args)]
#[command(
    long_about = "Look at your account, propose what to watch, and write an alerts.toml for `monitor run`",
    after_help = EXAMPLES
)]
pub(in crate::commands) struct Args {
    /// The file to write [default: the one of --config, else ./alerts.toml]
    #[arg(long, short, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// The region of your functions [default: AWS_REGION, else the profile's]
    #[arg(long)]
    pub(super) region: Option<String>,
    /// Another region to watch; can be repeated [default: those that have functions, certificates or databases]
    #[arg(long, value_name = "REGION", conflicts_with = "no_other_regions")]
    pub(super) other_region: Vec<String>,
    /// Look at one region only
    #[arg(long)]
    pub(super) no_other_regions: bool,
    /// The profile of the shared AWS configuration files
    #[arg(long)]
    pub(super) profile: Option<String>,
    /// The time zone of messages and cron expressions, such as Asia/Seoul [default: this machine's]
    #[arg(long, value_name = "ZONE")]
    pub(super) timezone: Option<Tz>,
    /// Read the bill of the last three months and watch it every day: each page costs 0.01 USD
    #[arg(long, conflicts_with = "no_bill")]
    pub(super) bill: bool,
    /// Do not read the bill, and do not ask whether to
    #[arg(long)]
    pub(super) no_bill: bool,
    /// Ping this function in place of the rule or schedule that calls it every few minutes; can be repeated
    #[arg(long, value_name = "FUNCTION")]
    pub(super) take_over: Vec<String>,
    /// Notify Slack; this variable holds the address of the incoming webhook
    #[arg(long, value_name = "NAME", value_parser = variable)]
    pub(super) slack_webhook_env: Option<String>,
    /// Send mail to this address; can be repeated
    #[arg(long, value_name = "ADDRESS", requires = "smtp")]
    pub(super) email: Vec<String>,
    /// The mail server: smtp://host:port or smtps://host:port
    #[arg(long, value_name = "URL", requires = "email")]
    pub(super) smtp: Option<String>,
    /// How the connection is encrypted: starttls, implicit, or none for a server on this machine [default: starttls]
    #[arg(long, value_name = "HOW", requires = "smtp", value_parser = ["starttls", "implicit", "none"])]
    pub(super) smtp_tls: Option<String>,
    /// The name for the login at the mail server [default: the sender]
    #[arg(long, value_name = "NAME", requires = "smtp_password_env")]
    pub(super) smtp_user: Option<String>,
    /// This variable holds the password for the mail server
    #[arg(long, value_name = "NAME", requires = "smtp", value_parser = variable)]
    pub(super) smtp_password_env: Option<String>,
    /// The sender [default: the first address of --email]
    #[arg(long, value_name = "ADDRESS", requires = "smtp")]
    pub(super) email_from: Option<String>,
    /// Also write the values of these variables into a file with mode 0600, for systemd and Docker; what you type when
    /// you are asked is always written there
    #[arg(long)]
    pub(super) write_env: bool,
    /// The file for secrets [default: monitor.env beside the file of --output]
    #[arg(long, value_name = "FILE")]
    pub(super) env_file: Option<PathBuf>,
    /// Send each receiver one test message, without asking
    #[arg(long)]
    pub(super) test_receivers: bool,
    /// Ask nothing: what no flag answers is left out
    #[arg(long, short)]
    pub(super) yes: bool,
    /// Write nothing; print what would be written, without secrets
    #[arg(long)]
    pub(super) dry_run: bool,
}

fn variable(typed: &str) -> Result<String, String> {
    match is_variable_name(typed) {
        true => Ok(typed.to_owned()),
        false => Err("expected the name of a variable, such as SLACK_WEBHOOK_URL".to_owned()),
    }
}
