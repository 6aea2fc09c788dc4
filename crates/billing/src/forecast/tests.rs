use chrono::Days;
use proptest::prelude::*;

use super::*;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// A series of so many days from `first`, each as `amount` says of its number and date.
fn series(name: &str, first: &str, count: u64, amount: impl Fn(u64, NaiveDate) -> Decimal) -> CostSeries {
    let days = (0..count).map(|day| (day, date(first) + Days::new(day))).map(|(day, date)| (date, amount(day, date)));
    CostSeries { name: name.to_owned(), days: days.filter(|(_, amount)| !amount.is_zero()).collect() }
}

fn forecast(series: &[CostSeries], as_of: NaiveDate) -> Forecast {
    super::forecast(series, as_of).unwrap()
}

fn usd(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// A fee on one day of each month.
fn fee(name: &str, first: &str, count: u64, on: u32, amount: &str) -> CostSeries {
    series(name, first, count, |_, date| if date.day() == on { usd(amount) } else { Decimal::ZERO })
}

fn of<'a>(forecast: &'a Forecast, name: &str) -> &'a IntervalForecast {
    &forecast.series.iter().find(|one| one.name == name).unwrap().estimate
}

#[test]
fn what_costs_the_same_every_day_goes_on() {
    for (as_of, month) in [("2025-03-11", "62"), ("2025-02-20", "56"), ("2025-04-02", "60")] {
        let rds = series("RDS", "2025-01-01", 140, |_, _| usd("2"));
        let forecast = forecast(&[rds], date(as_of));
        assert_eq!(forecast.total.forecast, usd(month), "{as_of}");
        assert_eq!(forecast.series[0].estimate.forecast, usd(month), "{as_of}");
    }
}

#[test]
fn what_is_booked_on_one_day_is_not_extrapolated() {
    let bill = [fee("Tax", "2024-11-01", 97, 1, "12.5"), series("EC2", "2024-11-01", 97, |_, _| usd("3"))];
    // 97 days from 1 November end on 5 February.
    let forecast = forecast(&bill, date("2025-02-06"));
    assert_eq!(of(&forecast, "Tax").forecast, usd("12.5"));
    assert_eq!(of(&forecast, "EC2").forecast, usd("84"));
    assert_eq!(forecast.total.forecast, usd("96.5"));
}

#[test]
fn what_was_booked_every_month_on_a_day_to_come_is_expected() {
    let bill = [
        fee("Support", "2024-11-01", 95, 6, "29"),
        fee("Credit", "2024-11-01", 95, 20, "-7"),
        series("EC2", "2024-11-01", 95, |_, _| usd("3")),
    ];
    let forecast = forecast(&bill, date("2025-02-04"));
    assert_eq!(of(&forecast, "Support").forecast, usd("29"));
    assert_eq!(of(&forecast, "Credit").forecast, usd("-7"));
    assert_eq!(forecast.total.forecast, usd("106"));
}

#[test]
fn what_is_used_up_at_no_cost_first_costs_as_much_at_the_end_of_the_month_as_before() {
    // Free up to the 10th of each month, then 1 a day.
    let lambda =
        series("Lambda", "2024-09-01", 158, |_, date| if date.day() > 10 { Decimal::ONE } else { Decimal::ZERO });
    let other = series("EC2", "2024-09-01", 158, |_, _| usd("0.01"));
    // 158 days from 1 September end on 5 February: 18 days of February cost.
    let forecast = forecast(&[lambda, other], date("2025-02-06"));
    let said = of(&forecast, "Lambda").forecast;
    assert!((usd("16")..=usd("21")).contains(&said), "{said}");
}

#[test]
fn days_from_the_given_one_on_have_no_influence() {
    let wild =
        |limit: u64| {
            series("EC2", "2025-01-01", 80, move |day, _| {
                if day < limit { Decimal::from(day % 7 + 3) } else { Decimal::from(900 + day) }
            })
        };
    // Day 70 is 12 March.
    let (calm, with_future) = (series("EC2", "2025-01-01", 70, |day, _| Decimal::from(day % 7 + 3)), wild(70));
    let new = series("New", "2025-03-12", 10, |_, _| usd("50"));
    assert_eq!(forecast(&[with_future.clone(), new], date("2025-03-12")), forecast(&[calm], date("2025-03-12")));
    // The day before is read.
    assert_ne!(forecast(&[wild(69)], date("2025-03-12")), forecast(&[with_future], date("2025-03-12")));
}

#[test]
fn a_day_on_which_nothing_has_a_figure_is_not_free() {
    let mut rds = series("RDS", "2025-01-01", 70, |_, _| usd("2"));
    rds.days.remove(&date("2025-03-05"));
    assert_eq!(forecast(&[rds.clone()], date("2025-03-12")).total.forecast, usd("62"));
    // If another series has one, the first cost nothing on that day.
    let other = series("S3", "2025-01-01", 70, |_, _| usd("1"));
    let said = of(&forecast(&[rds, other], date("2025-03-12")), "RDS").forecast;
    assert!((usd("57")..=usd("60")).contains(&said), "{said}");
}

#[test]
fn little_history_is_told_by_a_wide_interval() {
    let few = forecast(&[series("EC2", "2025-03-01", 4, |_, _| usd("2"))], date("2025-03-05"));
    let many = forecast(&[series("EC2", "2024-03-01", 369, |_, _| usd("2"))], date("2025-03-05"));
    let width = |forecast: &Forecast| forecast.total.high - forecast.total.low;
    assert_eq!(few.total.forecast, usd("62"));
    assert!(width(&few) > usd("6"), "{:?}", few.total);
    assert!(width(&few) > width(&many) * usd("3"), "{:?} {:?}", few.total, many.total);
}

#[test]
fn a_bill_that_is_not_known_is_forecast_as_nothing_and_not_as_zero() {
    let later = series("EC2", "2025-04-01", 4, |_, _| usd("2"));
    assert_eq!(super::forecast(&[later], date("2025-03-05")), Err(NoForecast::NoDays(date("2025-03-05"))));
}

#[test]
fn a_bill_that_is_too_young_or_too_old_has_no_forecast_and_says_why() {
    let known = |first: &str, count: u64| [series("EC2", first, count, |_, _| usd("2"))];
    for (bill, why) in [
        (known("2025-03-03", 2), "only 2 of the 3 days that a forecast needs are known"),
        (
            known("2024-11-01", 40),
            "the last figure is of 2024-12-10, more than 31 days before 2025-03-05; a forecast needs newer ones",
        ),
    ] {
        assert_eq!(super::forecast(&bill, date("2025-03-05")).unwrap_err().to_string(), why);
    }
    assert_eq!(super::forecast(&known("2025-03-02", 3), date("2025-03-05")).unwrap().total.forecast, usd("60"));
    assert!(super::forecast(&known("2024-11-01", 94), date("2025-03-05")).is_ok());
}

/// The forecast on 15 March of a series that costs what `amount` says from 1 January on, beside one of a cent a day, which
/// makes every day known; in cents of the month, without those 31.
#[track_caller]
fn check(what: &str, amount: impl Fn(NaiveDate) -> &'static str, low: i64, high: i64) {
    let bill =
        [series("A", "2025-01-01", 73, |_, date| usd(amount(date))), series("B", "2025-01-01", 73, |_, _| usd("0.01"))];
    let forecast = forecast(&bill, date("2025-03-15"));
    for (whose, estimate) in [("series", *of(&forecast, "A")), ("total", forecast.total)] {
        let cents = Decimal::from(low)..=Decimal::from(high + if whose == "total" { 31 } else { 0 });
        assert!(cents.contains(&(estimate.forecast * usd("100"))), "{what}, {whose}: {estimate:?}");
    }
}

#[test]
fn what_is_no_level_is_not_carried_on() {
    let on = |text: &'static str| date(text);
    check("a test of one day, yesterday", |day| if day == on("2025-03-14") { "0.97" } else { "0" }, 97, 150);
    check("a burst on the 1st and 2nd", |day| if day.month() == 3 && day.day() < 3 { "5" } else { "0" }, 1000, 1300);
    check("deleted a week ago", |day| if day < on("2025-03-08") { "2" } else { "0" }, 1400, 1410);
    check("a trial that ended at the end of February", |day| if day < on("2025-03-01") { "2" } else { "0" }, 0, 10);
    check("a last day that is not finished", |day| if day == on("2025-03-14") { "0.6" } else { "2" }, 5800, 6200);
    check("a spike in the last week", |day| if day == on("2025-03-11") { "60" } else { "2" }, 11_500, 13_500);
}

#[test]
fn what_is_a_level_is_carried_on() {
    let on = |text: &'static str| date(text);
    // The whole bill believes half of it until it is two weeks old: it may be a test.
    check("created five days ago", |day| if day < on("2025-03-10") { "0" } else { "2" }, 3400, 4400);
    check("a step a week ago", |day| if day < on("2025-03-08") { "2" } else { "4" }, 9500, 11_000);
    check("office days", |day| if day.weekday().num_days_from_monday() < 5 { "5" } else { "0" }, 10_300, 10_700);
    check("a fee on the 20th on top of use", |day| if day.day() == 20 { "100" } else { "2" }, 16_000, 16_200);
}

#[test]
fn an_interval_goes_beyond_the_forecast_but_no_further_than_the_dearest_days_explain() {
    let days = |amount: fn(u64) -> u32| [series("A", "2025-01-01", 73, |day, _| Decimal::from(amount(day)))];
    for (what, bill) in [
        ("steady", days(|_| 2)),
        ("noisy", days(|day| [3, 9, 4, 1, 7][(day % 5) as usize])),
        ("a day in ten", days(|day| if day % 10 == 3 { 50 } else { 1 })),
        ("one day", days(|day| if day == 30 { 900 } else { 1 })),
    ] {
        let total = forecast(&bill, date("2025-03-15")).total;
        assert!(total.low < total.forecast && total.forecast < total.high, "{what}: {total:?}");
        let dearest = *bill[0].days.values().max().unwrap();
        assert!(
            total.high <= total.forecast * usd("2.5") || total.high - total.forecast <= dearest,
            "{what}: {total:?}"
        );
        let so_far: Decimal = bill[0].days.range(date("2025-03-01")..).map(|(_, amount)| *amount).sum();
        assert!(total.high <= so_far + dearest * usd("17") * usd("1.1"), "{what}: {total:?}");
    }
}

/// The forecast of the only series of a bill at the beginning of a day of December, which costs what `amount` says from
/// 1 August on.
fn of_december(day: u32, amount: fn(NaiveDate) -> u32) -> IntervalForecast {
    let only = series("A", "2024-08-01", 153, |_, date| Decimal::from(amount(date)));
    let forecast = forecast(&[only], date("2024-12-01").with_day(day).unwrap());
    assert_eq!(forecast.series[0].estimate, forecast.total, "the only series is the whole bill");
    forecast.total
}

/// 60 a day from 28 November to 1 December, else 2.
fn sale(day: NaiveDate) -> u32 {
    if (date("2024-11-28")..date("2024-12-02")).contains(&day) { 60 } else { 2 }
}

#[test]
fn an_interval_holds_what_comes_if_the_last_week_goes_on() {
    let new = |day: NaiveDate| if day < date("2024-12-02") { 0 } else { 12 };
    for (what, day, amount, lasting) in [
        ("new on the 2nd", 9, new as fn(NaiveDate) -> u32, "360"),
        ("new on the 2nd", 16, new, "360"),
        ("new on the 2nd", 28, new, "360"),
        ("dear days, and then a quiet month", 16, sale, "120"),
        ("dear days, and then a quiet month", 28, sale, "120"),
    ] {
        let said = of_december(day, amount);
        assert!((said.low..=said.high).contains(&usd(lasting)), "{what} on day {day}: {said:?}");
        assert!(said.low < said.forecast && said.forecast < said.high, "{what} on day {day}: {said:?}");
    }
}

#[test]
fn a_burst_that_has_ended_is_over_for_the_whole_bill_too() {
    let burst = |day: NaiveDate| if day >= date("2024-12-01") && day < date("2024-12-03") { 50 } else { 0 };
    let other = series("B", "2024-08-01", 153, |_, _| usd("1"));
    let burst = series("A", "2024-08-01", 153, |_, date| Decimal::from(burst(date)));
    assert_eq!(forecast(&[burst, other], date("2024-12-23")).total.forecast, usd("131"));
}

#[test]
fn a_forecast_that_is_too_large_for_an_amount_is_unknown_and_not_zero() {
    // Ten days of 7 * 10^27 still fit; 31 days do not.
    let huge = series("EC2", "2025-03-01", 10, |_, _| Decimal::from_i128_with_scale(7 * 10_i128.pow(27), 0));
    assert_eq!(
        super::forecast(&[huge], date("2025-03-11")),
        Err(NoForecast::FigureError("EC2".to_owned(), FigureError::TooLarge))
    );
    let too_much = series("EC2", "2025-03-01", 10, |_, _| Decimal::MAX);
    assert_eq!(super::forecast(&[too_much], date("2025-03-11")), Err(NoForecast::SumTooLarge("EC2".to_owned())));
}

#[test]
fn a_finished_month_is_scored_beside_the_run_rate() {
    let bill = [fee("Tax", "2024-11-01", 120, 1, "40"), series("EC2", "2024-11-01", 120, |_, _| Decimal::ONE)];
    // 120 days from 1 November end on 28 February. January costs 31 + 40; a run rate of its first seven days says 47 /
    // 7 * 31.
    let score = score(&bill, "2025-01".parse().unwrap(), 8).unwrap();
    assert_eq!((score.actual, score.forecast.forecast), (usd("71"), usd("71")));
    assert_eq!(score.run_rate.round_dp(4), usd("208.1429"));
    assert_eq!((score.off(), score.run_rate_off()), (Some(Decimal::ZERO), Some(usd("1.9316"))));
    assert!(score.held());
    assert_eq!(super::score(&bill, "2025-03".parse().unwrap(), 8), None);
    assert_eq!(super::score(&bill, "2024-10".parse().unwrap(), 8), None);
    assert_eq!(super::score(&bill, "2025-01".parse().unwrap(), 1), None);
}

proptest! {
    #[test]
    fn whatever_the_bill_the_forecast_lies_in_its_interval(
        amounts in proptest::collection::vec((0u64..500, 0usize..4, -1_000_000_000_000i64..1_000_000_000_000, 0u32..12), 0..120),
        as_of in 0u64..600,
    ) {
        let mut bill: Vec<CostSeries> = ["a", "b", "c", "d"].map(|name| CostSeries { name: name.to_owned(), days: std::collections::BTreeMap::new() }).into();
        for (day, at, amount, scale) in amounts {
            bill[at].days.insert(date("2024-01-15") + Days::new(day), Decimal::new(amount, scale));
        }
        let Ok(forecast) = super::forecast(&bill, date("2024-01-15") + Days::new(as_of)) else {
            let as_of = date("2024-01-15") + Days::new(as_of);
            let days = || bill.iter().flat_map(|one| one.days.range(..as_of)).map(|(day, _)| *day);
            let is_old = days().max().is_none_or(|last| (as_of - last).num_days() > 31);
            prop_assert!(is_old || (days().max().unwrap() - days().min().unwrap()).num_days() < 2);
            return Ok(());
        };
        for estimate in forecast.series.iter().map(|one| &one.estimate).chain([&forecast.total]) {
            prop_assert!(estimate.low <= estimate.forecast && estimate.forecast <= estimate.high, "{:?}", estimate);
        }
        let sum: Decimal = forecast.series.iter().map(|one| one.estimate.forecast).sum();
        let IntervalForecast { low, high, .. } = forecast.total;
        // The sums are rounded in another order.
        let off = forecast.series.iter().map(|one| one.estimate.forecast.abs()).sum::<Decimal>() * usd("0.000000001") + usd("0.000001");
        prop_assert!((low - off..=high + off).contains(&sum), "{sum} {:?}", forecast.total);
    }

    #[test]
    fn no_date_is_too_far_away(years in proptest::collection::vec((-260_000i32..260_000, 1u32..13, 1u32..29), 1..4), as_of in -260_000i32..260_000) {
        let days = years.into_iter().filter_map(|(year, month, day)| NaiveDate::from_ymd_opt(year, month, day)).map(|date| (date, Decimal::ONE)).collect();
        let as_of = NaiveDate::from_ymd_opt(as_of, 5, 5).unwrap();
        match super::forecast(&[CostSeries { name: "a".to_owned(), days }], as_of) {
            Ok(forecast) => prop_assert!(forecast.total.low <= forecast.total.high),
            Err(NoForecast::NoDays(day)) => prop_assert_eq!(day, as_of),
            Err(why) => prop_assert!(matches!(why, NoForecast::TooOld { .. } | NoForecast::TooFewDays(_)), "{}", why),
        }
    }
}
