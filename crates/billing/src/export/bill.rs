//! Adds up charges by day while an export is read, and stores each text once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use model::calendar::{Month, day_start};
use rust_decimal::Decimal;

use crate::explain::TAX;
use crate::export::amount::ExactAmount;
use crate::export::columns::ExportDataset;
use crate::export::cost_table::{CostTable, Granularity, GroupDimension};
use crate::export::row::{ExportRow, NO_RECORD, NO_SERVICE, SkipReason, SkippedRow};
use crate::export::skipped::SkippedRows;
use crate::line::{ChargeAmount, ChargeKey, DayCharges};
use crate::series::CostSeries;

/// Lines that are kept apart. If resources make more of them, all lines go without their resources: it bounds what is
/// held in memory, and no report lists so many.
const MOST_LINES: usize = 300_000;

/// The same of a table that has one period.
const ONE_PERIOD: &str = "its only row has the first day of a month, so it can be the sum of that day or of the whole month; download it with at least one other day, or show it as a month with `monitor report --input FILE --month YYYY-MM`";
/// Why sums of months are no days, and what to do.
const MONTHLY: &str = "it has the sums of months, and their days are not known; choose the granularity \"Daily\" in Cost Explorer (--granularity DAILY) and download it again, or show a month with `monitor report --input FILE --month YYYY-MM`";

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
    granularity: Option<Granularity>,
    /// Days that a table has, with `Estimated` where it says so.
    told_days: BTreeMap<NaiveDate, Option<bool>>,
    account_names: BTreeMap<String, String>,
    /// What a table is grouped by that charges have no field for.
    other_dimension: Option<String>,
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
    /// Cost Explorer calls some of its days an estimate.
    pub estimated: bool,
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

    /// Adds row `number` (the first holds the names) of the current file, which was written at `written`, or the reason
    /// why the row is skipped.
    pub fn take(&mut self, number: u64, row: Result<ExportRow<'_>, SkippedRow<'_>>, written: DateTime<Utc>) {
        let row = row.and_then(|row| {
            let too_much = SkippedRow { reason: SkipReason::NotANumber, cell: "", amount: None };
            self.add(&row, written).ok_or(too_much)
        });
        let Some(file) = self.files.last_mut() else { return };
        file.rows += 1;
        if let Err(unusable) = row {
            self.skipped.add(&file.name, number, &unusable);
        }
    }

    /// Notes that what follows has these periods.
    ///
    /// # Errors
    /// If what was read before has others.
    pub fn has_granularity(&mut self, granularity: Granularity) -> Result<(), String> {
        match self.granularity.replace(granularity) {
            Some(known) if known != granularity => {
                Err("it has sums of months, and another file has sums of days; read one of them at a time".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// Adds a file that holds a table of Cost Explorer.
    ///
    /// # Errors
    /// If it does not go with what was read before, or an amount is too large.
    pub fn take_table(
        &mut self,
        name: &str,
        dataset: ExportDataset,
        table: CostTable,
        written: DateTime<Utc>,
    ) -> Result<(), String> {
        self.has_granularity(table.granularity)?;
        self.begin(name, dataset);
        self.account_names.extend(table.account_names);
        let is_other = |dimension: &GroupDimension| match dimension {
            GroupDimension::Other(name) => Some(name.clone()),
            _ => None,
        };
        self.other_dimension = self.other_dimension.take().or_else(|| table.dimensions.iter().find_map(is_other));
        for cost in &table.costs {
            let value = |wanted: &GroupDimension| -> &str {
                let all = table.dimensions.iter().zip(&cost.group);
                all.filter(|(dimension, _)| *dimension == wanted).map(|(_, value)| value.as_str()).next().unwrap_or("")
            };
            let other = table.dimensions.iter().zip(&cost.group).find(|(dimension, _)| is_other(dimension).is_some());
            let service = Some(value(&GroupDimension::Service)).filter(|service| !service.is_empty());
            let record_type = match value(&GroupDimension::RecordType) {
                "" if service == Some(TAX) => TAX,
                "" => NO_RECORD,
                told => told,
            };
            let row = ExportRow {
                day: cost.day,
                service: service.unwrap_or(NO_SERVICE),
                record_type,
                usage_type: value(&GroupDimension::UsageType),
                account: value(&GroupDimension::Account),
                resource: other.map_or("", |(_, value)| value),
                currency: &cost.currency,
                amount: cost.amount,
                rounded: cost.rounded,
                quantity: None,
                unit: "",
            };
            if self.add(&row, written).is_none() {
                return Err(format!("the amounts of {} are too large", cost.day));
            }
            if let Some(file) = self.files.last_mut() {
                file.rows += 1;
            }
        }
        for (day, estimated) in table.periods {
            if let Some(month) = self.months.get_mut(&Month::of(day)) {
                month.estimated |= estimated == Some(true);
            }
            let known = self.told_days.entry(day).or_default();
            *known = (*known).max(estimated);
        }
        Ok(())
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

    /// Whether the amounts are those of whole months, whose days are not known.
    pub fn is_monthly(&self) -> bool {
        self.granularity == Some(Granularity::Monthly)
    }

    /// Why it has no days, and what to do, if it has sums of months.
    pub fn why_not_daily(&self) -> Option<&'static str> {
        let first = self.lines.keys().next().map(|key| key.day);
        let has_others = self.lines.keys().any(|key| Some(key.day) != first);
        self.is_monthly().then_some(if has_others { MONTHLY } else { ONE_PERIOD })
    }

    /// What a table is grouped by that charges have no field for, such as `Region`.
    pub fn other_dimension(&self) -> Option<&str> {
        self.other_dimension.as_deref()
    }

    /// The daily costs by service, or by what else the bill is grouped by.
    ///
    /// # Errors
    /// If it has sums of months, or more than one currency.
    pub fn into_series(self) -> Result<Vec<CostSeries>, String> {
        if let Some(why) = self.why_not_daily() {
            return Err(why.to_owned());
        }
        let mut sums = BTreeMap::<u32, ExactAmount>::new();
        let mut series = BTreeMap::<String, BTreeMap<NaiveDate, ExactAmount>>::new();
        let text = |number: u32| self.words.text(number);
        // The finest field that is told by all that names one: services if there are any.
        let fields: [fn(&InternedChargeKey) -> u32; 5] =
            [|key| key.service, |key| key.resource, |key| key.account, |key| key.usage_type, |key| key.record_type];
        let is_told = |field: &fn(&InternedChargeKey) -> u32| {
            self.lines.keys().any(|key| !matches!(text(field(key)), "" | NO_SERVICE | NO_RECORD))
        };
        let field = fields.into_iter().find(is_told);
        for (key, charge) in &self.lines {
            let name = match field.map(|field| text(field(key))) {
                None | Some("") => "Total".to_owned(),
                Some(id) => match self.account_names.get(id).filter(|name| *name != id) {
                    Some(name) => format!("{name} ({id})"),
                    None => id.to_owned(),
                },
            };
            for sum in
                [sums.entry(key.currency).or_default(), series.entry(name).or_default().entry(key.day).or_default()]
            {
                *sum = sum.plus(charge.amount).ok_or("its amounts are too large")?;
            }
        }
        if sums.len() > 1 {
            let shown: Vec<String> =
                sums.iter().map(|(currency, sum)| format!("{} {}", sum.decimal().0, text(*currency))).collect();
            return Err(format!(
                "it has amounts of more than one currency, which have no sum ({}); give a bill of one currency",
                shown.join(", ")
            ));
        }
        // A day on which nothing was charged is known, if the table has it and does not call it an estimate.
        if let Some(days) = series.values_mut().next() {
            for (day, _) in self.told_days.iter().filter(|(_, estimated)| **estimated != Some(true)) {
                days.entry(*day).or_default();
            }
        }
        let exact = |days: BTreeMap<NaiveDate, ExactAmount>| {
            days.into_iter().map(|(day, amount)| (day, amount.decimal().0)).collect()
        };
        Ok(series.into_iter().map(|(name, days)| CostSeries { name, days: exact(days) }).collect())
    }

    /// The lines of one day after the other. Days that Cost Explorer calls an estimate are estimated; where it says
    /// nothing of that, those of a month that was not over when its files were written.
    pub fn into_days(self) -> impl Iterator<Item = DayCharges> {
        let Self { words, lines, months, told_days, .. } = self;
        let mut rest = lines.into_iter().peekable();
        std::iter::from_fn(move || {
            let day = rest.peek()?.0.day;
            let month = Month::of(day);
            let is_whole = months.get(&month).is_some_and(|month_read| month_read.written >= day_start(month.end()));
            let told = told_days.get(&day).copied().flatten();
            let mut of_day = DayCharges { estimated: told.unwrap_or(!is_whole), ..DayCharges::new(day) };
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
