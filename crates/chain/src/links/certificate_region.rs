//! `certificate_region`: the Region of the certificate. A domain name for the edge takes its certificate from
//! us-east-1, a regional one from its own Region.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/how-to-custom-domains.html>

use account::map::{MapKind, MapResource};

use crate::certificates::certificate;
use crate::hop::Hop;
use crate::judged::{from_step, judged};
use crate::link::Link;
use crate::points::points_to;
use crate::seen::ChainSeen;
use crate::seen::inside::InsideSeen;
use crate::start::AwsAddress;

/// Where certificates of the edge are.
const EDGE: &str = "us-east-1";

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let link = Link::CertificateRegion;
    judged(seen, link, Some(MapKind::Certificate), |inside| {
        let absent = || Hop::unknown(link, "no certificate of this account covers the name");
        from_step(link, &certificate(seen, inside), absent, |one| region(seen, inside, one))
    })
}

fn region(seen: &ChainSeen, inside: &InsideSeen, certificate: &MapResource) -> Hop {
    let link = Link::CertificateRegion;
    let arn = certificate.arn.as_deref().unwrap_or(&certificate.id);
    let Some(has) = arn.split(':').nth(3).filter(|region| !region.is_empty()) else {
        return Hop::unknown(link, format!("the ARN `{arn}` names no Region"));
    };
    let domain = inside.path.domain.found();
    let is_edge =
        domain.and_then(|domain| domain.setting("endpoint")).is_some_and(|endpoint| endpoint.contains("EDGE"));
    let address = domain.and_then(|domain| domain.setting("address")).map(str::to_owned);
    // Without a domain name, DNS says what the name is meant for.
    let points = address.as_deref().map(AwsAddress::of).or_else(|| points_to(seen).map(|(_, address)| address));
    let wanted = match (is_edge, points.flatten()) {
        (true, _) | (false, Some(AwsAddress::Edge)) => EDGE.to_owned(),
        (false, Some(AwsAddress::Regional(region))) => region,
        _ => return Hop::ok(link).seen(format!("{arn} is in {has}")),
    };
    if wanted == has {
        return Hop::ok(link).seen(format!("{arn} is in {has}"));
    }
    let kind = if is_edge || wanted == EDGE { "a domain name for the edge" } else { "a regional domain name" };
    Hop::broken(
        link,
        format!("the certificate is in {has}, and {kind} needs it in {wanted}"),
        format!(
            "request a certificate for the same names in {wanted} (`aws acm request-certificate --region {wanted} \
             --validation-method DNS --domain-name {}`), and give it to the domain name; a certificate cannot be moved",
            certificate.called()
        ),
    )
    .seen(format!("{arn} is in {has}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Account, CERTIFICATE, resource, said};

    #[test]
    fn a_certificate_of_the_edge_is_in_virginia_and_a_regional_one_beside_its_api() {
        let of = |endpoint: &str, address: &str, region: &str| {
            let arn = CERTIFICATE.replace("ap-northeast-2", region);
            let names = [("name", "dev.example.one"), ("status", "ISSUED")];
            Account::story()
                .set(MapKind::DomainName, "dev.example.one", "endpoint", Some(endpoint))
                .set(MapKind::DomainName, "dev.example.one", "address", Some(address))
                .set(MapKind::DomainName, "dev.example.one", "certificate", Some(&arn))
                .without(MapKind::Certificate)
                .with(MapKind::Certificate, resource("c", &names).arn(&arn))
        };
        let regional = "d-x.execute-api.ap-northeast-2.amazonaws.com";
        for (endpoint, address, region, expected) in [
            ("REGIONAL", regional, "ap-northeast-2", "ok"),
            ("EDGE", "d1.cloudfront.net", "us-east-1", "ok"),
            (
                "REGIONAL",
                regional,
                "us-east-1",
                "broken: the certificate is in us-east-1, and a regional domain name needs it in ap-northeast-2",
            ),
            (
                "EDGE",
                "d1.cloudfront.net",
                "ap-northeast-2",
                "broken: the certificate is in ap-northeast-2, and a domain name for the edge needs it in us-east-1",
            ),
        ] {
            assert_eq!(said(Link::CertificateRegion, &of(endpoint, address, region).dev()), expected);
        }
        let none = Account::story().without(MapKind::DomainName).without(MapKind::Certificate).dev();
        assert_eq!(said(Link::CertificateRegion, &none), "unknown: no certificate of this account covers the name");
    }
}
