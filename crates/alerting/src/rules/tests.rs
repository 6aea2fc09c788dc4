//! What each condition says of small histories.

use std::collections::BTreeMap;

use billing::day_cost::DayCost;
use billing::early::{EarlyCost, EarlyFigure, EarlyOrigin};
use billing::free_tier::{FreeTierQuantity, FreeTierUsage};
use billing::regions::RegionFirstUse;
use chain::{HopState, Link};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use lambda_log::diagnosis::{Cause, Confidence};
use lambda_log::fault::FailedInvocation;
use lambda_log::tally::minute_of;
use lambda_log::tally::{InvocationCounts, MemoryUse};
use model::call_failure::{CallFailure, FailureKind};
use model::money::Money;
use model::settings::{ConfigDiagnostics, TableReader};
use rust_decimal::Decimal;

use super::{Condition, Judgement, Verdict};
use crate::history::History;
use crate::observation::{
    EndpointCheck, MetricPoint, Observation, ObservationBody, PingOutcome, PingResult, PresentedCertificate, ReadUpTo,
};

/// Noon of 20 December 2024.
fn now() -> DateTime<Utc> {
    "2024-12-20T12:00:00Z".parse().unwrap()
}

fn minutes_ago(minutes: i64) -> DateTime<Utc> {
    now() - TimeDelta::minutes(minutes)
}

fn condition(toml: &str) -> Condition {
    let text = format!("when.{toml}");
    let secrets = |_: model::settings::SecretRef<'_>| Err(String::new());
    let notes = ConfigDiagnostics::new(&secrets);
    let document = toml::de::DeTable::parse(&text).unwrap();
    let condition = TableReader::new(document.get_ref(), 0..0, "alert.test", &notes).kind::<Condition>();
    condition.unwrap_or_else(|| panic!("{toml}: {:?}", notes.into_problems()))
}

#[test]
fn a_finding_that_version_1_wrote_can_still_be_read() {
    let finding: super::IncidentDetails = serde_json::from_str(
        r#"{"headline":"h","said":[],"facts":[["a","b"]],"cause":["oom","proved"],"next_step":"n","evidence":[]}"#,
    )
    .unwrap();
    assert_eq!((finding.headline.as_str(), finding.latest), ("h", None));
}

fn seen(at: DateTime<Utc>, what: ObservationBody) -> Observation {
    Observation { at, seen: at, source: "watch.x".to_owned(), what }
}

/// Judges a history and gives each subject with `holds`, `clear` or `unknown` and the headline or the reason.
fn judged(toml: &str, observations: &[Observation]) -> Vec<(String, &'static str, String)> {
    let mut history = History::default();
    history.watch("watch.x", now() - TimeDelta::days(30));
    observations.iter().for_each(|observation| history.record(observation));
    let say = |Judgement { subject, verdict }: Judgement| match verdict {
        Verdict::Holds(finding) => {
            let facts: Vec<String> = finding.facts.iter().map(|(label, value)| format!("{label}: {value}")).collect();
            (subject.to_string(), "holds", [vec![finding.headline], finding.said, facts].concat().join("\n"))
        }
        Verdict::Clear(why) => (subject.to_string(), "clear", why.into_owned()),
        Verdict::Unknown(why) => (subject.to_string(), "unknown", why.into_owned()),
    };
    condition(toml).judge(&history, now()).into_iter().map(say).collect()
}

#[track_caller]
fn check(toml: &str, observations: &[Observation], expected: &[(&str, &str, &str)]) {
    let judged = judged(toml, observations);
    assert_eq!(judged.len(), expected.len(), "{judged:?}");
    for ((subject, verdict, said), (expected_subject, expected_verdict, part)) in judged.iter().zip(expected) {
        assert_eq!((subject.as_str(), *verdict), (*expected_subject, *expected_verdict), "{said}");
        assert!(said.contains(part), "`{part}` is not in `{said}`");
    }
    // The same observations in another order say the same.
    let mut reversed = observations.to_vec();
    reversed.reverse();
    assert_eq!(self::judged(toml, &reversed), judged);
}

fn cost(day: &str, settled: bool, services: &[(&str, &str)]) -> Observation {
    let day: NaiveDate = day.parse().unwrap();
    let services: BTreeMap<String, Money> =
        services.iter().map(|(name, amount)| ((*name).to_owned(), Money::usd(amount.parse().unwrap()))).collect();
    seen(
        now(),
        ObservationBody::Cost(DayCost { day, estimated: !settled, settled, services, records: BTreeMap::new() }),
    )
}

#[test]
fn a_month_is_over_its_limit_as_soon_as_its_days_add_up_to_more() {
    let days = [
        cost("2024-11-30", true, &[("RDS", "99")]),
        cost("2024-12-01", true, &[("RDS", "10"), ("Lambda", "0.01")]),
        cost("2024-12-02", true, &[("RDS", "10.00")]),
    ];
    check(
        "cost_above = { service = \"RDS\", usd = \"20\" }",
        &days,
        &[("service:RDS", "clear", "20.00 USD in 2024-12 up to 2024-12-02")],
    );
    check(
        "cost_above = { usd = \"20\" }",
        &days,
        &[("total", "holds", "The whole account costs 20.01 USD in 2024-12 so far, over 20.00 USD")],
    );
    check(
        "cost_above = { service = \"*\", usd = \"19\" }",
        &days,
        &[("service:Lambda", "clear", ""), ("service:RDS", "holds", "RDS costs 20.00 USD")],
    );
    check("cost_above = { usd = \"20\" }", &days[..1], &[("total", "unknown", "no cost known for 2024-12 yet")]);
}

#[test]
fn a_provisional_figure_crosses_a_limit_only_by_what_of_it_is_certain() {
    let days = |last: &str| [cost("2024-12-01", true, &[("RDS", "15")]), cost("2024-12-19", false, &[("RDS", last)])];
    let month = "cost_above = { usd = \"20\" }";
    check(month, &days("5.00"), &[("total", "clear", "")]);
    check(
        month,
        &days("5.01"),
        &[(
            "total",
            "unknown",
            "20.01 USD in 2024-12 up to 2024-12-19, over 20.00 USD only if the provisional days do not change",
        )],
    );
    // 85 % of 5.89 is more than 5.
    check(month, &days("5.89"), &[("total", "holds", "20.89 USD in 2024-12 so far")]);
    // An uncertain day does not hide a certain one before it.
    let day = "cost_above = { per = \"day\", usd = \"14\" }";
    check(
        day,
        &[cost("2024-12-18", true, &[("RDS", "15")]), cost("2024-12-19", false, &[("RDS", "14.01")])],
        &[("total", "holds", "on 2024-12-18")],
    );
    check(
        day,
        &[cost("2024-12-18", true, &[("RDS", "9")]), cost("2024-12-19", false, &[("RDS", "14.01")])],
        &[("total", "unknown", "14.01 USD on 2024-12-19")],
    );
}

#[test]
fn a_day_that_still_runs_can_prove_a_limit_crossed_but_not_kept() {
    let rule = "cost_above = { per = \"day\", usd = \"5\" }";
    check(
        rule,
        &[cost("2024-12-19", true, &[("RDS", "4")]), cost("2024-12-20", false, &[("RDS", "5.90")])],
        &[("total", "holds", "on 2024-12-20")],
    );
    check(
        rule,
        &[cost("2024-12-19", true, &[("RDS", "6")]), cost("2024-12-20", false, &[("RDS", "1")])],
        &[("total", "holds", "on 2024-12-19")],
    );
    check(
        rule,
        &[cost("2024-12-18", true, &[("RDS", "6")]), cost("2024-12-19", true, &[("RDS", "5")])],
        &[("total", "clear", "")],
    );
    check(rule, &[cost("2024-12-10", true, &[("RDS", "6")])], &[("total", "unknown", "last days")]);
}

#[test]
fn amounts_that_cannot_be_added_up_are_unknown() {
    let most = "79228162514264337593543950335";
    let days = [cost("2024-12-01", true, &[("RDS", most)]), cost("2024-12-02", true, &[("RDS", most)])];
    check("cost_above = { service = \"RDS\", usd = \"20\" }", &days, &[("service:RDS", "unknown", "too large")]);
    let days = [cost("2024-11-01", true, &[]), days[0].clone(), days[1].clone()];
    check("new_service = { for = \"30d\" }", &days, &[("service:RDS", "unknown", "too large")]);
}

#[test]
fn a_new_service_that_is_billed_in_another_currency_is_not_said_to_cost_nothing() {
    let mut day = cost("2024-12-19", true, &[]);
    if let ObservationBody::Cost(cost) = &mut day.what {
        cost.services.insert("EC2".into(), Money { amount: Decimal::ONE_THOUSAND, currency: "CNY".into() });
    }
    check(
        "new_service = {}",
        &[cost("2024-11-01", true, &[]), day],
        &[("service:EC2", "unknown", "not billed in USD")],
    );
}

#[test]
fn a_region_counts_as_new_for_a_week_and_names_what_was_used_first() {
    let new = |day: &str, region: &str| {
        let new = RegionFirstUse {
            region: region.to_owned(),
            day: day.parse().unwrap(),
            services: [("EC2".to_owned(), vec![Money { amount: Decimal::new(915, 2), currency: "USD".into() }])].into(),
            known_since: "2024-10-01".parse().unwrap(),
        };
        Observation { at: now(), seen: now(), source: "watch.spend".into(), what: ObservationBody::NewRegion(new) }
    };
    let seen = [new("2024-12-18", "eu-west-3"), new("2024-12-19", "eu-west-3"), new("2024-12-01", "us-east-1")];
    let holds = [("resource:region/eu-west-3", "holds", "eu-west-3 is used for the first time, since 2024-12-18: EC2")];
    check("new_region = {}", &seen, &holds);
    check("new_region = { within = \"1h\" }", &seen, &[]);
}

#[test]
fn an_amount_in_another_currency_is_not_compared_with_dollars() {
    let mut day = cost("2024-12-19", true, &[]);
    if let ObservationBody::Cost(cost) = &mut day.what {
        cost.services.insert("EC2".into(), Money { amount: Decimal::ONE_THOUSAND, currency: "CNY".into() });
    }
    check("cost_above = { usd = \"5\" }", &[day], &[("total", "unknown", "not billed in USD")]);
}

#[test]
fn a_jump_is_a_settled_day_against_the_median_of_the_fourteen_before() {
    let days = |last: &str, settled: bool| {
        let mut days: Vec<Observation> = (1..=17)
            .map(|day| cost(&format!("2024-12-{day:02}"), true, &[("RDS", if day % 2 == 0 { "1.0" } else { "2.0" })]))
            .collect();
        days.push(cost("2024-12-18", settled, &[("RDS", last)]));
        days
    };
    let rule = "cost_jump = { service = \"RDS\", factor = \"2\", at_least_usd = \"1\" }";
    check(
        rule,
        &days("3.01", true),
        &[("service:RDS", "holds", "RDS jumped to 3.01 USD on 2024-12-18, from 1.50 USD a day")],
    );
    check(rule, &days("3.00", true), &[("service:RDS", "clear", "")]);
    check(rule, &days("300", false), &[("service:RDS", "clear", "2.00 USD on 2024-12-17")]);
    check(rule, &days("3.01", true)[12..], &[("service:RDS", "unknown", "only 5 settled days")]);
    check("cost_jump = { service = \"RDS\", factor = 1.5 }", &days("2.6", true), &[("service:RDS", "holds", "")]);
    check(
        "cost_jump = { service = \"RDS\", at_least_usd = \"9\" }",
        &days("3.01", true),
        &[("service:RDS", "clear", "")],
    );
}

#[test]
fn a_service_that_was_not_on_the_bill_jumps_from_nothing_and_tax_never_does() {
    let mut days: Vec<Observation> =
        (1..=14).map(|day| cost(&format!("2024-12-{day:02}"), true, &[("Lambda", "0.1")])).collect();
    days.push(cost("2024-12-15", true, &[("Lambda", "0.1"), ("RDS", "2.0"), ("Tax", "9")]));
    check(
        "cost_jump = { service = \"*\" }",
        &days,
        &[("service:Lambda", "clear", ""), ("service:RDS", "holds", "from 0.00 USD a day")],
    );
}

fn plain_fault(cause: Cause) -> FailedInvocation {
    FailedInvocation {
        own: None,
        function: "f".into(),
        cause,
        confidence: Confidence::Proved,
        request_id: None,
        finding: "It is so.".into(),
        evidence: vec![],
        also: vec![],
        fingerprint: None,
    }
}

fn fault(minutes: i64, cause: Cause) -> Observation {
    seen(minutes_ago(minutes), ObservationBody::Fault(plain_fault(cause)))
}

#[test]
fn a_cause_is_found_beside_a_deeper_one_and_the_deeper_one_is_named() {
    let fault =
        FailedInvocation { also: vec![Cause::Oom, Cause::FunctionTimeout], ..plain_fault(Cause::SlowColdStart) };
    let observations = [read(0), seen(minutes_ago(1), ObservationBody::Fault(fault))];
    let deeper = "function_timeout; slow_cold_start is the root cause.";
    check("lambda_cause = { causes = [\"function_timeout\"] }", &observations, &[("function:f", "holds", deeper)]);
    check(
        "lambda_cause = { causes = [\"oom\"] }",
        &observations,
        &[("function:f", "holds", "Also seen: oom, function_timeout")],
    );
    check("lambda_cause = { causes = [\"import_error\"] }", &observations, &[("function:f", "clear", "")]);
    let both = judged("lambda_cause = { causes = [\"slow_cold_start\", \"oom\"] }", &observations);
    assert!(!both[0].2.contains("deeper"), "{both:?}");
}

/// An error that happened and was seen so many minutes ago.
fn error(happened: i64, seen: i64, fingerprint: &str) -> Observation {
    let evidence = vec![format!("a line of {fingerprint}")];
    let fault = FailedInvocation { fingerprint: Some(fingerprint.into()), evidence, ..plain_fault(Cause::RuntimeExit) };
    Observation {
        at: minutes_ago(happened),
        seen: minutes_ago(seen),
        source: "watch.x".into(),
        what: ObservationBody::Fault(fault),
    }
}

#[test]
fn an_error_is_new_once_for_as_long_as_the_window() {
    let rule = "new_error = { within = \"1h\" }";
    check(
        rule,
        &[read(0), error(59, 59, "KeyError: '#'")],
        &[("function:f", "holds", "f: a new error: KeyError: '#'")],
    );
    check(rule, &[read(0), error(61, 61, "KeyError: '#'")], &[("function:f", "clear", "no new error within 1 h")]);
    check(
        rule,
        &[read(0), error(90, 90, "KeyError: '#'"), error(1, 1, "KeyError: '#'")],
        &[("function:f", "clear", "")],
    );
    check(rule, &[read(0), fault(1, Cause::Oom)], &[("function:f", "clear", "")]);
    check(rule, &[read(61)], &[("function:f", "unknown", "has not been read")]);
    check("new_error = { functions = [\"other\"] }", &[read(0), error(1, 1, "KeyError: '#'")], &[]);
}

#[test]
fn an_error_that_is_seen_late_is_as_new_as_when_it_was_seen() {
    let rule = "new_error = { within = \"10m\" }";
    check(
        rule,
        &[read(0), error(300, 5, "KeyError: '#'")],
        &[("function:f", "holds", "First: 2024-12-20 07:00:00 UTC")],
    );
    // The same error, that happened earlier and was seen later: it is not new again.
    check(
        rule,
        &[read(0), error(200, 30, "KeyError: '#'"), error(300, 5, "KeyError: '#'")],
        &[("function:f", "clear", "")],
    );
}

#[test]
fn every_new_error_is_told_with_its_cause_its_count_and_its_first_time() {
    let mut observations = vec![read(0), error(30, 30, "A"), error(20, 20, "A"), error(10, 10, "B")];
    check(
        "new_error = {}",
        &observations,
        &[(
            "function:f",
            "holds",
            "f: 2 new errors, the latest: B\nIt is so.\nAlso new: A (runtime_exit, 2 since 2024-12-20 11:30:00 UTC)\nError: B\nCause: runtime_exit (proved)\nFirst: 2024-12-20 11:50:00 UTC\nCount since: 1\nNew within 1 h: 2",
        )],
    );
    observations.extend((1..=6).map(|n| error(n, n, &format!("C{n}"))));
    check("new_error = {}", &observations, &[("function:f", "holds", "8 new errors, the latest: C1\n")]);
    check("new_error = {}", &observations, &[("function:f", "holds", "\nAnd 3 more new errors.\n")]);
}

#[test]
fn what_the_store_knows_is_not_new() {
    let known = |fingerprint: &str| crate::fingerprints::KnownError {
        function: "f".into(),
        fingerprint: fingerprint.into(),
        first: minutes_ago(9000),
        seen: minutes_ago(9000),
        last: minutes_ago(9000),
    };
    let mut history = History::default();
    history.learn(known("A"));
    [read(0), error(2, 2, "A")].iter().for_each(|observation| history.record(observation));
    assert!(matches!(condition("new_error = {}").judge(&history, now())[0].verdict, Verdict::Clear(_)));
    history.record(&error(1, 1, "B"));
    let Verdict::Holds(finding) = &condition("new_error = {}").judge(&history, now())[0].verdict else {
        panic!("it holds")
    };
    assert_eq!((finding.headline.as_str(), finding.latest), ("f: a new error: B", Some(minutes_ago(1))));
    assert_eq!(finding.evidence, ["a line of B"]);
}

fn read(minutes: i64) -> Observation {
    seen(minutes_ago(minutes), ObservationBody::ReadUpTo(ReadUpTo { function: "f".into() }))
}

fn ping(minutes: i64, outcome: PingOutcome, startup_unfinished: bool) -> Observation {
    seen(
        minutes_ago(minutes),
        ObservationBody::Ping(PingResult {
            function: "f".into(),
            outcome,
            cause: None,
            startup_unfinished,
            duration_ms: None,
            billed_ms: None,
            memory_mb: None,
            usd: None,
            evidence: vec![],
        }),
    )
}

#[test]
fn causes_count_within_their_window_and_only_those_asked_for() {
    let rule = "lambda_cause = { causes = [\"oom\", \"slow_cold_start\"], count = 2, within = \"10m\" }";
    check(
        rule,
        &[read(0), fault(9, Cause::Oom), fault(1, Cause::SlowColdStart)],
        &[("function:f", "holds", "f: the init phase takes too long (slow_cold_start)")],
    );
    check(rule, &[read(0), fault(11, Cause::Oom), fault(1, Cause::Oom)], &[("function:f", "clear", "")]);
    check(rule, &[read(0), fault(2, Cause::ImportError), fault(1, Cause::Oom)], &[("function:f", "clear", "")]);
    check(rule, &[read(30)], &[("function:f", "unknown", "has not been read")]);
    check(rule, &[], &[]);
}

#[test]
fn faults_that_are_seen_late_are_told_all_the_same() {
    let late = |minutes| Observation { seen: minutes_ago(1), ..fault(minutes, Cause::Oom) };
    let rule = "lambda_cause = { causes = [\"oom\"], count = 2, within = \"10m\" }";
    check(rule, &[read(0), late(50), late(45)], &[("function:f", "holds", "")]);
    check(rule, &[read(0), late(50), late(30)], &[("function:f", "clear", "")]);
}

#[test]
fn that_pinging_cannot_help_is_said_only_of_a_function_that_is_pinged() {
    let rule = "lambda_cause = { causes = [\"slow_cold_start\"] }";
    let alone = judged(rule, &[read(0), fault(1, Cause::SlowColdStart)]);
    assert!(!alone[0].2.contains("Pings cannot help"), "{alone:?}");
    check(
        rule,
        &[read(0), fault(1, Cause::SlowColdStart), ping(1, PingOutcome::TimedOut, true)],
        &[("function:f", "holds", "Pings cannot help")],
    );
}

#[test]
fn pings_fail_when_the_last_ones_all_did_and_the_reason_is_only_what_is_known() {
    use PingOutcome::{Answered, Cold, Failed, TimedOut, Warm};
    let rule = "ping_failing = { count = 2, within = \"10m\" }";
    check(rule, &[ping(3, TimedOut, true), ping(1, TimedOut, true)], &[("function:f", "holds", "Pings cannot help")]);
    check(
        rule,
        &[ping(3, TimedOut, false), ping(1, TimedOut, true)],
        &[("function:f", "holds", "If it is the init phase, pings cannot help")],
    );
    check(rule, &[ping(3, Cold, false), ping(1, Cold, false)], &[("function:f", "holds", "2 min apart")]);
    check(rule, &[ping(3, Cold, false), ping(1, Failed, false)], &[("function:f", "holds", "1 failed, 1 were cold")]);
    check(rule, &[ping(3, Failed, false), ping(1, Warm, false)], &[("function:f", "clear", "")]);
    check(rule, &[ping(3, Answered, false), ping(1, Failed, false)], &[("function:f", "clear", "")]);
    check(rule, &[ping(30, Failed, false), ping(1, Failed, false)], &[("function:f", "unknown", "only 1 pings")]);
}

#[test]
fn cold_starts_are_a_share_of_enough_invocations() {
    let tally = |invocations, cold, cold_waited| {
        seen(
            minute_of(minutes_ago(5)),
            ObservationBody::Tally(InvocationCounts {
                function: "f".into(),
                invocations,
                cold,
                cold_waited,
                ..InvocationCounts::default()
            }),
        )
    };
    let rule = "cold_starts = { share = \"20%\", within = \"1h\", at_least = 10 }";
    check(rule, &[read(0), tally(5, 2, 2), tally(5, 2, 1)], &[("function:f", "holds", "3 of 10 invocations waited")]);
    check(rule, &[read(0), tally(10, 9, 2)], &[("function:f", "clear", "2 of 10")]);
    check(rule, &[read(0), tally(9, 9, 9)], &[("function:f", "unknown", "too few")]);
    check(rule, &[read(90), tally(10, 9, 9)], &[("function:f", "unknown", "has not been read")]);
}

/// Counts of the minute five minutes ago.
fn tallied(durations: &[f64], memory: Option<(u32, u32)>, cold: u64) -> Observation {
    let mut tally = InvocationCounts {
        function: "f".into(),
        invocations: durations.len() as u64,
        cold,
        ..InvocationCounts::default()
    };
    durations.iter().for_each(|ms| tally.durations.add(*ms));
    tally.memory = memory.map(|(used_mb, size_mb)| MemoryUse { used_mb, size_mb });
    seen(minute_of(minutes_ago(5)), ObservationBody::Tally(tally))
}

#[test]
fn durations_are_compared_by_their_quantile() {
    let rule = |quantile: &str, limit: &str| {
        format!("duration_above = {{ quantile = \"{quantile}\", limit = \"{limit}\", within = \"15m\", at_least = 5 }}")
    };
    let observations = [read(0), tallied(&[100.0, 200.0, 300.0], None, 0), tallied(&[400.0, 6000.0], None, 1)];
    for (quantile, limit, verdict, said) in [
        ("max", "5s", "holds", "f: the longest of 5 invocations is 6 s within 15 min, over 5 s"),
        ("max", "6s", "clear", "is 6 s"),
        ("p90", "5999ms", "holds", "p90 of 5 invocations is 6 s"),
        ("p50", "350ms", "clear", "p50 of 5 invocations is 30"),
        ("p50", "250ms", "holds", "Limit: 250 ms for p50\nMedian: 30"),
        ("p50", "250ms", "holds", "Longest: 6 s\nInvocations: 5 within 15 min\nIn a new environment: 1\nTimeouts: 0"),
    ] {
        check(&rule(quantile, limit), &observations, &[("function:f", verdict, said)]);
    }
    check(
        "duration_above = { limit = \"1ms\" }",
        &observations,
        &[("function:f", "unknown", "too few durations for p95")],
    );
    check("duration_above = { limit = \"1ms\", at_least = 1 }", &[read(0)], &[("function:f", "unknown", "too few")]);
    check(
        "duration_above = { limit = \"1ms\", at_least = 1 }",
        &[read(16), observations[1].clone()],
        &[("function:f", "unknown", "has not been read")],
    );
}

#[test]
fn what_to_do_about_slow_invocations_follows_from_the_functions_own_counts() {
    let next_step = |cold, timeouts| {
        let mut history = History::default();
        let mut observation = tallied(&[6000.0; 20], None, cold);
        if let ObservationBody::Tally(tally) = &mut observation.what {
            tally.timeouts = timeouts;
        }
        [read(0), observation].iter().for_each(|observation| history.record(observation));
        match &condition("duration_above = { limit = \"5s\" }").judge(&history, now())[0].verdict {
            Verdict::Holds(finding) => finding.next_step.clone(),
            other => panic!("{other:?}"),
        }
    };
    for (cold, timeouts, part) in [
        (0, 0, "the call that a slow invocation waits for"),
        (1, 0, "started a new environment"),
        (1, 1, "Check the timeouts first"),
    ] {
        assert!(next_step(cold, timeouts).contains(part), "{}", next_step(cold, timeouts));
    }
}

#[test]
fn memory_is_a_share_of_what_the_function_has() {
    let observations = [read(0), tallied(&[5.0], Some((120, 128)), 0), tallied(&[5.0], Some((500, 1024)), 0)];
    check(
        "memory_above = {}",
        &observations,
        &[("function:f", "holds", "f: 120 of 128 MB of memory were used within 1 h, over 90 %")],
    );
    check(
        "memory_above = {}",
        &observations,
        &[("function:f", "holds", "Used at most: 120 of 128 MB (93 %)\nLimit: 90 %\nInvocations: 2 within 1 h")],
    );
    check("memory_above = { share = \"93.75%\" }", &observations, &[("function:f", "clear", "at most 120 of 128 MB")]);
    check(
        "memory_above = {}",
        &[read(0), tallied(&[5.0], None, 0)],
        &[("function:f", "unknown", "no log line within 1 h")],
    );
    check(
        "memory_above = {}",
        &[read(0), tallied(&[5.0], Some((5, 0)), 0)],
        &[("function:f", "unknown", "no log line within 1 h")],
    );
    check("memory_above = {}", &[read(61), observations[1].clone()], &[("function:f", "unknown", "has not been read")]);
}

#[test]
fn a_metric_is_compared_by_its_statistic_over_the_window_that_ends_with_its_last_point() {
    let point = |minutes, metric: &str, sum, maximum| {
        seen(
            minute_of(minutes_ago(minutes)),
            ObservationBody::Metric(MetricPoint {
                function: "f".into(),
                metric: metric.into(),
                period: 60,
                sum,
                maximum,
                average: sum / 2.0,
            }),
        )
    };
    let measured =
        |minutes| seen(minutes_ago(minutes), ObservationBody::MeasuredUpTo(ReadUpTo { function: "f".into() }));
    let points = [
        measured(0),
        point(12, "Throttles", 2.0, 1.0),
        point(4, "Throttles", 3.0, 2.0),
        point(4, "Duration", 40.0, 900.0),
        point(19, "Throttles", 99.0, 99.0),
    ];
    check(
        "metric_above = { metric = \"Throttles\", above = 4 }",
        &points,
        &[("function:f", "holds", "Throttles is 5 within 15 min, over 4")],
    );
    check("metric_above = { metric = \"Throttles\", above = 5 }", &points, &[("function:f", "clear", "")]);
    check(
        "metric_above = { metric = \"Throttles\", statistic = \"maximum\", above = 1 }",
        &points,
        &[("function:f", "holds", "is 2")],
    );
    check("metric_above = { metric = \"Duration\", above = 800 }", &points, &[("function:f", "holds", "900 ms")]);
    check(
        "metric_above = { metric = \"Errors\", above = 0 }",
        &points,
        &[("function:f", "clear", "no data for Errors")],
    );
    check(
        "metric_above = { metric = \"Throttles\", above = 0 }",
        &[measured(0), point(90, "Throttles", 99.0, 99.0)],
        &[("function:f", "clear", "no data for Throttles within 15 min")],
    );
    check(
        "metric_above = { metric = \"Throttles\", above = 0 }",
        &[measured(40), point(4, "Throttles", 9.0, 9.0)],
        &[("function:f", "unknown", "have not been read")],
    );
}

fn failure(minutes: i64, kind: FailureKind) -> Observation {
    seen(
        minutes_ago(minutes),
        ObservationBody::Failed(CallFailure {
            call: "ce:GetCostAndUsage".into(),
            resource: "the account's bill".into(),
            kind,
            said: "AccessDenied".into(),
            next_step: "allow it".into(),
        }),
    )
}

#[test]
fn a_source_that_fails_is_told_at_once_unless_it_may_pass() {
    let rule = "source_failing = { patience = \"15m\" }";
    check(rule, &[failure(1, FailureKind::Denied)], &[("source:watch.x", "holds", "watch.x fails: AccessDenied")]);
    check(rule, &[failure(1, FailureKind::Throttled)], &[("source:watch.x", "unknown", "may be temporary")]);
    check(rule, &[], &[("source:watch.x", "unknown", "not been polled")]);
    let mut history = History::default();
    history.watch("watch.x", minutes_ago(60));
    for observation in [failure(20, FailureKind::Throttled), failure(1, FailureKind::Throttled)] {
        history.record(&observation);
    }
    assert!(matches!(condition(rule).judge(&history, now())[0].verdict, Verdict::Holds(_)));
    history.record(&seen(now(), ObservationBody::Answered));
    assert!(matches!(condition(rule).judge(&history, now())[0].verdict, Verdict::Clear(_)));
}

/// What `source_failing` holds of, after these failures and answers (`None`): source, minutes ago, kind.
fn failing_subjects(seen_of: &[(&str, i64, Option<FailureKind>)]) -> (Vec<String>, History) {
    let mut history = History::default();
    for name in ["a", "b", "c", "d", "folder"] {
        history.watch(&format!("watch.{name}"), minutes_ago(600));
    }
    history.needs_no_account("watch.folder");
    for (name, minutes, kind) in seen_of {
        let observation = match kind {
            Some(kind) => failure(*minutes, *kind),
            None => seen(minutes_ago(*minutes), ObservationBody::Answered),
        };
        history.record(&Observation { source: format!("watch.{name}"), ..observation });
    }
    let all = condition("source_failing = {}").judge(&history, now());
    let holds = all.into_iter().filter(|one| matches!(one.verdict, Verdict::Holds(_)));
    (holds.map(|one| one.subject.to_string()).collect(), history)
}

#[test]
fn missing_credentials_are_one_incident_however_many_sources_they_blind() {
    use FailureKind::{BadCredentials, Denied, NoCredentials, Unreachable};
    let one = "credentials";
    let (none, bad) = (Some(NoCredentials), Some(BadCredentials));
    for (seen_of, expected) in [
        // All polls of one turn begin at one moment and end in any order.
        (&[("c", 1, none)][..], &[one][..]),
        (&[("c", 1, none), ("b", 1, none)], &[one]),
        (&[("c", 1, none), ("b", 1, none), ("a", 1, none)], &[one]),
        (&[("a", 1, bad), ("b", 3, none), ("c", 2, none), ("d", 4, Some(Denied))], &["source:watch.d", one]),
        // What makes no call to AWS says nothing of the credentials.
        (&[("a", 3, none), ("folder", 1, None)], &[one]),
        (&[("a", 3, none), ("b", 1, None)], &[]),
        (&[("a", 3, none), ("b", 1, Some(Denied))], &["source:watch.b"]),
        (&[("b", 400, None), ("a", 3, none)], &[one]),
        // One whose credentials are refused while those of another one are taken has a failure of its own.
        (&[("b", 2, None), ("a", 3, bad), ("a", 1, bad)], &["source:watch.a"]),
        (&[("b", 1, None), ("a", 1, bad)], &["source:watch.a"]),
    ] {
        assert_eq!(failing_subjects(seen_of).0, expected, "{seen_of:?}");
    }
    let (_, history) = failing_subjects(&[("c", 1, none), ("a", 1, none), ("b", 3, none)]);
    let all = condition("source_failing = {}").judge(&history, now());
    let Verdict::Holds(finding) = &all.last().unwrap().verdict else { panic!("it holds") };
    assert!(finding.facts.contains(&("Blind".to_owned(), "watch.a, watch.b, watch.c".to_owned())), "{finding:?}");
    assert_eq!(finding.headline, "the AWS credentials fail: AccessDenied");

    let end = |seen_of: &[(&str, i64, Option<FailureKind>)]| {
        let (_, history) = failing_subjects(seen_of);
        let judged =
            condition("source_failing = {}").judge_absent(&model::subject::Subject::Credentials, &history, now());
        judged.map(|judged| matches!(judged.verdict, Verdict::Clear(_)))
    };
    assert_eq!(end(&[("a", 3, none)]), None, "it still holds");
    assert_eq!(end(&[("a", 3, none), ("b", 1, None)]), Some(true), "any call that succeeds ends it");
    let down = Some(Unreachable);
    assert_eq!(end(&[("b", 9, None), ("a", 3, none), ("a", 1, down), ("b", 2, down)]), Some(false), "unknown");
}

#[test]
fn silence_counts_from_the_last_whole_answer() {
    let rule = "silence = { source = \"x\", longer_than = \"1h\" }";
    check(
        rule,
        &[seen(minutes_ago(61), ObservationBody::Answered)],
        &[("source:watch.x", "holds", "has not answered for 1 h 1 min")],
    );
    check(rule, &[seen(minutes_ago(60), ObservationBody::Answered)], &[("source:watch.x", "clear", "")]);
    check(rule, &[], &[("source:watch.x", "holds", "for 30 d")]);
    check("silence = { source = \"other\", longer_than = \"1h\" }", &[], &[]);
}

#[test]
fn cold_starts_are_told_to_whoever_asks_for_them_and_to_nobody_else() {
    let minute = |cold| {
        seen(
            minute_of(minutes_ago(2)),
            ObservationBody::Tally(InvocationCounts {
                function: "f".into(),
                invocations: 9,
                cold,
                cold_waited: 1,
                ..InvocationCounts::default()
            }),
        )
    };
    let rule = "lambda_cause = { causes = [\"cold_start\"], count = 3 }";
    check(
        rule,
        &[read(0), minute(3)],
        &[("function:f", "holds", "3 of 9 invocations started a new environment; 1 callers waited for it.")],
    );
    check(rule, &[read(0), minute(2)], &[("function:f", "clear", "")]);
    check("lambda_cause = { causes = [\"oom\"], count = 3 }", &[read(0), minute(3)], &[("function:f", "clear", "")]);
}

/// A figure of CloudWatch's count on a day, at 10:00 UTC.
fn charges(day: &str, total: &str, services: &[(&str, &str)]) -> Observation {
    let early = |amount: &str| EarlyCost { month_to_date: amount.parse().unwrap(), today: None };
    early_figure(
        EarlyOrigin::Charges,
        day,
        services.iter().map(|(name, amount)| ((*name).to_owned(), early(amount))).collect(),
        Some(early(total)),
    )
}

/// What was used of a service on a day, and in the month up to then.
fn used(day: &str, service: &str, today: &str, month: &str) -> Observation {
    let early = EarlyCost { month_to_date: month.parse().unwrap(), today: Some(today.parse().unwrap()) };
    early_figure(EarlyOrigin::Usage, day, [(service.to_owned(), early)].into(), None)
}

fn early_figure(
    origin: EarlyOrigin,
    day: &str,
    services: BTreeMap<String, EarlyCost>,
    total: Option<EarlyCost>,
) -> Observation {
    let day: NaiveDate = day.parse().unwrap();
    let as_of = day.and_hms_opt(10, 0, 0).unwrap().and_utc();
    seen(as_of, ObservationBody::Early(EarlyFigure { origin, day, as_of, services, total, free: BTreeMap::new() }))
}

#[test]
fn what_was_used_shows_a_day_that_the_bill_does_not_know_and_a_settled_bill_always_wins() {
    let rule = "cost_above = { service = \"AWS Lambda\", per = \"day\", usd = \"5\" }";
    let lambda = |day, settled, amount| cost(day, settled, &[("AWS Lambda", amount)]);
    let runaway = used("2024-12-19", "AWS Lambda", "14.3", "14.3");
    let quiet = used("2024-12-20", "AWS Lambda", "0.1", "14.4");
    let subject = "service:AWS Lambda";
    check(
        rule,
        &[runaway.clone(), quiet.clone()],
        &[(
            subject,
            "holds",
            "AWS Lambda costs 14.30 USD on 2024-12-19, according to usage at the region's list price, over 5.00 USD",
        )],
    );
    check(
        rule,
        std::slice::from_ref(&runaway),
        &[(
            subject,
            "holds",
            "The bill will confirm or correct it.\nCost: 14.30 USD\nLimit: 5.00 USD a day\nOn the bill: nothing yet\nAs of: 2024-12-19 10:00 UTC",
        )],
    );
    // The bill knows the day, but not all of it.
    check(
        rule,
        &[lambda("2024-12-19", false, "2"), runaway.clone(), quiet.clone()],
        &[(subject, "holds", "On the bill: 2.00 USD")],
    );
    check(
        rule,
        &[lambda("2024-12-19", false, "6"), runaway.clone(), quiet.clone()],
        &[(
            subject,
            "holds",
            "AWS Lambda costs 6.00 USD on 2024-12-19, over 5.00 USD\nThe bill confirms it: 6.00 USD so far; it was 14.30 USD according to usage at the region's list price.",
        )],
    );
    check(
        rule,
        &[lambda("2024-12-19", true, "3"), runaway.clone(), quiet.clone()],
        &[(
            subject,
            "clear",
            "the bill corrects it to 3.00 USD for 2024-12-19; it was 14.30 USD according to usage at the region's list price (within 5.00 USD on 2024-12-19)",
        )],
    );
    check(
        rule,
        &[
            lambda("2024-12-18", true, "9"),
            lambda("2024-12-19", true, "0"),
            used("2024-12-18", "AWS Lambda", "12", "12"),
            quiet.clone(),
        ],
        &[(
            subject,
            "clear",
            "the bill confirms 9.00 USD for 2024-12-18; it was 12.00 USD according to usage at the region's list price",
        )],
    );
    // A low bound never says that a limit is kept.
    check(rule, &[quiet], &[(subject, "unknown", "no cost known for the last days")]);
    // What the provisional bill is not certain of, what was used is.
    check(
        rule,
        &[lambda("2024-12-19", false, "5.5"), used("2024-12-19", "AWS Lambda", "5.7", "5.7")],
        &[(subject, "holds", "costs 5.70 USD on 2024-12-19")],
    );
    check(
        rule,
        &[lambda("2024-12-19", false, "5.5"), used("2024-12-19", "AWS Lambda", "5.1", "5.1")],
        &[(subject, "unknown", "5.50 USD on 2024-12-19")],
    );
    check(rule, &[used("2024-12-14", "AWS Lambda", "14.3", "14.3")], &[(subject, "unknown", "")]);
}

#[test]
fn what_was_used_comes_on_top_of_what_the_bill_of_the_whole_account_knows_of_the_service() {
    let rule = "cost_above = { per = \"day\", usd = \"10\" }";
    let days = [
        cost("2024-12-20", false, &[("RDS", "4"), ("AWS Lambda", "1")]),
        used("2024-12-20", "AWS Lambda", "7.5", "7.5"),
    ];
    check(rule, &days, &[("total", "holds", "The whole account costs 11.50 USD on 2024-12-20")]);
    check(rule, &[days[0].clone(), used("2024-12-20", "AWS Lambda", "0.5", "7.5")], &[("total", "clear", "")]);
}

#[test]
fn a_confirmed_figure_is_news_once_and_one_that_the_bill_found_itself_is_not() {
    let rule = "cost_above = { per = \"month\", usd = \"20\" }";
    let latest = |observations: &[Observation]| {
        let mut history = History::default();
        observations.iter().for_each(|observation| history.record(observation));
        match &condition(rule).judge(&history, now())[0].verdict {
            Verdict::Holds(finding) => finding.latest,
            other => panic!("{other:?}"),
        }
    };
    let early = charges("2024-12-20", "25", &[]);
    assert_eq!(latest(std::slice::from_ref(&early)), None);
    assert_eq!(
        latest(&[early.clone(), cost("2024-12-19", false, &[("RDS", "24")])]),
        Some("2024-12-01T00:00:00Z".parse().unwrap())
    );
    assert_eq!(
        latest(&[early, cost("2024-12-18", true, &[("RDS", "23")])]),
        Some("2024-12-01T00:00:00Z".parse().unwrap())
    );
    assert_eq!(latest(&[cost("2024-12-19", false, &[("RDS", "24")])]), None);
    // The bill was first: an early figure that comes after it is no news.
    assert_eq!(
        latest(&[charges("2024-12-20", "3", &[]), cost("2024-12-19", false, &[("RDS", "24")])]),
        Some("2024-12-01T00:00:00Z".parse().unwrap())
    );
}

#[test]
fn cloudwatchs_count_of_the_month_shows_what_the_bill_does_not_know_yet() {
    let rule = "cost_above = { service = \"*\", usd = \"20\" }";
    let rds = "Amazon Relational Database Service";
    let subject = "service:Amazon Relational Database Service";
    check(
        rule,
        &[charges("2024-12-20", "30", &[(rds, "25.3")])],
        &[(
            subject,
            "holds",
            "Amazon Relational Database Service costs 25.30 USD in 2024-12 so far, according to CloudWatch's estimate at 10:00 UTC, over 20.00 USD",
        )],
    );
    check(
        rule,
        &[charges("2024-12-20", "30", &[(rds, "19")])],
        &[(subject, "clear", "19.00 USD in 2024-12 according to CloudWatch's estimate at 10:00 UTC")],
    );
    // A day of it says nothing.
    check(
        "cost_above = { per = \"day\", usd = \"1\" }",
        &[charges("2024-12-20", "30", &[])],
        &[("total", "unknown", "")],
    );
    // The month before is over.
    check(
        "cost_above = { usd = \"20\" }",
        &[charges("2024-11-30", "300", &[])],
        &[("total", "unknown", "no cost known for 2024-12")],
    );
    check(
        "cost_above = { usd = \"20\" }",
        &[charges("2024-11-30", "300", &[]), charges("2024-12-20", "3", &[])],
        &[("total", "clear", "3.00 USD")],
    );
}

#[test]
fn a_count_that_the_settled_bill_contradicts_is_too_high_by_that_much_ever_since() {
    let rule = "cost_above = { usd = \"20\" }";
    let mut days: Vec<Observation> =
        (1..=16).map(|day| cost(&format!("2024-12-{day:02}"), true, &[("RDS", "0.5")])).collect();
    days.extend([charges("2024-12-16", "30", &[]), charges("2024-12-20", "32", &[])]);
    // 8 on the bill, where 30 were counted: 32 now are 10.
    check(
        rule,
        &days,
        &[(
            "total",
            "clear",
            "the bill corrects it to 8.00 USD for 2024-12; it was 32.00 USD according to CloudWatch's estimate at 10:00 UTC",
        )],
    );
    days.push(charges("2024-12-20", "43", &[]));
    let Some(last) = days.last_mut() else { return };
    last.seen = now();
    check(rule, &days, &[("total", "holds", "costs 21.00 USD in 2024-12 so far, according to CloudWatch's estimate")]);
}

#[test]
fn a_month_is_what_is_settled_and_what_was_used_on_the_days_that_are_not() {
    let rule = "cost_above = { service = \"AWS Lambda\", usd = \"20\" }";
    let subject = "service:AWS Lambda";
    let used = [
        used("2024-12-18", "AWS Lambda", "6", "16"),
        used("2024-12-19", "AWS Lambda", "3", "19"),
        used("2024-12-20", "AWS Lambda", "2", "21"),
    ];
    check(rule, &used, &[(subject, "holds", "costs 21.00 USD in 2024-12 so far, according to usage")]);
    // The 18th was less than that, and what was before it is on the bill: 9 + 5 + 3 + 2.
    let billed = [cost("2024-12-17", true, &[("AWS Lambda", "9")]), cost("2024-12-18", true, &[("AWS Lambda", "5")])];
    check(
        rule,
        &[&used[..], &billed].concat(),
        &[(
            subject,
            "clear",
            "the bill corrects it to 14.00 USD for 2024-12; it was 21.00 USD according to usage at the region's list price",
        )],
    );
}

fn free_use(day: &str, used: &[(FreeTierQuantity, &str, &str)]) -> Observation {
    let mut figure = used_nothing(day);
    let ObservationBody::Early(early) = &mut figure.what else { return figure };
    early.free = used
        .iter()
        .map(|(quantity, used, free)| {
            (*quantity, FreeTierUsage { used: used.parse().unwrap(), free: free.parse().unwrap() })
        })
        .collect();
    figure
}

fn used_nothing(day: &str) -> Observation {
    used(day, "AWS Lambda", "0", "0")
}

#[test]
fn the_free_tier_is_told_with_the_day_on_which_it_will_be_used_up_where_enough_days_are_known() {
    use FreeTierQuantity::{LambdaGbSeconds, LambdaRequests};
    let rule = "free_tier_above = { share = \"80%\", of = [\"lambda_requests\"] }";
    let days = |used: &[(&str, &str)]| {
        used.iter().map(|(day, used)| free_use(day, &[(LambdaRequests, used, "1000000")])).collect::<Vec<_>>()
    };
    let subject = "free_tier:lambda_requests";
    let of_four =
        days(&[("2024-12-16", "600000"), ("2024-12-17", "700000"), ("2024-12-19", "750000"), ("2024-12-20", "800001")]);
    // 50,000 a day: 199,999 are left for three whole days and a part of the fourth.
    check(
        rule,
        &of_four,
        &[(
            subject,
            "holds",
            "800001 of 1000000 free invocations in 2024-12 are used, over 80 %\nAt the current rate it is used up on 2024-12-23 (50000 a day in the last 3 days).",
        )],
    );
    check(rule, &of_four[1..], &[(subject, "holds", "over 80 %\nOther functions")]);
    let slowly = days(&[("2024-12-16", "840000"), ("2024-12-19", "843000"), ("2024-12-20", "844000")]);
    check(rule, &slowly, &[(subject, "holds", "it lasts until the end of the month")]);
    check(rule, &days(&[("2024-12-20", "800000")]), &[(subject, "clear", "within 80 %")]);
    check(rule, &days(&[("2024-12-20", "1000000")]), &[(subject, "holds", "It is used up: further usage is charged.")]);
    check(rule, &days(&[("2024-12-18", "1000000")]), &[(subject, "unknown", "is unknown")]);
    check(rule, &days(&[("2024-11-30", "1000000")]), &[(subject, "unknown", "the usage of 2024-12 is unknown")]);
    check(
        "free_tier_above = {}",
        &[free_use("2024-12-20", &[(LambdaGbSeconds, "320000.5", "400000")])],
        &[
            ("free_tier:lambda_gb_seconds", "holds", "320000 of 400000 free GB-seconds"),
            ("free_tier:lambda_requests", "unknown", ""),
            ("free_tier:log_ingest", "unknown", ""),
        ],
    );
}

/// An inventory of databases that was read so many minutes ago: id, price, days without a connection.
fn databases(minutes: i64, all: &[(&str, Option<&str>, Option<i64>)]) -> Observation {
    use account::inventory::{IdleSince, Inventory, Resource, ResourceKind, ResourceUsage};
    let seen_at = minutes_ago(minutes);
    let resource = |(id, usd, days): &(&str, Option<&str>, Option<i64>)| Resource {
        id: (*id).to_owned(),
        name: None,
        class: "db.t4g.micro".to_owned(),
        note: "postgres".to_owned(),
        state: "available".to_owned(),
        tags: BTreeMap::new(),
        created: None,
        monthly_usd: usd.map(|usd| usd.parse().unwrap()),
        usage: match days {
            None => ResourceUsage::Used,
            Some(0) => ResourceUsage::Unknown("it is only 3 days old".to_owned()),
            Some(days) => ResourceUsage::Idle(IdleSince {
                since: seen_at - TimeDelta::days(*days),
                at_least: false,
                why: "had no connections".to_owned(),
            }),
        },
    };
    let resources = all.iter().map(resource).collect();
    seen(
        seen_at,
        ObservationBody::Inventory(Inventory {
            kind: ResourceKind::RdsInstance,
            region: "ap-northeast-2".to_owned(),
            resources,
            unknown: None,
        }),
    )
}

fn unread(minutes: i64) -> Observation {
    use account::inventory::{Inventory, ResourceKind};
    let unknown = Some("rds:DescribeDBInstances: AccessDenied".to_owned());
    seen(
        minutes_ago(minutes),
        ObservationBody::Inventory(Inventory {
            kind: ResourceKind::RdsInstance,
            region: "ap-northeast-2".to_owned(),
            resources: vec![],
            unknown,
        }),
    )
}

#[test]
fn what_nobody_uses_is_told_with_its_price_and_what_nobody_knows_is_unknown() {
    let rule = "idle_resource = { for = \"14d\", above_usd = \"1\" }";
    let test = "resource:rds_instance/test";
    let idle = &[("test", Some("8.1"), Some(21))][..];
    let headline = "RDS instance \"test\" (db.t4g.micro) had no connections for 21 days: about 8.10 USD a month\n";
    for (observations, verdict, said) in [
        (vec![databases(0, idle)], "holds", headline),
        (
            vec![databases(0, idle)],
            "holds",
            "Idle since: 2024-11-29\nPrice: about 8.10 USD a month\nBilled as: Amazon Relational Database Service",
        ),
        (
            vec![databases(0, &[("test", Some("8.1"), Some(13))])],
            "clear",
            "had no connections for 13 days, which is less than 14 d",
        ),
        (vec![databases(0, &[("test", Some("1"), Some(21))])], "clear", "about 1.00 USD a month, within 1.00 USD"),
        (vec![databases(0, &[("test", None, Some(21))])], "unknown", "the price table has no price"),
        (vec![databases(0, &[("test", Some("8.1"), None)])], "clear", "it is used"),
        (vec![databases(0, &[("test", Some("8.1"), Some(0))])], "unknown", "it is only 3 days old"),
        (vec![databases(3 * 24 * 60, idle)], "unknown", "it was last read 3 d ago"),
        // A permission that is taken away changes nothing of what is known, and nothing is known of now.
        (vec![databases(60, idle), unread(0)], "unknown", "could not be read: rds:DescribeDBInstances: AccessDenied"),
        (vec![unread(60), databases(0, idle)], "holds", headline),
    ] {
        check(rule, &observations, &[(test, verdict, said)]);
    }
    check(rule, &[unread(0)], &[]);
    check("idle_resource = { kinds = [\"volumes\"] }", &[databases(0, idle)], &[]);
    check(
        "idle_resource = {}",
        &[databases(0, &[("test", None, Some(21))])],
        &[(test, "holds", "Price: not in the price table")],
    );
}

#[test]
fn an_idle_resource_that_is_gone_is_clear_where_its_kind_has_been_read() {
    let subject: model::subject::Subject = "resource:rds_instance/test".parse().unwrap();
    for (observations, expected) in [
        (vec![databases(0, &[("prod", None, None)])], Some("it no longer exists")),
        (vec![databases(0, &[("test", None, Some(21))])], None),
        (vec![databases(60, &[("prod", None, None)]), unread(0)], None),
        (vec![], None),
    ] {
        let mut history = History::default();
        observations.iter().for_each(|observation| history.record(observation));
        let said =
            condition("idle_resource = {}").judge_absent(&subject, &history, now()).map(|judgement| judgement.verdict);
        assert_eq!(said, expected.map(|why| Verdict::Clear(why.into())));
    }
}

#[test]
fn a_bill_that_is_too_high_says_what_stands_behind_it() {
    let service = "Amazon Relational Database Service";
    let bill = cost("2024-12-19", true, &[(service, "30")]);
    let known = databases(0, &[("prod", Some("20.87"), None), ("test", Some("20.87"), Some(21))]);
    let behind = "2 x db.t4g.micro: prod, test; test had no connections for 21 days: about 20.87 USD a month.";
    let rule = format!("cost_above = {{ service = \"{service}\", usd = \"20\" }}");
    check(&rule, &[bill, known], &[(&format!("service:{service}"), "holds", behind)]);
}

/// A change of a function's memory, seen so many minutes ago, with the minutes since the call that made it.
fn change(name: &str, minutes: i64, call: Option<i64>) -> Observation {
    use account::map::{Change, ChangeBody, ChangeCall, MapKind};
    let what = ChangeBody::Setting {
        name: "memory".to_owned(),
        from: Some("512 MB".to_owned()),
        to: Some("256 MB".to_owned()),
    };
    let by = call.map(|minutes| ChangeCall {
        at: minutes_ago(minutes),
        call: "UpdateFunctionConfiguration".to_owned(),
        who: "soyoung".to_owned(),
    });
    let change = Change {
        since: minutes_ago(minutes + 15),
        until: minutes_ago(minutes),
        kind: MapKind::Function,
        region: "ap-northeast-2".to_owned(),
        id: name.to_owned(),
        called: None,
        arn: None,
        functions: vec![name.to_owned()],
        what,
        by,
    };
    seen(minutes_ago(minutes), ObservationBody::Change(change))
}

#[test]
fn a_change_is_told_until_its_time_is_over() {
    let shop = "resource:function/shop";
    let (plain, made) = (change("shop", 5, None), change("shop", 5, Some(12)));
    for (rule, observations, said) in [
        ("changed = {}", vec![plain.clone()], Some("function shop changed: memory 512 MB -> 256 MB\n")),
        ("changed = {}", vec![plain.clone()], Some("between 2024-12-20 11:40:00 UTC and 2024-12-20 11:55:00 UTC.")),
        (
            "changed = {}",
            vec![plain.clone(), made],
            Some("at 2024-12-20 11:48:00 UTC, UpdateFunctionConfiguration by soyoung."),
        ),
        ("changed = { kinds = [\"functions\"], settings = [\"mem*\"] }", vec![plain.clone()], Some("memory 512")),
        ("changed = { settings = [\"runtime\", \"created\"] }", vec![plain.clone()], None),
        ("changed = { kinds = [\"rest_apis\"] }", vec![plain.clone()], None),
        ("changed = {}", vec![change("shop", 61, None)], None),
        ("changed = { within = \"2h\" }", vec![change("shop", 61, None)], Some("memory")),
        ("changed = {}", vec![plain, change("shop", 30, None)], Some("function shop has 2 changes, the latest")),
    ] {
        let expected: Vec<(&str, &str, &str)> = said.into_iter().map(|said| (shop, "holds", said)).collect();
        check(rule, &observations, &expected);
        let mut history = History::default();
        observations.iter().for_each(|observation| history.record(observation));
        let absent = condition(rule).judge_absent(&shop.parse().unwrap(), &history, now());
        assert_eq!(absent.is_some(), said.is_none(), "{rule}: an incident whose change is old resolves by itself");
    }
}

#[test]
fn an_incident_of_a_function_names_what_changed_before_it() {
    let before = |observations: &[Observation]| {
        let mut history = History::default();
        observations.iter().for_each(|observation| history.record(observation));
        let subject = model::subject::Subject::Function("shop".into());
        let judgement = Judgement::holds(subject, super::IncidentDetails::default());
        match crate::changed_before::completed(judgement, &history, now()).verdict {
            Verdict::Holds(finding) => finding.facts.into_iter().map(|(_, value)| value).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(
        before(&[change("shop", 5, None), change("shop", 5, Some(12))]),
        ["12 min before: memory 512 MB -> 256 MB, UpdateFunctionConfiguration by soyoung"]
    );
    assert_eq!(before(&[change("shop", 30, None)]), ["between 45 min and 30 min before: memory 512 MB -> 256 MB"]);
    assert_eq!(before(&[change("shop", -5, None)]), ["up to 10 min before: memory 512 MB -> 256 MB"]);
    assert!(before(&[change("shop", -20, None)]).is_empty(), "it came after the incident");
    assert!(before(&[change("shop", -5, Some(-1))]).is_empty());
    assert!(before(&[change("other", 5, None), change("shop", 25 * 60, None)]).is_empty());
    let many: Vec<Observation> = (1..=5).map(|n| change("shop", n * 20, None)).collect();
    let told = before(&many);
    assert!(told.len() == 4 && told[0].starts_with("between 35 min"), "{told:?}");
    assert_eq!(told[3], "2 more changes; see `monitor changes`");
}

fn checked(minutes: i64, state: HopState, days: i64) -> Observation {
    let check = EndpointCheck {
        url: "https://dev.example.one/".to_owned(),
        state,
        link: (state == HopState::Broken).then_some(Link::Mapping),
        summary: "no mapping leads to an API".to_owned(),
        evidence: vec![],
        next_step: "map it".to_owned(),
        until: None,
        certificate: (days > 0).then(|| PresentedCertificate {
            until: now() + TimeDelta::days(days) + TimeDelta::hours(1),
            issuer: "CN=Amazon RSA 2048 M02".to_owned(),
        }),
        first_byte_ms: None,
        zone: None,
        function: None,
        reached_by: vec![],
    };
    seen(minutes_ago(minutes), ObservationBody::Endpoint(check))
}

#[test]
fn an_endpoint_is_down_after_some_checks_in_a_row() {
    use HopState::{Broken, Ok, Unknown, Waiting};
    const URL: &str = "endpoint:https://dev.example.one/";
    let rule = "endpoint_down = {}";
    check(rule, &[], &[]);
    check(rule, &[checked(1, Ok, 90)], &[(URL, "clear", "it answers")]);
    check(rule, &[checked(1, Broken, 90)], &[(URL, "unknown", "1 of 2 checks in a row")]);
    let down = [checked(3, Ok, 90), checked(2, Broken, 90), checked(1, Broken, 90)];
    check(rule, &down, &[(URL, "holds", "https://dev.example.one/ is down: no mapping leads to an API")]);
    check(rule, &down, &[(URL, "holds", "Link: mapping (the mapping of the domain name)")]);
    check(rule, &down, &[(URL, "holds", "Failing since: 2024-12-20 11:58:00 UTC")]);
    check("endpoint_down = { after = 3 }", &down, &[(URL, "unknown", "2 of 3")]);
    check("endpoint_down = { url = \"https://prod.*\" }", &down, &[]);
    check(rule, &[checked(2, Broken, 0), checked(1, Unknown, 0)], &[(URL, "unknown", "could not see enough")]);
    check(rule, &[checked(1, Waiting, 0)], &[(URL, "holds", "is not there for everyone yet")]);
}

#[test]
fn a_wait_has_the_end_that_its_first_check_saw_and_becomes_a_fault_after_it() {
    use HopState::{Ok, Unknown, Waiting};
    const URL: &str = "endpoint:https://dev.example.one/";
    let rule = "endpoint_down = {}";
    // Each answer may be remembered for half an hour from when it was asked for.
    let waits = |minutes: i64| {
        let mut observation = checked(minutes, Waiting, 0);
        if let ObservationBody::Endpoint(check) = &mut observation.what {
            check.link = Some(Link::Propagation);
            check.until = Some(minutes_ago(minutes) + TimeDelta::minutes(30));
        }
        observation
    };
    let yet = "is not there for everyone yet";
    let waiting = [waits(40), waits(20), waits(10)];
    check(rule, &waiting, &[(URL, "holds", yet)]);
    check(rule, &waiting[..2], &[(URL, "holds", "Until: 2024-12-20 11:50:00 UTC")]);
    let late = [waits(40), waits(9), checked(8, Unknown, 0), waits(1)];
    check(rule, &late, &[(URL, "holds", "is still not there for everyone, after the end of the wait")]);
    check(rule, &late, &[(URL, "holds", "Was to end: 2024-12-20 11:50:00 UTC")]);
    check("endpoint_down = { after = 3 }", &late, &[(URL, "holds", yet)]);
    // It answered in between, so it is another wait.
    check(rule, &[waits(40), checked(30, Ok, 90), waits(9), waits(1)], &[(URL, "holds", yet)]);
    // More checks than are kept.
    let long: Vec<Observation> = (1..=40).rev().map(waits).collect();
    check(rule, &long, &[(URL, "holds", "Waits since: 2024-12-20 11:20:00 UTC")]);
    // Nobody says when it ends: it is a fault after a day.
    let endless = |minutes| checked(minutes, Waiting, 0);
    check(rule, &[endless(24 * 60 + 3), endless(4), endless(3)], &[(URL, "holds", yet)]);
    check(rule, &[endless(24 * 60 + 3), endless(2), endless(1)], &[(URL, "holds", "after the end of the wait")]);
}

/// A check that was answered after so many milliseconds, by a way.
fn answered(minutes: i64, first_byte_ms: Option<u64>, reached_by: &[&str]) -> Observation {
    let mut observation = checked(minutes, HopState::Ok, 90);
    if let ObservationBody::Endpoint(check) = &mut observation.what {
        check.first_byte_ms = first_byte_ms;
        check.reached_by = reached_by.iter().map(|part| (*part).to_owned()).collect();
    }
    observation
}

#[test]
fn an_endpoint_is_slow_after_some_slow_answers_in_a_row() {
    const URL: &str = "endpoint:https://dev.example.one/";
    let rule = "slow = { above = \"2s\" }";
    let slow = |minutes| answered(minutes, Some(2_340), &[]);
    check(rule, &[answered(1, Some(2_000), &[])], &[(URL, "clear", "within 2 s")]);
    check(rule, &[slow(2), slow(1)], &[(URL, "unknown", "2 of 3")]);
    check(rule, &[slow(3), slow(2), slow(1)], &[(URL, "holds", "takes 2.3 s to answer, and at most 2 s is expected")]);
    check(rule, &[slow(4), answered(3, Some(9), &[]), slow(2), slow(1)], &[(URL, "unknown", "2 of 3")]);
    check(rule, &[slow(3), slow(2), answered(1, None, &[])], &[(URL, "unknown", "did not answer")]);
    check("slow = { above = \"2s\", url = \"https://prod.*\" }", &[slow(1)], &[]);
}

#[test]
fn a_chain_has_changed_when_the_endpoint_is_reached_in_another_way_than_before() {
    const URL: &str = "endpoint:https://dev.example.one/";
    let rule = "chain_changed = {}";
    let (one, two): (&[&str], &[&str]) =
        (&["CNAME d1.cloudfront.net", "server a"], &["CNAME d2.cloudfront.net", "server a"]);
    check(rule, &[answered(2, None, &[])], &[(URL, "unknown", "no check has seen")]);
    check(rule, &[answered(2, None, one), answered(1, None, one)], &[(URL, "clear", "as before")]);
    // A check without an answer shows nothing.
    let changed = [answered(9, None, one), answered(8, None, &[]), answered(7, None, two), answered(6, None, two)];
    let moved = "is reached in another way: CNAME d1.cloudfront.net -> CNAME d2.cloudfront.net";
    check(rule, &changed, &[(URL, "holds", moved)]);
    check(rule, &changed, &[(URL, "holds", "2024-12-20 11:51:00 UTC and 2024-12-20 11:53:00 UTC")]);
    check("chain_changed = { within = \"5m\" }", &changed, &[(URL, "clear", "as before")]);
}

#[test]
fn a_certificate_that_ends_soon_is_told_with_its_days() {
    use HopState::{Broken, Ok};
    const URL: &str = "endpoint:https://dev.example.one/";
    let rule = "certificate = { days = 21 }";
    check(rule, &[checked(1, Ok, 21)], &[(URL, "clear", "valid for 21 days")]);
    check(rule, &[checked(1, Ok, 20)], &[(URL, "holds", "ends in 20 days and is not renewed")]);
    check(rule, &[checked(1, Ok, 0)], &[(URL, "unknown", "no certificate has been seen")]);
    // The last one that was seen counts, although nothing was seen since.
    check(rule, &[checked(2, Ok, 3), checked(1, Broken, 0)], &[(URL, "holds", "ends in 3 days")]);
    check(rule, &[checked(2, Ok, 3), checked(1, Ok, 365)], &[(URL, "clear", "valid for 365 days")]);
}
