//! Parses a row of an export: its UTC day, its charge and its amount.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::amount::ExactAmount;
use super::columns::{ExportColumns, ExportDataset, ROLES};
use super::moment::{self, DayOrders, ParsedDay};
use super::money::{self, CommaMeaning, MoneyRead, NotMoney};
use crate::services;

/// A cell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CellValue<'a> {
    /// Nothing.
    #[default]
    Absent,
    /// Text, as CSV has nothing else.
    Text(&'a str),
    /// The UTC day of a time, if the file has typed times, and the time as it is written there.
    Day(NaiveDate, i64),
    /// Bytes that are no text.
    Unreadable,
}

impl<'a> CellValue<'a> {
    /// A cell of text; what writers of CSV put where there is nothing is nothing.
    pub fn of(text: &'a str) -> Self {
        match text.trim_ascii() {
            "" | "NULL" | "null" | "\\N" => Self::Absent,
            text => Self::Text(text),
        }
    }

    fn text(self) -> &'a str {
        if let Self::Text(text) = self { text } else { "" }
    }
}

/// A row that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportRow<'a> {
    /// The UTC day it is booked on.
    pub day: NaiveDate,
    /// The name on the bill.
    pub service: &'a str,
    /// The record type, for [`ChargeCategory::of_record_type`](crate::line::ChargeCategory::of_record_type).
    pub record_type: &'a str,
    /// The usage type; may be empty.
    pub usage_type: &'a str,
    /// The account; may be empty.
    pub account: &'a str,
    /// The resource; may be empty.
    pub resource: &'a str,
    /// ISO 4217 code.
    pub currency: &'a str,
    /// The amount.
    pub amount: ExactAmount,
    /// The amount had more than 28 decimal places.
    pub rounded: bool,
    /// The quantity; `None` if missing or not a usable number.
    pub quantity: Option<Decimal>,
    /// The unit of the quantity; may be empty.
    pub unit: &'a str,
}

/// Why a row cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SkipReason {
    /// It has more, or fewer, cells than there are columns, so none can be trusted to be in its place.
    Cells,
    /// It has no amount.
    NoAmount,
    /// Its amount is no number.
    NotANumber,
    /// Its amount has the sign of another currency than the row.
    OtherCurrency,
    /// Its amount has one comma, and no other amount of the file shows what commas separate.
    DoubtfulAmount,
    /// Its amount has a decimal comma.
    DecimalComma,
    /// It has no currency.
    NoCurrency,
    /// It has no time.
    NoTime,
    /// Its time cannot be read.
    NotATime,
    /// Its time is ambiguous, and neither the billing period nor the other rows resolve it.
    Ambiguous,
    /// Its time shows another order of day and month than the rows before.
    Contradiction,
}

/// What the rows of a file have shown of how days and amounts are written in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FileNotation {
    orders: DayOrders,
    /// Commas separate thousands.
    has_thousands: bool,
}

impl SkipReason {
    /// For people: what such rows have in common.
    pub fn description(self) -> &'static str {
        match self {
            Self::Cells => "a wrong number of cells",
            Self::NoAmount => "no amount",
            Self::NotANumber => "an amount that is not a decimal number",
            Self::OtherCurrency => "an amount with the sign of another currency than the row has",
            Self::DoubtfulAmount => {
                "an amount whose comma separates thousands or decimals; export it with a point and without commas"
            }
            Self::DecimalComma => "an amount with a decimal comma",
            Self::NoCurrency => "no currency",
            Self::NoTime => "no time",
            Self::NotATime => "a time in an unknown format",
            Self::Ambiguous => "an ambiguous day; export it as YYYY-MM-DD",
            Self::Contradiction => "a day in another order than in the rows before",
        }
    }

    /// For programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cells => "cells",
            Self::NoAmount => "no_amount",
            Self::NotANumber => "not_a_number",
            Self::OtherCurrency => "other_currency",
            Self::DoubtfulAmount => "doubtful_amount",
            Self::DecimalComma => "decimal_comma",
            Self::NoCurrency => "no_currency",
            Self::NoTime => "no_time",
            Self::NotATime => "not_a_time",
            Self::Ambiguous => "ambiguous_day",
            Self::Contradiction => "contradiction",
        }
    }

    /// Whether a later row of the file may still resolve it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::DoubtfulAmount | Self::Ambiguous)
    }

    /// Why the whole file cannot be used, if it cannot: other rows of it may have been misread without a sign.
    pub fn of_the_file(self) -> Option<&'static str> {
        match self {
            Self::DecimalComma => {
                Some("has a decimal comma, so other amounts can be misread; export amounts with a decimal point")
            }
            Self::Contradiction => Some(
                "has its month and day in another order than rows before it, so other days can be misread; export days as YYYY-MM-DD",
            ),
            _ => None,
        }
    }
}

/// A row that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SkippedRow<'a> {
    /// Why.
    pub reason: SkipReason,
    /// The cell that is to blame; empty where there is none.
    pub cell: &'a str,
    /// How much it would have been, where that can be read, with its currency.
    pub amount: Option<(ExactAmount, &'a str)>,
}

/// Where a service is not named.
pub const NO_SERVICE: &str = "(no service)";
/// Where the kind of charge is not said: its amount is in every sum, and it keeps a line of its own.
pub const NO_RECORD: &str = "Unknown";

/// Reads a row. What is charged for more than a day is booked on the day it begins, as Cost Explorer does; what began
/// before the billing period is booked on the first day of that, because it is on that bill.
///
/// # Errors
/// If it has no amount, no currency or no day that can be relied on.
pub fn read<'a>(
    columns: &ExportColumns,
    cells: [CellValue<'a>; ROLES],
    notation: &mut FileNotation,
) -> Result<ExportRow<'a>, SkippedRow<'a>> {
    let [
        amount,
        currency,
        record,
        start,
        service,
        usage_type,
        account,
        resource,
        quantity,
        unit,
        period_start,
        period_end,
        ..,
    ] = cells;
    let unusable = |reason, cell: CellValue<'a>, amount| SkippedRow { reason, cell: cell.text(), amount };
    let money = money(amount, currency.text()).map_err(|reason| unusable(reason, amount, None))?;
    let CellValue::Text(currency) = currency else {
        return Err(unusable(SkipReason::NoCurrency, currency, Some((money.amount, ""))));
    };
    match money.shows {
        CommaMeaning::Thousands => notation.has_thousands = true,
        CommaMeaning::Doubt if !notation.has_thousands => {
            return Err(unusable(SkipReason::DoubtfulAmount, amount, None));
        }
        CommaMeaning::Doubt | CommaMeaning::Unknown => {}
    }
    let MoneyRead { amount, rounded, .. } = money;
    let parsed = match start {
        CellValue::Absent => Err(SkipReason::NoTime),
        CellValue::Day(day, _) => Ok(ParsedDay::Day(day)),
        CellValue::Text(text) => moment::read(text).ok_or(SkipReason::NotATime),
        CellValue::Unreadable => Err(SkipReason::NotATime),
    };
    let period = period(period_start, period_end);
    let day = parsed.and_then(|parsed| which(parsed, period, notation));
    let day = day.map_err(|reason| unusable(reason, start, Some((amount, currency))))?;
    let usage_type = usage_type.text();
    let (record_type, service) = match columns.dataset() {
        ExportDataset::Cur2 | ExportDataset::LegacyCur => {
            (record.text(), services::of_product(service.text(), usage_type))
        }
        _ => (record_type(record.text()), service.text()),
    };
    let quantity = if let CellValue::Text(text) = quantity {
        ExactAmount::read(text).ok().map(|(quantity, _)| quantity.decimal().0)
    } else {
        None
    };
    Ok(ExportRow {
        day: period.map_or(day, |(first, _)| day.max(first)),
        service: if service.is_empty() { NO_SERVICE } else { service },
        record_type: if record_type.is_empty() { NO_RECORD } else { record_type },
        usage_type,
        account: account.text(),
        resource: resource.text(),
        currency,
        amount,
        rounded,
        quantity,
        unit: if quantity.is_some() { unit.text() } else { "" },
    })
}

/// FOCUS's `ChargeCategory` in the words of Cost Explorer's record types. One that is not known keeps its name.
fn record_type(category: &str) -> &str {
    match category {
        "Purchase" => "Fee",
        "Adjustment" => "Refund",
        other => other,
    }
}

/// An amount, and what it shows of the notation.
fn money(cell: CellValue<'_>, currency: &str) -> Result<MoneyRead, SkipReason> {
    match cell {
        CellValue::Absent => Err(SkipReason::NoAmount),
        CellValue::Day(..) | CellValue::Unreadable => Err(SkipReason::NotANumber),
        CellValue::Text(text) => money::read(text, currency).map_err(|why| match why {
            NotMoney::NotANumber => SkipReason::NotANumber,
            NotMoney::DecimalComma => SkipReason::DecimalComma,
            NotMoney::OtherCurrency => SkipReason::OtherCurrency,
        }),
    }
}

/// Whether the cells of a row that has one field less than the header stand in their columns: those that are used have
/// forms of their own, which the cells beside them have not.
pub fn is_in_its_columns(row: &ExportRow<'_>, cells: &[CellValue<'_>; ROLES]) -> bool {
    let [.., period_start, period_end, _, _] = *cells;
    let is_code = row.currency.len() == 3 && row.currency.bytes().all(|byte| byte.is_ascii_uppercase());
    let is_id = row.account.bytes().all(|byte| byte.is_ascii_digit());
    is_code && is_id && period(period_start, period_end).is_some()
}

/// First day and end of the billing period, where both are told beyond doubt.
fn period(start: CellValue<'_>, end: CellValue<'_>) -> Option<(NaiveDate, NaiveDate)> {
    let days = |cell: CellValue<'_>| match cell {
        CellValue::Day(day, _) => Some([Some(day); 3]),
        CellValue::Text(text) => moment::read(text).map(|parsed| match parsed {
            ParsedDay::Day(day) => [Some(day); 3],
            ParsedDay::Slashed(days) => days,
        }),
        CellValue::Absent | CellValue::Unreadable => None,
    };
    // A billing period is a month; read in another order it is not one.
    let is_month = |start: NaiveDate, end: NaiveDate| start.checked_add_months(chrono::Months::new(1)) == Some(end);
    let (starts, ends) = (days(start)?, days(end)?);
    starts.into_iter().zip(ends).filter_map(|(start, end)| start.zip(end)).find(|(start, end)| is_month(*start, *end))
}

/// Which day is meant: the one within the billing period, if only one is, else the one in the order of the other rows.
fn which(
    parsed: ParsedDay,
    period: Option<(NaiveDate, NaiveDate)>,
    notation: &mut FileNotation,
) -> Result<NaiveDate, SkipReason> {
    let days = match parsed {
        ParsedDay::Day(day) => return Ok(day),
        ParsedDay::Slashed(days) => days,
    };
    let is_within = |day: NaiveDate| period.is_none_or(|(first, end)| day >= first && day < end);
    let fits = days.iter().flatten().any(|day| is_within(*day));
    // What began before the billing period fits in no order.
    notation.orders.learn(&days, |day| !fits || is_within(day));
    if notation.orders.contradict() {
        return Err(SkipReason::Contradiction);
    }
    notation.orders.day(&days).ok_or(SkipReason::Ambiguous)
}
