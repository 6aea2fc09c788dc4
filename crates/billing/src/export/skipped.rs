//! Rows of an export that could not be used, by reason, with the first locations and the sums of their amounts.

use std::collections::BTreeMap;

use model::redact::excerpt;

use super::amount::ExactAmount;
use super::row::{SkipReason, SkippedRow};

/// So many places are named for each reason.
const MOST_PLACES: usize = 3;
/// The longest piece of a cell that is shown, in characters.
const LONGEST_CELL: usize = 40;

/// Rows that could not be used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SkippedRows(BTreeMap<SkipReason, SkippedRowGroup>);

/// Rows that could not be used for the same reason.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SkippedRowGroup {
    /// How many.
    pub count: u64,
    /// Of these, those whose amount is not known.
    pub amount_unknown: u64,
    /// The sums of the known amounts, by currency; empty key for rows without a currency.
    pub sums: BTreeMap<String, ExactAmount>,
    /// Where the first of them are.
    pub places: Vec<RowLocation>,
}

/// Where a row is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowLocation {
    /// The file.
    pub file: String,
    /// The row, the first line of names being the first.
    pub row: u64,
    /// The cell that is to blame, shortened and without secrets; empty where there is none.
    pub cell: String,
}

impl SkippedRows {
    /// Counts a row.
    pub fn add(&mut self, file: &str, row: u64, unusable: &SkippedRow<'_>) {
        let rows = self.0.entry(unusable.reason).or_default();
        rows.count += 1;
        let sum = unusable.amount.and_then(|(amount, currency)| {
            let known = rows.sums.get(currency).copied().unwrap_or_default();
            known.plus(amount).map(|sum| (currency, sum))
        });
        match sum {
            Some((currency, sum)) => drop(rows.sums.insert(currency.to_owned(), sum)),
            None => rows.amount_unknown += 1,
        }
        if rows.places.len() < MOST_PLACES {
            let cell = excerpt(unusable.cell).chars().take(LONGEST_CELL).collect();
            rows.places.push(RowLocation { file: file.to_owned(), row, cell });
        }
    }

    /// By reason.
    pub fn iter(&self) -> impl Iterator<Item = (SkipReason, &SkippedRowGroup)> {
        self.0.iter().map(|(reason, rows)| (*reason, rows))
    }

    /// How many rows altogether.
    pub fn count(&self) -> u64 {
        self.0.values().map(|rows| rows.count).sum()
    }
}
