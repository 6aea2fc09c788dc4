//! Parses times that users type: `2024-12-24T08:00` in a time zone, `2024-12-24`, or RFC 3339.

use chrono::{DateTime, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::{GapInfo, Tz};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error as Mistake;

use super::calendar;
use super::span::Span;

/// Why something typed is no point in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseInstantError {
    /// It has another form.
    #[error("`{0}` is not a time; write it as 2024-12-24T08:00, or with an offset as 2024-12-24T08:00:00+09:00")]
    Unreadable(String),
    /// It has the form of neither a length nor a date.
    #[error("`{0}` is neither a length of time, such as 7d, nor a date, such as 2024-12-01")]
    NotSince(String),
    /// The wall clock never shows it.
    #[error("{typed} does not exist in {zone}, because the clocks go forward; the next valid time is {next}")]
    Skipped {
        /// What was typed.
        typed: String,
        /// Whose wall clock.
        zone: Tz,
        /// The first instant after the gap, on the same clock, with its offset.
        next: String,
    },
    /// The wall clock shows it twice.
    #[error("{typed} occurs twice in {zone}, because the clocks go back; write {first} or {second}")]
    Twice {
        /// What was typed.
        typed: String,
        /// Whose wall clock.
        zone: Tz,
        /// The first time, with its offset.
        first: String,
        /// The second time, with its offset.
        second: String,
    },
    /// It is in the future, but only past times are allowed.
    #[error("{0} is in the future")]
    Future(String),
}

/// Reads RFC 3339, or a time on the wall clock of `zone`: `2024-12-24T08:00`, with seconds or without, with a blank in
/// place of the `T`.
///
/// # Errors
/// If it is neither, or if the zone's clock skips it or shows it twice, because the time must be unambiguous.
pub fn instant(typed: &str, zone: Tz) -> Result<DateTime<Utc>, ParseInstantError> {
    if let Ok(known) = DateTime::<FixedOffset>::parse_from_rfc3339(typed) {
        return Ok(known.to_utc());
    }
    let forms = [(16, "%Y-%m-%dT%H:%M"), (16, "%Y-%m-%d %H:%M"), (19, "%Y-%m-%dT%H:%M:%S"), (19, "%Y-%m-%d %H:%M:%S")];
    let reading = forms
        .iter()
        .filter(|(length, _)| typed.len() == *length)
        .find_map(|(_, form)| NaiveDateTime::parse_from_str(typed, form).ok());
    let reading = reading.ok_or_else(|| ParseInstantError::Unreadable(typed.to_owned()))?;
    let shown = |at: DateTime<Utc>| at.with_timezone(&zone).to_rfc3339();
    match zone.from_local_datetime(&reading) {
        LocalResult::Single(one) => Ok(one.to_utc()),
        LocalResult::Ambiguous(first, second) => Err(ParseInstantError::Twice {
            typed: typed.to_owned(),
            zone,
            first: shown(first.to_utc()),
            second: shown(second.to_utc()),
        }),
        LocalResult::None => {
            Err(ParseInstantError::Skipped { typed: typed.to_owned(), zone, next: shown(after_gap(reading, zone)) })
        }
    }
}

/// Reads since when something is to be shown: a length of time up to `now`, a date (from the start of that day on the
/// wall clock of `zone`), or what [`instant`] reads.
///
/// # Errors
/// If it is none of these, or is after `now`.
pub fn since(typed: &str, zone: Tz, now: DateTime<Utc>) -> Result<DateTime<Utc>, ParseInstantError> {
    let length: Result<Span, Mistake> = Span::deserialize(typed.into_deserializer());
    if let Ok(length) = length {
        return Ok(now - length.delta());
    }
    let read = day_or_instant(typed, zone).map_err(|mistake| match mistake {
        ParseInstantError::Unreadable(typed) => ParseInstantError::NotSince(typed),
        other => other,
    })?;
    if read > now { Err(ParseInstantError::Future(typed.to_owned())) } else { Ok(read) }
}

/// Reads a date, from the start of that day on the wall clock of `zone`, or what [`instant`] reads.
///
/// # Errors
/// As [`instant`].
pub fn day_or_instant(typed: &str, zone: Tz) -> Result<DateTime<Utc>, ParseInstantError> {
    calendar::day(typed).map_or_else(|| instant(typed, zone), |day| Ok(start_of_day(day, zone)))
}

/// The first instant of a day on the wall clock of `zone`; where midnight is skipped, the first after the gap.
pub fn start_of_day(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    match zone.from_local_datetime(&midnight) {
        LocalResult::Single(one) => one.to_utc(),
        LocalResult::Ambiguous(first, _) => first.to_utc(),
        LocalResult::None => after_gap(midnight, zone),
    }
}

/// The first instant after the gap that a reading of the wall clock falls into.
fn after_gap(reading: NaiveDateTime, zone: Tz) -> DateTime<Utc> {
    let end = GapInfo::new(&reading, &zone).and_then(|gap| gap.end);
    // Every gap has an end; a reading that is in none is taken for UTC.
    end.map_or_else(|| reading.and_utc(), |end| end.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(at: DateTime<Utc>) -> String {
        at.format("%FT%TZ").to_string()
    }

    #[test]
    fn a_time_is_read_on_the_wall_clock_of_the_zone_and_never_guessed_at() {
        const SEOUL: Tz = Tz::Asia__Seoul;
        const BERLIN: Tz = Tz::Europe__Berlin;
        for (zone, typed, read) in [
            (SEOUL, "2024-12-24T08:00", "2024-12-23T23:00:00Z"),
            (SEOUL, "2024-12-24 08:00", "2024-12-23T23:00:00Z"),
            (SEOUL, "2024-12-24T08:00:30", "2024-12-23T23:00:30Z"),
            (SEOUL, "2024-12-24T08:00:00Z", "2024-12-24T08:00:00Z"),
            (SEOUL, "2024-12-24T08:00:00+01:00", "2024-12-24T07:00:00Z"),
            (SEOUL, "2024-12-24", "is not a time;"),
            (SEOUL, "08:00", "is not a time;"),
            (SEOUL, "2024-12-24T24:00", "is not a time;"),
            (SEOUL, "2024-02-30T08:00", "is not a time;"),
            (SEOUL, "12024-12-24T08:0", "is not a time;"),
            (SEOUL, "tomorrow", "is not a time;"),
            (SEOUL, "", "is not a time;"),
            // Berlin, 31 March 2024: 02:00 becomes 03:00.
            (BERLIN, "2024-03-31T01:59", "2024-03-31T00:59:00Z"),
            (BERLIN, "2024-03-31T02:00", "the next valid time is 2024-03-31T03:00:00+02:00"),
            (BERLIN, "2024-03-31T02:59", "the next valid time is 2024-03-31T03:00:00+02:00"),
            (BERLIN, "2024-03-31T03:00", "2024-03-31T01:00:00Z"),
            (BERLIN, "2024-03-31T02:30:00+01:00", "2024-03-31T01:30:00Z"),
            // Berlin, 27 October 2024: 03:00 becomes 02:00 again.
            (BERLIN, "2024-10-27T01:59", "2024-10-26T23:59:00Z"),
            (BERLIN, "2024-10-27T02:30", "write 2024-10-27T02:30:00+02:00 or 2024-10-27T02:30:00+01:00"),
            (BERLIN, "2024-10-27T02:30:00+01:00", "2024-10-27T01:30:00Z"),
            (BERLIN, "2024-10-27T03:00", "2024-10-27T02:00:00Z"),
            // Lord Howe Island moves by half an hour.
            (Tz::Australia__Lord_Howe, "2024-10-06T02:15", "the next valid time is 2024-10-06T02:30:00+11:00"),
            (
                Tz::Australia__Lord_Howe,
                "2024-04-07T01:45",
                "write 2024-04-07T01:45:00+11:00 or 2024-04-07T01:45:00+10:30",
            ),
            // Samoa has crossed the date line, and never had this day.
            (Tz::Pacific__Apia, "2011-12-30T12:00", "the next valid time is 2011-12-31T00:00:00+14:00"),
        ] {
            match instant(typed, zone) {
                Ok(at) => assert_eq!(utc(at), read, "{typed} in {zone}"),
                Err(mistake) => {
                    assert!(mistake.to_string().contains(read), "{typed} in {zone}: {mistake}, and not {read}");
                }
            }
        }
    }

    #[test]
    fn since_is_a_length_or_the_start_of_a_day_where_the_reader_lives() {
        let now: DateTime<Utc> = "2024-12-20T12:00:00Z".parse().unwrap();
        for (zone, typed, read) in [
            (Tz::UTC, "7d", "2024-12-13T12:00:00Z"),
            (Tz::Asia__Seoul, "90s", "2024-12-20T11:58:30Z"),
            (Tz::UTC, "2024-12-01", "2024-12-01T00:00:00Z"),
            (Tz::Asia__Seoul, "2024-12-01", "2024-11-30T15:00:00Z"),
            (Tz::America__New_York, "2024-12-20", "2024-12-20T05:00:00Z"),
            (Tz::Asia__Seoul, "2024-12-20T20:00", "2024-12-20T11:00:00Z"),
            // Days that begin an hour late, and one whose first hour comes twice.
            (Tz::Africa__Cairo, "2024-04-26", "2024-04-25T22:00:00Z"),
            (Tz::America__Santiago, "2024-09-08", "2024-09-08T04:00:00Z"),
            (Tz::America__Havana, "2024-11-03", "2024-11-03T04:00:00Z"),
            (Tz::UTC, "2024-12-21", "is in the future"),
            (Tz::America__New_York, "2024-12-20T08:00", "is in the future"),
            (Tz::UTC, "7", "neither a length of time"),
            (Tz::UTC, "-7d", "neither a length of time"),
            (Tz::UTC, "2024-13-01", "neither a length of time"),
            (Tz::UTC, "2024-12", "neither a length of time"),
            (Tz::UTC, "", "neither a length of time"),
        ] {
            match since(typed, zone, now) {
                Ok(at) => assert_eq!(utc(at), read, "{typed} in {zone}"),
                Err(mistake) => {
                    assert!(mistake.to_string().contains(read), "{typed} in {zone}: {mistake}, and not {read}");
                }
            }
        }
    }
}
