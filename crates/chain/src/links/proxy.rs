//! `proxy`: a proxy in front of the host, such as Cloudflare's. DNS then shows the proxy's addresses, and its errors hide
//! what is behind.

use crate::answers::outside;
use crate::hop::Hop;
use crate::link::Link;
use crate::seen::ChainSeen;
use crate::seen::outside::{OutsideSeen, ResponseSeen};

/// Statuses that only Cloudflare gives:
/// <https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/>
const PROXY_ERRORS: [(u16, &str); 8] = [
    (520, "the server behind it gave an answer that it does not understand"),
    (521, "the server behind it refuses its connections"),
    (522, "the server behind it does not answer"),
    (523, "it cannot reach the server behind it"),
    (524, "the server behind it takes too long"),
    (525, "its TLS handshake with the server behind it fails"),
    (526, "it does not trust the certificate of the server behind it"),
    (530, "it finds no address of the server behind it, or the name is not set up there"),
];

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let outside = match outside(seen, Link::Proxy) {
        Ok(outside) => outside,
        Err(hop) => return hop,
    };
    let Some(answer) = outside.https.iter().chain(&outside.http).find(|answer| is_proxied(answer)) else {
        return match outside.https.is_empty() && outside.http.is_none() {
            true => Hop::unknown(Link::Proxy, "no page answered"),
            false => Hop::not_applicable(Link::Proxy),
        };
    };
    let host = seen.host.as_deref().unwrap_or_default();
    let line = shown(answer);
    if let Some((status, why)) =
        PROXY_ERRORS.iter().find(|(status, _)| outside.https.iter().any(|a| a.status == Some(*status)))
    {
        let next = match status {
            525 | 526 => format!(
                "In Cloudflare, set SSL/TLS to `Full (strict)` and make sure that the custom domain name of API Gateway has a \
                 certificate for {host}; or switch the record to `DNS only` (grey cloud), so that clients reach AWS directly."
            ),
            _ => format!(
                "Switch the record of {host} to `DNS only` (grey cloud) in Cloudflare and ask again: then the true answer shows."
            ),
        };
        return Hop::broken(Link::Proxy, format!("a proxy of Cloudflare in front answers {status}: {why}"), next)
            .seen(line);
    }
    if is_circle(outside) {
        return Hop::broken(
            Link::Proxy,
            "a proxy of Cloudflare in front asks the server by http, and that redirects to https: a circle",
            "In Cloudflare, set SSL/TLS from `Flexible` to `Full (strict)`, or switch the record to `DNS only` (grey cloud).",
        )
        .seen(line);
    }
    Hop::ok(Link::Proxy)
        .seen(line)
        .seen("a proxy of Cloudflare is in front: the addresses and the certificate are its own")
}

fn is_proxied(answer: &ResponseSeen) -> bool {
    answer.header("server").is_some_and(|server| server.eq_ignore_ascii_case("cloudflare"))
        || answer.header("cf-ray").is_some()
}

fn is_circle(outside: &OutsideSeen) -> bool {
    super::redirect::circle(&outside.https).is_some()
}

fn shown(answer: &ResponseSeen) -> String {
    let headers = ["server", "cf-ray"].iter().filter_map(|name| Some(format!("{name}: {}", answer.header(name)?)));
    let status = answer.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    format!("{} answers {status}; {}", answer.url, headers.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hop::HopState::{Broken, NotApplicable, Ok, Unknown};
    use crate::literals::{check, response, seen};

    fn answering(status: u16, headers: &'static [(&'static str, &'static str)]) -> ChainSeen {
        seen(move |outside| outside.https = vec![response("https://dev.example.one/", status, headers, "")])
    }

    #[test]
    fn the_errors_of_a_proxy_are_told_from_those_behind_it() {
        check(Link::Proxy, &seen(|_| {}), NotApplicable, "", "");
        check(Link::Proxy, &seen(|outside| outside.https.clear()), Unknown, "no page", "");
        check(Link::Proxy, &answering(200, &[("server", "cloudflare")]), Ok, "", "");
        check(Link::Proxy, &answering(502, &[("cf-ray", "8f-ICN")]), Ok, "", "");
        check(
            Link::Proxy,
            &answering(526, &[("server", "cloudflare")]),
            Broken,
            "does not trust the certificate",
            "Full (strict)",
        );
        check(Link::Proxy, &answering(525, &[("server", "cloudflare")]), Broken, "TLS handshake", "DNS only");
        check(Link::Proxy, &answering(522, &[("server", "cloudflare")]), Broken, "does not answer", "DNS only");
        check(Link::Proxy, &answering(525, &[]), NotApplicable, "", "");
        check(Link::Proxy, &answering(530, &[("server", "cloudflare")]), Broken, "finds no address", "DNS only");
        let circle = &[("server", "cloudflare"), ("location", "https://dev.example.one/")];
        check(Link::Proxy, &answering(301, circle), Broken, "a circle", "`Flexible`");
    }
}
