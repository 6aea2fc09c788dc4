//! Parses times of exports, including forms written by spreadsheets. An ambiguous form is reported, not guessed.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use model::calendar;

/// The order in which a date with slashes is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DayOrder {
    /// `4/13/25`, as in the United States.
    MonthFirst,
    /// `13/4/25`, as in Europe.
    DayFirst,
    /// `25/4/13`, as in East Asia; only with two digits for the year, because four are recognized.
    YearFirst,
}

impl DayOrder {
    /// All of them, in the order in which [`SlashedDay`] keeps them.
    pub const ALL: [Self; 3] = [Self::MonthFirst, Self::DayFirst, Self::YearFirst];
}

/// The days that a date with slashes can mean, one for each of [`DayOrder::ALL`].
pub type SlashedDay = [Option<NaiveDate>; DayOrder::ALL.len()];

/// The result of parsing a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParsedDay {
    /// This UTC day.
    Day(NaiveDate),
    /// A date with slashes, which can mean at least one day.
    Slashed(SlashedDay),
}

/// The orders that all dates of a file with slashes allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayOrders([bool; DayOrder::ALL.len()]);

impl Default for DayOrders {
    fn default() -> Self {
        Self([true; DayOrder::ALL.len()])
    }
}

impl DayOrders {
    /// Leaves only the orders in which a date is a day that `fits`. A date that is none in any order changes nothing.
    pub fn learn(&mut self, days: &SlashedDay, fits: impl Fn(NaiveDate) -> bool) {
        let allowed = days.map(|day| day.is_some_and(&fits));
        if allowed.contains(&true) {
            self.0.iter_mut().zip(allowed).for_each(|(known, allowed)| *known &= allowed);
        }
    }

    /// Whether the dates of the file contradict each other.
    pub fn contradict(self) -> bool {
        !self.0.contains(&true)
    }

    /// The day that is meant, if all orders that are left agree on it.
    pub fn day(self, days: &SlashedDay) -> Option<NaiveDate> {
        let mut meant = days.iter().zip(self.0).filter(|(_, is_left)| *is_left).filter_map(|(day, _)| *day);
        let first = meant.next()?;
        meant.all(|other| other == first).then_some(first)
    }
}

/// Years that a bill of AWS can be of.
const YEARS: std::ops::RangeInclusive<i32> = 2006..=2100;

/// Reads the UTC day of a point in time. A time without a zone is UTC, as both FOCUS and CUR 2.0 have it; epochs are
/// known by their length, as seconds, milli-, micro- or nanoseconds. `None` for anything else.
pub fn read(text: &str) -> Option<ParsedDay> {
    let said = if text.len() >= 10 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        ParsedDay::Day(of_epoch(text)?)
    } else if text.contains('/') {
        return with_slashes(text);
    } else {
        ParsedDay::Day(iso(text)?)
    };
    matches!(said, ParsedDay::Day(day) if is_of_a_bill(day)).then_some(said)
}

fn is_of_a_bill(day: NaiveDate) -> bool {
    YEARS.contains(&day.year())
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

/// `12/31/2024 0:00`, `31/12/2024`, `12/31/24` and `2024/12/31`. AM and PM are not read.
fn with_slashes(text: &str) -> Option<ParsedDay> {
    let (date, time) = text.split_once(' ').unwrap_or((text, ""));
    let mut parts = date.split('/');
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || second.len() > 2 {
        return None;
    }
    let on = |year: u32, month, day| {
        let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
        let day = if time.is_empty() { date } else { with_time(date, time)? };
        is_of_a_bill(day).then_some(day)
    };
    let (one, two, three) = (number(first)?, number(second)?, number(third)?);
    let days = match (first.len(), third.len()) {
        (4, 1 | 2) => return on(one, two, three).map(ParsedDay::Day),
        (1 | 2, 4) => [on(three, one, two), on(three, two, one), None],
        (1 | 2, 2) => [on(2000 + three, one, two), on(2000 + three, two, one), on(2000 + one, two, three)],
        // A year is never written with one digit, so the first number must be one.
        (2, 1) => [None, None, on(2000 + one, two, three)],
        _ => return None,
    };
    let mut known = days.iter().flatten();
    let first = *known.next()?;
    Some(if known.all(|day| *day == first) && days.iter().flatten().count() > 1 {
        ParsedDay::Day(first)
    } else {
        ParsedDay::Slashed(days)
    })
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
            ("12/12/2024 23:00", "2024-12-12"),
            ("2024/12/1", "2024-12-01"),
            ("2024/12/31 0:00", "2024-12-31"),
            ("1733011200", "2024-12-01"),
            ("1733011199999", "2024-11-30"),
            ("1733011200000000", "2024-12-01"),
            ("1733011200000000000", "2024-12-01"),
        ] {
            assert_eq!(read(text), Some(ParsedDay::Day(day(expected))), "{text}");
        }
    }

    #[test]
    fn a_date_with_slashes_is_every_day_that_it_can_be() {
        for (text, month_first, day_first, year_first) in [
            ("12/1/2024 0:00", "2024-12-01", "2024-01-12", ""),
            ("12/31/2024", "2024-12-31", "", ""),
            ("31/12/2024 0:00", "", "2024-12-31", ""),
            ("4/13/25", "2025-04-13", "", ""),
            ("4/1/25", "2025-04-01", "2025-01-04", ""),
            ("10/11/12", "2012-10-11", "2012-11-10", "2010-11-12"),
            ("24/12/25", "", "2025-12-24", "2024-12-25"),
            ("24/12/1", "", "", "2024-12-01"),
        ] {
            let days = [month_first, day_first, year_first].map(|day| day.parse().ok());
            assert_eq!(read(text), Some(ParsedDay::Slashed(days)), "{text}");
        }
    }

    /// The dates of a file, and the days that are meant; `?` where it stays open, `!` if they contradict each other.
    fn check(texts: &[&str], expected: &str) {
        let parsed: Vec<SlashedDay> = texts
            .iter()
            .map(|text| match read(text) {
                Some(ParsedDay::Slashed(days)) => days,
                other => panic!("{text}: {other:?}"),
            })
            .collect();
        let mut orders = DayOrders::default();
        parsed.iter().for_each(|days| orders.learn(days, |_| true));
        let shown = |days| orders.day(days).map_or("?".to_owned(), |day| day.to_string());
        let all: Vec<String> = parsed.iter().map(shown).collect();
        assert_eq!(if orders.contradict() { "!".to_owned() } else { all.join(" ") }, expected, "{texts:?}");
    }

    #[test]
    fn dates_that_leave_no_doubt_decide_about_those_that_do() {
        for (texts, expected) in [
            (&["4/5/25", "4/13/25"][..], "2025-04-05 2025-04-13"),
            (&["4/5/25", "13/4/25"], "2025-05-04 2025-04-13"),
            (&["4/5/25", "4/6/25"], "? ?"),
            (&["13/4/25", "4/13/25"], "!"),
            (&["13/4/2025"], "2025-04-13"),
            (&["24/12/25"], "?"),
            (&["24/12/25", "24/12/05"], "2024-12-25 2024-12-05"),
            (&["24/12/25", "31/12/24"], "? ?"),
            (&["24/12/25", "1/12/25"], "2025-12-24 2025-12-01"),
        ] {
            check(texts, expected);
        }
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
            "1/2/5",
            "13/13/25",
            "123/1/25",
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
