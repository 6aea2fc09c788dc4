//! Seven simple ways to say what a month will cost: what a forecast has to be better than.

use billing::series::CostSeries;
use chrono::{Datelike, Days, Months, NaiveDate};
use rust_decimal::prelude::ToPrimitive;

/// Their names.
pub(crate) const NAMES: [&str; 7] = [
    "run rate",
    "last month",
    "mean of 7 days",
    "yesterday",
    "share of last month",
    "median of 7 days",
    "straight line",
];

/// What each says of the month of `as_of`, from the days before it.
pub(crate) fn all(series: &CostSeries, as_of: NaiveDate) -> [f64; 7] {
    let first = as_of.with_day(1).expect("a first");
    let end = first + Months::new(1);
    let before = first - Months::new(1);
    let at = |day: NaiveDate| series.days.get(&day).and_then(ToPrimitive::to_f64).unwrap_or(0.0);
    let sum = |from: NaiveDate, to: NaiveDate| from.iter_days().take_while(|day| *day < to).map(at).sum::<f64>();
    let so_far = sum(first, as_of);
    let (days, left) = ((end - first).num_days() as f64, (end - as_of).num_days() as f64);
    let week: Vec<f64> = (1..=7).map(|back| at(as_of - Days::new(back))).collect();
    let mut sorted = week.clone();
    sorted.sort_by(f64::total_cmp);
    let last_month = sum(before, first);
    let same_day = before.with_day(as_of.day()).unwrap_or(first);
    let then = sum(before, same_day);
    let run_rate = if as_of > first { so_far / (days - left) * days } else { last_month };
    let mean = week.iter().sum::<f64>() / 7.0;
    let share = if then > 0.0 && last_month > 0.0 { so_far / then * last_month } else { run_rate };
    // Least squares through the last 28 days.
    let line: Vec<f64> = (1..=28).rev().map(|back| at(as_of - Days::new(back))).collect();
    let average = line.iter().sum::<f64>() / 28.0;
    let slope = line.iter().enumerate().map(|(x, y)| (x as f64 - 13.5) * (y - average)).sum::<f64>()
        / line.iter().enumerate().map(|(x, _)| (x as f64 - 13.5).powi(2)).sum::<f64>();
    let straight = (0..left as u32).map(|ahead| average + slope * (14.5 + f64::from(ahead))).sum::<f64>();
    [
        run_rate,
        last_month,
        so_far + mean * left,
        so_far + week[0] * left,
        share,
        so_far + sorted[3] * left,
        so_far + straight,
    ]
}
