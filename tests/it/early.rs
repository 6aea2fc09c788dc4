//! Early figures: the daemon on a simulated clock with emulated AWS and the real SDK. The emulator drops metrics that
//! are older than two weeks, so the tests use a year in the future.

use std::fs;
use std::sync::Arc;

use aws::{AwsClients, sdk};
use chrono::{DateTime, TimeDelta, Utc};
use clock::{Clock, SimulatedClock};
use model::call_failure::FailureKind;
use monitor::app::{MonitorConfig, daemon};
use monitor::config::{ConfigEnvironment, parse};
use monitor::daemon::{NoWatchdog, StopCondition};
use serde_json::{Value, json};
use store::{Durability, Store};
use tempfile::TempDir;

use crate::support::program::{Output, monitor};
use crate::support::stack::{Emulator, REGION, aws_env};
use crate::support::webhook::{Reply, Webhook};
use crate::world::{answer, billed, said};

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

/// A store with a configuration, and the accounts it asks.
struct Early {
    folder: TempDir,
    slack: Webhook,
    tables: String,
    /// For everything but the bill.
    main: String,
    /// For the bill.
    costs: String,
}

impl Early {
    fn new(tables: &str, main: &str, costs: &str) -> Self {
        let slack = Webhook::start(vec![Reply::status(200).body("ok")]);
        let tables = format!("{tables}\n[receiver.team]\nvia.slack = {{ webhook = {{ env = \"HOOK\" }} }}\n");
        Self {
            folder: TempDir::new().expect("a folder"),
            slack,
            tables,
            main: main.to_owned(),
            costs: costs.to_owned(),
        }
    }

    async fn account(&self) -> AwsClients {
        let (main, costs) = tokio::join!(account(&self.main), account(&self.costs));
        AwsClients { billing: costs.billing, ..main }
    }

    /// Runs the daemon from one moment to another.
    async fn run(&self, from: &str, to: &str) {
        let hook = format!("{}/x", self.slack.url());
        let environment = ConfigEnvironment::with(&[("HOOK", &hook)], self.folder.path().to_path_buf());
        let config: MonitorConfig =
            parse(&self.tables, &environment, at(from)).unwrap_or_else(|problems| panic!("{problems:?}"));
        let clock: Arc<dyn Clock> = Arc::new(SimulatedClock::starting_at(at(from)));
        let daemon =
            daemon(config, self.account(), clock, Durability::None, fastrand::Rng::with_seed(1), Box::new(NoWatchdog))
                .await;
        daemon.expect("a daemon").run(StopCondition::Instant(at(to))).await.expect("a good end");
    }

    /// What the team was told, in order: all of each message.
    fn told(&self) -> Vec<String> {
        self.slack.requests().iter().map(|request| request.body.clone()).collect()
    }

    fn titles(&self) -> Vec<String> {
        self.told().iter().map(|body| said(body)).collect()
    }
}

async fn account(url: &str) -> AwsClients {
    let keys = aws_sdk_sts::config::Credentials::new("test", "test", None, None, "test");
    let region = aws_config::Region::new(REGION);
    let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
        .region(region)
        .endpoint_url(url)
        .credentials_provider(keys)
        .load()
        .await;
    sdk::account(&config, Arc::new(clock::SystemClock))
}

/// Puts one datum of a metric.
async fn put(
    ministack: &Emulator,
    region: &str,
    metric: (&str, &str),
    dimensions: &[(&str, &str)],
    when: &str,
    value: f64,
) {
    let dimensions: Vec<Value> = dimensions.iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect();
    let datum =
        json!({"MetricName": metric.1, "Dimensions": dimensions, "Timestamp": at(when).timestamp(), "Value": value});
    let body = json!({"Namespace": metric.0, "MetricData": [datum]});
    ministack
        .call_in(region, "monitoring", "GraniteServiceVersion20100801.PutMetricData", &body)
        .await
        .expect("PutMetricData");
}

const RUNAWAY: &str = r#"
[aws]
region = "ap-northeast-2"
[watch.spend]
every = "24h"
read.cost_explorer = {}
[watch.usage]
every = "15m"
read.usage_estimate = { functions = ["run*"] }
[alert.lambda]
when.cost_above = { service = "AWS Lambda", per = "day", usd = "5" }
tell = ["team"]
[alert.free]
when.free_tier_above = { of = ["lambda_requests"] }
tell = ["team"]
"#;

#[tokio::test]
async fn a_runaway_is_found_by_the_next_poll_and_withdrawn_by_the_bill_in_the_same_incident() {
    let (ministack, moto) = tokio::join!(Emulator::ministack(), Emulator::moto());
    ministack.create_function("runaway", "def handler(event, context):\n    return event\n", 3, 128).await;
    ministack.create_function("other", "def handler(event, context):\n    return event\n", 3, 128).await;
    let early = Early::new(RUNAWAY, &ministack.url(), &moto.url());
    let of = |function: &'static str| [("FunctionName", function)];
    put(&ministack, REGION, ("AWS/Lambda", "Invocations"), &of("runaway"), "2031-03-10T03:00:00Z", 1000.0).await;
    put(&ministack, REGION, ("AWS/Lambda", "Invocations"), &of("other"), "2031-03-10T03:00:00Z", 900_000_000.0).await;
    early.run("2031-03-10T12:01:00Z", "2031-03-10T12:10:00Z").await;
    assert_eq!(early.titles(), Vec::<String>::new(), "one poll, and nothing is wrong");

    // It calls itself: 50 million times, 100 ms each.
    put(&ministack, REGION, ("AWS/Lambda", "Invocations"), &of("runaway"), "2031-03-10T12:09:00Z", 50_000_000.0).await;
    put(&ministack, REGION, ("AWS/Lambda", "Duration"), &of("runaway"), "2031-03-10T12:09:00Z", 5_000_000_000.0).await;
    early.run("2031-03-10T12:16:00Z", "2031-03-10T12:20:00Z").await;
    // 49,001,000 requests x 0.0000002 = 9.8002; 225,000 GB-s x 0.0000166667 = 3.7500075.
    let told = early.told().join("\n");
    assert!(
        told.contains(
            "AWS Lambda costs 13.55 USD on 2031-03-10, according to usage at the region's list price, over 5.00 USD"
        ),
        "{told}"
    );
    assert!(told.contains("The bill will confirm or correct it."), "{told}");
    assert!(told.contains("50001000 of 1000000 free invocations in 2031-03 are used, over 80 %"), "{told}");
    let before = early.told().len();

    let day = |day: u32, usd: &str| {
        billed(&format!("2031-03-{day:02}"), &format!("2031-03-{:02}", day + 1), false, &[("AWS Lambda", usd)])
    };
    moto.queue_cost_results(&[answer(&[day(10, "2.00"), day(11, "0.01"), day(12, "0.01"), day(13, "0.01")], None)])
        .await;
    early.run("2031-03-14T12:16:00Z", "2031-03-14T12:40:00Z").await;
    let told = early.told()[before..].join("\n");
    assert!(told.contains("[resolved]"), "{told}");
    let withdrawn = "the bill corrects it to 2.00 USD for 2031-03-10; it was 13.55 USD according to usage at the region's list price";
    assert!(told.contains(withdrawn), "{told}");
    let of_lambda = early.titles().into_iter().filter(|title| title.contains("AWS Lambda")).count();
    assert!(of_lambda <= 2, "one beginning and one end: {:?}", early.titles());
}

const CHARGES: &str = r#"
[aws]
region = "ap-northeast-2"
[watch.charges]
every = "1h"
read.estimated_charges = { services = true }
[alert.month]
when.cost_above = { usd = "20" }
tell = ["team"]
[alert.rds]
when.cost_above = { service = "Amazon Relational Database Service", usd = "15" }
tell = ["team"]
"#;

#[tokio::test]
async fn the_count_of_the_month_is_told_before_the_bill_and_not_that_of_the_month_before() {
    let ministack = Emulator::ministack().await;
    let early = Early::new(CHARGES, &ministack.url(), &ministack.url());
    early.run("2031-04-01T01:00:00Z", "2031-04-01T03:30:00Z").await;
    let told = early.told();
    assert_eq!(told.len(), 1, "once, whatever the number of polls: {told:?}");
    assert!(told[0].contains("the metric AWS/Billing EstimatedCharges does not exist in us-east-1"), "{told:?}");
    assert!(told[0].contains("Receive CloudWatch billing alerts"), "{told:?}");

    let (total, rds) = ([("Currency", "USD")], [("Currency", "USD"), ("ServiceName", "AmazonRDS")]);
    let won = [("Currency", "KRW")];
    for (dimensions, when, count) in [
        (&total[..], "2031-03-31T18:00:00Z", 300.0),
        (&rds[..], "2031-03-31T18:00:00Z", 250.0),
        // Still the count of March.
        (&total[..], "2031-04-01T02:00:00Z", 301.0),
        (&total[..], "2031-04-01T08:00:00Z", 2.0),
        (&rds[..], "2031-04-01T08:00:00Z", 1.5),
        (&won[..], "2031-04-01T08:00:00Z", 99999.0),
    ] {
        put(&ministack, "us-east-1", ("AWS/Billing", "EstimatedCharges"), dimensions, when, count).await;
    }
    early.run("2031-04-01T03:40:00Z", "2031-04-01T12:00:00Z").await;
    let titles = early.titles();
    assert!(
        titles.len() == 2 && titles[1].contains("[resolved]"),
        "the source sees, and nothing is over a limit: {titles:?}"
    );

    put(&ministack, "us-east-1", ("AWS/Billing", "EstimatedCharges"), &total, "2031-04-03T14:00:00Z", 25.3).await;
    put(&ministack, "us-east-1", ("AWS/Billing", "EstimatedCharges"), &rds, "2031-04-03T14:00:00Z", 17.25).await;
    early.run("2031-04-03T16:00:00Z", "2031-04-03T16:30:00Z").await;
    let told = early.told()[2..].join("\n");
    assert!(told.contains("The whole account costs 25.30 USD in 2031-04 so far, according to CloudWatch's estimate at 14:00 UTC, over 20.00 USD"), "{told}");
    assert!(told.contains("Amazon Relational Database Service costs 17.25 USD in 2031-04 so far"), "{told}");
}

#[tokio::test]
async fn a_throttled_poll_changes_no_figure_and_is_not_told_at_once() {
    let throttled = Reply::status(429)
        .header("x-amzn-errortype", "TooManyRequestsException")
        .body("{\"message\":\"Rate exceeded\"}");
    let aws = Webhook::start(vec![throttled]);
    let early = Early::new(
        &RUNAWAY.replace("[watch.spend]\nevery = \"24h\"\nread.cost_explorer = {}\n", ""),
        &aws.url(),
        &aws.url(),
    );
    early.run("2031-03-10T12:00:00Z", "2031-03-10T12:02:00Z").await;
    let store = Store::open_read_only(&early.folder.path().join("monitor.db")).await.expect("the store");
    let loaded = store.load(at("2031-03-10T12:02:00Z"), TimeDelta::days(1)).await.expect("what it knows");
    let failing = loaded.sources[0].state.failing.as_ref().expect("a failure");
    assert_eq!(
        (failing.last.kind, failing.last.call.as_str()),
        (FailureKind::Throttled, "lambda:ListFunctions"),
        "{}",
        failing.last
    );
    assert!(loaded.observations.is_empty() && early.told().is_empty(), "{:?} {:?}", loaded.observations, early.told());
}

/// What `check` says of a configuration, with a file of prices beside it; nothing is asked.
fn checked(aws: &str, prices: &str) -> Output {
    let folder = TempDir::new().expect("a folder");
    let tables = "[watch.usage]\nevery = \"15m\"\nread.usage_estimate = {}\n[receiver.console]\nvia.stdout = {}\n";
    fs::write(folder.path().join("alerts.toml"), format!("[aws]\n{aws}\n{tables}")).expect("the configuration");
    fs::write(folder.path().join("own.toml"), prices).expect("the prices");
    monitor(folder.path()).args(["check"]).envs(aws_env("http://127.0.0.1:9", &[])).run()
}

#[test]
fn a_region_without_prices_is_told_before_anything_runs_and_a_file_of_prices_helps() {
    let output = checked("region = \"mars-north-1\"", "");
    assert!(
        output.code == Some(2) && output.stdout.contains("the price table has no prices for mars-north-1"),
        "{}",
        output.stdout
    );
    let output = checked("region = \"us-east-1\"", "");
    assert!(
        output.code == Some(0) && output.stdout.contains("prices for watch.usage: us-east-1 has prices"),
        "{}",
        output.stdout
    );

    let steps = "[{ from = \"0\", usd = \"0.1\" }]";
    let own = format!(
        "[[lambda]]\nregion = \"mars-north-1\"\nper_request = \"0.1\"\nx86 = {steps}\narm64 = {steps}\nread = \"2026-11-01\"\nsource = \"ours\"\n"
    );
    let output = checked("region = \"mars-north-1\"\nprices = \"own.toml\"", &own);
    assert!(
        output.code == Some(0) && output.stdout.contains("logs have none and are not counted"),
        "{}",
        output.stdout
    );
    let output = checked(
        "region = \"mars-north-1\"\nprices = \"own.toml\"",
        &own.replace("per_request = \"0.1\"", "per_request = \"-1\""),
    );
    assert!(
        output.code != Some(0) && output.stderr.contains("own.toml cannot be used: line 3, `per_request = \"-1\"`"),
        "{}",
        output.stderr
    );
    let output = checked("prices = \"gone.toml\"", "");
    assert!(output.code != Some(0) && output.stderr.contains("gone.toml cannot be read"), "{}", output.stderr);
}
