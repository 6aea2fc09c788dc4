//! Parses a row of an export: its UTC day, its charge and its amount.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::amount::ExactAmount;
use super::columns::{ColumnRole, ExportColumns, ExportDataset};
use super::moment::{self, ParsedDay};
use crate::services;

/// A cell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CellValue<'a> {
    /// Nothing.
    #[default]
    Absent,
    /// Text, as CSV has nothing else.
    Text(&'a str),
    /// The UTC day of a time, if the file has typed times.
    Day(NaiveDate),
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
    /// It has no currency.
    NoCurrency,
    /// It has no time.
    NoTime,
    /// Its time cannot be read.
    NotATime,
    /// Its time is ambiguous, and the billing period does not resolve it.
    Ambiguous,
}

impl SkipReason {
    /// For people: what such rows have in common.
    pub fn said(self) -> &'static str {
        match self {
            Self::Cells => "a wrong number of cells",
            Self::NoAmount => "no amount",
            Self::NotANumber => "an amount that is not a decimal number",
            Self::NoCurrency => "no currency",
            Self::NoTime => "no time",
            Self::NotATime => "a time in an unknown format",
            Self::Ambiguous => "an ambiguous day; export it as YYYY-MM-DD",
        }
    }

    /// For programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::Cells => "cells",
            Self::NoAmount => "no_amount",
            Self::NotANumber => "not_a_number",
            Self::NoCurrency => "no_currency",
            Self::NoTime => "no_time",
            Self::NotATime => "not_a_time",
            Self::Ambiguous => "ambiguous_day",
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
const NO_SERVICE: &str = "(no service)";
/// Where the kind of charge is not said: its amount is in every sum, and it keeps a line of its own.
const NO_RECORD: &str = "Unknown";

/// Reads a row. What is charged for more than a day is booked on the day it begins, as Cost Explorer does; what began
/// before the billing period is booked on the first day of that, because it is on that bill.
///
/// # Errors
/// If it has no amount, no currency or no day that can be relied on.
pub fn read<'a>(
    columns: &ExportColumns,
    cells: [CellValue<'a>; ColumnRole::ALL.len()],
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
    ] = cells;
    let unusable = |reason, cell: CellValue<'a>, amount| SkippedRow { reason, cell: cell.text(), amount };
    let (amount, rounded) = match amount {
        CellValue::Absent => return Err(unusable(SkipReason::NoAmount, amount, None)),
        CellValue::Text(text) => ExactAmount::read(text).map_err(|_| unusable(SkipReason::NotANumber, amount, None))?,
        CellValue::Day(_) | CellValue::Unreadable => return Err(unusable(SkipReason::NotANumber, amount, None)),
    };
    let CellValue::Text(currency) = currency else {
        return Err(unusable(SkipReason::NoCurrency, currency, Some((amount, ""))));
    };
    let day = match start {
        CellValue::Absent => Err(SkipReason::NoTime),
        CellValue::Day(day) => Ok(ParsedDay::Day(day)),
        CellValue::Text(text) => moment::read(text).ok_or(SkipReason::NotATime),
        CellValue::Unreadable => Err(SkipReason::NotATime),
    };
    let period = period(period_start, period_end);
    let day = day.and_then(|said| which(said, period).ok_or(SkipReason::Ambiguous));
    let day = day.map_err(|reason| unusable(reason, start, Some((amount, currency))))?;
    let usage_type = usage_type.text();
    let (record_type, service) = match columns.dataset() {
        ExportDataset::Cur2 => (record.text(), services::of_product(service.text(), usage_type)),
        ExportDataset::Focus10 | ExportDataset::Focus12 => (record_type(record.text()), service.text()),
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

/// First day and end of the billing period, where both are told beyond doubt.
fn period(start: CellValue<'_>, end: CellValue<'_>) -> Option<(NaiveDate, NaiveDate)> {
    let both = |cell: CellValue<'_>| match cell {
        CellValue::Day(day) => Some((day, day)),
        CellValue::Text(text) => moment::read(text).map(|said| match said {
            ParsedDay::Day(day) => (day, day),
            ParsedDay::Either(one, other) => (one, other),
        }),
        CellValue::Absent | CellValue::Unreadable => None,
    };
    let ((start, other_start), (end, other_end)) = (both(start)?, both(end)?);
    // A billing period is a month; read the other way round it is not one.
    let is_month = |start: NaiveDate, end: NaiveDate| start.checked_add_months(chrono::Months::new(1)) == Some(end);
    [(start, end), (other_start, other_end)].into_iter().find(|(start, end)| is_month(*start, *end))
}

/// Which of two days is meant: the one within the billing period, if only one is.
fn which(said: ParsedDay, period: Option<(NaiveDate, NaiveDate)>) -> Option<NaiveDate> {
    let ParsedDay::Either(one, other) = said else {
        return if let ParsedDay::Day(day) = said { Some(day) } else { None };
    };
    let (first, end) = period?;
    let within = |day: NaiveDate| day >= first && day < end;
    match (within(one), within(other)) {
        (true, false) => Some(one),
        (false, true) => Some(other),
        _ => None,
    }
}
