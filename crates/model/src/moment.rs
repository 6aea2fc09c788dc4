//! Parses the time at the beginning of a copied log line.

use chrono::NaiveDate;

/// A time at the beginning of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeadingTime<'a> {
    /// Milliseconds since 1970 UTC; `None` if the text is incomplete, such as a time of day without a date.
    pub at_ms: Option<i64>,
    /// What follows, without the separator.
    pub rest: &'a str,
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The time a text begins with. A time without a zone is taken as UTC, as `sam logs` and Logs Insights write it.
pub fn leading(text: &str) -> Option<LeadingTime<'_>> {
    let bytes = text.as_bytes();
    match bytes.first()? {
        b'0'..=b'9' => {
            if bytes.get(4).is_some_and(|byte| matches!(byte, b'-' | b'/')) {
                return date_time(text);
            }
            if matches!((bytes.get(1), bytes.get(2)), (Some(b':'), _) | (_, Some(b':'))) {
                return time_of_day(text).map(|(_, rest)| LeadingTime { at_ms: None, rest: separated(rest) });
            }
            epoch(text).or_else(|| day_month(text))
        }
        b'A'..=b'S' => month_day(text),
        _ => None,
    }
}

/// Milliseconds since 1970 in thirteen digits.
pub fn epoch(text: &str) -> Option<LeadingTime<'_>> {
    let digits = text.get(..13)?;
    let rest = text.get(13..)?;
    // From 2001 on and before 2286: the thirteen digits that log tools print.
    let is_one = digits.bytes().all(|byte| byte.is_ascii_digit())
        && !rest.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    is_one.then(|| LeadingTime {
        at_ms: digits.parse().ok().filter(|ms| *ms >= 1_000_000_000_000),
        rest: separated(rest),
    })
}

/// A run of `count` digits as a number.
fn digits(bytes: &[u8], from: usize, count: usize) -> Option<u32> {
    bytes
        .get(from..from + count)?
        .iter()
        .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
}

fn date_time(text: &str) -> Option<LeadingTime<'_>> {
    let bytes = text.as_bytes();
    let day =
        NaiveDate::from_ymd_opt(i32::try_from(digits(bytes, 0, 4)?).ok()?, digits(bytes, 5, 2)?, digits(bytes, 8, 2)?)?;
    if bytes.get(4) != bytes.get(7) || !bytes.get(10).is_some_and(|byte| matches!(byte, b'T' | b' ' | b't')) {
        return None;
    }
    let (of_day, rest) = time_of_day(text.get(11..)?)?;
    let of_day = of_day?;
    let (offset_ms, rest) = zone(rest);
    let at_ms = day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis() + of_day - offset_ms;
    Some(LeadingTime { at_ms: Some(at_ms), rest: separated(rest) })
}

/// `10:16:34`, with a fraction and `AM` or `PM` where they stand: milliseconds of the day, and what follows.
fn time_of_day(text: &str) -> Option<(Option<i64>, &str)> {
    let (hours, text) = if text.as_bytes().get(1) == Some(&b':') {
        (digits(text.as_bytes(), 0, 1)?, text.get(1..)?)
    } else {
        (digits(text.as_bytes(), 0, 2)?, text.get(2..)?)
    };
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b':') || bytes.get(3) != Some(&b':') {
        return None;
    }
    let (minutes, seconds) = (digits(bytes, 1, 2)?, digits(bytes, 4, 2)?);
    let mut rest = text.get(6..)?;
    let mut ms = 0;
    if rest.starts_with(['.', ',']) && rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit) {
        let fraction = rest.get(1..)?;
        let length = fraction.bytes().take_while(u8::is_ascii_digit).count();
        for place in 0..3 {
            ms = ms * 10
                + fraction.as_bytes().get(place).filter(|_| place < length).map_or(0, |byte| i64::from(byte - b'0'));
        }
        rest = fraction.get(length..)?;
    }
    let mut hours = hours;
    if let Some((more, after)) = half_of_day(rest) {
        hours = hours % 12 + more;
        rest = after;
    }
    if hours > 23 || minutes > 59 || seconds > 60 {
        return None;
    }
    let of_day = (i64::from(hours) * 3600 + i64::from(minutes) * 60 + i64::from(seconds)) * 1000 + ms;
    let ends = rest.bytes().next().is_none_or(|byte| !byte.is_ascii_digit());
    ends.then_some((Some(of_day), rest))
}

/// `AM` or `PM` behind a time of day: the hours it adds, and what follows. `AMQP` is none.
fn half_of_day(text: &str) -> Option<(u32, &str)> {
    let half = text.strip_prefix(' ').unwrap_or(text);
    let more = match half.as_bytes().first_chunk()? {
        b"AM" | b"am" => 0,
        b"PM" | b"pm" => 12,
        _ => return None,
    };
    let after = half.get(2..)?;
    let ends = !after.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    ends.then_some((more, after))
}

/// Whether a text would be read as a part of the time of day in front of it.
pub fn begins_with_half_of_day(text: &str) -> bool {
    half_of_day(text).is_some()
}

/// `Z`, `+02:00`, `+0200`, `-04`, ` (+02:00)`: milliseconds ahead of UTC, and what follows.
fn zone(text: &str) -> (i64, &str) {
    let named = text.strip_prefix(['Z', 'z']).or_else(|| text.strip_prefix(" UTC"));
    if let Some(rest) = named {
        return (0, rest);
    }
    let (inner, closes) = match text.strip_prefix(" (") {
        Some(inner) => (inner, true),
        None => (text, false),
    };
    let read = || {
        let bytes = inner.as_bytes();
        let sign = match bytes.first()? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let hours = digits(bytes, 1, 2)?;
        let (minutes, length) = match bytes.get(3) {
            Some(b':') => (digits(bytes, 4, 2)?, 6),
            Some(b'0'..=b'9') => (digits(bytes, 3, 2)?, 5),
            _ => (0, 3),
        };
        let rest = inner.get(length..)?;
        let rest = if closes { rest.strip_prefix(')')? } else { rest };
        Some((sign * (i64::from(hours) * 60 + i64::from(minutes)) * 60_000, rest))
    };
    read().unwrap_or((0, text))
}

/// `14 Mar 2025 10:11:12,345`
fn day_month(text: &str) -> Option<LeadingTime<'_>> {
    let mut words = text.splitn(4, ' ');
    let day: u32 = words.next()?.parse().ok()?;
    let month = words.next()?;
    let month = MONTHS.iter().position(|name| *name == month)?;
    let year: i32 = words.next()?.parse().ok()?;
    let (of_day, rest) = time_of_day(words.next()?)?;
    let day = NaiveDate::from_ymd_opt(year, u32::try_from(month).ok()? + 1, day)?;
    Some(LeadingTime {
        at_ms: Some(day.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis() + of_day?),
        rest: separated(rest),
    })
}

/// `Sep 14, 09:03:01 PM:` and `Jun 14 15:16:01`, which say no year.
fn month_day(text: &str) -> Option<LeadingTime<'_>> {
    let month = text.get(..3)?;
    let rest = text.get(3..)?.strip_prefix(' ')?.trim_start_matches(' ');
    MONTHS.contains(&month).then_some(())?;
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=2).contains(&length) {
        return None;
    }
    let rest = rest.get(length..)?;
    let rest = ["st", "nd", "rd", "th"].iter().find_map(|end| rest.strip_prefix(end)).unwrap_or(rest);
    let rest = rest.strip_prefix(',').unwrap_or(rest).strip_prefix(' ')?;
    // `Sep 14, 2023, 09:03:01` says one after all, but no zone to trust.
    let rest = rest
        .get(..4)
        .filter(|year| year.bytes().all(|byte| byte.is_ascii_digit()))
        .and_then(|_| rest.get(4..))
        .map_or(rest, |rest| rest.trim_start_matches([',', ' ']));
    let (_, rest) = time_of_day(rest)?;
    Some(LeadingTime { at_ms: None, rest: separated(rest) })
}

/// The time within a log line, in any of the formats.
pub fn of_line(line: &str) -> Option<i64> {
    if let Some(rest) = line.strip_prefix('[') {
        let after = rest.split_once(']').map_or(rest, |(_, after)| after.trim_ascii_start());
        return leading(after).or_else(|| leading(rest)).and_then(|found| found.at_ms);
    }
    if line.starts_with('{') {
        let start = line.get(..200).unwrap_or(line);
        let value = ["\"time\":", "\"timestamp\":", "\"ts\":"].iter().find_map(|key| start.split_once(key))?.1;
        return leading(value.trim_start_matches([' ', '"'])).and_then(|found| found.at_ms);
    }
    leading(line).and_then(|found| found.at_ms)
}

/// What follows a prefix, without what separates it.
pub fn separated(rest: &str) -> &str {
    rest.strip_prefix([':', ']', '`', '|', ',']).unwrap_or(rest).trim_ascii_start()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leading_time_is_read_whatever_tool_wrote_it() {
        const AT: Option<i64> = Some(1_720_000_000_000 + 123); // 2024-07-03T09:46:40.123Z
        for (text, at_ms) in [
            ("2024-07-03T09:46:40.123Z START", AT),
            ("2024-07-03T09:46:40.123000 START", AT),
            ("2024-07-03T09:46:40.123000+00:00 START", AT),
            ("2024-07-03T05:46:40.123-04:00  START", AT),
            ("2024-07-03 09:46:40.123 START", AT),
            ("2024-07-03 11:46:40.123 (+02:00)\tSTART", AT),
            ("2024-07-03 18:46:40,123+0900 START", AT),
            ("2024/07/03 09:46:40.123 START", AT),
            ("03 Jul 2024 09:46:40,123 START", AT),
            ("1720000000123 START", AT),
            ("09:46:40 START", None),
            ("9:46:40 AM START", None),
            ("Jul  3 09:46:40 START", None),
            ("Jul 3, 09:46:40 AM: START", None),
            ("Jul 3rd 09:46:40am START", None),
            ("Jul 3, 2024, 09:46:40 AM: START", None),
        ] {
            let found = leading(text).unwrap_or_else(|| panic!("{text} begins with a time"));
            assert_eq!((found.at_ms, found.rest), (at_ms, "START"), "{text}");
        }
    }

    #[test]
    fn a_word_that_only_begins_like_a_half_of_the_day_is_no_part_of_the_time() {
        for (text, hours, rest) in [
            ("2024-07-03T09:46:40 AMQP connected", 9, "AMQP connected"),
            ("2024-07-03T09:46:40 PM2 started", 9, "PM2 started"),
            ("2024-07-03T09:46:40 PM connected", 21, "connected"),
            ("2024-07-03T09:46:40 am", 9, ""),
        ] {
            let found = leading(text).unwrap_or_else(|| panic!("{text} begins with a time"));
            let hour = found.at_ms.map(|ms| ms / 3_600_000 % 24);
            assert_eq!((hour, found.rest), (Some(hours), rest), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_stays() {
        for text in [
            "",
            "1",
            "12:34",
            "2024-13-01T00:00:00Z x",
            "2024-01-01",
            "24:00:00 x",
            "Sept 3 09:46:40",
            "Error: x",
            "2024-01-01T00:00:61Z",
            "17200000001234 x",
            "\u{661}:",
        ] {
            assert_eq!(leading(text), None, "{text}");
        }
    }
}
