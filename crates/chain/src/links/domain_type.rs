//! `domain_type`: the domain name of API Gateway: that it is there, its type, its state, and that DNS points to it. It
//! is what Route 53 or another DNS cannot do by itself: it holds the certificate of the name and maps paths to APIs.

use account::map::{MapKind, MapResource};

use crate::hop::Hop;
use crate::judged::{from_step, judged};
use crate::link::Link;
use crate::points::points_to;
use crate::seen::ChainSeen;
use crate::seen::inside::InsideSeen;
use crate::start::AwsAddress;
use crate::symptom::works;

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let link = Link::DomainType;
    judged(seen, link, Some(MapKind::DomainName), |inside| {
        from_step(link, &inside.path.domain, || absent(seen, inside), |domain| present(seen, domain))
    })
}

/// API Gateway of this account and Region does not know the name.
fn absent(seen: &ChainSeen, inside: &InsideSeen) -> Hop {
    let link = Link::DomainType;
    let host = seen.host.as_deref().unwrap_or_default();
    let regions: Vec<&str> = inside
        .snapshots
        .iter()
        .filter(|snapshot| snapshot.kind == MapKind::DomainName)
        .map(|snapshot| snapshot.region.as_str())
        .collect();
    let (account, regions) = (inside.account.as_deref().unwrap_or("this account"), regions.join(", "));
    let none = format!("API Gateway has no domain name `{host}` in account {account}, {regions}");
    let step = format!(
        "create it (API Gateway > Custom domain names, or `aws apigatewayv2 create-domain-name --domain-name {host}`), \
         or use the credentials and Region of the account that has it"
    );
    match points_to(seen) {
        _ if works(seen) => Hop::unknown(link, format!("{none}; the name is served from elsewhere")),
        Some((name, Some(AwsAddress::Regional(_) | AwsAddress::Edge))) => {
            Hop::broken(link, none, step).seen(format!("DNS points `{host}` to {name}"))
        }
        Some((name, Some(AwsAddress::DefaultEndpoint(_)))) => Hop::broken(
            link,
            format!("`{host}` is a CNAME to an API itself, whose certificate is for *.execute-api only"),
            format!("{step}; then point the record to the API Gateway domain name of it (d-...)"),
        )
        .seen(format!("DNS points `{host}` to {name}")),
        Some((name, _)) => Hop::not_applicable(link).seen(format!("DNS points `{host}` to {name}; {none}")),
        None => Hop::unknown(link, none),
    }
}

fn present(seen: &ChainSeen, domain: &MapResource) -> Hop {
    let link = Link::DomainType;
    let endpoint = domain.setting("endpoint").unwrap_or("of an unknown type");
    let address = domain.setting("address");
    let line = format!("{} is {endpoint}, its address is {}", domain.id, address.unwrap_or("unknown"));
    let message = domain.noted.get("status_message").map(|text| format!(": {text}")).unwrap_or_default();
    let elsewhere = points_to(seen).map(|(name, _)| name).zip(address).filter(|(name, address)| {
        !name.eq_ignore_ascii_case(address.trim_end_matches('.')) && AwsAddress::of(name).is_some()
    });
    let hop = match (domain.setting("status"), endpoint) {
        (Some("UPDATING" | "PENDING"), "EDGE") => {
            Hop::waiting(link, "the domain name for the edge is being deployed, which takes up to 40 minutes", None)
                .next("wait up to 40 minutes; until then it works from some places only")
        }
        (Some("UPDATING" | "PENDING"), _) => {
            Hop::waiting(link, "the domain name is being changed, which takes a few minutes", None)
                .next("wait a few minutes, and run this again")
        }
        (Some("PENDING_CERTIFICATE_REIMPORT"), _) => Hop::broken(
            link,
            format!("the domain name waits for its certificate to be imported again{message}"),
            "import the certificate into ACM again with the same ARN",
        ),
        (Some("PENDING_OWNERSHIP_VERIFICATION"), _) => Hop::broken(
            link,
            format!("the domain name waits for a public certificate that proves whose it is{message}"),
            "issue an ACM certificate for the name and set it as ownership verification certificate",
        ),
        (Some("FAILED"), _) => Hop::broken(
            link,
            format!("the domain name could not be made{message}"),
            "delete it and create it again with a certificate that is issued",
        ),
        (_, endpoint) if endpoint.contains("PRIVATE") => {
            Hop::ok(link).seen("it is private: only a VPC endpoint reaches it, and nothing outside does".to_owned())
        }
        _ => match elsewhere {
            Some((name, address)) => Hop::broken(
                link,
                format!("DNS points the name to {name}, and its domain name in API Gateway is at {address}"),
                format!("set the record of {} to {address}", domain.id),
            ),
            None => Hop::ok(link),
        },
    };
    hop.seen(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seen::outside::{DnsAnswer, DnsLookup, DnsRecordSeen, OutsideSeen};
    use crate::testing::{Account, answered, said};

    fn pointed(mut seen: ChainSeen, to: &str) -> ChainSeen {
        let owner = "dev.example.one".to_owned();
        let record = DnsRecordSeen { owner: owner.clone(), kind: "CNAME".into(), value: to.into(), ttl: 600 };
        let lookup = DnsLookup {
            server: "192.0.2.53".into(),
            name: owner,
            kind: "A".into(),
            unchecked: false,
            authoritative: true,
            answer: DnsAnswer::Records(vec![record]),
            took: std::time::Duration::ZERO,
        };
        seen.outside.get_or_insert_with(OutsideSeen::default).dns.zone_servers.push(lookup);
        seen
    }

    #[test]
    fn a_domain_name_is_judged_by_its_state_and_by_where_dns_points() {
        let with = |status: &str, endpoint: &str| {
            let story = Account::story().set(MapKind::DomainName, "dev.example.one", "status", Some(status));
            story.set(MapKind::DomainName, "dev.example.one", "endpoint", Some(endpoint)).dev()
        };
        let none = || Account::story().without(MapKind::DomainName).dev();
        let absent = "API Gateway has no domain name `dev.example.one` in account 123456789012, ap-northeast-2";
        for (seen, expected) in [
            (with("AVAILABLE", "REGIONAL"), "ok".to_owned()),
            (with("AVAILABLE", "PRIVATE"), "ok".to_owned()),
            (
                with("UPDATING", "EDGE"),
                "waiting: the domain name for the edge is being deployed, which takes up to 40 minutes".to_owned(),
            ),
            (
                pointed(with("AVAILABLE", "REGIONAL"), "d-x1.execute-api.ap-northeast-2.amazonaws.com"),
                "ok".to_owned(),
            ),
            (
                pointed(with("AVAILABLE", "REGIONAL"), "d-old.execute-api.ap-northeast-2.amazonaws.com"),
                "broken: DNS points the name to d-old.execute-api.ap-northeast-2.amazonaws.com, and its domain name in API Gateway is at d-x1.execute-api.ap-northeast-2.amazonaws.com".to_owned(),
            ),
            (none(), format!("unknown: {absent}")),
            (pointed(none(), "d-x1.execute-api.ap-northeast-2.amazonaws.com"), format!("broken: {absent}")),
            (
                pointed(none(), "a1.execute-api.ap-northeast-2.amazonaws.com"),
                "broken: `dev.example.one` is a CNAME to an API itself, whose certificate is for *.execute-api only".to_owned(),
            ),
            (pointed(none(), "shops.example.net"), "not_applicable".to_owned()),
            (answered(none(), 200, "", "ok"), format!("unknown: {absent}; the name is served from elsewhere")),
        ] {
            assert_eq!(said(Link::DomainType, &seen), expected);
        }
    }
}
