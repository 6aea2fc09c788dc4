//! What the pings of a month came to.

use std::collections::BTreeMap;

use alerting::observation::{PingOutcome, PingResult};
use alerting::warm_day::WarmDay;
use chrono::{DateTime, Datelike, Utc, Weekday};
use rust_decimal::Decimal;

use super::form::{PingLine, PlannedPingsLine};

/// A line for each function that was pinged, or whose pings are planned.
pub(super) fn lines(pings: &[(DateTime<Utc>, PingResult)], days: &[(DateTime<Utc>, WarmDay)]) -> Vec<PingLine> {
    let mut lines = BTreeMap::<&str, PingLine>::new();
    for (_, ping) in pings {
        let line = lines.entry(&ping.function).or_insert_with(|| nothing(&ping.function));
        line.sent += 1;
        let count = match ping.outcome {
            PingOutcome::Warm => &mut line.warm,
            PingOutcome::Cold => &mut line.cold,
            PingOutcome::Answered => &mut line.answered,
            PingOutcome::TimedOut => &mut line.timed_out,
            PingOutcome::Failed => &mut line.failed,
        };
        *count += 1;
        match ping.usd {
            Some(usd) => line.usd += usd,
            None => line.unpriced += 1,
        }
    }
    // The last word on a day counts.
    let mut last = BTreeMap::<&str, BTreeMap<DateTime<Utc>, &WarmDay>>::new();
    for (at, day) in days {
        last.entry(&day.function).or_default().insert(*at, day);
    }
    for (function, days) in last {
        lines.entry(function).or_insert_with(|| nothing(function)).planned = Some(planned(&days));
    }
    lines.into_values().collect()
}

fn nothing(function: &str) -> PingLine {
    PingLine {
        function: function.to_owned(),
        sent: 0,
        warm: 0,
        cold: 0,
        answered: 0,
        timed_out: 0,
        failed: 0,
        usd: Decimal::ZERO,
        unpriced: 0,
        planned: None,
    }
}

fn planned(days: &BTreeMap<DateTime<Utc>, &WarmDay>) -> PlannedPingsLine {
    let sum = |of: fn(&WarmDay) -> u32| days.values().map(|day| of(day)).fold(0_u32, u32::saturating_add);
    let weeks = || days.iter().filter(|(at, day)| at.weekday() == Weekday::Sun && day.promised).map(|(_, day)| day);
    let is_kept = |day: &&&WarmDay| {
        Decimal::from(day.week_cold) * Decimal::ONE_HUNDRED <= day.max_cold * Decimal::from(day.week_calls)
    };
    PlannedPingsLine {
        days: u32::try_from(days.len()).unwrap_or(u32::MAX),
        calls: sum(|day| day.calls),
        cold_idle: sum(|day| day.idle),
        cold_recycling: sum(|day| day.recycling),
        cold_overlap: sum(|day| day.overlap),
        cold_deploy: sum(|day| day.deploy),
        cold_in_tests: sum(|day| day.test_cold),
        // A day of which it is not known makes the sum unknown.
        cold_without_pings: days.values().map(|day| day.without_pings).sum(),
        weeks_promised: u32::try_from(weeks().count()).unwrap_or(u32::MAX),
        weeks_kept: u32::try_from(weeks().filter(is_kept).count()).unwrap_or(u32::MAX),
        stopped: days.values().next_back().and_then(|day| day.stopped),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(at: &str, week: (u32, u32), without_pings: Option<u32>) -> (DateTime<Utc>, WarmDay) {
        let at: DateTime<Utc> = format!("{at}T00:00:00Z").parse().unwrap();
        let day = WarmDay {
            function: "f".to_owned(),
            until: at,
            max_cold: Decimal::ONE,
            calls: 100,
            idle: 1,
            recycling: 0,
            overlap: 0,
            deploy: 0,
            pings: 200,
            cold_pings: 20,
            kept: 2,
            replaces: true,
            test_calls: 0,
            test_cold: 0,
            week_calls: week.0,
            week_cold: week.1,
            promised: true,
            without_pings,
            stopped: None,
            safe_pause_s: 600,
            safe_beside_s: 1_200,
            safe_age_s: 6_000,
        };
        (at, day)
    }

    #[test]
    fn a_day_that_is_told_several_times_counts_once_and_a_promise_is_judged_when_its_week_ends() {
        let days = [
            day("2026-01-04", (700, 7), Some(60)),
            day("2026-01-05", (50, 1), Some(10)),
            day("2026-01-05", (100, 1), Some(50)),
            day("2026-01-11", (700, 8), Some(40)),
        ];
        let lines = lines(&[], &days);
        let planned = lines[0].planned.as_ref().unwrap();
        assert_eq!((planned.days, planned.calls, planned.cold(), planned.cold_without_pings), (3, 300, 3, Some(150)));
        assert_eq!((planned.weeks_promised, planned.weeks_kept), (2, 1));
    }

    #[test]
    fn what_pings_saved_is_unknown_if_one_day_is() {
        let days = [day("2026-01-04", (700, 7), Some(60)), day("2026-01-05", (50, 1), None)];
        assert_eq!(lines(&[], &days)[0].planned.as_ref().unwrap().cold_without_pings, None);
    }
}
