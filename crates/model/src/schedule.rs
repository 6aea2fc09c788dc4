//! Schedules: a fixed interval, or a cron expression in a time zone.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, LocalResult, NaiveDateTime, NaiveTime, Offset, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use cron::TimeUnitSpec;

use super::span::Span;

/// A recurring point in time.
#[derive(Debug, Clone)]
pub enum Schedule {
    /// Again this long after the last time.
    Every(Span),
    /// By a cron expression, on the wall clock of a time zone.
    Cron(Box<CronInZone>),
}

/// A six-field cron expression (seconds first) read on the wall clock of `zone`.
#[derive(Debug, Clone)]
pub struct CronInZone {
    cron: cron::Schedule,
    zone: Tz,
}

/// Why a cron expression cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseCronError {
    /// It does not parse.
    #[error("not a cron expression")]
    Syntax,
    /// It has the five fields of crontab.
    #[error("a cron expression must have six fields, seconds first")]
    FiveFields,
    /// It names only dates that do not exist, such as 30 February.
    #[error("this schedule is never due")]
    Never,
}

/// Local clocks never move by more than this at once (the largest daylight-saving shift in use is two hours).
const LARGEST_SHIFT: TimeDelta = TimeDelta::hours(3);

impl CronInZone {
    /// Parses an expression such as `0 10 */6 * * *`. `now` is only used to check that a future date exists.
    pub fn parse(expression: &str, zone: Tz, now: DateTime<Utc>) -> Result<Self, ParseCronError> {
        let fields = expression.split_whitespace().count();
        let cron = match cron::Schedule::from_str(expression) {
            Ok(cron) if fields != 5 => cron,
            _ if fields == 5 => return Err(ParseCronError::FiveFields),
            _ => return Err(ParseCronError::Syntax),
        };
        let schedule = Self { cron, zone };
        schedule.next_after(now).ok_or(ParseCronError::Never)?;
        Ok(schedule)
    }

    /// The first instant after `now`.
    ///
    /// The expression is matched against the wall clock. A time that the clock skips in spring fires at the first
    /// instant after the gap; a time that it shows twice in autumn fires the first time only, unless the expression
    /// holds in every hour: those are meant as an interval, and fire in both.
    pub fn next_after(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let wall = self.wall(now);
        let near_a_shift = self.offset(now - LARGEST_SHIFT) != self.offset(now + LARGEST_SHIFT);
        if near_a_shift {
            // The same reading may lie on both sides of `now`, so look again at the hours around it and take what comes
            // first.
            let around =
                self.readings_after(wall - LARGEST_SHIFT).take_while(|reading| *reading <= wall + LARGEST_SHIFT);
            if let Some(next) = around.flat_map(|reading| self.instants(reading)).filter(|instant| *instant > now).min()
            {
                return Some(next);
            }
        }
        self.readings_after(wall).flat_map(|reading| self.instants(reading)).find(|instant| *instant > now)
    }

    /// The last instant that is not after `now`, as far back as four hundred days.
    pub fn last_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        // From close by first: an expression may hold every second, or once a year.
        let windows =
            [TimeDelta::minutes(1), TimeDelta::hours(1), TimeDelta::days(1), TimeDelta::days(32), TimeDelta::days(400)];
        let first = windows
            .into_iter()
            .filter_map(|back| self.next_after(now.checked_sub_signed(back)?))
            .find(|first| *first <= now)?;
        std::iter::successors(Some(first), |at| self.next_after(*at)).take_while(|at| *at <= now).last()
    }

    /// The zone whose wall clock it is read on.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    fn offset(&self, at: DateTime<Utc>) -> chrono::FixedOffset {
        self.zone.offset_from_utc_datetime(&at.naive_utc()).fix()
    }

    fn wall(&self, at: DateTime<Utc>) -> NaiveDateTime {
        at.with_timezone(&self.zone).naive_local()
    }

    /// Wall-clock readings the expression names after `wall`; the cron crate counts them as if they were UTC, which has
    /// no gaps.
    fn readings_after(&self, wall: NaiveDateTime) -> impl Iterator<Item = NaiveDateTime> + '_ {
        self.cron.after(&wall.and_utc()).map(|reading| reading.naive_utc())
    }

    /// The instants at which the wall clock of the zone shows `reading`.
    fn instants(&self, reading: NaiveDateTime) -> Vec<DateTime<Utc>> {
        match self.zone.from_local_datetime(&reading) {
            LocalResult::Single(one) => vec![one.to_utc()],
            LocalResult::Ambiguous(first, second) if self.cron.hours().is_all() => {
                vec![first.to_utc(), second.to_utc()]
            }
            LocalResult::Ambiguous(first, _) => vec![first.to_utc()],
            LocalResult::None => self.end_of_gap(reading).into_iter().collect(),
        }
    }

    /// The first instant after the gap that `reading` falls into: where the offset changes.
    fn end_of_gap(&self, reading: NaiveDateTime) -> Option<DateTime<Utc>> {
        let before = self.zone.from_local_datetime(&(reading - LARGEST_SHIFT)).latest()?.to_utc();
        let (mut low, mut high) = (before, before + LARGEST_SHIFT * 2);
        let old = self.offset(low);
        while high - low > TimeDelta::seconds(1) {
            let middle = low + TimeDelta::seconds((high - low).num_seconds() / 2);
            if self.offset(middle) == old { low = middle } else { high = middle }
        }
        Some(high)
    }
}

/// The first instant after `now` at which the wall clock of `zone` shows `time`; where it skips that time, the first
/// after the gap.
pub fn local_time_after(time: NaiveTime, zone: Tz, now: DateTime<Utc>) -> DateTime<Utc> {
    let expression = format!("{} {} {} * * *", time.second(), time.minute(), time.hour());
    let next = CronInZone::parse(&expression, zone, now).ok().and_then(|cron| cron.next_after(now));
    // Every day has every time, or the end of the gap that it falls into.
    next.unwrap_or(now + TimeDelta::days(1))
}

impl Schedule {
    /// The next time it is due after `now`. `None` if a cron expression has run out of years.
    pub fn next_after(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Every(span) => now.checked_add_signed(span.delta()),
            Self::Cron(cron) => cron.next_after(now),
        }
    }

    /// The usual interval between two times, to distinguish a late answer from a missing one.
    pub fn usual_gap(&self, now: DateTime<Utc>) -> TimeDelta {
        match self {
            Self::Every(span) => span.delta(),
            Self::Cron(cron) => {
                let first = cron.next_after(now);
                let second = first.and_then(|first| cron.next_after(first));
                first.zip(second).map_or(TimeDelta::days(1), |(first, second)| second - first)
            }
        }
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every(span) => write!(f, "every {span}"),
            Self::Cron(cron) => write!(f, "cron {} ({})", cron.cron.source(), cron.zone),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// The next `n` firings after `from`, in UTC.
    fn check(expression: &str, zone: Tz, from: &str, expected: &[&str]) {
        let schedule = CronInZone::parse(expression, zone, at("2024-01-01T00:00:00Z")).unwrap();
        let mut now = at(from);
        for next in expected {
            now = schedule.next_after(now).unwrap();
            assert_eq!(now, at(next), "{expression} in {zone} after {from}");
        }
    }

    #[test]
    fn a_cron_expression_is_read_on_the_wall_clock_of_its_zone() {
        check(
            "0 10 */6 * * *",
            Tz::Asia__Seoul,
            "2024-12-01T00:00:00Z",
            &["2024-12-01T03:10:00Z", "2024-12-01T09:10:00Z", "2024-12-01T15:10:00Z", "2024-12-01T21:10:00Z"],
        );
        check("0 0 9 1 * *", Tz::UTC, "2024-12-01T09:00:00Z", &["2025-01-01T09:00:00Z"]);
    }

    #[test]
    fn a_time_skipped_in_spring_fires_once_right_after_the_gap() {
        // Berlin, 31 March 2024: 02:00 becomes 03:00, that is 01:00 UTC.
        check(
            "0 30 2 * * *",
            Tz::Europe__Berlin,
            "2024-03-30T00:00:00Z",
            &["2024-03-30T01:30:00Z", "2024-03-31T01:00:00Z", "2024-04-01T00:30:00Z"],
        );
    }

    #[test]
    fn a_time_shown_twice_in_autumn_fires_once() {
        // Berlin, 27 October 2024: 03:00 becomes 02:00 again, that is 01:00 UTC.
        check(
            "0 30 2 * * *",
            Tz::Europe__Berlin,
            "2024-10-26T00:00:00Z",
            &["2024-10-26T00:30:00Z", "2024-10-27T00:30:00Z", "2024-10-28T01:30:00Z"],
        );
    }

    #[test]
    fn an_expression_of_every_hour_keeps_its_rhythm_through_both_changes() {
        check(
            "0 */30 * * * *",
            Tz::Europe__Berlin,
            "2024-10-26T23:45:00Z",
            &[
                "2024-10-27T00:00:00Z",
                "2024-10-27T00:30:00Z",
                "2024-10-27T01:00:00Z",
                "2024-10-27T01:30:00Z",
                "2024-10-27T02:00:00Z",
            ],
        );
        check(
            "0 */30 * * * *",
            Tz::Europe__Berlin,
            "2024-03-31T00:15:00Z",
            &["2024-03-31T00:30:00Z", "2024-03-31T01:00:00Z", "2024-03-31T01:30:00Z"],
        );
        // Lord Howe Island moves by half an hour: on 6 October 2024 02:00 becomes 02:30, that is 15:30 UTC the day
        // before.
        check(
            "0 15 2 * * *",
            Tz::Australia__Lord_Howe,
            "2024-10-05T00:00:00Z",
            &["2024-10-05T15:30:00Z", "2024-10-06T15:15:00Z"],
        );
    }

    #[test]
    fn the_last_time_is_the_one_before_the_next() {
        for (expression, now, last) in [
            ("0 0 9 2 * *", "2025-01-02T00:00:00Z", Some("2025-01-02T00:00:00Z")),
            ("0 0 9 2 * *", "2025-01-01T23:59:59Z", Some("2024-12-02T00:00:00Z")),
            ("0 0 9 2 * *", "2025-01-31T00:00:00Z", Some("2025-01-02T00:00:00Z")),
            ("* * * * * *", "2025-01-31T00:00:07Z", Some("2025-01-31T00:00:07Z")),
            ("0 0 9 2 1 *", "2025-01-01T00:00:00Z", Some("2024-01-02T00:00:00Z")),
            ("0 0 9 2 1 * 2030", "2025-01-01T00:00:00Z", None),
        ] {
            let cron = CronInZone::parse(expression, Tz::Asia__Seoul, at("2024-01-01T00:00:00Z")).unwrap();
            assert_eq!(cron.last_until(at(now)), last.map(at), "{expression} until {now}");
        }
    }

    #[test]
    fn what_cannot_fire_is_told_apart_from_what_cannot_be_read() {
        let now = at("2024-01-01T00:00:00Z");
        for (expression, why) in [
            ("0 0 0 30 2 *", ParseCronError::Never),
            ("*/5 * * * *", ParseCronError::FiveFields),
            ("often", ParseCronError::Syntax),
            ("0 0 25 * * *", ParseCronError::Syntax),
            ("", ParseCronError::Syntax),
            ("0 0 0 1 1 * 2001", ParseCronError::Never),
        ] {
            assert_eq!(CronInZone::parse(expression, Tz::UTC, now).unwrap_err(), why, "{expression}");
        }
    }

    proptest! {
        #[test]
        fn the_next_firing_is_always_later_and_nothing_lies_between(seconds in 0i64..63_072_000, zone in prop::sample::select(vec![Tz::Asia__Seoul, Tz::Europe__Berlin, Tz::America__New_York, Tz::Australia__Lord_Howe, Tz::Pacific__Apia])) {
            let schedule = CronInZone::parse("0 */20 * * * *", zone, at("2023-01-01T00:00:00Z")).unwrap();
            let now = at("2023-06-01T00:00:00Z") + TimeDelta::seconds(seconds);
            let next = schedule.next_after(now).unwrap();
            prop_assert!(next > now && next - now <= TimeDelta::minutes(20), "{now} -> {next}");
        }
    }
}
