//! `monitor ack`

use alerting::operator::Ack;
use model::redact::printable;
use store::Store;

use super::{Context, author, failed, one_incident, print, usage, words};
use crate::app::StartError;
use crate::exit::Exit;

/// Examples of use, shown by `--help`.
const EXAMPLES: &str = "\
Examples:
  monitor ack 676dcdcc --note 'rolled back, waiting for the caches'
  monitor ack 676dcdcc --undo                      nobody takes care of it any more
  monitor incidents --open                         ids, and who takes care of what

Its receivers are not reminded, and it is not escalated, until it gets worse; they are told of new causes, and of its end. A running
daemon hears it within a minute, the next `run --once` at its start.

Exit codes: 0 done; 1 it has ended, or the store cannot be written; 64 command line, or no such incident; 78 configuration";

#[derive(Debug, clap::Args)]
#[command(long_about = "Say that somebody takes care of an incident: no reminders and no escalation until it gets worse", after_help = EXAMPLES)]
pub(super) struct Args {
    /// The incident; the beginning of its id is enough
    #[arg(value_name = "ID")]
    id: String,
    /// Who takes care of it [default: your login name]
    #[arg(long, value_name = "NAME")]
    author: Option<String>,
    /// What else its receivers should know; it stands in the messages
    #[arg(long, value_name = "TEXT", value_parser = words)]
    note: Option<String>,
    /// Nobody takes care of it any more
    #[arg(long, conflicts_with_all = ["note", "author"])]
    undo: bool,
}

pub(super) async fn run(args: Args, context: &Context) -> Result<Exit, StartError> {
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
            return Ok(failed(&format!("nobody takes care of {id}, so there is nothing to undo")));
        }
        store.acknowledge(&id, None).await?;
        print(&format!("Nobody takes care of {id} any more: {headline}\nReminders and escalation go on where the rule asks for them."));
        return Ok(Exit::Done);
    }
    store.acknowledge(&id, Some(&Ack { author: author.clone(), at: now, note: args.note.unwrap_or_default() })).await?;
    let instead = before.filter(|before| before.author != author).map(|before| format!(", in place of {}", printable(&before.author))).unwrap_or_default();
    print(&format!(
        "{author} takes care of {id} now{instead}: {headline}\nThere are no reminders of it and it is not escalated, unless it gets worse. New causes and its end are told.\nUndo it with `monitor ack {id} --undo`."
    ));
    Ok(Exit::Done)
}
