//! `monitor ack`

use alerting::operator::Acknowledgement;
use model::redact::printable;
use store::Store;

use super::arguments::{author, words};
use super::context::CommandContext;
use super::lookup::one_incident;
use super::output::{failed, print, usage};
use crate::app::StartError;
use crate::exit::ExitStatus;

/// Examples of use, shown by `--help`.
const EXAMPLES: &str = "\
Examples:
  monitor ack 676dcdcc --note 'rolled back, waiting for the caches'
  monitor ack 676dcdcc --undo                      take the acknowledgement back
  monitor incidents --open                         ids, and who acknowledged what

Until the incident gets worse there are no reminders and no escalation. New causes and its end are still sent. A running
daemon reads the acknowledgement within a minute, the next `run --once` when it starts.

Exit codes: 0 done; 1 the incident has ended, or the store cannot be written; 64 command line, or no such incident; 78 configuration";

#[derive(Debug, clap::Args)]
#[command(long_about = "Acknowledge an incident: no reminders and no escalation until it gets worse", after_help = EXAMPLES)]
pub(super) struct Args {
    /// The incident's id, or the beginning of it
    #[arg(value_name = "ID")]
    id: String,
    /// Who acknowledges it [default: your login name]
    #[arg(long, value_name = "NAME")]
    author: Option<String>,
    /// A note for the receivers, shown in the messages
    #[arg(long, value_name = "TEXT", value_parser = words)]
    note: Option<String>,
    /// Take the acknowledgement back
    #[arg(long, conflicts_with_all = ["note", "author"])]
    undo: bool,
}

pub(super) async fn run(args: Args, context: &CommandContext) -> Result<ExitStatus, StartError> {
    let config = context.config_without_secrets()?;
    let author = match if args.undo { Ok(String::new()) } else { author(args.author) } {
        Ok(author) => author,
        Err(why) => return Ok(usage(why)),
    };
    let store = Store::open_for_orders(&config.store.path).await?;
    let incident = match one_incident(&store, &args.id, true).await? {
        Ok(incident) => incident,
        Err(exit) => return Ok(exit),
    };
    let (now, id, headline) = (context.clock.now(), incident.id.clone(), printable(&incident.finding.headline));
    let record = store.records(vec![incident]).await?.pop();
    let before = record.and_then(|record| record.ack);
    if args.undo {
        if before.is_none() {
            return Ok(failed(&format!("incident {id} is not acknowledged, so there is nothing to undo")));
        }
        store.acknowledge(&id, None).await?;
        print(&format!(
            "The acknowledgement of {id} is taken back: {headline}\nReminders and escalation continue as the rule says."
        ));
        return Ok(ExitStatus::Done);
    }
    store
        .acknowledge(
            &id,
            Some(&Acknowledgement { author: author.clone(), at: now, note: args.note.unwrap_or_default() }),
        )
        .await?;
    let instead = before
        .filter(|before| before.author != author)
        .map(|before| format!(" instead of {}", printable(&before.author)))
        .unwrap_or_default();
    print(&format!(
        "{author} acknowledged {id}{instead}: {headline}\nThere are no reminders and no escalation unless it gets worse. New causes and its end are still sent.\nTake it back with `monitor ack {id} --undo`."
    ));
    Ok(ExitStatus::Done)
}
