use std::collections::BTreeMap;

use chrono::{Datelike, Days};
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::*;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn usd(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// A series of so many days from 1 January 2025, in cents by number and date.
fn series(name: &str, count: u64, cents: impl Fn(u64, NaiveDate) -> i64) -> CostSeries {
    let days = (0..count)
        .map(|day| (day, date("2025-01-01") + Days::new(day)))
        .map(|(day, date)| (date, Decimal::new(cents(day, date), 2)));
    CostSeries { name: name.to_owned(), days: days.filter(|(_, amount)| !amount.is_zero()).collect() }
}

/// A little up and down, of at most 4 %, that does not repeat with the week.
fn ripple(day: u64) -> i64 {
    (day as i64 * 37 % 9) - 4
}

/// What is quiet beside what is looked at.
fn quiet(count: u64) -> CostSeries {
    series("quiet", count, |_, _| 500)
}

fn kinds(found: &[Episode]) -> Vec<(&str, &str, String, String)> {
    found
        .iter()
        .map(|one| {
            (
                one.series.as_str(),
                one.kind.word(),
                one.from.to_string(),
                one.to.map_or("lasts".to_owned(), |to| to.to_string()),
            )
        })
        .collect()
}

#[test]
fn a_step_is_found_on_its_first_day_and_ends_with_it() {
    // Day 100 is 11 April.
    let stepped =
        |count| series("EC2", count, |day, _| if (100..103).contains(&day) { 150 } else { 100 + ripple(day) });
    let first_day = anomalies(&[stepped(101), quiet(101)]);
    assert_eq!(kinds(&first_day), [("EC2", "spike", "2025-04-11".to_owned(), "lasts".to_owned())]);
    assert_eq!(first_day[0].amount, Some(usd("1.5")));
    assert!((usd("0.96")..=usd("1.04")).contains(&first_day[0].expected.unwrap()));
    let over = anomalies(&[stepped(130), quiet(130)]);
    assert_eq!(kinds(&over), [("EC2", "spike", "2025-04-11".to_owned(), "2025-04-13".to_owned())]);
    assert_eq!(over[0].amount, Some(usd("4.5")));
    assert!((usd("2.88")..=usd("3.12")).contains(&over[0].expected.unwrap()));
}

#[test]
fn a_level_that_stays_is_one_step_and_then_what_is_usual() {
    let risen = series("EC2", 200, |day, _| if day >= 100 { 180 + ripple(day) } else { 100 + ripple(day) });
    let found = anomalies(&[risen, quiet(200)]);
    assert_eq!(kinds(&found), [("EC2", "step", "2025-04-11".to_owned(), "2025-04-24".to_owned())]);
}

#[test]
fn a_second_step_upon_the_first_is_found_too() {
    let risen =
        series("EC2", 200, |day, _| [100, 180, 300][usize::from(day >= 100) + usize::from(day >= 120)] + ripple(day));
    let found = anomalies(&[risen, quiet(200)]);
    assert_eq!(found.iter().map(|one| one.from.to_string()).collect::<Vec<_>>(), ["2025-04-11", "2025-05-01"]);
}

#[test]
fn what_happens_every_week_or_every_month_is_usual() {
    let weekly = series(
        "Lambda",
        200,
        |day, date| if date.weekday().num_days_from_monday() < 5 { 300 + ripple(day) } else { 60 },
    );
    assert_eq!(anomalies(&[weekly, quiet(200)]), []);
    let support = series("Support", 200, |_, date| if date.day() == 6 { 2900 } else { 0 });
    let free = series("CloudWatch", 200, |day, date| if date.day() > 12 { 40 + ripple(day) } else { 0 });
    assert_eq!(anomalies(&[support, free, quiet(200)]), []);
}

#[test]
fn what_becomes_cheaper_is_no_anomaly() {
    let fallen = series("EC2", 200, |day, _| if day >= 100 { 40 } else { 100 + ripple(day) });
    assert_eq!(anomalies(&[fallen, quiet(200)]), []);
}

#[test]
fn what_was_never_billed_is_new_but_not_in_the_first_weeks() {
    let new = |from: u64| series("NAT", 120, move |day, _| if day >= from { 142 } else { 0 });
    assert_eq!(
        kinds(&anomalies(&[new(80), quiet(120)])),
        [("NAT", "new", "2025-03-22".to_owned(), "2025-04-04".to_owned())]
    );
    assert_eq!(anomalies(&[new(20), quiet(120)]), []);
}

#[test]
fn slow_growth_is_a_drift() {
    // A fiftieth more each day: twice as much after 35 days.
    let growing =
        series("S3", 120, |day, _| if day < 50 { 1000 } else { (1000.0 * 1.02_f64.powi(day as i32 - 50)) as i64 });
    let found = anomalies(&[growing, quiet(120)]);
    assert!(found.iter().any(|one| one.kind == EpisodeKind::Drift), "{found:?}");
    assert!(found.iter().all(|one| one.from > date("2025-02-20")), "{found:?}");
}

#[test]
fn less_than_a_cent_a_month_is_nobodys_concern() {
    let tiny = |unit: u32| {
        let mut tiny = series("KMS", 120, |day, _| if day == 100 { 300 } else { 100 + ripple(day) });
        tiny.days.values_mut().for_each(|amount| *amount /= Decimal::from(unit));
        anomalies(&[tiny, quiet(120)])
    };
    assert_eq!(tiny(1000).len(), 1);
    assert_eq!(tiny(10_000), []);
}

#[test]
fn what_lasts_today_is_among_all_episodes() {
    let stepped = series("EC2", 130, |day, _| if (100..103).contains(&day) { 150 } else { 100 + ripple(day) });
    let bill = [stepped, quiet(130)];
    assert_eq!(
        kinds(&lasting(&bill, date("2025-04-12"))),
        [("EC2", "spike", "2025-04-11".to_owned(), "lasts".to_owned())]
    );
    assert_eq!(lasting(&bill, date("2025-04-11")), []);
    assert_eq!(lasting(&bill, date("2025-04-20")), []);
}

/// A bill from random figures: levels with noise, steps, gaps.
fn bills() -> impl Strategy<Value = Vec<CostSeries>> {
    let one = (
        1i64..2000,
        0i64..60,
        proptest::collection::vec((0u64..160, 1i64..40), 0..4),
        proptest::collection::vec(0u64..1_000_000, 160),
    );
    proptest::collection::vec(one, 1..4).prop_map(|all| {
        let made = all.into_iter().enumerate().map(|(at, (level, noise, steps, chance))| {
            let value = |day: u64, _: NaiveDate| {
                let factor = steps
                    .iter()
                    .filter(|(from, _)| (*from..*from + 5).contains(&day))
                    .map(|(_, factor)| *factor)
                    .max()
                    .unwrap_or(10);
                level * factor / 10 * (100 + chance[day as usize] as i64 % (noise + 1)) / 100
            };
            series(&format!("s{at}"), 160, value)
        });
        made.collect()
    })
}

#[test]
fn a_sum_that_is_too_large_for_an_amount_is_unknown() {
    let mut one = series("S", 60, |_, _| 100);
    one.days.extend((57..60).map(|day| (date("2025-01-01") + Days::new(day), Decimal::MAX)));
    let found = anomalies(&[quiet(60), one]);
    assert_eq!(found.iter().map(|episode| episode.amount).collect::<Vec<_>>(), [None], "{found:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn what_is_said_of_a_day_does_not_depend_on_later_days(bill in bills(), end in 20u64..160) {
        let end = date("2025-01-01") + Days::new(end);
        let cut: Vec<CostSeries> = bill
            .iter()
            .map(|one| CostSeries { name: one.name.clone(), days: one.days.range(..end).map(|(day, amount)| (*day, *amount)).collect::<BTreeMap<_, _>>() })
            .collect();
        let begun = |found: Vec<Episode>| -> Vec<(String, NaiveDate)> { found.into_iter().filter(|one| one.from < end).map(|one| (one.series, one.from)).collect() };
        prop_assert_eq!(begun(anomalies(&bill)), begun(anomalies(&cut)));
    }
}
