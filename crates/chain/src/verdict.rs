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
        // The registry is asked only where that is wanted.
        let unknown = |hop: &&Hop| hop.state == HopState::Unknown && hop.link != Link::Registration;
        let unknown = hops.iter().find(unknown);
        // A name that can be one, and credentials that are taken, are no sight of the chain.
        let is_seen = |hop: &Hop| !matches!(hop.link, Link::Name | Link::Identity);
        let works = hops.iter().any(|hop| hop.state == HopState::Ok && is_seen(hop));
        let state = if works { HopState::Ok } else { HopState::Unknown };
        return ChainVerdict { state, hop: unknown.filter(|_| !works).cloned() };
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
        check(&story().dev(), HopState::Ok, None);
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
            check(&denied, HopState::Ok, None);
        }
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
