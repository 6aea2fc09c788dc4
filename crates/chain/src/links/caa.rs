//! `caa`: the CAA records: which certificate authorities may issue for the host. They are asked again at each renewal.

use account::map::MapKind;

use crate::answers::{aliases, handshakes, is_aws, named, records, summed};
use crate::hop::Hop;
use crate::link::Link;
use crate::seen::ChainSeen;
use crate::seen::outside::{CertificateSeen, DnsAnswer, DnsLookup, OutsideSeen, TlsSeen};

/// The names under which Amazon issues: <https://docs.aws.amazon.com/acm/latest/userguide/setup-caa.html>.
const AMAZON: [&str; 4] = ["amazon.com", "amazonaws.com", "amazontrust.com", "awstrust.com"];

/// Other authorities, by a word of their issuer's name.
const OTHERS: [(&str, &str); 7] = [
    ("comodoca.com", "sectigo"),
    ("digicert.com", "digicert"),
    ("globalsign.com", "globalsign"),
    ("letsencrypt.org", "let's encrypt"),
    ("pki.goog", "google trust"),
    ("sectigo.com", "sectigo"),
    ("ssl.com", "ssl.com"),
];

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let (host, dns) = match named(seen, Link::Caa) {
        Ok(named) => named,
        Err(hop) => return hop,
    };
    let took = dns.caa.iter().map(|lookup| lookup.took).max();
    if dns.caa.is_empty() {
        return Hop::unknown(Link::Caa, "CAA was not asked");
    }
    let decides = |lookup: &&DnsLookup| {
        !matches!(lookup.answer, DnsAnswer::NoData { .. } | DnsAnswer::NoName { .. }) && !is_alias_alone(lookup)
    };
    let Some(lookup) = dns.caa.iter().find(decides) else {
        return Hop::ok(Link::Caa).seen("no CAA record up the tree: every authority may issue").took(took);
    };
    if let DnsAnswer::Failed { .. } | DnsAnswer::None { .. } = lookup.answer {
        return Hop::unknown(Link::Caa, "CAA could not be read, and an authority does not issue then")
            .seen(summed(lookup))
            .took(took);
    }
    let tags: Vec<(String, String)> =
        records(lookup).iter().filter(|record| record.kind == "CAA").filter_map(|r| tag(&r.value)).collect();
    let leaf = seen.outside.as_ref().and_then(leaf);
    let hop = match forbidden(&tags, wants_wildcard(seen, leaf)) {
        None => Hop::ok(Link::Caa),
        Some(_) if issued_by_another(&tags, leaf) => {
            return Hop::not_applicable(Link::Caa)
                .seen(summed(lookup))
                .seen("the certificate is of an authority that may issue")
                .took(took);
        }
        Some(what) => {
            let owner = records(lookup).first().map_or(host, |record| record.owner.as_str());
            let aws = aliases(host, dns).find(is_aws).is_some() || is_amazon(leaf) || has_certificate(seen, host);
            let why = if aws { "" } else { ", if it is to have one of Certificate Manager" };
            let now =
                if is_amazon(leaf) { "the certificate cannot be renewed" } else { "no certificate can be issued" };
            Hop::broken(
                Link::Caa,
                format!("the CAA records of {owner} do not allow Amazon, so {now}{why}"),
                format!(
                    "Add to {owner}: `{owner}. CAA 0 {what} \"amazon.com\"`, then request the certificate again. The record may take as long as its TTL to be seen."
                ),
            )
        }
    };
    hop.seen(summed(lookup)).took(took)
}

/// A CNAME without CAA records at its end: the search goes on above the host.
fn is_alias_alone(lookup: &DnsLookup) -> bool {
    matches!(lookup.answer, DnsAnswer::Records(_)) && records(lookup).iter().all(|record| record.kind != "CAA")
}

/// `0 issue "amazon.com; x=y"` as tag and authority.
fn tag(value: &str) -> Option<(String, String)> {
    let mut words = value.splitn(3, ' ').skip(1);
    let (tag, value) = (words.next()?, words.next()?);
    let authority = value.trim_matches('"').split(';').next().unwrap_or_default().trim();
    Some((tag.to_lowercase(), authority.to_lowercase()))
}

/// The tag that keeps Amazon from issuing, if one does. `issuewild` counts for wildcards, instead of `issue`.
fn forbidden(tags: &[(String, String)], wildcard: bool) -> Option<&'static str> {
    let has = |name: &str| tags.iter().any(|(tag, _)| tag == name);
    let name = if wildcard && has("issuewild") { "issuewild" } else { "issue" };
    let allowed = tags.iter().any(|(tag, authority)| tag == name && AMAZON.contains(&authority.as_str()));
    (has(name) && !allowed).then_some(name)
}

fn leaf(outside: &OutsideSeen) -> Option<&CertificateSeen> {
    handshakes(outside).find_map(|(_, tls)| match tls {
        TlsSeen::Presented { chain, .. } => chain.first(),
        TlsSeen::Failed { .. } => None,
    })
}

fn is_amazon(leaf: Option<&CertificateSeen>) -> bool {
    leaf.is_some_and(|leaf| leaf.covers_host && leaf.issuer.contains("Amazon"))
}

fn wants_wildcard(seen: &ChainSeen, leaf: Option<&CertificateSeen>) -> bool {
    let presented =
        leaf.filter(|leaf| leaf.covers_host).is_some_and(|leaf| leaf.names.iter().any(|name| name.starts_with("*.")));
    let snapshots = seen.inside.iter().flat_map(|inside| &inside.snapshots);
    let mut own = snapshots.filter(|s| s.kind == MapKind::Certificate).flat_map(|s| &s.resources);
    presented || own.any(|certificate| certificate.called().starts_with("*."))
}

fn has_certificate(seen: &ChainSeen, host: &str) -> bool {
    let snapshots = seen.inside.iter().flat_map(|inside| &inside.snapshots);
    let mut own = snapshots.filter(|s| s.kind == MapKind::DomainName).flat_map(|s| &s.resources);
    own.any(|domain| domain.id == host)
}

/// Whether the host has a certificate of another authority that the records allow.
fn issued_by_another(tags: &[(String, String)], leaf: Option<&CertificateSeen>) -> bool {
    let Some(leaf) = leaf.filter(|leaf| leaf.covers_host) else { return false };
    let issuer = leaf.issuer.to_lowercase();
    OTHERS.iter().any(|(authority, word)| issuer.contains(word) && tags.iter().any(|(_, allowed)| allowed == authority))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hop::HopState::{Broken, NotApplicable, Ok, Unknown};
    use crate::literals::{certificate, check, lookup, present, seen};

    fn records_are(answer: &'static str, issuer: &'static str) -> ChainSeen {
        seen(move |outside| {
            outside.dns.caa = vec![
                lookup("ns1.example.one", "dev.example.one CAA", "nodata"),
                lookup("ns1.example.one", "example.one CAA", answer),
            ];
            present(
                outside,
                CertificateSeen { issuer: issuer.to_owned(), ..certificate(&["dev.example.one"], true) },
                None,
            );
        })
    }

    #[test]
    fn amazon_must_be_among_the_authorities() {
        let amazon = "CN=Amazon RSA 2048 M02";
        let table = [
            ("nodata", amazon, Ok, "", ""),
            ("example.one CAA 0 issue \"amazon.com\"", amazon, Ok, "", ""),
            ("example.one CAA 0 iodef \"mailto:a@example.one\"", amazon, Ok, "", ""),
            (
                "example.one CAA 0 issue \"letsencrypt.org\"",
                amazon,
                Broken,
                "cannot be renewed",
                "CAA 0 issue \"amazon.com\"",
            ),
            ("example.one CAA 0 issue \";\"", "CN=Other", Broken, "no certificate can be issued", ""),
            ("example.one CAA 0 issue \"letsencrypt.org\"", "CN=R11,O=Let's Encrypt", NotApplicable, "", ""),
            (
                "example.one CAA 0 issue \"letsencrypt.org;x=1\"; example.one CAA 0 issue \"amazonaws.com\"",
                amazon,
                Ok,
                "",
                "",
            ),
            ("SERVFAIL", amazon, Unknown, "could not be read", ""),
        ];
        for (answer, issuer, state, summary, next) in table {
            check(Link::Caa, &records_are(answer, issuer), state, summary, next);
        }
    }

    #[test]
    fn a_wildcard_certificate_goes_by_its_own_tag() {
        let of = |names: &'static [&'static str]| {
            seen(move |outside| {
                let tags = "example.one CAA 0 issue \"amazon.com\"; example.one CAA 0 issuewild \";\"";
                outside.dns.caa = vec![lookup("ns1.example.one", "example.one CAA", tags)];
                present(outside, certificate(names, true), None);
            })
        };
        check(Link::Caa, &of(&["dev.example.one"]), Ok, "", "");
        check(Link::Caa, &of(&["*.example.one"]), Broken, "do not allow Amazon", "CAA 0 issuewild \"amazon.com\"");
    }
}
