//! Months for the tests of this folder and of the formats.

use std::collections::BTreeMap;

use account::map::{Change, ChangeBody, ChangeCall, MapKind};
use billing::explain::{CostDriver, CostDriverKind};
use billing::forecast::IntervalForecast;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use model::calendar::Month;
use rust_decimal::Decimal;

use crate::changes::ChangeView;
use crate::month::{
    CallLine, CauseRow, DayLine, ForecastScore, ForecastSection, FunctionLine, IdleLine, IncidentLine, MonthReport,
    OwnCost, PingLine, ResourceLine, Restatement, SCHEMA, ServiceForecast, ServiceLine, ServiceReason,
};
use model::calendar::DayRange;

pub(crate) fn number(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub(crate) fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 12, day).unwrap()
}

/// A month of which nothing is known.
pub(crate) fn nothing() -> MonthReport {
    MonthReport {
        schema: SCHEMA,
        month: Month::of(day(1)),
        settled: false,
        days: None,
        currency: None,
        total: None,
        previous_total: None,
        services: vec![],
        reasons: vec![],
        daily: vec![],
        accounts: vec![],
        restatements: vec![],
        forecast: ForecastSection::default(),
        idle: vec![],
        lambda: vec![],
        pings: vec![],
        incidents: vec![],
        changes: vec![],
        own_cost: OwnCost { usd: Decimal::ZERO, cap: None, calls: vec![] },
    }
}

pub(crate) fn service(name: &str, amount: &str, previous: Option<&str>, currency: &str) -> ServiceLine {
    let (service, currency) = (name.to_owned(), currency.to_owned());
    ServiceLine {
        service,
        amount: number(amount),
        previous: previous.map(number),
        currency,
        reasons: vec![],
        resources: vec![],
    }
}

fn reason(service: &str, kind: CostDriverKind, usage_type: &str, amount: &str) -> ServiceReason {
    ServiceReason {
        service: service.to_owned(),
        reason: CostDriver { kind, usage_type: usage_type.to_owned(), amount: number(amount) },
    }
}

/// A month as the story had it, with something in every field.
pub(crate) fn december() -> MonthReport {
    let rds = "Amazon Relational Database Service";
    let per_day = |day: u32| {
        let of_rds = if day < 10 { number("0.50") } else { number("1.00") };
        let all = [
            (rds, of_rds),
            ("AWS Lambda", number("0.10")),
            ("Tax", number("0.06")),
            ("AmazonCloudWatch", number("0.04")),
        ];
        BTreeMap::from(all.map(|(service, amount)| (service.to_owned(), amount)))
    };
    let mut rds_line = service(rds, "24.50", Some("0"), "USD");
    rds_line.resources = vec![
        ResourceLine {
            id: "prod".to_owned(),
            amount: Some(number("12.25")),
            note: "db.t3.micro, available, no connection for 20 days".to_owned(),
        },
        ResourceLine { id: "dev".to_owned(), amount: None, note: "db.t3.micro, stopped".to_owned() },
    ];
    let foretold = |forecast: &str, low: &str, high: &str| IntervalForecast {
        forecast: number(forecast),
        low: number(low),
        high: number(high),
    };
    MonthReport {
        days: Some(DayRange { first: day(1), last: day(29) }),
        currency: Some("USD".to_owned()),
        total: Some(number("30.30")),
        previous_total: Some(number("8.73")),
        services: vec![
            rds_line,
            service("AWS Lambda", "2.90", Some("3.40"), "USD"),
            service("Tax", "1.74", Some("0.79"), "USD"),
            service("AmazonCloudWatch", "1.16", Some("4.54"), "USD"),
            service("AWS Key Management Service", "0.0002", Some("0"), "USD"),
        ],
        reasons: vec![
            reason(rds, CostDriverKind::New, "APN2-InstanceUsage:db.t3.micro", "24.50"),
            reason("AmazonCloudWatch", CostDriverKind::Usage, "APN2-CW:Requests", "-3.38"),
            reason("Tax", CostDriverKind::Tax, "", "0.95"),
        ],
        daily: (1..30)
            .filter(|number| *number != 20)
            .map(|number| DayLine { day: day(number), settled: number < 28, services: per_day(number) })
            .collect(),
        accounts: vec!["111122223333".to_owned(), "444455556666".to_owned()],
        restatements: vec![Restatement {
            day: day(5),
            service: "AWS Lambda".to_owned(),
            seen: "2024-12-20T03:00:00Z".parse().unwrap(),
            before: number("0.08"),
            after: number("0.10"),
        }],
        forecast: ForecastSection {
            as_of: Some(day(30)),
            total: Some(foretold("32.70", "31.10", "34.90")),
            services: vec![ServiceForecast { service: rds.to_owned(), foretold: foretold("26.50", "25.50", "27.50") }],
            score: Some(ForecastScore {
                month: Month::of(day(1)).previous(),
                as_of: NaiveDate::from_ymd_opt(2024, 11, 15).unwrap(),
                forecast: number("8.80"),
                naive: number("9.60"),
                actual: number("8.73"),
                error_percent: Some(number("0.8")),
                naive_error_percent: Some(number("10.0")),
            }),
            unknown: None,
        },
        idle: vec![IdleLine {
            kind: "rds_instance".to_owned(),
            id: "dev".to_owned(),
            monthly_usd: Some(number("18.98")),
            note: "No connection for 20 days.".to_owned(),
            next_step:
                "aws rds delete-db-instance --db-instance-identifier dev --final-db-snapshot-identifier dev-final"
                    .to_owned(),
        }],
        lambda: vec![FunctionLine {
            function: "backend-dev".to_owned(),
            invocations: 10_250,
            cold_starts: 420,
            user_cold_starts: 300,
            timeouts: 130,
            errors: 2,
            billed_ms: 1_000_000,
            init_percent: Some(number("38.2")),
            p50_ms: Some(12),
            p95_ms: Some(1_250),
            longest_ms: Some(30_030),
            memory_used_mb: Some(201),
            memory_size_mb: Some(512),
            causes: vec![
                CauseRow { code: "slow_cold_start".to_owned(), count: 130 },
                CauseRow { code: "of_a_later_version".to_owned(), count: 2 },
            ],
        }],
        pings: vec![PingLine {
            function: "backend-dev".to_owned(),
            sent: 10_000,
            warm: 9_600,
            cold: 260,
            answered: 10,
            timed_out: 128,
            failed: 2,
            usd: number("0.4321"),
            unpriced: 0,
            planned: None,
        }],
        incidents: vec![IncidentLine {
            rule: "init".to_owned(),
            subject: "function:backend-dev".to_owned(),
            headline: "backend-dev: the init phase takes too long (slow_cold_start)".to_owned(),
            cause: Some("slow_cold_start".to_owned()),
            severity: "critical".to_owned(),
            fired: "2024-12-20T15:10:00Z".parse().unwrap(),
            resolved: None,
            seconds: 2 * 86_400 + 3 * 3600,
        }],
        changes: [
            change("code_sha256", "2024-12-18T01:10:00Z", Some("UpdateFunctionCode20150331v2")),
            change("memory", "2024-12-20T01:10:00Z", None),
        ]
        .map(ChangeView::of)
        .to_vec(),
        own_cost: OwnCost {
            usd: number("0.13"),
            cap: Some(number("1.00")),
            calls: vec![
                CallLine { operation: "ce:GetCostAndUsage".to_owned(), count: 13, usd: number("0.13") },
                CallLine { operation: "logs:FilterLogEvents".to_owned(), count: 12_345, usd: Decimal::ZERO },
            ],
        },
        ..nothing()
    }
}

/// A month of so many services; the first costs as many cents as there are services on each of its 31 days, the last
/// one cent.
pub(crate) fn month_of_services(count: u32) -> MonthReport {
    let name = |place: u32| format!("Service {place:02}");
    let per_day: BTreeMap<String, Decimal> =
        (0..count).map(|place| (name(place), Decimal::new(i64::from(count - place), 2))).collect();
    let services: Vec<ServiceLine> = (0..count)
        .map(|place| {
            service(
                &name(place),
                &(Decimal::new(i64::from(count - place), 2) * Decimal::from(31)).to_string(),
                Some("1"),
                "USD",
            )
        })
        .collect();
    MonthReport {
        settled: true,
        days: Some(DayRange { first: day(1), last: day(31) }),
        currency: Some("USD".to_owned()),
        total: Some(services.iter().map(|line| line.amount).sum()),
        previous_total: Some(Decimal::from(count)),
        services,
        daily: (1..32).map(|number| DayLine { day: day(number), settled: true, services: per_day.clone() }).collect(),
        ..nothing()
    }
}

/// A setting of a function that went from `1` to `2` within fifteen minutes, or by a call in between.
fn change(setting: &str, until: &str, call: Option<&str>) -> Change {
    let until: DateTime<Utc> = until.parse().unwrap();
    let at = until - TimeDelta::minutes(3);
    Change {
        since: until - TimeDelta::minutes(15),
        until,
        kind: MapKind::Function,
        region: "ap-northeast-2".to_owned(),
        id: "backend-dev".to_owned(),
        called: None,
        arn: None,
        functions: vec!["backend-dev".to_owned()],
        what: ChangeBody::Setting { name: setting.to_owned(), from: Some("1".to_owned()), to: Some("2".to_owned()) },
        by: call.map(|call| ChangeCall { at, call: call.to_owned(), who: "soyoung".to_owned() }),
    }
}
