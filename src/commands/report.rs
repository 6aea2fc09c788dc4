//! `monitor report`

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::app::{bill_report, month_report};
use alerting::notification::Message;
use clap::ValueEnum;
use model::calendar::Month;
use model::language::Language;
use model::settings::one_of;
use notify::{DeliveryOutcome, DeliveryRequest};
use report::month::MonthReport;
use report::{ReportStyle, html, json, markdown, page, page_with_picture};
use store::Store;

use super::context::CommandContext;
use super::daily_bill::{INPUTS, charges};
use super::output::{print, say, usage};
use crate::app::{MonitorConfig, StartError, receivers};
use crate::exit::ExitStatus;

/// Examples of use, shown by `--help`.
fn help() -> String {
    format!(
        "\
Examples:
  monitor report --month 2024-12                              from what the daemon has stored
  monitor report --month 2024-12 --format html --output december.html
  monitor report --input costs.csv --month 2024-12            from a file, without a configuration and a store

With --input, sums of months are read too (granularity Monthly); such a report has no days and no forecast.
{INPUTS}

Exit codes: 0 done; 1 the input cannot be read; 2 a receiver did not get it; 64 command line; 78 configuration"
    )
}

#[derive(Debug, clap::Args)]
#[command(after_help = help())]
pub(super) struct Args {
    /// The month, UTC, such as 2024-12 [default: the current one; with --input, the last one that it has]
    #[arg(long, value_name = "YYYY-MM")]
    month: Option<Option<Month>>,
    /// A bill to report on instead of what is stored; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "send")]
    input: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    format: ReportFormat,
    /// Write to this file instead of standard output; it is replaced as a whole
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The language of the report [default: `language` under [report], else en]
    #[arg(long, value_parser = language, value_name = "en|ko")]
    language: Option<Language>,
    /// Send it to these receivers now, and print what each answered
    #[arg(long, num_args = 1.., value_name = "RECEIVER", conflicts_with_all = ["output", "format"])]
    send: Vec<String>,
}

/// The forms of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// For a terminal
    Text,
    /// GitHub's Markdown
    Markdown,
    /// One file for a browser, with a chart
    Html,
    /// For programs; the schema is docs/report.schema.json
    Json,
}

fn language(typed: &str) -> Result<Language, String> {
    let names: Vec<&str> = Language::ALL.iter().map(|(name, _)| *name).collect();
    Language::ALL
        .iter()
        .find(|(name, _)| *name == typed)
        .map(|(_, language)| *language)
        .ok_or_else(|| one_of(typed, &names))
}

pub(super) async fn run(args: Args, context: &CommandContext) -> Result<ExitStatus, StartError> {
    if let Some(input) = &args.input {
        return Ok(of_input(input, &args, context));
    }
    let config = if args.send.is_empty() { context.config_without_secrets()? } else { context.config()? };
    let now = context.clock.now();
    let newest = Month::of(now.date_naive());
    let wanted = args.month.flatten().unwrap_or(newest);
    if wanted > newest {
        return Ok(usage(format!("--month {wanted} is in the future; the current month is {newest} (UTC)")));
    }
    if let Some(unknown) = args.send.iter().find(|name| !config.receivers.iter().any(|known| known.name == **name)) {
        let names: Vec<&str> = config.receivers.iter().map(|receiver| receiver.name.as_str()).collect();
        return Ok(usage(format!("there is no receiver `{unknown}`; {}", one_of(unknown, &names))));
    }
    let store = Store::open_read_only(&config.store.path).await?;
    let mut report = month_report(&store, wanted, now).await?;
    report.own_cost.cap.get_or_insert(config.aws.max_monthly_usd.0);
    let known = store.known_days().await?;
    store.close().await;
    let language = args.language.unwrap_or(config.report.language);
    let style = ReportStyle { zone: config.timezone, language, rate: config.report.currency.clone(), known };
    if !args.send.is_empty() {
        return send(&args.send, &report, &style, &config, context).await;
    }
    Ok(show(&report, &style, &args))
}

/// The report of a month of a file.
fn of_input(input: &Path, args: &Args, context: &CommandContext) -> ExitStatus {
    let now = context.clock.now();
    let bill = match charges(input, now) {
        Ok(bill) => bill,
        Err(exit) => return exit,
    };
    let months: Vec<Month> = bill.months().keys().copied().collect();
    let wanted = args.month.flatten().or(months.last().copied());
    let Some(month) = wanted.filter(|month| months.contains(month)) else {
        let known = months.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        return usage(format!("{} has no costs of that month; it has {known}", input.display()));
    };
    let report = bill_report(bill, month, now);
    let language = args.language.unwrap_or_default();
    show(&report, &ReportStyle { language, ..ReportStyle::plain(chrono_tz::UTC) }, args)
}

/// Writes a report to where it is wanted.
fn show(report: &MonthReport, style: &ReportStyle, args: &Args) -> ExitStatus {
    let written = match args.format {
        ReportFormat::Text => page(report, style).plain_text(),
        ReportFormat::Markdown => markdown(&page(report, style)),
        ReportFormat::Html => html(report, style),
        ReportFormat::Json => match json(report) {
            Ok(json) => json,
            Err(error) => return super::output::failed(&error.to_string()),
        },
    };
    match &args.output {
        None => print(&written),
        Some(file) => {
            if let Err(why) = write(file, &written) {
                return super::output::failed(&format!("--output {}: {why}", file.display()));
            }
        }
    }
    ExitStatus::Done
}

/// Writes a text to a file: a reader finds either the old content or the new.
fn write(file: &Path, text: &str) -> Result<(), String> {
    let said = |error: std::io::Error| error.to_string();
    // What a link points to is written, and not the link.
    let target = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    if fs::metadata(&target).is_ok_and(|known| !known.is_file()) {
        return Err("not a regular file; omit --output to write to standard output".to_owned());
    }
    let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut beside =
        tempfile::Builder::new().permissions(Permissions::from_mode(0o666)).tempfile_in(folder).map_err(said)?;
    beside.write_all(text.trim_end_matches('\n').as_bytes()).and_then(|()| beside.write_all(b"\n")).map_err(said)?;
    beside.as_file().sync_all().map_err(said)?;
    beside.persist(&target).map_err(|error| error.error.to_string())?;
    Ok(())
}

/// Sends the report at once, past the outbox: who asks for it sees whether it has arrived, and a running daemon alone
/// writes the store.
async fn send(
    names: &[String],
    report: &MonthReport,
    style: &ReportStyle,
    config: &MonitorConfig,
    context: &CommandContext,
) -> Result<ExitStatus, StartError> {
    let all = receivers(config)?;
    let mut exit = ExitStatus::Done;
    let mut seen = Vec::new();
    for name in names {
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        let Some((receiver, terms)) =
            all.get(name).zip(config.receivers.iter().find(|known| known.name == *name).map(|known| &known.terms))
        else {
            continue;
        };
        let now = context.clock.now();
        let message =
            Message::report(page_with_picture(report, &ReportStyle { zone: terms.zone, ..style.clone() }), now);
        let key = format!("report/{}/{name}/{}", report.month, now.timestamp_millis());
        let parcel = DeliveryRequest {
            key,
            message,
            follows: vec![],
            possible_repeat: false,
            sealed: now,
            attempted: now,
            zone: terms.zone,
        };
        match receiver.send(&parcel).await {
            DeliveryOutcome::Delivered(receipt) => print(&format!(
                "{name} accepted it{}",
                receipt.map(|receipt| format!(": {receipt}")).unwrap_or_default()
            )),
            DeliveryOutcome::Later { why, .. }
            | DeliveryOutcome::Unknown(why)
            | DeliveryOutcome::Refused(why)
            | DeliveryOutcome::Stopped(why) => {
                say(&format!("monitor: {name} did not get it: {why}"));
                exit = ExitStatus::Incomplete;
            }
        }
    }
    Ok(exit)
}
