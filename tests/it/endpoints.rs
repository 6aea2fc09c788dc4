//! What the daemon tells of endpoints: one broken part is told once, and a wait is told with its end.

use alerting::observation::{EndpointCheck, PresentedCertificate};
use chain::{HopState, Link};
use chrono::TimeDelta;

use crate::scripted::{Scripted, minute};
use crate::support::webhook::{Reply, Webhook};
use crate::world::said;

const TABLES: &str = r#"
[alert.certificate]
when.certificate = {}
tell = ["team"]
[alert.down]
when.endpoint_down = {}
remind = "1h"
tell = ["team"]
[alert.memory]
when.lambda_cause = { causes = ["oom"], within = "5m" }
tell = ["team"]
[alert.slow]
when.slow = { above = "2s" }
tell = ["team"]
[alert.moved]
when.chain_changed = {}
tell = ["team"]
[receiver.team]
group_wait = "1m"
via.slack = { webhook = { env = "HOOK" } }
"#;

/// A check that answers.
fn well(host: &str) -> EndpointCheck {
    EndpointCheck {
        url: format!("https://{host}/"),
        state: HopState::Ok,
        link: None,
        summary: String::new(),
        evidence: vec![],
        next_step: String::new(),
        until: None,
        certificate: None,
        first_byte_ms: Some(90),
        zone: Some("example.one".to_owned()),
        function: None,
        reached_by: vec!["server a".to_owned()],
    }
}

fn broken(host: &str, link: Link) -> EndpointCheck {
    EndpointCheck {
        state: HopState::Broken,
        link: Some(link),
        summary: format!("{} is broken", link.code()),
        next_step: "mend it".to_owned(),
        ..well(host)
    }
}

/// Runs the daemon for so many minutes, and returns the titles and the texts of what it told.
async fn told(
    trouble: &[(&str, std::ops::Range<i64>)],
    checks: Vec<(std::ops::Range<i64>, EndpointCheck)>,
    minutes: i64,
) -> (Vec<String>, Vec<String>) {
    told_with(TABLES, trouble, checks, minutes).await
}

async fn told_with(
    tables: &str,
    trouble: &[(&str, std::ops::Range<i64>)],
    checks: Vec<(std::ops::Range<i64>, EndpointCheck)>,
    minutes: i64,
) -> (Vec<String>, Vec<String>) {
    let slack = Webhook::start(vec![Reply::status(200).body("ok")]);
    let mut world = Scripted::new(tables, trouble).secret("HOOK", &format!("{}/x", slack.url()));
    world.checks = checks;
    world.run_until(minutes).await;
    let bodies: Vec<String> = slack.requests().iter().map(|request| request.body.clone()).collect();
    (bodies.iter().map(|body| said(body)).collect(), bodies)
}

#[tokio::test]
async fn endpoints_of_one_zone_with_one_broken_link_are_one_message_with_the_others_below() {
    let hosts = ["a.example.one", "b.example.one", "c.example.one"];
    let mut checks: Vec<_> = hosts.iter().map(|host| (2..10, broken(host, Link::Delegation))).collect();
    checks.push((2..10, broken("d.example.one", Link::Record)));
    checks.extend(hosts.iter().map(|host| (10..30, well(host))));
    checks.push((10..30, well("d.example.one")));
    let (titles, bodies) = told(&[], checks, 20).await;
    assert_eq!(titles.len(), 2, "{titles:#?}");
    for host in &hosts[1..] {
        assert!(bodies[0].contains(&format!("Symptom: https://{host}/ is down")), "{host}: {}", bodies[0]);
    }
    assert!(bodies[0].contains("https://d.example.one/ is down: record is broken"), "{}", bodies[0]);
    assert!(!bodies[0].contains("Symptom: https://d."), "{}", bodies[0]);
    let (ends, unseen) = bodies[1].split_once("2 incidents began and ended").expect("the two that were held back");
    assert!(ends.contains("https://a.example.one/") && ends.contains("https://d.example.one/"), "{ends}");
    assert!(hosts[1..].iter().all(|host| !ends.contains(host) && unseen.contains(host)), "{unseen}");
}

#[tokio::test]
async fn what_outlives_its_cause_is_told_then() {
    let checks = vec![
        (2..10, broken("a.example.one", Link::Dnssec)),
        (2..40, broken("b.example.one", Link::Dnssec)),
        (10..40, well("a.example.one")),
    ];
    let (titles, bodies) = told(&[], checks, 30).await;
    assert!(titles[0].contains("https://a.example.one/ is down"), "{titles:#?}");
    let later = bodies[1..].join(" ");
    assert!(later.contains("https://b.example.one/ is down: dnssec is broken"), "{titles:#?}");
}

#[tokio::test]
async fn a_certificate_that_a_broken_delegation_keeps_from_its_renewal_is_below_it_and_another_is_not() {
    let ending = |check: EndpointCheck| {
        let until = minute(0) + TimeDelta::days(5);
        EndpointCheck { certificate: Some(PresentedCertificate { until, issuer: "CN=Amazon".to_owned() }), ..check }
    };
    for (link, is_below) in [(Link::Delegation, true), (Link::CertificateExpiry, true), (Link::FunctionError, false)] {
        let checks = vec![(2..30, ending(broken("a.example.one", link)))];
        let (titles, bodies) = told(&[], checks, 20).await;
        let all = bodies.join(" ");
        assert!(all.contains("the certificate of https://a.example.one/ ends in 4 days"), "{titles:#?}");
        // It held from the first check on, so it was told before the endpoint was down for two.
        assert_eq!(all.contains("Symptom: the certificate of https://a."), is_below, "{link:?}: {all}");
    }
}

#[tokio::test]
async fn slow_and_changed_endpoints_of_a_host_are_below_what_is_broken_of_it() {
    let slow = |check: EndpointCheck| EndpointCheck { first_byte_ms: Some(4000), ..check };
    let moved = |check: EndpointCheck| EndpointCheck { reached_by: vec!["server b".to_owned()], ..check };
    let mut other = well("a.example.one");
    other.url = "https://a.example.one/health".to_owned();
    let checks = vec![
        (0..5, well("a.example.one")),
        (5..30, moved(broken("a.example.one", Link::Tls))),
        (0..4, other.clone()),
        (4..30, slow(other)),
    ];
    let (titles, bodies) = told(&[], checks, 20).await;
    let all = bodies.join(" ");
    assert!(all.contains("https://a.example.one/ is down: tls is broken"), "{titles:#?}");
    assert!(all.contains("Symptom: https://a.example.one/health takes 4.0 s to answer"), "{all}");
    assert!(all.contains("Symptom: https://a.example.one/ is reached in another way"), "{all}");
}

#[tokio::test]
async fn the_alert_of_a_function_stays_the_cause_of_what_its_endpoint_shows() {
    for (link, function, is_below) in [
        (Link::FunctionError, Some("shop"), true),
        (Link::Timeout, Some("shop"), true),
        (Link::FunctionError, Some("other"), false),
        (Link::FunctionError, None, false),
        (Link::Delegation, Some("shop"), false),
    ] {
        let check = EndpointCheck { function: function.map(str::to_owned), ..broken("a.example.one", link) };
        let (titles, bodies) = told(&[("shop", 3..20)], vec![(2..30, check)], 15).await;
        let all = bodies.join(" ");
        assert!(all.contains("shop: it ran out of memory"), "{titles:#?}");
        assert_eq!(all.contains("Symptom: https://a.example.one/ is down"), is_below, "{link:?} {function:?}: {all}");
        assert!(!all.contains("Symptom: shop"), "{link:?} {function:?}: {all}");
    }
}

#[tokio::test]
async fn whoever_does_not_hear_of_the_cause_hears_of_the_symptom() {
    let tables = format!(
        "{TABLES}[alert.theirs]\nwhen.endpoint_down = {{ url = \"https://b.*\" }}\ntell = [\"team\", \"others\"]
[receiver.others]\nvia.slack = {{ webhook = {{ env = \"HOOK\" }} }}\n"
    )
    .replace("when.endpoint_down = {}", "when.endpoint_down = { url = \"https://a.*\" }");
    let checks = ["a.example.one", "b.example.one"].map(|host| (2..30, broken(host, Link::Delegation)));
    let (titles, bodies) = told_with(&tables, &[], checks.to_vec(), 20).await;
    let all = bodies.join(" ");
    assert!(all.contains("https://b.example.one/ is down: delegation is broken"), "{titles:#?}");
    // The other way round all who hear of the symptom hear of the cause.
    assert!(!all.contains("Symptom: https://b."), "{all}");
}

#[tokio::test]
async fn a_wait_is_told_once_with_its_end_and_again_when_it_has_failed() {
    let until = minute(0) + TimeDelta::minutes(150);
    let waits = EndpointCheck {
        state: HopState::Waiting,
        link: Some(Link::Propagation),
        summary: "the record is visible at 1 of 3 resolvers".to_owned(),
        until: Some(until),
        ..well("a.example.one")
    };
    let (titles, bodies) = told(&[], vec![(2..400, waits.clone())], 200).await;
    assert_eq!(titles.len(), 2, "no reminder of a wait: {titles:#?}");
    assert!(titles[0].contains("is not there for everyone yet"), "{titles:#?}");
    assert!(bodies[0].contains("2024-12-20 02:30:00 UTC"), "{}", bodies[0]);
    assert!(titles[1].contains("after the end of the wait"), "{titles:#?}");
    let (titles, _) = told(&[], vec![(2..100, waits), (100..400, well("a.example.one"))], 200).await;
    assert_eq!(titles.len(), 2, "{titles:#?}");
    assert!(titles[1].starts_with("[resolved]"), "{titles:#?}");
}
