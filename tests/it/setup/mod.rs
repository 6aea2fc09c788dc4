//! Accounts, and the configurations that come of them. Each is read by the program's own reader, and so are its
//! proposals.

use std::collections::BTreeSet;
use std::path::PathBuf;

use account::inventory::ResourceKind;
use account::map::{MapKind, MapResource, MapSnapshot};
use chrono::NaiveDate;
use insta::{assert_snapshot, with_settings};
use model::call_failure::{CallFailure, FailureKind};
use model::money::Money;

use monitor::app::MonitorConfig;
use monitor::config::{ConfigEnvironment, parse};
use setup::*;

const REGION: &str = "ap-northeast-2";

fn failure(call: &str, kind: FailureKind) -> CallFailure {
    let said = "AccessDeniedException: User is not authorized\nto do <that>".to_owned();
    CallFailure {
        call: call.to_owned(),
        resource: "the account".to_owned(),
        kind,
        said,
        next_step: "do something".to_owned(),
    }
}

fn denied(call: &str) -> CallFailure {
    failure(call, FailureKind::Denied)
}

/// A resource with settings, and what it is a part of.
fn resource(id: &str, of: Option<&str>, settings: &[(&str, &str)]) -> MapResource {
    let mut resource = MapResource::new(id);
    resource.arn = Some(format!("arn:aws:lambda:{REGION}:111122223333:function:{id}"));
    resource.of = of.map(str::to_owned);
    settings.iter().for_each(|(name, text)| resource.set(name, *text));
    resource
}

fn function(name: &str) -> MapResource {
    resource(name, None, &[("log_group", &format!("/aws/lambda/{name}"))])
}

/// An account in which everything may be read and nothing is there but what is given.
fn account_with(there: Vec<(MapKind, Vec<MapResource>)>) -> FoundAccount {
    let kinds = MapKind::ALL.iter().map(|(_, kind)| {
        let resources = there.iter().find(|(known, _)| known == kind).map(|(_, all)| all.clone()).unwrap_or_default();
        (*kind, Ok(MapSnapshot::of(*kind, REGION, resources)))
    });
    FoundAccount {
        other_regions: std::collections::BTreeMap::new(),
        region: REGION.to_owned(),
        account: Some("111122223333".to_owned()),
        profile: None,
        kinds: kinds.collect(),
        billable: ResourceKind::ALL.iter().map(|(_, kind)| (*kind, Ok(vec![]))).collect(),
        logs: Ok(()),
        metrics: Ok(()),
        charges: Err(failure("cloudwatch:ListMetrics", FailureKind::NotFound)),
        bill: FoundBill::NotAsked,
    }
}

fn zappa() -> FoundAccount {
    let warmer = "shop-dev-zappa-keep-warm-handler.keep_warm_callback";
    let arn = |name: &str| format!("arn:aws:lambda:{REGION}:111122223333:function:{name}");
    let rule = |name: &str, schedule: &str| resource(name, None, &[("schedule", schedule), ("state", "ENABLED")]);
    let mut found = account_with(vec![
        (MapKind::Function, vec![function("shop-dev"), function("back-end_2")]),
        (MapKind::LogGroup, vec![resource("/aws/lambda/shop-dev", None, &[("class", "STANDARD")])]),
        (MapKind::RestApi, vec![resource("a1b2c3", None, &[("name", "Shop \"API\" # 1\n[alert.x]")])]),
        (MapKind::EventRule, vec![rule(warmer, "rate(4 minutes)"), rule("nightly", "cron(0 3 * * ? *)")]),
        (
            MapKind::RuleTarget,
            vec![
                resource(&format!("{warmer}/1"), Some(warmer), &[("target", &arn("shop-dev"))]),
                resource("nightly/1", Some("nightly"), &[("target", &arn("back-end_2"))]),
            ],
        ),
        (
            MapKind::Schedule,
            vec![resource(
                "team/warm",
                None,
                &[("schedule", "rate(10 minutes)"), ("state", "ENABLED"), ("target", &arn("back-end_2:live"))],
            )],
        ),
    ]);
    found.billable[0].1 = Ok(vec!["shop-db".to_owned()]);
    found.charges = Ok(());
    found.bill = bill("AWS Lambda");
    found
}

/// A bill of two months, of which the second is the more expensive.
fn bill(service: &str) -> FoundBill {
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let usd = |text: &str| Money::usd(text.parse().unwrap());
    let (small, large) = (usd("8.731"), usd("12.34"));
    let amounts = [
        (day("2024-10-05"), service, &small),
        (day("2024-11-05"), service, &large),
        (day("2024-11-06"), "Tax", &small),
    ];
    FoundBill::Read(BillSummary::of(amounts, day("2024-12-20")))
}

fn choices() -> SetupChoices {
    SetupChoices { timezone: "Asia/Seoul".to_owned(), ..SetupChoices::default() }
}

/// Reads a configuration as `monitor check` does, and once more with all its proposals.
fn accepted(text: &str) -> MonitorConfig {
    let variables = [
        ("HOOK", "https://hooks.slack.com/services/T/B/x"),
        ("SLACK_WEBHOOK_URL", "https://x.example"),
        ("SMTP_PASSWORD", "x"),
    ];
    let environment = ConfigEnvironment::with(&variables, PathBuf::from("."));
    let now = "2024-12-20T12:00:00Z".parse().unwrap();
    let read = |text: &str| -> MonitorConfig {
        parse(text, &environment, now).unwrap_or_else(|problems| panic!("{problems:#?}\n{text}"))
    };
    let is_example = |line: &&str| {
        let is_key = |key: &str| key.chars().all(|c| c.is_ascii_lowercase() || "._".contains(c));
        line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| is_key(key))
    };
    // The second proposal for the functions of one watch takes the place of the first.
    let is_second = |line: &str, all: &[String]| {
        line.contains("lambda_logs") && all.iter().any(|known| known.contains("lambda_logs"))
    };
    let mut all: Vec<String> = Vec::new();
    for line in text.lines() {
        let line = line.strip_prefix("# ").filter(is_example).unwrap_or(line);
        if !is_second(line, &all) {
            all.push(line.to_owned());
        }
    }
    let everything = read(&all.join("\n"));
    assert!(everything.watches.len() >= 7 && everything.rules.len() >= 10, "{text}");
    assert!(
        text.lines()
            .all(|line| line.chars().count() <= 300 || line.contains("causes =") || line.contains("functions =")),
        "{text}"
    );
    read(text)
}

#[track_caller]
fn check(name: &str, found: &FoundAccount, choices: &SetupChoices) -> MonitorConfig {
    model::redact::load().unwrap();
    let text = configuration(found, choices);
    assert!(text.starts_with(FIRST_WORDS));
    with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        assert_snapshot!(name, format!("{}\n====\n\n{text}", found_table(found)));
    });
    accepted(&text)
}

fn watches(config: &MonitorConfig) -> Vec<&str> {
    config.watches.iter().map(|watch| watch.name.as_str()).collect()
}

#[test]
fn an_empty_account() {
    let config = check("empty", &account_with(vec![]), &choices());
    assert_eq!(watches(&config), ["watch.account", "watch.logs", "watch.metrics"]);
    assert!(config.warms.is_empty());
}

#[test]
fn a_small_account_with_a_warmer() {
    let mut choices = choices();
    choices.slack = Some("HOOK".to_owned());
    choices.env_file = Some("monitor.env".to_owned());
    let config = check("zappa", &zappa(), &choices);
    assert_eq!(watches(&config).len(), 6);
    assert!(config.warms.is_empty(), "nothing is taken over unless somebody says so");

    choices.take_over = BTreeSet::from(["shop-dev".to_owned()]);
    choices.email = Some(EmailChoice {
        smtp: "smtp://127.0.0.1:2525".to_owned(),
        tls: Some("none".to_owned()),
        from: "Monitor <monitor@example.com>".to_owned(),
        to: vec!["me@example.com".to_owned()],
        ..EmailChoice::default()
    });
    let config = accepted(&configuration(&zappa(), &choices));
    let warmed: Vec<&str> = config.warms.iter().map(|warm| warm.function.as_str()).collect();
    assert_eq!(warmed, ["shop-dev"]);
    assert!(
        config
            .rules
            .iter()
            .any(|rule| rule.name == "pings" && rule.tell == ["mail", "slack"] || rule.tell == ["slack", "mail"])
    );
}

#[test]
fn an_account_with_many_functions() {
    let names: Vec<String> =
        (0..500).map(|number| format!("{}-{number}", ["api", "worker", "cron"][number % 3])).collect();
    let found = account_with(vec![(MapKind::Function, names.iter().map(|name| function(name)).collect())]);
    let config = check("many", &found, &choices());
    assert_eq!(watches(&config), ["watch.account", "watch.logs"], "the metrics of 500 functions are not free");
}

#[test]
fn an_account_in_which_little_may_be_read() {
    let mut found = zappa();
    for (kind, read) in &mut found.kinds {
        match kind.service() {
            "apigateway.amazonaws.com" => *read = Err(denied("apigateway:GET")),
            "secretsmanager.amazonaws.com" => *read = Err(denied("secretsmanager:ListSecrets")),
            "route53.amazonaws.com" => *read = Err(failure("route53:ListHostedZones", FailureKind::Refused)),
            _ => {}
        }
    }
    found.billable[3].1 = Err(denied("ec2:DescribeAddresses"));
    found.billable[4].1 = Err(denied("ec2:DescribeVolumes"));
    found.logs = Err(denied("logs:FilterLogEvents"));
    found.metrics = Err(denied("cloudwatch:GetMetricStatistics"));
    found.charges = Err(denied("cloudwatch:ListMetrics"));
    found.bill = FoundBill::Failed(denied("ce:GetCostAndUsage"));
    let config = check("forbidden", &found, &choices());
    assert_eq!(watches(&config), ["watch.account", "watch.things"]);

    // Nothing at all: what remains is a file that says what is missing.
    found.kinds.iter_mut().for_each(|(_, read)| *read = Err(denied("lambda:ListFunctions")));
    found.billable.iter_mut().for_each(|(_, read)| *read = Err(denied("rds:DescribeDBInstances")));
    assert!(watches(&accepted(&configuration(&found, &choices()))).is_empty());
}

#[test]
fn a_log_group_that_cannot_be_read_is_left_out_by_naming_the_others() {
    let group = |name: &str, class: &str| resource(&format!("/aws/lambda/{name}"), None, &[("class", class)]);
    let names = ["api-a", "api-b", "cold-x", "cold-y", "new", "single"];
    let groups = [
        ("api-a", "STANDARD"),
        ("api-b", "STANDARD"),
        ("cold-x", "INFREQUENT_ACCESS"),
        ("cold-y", "STANDARD"),
        ("single", "STANDARD"),
    ];
    let found = account_with(vec![
        (MapKind::Function, names.map(function).to_vec()),
        (MapKind::LogGroup, groups.map(|(name, class)| group(name, class)).to_vec()),
    ]);
    let config = accepted(&configuration(&found, &choices()));
    let logs = config.watches.iter().find(|watch| watch.name == "watch.logs").unwrap();
    let patterns: Vec<&str> = logs.read.functions().iter().map(model::glob::NamePattern::as_str).collect();
    assert_eq!(patterns, ["api-*", "cold-y", "single"]);
}

#[test]
fn a_bill_in_another_currency_has_no_limits() {
    let mut found = zappa();
    let euro = Money { currency: "EUR".to_owned(), amount: 5.into() };
    let day = "2024-11-05".parse().unwrap();
    found.bill = FoundBill::Read(BillSummary::of([(day, "x", &euro)], "2024-12-20".parse().unwrap()));
    let config = accepted(&configuration(&found, &choices()));
    assert!(config.watches.iter().any(|watch| watch.name == "watch.spend"));
    assert!(!config.rules.iter().any(|rule| rule.name == "month"));
}

#[test]
fn names_of_every_character_stay_text() {
    for odd in ["a\"b", "x' = 1 #", "back\\slash", "[alert.x]", "가나다", "line\nbreak", "${HOME}", "`id`"] {
        let mut found = zappa();
        found.profile = Some(odd.to_owned());
        found.bill = bill(odd);
        found.charges =
            Err(CallFailure { next_step: odd.to_owned(), ..failure("cloudwatch:ListMetrics", FailureKind::NotFound) });
        let config = accepted(&configuration(&found, &choices()));
        assert_eq!(config.aws.profile, Some(model::redact::printable(odd)));
    }
}
