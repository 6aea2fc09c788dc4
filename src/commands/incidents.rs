//! `monitor incidents`

use alerting::operator::OperatorActions;
use model::glob::NamePattern;
use model::subject_pattern::subject_pattern;
use report::incidents::{IncidentsDocument, in_full, list};

use super::arguments::{OutputFormat, pattern};
use super::context::CommandContext;
use super::lookup::{StoreLookup, one_incident, open_store, shown_from};
use super::output::{print, print_json, say};
use crate::app::StartError;
use crate::exit::ExitStatus;

/// Examples of use, shown by `--help`.
const EXAMPLES: &str = "\
Examples:
  monitor incidents                                open incidents, and those of the last seven days
  monitor incidents --since 2024-12-01             ... since the start of that day, in the time zone of the configuration
  monitor incidents --open --subject 'function:backend-*'
  monitor incidents 676dcdcc                       one in full: what was found, and which messages were sent
  monitor incidents --format json | jq -r '.incidents[] | select(.state == \"firing\" and .ack == null) | .id'

Subjects are total, service:NAME, function:NAME, source:NAME, receiver:NAME.

Exit codes: 0 done, with or without incidents; 1 the store cannot be read; 64 command line, or no such incident; 78 configuration";

#[derive(Debug, clap::Args)]
#[command(
    long_about = "Open incidents and those that ended in the last seven days, with their notifications",
    after_help = EXAMPLES
)]
pub(super) struct Args {
    /// Show this incident in full; its id, or the beginning of it
    #[arg(value_name = "ID", conflicts_with_all = ["since", "open", "rule", "subject"])]
    id: Option<String>,
    /// Show incidents that were open since then: a length of time such as 7d, or a date such as 2024-12-01 [default:
    /// 7d]
    #[arg(long, value_name = "SINCE")]
    since: Option<String>,
    /// Only open incidents
    #[arg(long)]
    open: bool,
    /// Only incidents of these rules, by name or pattern
    #[arg(long, value_name = "PATTERN", value_parser = pattern)]
    rule: Option<NamePattern>,
    /// Only incidents about these subjects, such as 'function:backend-*'
    #[arg(long, value_name = "PATTERN", value_parser = subject_pattern)]
    subject: Option<NamePattern>,
    /// Output format
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

pub(super) async fn run(args: Args, context: &CommandContext) -> Result<ExitStatus, StartError> {
    let config = context.config_without_secrets()?;
    let (now, zone) = (context.clock.now(), config.timezone);
    let from = match shown_from(args.since.as_deref(), zone, now) {
        Ok(from) => from,
        Err(exit) => return Ok(exit),
    };
    let store = match open_store(&config).await? {
        StoreLookup::At(store) => store,
        StoreLookup::Nothing(error) if args.id.is_some() => return Err(error.into()),
        StoreLookup::Nothing(error) => {
            say(&format!("monitor: {error}"));
            let none = IncidentsDocument::of(vec![], &OperatorActions::default(), Some(from), now);
            return Ok(shown(&none, args.format, || list(&none, zone, now)));
        }
    };
    let orders = store.orders(now).await?;
    if let Some(id) = &args.id {
        let incident = match one_incident(&store, id, false).await? {
            Ok(incident) => incident,
            Err(exit) => return Ok(exit),
        };
        let one = IncidentsDocument::of(store.records(vec![incident]).await?, &orders, None, now);
        return Ok(shown(&one, args.format, || in_full(&one, zone, now)));
    }
    let mut incidents = store.incidents_since(from).await?;
    incidents.retain(|incident| {
        (!args.open || !incident.is_over())
            && args.rule.as_ref().is_none_or(|rule| rule.fits(&incident.rule))
            && args.subject.as_ref().is_none_or(|subject| subject.fits(&incident.subject.to_string()))
    });
    let incidents = IncidentsDocument::of(store.records(incidents).await?, &orders, Some(from), now);
    Ok(shown(&incidents, args.format, || list(&incidents, zone, now)))
}

fn shown(incidents: &IncidentsDocument, format: OutputFormat, text: impl FnOnce() -> String) -> ExitStatus {
    match format {
        OutputFormat::Json => print_json(incidents),
        OutputFormat::Text => {
            print(&text());
            ExitStatus::Done
        }
    }
}
