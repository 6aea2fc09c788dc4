//! Where nothing is broken, nothing is named, in whatever way the answers come.

use std::sync::Arc;

use chain::{HopState, Link};

use crate::lab::names::Behaviour;
use crate::lab::web::{Page, Web, answer, json, written};
use crate::lab::{GATEWAY, Lab, Seen, run};

#[track_caller]
fn check(lab: &Lab) -> Seen {
    let seen = run(lab.ask());
    assert_eq!((seen.verdict.state, &seen.verdict.hop), (HopState::Ok, &None), "{:#?}", seen.outside.https);
    seen.within_limits();
    seen
}

#[test]
fn a_chain_that_works_is_seen_whole() {
    let lab = Lab::well();
    let seen = check(&lab);
    let outside = &seen.outside;
    assert_eq!(outside.dns.zone.as_deref(), Some("example.one"));
    assert_eq!(outside.dns.parent_servers, ["ns1.example.one", "ns2.example.one"]);
    assert_eq!(outside.dns.addresses, [std::net::IpAddr::V4(lab.ip(80))]);
    assert_eq!(outside.dns.problem, None);
    let page = &outside.https[0];
    assert_eq!(
        (page.status, page.header("apigw-requestid"), page.body_start.as_str()),
        (Some(200), Some("Qx1"), "{\"ok\":true}")
    );
    assert!(page.ttfb.is_some() && outside.dns.took.is_some());
    let origin = outside.https_with_origin.as_ref().unwrap();
    assert_eq!(origin.origin.as_deref(), Some("https://origin.invalid"), "{origin:?}");
    assert!(seen.seconds < 3.0, "{} s", seen.seconds);
}

#[test]
fn an_answer_of_the_application_is_no_fault_whatever_its_status_is() {
    for status in [400, 401, 403, 404, 405, 418] {
        let mut lab = Lab::well();
        let certificate = lab.authority.leaf(&["dev.example.one"]);
        lab.gateway(Web::tls(certificate, written_always(status)));
        let seen = check(&lab);
        assert_eq!(seen.outside.https[0].status, Some(status));
    }
}

#[test]
fn a_foreign_origin_that_is_refused_is_no_fault() {
    let mut lab = Lab::well();
    let certificate = lab.authority.leaf(&["dev.example.one"]);
    let page: Page = Arc::new(|request| match request.contains("origin: ") {
        true => written(403, "content-type: text/plain\r\n", "origin not allowed"),
        false => written(200, "content-type: text/plain\r\n", "hello"),
    });
    lab.gateway(Web::tls(certificate, page));
    check(&lab);
}

fn written_always(status: u16) -> Page {
    answer(status, "content-type: text/html\r\n", "<h1>no</h1>")
}

#[test]
fn answers_that_come_over_tcp_and_after_forged_ones_are_the_same() {
    for behaviour in [Behaviour::Truncates, Behaviour::ForgedFirst] {
        let mut lab = Lab::well();
        for at in [1, 2, 3, 4, 51, 52, 53] {
            lab.server(at).behaviour = behaviour;
        }
        let seen = run(lab.ask());
        seen.within_limits();
        if behaviour == Behaviour::ForgedFirst {
            check(&lab);
        } else {
            // Each question is two then, so that some are left out, which is said. What was seen is right.
            assert_eq!(seen.outside.dns.zone.as_deref(), Some("example.one"));
            assert!(!matches!(seen.verdict.state, HopState::Broken), "{:#?}", seen.verdict);
        }
    }
}

#[test]
fn an_apex_with_addresses_and_a_zone_of_its_own_are_found() {
    let mut lab = Lab::well();
    lab.target = "https://example.one/".to_owned();
    for at in [3, 4, 51, 52, 53] {
        lab.server(at).zones[0].add("example.one 60 A @80");
    }
    let certificate = lab.authority.leaf(&["example.one"]);
    lab.gateway(Web::tls(certificate, json(200, "", "{}")));
    assert_eq!(check(&lab).outside.dns.zone.as_deref(), Some("example.one"));

    // The same servers hold a zone for the host itself: no referral leads to it.
    let mut lab = Lab::well();
    for at in [51, 52, 53] {
        lab.server(at).zones = vec![crate::lab::names::Zone::new(".", &["dev.example.one 60 A @80"])];
    }
    for at in [3, 4] {
        let own = crate::lab::names::Zone::new(
            "dev.example.one",
            &[
                "dev.example.one 3600 NS ns1.example.one",
                "dev.example.one 3600 NS ns2.example.one",
                "dev.example.one 60 A @80",
            ],
        );
        lab.server(at).zones.push(own);
    }
    assert_eq!(check(&lab).outside.dns.zone.as_deref(), Some("dev.example.one"));
}

#[test]
fn servers_whose_names_lie_elsewhere_are_found_by_resolvers_or_by_a_walk() {
    for known in [true, false] {
        let mut lab = Lab::well();
        let zone = &mut lab.server(2).zones[0];
        zone.remove("example.one");
        zone.add("example.one 3600 NS ns1.example.com");
        for at in [3, 4] {
            let zone = &mut lab.server(at).zones[0];
            zone.remove("example.one");
            zone.add("example.one 3600 NS ns1.example.com");
        }
        lab.server(5).zones[0].add("example.com 3600 NS ns.example.com");
        lab.server(5).zones[0].add("ns.example.com 3600 A @6");
        lab.server(6).zones.push(crate::lab::names::Zone::new("example.com", &["ns1.example.com 3600 A @3"]));
        for at in [51, 52, 53].into_iter().filter(|_| known) {
            lab.server(at).zones[0].add("ns1.example.com 3600 A @3");
        }
        let seen = check(&lab);
        assert_eq!(seen.outside.dns.parent_servers, ["ns1.example.com"]);
    }
}

#[test]
fn one_server_that_holds_all_in_one_is_no_fault() {
    let mut lab = Lab::well();
    let all = [format!("dev.example.one 600 CNAME {GATEWAY}"), format!("{GATEWAY} 60 A @80")];
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    *lab.server(1) = crate::lab::names::NameServer::of(vec![crate::lab::names::Zone::new(".", &all)]);
    check(&lab);
}

#[test]
fn without_resolvers_the_target_is_found_by_a_walk_of_its_own() {
    let mut lab = Lab::well();
    for at in [51, 52, 53] {
        lab.server(at).behaviour = Behaviour::Silent;
    }
    let seen = run(lab.ask());
    seen.within_limits();
    assert_eq!(
        seen.outside.dns.addresses,
        [std::net::IpAddr::V4(lab.ip(80))],
        "{:#?}",
        (&seen.outside.dns.followed, seen.outside.dns.took, seen.outside.dns.questions, &seen.outside.dns.problem)
    );
    assert_eq!(seen.verdict.state, HopState::Ok, "{:#?}", seen.verdict);
}

#[test]
fn a_certificate_for_an_address_and_a_host_without_dns() {
    let mut lab = Lab::well();
    let address = lab.ip(80).to_string();
    lab.target = format!("https://{address}/");
    let certificate = lab.authority.leaf(&[&address]);
    lab.gateway(Web::tls(certificate, json(200, "", "{}")));
    let seen = check(&lab);
    assert_eq!(seen.outside.dns.questions, 0);
    assert!(seen.outside.connections.iter().any(|connection| connection.tls.is_some()));
}

#[test]
fn a_page_that_never_ends_is_cut_and_one_of_many_headers_is_refused() {
    let mut lab = Lab::well();
    let certificate = lab.authority.leaf(&["dev.example.one"]);
    lab.gateway(Web::Endless(Box::new(certificate.clone())));
    let seen = check(&lab);
    assert!(seen.outside.https[0].body_start.len() <= 2000, "{}", seen.outside.https[0].body_start.len());
    assert!(seen.seconds < 3.0, "{} s", seen.seconds);

    let headers: String = (0..100_000).map(|n| format!("x-{n}: {n}\r\n")).collect();
    lab.gateway(Web::tls(certificate, json(200, &headers, "{}")));
    let seen = run(lab.ask());
    seen.within_limits();
    let page = &seen.outside.https[0];
    assert!(page.status.is_none() && page.problem.is_some(), "{page:?}");
}

#[test]
fn what_is_secret_in_an_answer_is_masked() {
    let mut lab = Lab::well();
    lab.target = "https://dev.example.one/?token=hunter2hunter2".to_owned();
    let certificate = lab.authority.leaf(&["dev.example.one"]);
    lab.gateway(Web::tls(
        certificate,
        json(200, "server: \u{9b}31mb\r\n", "{\"password\": \"hunter2hunter2\"}\n\u{7}next"),
    ));
    let seen = check(&lab);
    let page = &seen.outside.https[0];
    assert!(!format!("{page:?}").contains("hunter2"), "{page:?}");
    assert!(page.body_start.ends_with("next") && !page.body_start.chars().any(char::is_control), "{page:?}");
}

#[test]
fn the_verdict_of_a_link_that_was_not_asked_is_unknown() {
    let seen = run(Lab::well().ask());
    let chain = chain::seen::ChainSeen {
        at: crate::lab::now(),
        host: Some("dev.example.one".to_owned()),
        path: "/".to_owned(),
        outside: Some(seen.outside),
        inside: None,
    };
    let hops = chain::hops(&chain);
    let registration = hops.iter().find(|hop| hop.link == Link::Registration).unwrap();
    assert_eq!(registration.state, HopState::Unknown);
}

#[test]
fn a_brief_run_asks_one_resolver_and_finds_that_something_is_wrong() {
    let lab = Lab::well();
    let seen = run(lab.ask_in_full(false));
    assert_eq!((seen.verdict.state, &seen.verdict.hop), (HopState::Ok, &None), "{:#?}", seen.outside);
    assert_eq!((seen.outside.dns.questions, seen.asked), (2, 2));
    assert_eq!(seen.outside.https[0].status, Some(200));
    assert!(seen.outside.https_with_origin.is_none() && seen.outside.connections.len() == 1);

    let unwell = |change: fn(&mut Lab)| {
        let mut lab = Lab::well();
        change(&mut lab);
        run(lab.ask_in_full(false)).verdict.state
    };
    assert_ne!(unwell(|lab| lab.records(&[])), HopState::Ok);
    assert_ne!(unwell(|lab| lab.gateway(Web::Closed)), HopState::Ok);
    assert_ne!(unwell(|lab| lab.gateway(Web::Alert(40))), HopState::Ok);
    assert_ne!(
        unwell(|lab| lab.gateway(Web::tls(lab.authority.leaf(&["other.example"]), json(200, "", "{}")))),
        HopState::Ok
    );
    let resolvers =
        |lab: &mut Lab| [51, 52, 53].into_iter().for_each(|at| lab.server(at).behaviour = Behaviour::Silent);
    assert_ne!(unwell(resolvers), HopState::Ok);
}

#[test]
fn a_name_of_this_machine_takes_no_walk_from_the_roots() {
    let mut lab = Lab::well();
    lab.target = "http://localhost:9/".to_owned();
    let seen = run(lab.ask());
    assert_eq!(lab_questions(&seen), (0, 0), "{:#?}", seen.outside.dns);
    let why = seen.outside.dns.private.clone().unwrap();
    assert!(why.contains("the resolver of this machine was asked, and not the root servers"), "{why}");
    assert!(seen.outside.dns.addresses.iter().all(std::net::IpAddr::is_loopback), "{:#?}", seen.outside.dns);
    // Roots of one's own may hold any name that has a dot.
    let mut lab = Lab::well();
    lab.target = "https://dev.example.test/".to_owned();
    let seen = run(lab.ask());
    assert!(seen.outside.dns.private.is_none() && seen.outside.dns.questions > 0, "{:#?}", seen.outside.dns);
}

/// Questions as the program and as the servers counted them.
fn lab_questions(seen: &Seen) -> (u32, usize) {
    (seen.outside.dns.questions, seen.asked)
}

#[test]
fn a_referral_that_claims_to_be_authoritative_is_followed_all_the_same() {
    let mut lab = Lab::well();
    for at in [1, 2, 5] {
        lab.server(at).behaviour = Behaviour::AlwaysAuthoritative;
    }
    check(&lab);
}
