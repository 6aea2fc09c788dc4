//! The cells of a download of Cost Explorer, and how one is refused with its place.

use std::collections::BTreeMap;

use csv::StringRecord;
use model::redact::printable;

use super::amount::ExactAmount;
use super::money::{self, CommaMeaning, NotMoney};
use super::row::CellValue;

/// Why a download cannot be used, with its row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DownloadError(String);

pub(super) fn refused<T>(why: impl Into<String>) -> Result<T, DownloadError> {
    Err(DownloadError(why.into()))
}

pub(super) fn in_row<T>(line: u64, why: impl std::fmt::Display) -> Result<T, DownloadError> {
    refused(format!("row {line}: {why}"))
}

/// A line of the file.
pub(super) struct DownloadRow {
    pub(super) line: u64,
    pub(super) cells: StringRecord,
}

impl DownloadRow {
    pub(super) fn cell(&self, place: usize) -> &str {
        self.cells.get(place).unwrap_or_default().trim()
    }

    /// Whether each cell behind the first is an amount or empty, and they are no ids of accounts.
    pub(super) fn has_amounts(&self) -> bool {
        let mut cells = (1..self.cells.len()).map(|place| self.cell(place)).filter(|cell| !cell.is_empty()).peekable();
        let is_amount = |cell: &str| {
            let is_id = cell.len() == 12 && cell.bytes().all(|byte| byte.is_ascii_digit());
            !is_id && !matches!(money::read(cell, ""), Err(NotMoney::NotANumber))
        };
        cells.peek().is_some() && cells.all(is_amount)
    }
}

/// The first cell of the row is none of a table.
pub(super) fn no_day<T>(row: Option<&DownloadRow>) -> Result<T, DownloadError> {
    let text = row.map(|row| row.cell(0)).unwrap_or_default();
    let may_be_day = text.bytes().filter(u8::is_ascii_digit).count() > 2;
    let help = if may_be_day { "; write days as 2025-12-31" } else { "" };
    in_row(row.map_or(1, |row| row.line), format!("{} is neither a day nor a total{help}", shown(text)))
}

/// A column of amounts.
pub(super) struct AmountColumn {
    pub(super) name: String,
    /// The id, where the first line of names has another text than the second.
    pub(super) id: String,
    pub(super) currency: String,
    pub(super) is_total: bool,
}

/// The amounts by line and place.
#[derive(Default)]
pub(super) struct Amounts {
    pub(super) cells: BTreeMap<(u64, usize), (ExactAmount, bool)>,
    pub(super) has_thousands: bool,
    /// The first amount with a comma that can mean two things.
    pub(super) doubt: Option<(u64, String)>,
}

impl Amounts {
    pub(super) fn read(&mut self, row: &DownloadRow, columns: &[AmountColumn]) -> Result<(), DownloadError> {
        for (column, place) in columns.iter().zip(1..) {
            let CellValue::Text(text) = CellValue::of(row.cell(place)) else { continue };
            let read = match money::read(text, &column.currency) {
                Ok(read) => read,
                Err(why) => {
                    let why = match why {
                        NotMoney::NotANumber => "is not an amount; write it as 12.34 or 1.2E-7",
                        NotMoney::DecimalComma => "has a decimal comma; write it with a decimal point",
                        NotMoney::OtherCurrency => "has the sign of another currency than the column",
                    };
                    return in_row(row.line, format!("column {}: {} {why}", shown(&column.name), shown(text)));
                }
            };
            self.has_thousands |= read.shows == CommaMeaning::Thousands;
            if read.shows == CommaMeaning::Doubt && self.doubt.is_none() {
                self.doubt = Some((row.line, format!("column {}: {}", shown(&column.name), shown(text))));
            }
            self.cells.insert((row.line, place), (read.amount, read.rounded));
        }
        Ok(())
    }

    pub(super) fn settle(&self) -> Result<(), DownloadError> {
        match self.doubt.as_ref().filter(|_| !self.has_thousands) {
            Some((line, cell)) => {
                in_row(*line, format!("{cell} has a comma between thousands or decimals; write it without a comma"))
            }
            None => Ok(()),
        }
    }

    pub(super) fn of(&self, row: &DownloadRow, place: usize) -> Option<ExactAmount> {
        self.cells.get(&(row.line, place)).map(|(amount, _)| *amount)
    }

    /// Half of the last digit that any amount has: so much can rounding have changed one.
    pub(super) fn half_a_digit(&self) -> ExactAmount {
        ExactAmount::half_of_digit(self.digits())
    }

    /// The same where a sum is looked for and not checked: small whole numbers were not rounded.
    pub(super) fn half_a_cent_or_less(&self) -> ExactAmount {
        ExactAmount::half_of_digit(self.digits().max(2))
    }

    pub(super) fn digits(&self) -> u32 {
        self.cells.values().map(|(amount, _)| amount.decimal().0.scale()).max().unwrap_or_default()
    }
}

/// A text as it may be shown.
pub(super) fn shown(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    format!("`{}{}`", printable(&short), if short.len() < text.len() { "..." } else { "" })
}
