//! Billing days and months: UTC, half-open.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// A calendar month in UTC, as AWS bills it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Month {
    first: NaiveDate,
}

impl Month {
    /// The month a UTC day belongs to.
    pub fn of(day: NaiveDate) -> Self {
        Self { first: day.with_day(1).unwrap_or(day) }
    }

    /// Its first day.
    pub fn first_day(self) -> NaiveDate {
        self.first
    }

    /// The first day that no longer belongs to it.
    pub fn end(self) -> NaiveDate {
        self.next().first
    }

    /// The month after.
    pub fn next(self) -> Self {
        // 31 days after the first of any month lie in the next one, whatever its length.
        self.first.checked_add_signed(TimeDelta::days(31)).map_or(self, Self::of)
    }

    /// The month before.
    pub fn previous(self) -> Self {
        self.first.pred_opt().map_or(self, Self::of)
    }

    /// Whether it contains a UTC day.
    pub fn contains(self, day: NaiveDate) -> bool {
        Self::of(day) == self
    }

    /// From its first instant, included, to its last, excluded.
    pub fn instants(self) -> (DateTime<Utc>, DateTime<Utc>) {
        (day_start(self.first), day_start(self.end()))
    }
}

/// The first instant of a UTC day.
pub fn day_start(day: NaiveDate) -> DateTime<Utc> {
    day.and_time(NaiveTime::MIN).and_utc()
}

/// The first instant after a UTC day.
pub fn day_end(day: NaiveDate) -> DateTime<Utc> {
    day_start(day) + TimeDelta::days(1)
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first.format("%Y-%m"))
    }
}

/// An error for text that is not a month.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a month; write it as 2024-12")]
pub struct ParseMonthError(String);

impl FromStr for Month {
    type Err = ParseMonthError;

    fn from_str(text: &str) -> Result<Self, ParseMonthError> {
        let shape = text.len() == 7
            && text.bytes().enumerate().all(|(i, b)| if i == 4 { b == b'-' } else { b.is_ascii_digit() });
        let first = NaiveDate::from_str(&format!("{text}-01")).ok().filter(|_| shape);
        first.map(Self::of).ok_or_else(|| ParseMonthError(text.to_owned()))
    }
}

impl From<Month> for String {
    fn from(month: Month) -> Self {
        month.to_string()
    }
}

impl TryFrom<String> for Month {
    type Error = ParseMonthError;

    fn try_from(text: String) -> Result<Self, ParseMonthError> {
        text.parse()
    }
}

/// Two days, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DayRange {
    /// The first.
    pub first: NaiveDate,
    /// The last.
    pub last: NaiveDate,
}

/// Reads a day in the one form in which people and programs write it: `2024-12-31`. `None` for anything else, such as
/// `2024-1-01` or `+2024-1-1`.
pub fn day(text: &str) -> Option<NaiveDate> {
    let shape = text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() });
    if shape { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_month_is_written_with_four_and_two_digits() {
        for text in ["2024-12", "2025-01", "0001-01"] {
            assert_eq!(text.parse::<Month>().unwrap().to_string(), text);
        }
        for text in ["2024-13", "2024-1", "24-12", "2024-12-01", "december", "", "2024/12", "+024-12"] {
            assert!(text.parse::<Month>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_day_lies_in_one_month_between_its_neighbours(days in 0i64..20_000) {
            let day = NaiveDate::from_ymd_opt(1990, 1, 1).unwrap() + TimeDelta::days(days);
            let month = Month::of(day);
            prop_assert!(month.first_day() <= day && day < month.end());
            prop_assert!(month.contains(day) && !month.next().contains(day) && !month.previous().contains(day));
            prop_assert_eq!(month.next().previous(), month);
            prop_assert!((28..=31).contains(&(month.end() - month.first_day()).num_days()));
        }
    }

    #[test]
    fn a_day_is_read_in_one_form_only() {
        for (text, expected) in [
            ("2024-12-31", NaiveDate::from_ymd_opt(2024, 12, 31)),
            ("2024-02-29", NaiveDate::from_ymd_opt(2024, 2, 29)),
            ("0001-01-01", NaiveDate::from_ymd_opt(1, 1, 1)),
            ("2023-02-29", None),
            ("2024-13-01", None),
            ("+2024-1-01", None),
            ("-2024-1-01", None),
            ("2024-12-1 ", None),
            ("2024/12/31", None),
            ("2024-12-31T", None),
            ("20241231", None),
            ("", None),
        ] {
            assert_eq!(day(text), expected, "{text}");
        }
    }
}
