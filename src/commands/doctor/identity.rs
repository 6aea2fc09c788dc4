//! `monitor doctor identity`

use std::time::Duration;

use chrono::{SecondsFormat, TimeDelta};
use serde::Serialize;

use super::credentials::{SeenCredentials, find, whose};
use super::place::Place;
use crate::app::{StartError, connected};
use crate::commands::arguments::OutputFormat;
use crate::commands::context::CommandContext;
use crate::commands::output::{print, print_json};
use crate::exit::ExitStatus;

/// How long it may take to find credentials.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is said of the credentials; its schema is docs/doctor_identity.schema.json.
#[derive(Debug, Serialize)]
struct IdentityDocument {
    schema: u32,
    /// `ok`, `broken` or `unknown`.
    state: &'static str,
    account: Option<String>,
    arn: Option<String>,
    /// Where the credentials came from, for people.
    source: Option<String>,
    region: Option<String>,
    expires: Option<String>,
    summary: String,
    next_step: String,
}

pub(super) async fn run(
    place: &Place,
    format: OutputFormat,
    context: &CommandContext,
) -> Result<ExitStatus, StartError> {
    let config = context.config_if_any()?;
    let settings = place.settings(config.map(|config| config.aws), None);
    // Also those of another account than the configured one are shown, so nothing is pinned here.
    let pinned = settings.account.clone();
    let settings = aws::settings::AwsSettings { account: None, ..settings };
    let clients = connected(&settings, &context.clock).await;
    let now = context.clock.now();
    let seen = match find(&clients, &settings, now, PATIENCE).await {
        Ok(key) => whose(&clients, &settings, key).await,
        Err(seen) => seen,
    };
    let region = Some(clients.region.clone()).filter(|region| !region.is_empty());
    let nothing = IdentityDocument {
        schema: 1,
        state: "unknown",
        account: None,
        arn: None,
        source: None,
        region,
        expires: None,
        summary: String::new(),
        next_step: String::new(),
    };
    let mut is_other = false;
    let document = match seen {
        SeenCredentials::None => IdentityDocument {
            summary: "no credentials were found".to_owned(),
            next_step: "`aws configure sso`, then AWS_PROFILE; or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; on a \
                        machine or container of AWS its role is used"
                .to_owned(),
            ..nothing
        },
        SeenCredentials::Unclear { why, next_step } => IdentityDocument { summary: why, next_step, ..nothing },
        SeenCredentials::Refused { why, next_step } => {
            IdentityDocument { state: "broken", summary: why, next_step, ..nothing }
        }
        SeenCredentials::Taken { account, arn, origin, expires } => {
            let other = pinned.filter(|pinned| *pinned != account);
            is_other = other.is_some();
            let left = expires.map(|end| end - now);
            let soon = left.filter(|left| *left < TimeDelta::minutes(15));
            let (state, summary, next_step) = match (other, soon) {
                (Some(pinned), _) => (
                    "broken",
                    format!("the credentials are of account {account}, and `account` under [aws] is {pinned}"),
                    format!("use credentials of {pinned}, or correct `account`"),
                ),
                (None, Some(left)) => (
                    "ok",
                    format!("AWS takes the credentials; they end in {} minutes", left.num_minutes()),
                    "get new ones soon: `aws sso login`, or assume the role again".to_owned(),
                ),
                (None, None) => ("ok", "AWS takes the credentials".to_owned(), String::new()),
            };
            IdentityDocument {
                state,
                account: Some(account),
                arn: Some(arn),
                source: Some(origin).filter(|origin| !origin.is_empty()),
                expires: expires.map(|end| end.to_rfc3339_opts(SecondsFormat::Secs, true)),
                summary,
                next_step,
                ..nothing
            }
        }
    };
    let exit = match document.state {
        "ok" => ExitStatus::Done,
        // As of every command that the configuration forbids to ask this account.
        "broken" if is_other => ExitStatus::Config,
        "broken" => ExitStatus::Incomplete,
        _ => ExitStatus::Failed,
    };
    match format {
        OutputFormat::Json => match print_json(&document) {
            ExitStatus::Done => {}
            failed => return Ok(failed),
        },
        OutputFormat::Text => print(&text(&document)),
    }
    Ok(exit)
}

fn text(document: &IdentityDocument) -> String {
    let line = |name: &str, value: &Option<String>, without: &str| {
        format!("{name:<12}{}", value.as_deref().unwrap_or(without))
    };
    let mut lines = vec![
        line("Identity", &document.arn, "unknown"),
        line("Account", &document.account, "unknown"),
        line("Region", &document.region, "none is set"),
        line("Credentials", &document.source, "from a place that the SDK does not name"),
        line("Until", &document.expires, "no end is known"),
        String::new(),
        format!("{}: {}", document.state.to_uppercase(), document.summary),
    ];
    if document.arn.is_none() {
        lines.drain(3..5);
    }
    if !document.next_step.is_empty() {
        lines.push(format!("  next: {}", document.next_step));
    }
    lines.join("\n")
}
