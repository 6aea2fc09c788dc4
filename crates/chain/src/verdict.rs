//! The one hop that explains the others.

use crate::hop::{Hop, HopState};
use crate::link::Link;

/// What is said of the whole chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainVerdict {
    /// `Ok`, `Broken`, `Waiting` or `Unknown`.
    pub state: HopState,
    /// The hop that it rests on; `None` where all is well.
    pub hop: Option<Hop>,
}

/// What is said where nothing is broken: all is well only where the chain was seen, down to the page if it has one.
fn without_fault(hops: &[Hop]) -> ChainVerdict {
    let unknown = |link: Link| hops.iter().find(|hop| hop.link == link && hop.state == HopState::Unknown);
    let is_absent = |link: Link| hops.iter().any(|hop| hop.link == link && hop.state == HopState::NotApplicable);
    let blind = unknown(Link::Connect).or_else(|| unknown(Link::Tls));
    // A name that can be one, and credentials that are taken, are no sight of the chain.
    let is_seen = |hop: &Hop| !matches!(hop.link, Link::Name | Link::Identity);
    let works = hops.iter().any(|hop| hop.state == HopState::Ok && is_seen(hop));
    let hop = match blind {
        None if works => return ChainVerdict { state: HopState::Ok, hop: None },
        // Without the zones above, nothing below them was asked.
        Some(blind) => unknown(Link::Delegation).unwrap_or(blind),
        // The registry is asked only where that is wanted. A function has no outside: only credentials show it.
        None => match unknown(Link::Identity).filter(|_| is_absent(Link::Connect)) {
            Some(identity) => identity,
            None => {
                let first = |hop: &&Hop| hop.state == HopState::Unknown && hop.link != Link::Registration;
                return ChainVerdict { state: HopState::Unknown, hop: hops.iter().find(first).cloned() };
            }
        },
    };
    ChainVerdict { state: HopState::Unknown, hop: Some(hop.clone()) }
}

/// Whether a fault of this link ends with a wait: one that explains it, at once or by way of other faults.
fn is_waited_for(hops: &[Hop], link: Link, met: &mut Vec<Link>) -> bool {
    met.push(link);
    link.explained_by().iter().chain(ends_with(link)).any(|cause| {
        let state = hops.iter().find(|hop| hop.link == *cause).map(|hop| hop.state);
        match state {
            Some(HopState::Waiting) => true,
            Some(HopState::Broken) => !met.contains(cause) && is_waited_for(hops, *cause, met),
            _ => false,
        }
    })
}

/// The waits that a fault ends with, beside what explains it: no domain name is made before its certificate is issued,
/// and a function that is not ready takes no call.
fn ends_with(link: Link) -> &'static [Link] {
    match link {
        Link::DomainType => &[Link::CertificateValidation],
        Link::Permission | Link::UrlPermission | Link::Timeout | Link::FunctionError => &[Link::FunctionState],
        _ => &[],
    }
}

/// The first link that is broken, or waits where nothing else is broken, or the later one that explains it.
pub fn verdict(hops: &[Hop]) -> ChainVerdict {
    let fault = |hop: &&Hop| matches!(hop.state, HopState::Broken | HopState::Waiting);
    let of = |link: Link| hops.iter().filter(fault).find(|hop| hop.link == link);
    let needs_mending = |hop: &&Hop| hop.state == HopState::Broken && !is_waited_for(hops, hop.link, &mut vec![]);
    // Waiting does not mend what the wait does not explain.
    let Some(mut first) = hops.iter().find(needs_mending).or_else(|| hops.iter().find(fault)) else {
        return without_fault(hops);
    };
    // Each step leads to a link that was not met before, so that a circle in the table ends.
    let mut met = vec![first.link];
    while let Some(cause) =
        first.link.explained_by().iter().filter(|link| !met.contains(link)).find_map(|link| of(*link))
    {
        met.push(cause.link);
        first = cause;
    }
    ChainVerdict { state: first.state, hop: Some(first.clone()) }
}

#[cfg(test)]
mod tests {
    use account::map::MapKind;

    use super::*;
    use crate::hops;
    use crate::testing::{ARN, Account, CERTIFICATE, answered, outside_only, resource, with_cname};

    fn check(seen: &crate::seen::ChainSeen, state: HopState, link: Option<Link>) {
        let hops = hops(seen);
        let found = verdict(&hops);
        assert_eq!((found.state, found.hop.as_ref().map(|hop| hop.link)), (state, link), "{found:?}");
        assert!(state != HopState::Broken || found.hop.is_some_and(|hop| !hop.next_step.is_empty()));
    }

    /// The same with a page that was seen.
    fn visited(seen: crate::seen::ChainSeen) -> crate::seen::ChainSeen {
        let mut seen = answered(seen, 200, "", "{}");
        if let Some(outside) = &mut seen.outside {
            outside.port = 443;
            let connection = crate::literals::connection("192.0.2.80", 443);
            outside.connections = vec![crate::seen::outside::ConnectionSeen { tls: None, ..connection }];
        }
        seen
    }

    #[test]
    fn a_chain_whose_page_was_not_seen_is_unknown_and_says_why() {
        use crate::seen::outside::{ConnectProblem, ConnectionSeen};
        let v6_only = crate::literals::seen(|outside| {
            let refused = Some(ConnectProblem::NoRoute);
            let connection = crate::literals::connection("2001:db8::1", 443);
            outside.connections = vec![ConnectionSeen { refused, tls: None, ..connection }];
            outside.https.clear();
        });
        let found = verdict(&hops(&v6_only)).hop.unwrap();
        check(&v6_only, HopState::Unknown, Some(Link::Connect));
        assert!(found.summary.contains("no IPv6 route") && found.next_step.contains("has IPv6"), "{found:?}");
        let no_roots = crate::literals::seen(|outside| {
            outside.dns = crate::seen::outside::DnsSeen {
                problem: Some("none of the root servers that were asked answers".to_owned()),
                ..crate::seen::outside::DnsSeen::default()
            };
            outside.connections.clear();
            outside.https.clear();
        });
        let found = verdict(&hops(&no_roots)).hop.unwrap();
        check(&no_roots, HopState::Unknown, Some(Link::Delegation));
        assert!(found.next_step.contains("port 53") && found.next_step.contains("[dns]"), "{found:?}");
    }

    #[test]
    fn a_function_without_credentials_is_unknown_at_the_credentials() {
        let function = crate::seen::ChainSeen { host: None, ..outside_only("", "/") };
        check(&function, HopState::Unknown, Some(Link::Identity));
        let hop = verdict(&hops(&function)).hop.unwrap();
        assert!(hop.next_step.contains("AWS_PROFILE") && !hop.next_step.contains("mapping"), "{hop:?}");
    }

    #[test]
    fn what_a_wait_does_not_explain_wins_over_it() {
        use HopState::{Broken, Waiting};
        let (validation, state) = (Link::CertificateValidation, Link::FunctionState);
        for (waits, broken, expected, link) in [
            (Link::Propagation, &[][..], Waiting, Link::Propagation),
            (Link::Propagation, &[Link::Connect], Broken, Link::Connect),
            (Link::Propagation, &[Link::Mapping, Link::Cors], Broken, Link::Mapping),
            (Link::Zone, &[Link::Tls], Broken, Link::Tls),
            (validation, &[Link::Tls], Waiting, validation),
            (validation, &[Link::Tls, Link::DomainType], Waiting, validation),
            (validation, &[Link::CertificateName], Waiting, validation),
            (validation, &[Link::Connect, Link::Tls], Broken, Link::Connect),
            (validation, &[Link::Tls, Link::Caa], Broken, Link::Caa),
            (validation, &[Link::Mapping], Broken, Link::Mapping),
            (Link::DomainType, &[Link::Tls], Waiting, Link::DomainType),
            (state, &[Link::FunctionError, Link::Cors], Waiting, state),
            (state, &[Link::Timeout], Waiting, state),
            (state, &[Link::Stage], Broken, Link::Stage),
        ] {
            let hops: Vec<Hop> = Link::ALL
                .iter()
                .map(|link| match link {
                    link if *link == waits => Hop::waiting(*link, "it waits", None),
                    link if broken.contains(link) => Hop::broken(*link, "it is broken", "mend it"),
                    link => Hop::ok(*link),
                })
                .collect();
            let found = verdict(&hops);
            let hop = found.hop.as_ref().map(|hop| hop.link);
            assert_eq!((found.state, hop), (expected, Some(link)), "{waits:?} waits, broken: {broken:?}");
        }
    }

    #[test]
    fn the_storys_chain_broken_in_its_five_places_names_each() {
        let story = Account::story;
        check(&visited(story().dev()), HopState::Ok, None);
        check(&story().without(MapKind::DomainMapping).dev(), HopState::Broken, Some(Link::Mapping));
        check(&story().without(MapKind::RestStage).dev(), HopState::Broken, Some(Link::Stage));
        check(&story().without(MapKind::FunctionPolicy).dev(), HopState::Broken, Some(Link::Permission));
        let reserved = resource("backend-dev", &[("reserved", "0")]).of("backend-dev");
        check(&story().with(MapKind::FunctionConcurrency, reserved).dev(), HopState::Broken, Some(Link::Concurrency));
        let deleted = story().without(MapKind::Function).without(MapKind::FunctionPolicy);
        check(&deleted.dev(), HopState::Broken, Some(Link::FunctionState));
        let pending = [
            ("name", "dev.example.one"),
            ("status", "PENDING_VALIDATION"),
            ("validation dev.example.one", "PENDING_VALIDATION _a.example.one _b.acm-validations.aws"),
        ];
        let pending = || {
            let one = resource("c1", &pending).arn(CERTIFICATE);
            story().without(MapKind::Certificate).with(MapKind::Certificate, one).dev()
        };
        let set = with_cname(pending(), "_a.example.one", Some("_b.acm-validations.aws"));
        check(&set, HopState::Waiting, Some(Link::CertificateValidation));
        let missing = with_cname(pending(), "_a.example.one", None);
        check(&missing, HopState::Broken, Some(Link::CertificateValidation));
    }

    #[test]
    fn a_chain_of_which_nothing_was_read_is_unknown_and_one_that_may_not_be_read_is_not_broken() {
        check(&outside_only("dev.example.one", "/"), HopState::Unknown, Some(Link::Delegation));
        for (_, kind) in MapKind::ALL {
            let denied = Account::story().denied(*kind, "not allowed").dev();
            check(&visited(denied), HopState::Ok, None);
        }
        check(&Account::story().dev(), HopState::Unknown, Some(Link::Delegation));
    }

    #[test]
    fn whatever_is_gone_or_may_not_be_read_each_fault_has_a_sentence_and_a_step() {
        let hosts = ["dev.example.one", "a1.execute-api.ap-northeast-2.amazonaws.com", "x.lambda-url.eu-west-1.on.aws"];
        let mut judged = 0;
        for (_, gone) in MapKind::ALL {
            for (_, denied) in MapKind::ALL {
                let account = Account::story().without(*gone).denied(*denied, "not allowed");
                for seen in hosts.map(|host| account.seen(host, "/dev/x")) {
                    for hop in hops(&answered(seen, 403, "", r#"{"message":"Forbidden"}"#)) {
                        let told = !hop.summary.is_empty() && !hop.next_step.is_empty();
                        assert!(told || hop.state != HopState::Broken, "{gone:?} {denied:?}: {hop:?}");
                        judged += 1;
                    }
                }
            }
        }
        assert!(judged > 50_000, "{judged}");
    }

    #[test]
    fn an_answer_names_one_link_with_and_without_the_account() {
        let forbidden = |seen| answered(seen, 403, "ForbiddenException", r#"{"message":"Forbidden"}"#);
        let none = || outside_only("dev.example.one", "/");
        check(&forbidden(none()), HopState::Broken, Some(Link::Mapping));
        let mapped = forbidden(Account::story().without(MapKind::DomainMapping).dev());
        check(&mapped, HopState::Broken, Some(Link::Mapping));
        let failed =
            |seen| answered(seen, 500, "InternalServerErrorException", r#"{"message": "Internal server error"}"#);
        check(&failed(none()), HopState::Broken, Some(Link::Permission));
        let gone = Account::story().without(MapKind::Function);
        check(&failed(gone.dev()), HopState::Broken, Some(Link::FunctionState));
        let alias = Account::story().set(MapKind::RestIntegration, "a1/ANY /", "target", Some(&format!("{ARN}:live")));
        check(&failed(alias.dev()), HopState::Broken, Some(Link::Permission));
    }
}
