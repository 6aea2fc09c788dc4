//! `monitor billing`

mod backfill;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use billing::export::columns::Metric;
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use model::calendar::Month;
use report::Imported;
use source::billfile::{Reading, look};
use store::{Durability, Store};

use super::{Context, Format, failed, print, print_json, say};
use crate::app::StartError;
use crate::exit::Exit;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Take in what AWS exported of the bill: FOCUS 1.0 to 1.2 or CUR 2.0, as CSV (also packed with gzip) or Parquet
    Import(Import),
    /// Ask Cost Explorer for the months before the monitor was there; says first what that costs
    Backfill(backfill::Backfill),
}

/// Examples of use, shown by `--help`.
const EXAMPLES: &str = "\
Examples:
  monitor billing import focus-2024-12.csv.gz            a file
  monitor billing import exports/                        a folder, however deep; of each BILLING_PERIOD the newest delivery
  monitor billing import --dry-run --format json x.parquet | jq .months

What is named has to hold the whole bill of its days: a day that is imported replaces what was known of it. Everything is read
before anything is written, and all of it is written, or nothing. The same again changes nothing. The store must not be in use by a
daemon; a daemon reads exports itself, with read.focus_export.

Exit codes: 0 all was taken; 1 nothing was; 2 rows were left out, the rest was taken; 64 command line; 75 a daemon has the store; 78 configuration";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
struct Import {
    /// A file or folder
    path: PathBuf,
    /// Which amounts are taken
    #[arg(long, value_enum, default_value_t = Amounts::Billed)]
    metric: Amounts,
    /// Say what would be taken, and write nothing; needs no configuration
    #[arg(long)]
    dry_run: bool,
    /// How to write it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Amounts {
    /// What is on the invoice, as Cost Explorer is asked for
    Billed,
    /// With what was paid in advance spread over its use; FOCUS only
    Effective,
    /// Without any discount
    List,
}

impl Amounts {
    fn metric(self) -> Metric {
        match self {
            Self::Billed => Metric::Billed,
            Self::Effective => Metric::Effective,
            Self::List => Metric::List,
        }
    }
}

/// What imported lines are called in the store.
const SOURCE: &str = "import";

pub(super) async fn run(args: Args, context: &Context) -> Result<Exit, StartError> {
    match args.what {
        What::Import(args) => import(args, context).await,
        What::Backfill(args) => backfill::run(args, context).await,
    }
}

async fn import(args: Import, context: &Context) -> Result<Exit, StartError> {
    // Before anything is read: a mistake, or a daemon, would only be told after a long wait.
    let store = match args.dry_run {
        true => None,
        false => Some(Store::open(&context.config_without_secrets()?.store.path, Durability::Full).await?),
    };
    let layout = match look(&args.path) {
        Ok(layout) => layout,
        Err(error) => return Ok(failed(&format!("cannot read {error}"))),
    };
    let bar = progress(layout.parts.values().flatten().map(|file| file.size).sum());
    let told = bar.clone();
    let mut reading = Reading::new(args.metric.metric(), Arc::new(move |bytes| told.inc(bytes)));
    let read = reading.path(&args.path, &layout);
    bar.finish_and_clear();
    if let Err(error) = read {
        return Ok(failed(&format!("cannot read {error}; nothing was written")));
    }
    let bill = reading.end();
    let now = context.clock.now();
    let mut imported = Imported::of(&bill, &layout, args.metric.metric(), now);
    let nothing = bill.lines() == 0;
    if let Some(store) = store.filter(|_| !nothing) {
        let changed = store.write_bill(SOURCE, now, bill.into_days(), Month::of(now.date_naive()).first_day()).await?;
        imported.written(store.path(), changed);
        store.close().await;
    }
    if args.format == Format::Json {
        print_json(&imported);
    } else {
        print(&imported.text());
    }
    if nothing {
        return Ok(failed(&format!("there is not a single row in {} that can be used", args.path.display())));
    }
    if imported.is_complete() {
        return Ok(Exit::Done);
    }
    say("monitor: the sums are without the rows that were left out; export the bill again, or mend them, and import it once more");
    Ok(Exit::Incomplete)
}

/// A bar on a terminal; nothing in a pipe.
fn progress(bytes: u64) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(bytes);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes} {binary_bytes_per_sec} {eta}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
