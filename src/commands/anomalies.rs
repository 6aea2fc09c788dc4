//! `monitor anomalies`

use std::path::PathBuf;

use billing::anomaly::{Episode, anomalies};
use comfy_table::{CellAlignment, Table, presets};
use model::money::cents;
use model::redact::printable;
use rust_decimal::Decimal;
use serde::Serialize;

use super::arguments::OutputFormat;
use super::daily_bill::{INPUTS, bill};
use super::output::{print, print_json};
use crate::exit::ExitStatus;

/// Examples of use, shown by `--help`.
fn help() -> String {
    format!(
        "\
Examples:
  monitor anomalies --input costs.csv
  monitor anomalies --input - --format json < costs.csv | jq '.anomalies[] | select(.to == null)'
  aws ce get-cost-and-usage --time-period Start=2024-10-01,End=2024-12-08 --granularity DAILY --metrics UnblendedCost \\
    --group-by Type=DIMENSION,Key=SERVICE | monitor anomalies --input -

{INPUTS}

Each day is judged from that day and the days before it. The first two weeks of a bill are not judged.

Exit codes: 0 done, with or without anomalies; 1 the file cannot be read or has mistakes; 64 command line"
    )
}

#[derive(Debug, clap::Args)]
#[command(after_help = help())]
pub(super) struct Args {
    /// The bill; `-` is standard input
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

#[derive(Serialize)]
struct AnomaliesOutput {
    anomalies: Vec<Episode>,
}

pub(super) fn run(args: &Args) -> ExitStatus {
    let series = match bill(&args.input) {
        Ok(series) => series,
        Err(exit) => return exit,
    };
    let found = AnomaliesOutput { anomalies: anomalies(&series) };
    match args.format {
        OutputFormat::Text => {
            print(&text(&found.anomalies));
            ExitStatus::Done
        }
        OutputFormat::Json => print_json(&found),
    }
}

fn text(found: &[Episode]) -> String {
    if found.is_empty() {
        return "No anomaly found".to_owned();
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["From", "To", "Kind", "Amount", "Expected", "Series"]);
    table.column_iter_mut().skip(3).take(2).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    let known = |amount: Option<Decimal>| amount.map_or_else(|| "unknown".to_owned(), cents);
    for one in found {
        let to = one.to.map_or_else(|| "lasts".to_owned(), |to| to.to_string());
        table.add_row([
            one.from.to_string(),
            to,
            one.kind.word().to_owned(),
            known(one.amount),
            known(one.expected),
            printable(&one.series),
        ]);
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<String>>().join("\n")
}
