//! `monitor iam-policy`

mod cloudformation;
mod json;
mod terraform;

use aws::policy::{PolicyPlace, RequiredCall, ResourceScope, iam_pattern, statements};
use clap::ValueEnum;
use model::glob::NamePattern;
use source::{CHAIN_CALLS, WarmPing};

use super::context::CommandContext;
use super::output::{failed, print, say};
use crate::app::{MonitorConfig, StartError};
use crate::exit::ExitStatus;

/// Examples of use, shown by `--help`.
const EXAMPLES: &str = "\
Examples:
  monitor iam-policy > policy.json                     the policy of ./alerts.toml
  monitor iam-policy --format terraform > policy.tf    data \"aws_iam_policy_document\" \"monitor\"
  monitor iam-policy --format cloudformation           a template with an AWS::IAM::ManagedPolicy
  monitor iam-policy --doctor                          also what `monitor doctor` reads
  monitor iam-policy --log-group '/prod/*'             functions also log to these groups
  aws iam put-role-policy --role-name monitor --policy-name monitor --policy-document \"$(monitor iam-policy)\"

It makes no call and needs no secret. Region and account come from `region` and `account` under [aws]; what is not set is `*`, and a note on
standard error says so. What cannot be known without asking AWS is which functions log to another group than /aws/lambda/<function>: name such
groups with --log-group. Run it again after each change of the configuration.

Exit codes: 0 printed; 64 command line; 78 configuration";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Output format
    #[arg(long, value_enum, default_value_t = PolicyFormat::Json)]
    format: PolicyFormat,
    /// A log group, or a pattern of log groups, that functions write to besides /aws/lambda/<function>; may be repeated
    #[arg(long, value_name = "GROUP", value_parser = log_group)]
    log_group: Vec<NamePattern>,
    /// Also allow what `monitor doctor` reads
    #[arg(long)]
    doctor: bool,
}

/// How the policy is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PolicyFormat {
    /// A policy document, as IAM takes it
    Json,
    /// HCL
    Terraform,
    /// YAML
    Cloudformation,
}

fn log_group(text: &str) -> Result<NamePattern, String> {
    text.parse().map_err(|mistake: serde::de::value::Error| mistake.to_string())
}

pub(super) fn run(args: &Args, context: &CommandContext) -> Result<ExitStatus, StartError> {
    let config = context.config_without_secrets()?;
    let statements = statements(calls(&config, args), &PolicyPlace::of(&config.aws));
    notes(&config).iter().for_each(|note| say(&format!("monitor: {note}")));
    let text = match args.format {
        PolicyFormat::Json => json::document(&statements),
        PolicyFormat::Terraform => Ok(terraform::document(&statements)),
        PolicyFormat::Cloudformation => Ok(cloudformation::document(&statements)),
    };
    Ok(match text {
        Ok(text) => {
            print(&text);
            ExitStatus::Done
        }
        Err(error) => failed(&error.to_string()),
    })
}

/// Every call that a configuration can make. `sts:GetCallerIdentity` is none of them: it needs no permission.
fn calls(config: &MonitorConfig, args: &Args) -> Vec<RequiredCall> {
    let mut calls: Vec<RequiredCall> = config.watches.iter().flat_map(|watch| watch.read.calls()).collect();
    calls.extend(config.warms.iter().flat_map(WarmPing::calls));
    if args.doctor {
        calls.extend(RequiredCall::all(CHAIN_CALLS));
    }
    for call in &mut calls {
        if let ("logs:FilterLogEvents", ResourceScope::LogGroups(groups)) = (call.action, &mut call.resource) {
            groups.extend(args.log_group.iter().map(iam_pattern));
        }
    }
    calls
}

/// What the reader of the policy has to know, in sentences.
fn notes(config: &MonitorConfig) -> Vec<String> {
    let aws = &config.aws;
    let unknown = |what: &str, is_set: bool| {
        let note = || {
            format!(
                "`{what}` is not set under [aws], so the policy has `*` in its place; set it and print the policy again"
            )
        };
        (!is_set).then(note)
    };
    let role = aws.assume_role.as_ref().map(|role| {
        format!("the policy belongs to {role}; the credentials in front of it need sts:AssumeRole on that role")
    });
    let nothing = (config.watches.is_empty() && config.warms.is_empty())
        .then(|| "the configuration has no watch and no warm-up: the policy allows nothing".to_owned());
    [unknown("region", aws.region.is_some()), unknown("account", aws.account.is_some()), role, nothing]
        .into_iter()
        .flatten()
        .collect()
}
