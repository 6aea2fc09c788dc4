//! What is called idle, and how it is said.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use model::span::Span;
use rust_decimal::Decimal;

use super::*;

/// Noon of 20 January 2025.
fn now() -> DateTime<Utc> {
    "2025-01-20T12:00:00Z".parse().unwrap()
}

fn usd(amount: &str) -> Option<Decimal> {
    Some(amount.parse().unwrap())
}

/// Days back from yesterday: `.` without use, `x` used, a space without a point. The running day is the word before the
/// bar.
fn looked(days: &str, made_days_ago: Option<i64>, gap: MissingDatapoint) -> String {
    let (today, back) = days.split_once('|').unwrap();
    let known = |(ago, c): (usize, char)| {
        Some(((now() - TimeDelta::days(ago as i64)).date_naive(), c == 'x')).filter(|_| c != ' ')
    };
    let points = today
        .chars()
        .map(|c| (0, c))
        .chain(back.chars().enumerate().map(|(ago, c)| (ago + 1, c)))
        .filter_map(known)
        .collect();
    let first = (now() - TimeDelta::days(30)).date_naive();
    let looked = UsageWindow { first, now: now(), idle_after: Span::days(14), gap };
    match usage(&points, made_days_ago.map(|days| now() - TimeDelta::days(days)), looked, "had no connections") {
        ResourceUsage::Used => "used".to_owned(),
        ResourceUsage::Unknown(why) => why,
        ResourceUsage::Idle(idle) => format!("{} since {}", idle.sentence(now()), idle.since.format("%m-%d %H")),
    }
}

#[test]
fn a_thing_is_idle_only_where_every_day_says_so() {
    let (idle, month) = (".".repeat(21), ".".repeat(30));
    for (days, made, gap, expected) in [
        (format!("|{idle}x"), None, MissingDatapoint::Unknown, "had no connections for 21 days since 12-30 00"),
        (format!(".|{idle}x"), None, MissingDatapoint::Unknown, "had no connections for 21 days since 12-30 00"),
        (format!("x|{idle}x"), None, MissingDatapoint::Unknown, "used"),
        ("|.............x".to_owned(), None, MissingDatapoint::Unknown, "used"),
        // Fourteen days, but not the fourteenth in full: it counts from midnight, and it is noon.
        (
            "|..............x".to_owned(),
            None,
            MissingDatapoint::Unknown,
            "had no connections for 14 days since 01-06 00",
        ),
        (
            format!("|{month}"),
            None,
            MissingDatapoint::Unknown,
            "had no connections for at least 30 days since 12-21 00",
        ),
        (
            format!("|{month}"),
            Some(500),
            MissingDatapoint::Unknown,
            "had no connections for at least 30 days since 12-21 00",
        ),
        // Made at noon 20 days ago, and never used.
        (format!("|{month}"), Some(20), MissingDatapoint::Unknown, "had no connections for 20 days since 12-31 12"),
        ("|......".to_owned(), Some(6), MissingDatapoint::Unknown, "it is only 6 days old"),
        ("|".to_owned(), Some(0), MissingDatapoint::Unknown, "it was created today"),
        ("|.....".to_owned(), Some(90), MissingDatapoint::Unknown, "its metric has data only for the last 5 days"),
        (
            "|..... ..............".to_owned(),
            None,
            MissingDatapoint::Unknown,
            "its metric has data only for the last 5 days",
        ),
        ("|".to_owned(), Some(90), MissingDatapoint::Unknown, "its metric has no data for the last day"),
        // A metric that only counts use: nothing is nothing.
        ("|".to_owned(), Some(90), MissingDatapoint::Nothing, "had no connections for at least 30 days since 12-21 00"),
        (
            "|                    x".to_owned(),
            Some(90),
            MissingDatapoint::Nothing,
            "had no connections for 20 days since 12-31 00",
        ),
        ("|  x".to_owned(), Some(90), MissingDatapoint::Nothing, "used"),
        ("|".to_owned(), Some(3), MissingDatapoint::Nothing, "it is only 3 days old"),
    ] {
        assert_eq!(looked(&days, made, gap), expected, "`{days}` {made:?}");
    }
}

fn resource(id: &str, class: &str, monthly: Option<&str>, idle_days: Option<i64>) -> Resource {
    let idle = |days| IdleSince {
        since: now() - TimeDelta::days(days),
        at_least: false,
        why: "had no connections".to_owned(),
    };
    Resource {
        id: id.to_owned(),
        name: None,
        class: class.to_owned(),
        note: String::new(),
        state: "available".to_owned(),
        tags: BTreeMap::new(),
        created: None,
        monthly_usd: monthly.and_then(usd),
        usage: idle_days.map_or(ResourceUsage::Used, |days| ResourceUsage::Idle(idle(days))),
    }
}

fn databases(resources: Vec<Resource>) -> Inventory {
    Inventory { kind: ResourceKind::RdsInstance, region: "ap-northeast-2".to_owned(), resources, unknown: None }
}

const RDS: &str = "Amazon Relational Database Service";

#[test]
fn a_service_is_summed_up_in_one_sentence() {
    let micro = "db.t4g.micro";
    let three = [
        resource("prod", micro, Some("8.1"), None),
        resource("dev", micro, Some("8.1"), None),
        resource("test", micro, Some("8.1"), Some(21)),
    ];
    for (resources, expected) in [
        (
            three.to_vec(),
            Some("3 x db.t4g.micro: prod, dev, test; test had no connections for 21 days: about 8.10 USD a month"),
        ),
        (vec![resource("a", micro, None, Some(1))], Some("1 x db.t4g.micro: a; a had no connections for a day")),
        (
            vec![resource("a", "x", Some("1"), Some(3)), resource("b", "y", Some("2"), Some(2))],
            Some(
                "1 x x: a; 1 x y: b; b had no connections for 2 days: about 2.00 USD a month; a had no connections for 3 days: about 1.00 USD a month",
            ),
        ),
        (
            (1..=8).map(|n| resource(&format!("d{n}"), "", None, None)).collect(),
            Some("8 x RDS instance: d1, d2, d3, d4, d5, d6 and 2 more"),
        ),
        (vec![], None),
    ] {
        assert_eq!(summary(RDS, &[&databases(resources)], now()).as_deref(), expected);
    }
    assert_eq!(summary("AWS Lambda", &[&databases(three.to_vec())], now()), None);
}

#[test]
fn a_next_step_keeps_what_holds_data_and_cannot_run_anything_else() {
    for (kind, id, expected) in [
        (
            ResourceKind::RdsInstance,
            "test",
            "`aws rds delete-db-instance --region ap-northeast-2 --db-instance-identifier test --final-db-snapshot-identifier test-last`",
        ),
        (ResourceKind::Volume, "vol-1", "`aws ec2 create-snapshot --region ap-northeast-2 --volume-id vol-1`"),
        (
            ResourceKind::ProvisionedConcurrency,
            "backend:live",
            "`aws lambda delete-provisioned-concurrency-config --region ap-northeast-2 --function-name backend --qualifier live`",
        ),
        (
            ResourceKind::LogGroup,
            "/aws/lambda/a",
            "`aws logs put-retention-policy --region ap-northeast-2 --log-group-name /aws/lambda/a --retention-in-days 30`",
        ),
        (ResourceKind::LogGroup, "a; rm 'x' $(y)", r"--log-group-name 'a; rm '\''x'\'' $(y)' --retention-in-days 30`"),
    ] {
        let step = next_step(kind, &resource(id, "", None, None), "ap-northeast-2");
        assert!(step.contains(expected), "{step}");
    }
}
