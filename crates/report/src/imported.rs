//! The result of an import, as text and as JSON.

use std::path::Path;

use billing::export::bill::{self, ImportedBill};
use billing::export::columns::ExportMetric;
use billing::export::layout::ExportLayout;
use chrono::{DateTime, NaiveDate, Utc};
use model::calendar::{Month, day_start};
use model::money::Money;
use model::redact::printable;
use rust_decimal::Decimal;
use serde::Serialize;

/// So many accounts are listed in text; more are counted.
const MOST_ACCOUNTS: usize = 5;

/// The result of an import, as `--format json` shows it.
#[derive(Debug, Serialize)]
pub struct ImportDocument {
    schema: u32,
    metric: &'static str,
    files: Vec<ImportedFileView>,
    /// Files of earlier deliveries of a month, which were not read.
    superseded: Vec<String>,
    /// Files that are no exports by their names.
    other_files: usize,
    rows: u64,
    lines: usize,
    days: usize,
    first_day: Option<NaiveDate>,
    last_day: Option<NaiveDate>,
    accounts: Vec<String>,
    months: Vec<ImportedMonthView>,
    skipped: Vec<SkippedRowsView>,
    /// Amounts with digits behind the 28th decimal, rounded there.
    rounded_amounts: u64,
    /// There were too many lines to keep those of different resources apart.
    without_resources: bool,
    /// `null` in a dry run, and where there was nothing to write.
    written: Option<WrittenView>,
}

#[derive(Debug, Serialize)]
struct ImportedFileView {
    name: String,
    table: &'static str,
    rows: u64,
}

#[derive(Debug, Serialize)]
struct ImportedMonthView {
    month: String,
    rows: u64,
    sums: Vec<CurrencySumView>,
    /// The month was over, both now and when its files were written.
    settled: bool,
}

#[derive(Debug, Serialize)]
struct CurrencySumView {
    currency: String,
    amount: Decimal,
}

#[derive(Debug, Serialize)]
struct SkippedRowsView {
    reason: &'static str,
    rows: u64,
    /// Of these, rows whose amount is not known.
    amount_unknown: u64,
    /// What the others would have come to.
    sums: Vec<CurrencySumView>,
    /// The first of them.
    places: Vec<RowLocationView>,
    #[serde(skip)]
    said: &'static str,
}

#[derive(Debug, Serialize)]
struct RowLocationView {
    file: String,
    row: u64,
    cell: String,
}

#[derive(Debug, Serialize)]
struct WrittenView {
    store: String,
    /// Days that are new, or not what they were.
    changed_days: u64,
}

impl ImportDocument {
    /// The result of reading at `now`; nothing has been written yet.
    pub fn of(bill: &ImportedBill, layout: &ExportLayout, metric: ExportMetric, now: DateTime<Utc>) -> Self {
        let sums =
            |sums: &std::collections::BTreeMap<String, billing::export::amount::ExactAmount>| -> Vec<CurrencySumView> {
                sums.iter()
                    .map(|(currency, sum)| CurrencySumView { currency: printable(currency), amount: sum.decimal().0 })
                    .collect()
            };
        let days = bill.days();
        let of_month = |(month, read): (&Month, &bill::MonthTotals)| ImportedMonthView {
            month: month.to_string(),
            rows: read.rows,
            sums: sums(&read.sums),
            settled: !read.estimated && now.min(read.written) >= day_start(month.end()),
        };
        let left = bill.skipped().iter().map(|(reason, rows)| SkippedRowsView {
            reason: reason.word(),
            rows: rows.count,
            amount_unknown: rows.amount_unknown,
            sums: sums(&rows.sums),
            places: rows
                .places
                .iter()
                .map(|place| RowLocationView { file: place.file.clone(), row: place.row, cell: place.cell.clone() })
                .collect(),
            said: reason.description(),
        });
        Self {
            schema: 1,
            metric: metric.word(),
            files: bill
                .files()
                .iter()
                .map(|file| ImportedFileView { name: file.name.clone(), table: file.dataset.name(), rows: file.rows })
                .collect(),
            superseded: layout.superseded.iter().map(|file| file.path.clone()).collect(),
            other_files: layout.other.len(),
            rows: bill.rows(),
            lines: bill.lines(),
            days: days.len(),
            first_day: days.first().copied(),
            last_day: days.last().copied(),
            accounts: bill.accounts().into_iter().map(printable).collect(),
            months: bill.months().iter().map(of_month).collect(),
            skipped: left.collect(),
            rounded_amounts: bill.rounded(),
            without_resources: bill.without_resources(),
            written: None,
        }
    }

    /// Notes that it has been written.
    pub fn written(&mut self, store: &Path, changed_days: u64) {
        self.written = Some(WrittenView { store: store.display().to_string(), changed_days });
    }

    /// Whether every row was taken.
    pub fn is_complete(&self) -> bool {
        self.skipped.is_empty()
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut lines = vec![self.read()];
        for month in &self.months {
            let open = if month.settled { "" } else { ", provisional" };
            lines.push(format!("  {}  {}  ({}{open})", month.month, spoken(&month.sums), count(month.rows, "row")));
        }
        if !self.superseded.is_empty() {
            lines.push(format!(
                "Not read: {} of earlier deliveries, such as {}.",
                count(self.superseded.len() as u64, "file"),
                self.superseded.first().map_or("", |path| path)
            ));
        }
        for left in &self.skipped {
            let mut line = format!("Skipped: {} with {}", count(left.rows, "row"), left.said);
            if !left.sums.is_empty() {
                line += &format!(", {} in all", spoken(&left.sums));
            }
            if left.amount_unknown > 0 && left.amount_unknown < left.rows {
                line += &format!(" beside {} whose amount is not known", left.amount_unknown);
            }
            let place = |place: &RowLocationView| {
                let cell = if place.cell.is_empty() { String::new() } else { format!(" (`{}`)", place.cell) };
                format!("{} row {}{cell}", place.file, place.row)
            };
            lines.push(format!(
                "{line}; {}{}",
                if left.rows > left.places.len() as u64 { "first " } else { "" },
                left.places.iter().map(place).collect::<Vec<_>>().join(", ")
            ));
        }
        if self.rounded_amounts > 0 {
            lines.push(format!(
                "{} had more than 28 decimal places and were rounded.",
                count(self.rounded_amounts, "amount")
            ));
        }
        if self.without_resources {
            lines.push(
                "There are too many charges to store each resource: resources were dropped, their amounts were kept."
                    .to_owned(),
            );
        }
        lines.push(match &self.written {
            None => "Nothing was written.".to_owned(),
            Some(WrittenView { store, changed_days: 0 }) => format!("{store} already had all of it; nothing changed."),
            Some(WrittenView { store, changed_days }) => {
                format!("Written to {store}: {} new or changed.", days_are(*changed_days))
            }
        });
        printable_lines(&lines)
    }

    fn read(&self) -> String {
        let mut tables: Vec<&str> = self.files.iter().map(|file| file.table).collect();
        tables.sort_unstable();
        tables.dedup();
        let mut said = format!(
            "Read {} of {} ({}, {} costs)",
            count(self.rows, "row"),
            count(self.files.len() as u64, "file"),
            tables.join(", "),
            self.metric
        );
        if let (Some(first), Some(last)) = (self.first_day, self.last_day) {
            said += &format!(
                ": {} from {first} to {last}, {}",
                count(self.days as u64, "day"),
                count(self.lines as u64, "line")
            );
        }
        match self.accounts.as_slice() {
            [] => said + ".",
            [one] => format!("{said}, account {one}."),
            few if few.len() <= MOST_ACCOUNTS => format!("{said}, {} accounts: {}.", few.len(), few.join(", ")),
            many => format!("{said}, {} accounts.", many.len()),
        }
    }
}

fn days_are(days: u64) -> String {
    if days == 1 { "1 day is".to_owned() } else { format!("{days} days are") }
}

fn count(count: u64, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

fn spoken(sums: &[CurrencySumView]) -> String {
    let sum = |sum: &CurrencySumView| {
        Money {
            amount: sum.amount,
            currency: if sum.currency.is_empty() { "of no currency".to_owned() } else { sum.currency.clone() },
        }
        .to_string()
    };
    sums.iter().map(sum).collect::<Vec<_>>().join(" + ")
}

/// Names of files and cells come from outside: nothing of them may control a terminal.
fn printable_lines(lines: &[String]) -> String {
    lines.iter().map(|line| printable(line)).collect::<Vec<_>>().join("\n")
}
