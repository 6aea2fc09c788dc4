//! What a row of an export says: which UTC day, which line of the bill, how much.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::amount::Exact;
use super::columns::{Columns, Dataset, Role};
use super::moment::{self, Said};
use crate::services;

/// A cell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Nothing.
    #[default]
    Absent,
    /// Text, as CSV has nothing else.
    Text(&'a str),
    /// The UTC day of a point in time, where the file knows what it is.
    Day(NaiveDate),
    /// Bytes that are no text.
    Unreadable,
}

impl<'a> Cell<'a> {
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
pub struct Row<'a> {
    /// The UTC day it is booked on.
    pub day: NaiveDate,
    /// The name on the bill.
    pub service: &'a str,
    /// The record type, for [`Charge::of_record_type`](crate::line::Charge::of_record_type).
    pub record_type: &'a str,
    /// The usage type; empty where it is not said.
    pub usage_type: &'a str,
    /// The account; empty where it is not said.
    pub account: &'a str,
    /// What was used; empty where it is not said.
    pub resource: &'a str,
    /// ISO 4217 code.
    pub currency: &'a str,
    /// The amount.
    pub amount: Exact,
    /// The amount had digits behind the 28th decimal.
    pub rounded: bool,
    /// How much was used; `None` where it is not said, or is no number that can be kept.
    pub quantity: Option<Decimal>,
    /// In which unit; empty where it is not said.
    pub unit: &'a str,
}

/// Why a row cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
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
    /// Its time is one of two days, and the billing period does not say which.
    Ambiguous,
}

impl Reason {
    /// For people: what such rows have in common.
    pub fn said(self) -> &'static str {
        match self {
            Self::Cells => "not as many cells as there are columns",
            Self::NoAmount => "no amount",
            Self::NotANumber => "an amount that is not a number with a point",
            Self::NoCurrency => "no currency",
            Self::NoTime => "no time",
            Self::NotATime => "a time in no form that is known",
            Self::Ambiguous => "a day that can be read two ways; export it as YYYY-MM-DD",
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
pub struct Unusable<'a> {
    /// Why.
    pub reason: Reason,
    /// The cell that is to blame; empty where there is none.
    pub cell: &'a str,
    /// How much it would have been, where that can be read, with its currency.
    pub amount: Option<(Exact, &'a str)>,
}

/// Where a service is not named.
const NO_SERVICE: &str = "(no service)";
/// Where the kind of charge is not said: its amount is in every sum, and it keeps a line of its own.
const NO_RECORD: &str = "Unknown";

/// Reads a row. What is charged for more than a day is booked on the day it begins, as Cost Explorer does; what began before the
/// billing period is booked on the first day of that, because it is on that bill.
///
/// # Errors
/// If it has no amount, no currency or no day that can be relied on.
pub fn read<'a>(columns: &Columns, cells: [Cell<'a>; Role::ALL.len()]) -> Result<Row<'a>, Unusable<'a>> {
    let [amount, currency, record, start, service, usage_type, account, resource, quantity, unit, period_start, period_end] = cells;
    let unusable = |reason, cell: Cell<'a>, amount| Unusable { reason, cell: cell.text(), amount };
    let (amount, rounded) = match amount {
        Cell::Absent => return Err(unusable(Reason::NoAmount, amount, None)),
        Cell::Text(text) => Exact::read(text).map_err(|_| unusable(Reason::NotANumber, amount, None))?,
        Cell::Day(_) | Cell::Unreadable => return Err(unusable(Reason::NotANumber, amount, None)),
    };
    let Cell::Text(currency) = currency else {
        return Err(unusable(Reason::NoCurrency, currency, Some((amount, ""))));
    };
    let day = match start {
        Cell::Absent => Err(Reason::NoTime),
        Cell::Day(day) => Ok(Said::Day(day)),
        Cell::Text(text) => moment::read(text).ok_or(Reason::NotATime),
        Cell::Unreadable => Err(Reason::NotATime),
    };
    let period = period(period_start, period_end);
    let day = day.and_then(|said| which(said, period).ok_or(Reason::Ambiguous));
    let day = day.map_err(|reason| unusable(reason, start, Some((amount, currency))))?;
    let usage_type = usage_type.text();
    let (record_type, service) = match columns.dataset() {
        Dataset::Cur2 => (record.text(), services::of_product(service.text(), usage_type)),
        Dataset::Focus10 | Dataset::Focus12 => (record_type(record.text()), service.text()),
    };
    let quantity = if let Cell::Text(text) = quantity { Exact::read(text).ok().map(|(quantity, _)| quantity.decimal().0) } else { None };
    Ok(Row {
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
fn period(start: Cell<'_>, end: Cell<'_>) -> Option<(NaiveDate, NaiveDate)> {
    let both = |cell: Cell<'_>| match cell {
        Cell::Day(day) => Some((day, day)),
        Cell::Text(text) => moment::read(text).map(|said| match said {
            Said::Day(day) => (day, day),
            Said::Either(one, other) => (one, other),
        }),
        Cell::Absent | Cell::Unreadable => None,
    };
    let ((start, other_start), (end, other_end)) = (both(start)?, both(end)?);
    // A billing period is a month; read the other way round it is not one.
    let is_month = |start: NaiveDate, end: NaiveDate| start.checked_add_months(chrono::Months::new(1)) == Some(end);
    [(start, end), (other_start, other_end)].into_iter().find(|(start, end)| is_month(*start, *end))
}

/// Which of two days is meant: the one within the billing period, if only one is.
fn which(said: Said, period: Option<(NaiveDate, NaiveDate)>) -> Option<NaiveDate> {
    let Said::Either(one, other) = said else {
        return if let Said::Day(day) = said { Some(day) } else { None };
    };
    let (first, end) = period?;
    let within = |day: NaiveDate| day >= first && day < end;
    match (within(one), within(other)) {
        (true, false) => Some(one),
        (false, true) => Some(other),
        _ => None,
    }
}
