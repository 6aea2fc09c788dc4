//! How far off forecasts are on made-up bills, beside the best of seven simple ways, and how long they take. Not a
//! benchmark of time alone: the table is what a change of the method is judged by.
//!
//! `cargo bench --bench forecast`; `-- held` takes the kinds and seeds that nothing was tuned on

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unreachable,
    reason = "a benchmark ends with a panic"
)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use billing::forecast::forecast;
use billing::series::CostSeries;
use chrono::{Datelike, Months, NaiveDate};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

#[path = "../tests/it/support/bills.rs"]
mod bills;
#[path = "../tests/it/support/naive.rs"]
mod naive;

const HORIZONS: [u32; 4] = [4, 8, 15, 22];
const SEEDS: u64 = 3;

#[derive(Default)]
struct Tally {
    off: [f64; 8],
    actual: f64,
    held: usize,
    count: usize,
}

fn number(amount: Decimal) -> f64 {
    amount.to_f64().expect("a number")
}

fn sum(series: &CostSeries, from: NaiveDate, to: NaiveDate) -> f64 {
    series.days.range(from..to).map(|(_, amount)| number(*amount)).sum()
}

fn main() {
    let held = std::env::args().any(|arg| arg == "held");
    let (kinds, first) = if held { (bills::HELD_OUT.to_vec(), 1000) } else { (bills::TUNED.to_vec(), 0) };
    let (mut spent, mut count) = (Duration::ZERO, 0);
    println!(
        "{:16} {:>3}  {:>6} {:>5}  {}",
        "kind",
        "day",
        "ours",
        "held",
        naive::NAMES.map(|name| format!("{name:>20}")).join("")
    );
    for kind in kinds {
        for horizon in HORIZONS {
            let mut tally = Tally::default();
            for seed in first..first + SEEDS {
                let bill = bills::bill(kind, seed);
                let mut days = BTreeMap::<NaiveDate, Decimal>::new();
                bill.seen
                    .iter()
                    .flat_map(|one| &one.days)
                    .for_each(|(date, amount)| *days.entry(*date).or_default() += *amount);
                let whole = CostSeries { name: "total".to_owned(), days };
                let mut month = bill.first.with_day(1).expect("a first") + Months::new(1);
                while month < bill.end {
                    let as_of = month.with_day(horizon).expect("a day");
                    let began = Instant::now();
                    let said = forecast(&bill.seen, as_of).expect("a forecast").total;
                    spent += began.elapsed();
                    count += 1;
                    let actual: f64 = bill.true_bill.iter().map(|one| sum(one, month, month + Months::new(1))).sum();
                    let all = std::iter::once(number(said.forecast)).chain(naive::all(&whole, as_of));
                    tally.off.iter_mut().zip(all).for_each(|(off, said)| *off += (said - actual).abs());
                    tally.actual += actual.abs();
                    tally.held += usize::from(number(said.low) <= actual && actual <= number(said.high));
                    tally.count += 1;
                    month = month + Months::new(1);
                }
            }
            let share = |off: f64| 100.0 * off / tally.actual;
            let others: String = tally.off.iter().skip(1).map(|off| format!("{:>18.1} %", share(*off))).collect();
            println!(
                "{kind:16} {horizon:>3}  {:>4.1} % {:>3.0} %  {others}",
                share(tally.off[0]),
                100.0 * tally.held as f64 / tally.count as f64
            );
        }
    }
    println!("{:?} a forecast", spent / count);
}
