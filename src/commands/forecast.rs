//! `monitor forecast`

use std::path::PathBuf;

use billing::forecast::{Forecast, IntervalForecast, NoForecast, forecast};
use chrono::NaiveDate;
use comfy_table::{CellAlignment, Table, presets};
use model::calendar::{self, Month};
use model::money::cents;
use model::redact::printable;
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
  monitor forecast --input costs.csv --as-of 2024-12-08
  monitor forecast --input - --as-of 2024-12-08 --format json < costs.csv | jq .total
  aws ce get-cost-and-usage --time-period Start=2024-10-01,End=2024-12-08 --granularity DAILY --metrics UnblendedCost \\
    --group-by Type=DIMENSION,Key=SERVICE | monitor forecast --input - --as-of 2024-12-08

{INPUTS}

Only days before --as-of are used. The month's cost lies between `low` and `high` in four of five cases.

Exit codes: 0 done; 1 the file cannot be read or has mistakes; 64 command line"
    )
}

#[derive(Debug, clap::Args)]
#[command(after_help = help())]
pub(super) struct Args {
    /// The bill; `-` is standard input
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// The UTC day on which the forecast is made, such as 2024-12-08; that day and later ones are not used
    #[arg(long, value_name = "DATE", value_parser = day)]
    as_of: NaiveDate,
    /// Output format
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

fn day(typed: &str) -> Result<NaiveDate, String> {
    calendar::day(typed).ok_or_else(|| "expected a day such as 2024-12-08".to_owned())
}

pub(super) fn run(args: &Args) -> ExitStatus {
    let series = match bill(&args.input) {
        Ok(series) => series,
        Err(exit) => return exit,
    };
    match (args.format, forecast(&series, args.as_of)) {
        (OutputFormat::Text, Ok(forecast)) => {
            print(&text(&forecast));
            ExitStatus::Done
        }
        (OutputFormat::Text, Err(why)) => {
            print(&unknown(&why, args.as_of));
            ExitStatus::Done
        }
        (OutputFormat::Json, Ok(forecast)) => print_json(&forecast),
        (OutputFormat::Json, Err(why)) => print_json(&Unknown {
            as_of: args.as_of,
            month: Month::of(args.as_of),
            total: None,
            series: [],
            unknown: why.to_string(),
        }),
    }
}

/// A forecast that cannot be made, in the form of one that can.
#[derive(Serialize)]
struct Unknown {
    as_of: NaiveDate,
    month: Month,
    total: Option<IntervalForecast>,
    series: [IntervalForecast; 0],
    unknown: String,
}

fn unknown(why: &NoForecast, as_of: NaiveDate) -> String {
    let month = Month::of(as_of);
    match why {
        NoForecast::NoDays(_) => format!("The bill has no day before {as_of}, so {month} cannot be forecast"),
        _ => format!("{month} cannot be forecast: {why}"),
    }
}

fn text(forecast: &Forecast) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["", "Forecast", "Low", "High"]);
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    let mut row = |name: &str, of: &IntervalForecast| {
        table.add_row([printable(name), cents(of.forecast), cents(of.low), cents(of.high)]);
    };
    row("Total", &forecast.total);
    forecast.series.iter().for_each(|one| row(&one.name, &one.estimate));
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    format!(
        "{}, forecast at the beginning of {} (four of five months end between low and high)\n\n{}",
        forecast.month,
        forecast.as_of,
        lines.join("\n")
    )
}
