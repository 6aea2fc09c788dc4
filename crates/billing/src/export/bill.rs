//! Adds up charges by day while an export is read, and stores each text once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use model::calendar::{Month, day_start};
use rust_decimal::Decimal;

use crate::export::amount::ExactAmount;
use crate::export::columns::ExportDataset;
use crate::export::row::{ExportRow, SkipReason, SkippedRow};
use crate::export::skipped::SkippedRows;
use crate::line::{ChargeAmount, ChargeKey, DayCharges};

/// Lines that are kept apart. If resources make more of them, all lines go without their resources: it bounds what is
/// held in memory, and no report lists so many.
const MOST_LINES: usize = 300_000;

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportFileRead {
    /// Its path.
    pub name: String,
    /// The table that it holds.
    pub dataset: ExportDataset,
    /// Rows, those that could not be used among them.
    pub rows: u64,
}

/// Lines by day, from any number of files.
#[derive(Debug, Default)]
pub struct ImportedBill {
    words: StringInterner,
    lines: BTreeMap<InternedChargeKey, InternedCharge>,
    months: BTreeMap<Month, MonthTotals>,
    files: Vec<ExportFileRead>,
    skipped: SkippedRows,
    rounded: u64,
    without_resources: bool,
}

/// The totals of a month.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MonthTotals {
    /// Rows that count.
    pub rows: u64,
    /// The sum of each currency.
    pub sums: BTreeMap<String, ExactAmount>,
    /// When the latest of its files was written, UTC.
    pub written: DateTime<Utc>,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
struct InternedChargeKey {
    day: NaiveDate,
    service: u32,
    record_type: u32,
    usage_type: u32,
    account: u32,
    resource: u32,
    currency: u32,
}

#[derive(Debug, Clone, Copy)]
struct InternedCharge {
    amount: ExactAmount,
    quantity: Option<Decimal>,
    unit: u32,
}

impl InternedCharge {
    /// As [`ChargeAmount::add`], but exact. `None` if the sum is too large.
    fn add(&mut self, other: Self) -> Option<()> {
        self.amount = self.amount.plus(other.amount)?;
        self.quantity = self
            .quantity
            .zip(other.quantity)
            .filter(|_| self.unit == other.unit)
            .and_then(|(one, other)| one.checked_add(other));
        Some(())
    }
}

/// The number of each text. Six texts of each row are looked up, which are long and begin alike; nothing goes through
/// all of them, so their order cannot leak.
#[expect(clippy::disallowed_types, reason = "only looked up by key")]
type Numbers = std::collections::HashMap<Arc<str>, u32>;

/// Texts by number; the first is the empty one.
#[derive(Debug)]
struct StringInterner {
    numbers: Numbers,
    texts: Vec<Arc<str>>,
}

impl Default for StringInterner {
    fn default() -> Self {
        let empty: Arc<str> = Arc::from("");
        Self { numbers: Numbers::from([(Arc::clone(&empty), 0)]), texts: vec![empty] }
    }
}

impl StringInterner {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        // Memory ends long before the numbers do.
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        let text: Arc<str> = Arc::from(text);
        self.texts.push(Arc::clone(&text));
        self.numbers.insert(text, number);
        number
    }

    fn text(&self, number: u32) -> &str {
        self.texts.get(number as usize).map_or("", |text| text)
    }
}

impl ImportedBill {
    /// Begins a file.
    pub fn begin(&mut self, name: &str, dataset: ExportDataset) {
        self.files.push(ExportFileRead { name: name.to_owned(), dataset, rows: 0 });
    }

    /// Adds a row of the current file, which was written at `written`, or the reason why the row is skipped.
    pub fn take(&mut self, row: Result<ExportRow<'_>, SkippedRow<'_>>, written: DateTime<Utc>) {
        let row = row.and_then(|row| {
            let too_much = SkippedRow { reason: SkipReason::NotANumber, cell: "", amount: None };
            self.add(&row, written).ok_or(too_much)
        });
        let Some(file) = self.files.last_mut() else { return };
        file.rows += 1;
        if let Err(unusable) = row {
            // The first row holds the names.
            self.skipped.add(&file.name, file.rows + 1, &unusable);
        }
    }

    fn add(&mut self, row: &ExportRow<'_>, written: DateTime<Utc>) -> Option<()> {
        let words = &mut self.words;
        let key = InternedChargeKey {
            day: row.day,
            service: words.number(row.service),
            record_type: words.number(row.record_type),
            usage_type: words.number(row.usage_type),
            account: words.number(row.account),
            resource: if self.without_resources { 0 } else { words.number(row.resource) },
            currency: words.number(row.currency),
        };
        let sum = InternedCharge { amount: row.amount, quantity: row.quantity, unit: words.number(row.unit) };
        let month = self.months.entry(Month::of(row.day)).or_default();
        let of_month = match month.sums.get(row.currency) {
            Some(known) => known.plus(row.amount)?,
            None => row.amount,
        };
        match self.lines.get_mut(&key) {
            Some(known) => known.add(sum)?,
            None => drop(self.lines.insert(key, sum)),
        }
        match month.sums.get_mut(row.currency) {
            Some(known) => *known = of_month,
            None => drop(month.sums.insert(row.currency.to_owned(), of_month)),
        }
        month.rows += 1;
        month.written = month.written.max(written);
        self.rounded += u64::from(row.rounded);
        if self.lines.len() > MOST_LINES && !self.without_resources {
            self.drop_resources();
        }
        Some(())
    }

    fn drop_resources(&mut self) {
        self.without_resources = true;
        let mut words = StringInterner::default();
        for (key, mut sum) in std::mem::take(&mut self.lines) {
            let mut moved = |number| words.number(self.words.text(number));
            let key = InternedChargeKey {
                day: key.day,
                service: moved(key.service),
                record_type: moved(key.record_type),
                usage_type: moved(key.usage_type),
                account: moved(key.account),
                resource: 0,
                currency: moved(key.currency),
            };
            sum.unit = moved(sum.unit);
            match self.lines.get_mut(&key) {
                // Each of the two is smaller than the sum of its month, which was not too large.
                Some(known) => drop(known.add(sum)),
                None => drop(self.lines.insert(key, sum)),
            }
        }
        self.words = words;
    }

    /// The files, in the order in which they were read.
    pub fn files(&self) -> &[ExportFileRead] {
        &self.files
    }

    /// All rows, those that could not be used among them.
    pub fn rows(&self) -> u64 {
        self.files.iter().map(|file| file.rows).sum()
    }

    /// How many lines there are, over all days.
    pub fn lines(&self) -> usize {
        self.lines.len()
    }

    /// The UTC days that anything was charged on.
    pub fn days(&self) -> BTreeSet<NaiveDate> {
        self.lines.keys().map(|key| key.day).collect()
    }

    /// The accounts that are named.
    pub fn accounts(&self) -> BTreeSet<&str> {
        self.lines.keys().map(|key| self.words.text(key.account)).filter(|account| !account.is_empty()).collect()
    }

    /// The months, with their exact sums.
    pub fn months(&self) -> &BTreeMap<Month, MonthTotals> {
        &self.months
    }

    /// What could not be used.
    pub fn skipped(&self) -> &SkippedRows {
        &self.skipped
    }

    /// Amounts with more than 28 decimal places, which were rounded.
    pub fn rounded(&self) -> u64 {
        self.rounded
    }

    /// Whether there were too many lines to keep those of different resources apart.
    pub fn without_resources(&self) -> bool {
        self.without_resources
    }

    /// The lines of one day after the other. Days of a month that was not over when its files were written are
    /// estimated.
    pub fn into_days(self) -> impl Iterator<Item = DayCharges> {
        let Self { words, lines, months, .. } = self;
        let mut rest = lines.into_iter().peekable();
        std::iter::from_fn(move || {
            let day = rest.peek()?.0.day;
            let month = Month::of(day);
            let is_whole = months.get(&month).is_some_and(|month_read| month_read.written >= day_start(month.end()));
            let mut of_day = DayCharges { estimated: !is_whole, ..DayCharges::new(day) };
            while let Some((key, sum)) = rest.next_if(|(key, _)| key.day == day) {
                let text = |number| words.text(number).to_owned();
                let key = ChargeKey {
                    service: text(key.service),
                    record_type: text(key.record_type),
                    usage_type: text(key.usage_type),
                    account: text(key.account),
                    resource: text(key.resource),
                    currency: text(key.currency),
                };
                let unit = if sum.quantity.is_some() { text(sum.unit) } else { String::new() };
                of_day.add(key, ChargeAmount { amount: sum.amount.decimal().0, quantity: sum.quantity, unit });
            }
            Some(of_day)
        })
    }
}
