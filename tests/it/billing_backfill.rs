//! `monitor billing backfill` against Cost Explorer, and what the report makes of usage types, tax and credits.

use chrono::{Datelike, NaiveDate, TimeDelta};
use model::calendar::Month;
use serde_json::{Value, json};

use crate::world::{World, answer, now};

const RDS: &str = "Amazon Relational Database Service";
const TABLES: &str = "[aws]\nmax_monthly_usd = \"1.00\"\n[watch.spend]\nevery = \"6h\"\nread.cost_explorer = {}\n[alert.a]\nwhen.cost_above = { usd = \"1000\" }\ntell = [\"team\"]\n";

/// A group of an answer: service, record type or usage type, amount, hours.
fn group((service, second, amount, hours): &(&str, &str, &str, &str)) -> Value {
    json!({"Keys": [service, second], "Metrics": {"UnblendedCost": {"Amount": amount, "Unit": "USD"}, "UsageQuantity": {"Amount": hours, "Unit": "Hrs"}}})
}

fn period(day: NaiveDate, groups: &[(&str, &str, &str, &str)]) -> Value {
    let end = day + TimeDelta::days(1);
    json!({"TimePeriod": {"Start": day.to_string(), "End": end.to_string()}, "Total": {}, "Groups": groups.iter().map(group).collect::<Vec<_>>(), "Estimated": false})
}

#[tokio::test]
async fn months_before_the_monitor_are_asked_for_once_paid_for_to_the_cent_and_explained() {
    let world = World::new().await;
    world.configure(TABLES);
    let this = Month::of(now().date_naive());
    let (before, earlier) = (this.previous(), this.previous().previous());
    let (old, new) = (earlier.first_day(), before.first_day());
    let by_record = |day, amount: &str, more: &[(&'static str, &'static str, &'static str, &'static str)]| {
        let mut groups = vec![(RDS, "Usage", amount, "0")];
        groups.extend(more);
        answer(&[period(day, &groups)], None)
    };
    let queue = [
        // The earlier month: 10 USD for 400 hours.
        by_record(old, "10.0000000001", &[]),
        answer(&[period(old, &[(RDS, "InstanceUsage:db.t4g.micro", "10.0000000001", "400")])], None),
        // The month before this one: twice the hours, a new line, tax, and a credit; on two pages.
        answer(&[period(new, &[(RDS, "Usage", "25.5000000003", "0"), ("Tax", "Tax", "1.25", "0")])], Some("page-2")),
        answer(&[period(new, &[(RDS, "Credit", "-3.0000000001", "0")])], None),
        answer(
            &[period(
                new,
                &[
                    (RDS, "InstanceUsage:db.t4g.micro", "20.0000000002", "800"),
                    (RDS, "GP3-Storage", "5.5000000001", "0.1"),
                ],
            )],
            None,
        ),
    ];
    world.moto.queue_cost_results(&queue).await;

    let asked = world.monitor(&["billing", "backfill", "--months", "2"]).run();
    assert_eq!(asked.code, Some(1), "{}", asked.stderr);
    assert!(
        asked.stderr.contains("3 months need at least 6 requests") && asked.stderr.contains("at least 0.06 USD"),
        "{}",
        asked.stderr
    );
    assert!(asked.stderr.contains("--yes"), "nobody can agree in a pipe: {}", asked.stderr);

    let output = world.monitor(&["billing", "backfill", "--months", "2", "--yes", "--format", "json"]).run();
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let done: Value = serde_json::from_str(&output.stdout).expect("JSON");
    let states: Vec<&str> =
        done["months"].as_array().expect("months").iter().filter_map(|month| month["state"].as_str()).collect();
    assert_eq!(states, ["read", "read", "read"], "{done}");
    // Two pages and one answer for the month before, two answers for the earlier one, and this month's, of which
    // nothing is there yet.
    let requests = 5 + if now().date_naive().day() > 3 { 2 } else { 1 };
    assert_eq!(done["usd"], json!(format!("0.{requests:02}")), "{done}");

    let report = world.report(&before.to_string());
    assert_eq!(
        (&report["total"], &report["previous_total"]),
        (&json!("23.7500000002"), &json!("10.0000000001")),
        "{report}"
    );
    assert_eq!(report["own_cost"]["usd"], json!("0"), "the calls were made this month");
    let rds = report["services"]
        .as_array()
        .expect("services")
        .iter()
        .find(|line| line["service"] == RDS)
        .expect("the databases");
    assert_eq!(
        rds["reasons"],
        json!([
            {"kind": "usage", "usage_type": "InstanceUsage:db.t4g.micro", "amount": "10.0000000001"},
            {"kind": "new", "usage_type": "GP3-Storage", "amount": "5.5000000001"},
            {"kind": "credit", "usage_type": "", "amount": "-3.0000000001"},
        ])
    );
    assert_eq!(world.report(&this.to_string())["own_cost"]["usd"], done["usd"]);
}

#[tokio::test]
async fn a_backfill_stops_at_the_cap_and_keeps_what_it_has() {
    let world = World::new().await;
    world.configure(&TABLES.replace("1.00", "0.02"));
    let before = Month::of(now().date_naive()).previous();
    world.moto.queue_cost_results(&[answer(&[period(before.first_day(), &[(RDS, "Usage", "7.25", "0")])], None)]).await;
    let output = world.monitor(&["billing", "backfill", "--months", "1", "--yes"]).run();
    assert_eq!(output.code, Some(2), "{}{}", output.stdout, output.stderr);
    assert!(
        output.stdout.contains(&format!("{before} read")) && output.stdout.contains("exceed the cap of 0.02 USD"),
        "{}",
        output.stdout
    );
    assert!(output.stdout.contains("The requests cost 0.02 USD"), "{}", output.stdout);
    assert_eq!(world.report(&before.to_string())["total"], "7.25");
}
