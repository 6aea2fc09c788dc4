//! `monitor billing`

mod backfill;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use billing::export::bill::ImportedBill;
use billing::export::columns::ExportMetric;
use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressStyle};
use model::calendar::Month;
use model::redact::printable;
use report::ImportDocument;
use source::billfile::{ExportReader, find_export};
use store::{Durability, Store};

use super::arguments::OutputFormat;
use super::context::CommandContext;
use super::output::{failed, print, print_json, say};
use crate::app::StartError;
use crate::exit::ExitStatus;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(subcommand)]
    what: BillingCommand,
}

#[derive(Debug, clap::Subcommand)]
enum BillingCommand {
    /// Import a bill: FOCUS 1.0 to 1.3, CUR 2.0 or legacy CUR, as CSV (also gzipped) or Parquet, or days of Cost Explorer
    Import(ImportArgs),
    /// Read past months from Cost Explorer; shows the price first
    Backfill(backfill::BackfillArgs),
}

/// Examples of use, shown by `--help`.
const EXAMPLES: &str = "\
Examples:
  monitor billing import focus-2024-12.csv.gz            a file
  monitor billing import exports/                        a folder and its subfolders; the newest delivery of each BILLING_PERIOD
  monitor billing import cur/acme/20241201-20250101/     a month of a legacy CUR, with its manifest
  monitor billing import costs.csv                       \"Download CSV\" of Cost Explorer: Daily, by service or linked account
  monitor billing import pages/                          answers of `aws ce get-cost-and-usage --granularity DAILY`, a page a file
  monitor billing import --dry-run --format json x.parquet | jq .months

The file must hold the whole bill of its days: an imported day replaces what the store had for it. Everything is read
before anything is written, and either all of it is written or nothing. Importing the same export again changes nothing. Stop the
daemon first if it uses the store. Sums of months are not imported, because their days are not known: `monitor report --input`
shows them. A daemon reads exports itself, with read.focus_export.

Exit codes: 0 all rows were imported; 1 none; 2 some rows were skipped; 64 command line; 75 a daemon uses the store; 78 configuration";

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
struct ImportArgs {
    /// The file or folder to import
    path: PathBuf,
    /// Which amounts to import
    #[arg(long, value_enum, default_value_t = AmountChoice::Billed)]
    metric: AmountChoice,
    /// Show what would be imported and write nothing; needs no configuration
    #[arg(long)]
    dry_run: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AmountChoice {
    /// The amounts on the invoice, the same as from Cost Explorer
    Billed,
    /// With upfront payments spread over the time of use; FOCUS only
    Effective,
    /// Without discounts
    List,
}

impl AmountChoice {
    fn metric(self) -> ExportMetric {
        match self {
            Self::Billed => ExportMetric::Billed,
            Self::Effective => ExportMetric::Effective,
            Self::List => ExportMetric::List,
        }
    }
}

/// What imported lines are called in the store.
const SOURCE: &str = "import";

pub(super) async fn run(args: Args, context: &CommandContext) -> Result<ExitStatus, StartError> {
    match args.what {
        BillingCommand::Import(args) => import(args, context).await,
        BillingCommand::Backfill(args) => backfill::run(args, context).await,
    }
}

async fn import(args: ImportArgs, context: &CommandContext) -> Result<ExitStatus, StartError> {
    // Before anything is read: a mistake, or a daemon, would only be told after a long wait.
    let store = match args.dry_run {
        true => None,
        false => Some(Store::open(&context.config_without_secrets()?.store.path, Durability::Full).await?),
    };
    let layout = match find_export(&args.path) {
        Ok(layout) => layout,
        Err(error) => return Ok(failed(&format!("cannot read {error}"))),
    };
    let bar = progress(layout.parts.values().flatten().map(|file| file.size).sum());
    let told = bar.clone();
    let mut reading = ExportReader::new(args.metric.metric(), Arc::new(move |bytes| told.inc(bytes)));
    let read = reading.path(&args.path, &layout);
    bar.finish_and_clear();
    if let Err(error) = read {
        return Ok(failed(&format!("cannot read {error}; nothing was written")));
    }
    let bill = match reading.end() {
        Ok(bill) => bill,
        Err(error) => return Ok(failed(&format!("cannot read {error}; nothing was written"))),
    };
    if let Some(why) = not_to_be_stored(&bill) {
        return Ok(failed(&format!("cannot import {}: {why}; nothing was written", args.path.display())));
    }
    let now = context.clock.now();
    let mut imported = ImportDocument::of(&bill, &layout, args.metric.metric(), now);
    let nothing = bill.lines() == 0;
    if let Some(store) = store.filter(|_| !nothing) {
        let changed = store.write_bill(SOURCE, now, bill.into_days(), Month::of(now.date_naive()).first_day()).await?;
        imported.written(store.path(), changed);
        store.close().await;
    }
    if args.format == OutputFormat::Json {
        print_json(&imported);
    } else {
        print(&imported.text());
    }
    if nothing {
        return Ok(failed(&format!("no row in {} can be used", args.path.display())));
    }
    if imported.is_complete() {
        return Ok(ExitStatus::Done);
    }
    say(
        "monitor: the sums do not include the skipped rows; fix them or export the bill again, then import it once more",
    );
    Ok(ExitStatus::Incomplete)
}

/// Why a bill that was read cannot be charges of days in the store.
fn not_to_be_stored(bill: &ImportedBill) -> Option<String> {
    if let Some(why) = bill.why_not_daily() {
        return Some(why.to_owned());
    }
    let dimension = bill.other_dimension()?;
    Some(format!(
        "it is grouped by `{}`, which the store has no field for; group by service, linked account, usage type or charge type",
        printable(dimension)
    ))
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
