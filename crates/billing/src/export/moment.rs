//! Parses times of exports, including forms written by spreadsheets. An ambiguous form is reported, not guessed.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use model::calendar;

/// The result of parsing a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParsedDay {
    /// This UTC day.
    Day(NaiveDate),
    /// One of two days: month first, or day first.
    Either(NaiveDate, NaiveDate),
}

/// Years that a bill of AWS can be of.
const YEARS: std::ops::RangeInclusive<i32> = 2006..=2100;

/// Reads the UTC day of a point in time. A time without a zone is UTC, as both FOCUS and CUR 2.0 have it; epochs are
/// known by their length, as seconds, milli-, micro- or nanoseconds. `None` for anything else.
pub fn read(text: &str) -> Option<ParsedDay> {
    let said = if text.len() >= 10 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        ParsedDay::Day(of_epoch(text)?)
    } else if text.contains('/') {
        with_slashes(text)?
    } else {
        ParsedDay::Day(iso(text)?)
    };
    let (one, other) = match said {
        ParsedDay::Day(day) => (day, day),
        ParsedDay::Either(one, other) => (one, other),
    };
    use chrono::Datelike;
    (YEARS.contains(&one.year()) && YEARS.contains(&other.year())).then_some(said)
}

/// The UTC day of a number of units since 1970, with `a_second` units per second. `None` if out of range.
pub fn since_epoch(count: i64, a_second: i64) -> Option<NaiveDate> {
    DateTime::<Utc>::from_timestamp(count.div_euclid(a_second), 0).map(|at| at.date_naive())
}

fn of_epoch(digits: &str) -> Option<NaiveDate> {
    let a_second = match digits.len() {
        10 => 1,
        13 => 1_000,
        16 => 1_000_000,
        19 => 1_000_000_000,
        _ => return None,
    };
    since_epoch(digits.parse().ok()?, a_second)
}

fn iso(text: &str) -> Option<NaiveDate> {
    let (date, rest) = text.split_at_checked(10)?;
    let date = calendar::day(date)?;
    let rest = match rest.strip_prefix(['T', 't', ' ']) {
        Some(time) => time,
        None if rest.is_empty() => return Some(date),
        None => return None,
    };
    with_time(date, rest)
}

/// A time of day, and perhaps a zone, behind a date.
fn with_time(date: NaiveDate, text: &str) -> Option<NaiveDate> {
    let end = text.find(|c: char| !matches!(c, '0'..='9' | ':' | '.')).unwrap_or(text.len());
    let (time, zone) = text.split_at_checked(end)?;
    let mut parts = time.splitn(3, ':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let seconds = parts.next().unwrap_or("0");
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    if hour > 23 || minute > 59 || number(seconds)? > 60 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let ahead = match zone.trim() {
        "" | "Z" | "z" | "UTC" | "GMT" => 0,
        offset => minutes_ahead(offset)?,
    };
    let minutes = i64::from(hour * 60 + minute) - ahead;
    date.checked_add_signed(TimeDelta::days(minutes.div_euclid(24 * 60)))
}

/// Minutes of an offset from UTC: `+09:00`, `+0900`, `-03`.
fn minutes_ahead(offset: &str) -> Option<i64> {
    let (sign, digits) = match offset.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits.len() {
        2 => (digits, "0"),
        4 => digits.split_at_checked(2)?,
        5 => digits.split_once(':')?,
        _ => return None,
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= 15 && minutes <= 59).then(|| sign * i64::from(hours * 60 + minutes))
}

/// `12/31/2024 0:00` and `31/12/2024`; with both numbers up to twelve either can be the month. AM and PM are not read.
fn with_slashes(text: &str) -> Option<ParsedDay> {
    let (date, time) = text.split_once(' ').unwrap_or((text, ""));
    let mut parts = date.split('/');
    let (first, second, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 || first.len() > 2 || second.len() > 2 {
        return None;
    }
    let (first, second, year) = (number(first)?, number(second)?, i32::try_from(number(year)?).ok()?);
    let on = |month, day| {
        let date = NaiveDate::from_ymd_opt(year, month, day)?;
        if time.is_empty() { Some(date) } else { with_time(date, time) }
    };
    match (on(first, second), on(second, first)) {
        (Some(one), Some(other)) if one != other => Some(ParsedDay::Either(one, other)),
        (Some(day), _) | (None, Some(day)) => Some(ParsedDay::Day(day)),
        (None, None) => None,
    }
}

/// A number of at most four digits.
fn number(text: &str) -> Option<u32> {
    let digits = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_point_in_time_is_a_day_in_utc() {
        for (text, expected) in [
            ("2024-12-01T00:00:00Z", "2024-12-01"),
            ("2024-12-01T00:00:00.000Z", "2024-12-01"),
            ("2024-12-01", "2024-12-01"),
            ("2024-12-01 00:00:00", "2024-12-01"),
            ("2024-12-01 00:00:00 UTC", "2024-12-01"),
            ("2024-12-01 00:00:00.000 UTC", "2024-12-01"),
            ("2024-12-01 00:00:00+00:00", "2024-12-01"),
            ("2024-12-01T08:59:00+09:00", "2024-11-30"),
            ("2024-12-01T09:00:00+0900", "2024-12-01"),
            ("2024-11-30T21:00:00-03", "2024-12-01"),
            ("12/31/2024 0:00", "2024-12-31"),
            ("31/12/2024", "2024-12-31"),
            ("12/12/2024 23:00", "2024-12-12"),
            ("1733011200", "2024-12-01"),
            ("1733011199999", "2024-11-30"),
            ("1733011200000000", "2024-12-01"),
            ("1733011200000000000", "2024-12-01"),
        ] {
            assert_eq!(read(text), Some(ParsedDay::Day(day(expected))), "{text}");
        }
        assert_eq!(read("12/1/2024 0:00"), Some(ParsedDay::Either(day("2024-12-01"), day("2024-01-12"))));
    }

    #[test]
    fn what_is_no_point_in_time_is_not_guessed() {
        for text in [
            "",
            "2024-12",
            "2024-13-01",
            "2024-02-30",
            "45627",
            "20241201",
            "2024-12-01T00:00:00 PST",
            "2024-12-01T25:00:00Z",
            "12/1/24",
            "1/2/3/2024",
            "Dec 1, 2024",
            "2024-12-01x",
            "12/31/2024 1:00 PM",
            "99999999999",
            "0000000000",
            "1899-12-30",
            "２０２４-12-01",
            "2024-12-01T00:00:00+1",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
