//! The resources behind the bill of a month, and the idle ones, as rows of the report.

use account::inventory::{Inventory, Resource, ResourceKind, charged_by, next_step};
use chrono::{DateTime, Utc};
use model::calendar::Month;
use model::money::cents;
use rust_decimal::Decimal;
use serde::Serialize;

/// A billed resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResourceLine {
    /// Its ARN, id or name.
    pub id: String,
    /// Its cost in the month in the service's currency: from the bill if it lists the resource, otherwise from the
    /// price table; `null` if neither is known.
    pub amount: Option<Decimal>,
    /// A description: class, state, usage, tags.
    pub note: String,
}

/// An idle resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IdleLine {
    /// Its kind: `rds_instance`, `nat_gateway`, `load_balancer`, `address`, `volume`, `provisioned_concurrency`,
    /// `log_group`.
    pub kind: String,
    /// Its ARN, id or name.
    pub id: String,
    /// Its price for a month of 730 hours, in USD; `null` if the price table has none.
    pub monthly_usd: Option<Decimal>,
    /// Why it is called idle, in a sentence.
    pub note: String,
    /// What to do, with the exact command; nothing is ever deleted by itself.
    pub next_step: String,
}

/// The resources of a service in a month, with their cost until `now` from the price table: for the hours since they
/// were created, or since the month began. If the creation time is unknown, the note has the price of a whole month,
/// and there is no amount. Most expensive first, those without an amount last.
pub(super) fn resources_of(
    service: &str,
    inventories: &[&Inventory],
    month: Month,
    now: DateTime<Utc>,
) -> Vec<ResourceLine> {
    let (begin, end) = month.instants();
    let line = |(_, resource): (ResourceKind, &Resource)| {
        let there = resource.created.map(|created| (now.min(end) - created.max(begin)).num_hours().max(0));
        // A whole month is as long as the price table says, however many days it has.
        let amount = resource.monthly_usd.zip(there).and_then(|(usd, hours)| {
            usd.checked_mul(Decimal::from(hours.min(HOURS_A_MONTH)))?.checked_div(Decimal::from(HOURS_A_MONTH))
        });
        let rate = resource.monthly_usd.map(|usd| format!("; about {} USD a month", cents(usd))).unwrap_or_default();
        ResourceLine {
            id: resource.id.clone(),
            amount: amount.map(|usd| usd.round_dp(4)),
            note: format!("{}{rate}", resource.sentence(now)),
        }
    };
    let mut all: Vec<ResourceLine> = charged_by(service, inventories).map(line).collect();
    all.sort_by(|a, b| b.amount.cmp(&a.amount).then_with(|| a.id.cmp(&b.id)));
    all
}

/// The hours of a month in AWS's own calculations.
const HOURS_A_MONTH: i64 = 730;

/// Idle resources, most expensive first, those without a price last.
pub(super) fn idle_lines(inventories: &[&Inventory], now: DateTime<Utc>) -> Vec<IdleLine> {
    let mut lines: Vec<IdleLine> = inventories
        .iter()
        .flat_map(|inventory| inventory.resources.iter().map(move |resource| (*inventory, resource)))
        .filter_map(|(inventory, resource)| {
            let idle = resource.idle()?;
            Some(IdleLine {
                kind: inventory.kind.word().to_owned(),
                id: resource.id.clone(),
                monthly_usd: resource.monthly_usd,
                note: format!("{} {}", resource.title(inventory.kind), idle.sentence(now)),
                next_step: next_step(inventory.kind, resource, &inventory.region),
            })
        })
        .collect();
    lines.sort_by(|a, b| b.monthly_usd.cmp(&a.monthly_usd).then_with(|| (&a.kind, &a.id).cmp(&(&b.kind, &b.id))));
    lines
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use account::inventory::{IdleSince, ResourceUsage};
    use chrono::TimeDelta;

    use super::*;

    const RDS: &str = "Amazon Relational Database Service";

    /// Noon of 20 January 2025.
    fn now() -> DateTime<Utc> {
        "2025-01-20T12:00:00Z".parse().unwrap()
    }

    fn usd(amount: &str) -> Option<Decimal> {
        Some(amount.parse().unwrap())
    }

    fn resource(id: &str, class: &str, monthly: Option<&str>, idle_days: Option<i64>) -> Resource {
        let idle = |days| IdleSince {
            since: now() - TimeDelta::days(days),
            at_least: false,
            why: "had no connection".to_owned(),
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

    #[test]
    fn lines_for_the_report_come_dearest_first_and_those_without_a_price_last() {
        let made = |created: &str, resource: Resource| Resource { created: Some(created.parse().unwrap()), ..resource };
        let all = databases(vec![
            resource("none", "x", None, Some(9)),
            made("2024-11-01T00:00:00Z", resource("cheap", "x", Some("1.5"), Some(9))),
            made("2025-01-10T12:00:00Z", resource("dear", "x", Some("20"), None)),
            resource("undated", "x", Some("3"), None),
        ]);
        let january = "2025-01".parse().unwrap();
        let lines: Vec<_> = resources_of(RDS, &[&all], january, now())
            .into_iter()
            .map(|line| (line.id, line.amount, line.note))
            .collect();
        assert_eq!(
            lines,
            [
                // 240 of 730 hours.
                ("dear".to_owned(), usd("6.5753"), "x; available; about 20.00 USD a month".to_owned()),
                // 468 hours since the month began.
                (
                    "cheap".to_owned(),
                    usd("0.9616"),
                    "x; available; had no connection for 9 days; about 1.50 USD a month".to_owned()
                ),
                ("none".to_owned(), None, "x; available; had no connection for 9 days".to_owned()),
                ("undated".to_owned(), None, "x; available; about 3.00 USD a month".to_owned()),
            ]
        );
        let idle: Vec<_> = idle_lines(&[&all], now()).into_iter().map(|line| (line.id, line.note)).collect();
        assert_eq!(
            idle,
            [
                ("cheap".to_owned(), "RDS instance \"cheap\" (x) had no connection for 9 days".to_owned()),
                ("none".to_owned(), "RDS instance \"none\" (x) had no connection for 9 days".to_owned()),
            ]
        );
    }
}
