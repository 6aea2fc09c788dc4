//! `tls`: the TLS handshake.

use crate::answers::{AliasPath, aliases, count, handshakes, is_aws, outside};
use crate::hop::Hop;
use crate::link::Link;
use crate::seen::ChainSeen;
use crate::seen::outside::TlsSeen;

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let outside = match outside(seen, Link::Tls) {
        Ok(outside) => outside,
        Err(hop) => return hop,
    };
    let all: Vec<_> = handshakes(outside).collect();
    let took = all.iter().filter_map(|(seen, _)| seen.tls_took).max();
    let failed: Vec<_> = all
        .iter()
        .filter_map(|(seen, tls)| match tls {
            TlsSeen::Failed { why } => Some((seen.address, why.as_str())),
            TlsSeen::Presented { .. } => None,
        })
        .collect();
    let Some((_, why)) = failed.first() else {
        let connected = outside.connections.iter().any(|seen| seen.port == outside.port && seen.refused.is_none());
        return match (all.is_empty(), connected) {
            (false, _) => Hop::ok(Link::Tls).seen(format!("{} succeeded", count(all.len(), "handshake"))).took(took),
            (true, true) => Hop::not_applicable(Link::Tls),
            (true, false) => Hop::unknown(Link::Tls, "no address took a connection"),
        };
    };
    let host = seen.host.as_deref().unwrap_or_default();
    let path = aliases(host, &outside.dns);
    let (what, next_step) = meaning(host, why, &path);
    let part = if failed.len() < all.len() {
        format!(" at {} of {} addresses", failed.len(), all.len())
    } else {
        String::new()
    };
    let hop = Hop::broken(Link::Tls, format!("the TLS handshake fails{part}: {what}"), next_step).took(took);
    failed.iter().take(8).fold(hop, |hop, (address, why)| hop.seen(format!("{address}: {why}")))
}

/// What an alert means, and what to do.
fn meaning(host: &str, why: &str, path: &AliasPath<'_>) -> (String, String) {
    let lower = why.to_lowercase().replace(['_', ' ', '-'], "");
    let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if has(&["noanswer"]) {
        return (
            "the server takes the connection and then says nothing".to_owned(),
            "Look at the server or load balancer behind the address: it accepts connections and does not serve TLS."
                .to_owned(),
        );
    }
    if has(&["toolarge"]) {
        return (
            "the certificates are larger than 64 KB, which clients refuse".to_owned(),
            "Issue a certificate with fewer names.".to_owned(),
        );
    }
    if has(&["corruptmessage", "invalidmessage", "invalidcontenttype", "notls"]) {
        return (
            "what answers does not speak TLS".to_owned(),
            "Another service listens on this port, plain HTTP as a rule. Set the record to the endpoint of the API, or put \
             a certificate on that service."
                .to_owned(),
        );
    }
    if has(&[
        "handshakefailure",
        "unrecognisedname",
        "unrecognizedname",
        "protocolversion",
        "internalerror",
        "accessdenied",
    ]) {
        if path.find(is_aws).is_some() {
            return (
                format!("the gateway knows no custom domain name `{host}` and has no certificate to show for it"),
                format!(
                    "Make the custom domain name {host} in API Gateway with a certificate that covers it, and an API mapping. \
                     A custom domain name does what Route 53 does not: it has the certificate, and it maps the host to an \
                     API and a stage. If there is one, the record must name its own \"API Gateway domain name\"."
                ),
            );
        }
        return (
            "the server has no certificate for this host, or only old versions of TLS (\"unsupported protocol\")"
                .to_owned(),
            format!(
                "See whose address it is: a registrar's server answers so. Set the record of {host} to the \"API Gateway \
                 domain name\" of the custom domain."
            ),
        );
    }
    (
        "the server ended it".to_owned(),
        "Look at the server or load balancer behind the address, and at what its log says of the handshake.".to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hop::HopState::{Broken, NotApplicable, Ok, Unknown};
    use crate::literals::{answer_all, check, seen, shake};

    fn failing(why: &'static str, answer: &'static str) -> ChainSeen {
        seen(move |outside| {
            if !answer.is_empty() {
                answer_all(outside, answer);
                outside.dns.resolvers.clear();
            }
            shake(outside, &TlsSeen::Failed { why: why.to_owned() });
        })
    }

    #[test]
    fn an_alert_is_told_by_what_it_means() {
        let elsewhere = "dev.example.one A 192.0.2.80";
        let hop = check(Link::Tls, &seen(|_| {}), Ok, "", "");
        assert_eq!(hop.evidence, ["1 handshake succeeded"]);
        check(
            Link::Tls,
            &failing("received fatal alert: HandshakeFailure", ""),
            Broken,
            "knows no custom domain name `dev.example.one`",
            "what Route 53 does not",
        );
        check(
            Link::Tls,
            &failing("received fatal alert: UnrecognisedName", ""),
            Broken,
            "knows no custom domain name",
            "",
        );
        check(
            Link::Tls,
            &failing("received fatal alert: ProtocolVersion", elsewhere),
            Broken,
            "unsupported protocol",
            "a registrar's server",
        );
        check(
            Link::Tls,
            &failing("received corrupt message of type InvalidContentType", elsewhere),
            Broken,
            "does not speak TLS",
            "Another service",
        );
        check(Link::Tls, &failing("no answer within 2 s", elsewhere), Broken, "says nothing", "load balancer");
        check(
            Link::Tls,
            &failing("received corrupt message of type HandshakePayloadTooLarge", elsewhere),
            Broken,
            "larger than 64 KB",
            "fewer names",
        );
        check(Link::Tls, &failing("unexpected end of file", elsewhere), Broken, "ended it", "log");
    }

    #[test]
    fn without_a_connection_or_without_https_there_is_nothing_to_judge() {
        check(Link::Tls, &seen(|outside| outside.connections.clear()), Unknown, "no address", "");
        let plain = seen(|outside| outside.connections.iter_mut().for_each(|connection| connection.tls = None));
        check(Link::Tls, &plain, NotApplicable, "", "");
    }
}
