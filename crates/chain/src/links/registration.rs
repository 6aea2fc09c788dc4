//! `registration`: the registration of the domain.

use crate::answers::named;
use crate::hop::Hop;
use crate::link::Link;
use crate::seen::ChainSeen;

/// Words of the registry that take a domain out of DNS (EPP status codes, RFC 5731 and RFC 8056).
const OUT_OF_DNS: [&str; 6] =
    ["client hold", "server hold", "inactive", "pending create", "pending delete", "redemption period"];

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let (_, dns) = match named(seen, Link::Registration) {
        Ok(named) => named,
        Err(hop) => return hop,
    };
    let registration = seen.outside.as_ref().and_then(|outside| outside.registration.as_ref());
    let Some(registration) = registration else {
        let why = match dns.zone {
            Some(_) => "the registry was not asked (`rdap` in [dns]); the zone above knows the domain",
            None => "the registry was not asked: set `rdap = \"https://rdap.org\"` in [dns]",
        };
        return Hop::unknown(Link::Registration, why);
    };
    let domain = &registration.domain;
    let shown = match registration.statuses.as_slice() {
        [] => format!("{domain}: no status"),
        statuses => format!("{domain}: {}", statuses.join(", ")),
    };
    // RDAP writes `client hold`, the older WHOIS `clientHold`.
    let is = |known: &str, status: &str| known.replace(' ', "") == status.replace(' ', "").to_lowercase();
    let held = OUT_OF_DNS.iter().find(|known| registration.statuses.iter().any(|status| is(known, status)));
    let ended = registration.expires.filter(|end| *end <= seen.at);
    let hop = match (held, ended) {
        (Some(&status), _) if status.ends_with("hold") => {
            let by = if status == "client hold" { "registrar" } else { "registry" };
            Hop::broken(
                Link::Registration,
                format!("the {by} has suspended {domain}: its servers are taken out of the zone above"),
                "Sign in at the registrar and do what it asks for: as a rule the registrant's mail address is not \
                 confirmed. The domain is back within minutes to two days after that.",
            )
        }
        (Some(status), _) => Hop::broken(
            Link::Registration,
            format!("{domain} is not in DNS: its status is `{status}`"),
            "Sign in at the registrar: renew the domain, or set its name servers.",
        ),
        (None, Some(end)) => Hop::broken(
            Link::Registration,
            format!("the registration of {domain} ended on {}", end.format("%Y-%m-%d")),
            "Renew the domain at the registrar.",
        ),
        (None, None) => Hop::ok(Link::Registration),
    };
    let hop = hop.seen(shown);
    match registration.expires {
        Some(end) => hop.seen(format!("registered until {}", end.format("%Y-%m-%d"))),
        None => hop,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::hop::HopState::{Broken, Ok, Unknown};
    use crate::literals::{at, check, seen};
    use crate::seen::outside::RegistrationSeen;

    #[test]
    fn a_domain_that_is_held_or_has_ended_is_broken() {
        let table = [
            (&["active"][..], 90, Ok, "", ""),
            (
                &["client transfer prohibited", "client hold"],
                90,
                Broken,
                "registrar has suspended example.one",
                "mail address",
            ),
            (&["serverHold"], 90, Broken, "registry has suspended", "Sign in at the registrar"),
            (&["redemption period"], -40, Broken, "`redemption period`", "renew"),
            (&[], -1, Broken, "ended on 2024-12-29", "Renew"),
        ];
        for (statuses, days, state, summary, next) in table {
            let registration = RegistrationSeen {
                domain: "example.one".to_owned(),
                statuses: statuses.iter().map(|status| (*status).to_owned()).collect(),
                expires: Some(at() + TimeDelta::days(days)),
            };
            check(Link::Registration, &seen(|outside| outside.registration = Some(registration)), state, summary, next);
        }
        check(Link::Registration, &seen(|_| {}), Unknown, "was not asked", "");
    }
}
