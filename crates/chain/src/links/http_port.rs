//! `http_port`: the answer on port 80. API Gateway does not listen there; a page shows who does.

use crate::answers::{aliases, handshakes, is_aws, outside};
use crate::hop::Hop;
use crate::link::Link;
use crate::seen::ChainSeen;
use crate::seen::outside::{OutsideSeen, ResponseSeen, TlsSeen};

/// Words on the pages that registrars and sellers of domains show.
const PARKED: [&str; 16] = [
    "afternic",
    "bodis.com",
    "buy this domain",
    "domain for sale",
    "domain is for sale",
    "domain is parked",
    "domain parking",
    "godaddy",
    "hugedomains",
    "namecheap",
    "parked domain",
    "parked free",
    "parkingcrew",
    "porkbun",
    "sedoparking",
    "this domain is registered",
];

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let outside = match outside(seen, Link::HttpPort) {
        Ok(outside) => outside,
        Err(hop) => return hop,
    };
    let mut tried = outside.connections.iter().filter(|seen| seen.port == outside.http_port);
    let Some(answer) = &outside.http else {
        let hop = Hop::not_applicable(Link::HttpPort);
        return match tried.next() {
            Some(_) => hop.seen(format!(
                "nothing answers on port {}: API Gateway serves https only, so http:// does not work with it",
                outside.http_port
            )),
            None => hop,
        };
    };
    let shown = shown(answer);
    let without_tls =
        handshakes(outside).count() > 0 && handshakes(outside).all(|(_, tls)| matches!(tls, TlsSeen::Failed { .. }));
    let page = answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    let is_parked = parked(answer);
    let own = seen.host.as_deref().map(|host| aliases(host, &outside.dns));
    let aws = own.is_some_and(|path| path.find(is_aws).is_some());
    let hop = if is_parked || (without_tls && page && !aws) {
        let who = if is_parked { "the page of a registrar or seller of domains" } else { "a page that is not of AWS" };
        let tls = if without_tls { ", and https does not work" } else { "" };
        Hop::broken(
            Link::HttpPort,
            format!("http:// is answered by {who}{tls}: the record leads to a server of theirs, not to your API"),
            format!(
                "Delete the record that the registrar made ({}), and set a CNAME to the \"API Gateway domain name\" of the \
                 custom domain in its place. If the zone is elsewhere, set its name servers at the registrar.",
                record(seen, outside)
            ),
        )
    } else {
        Hop::ok(Link::HttpPort)
    };
    hop.seen(shown).took(answer.ttfb)
}

fn record(seen: &ChainSeen, outside: &OutsideSeen) -> String {
    let host = seen.host.as_deref().unwrap_or_default();
    let path = aliases(host, &outside.dns);
    let addresses: Vec<String> = outside.dns.addresses.iter().take(3).map(ToString::to_string).collect();
    match path.is_alias() {
        true => format!("{host} CNAME {}", path.names.get(1).copied().unwrap_or_default()),
        false => format!("{host} A {}", addresses.join(", ")),
    }
}

fn parked(answer: &ResponseSeen) -> bool {
    let body = answer.body_start.to_lowercase();
    let location = answer.header("location").unwrap_or_default().to_lowercase();
    PARKED.iter().any(|word| body.contains(word) || location.contains(word))
}

fn shown(answer: &ResponseSeen) -> String {
    let status = answer.status.map_or_else(|| answer.problem.clone().unwrap_or_default(), |status| status.to_string());
    let of = |name: &str| answer.header(name).map(|value| format!(", {name}: {value}")).unwrap_or_default();
    let start: String = answer.body_start.chars().take(120).collect();
    let start = if start.is_empty() { start } else { format!(": {start}") };
    format!("{} answers {status}{}{}{start}", answer.url, of("server"), of("location"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hop::HopState::{Broken, NotApplicable, Ok};
    use crate::literals::{answer_all, check, response, seen, shake};

    fn answering(headers: &'static [(&'static str, &'static str)], body: &'static str, tls: bool) -> ChainSeen {
        seen(move |outside| {
            answer_all(outside, "dev.example.one A 192.0.2.80");
            outside.dns.resolvers.clear();
            outside.http = Some(response("http://dev.example.one/", 200, headers, body));
            if !tls {
                shake(outside, &TlsSeen::Failed { why: "received fatal alert: ProtocolVersion".to_owned() });
            }
        })
    }

    #[test]
    fn a_registrars_page_is_told_from_a_page_of_ones_own() {
        check(Link::HttpPort, &seen(|_| {}), NotApplicable, "", "");
        let html: &[(&str, &str)] = &[("content-type", "text/html"), ("server", "openresty")];
        check(Link::HttpPort, &answering(html, "<title>Home</title>", true), Ok, "", "");
        check(
            Link::HttpPort,
            &answering(html, "<h1>Parked domain on Porkbun</h1>", true),
            Broken,
            "page of a registrar",
            "dev.example.one A 192.0.2.80",
        );
        check(
            Link::HttpPort,
            &answering(html, "<h1>Welcome</h1>", false),
            Broken,
            "not of AWS, and https does not work",
            "set a CNAME",
        );
        check(Link::HttpPort, &answering(&[("location", "https://dev.example.one/")], "", true), Ok, "", "");
        check(
            Link::HttpPort,
            &answering(&[("location", "https://www.hugedomains.com/x")], "", true),
            Broken,
            "registrar",
            "",
        );
    }
}
