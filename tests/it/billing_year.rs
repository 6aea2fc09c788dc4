//! A year of a bill that comes late, is restated, and has tax, support and credits on it: through the real source,
//! rules, meter and store, against what the bill came to in the end.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use alerting::decide::{OpenIncidents, decide};
use alerting::history::History;
use alerting::incident::IncidentEvent;
use alerting::operator::OperatorActions;
use async_trait::async_trait;
use aws::meter::{CallMeter, metered};
use aws::prices::PriceTable;
use aws::recorded::Recording;
use aws::{AwsClients, BilledDay, BilledGroup, CostExplorerApi, CostGrouping, CostQuery, ResultPage};
use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use clock::{Clock, SimulatedClock};
use model::calendar::{Month, day_start};
use model::call_failure::{CallFailure, FailureKind};
use model::money::Money;
use monitor::app::MonitorConfig;
use monitor::config::{ConfigEnvironment, parse};
use rust_decimal::Decimal;
use source::Source;
use store::{Commit, Durability, Store};
use tempfile::TempDir;

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn usd(text: &str) -> Decimal {
    text.parse().expect("an amount")
}

/// A line of the bill: what it says first, what it says in the end, and when.
#[derive(Clone)]
struct Line {
    day: NaiveDate,
    service: &'static str,
    record_type: &'static str,
    usage_type: &'static str,
    amount: Decimal,
    /// What is said before `right_from`.
    first: Decimal,
    seen_from: DateTime<Utc>,
    right_from: DateTime<Utc>,
}

/// The bill of 2024, written down by hand: each line is on it once.
fn bill() -> Vec<Line> {
    let mut lines = Vec::new();
    let mut add =
        |day: NaiveDate, service, record_type, usage_type, amount: Decimal, first: Decimal, late: i64, right: i64| {
            let after = |hours: i64| day_start(day) + TimeDelta::hours(hours);
            lines.push(Line {
                day,
                service,
                record_type,
                usage_type,
                amount,
                first,
                seen_from: after(late),
                right_from: after(right),
            });
        };
    for date in day("2024-01-01").iter_days().take_while(|date| date.year() == 2024) {
        let n = Decimal::from(date.ordinal());
        // Grows within the day, is right a day later.
        let database = usd("0.8064516129") + n * usd("0.0000000007");
        add(
            date,
            "Amazon Relational Database Service",
            "Usage",
            "APN2-InstanceUsage:db.t4g.micro",
            database,
            database * usd("0.5"),
            20,
            44,
        );
        // Said too high at first, by a tenth: only what is left of it is certain.
        let lambda = usd("0.1000000001") * Decimal::from(1 + date.ordinal() % 5);
        add(date, "AWS Lambda", "Usage", "APN2-Lambda-GB-Second", lambda, lambda * usd("1.1"), 22, 60);
        // Comes five days late, long after the day was called settled.
        if date.ordinal() % 9 == 0 {
            add(
                date,
                "Amazon Simple Storage Service",
                "Usage",
                "APN2-TimedStorage-ByteHrs",
                usd("0.0333333333"),
                usd("0.0333333333"),
                120,
                120,
            );
        }
        if date.day() == 1 {
            add(date, "Tax", "Tax", "", usd("3.4500000000"), usd("3.4500000000"), 50, 50);
            // The fee of a month lands on the 6th of the next one.
            let landed = (day_start(Month::of(date).end()) - day_start(date)).num_hours() + 5 * 24 + 3;
            add(
                date,
                "AWS Support (Developer)",
                "Support",
                "Dollar",
                usd("29.0000000000"),
                usd("29.0000000000"),
                landed,
                landed,
            );
        }
    }
    // One day that was billed at five times its price for some hours, and one that really was dear.
    add(
        day("2024-03-12"),
        "Amazon Simple Storage Service",
        "Usage",
        "APN2-Requests-Tier1",
        usd("0.0100000000"),
        usd("0.0110000000"),
        20,
        40,
    );
    add(
        day("2024-08-20"),
        "Amazon Simple Storage Service",
        "Usage",
        "APN2-Requests-Tier1",
        usd("7.7700000000"),
        usd("7.7700000000"),
        20,
        20,
    );
    // A credit note for May that is written in the middle of June.
    add(day("2024-05-15"), "AWS Lambda", "Credit", "", usd("-2.3400000001"), usd("-2.3400000001"), 33 * 24, 33 * 24);
    lines
}

/// Cost Explorer, as its user guide describes it, with an invoice of its own.
struct CostExplorer {
    lines: Vec<Line>,
    clock: Arc<dyn Clock>,
    invoice: Mutex<BTreeMap<Month, Decimal>>,
    requests: Mutex<u64>,
}

/// Groups on a page: so few that every month has several pages.
const PAGE: usize = 150;

#[async_trait]
impl CostExplorerApi for CostExplorer {
    async fn costs(&self, question: &CostQuery, token: Option<&str>) -> Result<ResultPage<BilledDay>, CallFailure> {
        let now = self.clock.now();
        let request = {
            let mut requests = self.requests.lock().expect("a lock");
            *requests += 1;
            *requests
        };
        let fails = |kind| CallFailure {
            call: "ce:GetCostAndUsage".into(),
            resource: "the bill".into(),
            kind,
            said: "no".into(),
            next_step: "wait".into(),
        };
        if request % 7 < 2 {
            return Err(fails(FailureKind::Throttled));
        }
        *self.invoice.lock().expect("a lock").entry(Month::of(now.date_naive())).or_default() += usd("0.01");
        if request % 31 == 0 {
            return Err(fails(FailureKind::NoAnswer));
        }
        let skipped: usize = token.map_or(0, |token| token.parse().expect("a token of ours"));
        let asked = |line: &&Line| {
            (question.from..question.end).contains(&line.day)
                && now >= line.seen_from
                && (question.by == CostGrouping::RecordType || !["Tax", "Credit"].contains(&line.record_type))
        };
        let mut days = BTreeMap::<NaiveDate, Vec<BilledGroup>>::new();
        question.from.iter_days().take_while(|day| *day < question.end).for_each(|day| drop(days.insert(day, vec![])));
        let mut shown: Vec<&Line> = self.lines.iter().filter(asked).collect();
        shown.sort_by_key(|line| line.day);
        let rest = shown.len().saturating_sub(skipped + PAGE);
        for line in shown.into_iter().skip(skipped).take(PAGE) {
            let money = Money::usd(if now >= line.right_from { line.amount } else { line.first });
            let (by_type, quantity) =
                (question.by == CostGrouping::UsageType, Some((Decimal::from(24), "Hrs".to_owned())));
            days.entry(line.day).or_default().push(BilledGroup {
                service: line.service.into(),
                record_type: if by_type { "Usage".into() } else { line.record_type.into() },
                usage_type: if by_type { line.usage_type.into() } else { String::new() },
                money,
                quantity: quantity.filter(|_| by_type),
            });
        }
        // Figures are estimates until the invoice is written on the 7th.
        let written = |day: NaiveDate| now >= day_start(Month::of(day).end()) + TimeDelta::days(7);
        let items = days.into_iter().map(|(day, groups)| BilledDay { day, estimated: !written(day), groups }).collect();
        Ok(ResultPage { items, next: (rest > 0).then(|| (skipped + PAGE).to_string()) })
    }
}

const ALERTS: &str = r#"
[aws]
max_monthly_usd = "3.00"
[watch.spend]
every = "6h"
read.cost_explorer = {}
[alert.dear-day]
when.cost_above = { per = "day", usd = "2.15" }
tell = ["out"]
[alert.dear-month]
when.cost_above = { per = "month", usd = "75" }
tell = ["out"]
[alert.lambda-day]
when.cost_above = { service = "AWS Lambda", per = "day", usd = "0.51" }
tell = ["out"]
[receiver.out]
via.stdout = {}
"#;

struct Year {
    account: AwsClients,
    explorer: Arc<CostExplorer>,
    clock: Arc<SimulatedClock>,
    store: Store,
    meter: Arc<CallMeter>,
    config: MonitorConfig,
    _folder: TempDir,
}

async fn year(alerts: &str) -> Year {
    let folder = TempDir::new().expect("a folder");
    let start = day_start(day("2024-01-01"));
    let clock = Arc::new(SimulatedClock::starting_at(start));
    let config: MonitorConfig = parse(alerts, &ConfigEnvironment::with(&[], folder.path().to_path_buf()), start)
        .unwrap_or_else(|problems| panic!("{problems:?}"));
    let explorer = Arc::new(CostExplorer {
        lines: bill(),
        clock: clock.clone(),
        invoice: Mutex::default(),
        requests: Mutex::default(),
    });
    let store = Store::open(&config.store.path, Durability::None).await.expect("a store");
    let meter = CallMeter::new(PriceTable::built_in().expect("prices"), config.aws.max_monthly_usd, clock.clone())
        .with_ledger(monitor::app::StoreLedger(store.ledger()));
    let nothing = Recording::parse("region = \"ap-northeast-2\"\nbill = []")
        .expect("an empty account")
        .account(clock.clone(), start);
    let meter = Arc::new(meter);
    let account = metered(AwsClients { billing: explorer.clone(), ..nothing }, &meter);
    Year { account, explorer, clock, store, meter, config, _folder: folder }
}

/// What was told over the year: rule, day of the year it was told on, and the day its finding speaks of where it names
/// one.
async fn run(year: &mut Year) -> Vec<(String, DateTime<Utc>, String)> {
    let book = year.config.rulebook();
    let watch = year.config.watches.remove(0);
    let mut source: Box<dyn Source> = watch.read.source(watch.name.clone(), &year.account);
    let mut history = History::default();
    let mut open = OpenIncidents::default();
    let mut told = Vec::new();
    history.watch(&watch.name, year.clock.now());
    let end = day_start(day("2025-02-15"));
    while year.clock.now() < end {
        let now = year.clock.now();
        // A storm: what fails is tried again at once, several times over.
        for _ in 0..4 {
            let gathered = source.poll(now).await;
            gathered.observations.iter().for_each(|seen| history.record(seen));
            let decision = decide(&book, &history, &open, &OperatorActions::default(), now);
            for incident in &decision.incidents {
                let identity = (incident.rule.clone(), incident.subject.clone());
                match incident.resolved {
                    Some(_) => drop(open.remove(&identity)),
                    None => drop(open.insert(identity, incident.clone())),
                }
            }
            for told_of in decision.notifications.iter().filter(|told_of| told_of.event == IncidentEvent::Firing) {
                let incident =
                    decision.incidents.iter().find(|incident| incident.id == told_of.incident).expect("its incident");
                told.push((incident.rule.clone(), now, incident.finding.headline.clone()));
            }
            let failed = gathered.failed();
            let commit = Commit {
                observations: gathered.observations.into_iter().filter(|seen| seen.what.is_kept()).collect(),
                incidents: decision.incidents,
                spent: year.meter.take_unsaved(),
                ..Commit::default()
            };
            year.store.commit(&commit).await.expect("a commit");
            if !failed {
                break;
            }
        }
        year.clock.wait_until(now + TimeDelta::hours(6), false).await;
        history.forget(now, TimeDelta::days(1));
    }
    told
}

/// What the days of the bill came to in the end, by service or in all.
fn came_to(days: impl Fn(NaiveDate) -> bool, service: Option<&str>) -> Decimal {
    bill()
        .iter()
        .filter(|line| days(line.day) && service.is_none_or(|service| line.service == service))
        .map(|line| line.amount)
        .sum()
}

#[tokio::test]
async fn a_year_of_late_and_restated_bills_is_summed_to_the_last_digit_and_raises_no_false_alert() {
    let mut year = year(ALERTS).await;
    let told = run(&mut year).await;

    // Every line is in the sums, in every month.
    let mut month = Month::of(day("2024-01-01"));
    while month.first_day().year() == 2024 {
        let report = monitor::app::month_report(&year.store, month, year.clock.now()).await.expect("a report");
        assert_eq!(report.total, Some(came_to(|day| month.contains(day), None)), "{month}");
        assert!(report.settled, "{month}");
        for line in &report.services {
            assert_eq!(
                line.amount,
                came_to(|day| month.contains(day), Some(&line.service)),
                "{month} {}",
                line.service
            );
            let parts: Decimal = line.reasons.iter().map(|reason| reason.amount).sum();
            assert_eq!(
                Some(parts),
                line.previous.map(|previous| line.amount - previous).or(Some(Decimal::ZERO)),
                "{month} {}",
                line.service
            );
        }
        let own = year.explorer.invoice.lock().expect("a lock").get(&month).copied().unwrap_or_default();
        assert_eq!(report.own_cost.usd, own, "the meter and the invoice of {month}");
        assert!(own <= usd("3.00"), "{month} cost {own}");
        assert!(own > usd("0.30"), "the storms of {month} cost only {own}: nothing was tried");
        month = month.next();
    }
    let may = monitor::app::month_report(&year.store, "2024-06".parse().expect("a month"), year.clock.now())
        .await
        .expect("a report");
    let lambda = may.services.iter().find(|line| line.service == "AWS Lambda").expect("Lambda");
    assert!(
        lambda
            .reasons
            .iter()
            .any(|reason| format!("{:?}", reason.kind) == "Credit" && reason.amount == usd("2.3400000001")),
        "{lambda:?}"
    );

    // What was told was so, and what was so was told.
    let days_over: Vec<NaiveDate> = day("2024-01-01")
        .iter_days()
        .take_while(|date| date.year() == 2024)
        .filter(|date| came_to(|day| day == *date, None) > usd("2.15"))
        .collect();
    for (rule, when, headline) in told.iter().filter(|(rule, ..)| rule.ends_with("-day")) {
        let named = day_named(headline);
        let service = (rule == "lambda-day").then_some("AWS Lambda");
        let limit = usd(if rule == "lambda-day" { "0.51" } else { "2.15" });
        let amount = came_to(|day| day == named, service);
        assert!(amount > limit, "{when}: {rule}: {headline}, and it came to {amount}");
    }
    assert!(
        told.iter().any(|(rule, _, headline)| rule == "dear-day" && day_named(headline) == day("2024-08-20")),
        "{days_over:?} {told:?}"
    );
    for (_, when, headline) in told.iter().filter(|(rule, ..)| rule == "dear-month") {
        let month = Month::of(when.date_naive());
        assert!(came_to(|day| month.contains(day), None) > usd("75"), "{when}: {headline}");
    }
}

/// The day that a headline speaks of.
fn day_named(headline: &str) -> NaiveDate {
    headline
        .split_whitespace()
        .find_map(|word| word.trim_matches(',').parse().ok())
        .unwrap_or_else(|| panic!("no day in {headline}"))
}

#[tokio::test]
async fn a_storm_of_retries_stops_at_the_cap_to_the_cent() {
    let mut year = year(&ALERTS.replace("\"3.00\"", "\"0.50\"")).await;
    run(&mut year).await;
    let invoice = year.explorer.invoice.lock().expect("a lock").clone();
    assert!(invoice.values().all(|spent| *spent <= usd("0.50")), "{invoice:?}");
    assert!(invoice.values().any(|spent| *spent == usd("0.50")), "{invoice:?}");
    for (month, spent) in &invoice {
        let report = monitor::app::month_report(&year.store, *month, year.clock.now()).await.expect("a report");
        assert_eq!(report.own_cost.usd, *spent, "{month}");
    }
}
