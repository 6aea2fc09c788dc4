//! Reads the bill that `monitor forecast`, `monitor anomalies` and `monitor report` are given as `--input`.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use ::billing::export::bill::ImportedBill;
use ::billing::export::columns::ExportMetric;
use ::billing::export::format::TextFormat;
use ::billing::series::{self, CostSeries};
use chrono::{DateTime, Utc};
use model::redact::printable;
use source::billfile::{ExportReader, FileForm, find_export, whole_text};

use super::output::{failed, say};
use crate::exit::ExitStatus;

/// What `--input` can be, for `--help`.
pub(super) const INPUTS: &str = "\
The input is a file, a folder, or `-` for standard input; it may be packed with gzip:
  - \"Download CSV\" of Cost Explorer, granularity Daily, by service, linked account or anything else
  - answers of `aws ce get-cost-and-usage --granularity DAILY`, all pages one after the other
  - exports: FOCUS 1.0 to 1.3, CUR 2.0, legacy CUR; CSV or Parquet
  - a line for each day and series, below the header `date,series,amount`:
      2024-12-01,Amazon Relational Database Service,0.8114516129
    Columns may be in any order, names may be quoted, and rows of the same day and series are added up.
All amounts are in one currency. A bill with a row that cannot be read is refused, and the row is named.";

/// A bill.
enum InputBill {
    /// Days without a currency.
    Series(Vec<CostSeries>),
    /// Charges.
    Charges(Box<ImportedBill>),
}

/// Reads a bill by day. If it cannot be read, that has been said.
pub(super) fn bill(path: &Path) -> Result<Vec<CostSeries>, ExitStatus> {
    // When it was written tells only whether days are an estimate, which a series does not have.
    match input(path, DateTime::UNIX_EPOCH)? {
        InputBill::Series(series) => Ok(series),
        InputBill::Charges(bill) => {
            bill.into_series().map_err(|why| failed(&format!("cannot use {}: {why}", name_of(path))))
        }
    }
}

/// Reads the charges of a bill. If it cannot be read, that has been said.
pub(super) fn charges(path: &Path, now: DateTime<Utc>) -> Result<ImportedBill, ExitStatus> {
    match input(path, now)? {
        InputBill::Charges(bill) => Ok(*bill),
        InputBill::Series(_) => Err(failed(&format!(
            "cannot use {}: its columns `date,series,amount` have no currency; give it to `monitor forecast --input` or `monitor anomalies --input`",
            name_of(path)
        ))),
    }
}

fn name_of(path: &Path) -> String {
    if path == Path::new("-") { "standard input".to_owned() } else { printable(&path.display().to_string()) }
}

/// Reads a bill; what comes through a pipe was written `now`.
fn input(path: &Path, now: DateTime<Utc>) -> Result<InputBill, ExitStatus> {
    let name = name_of(path);
    let mut reading = ExportReader::new(ExportMetric::Billed, Arc::new(|_| {})).with_any_metric_of_answers();
    let read = if path.is_dir() {
        find_export(path).and_then(|layout| reading.path(path, &layout))
    } else {
        let opened = open(path, now).and_then(|(mut file, written)| Ok((FileForm::of(&mut file)?, file, written)));
        let (form, file, written) = opened.map_err(|error| failed(&format!("cannot read {name}: {error}")))?;
        if let FileForm::Text(TextFormat::DailySeries | TextFormat::Unknown, is_packed) = form {
            return days(&name, file, is_packed).map(InputBill::Series);
        }
        reading.file(&name, file, written)
    };
    let bill = read.and_then(|()| reading.end()).map_err(|error| failed(&format!("cannot read {error}")))?;
    if bill.skipped().count() > 0 {
        for (reason, rows) in bill.skipped().iter() {
            for place in &rows.places {
                let cell = if place.cell.is_empty() { String::new() } else { format!(" (`{}`)", place.cell) };
                say(&format!("monitor: {}: row {}: {}{cell}", printable(&place.file), place.row, reason.description()));
            }
        }
        return Err(failed(&format!("{name}: {} of {} rows cannot be used", bill.skipped().count(), bill.rows())));
    }
    if bill.lines() == 0 {
        return Err(failed(&format!("{name} has no costs")));
    }
    Ok(InputBill::Charges(Box::new(bill)))
}

/// A file that can be read from any place, and when it was written; what cannot is copied.
fn open(path: &Path, now: DateTime<Utc>) -> io::Result<(File, DateTime<Utc>)> {
    let copied = |mut from: &mut dyn io::Read| -> io::Result<(File, DateTime<Utc>)> {
        let mut file = tempfile::tempfile()?;
        io::copy(&mut from, &mut file)?;
        Ok((file, now))
    };
    if path == Path::new("-") {
        return copied(&mut io::stdin().lock());
    }
    let mut file = File::open(path)?;
    let data = file.metadata()?;
    if data.is_file() { Ok((file, data.modified()?.into())) } else { copied(&mut file) }
}

fn days(name: &str, file: File, is_packed: bool) -> Result<Vec<CostSeries>, ExitStatus> {
    let text = whole_text(file, is_packed).map_err(|why| failed(&format!("cannot read {name}: {why}")))?;
    series::read(&text).map_err(|mistakes| {
        mistakes.iter().for_each(|mistake| say(&format!("monitor: {name}: {mistake}")));
        ExitStatus::Failed
    })
}
