//! `monitor changes`

use model::glob::NamePattern;
use report::changes::{ChangeSourceView, ChangesDocument, UnknownKindView, text};
use source::{StoredMap, stored_map};

use super::arguments::{OutputFormat, pattern};
use super::context::CommandContext;
use super::lookup::{StoreLookup, account_sources, open_store, shown_from};
use super::output::{print, print_json, say};
use crate::app::StartError;
use crate::exit::ExitStatus;

/// Examples of use, shown by `--help`.
const EXAMPLES: &str = "\
Examples:
  monitor changes                          what changed in the account in the last seven days, the newest last
  monitor changes --since 2h shop          ... in the last two hours, of the function shop and of what leads to it
  monitor changes 'function/backend-*'     ... of these functions alone
  monitor changes --since 2024-12-01 --format json | jq '.changes[] | select(.deploy)'

The changes are those that a watch with `read.account` has seen. A change has the moment and the caller of its call where CloudTrail
shows them, else the time in which it was made. Values of environment variables are neither kept nor shown.

Exit codes: 0 done, with or without changes; 1 the store cannot be read; 64 command line; 78 configuration";

#[derive(Debug, clap::Args)]
#[command(long_about = "Show what changed in the account, as `read.account` has seen it", after_help = EXAMPLES)]
pub(super) struct Args {
    /// Only changes of these resources: an id, a name, KIND/ID or a pattern; the name of a function also means what
    /// leads to it
    #[arg(value_name = "RESOURCE", value_parser = pattern)]
    resource: Option<NamePattern>,
    /// Show changes that were seen since then: a length of time such as 7d, or a date such as 2024-12-01 [default: 7d]
    #[arg(long, value_name = "SINCE")]
    since: Option<String>,
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
    let (mut changes, mut maps) = (vec![], vec![]);
    match open_store(&config).await? {
        StoreLookup::Nothing(error) => {
            say(&format!("monitor: {error}"));
            maps.extend(account_sources(&config).map(|name| (name, StoredMap::default())));
        }
        StoreLookup::At(store) => {
            changes = store.changes_since(from).await?;
            for name in account_sources(&config) {
                let map = stored_map(&store.cursors_of(&name).await?);
                maps.push((name, map));
            }
        }
    }
    if let Some(resource) = &args.resource {
        changes.retain(|change| {
            let functions = change.functions.iter().any(|function| resource.fits(function));
            functions || [change.id.as_str(), change.called(), &change.key()].iter().any(|name| resource.fits(name))
        });
    }
    let source = |(name, map): (String, StoredMap)| ChangeSourceView {
        name,
        read: map.read,
        unknown: map.unknown.into_iter().map(|(kind, why)| UnknownKindView { kind, why }).collect(),
    };
    let document = ChangesDocument::of(changes, maps.into_iter().map(source).collect(), from);
    Ok(match args.format {
        OutputFormat::Json => print_json(&document),
        OutputFormat::Text => {
            print(&text(&document, zone));
            ExitStatus::Done
        }
    })
}
