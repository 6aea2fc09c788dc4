//! `bound_elsewhere`: where the name is bound. A name of the edge belongs to one distribution of CloudFront in the world.

use account::map::{MapKind, MapResource};

use crate::answers::{aliases, handshakes, named};
use crate::domain::within;
use crate::hop::Hop;
use crate::link::Link;
use crate::seen::ChainSeen;
use crate::seen::outside::{OutsideSeen, TlsSeen};

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let (host, dns) = match named(seen, Link::BoundElsewhere) {
        Ok(named) => named,
        Err(hop) => return hop,
    };
    let Some(outside) = &seen.outside else {
        return Hop::unknown(Link::BoundElsewhere, "it was not asked from outside");
    };
    let path = aliases(host, dns);
    let edge = path.find(|name| within(name, "cloudfront.net"));
    if let Some(hop) = other_target(seen, host, &path.names) {
        return hop.seen(path.names.join(" -> "));
    }
    let foreign = foreign_edge(outside);
    let by_cloudfront = foreign.is_some() || edge.is_some() || answered_by_cloudfront(outside);
    if !by_cloudfront {
        return Hop::not_applicable(Link::BoundElsewhere);
    }
    let shown = path.names.join(" -> ");
    if let Some(line) = foreign.or_else(|| refused_by_edge(outside)) {
        let at = edge.map(|edge| format!(" ({edge})")).unwrap_or_default();
        return Hop::broken(
            Link::BoundElsewhere,
            format!(
                "the record leads to CloudFront{at}, and no distribution there serves {host}: the name is still bound to \
                 another distribution or edge domain name, maybe in another account, or to none"
            ),
            format!(
                "Find where it is bound: `aws cloudfront list-conflicting-aliases --alias {host} --distribution-id ID`. Take \
                 the name off there (or move it with `aws cloudfront associate-alias`), then add it to the distribution or \
                 edge domain name that is to serve it. That is deployed within minutes, at most 40."
            ),
        )
        .seen(line)
        .seen(shown);
    }
    Hop::ok(Link::BoundElsewhere).seen(format!("CloudFront answers for {host}")).seen(shown)
}

/// The record names another endpoint of AWS than the one that the account has for the host.
fn other_target(seen: &ChainSeen, host: &str, path: &[&str]) -> Option<Hop> {
    let snapshots = seen.inside.iter().flat_map(|inside| &inside.snapshots);
    let mut domains = snapshots.filter(|s| s.kind == MapKind::DomainName).flat_map(|s| &s.resources);
    let own = domains.find(|domain| domain.id == host).and_then(|domain: &MapResource| domain.setting("address"))?;
    let aws = path
        .iter()
        .find(|name| within(name, "cloudfront.net") || name.contains(".execute-api.") || name.starts_with("d-"))?;
    if path.contains(&own) {
        return None;
    }
    Some(Hop::broken(
        Link::BoundElsewhere,
        format!("the record of {host} names {aws}, while the custom domain name of this account is at {own}"),
        format!(
            "Set the CNAME or alias of {host} to {own}. Resolvers follow when the old record has run out (its TTL)."
        ),
    ))
}

/// CloudFront shows the certificate of its own names where it knows no other for the host.
fn foreign_edge(outside: &OutsideSeen) -> Option<String> {
    handshakes(outside).find_map(|(seen, tls)| match tls {
        TlsSeen::Presented { chain, .. } => {
            let leaf = chain.first().filter(|leaf| !leaf.covers_host)?;
            let name = leaf.names.iter().find(|name| within(name.trim_start_matches("*."), "cloudfront.net"))?;
            Some(format!("{} presents a certificate for {name}", seen.address))
        }
        TlsSeen::Failed { why } => {
            let edge = outside.dns.resolvers.iter().chain(&outside.dns.zone_servers).chain(&outside.dns.followed);
            let leads = edge.flat_map(crate::answers::records).any(|record| within(&record.value, "cloudfront.net"));
            leads.then(|| format!("{} ends the handshake: {why}", seen.address))
        }
    })
}

fn answered_by_cloudfront(outside: &OutsideSeen) -> bool {
    outside
        .https
        .iter()
        .any(|answer| answer.header("x-amz-cf-id").is_some() || answer.header("server") == Some("CloudFront"))
}

/// The page that CloudFront shows for a name that none of its distributions has.
fn refused_by_edge(outside: &OutsideSeen) -> Option<String> {
    let first = outside.https.first()?;
    let body = first.body_start.to_lowercase();
    let says =
        body.contains("the request could not be satisfied") && (body.contains("bad request") || body.contains("cname"));
    let is_edge = first.header("server") == Some("CloudFront");
    let no_origin = matches!(first.status, Some(403 | 421))
        && first.header("apigw-requestid").is_none()
        && first.header("x-amzn-requestid").is_none();
    (is_edge && no_origin && says).then(|| {
        format!(
            "{} answers {}: {}",
            first.url,
            first.status.unwrap_or_default(),
            first.body_start.chars().take(120).collect::<String>()
        )
    })
}

#[cfg(test)]
mod tests {
    use account::map::MapSnapshot;

    use super::*;
    use crate::hop::HopState::{Broken, NotApplicable, Ok};
    use crate::literals::{answer_all, certificate, check, inside, present, response, seen, shake};

    fn edge(change: impl FnOnce(&mut OutsideSeen)) -> ChainSeen {
        seen(|outside| {
            answer_all(outside, "dev.example.one CNAME d111.cloudfront.net");
            outside.dns.resolvers.clear();
            change(outside);
        })
    }

    #[test]
    fn a_name_that_no_distribution_of_the_record_has_is_bound_elsewhere() {
        check(Link::BoundElsewhere, &seen(|_| {}), NotApplicable, "", "");
        check(Link::BoundElsewhere, &edge(|_| {}), Ok, "", "");
        let foreign = edge(|outside| present(outside, certificate(&["*.cloudfront.net"], false), None));
        let hop = check(
            Link::BoundElsewhere,
            &foreign,
            Broken,
            "(d111.cloudfront.net), and no distribution",
            "list-conflicting-aliases --alias dev.example.one",
        );
        assert!(hop.evidence[0].contains("*.cloudfront.net"));
        let refused = edge(|outside| {
            shake(outside, &TlsSeen::Failed { why: "received fatal alert: HandshakeFailure".to_owned() });
        });
        check(Link::BoundElsewhere, &refused, Broken, "still bound", "");
        let page = edge(|outside| {
            let body =
                "ERROR: The request could not be satisfied. Bad request. We can't connect to the server for this app";
            outside.https = vec![response("https://dev.example.one/", 403, &[("server", "CloudFront")], body)];
        });
        check(Link::BoundElsewhere, &page, Broken, "still bound", "");
    }

    #[test]
    fn a_record_that_names_another_endpoint_than_the_accounts_is_named() {
        let mut domain = MapResource::new("dev.example.one");
        domain.set("address", "d-new.execute-api.ap-northeast-2.amazonaws.com");
        let snapshots = vec![MapSnapshot::of(MapKind::DomainName, "ap-northeast-2", vec![domain])];
        let mut old = seen(|_| {});
        old.inside = Some(inside(snapshots));
        check(
            Link::BoundElsewhere,
            &old,
            Broken,
            "names d-abc.execute-api",
            "to d-new.execute-api.ap-northeast-2.amazonaws.com",
        );
    }
}
