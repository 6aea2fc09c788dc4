//! What a month came to, for every month of five years and whatever the clock on the wall of the host says.

use std::collections::BTreeMap;

use billing::line::{ChargeAmount, ChargeKey, DayCharges};
use chrono::{Datelike, NaiveDate, TimeDelta};
use model::calendar::{Month, day_start};
use rust_decimal::Decimal;
use serde_json::Value;
use store::{Durability, Store};
use tempfile::TempDir;

use crate::support::program::monitor;
use crate::world::now;

const SERVICES: [&str; 4] = ["AWS Lambda", "Amazon Relational Database Service", "Tax", "AWS Support (Business)"];

/// Charges with ten digits after the point: the day they are for, the service, ten-thousand-millionths of a dollar.
fn charges(seed: u64, month: Month) -> Vec<(NaiveDate, usize, i64)> {
    let mut random = fastrand::Rng::with_seed(seed);
    let days: Vec<NaiveDate> = month.first_day().iter_days().take_while(|day| month.contains(*day)).collect();
    let mut all = Vec::new();
    for day in &days {
        for _ in 0..random.usize(1..5) {
            all.push((*day, random.usize(0..SERVICES.len()), random.i64(-20_000_000_000..200_000_000_000)));
        }
    }
    all
}

fn lines(charges: &[(NaiveDate, usize, i64)]) -> Vec<DayCharges> {
    let mut days = BTreeMap::<NaiveDate, DayCharges>::new();
    for (n, (day, service, amount)) in charges.iter().enumerate() {
        let key = ChargeKey {
            service: SERVICES[*service].into(),
            record_type: ["Usage", "Usage", "Tax", "Support"][*service].into(),
            usage_type: format!("type-{}", n % 3),
            account: String::new(),
            resource: String::new(),
            currency: "USD".into(),
        };
        days.entry(*day)
            .or_insert_with(|| DayCharges::new(*day))
            .add(key, ChargeAmount { amount: Decimal::new(*amount, 10), ..ChargeAmount::default() });
    }
    days.into_values().collect()
}

/// Sums in whole ten-thousand-millionths: arithmetic of another kind than the program's.
fn whole(charges: &[(NaiveDate, usize, i64)], service: Option<usize>) -> Decimal {
    let sum: i64 = charges
        .iter()
        .filter(|(_, of, _)| service.is_none_or(|service| *of == service))
        .map(|(_, _, amount)| amount)
        .sum();
    Decimal::new(sum, 10)
}

#[tokio::test]
async fn every_month_of_five_years_adds_up_to_the_last_digit() {
    let folder = TempDir::new().expect("a folder");
    let store = Store::open(&folder.path().join("monitor.db"), Durability::None).await.expect("a store");
    let mut month: Month = "2023-12".parse().expect("a month");
    let mut known = BTreeMap::new();
    while month.first_day().year() < 2029 {
        let of_month =
            charges(u64::from(month.first_day().month()) * 10_000 + u64::from(month.first_day().year_ce().1), month);
        let seen = day_start(month.end()) + TimeDelta::days(40);
        store.write_bill("import", seen, lines(&of_month), month.end()).await.expect("a bill that is written");
        known.insert(month.to_string(), of_month);
        month = month.next();
    }
    let mut month: Month = "2024-01".parse().expect("a month");
    while month.first_day().year() < 2029 {
        let (of_month, before) = (&known[&month.to_string()], &known[&month.previous().to_string()]);
        let found = monitor::app::month_report(&store, month, day_start("2029-06-01".parse().expect("a day")))
            .await
            .expect("a report");
        assert_eq!(
            (found.total, found.previous_total),
            (Some(whole(of_month, None)), Some(whole(before, None))),
            "{month}"
        );
        assert!(found.settled, "{month}");
        for line in &found.services {
            let service = SERVICES.iter().position(|name| *name == line.service).expect("a service of the test");
            assert_eq!(
                (line.amount, line.previous),
                (whole(of_month, Some(service)), Some(whole(before, Some(service)))),
                "{month} {}",
                line.service
            );
            let reasons: Decimal = line.reasons.iter().map(|reason| reason.amount).sum();
            assert_eq!(reasons, line.amount - whole(before, Some(service)), "{month} {}", line.service);
        }
        assert_eq!(
            found.daily.iter().flat_map(|day| day.services.values()).sum::<Decimal>(),
            whole(of_month, None),
            "{month}"
        );
        month = month.next();
    }
}

#[tokio::test]
async fn the_clock_on_the_wall_moves_no_cent_into_another_month() {
    let folder = TempDir::new().expect("a folder");
    std::fs::write(
        folder.path().join("alerts.toml"),
        "[watch.spend]\nevery = \"6h\"\nread.cost_explorer = {}\n[alert.a]\nwhen.cost_above = { usd = \"1\" }\ntell = [\"o\"]\n[receiver.o]\nvia.stdout = {}\n",
    )
    .expect("a configuration");
    let month: Month = "2024-02".parse().expect("a month");
    let store = Store::open(&folder.path().join("monitor.db"), Durability::None).await.expect("a store");
    let (of_month, after) = (charges(1, month), charges(2, month.next()));
    store.write_bill("import", now(), lines(&of_month), month.next().end()).await.expect("a bill");
    store.write_bill("import", now(), lines(&after), month.next().end()).await.expect("a bill");
    store.close().await;
    for hours in -12i32..=14 {
        // POSIX counts hours west of Greenwich.
        let zone = format!("HERE{}", -hours);
        let output =
            monitor(folder.path()).env("TZ", &zone).args(["report", "--month", "2024-02", "--format", "json"]).run();
        assert_eq!(output.code, Some(0), "{zone}: {}", output.stderr);
        let json: Value = serde_json::from_str(&output.stdout).expect("JSON");
        let total: Decimal = json["total"].as_str().expect("a total").parse().expect("an amount");
        assert_eq!(total, whole(&of_month, None), "{zone}");
        assert_eq!(json["daily"].as_array().map(Vec::len), Some(29), "{zone}");
    }
}
