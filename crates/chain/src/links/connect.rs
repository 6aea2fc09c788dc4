//! `connect`: the connection to each address.

use std::net::IpAddr;

use crate::answers::{count, outside};
use crate::hop::Hop;
use crate::link::Link;
use crate::seen::ChainSeen;
use crate::seen::outside::{ConnectProblem, ConnectionSeen, OutsideSeen};
use crate::symptom::line as line_of;

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let outside = match outside(seen, Link::Connect) {
        Ok(outside) => outside,
        Err(hop) => return hop,
    };
    let all: Vec<&ConnectionSeen> = outside.connections.iter().filter(|seen| seen.port == outside.port).collect();
    let took = all.iter().map(|seen| seen.took).max();
    let here: Vec<&ConnectionSeen> =
        all.iter().copied().filter(|seen| seen.refused != Some(ConnectProblem::NoRoute)).collect();
    let failed: Vec<&ConnectionSeen> = here.iter().copied().filter(|seen| seen.refused.is_some()).collect();
    let port = outside.port;
    let hop = if all.is_empty() {
        Hop::unknown(Link::Connect, "no address is known")
    } else if here.is_empty() {
        Hop::unknown(Link::Connect, "the host has IPv6 addresses only, and this machine has no IPv6 route")
            .next("Ask from a machine that has IPv6. Visitors with IPv4 alone cannot reach the host: an A record lets them in.")
    } else if failed.is_empty() {
        no_http(outside).unwrap_or_else(|| Hop::ok(Link::Connect))
    } else if failed.len() == here.len() {
        let silent = failed.iter().all(|seen| seen.refused == Some(ConnectProblem::TimedOut));
        let how = if silent { "answers" } else { "takes a connection" };
        let addresses =
            if let [one] = here.as_slice() { one.address.to_string() } else { count(here.len(), "address") };
        let summary = match here.as_slice() {
            [_] => {
                format!("{addresses} does not {} on port {port}", if silent { "answer" } else { "take a connection" })
            }
            _ => format!("none of the {} addresses {how} on port {port}", here.len()),
        };
        Hop::broken(Link::Connect, summary, advice(outside, &failed, port))
    } else {
        let names: Vec<String> = failed.iter().map(|seen| seen.address.to_string()).collect();
        Hop::broken(
            Link::Connect,
            format!(
                "{} of {} addresses do not take a connection on port {port}: {}",
                failed.len(),
                here.len(),
                names.join(", ")
            ),
            format!(
                "Take {} out of the records of the host, or start what should listen there: part of the visitors meet it.",
                names.join(", ")
            ),
        )
    };
    let hop = all.iter().take(8).fold(hop, |hop, seen| hop.seen(line(seen)));
    hop.took(took)
}

/// What takes the connection and answers in another language than HTTP. Silence is told by `timeout`, and what a
/// redirect leads to by `redirect`.
fn no_http(outside: &OutsideSeen) -> Option<Hop> {
    let [answer] = outside.https.as_slice() else { return None };
    let why =
        answer.problem.as_deref().filter(|why| answer.status.is_none() && !why.starts_with("no answer within"))?;
    let summary = format!("port {} takes the connection, and what answers there is not HTTP: {why}", outside.port);
    let next_step = "Look at what listens at the address: another service, or a server that ends the connection. Set the \
                     record to the endpoint of the API, or the port to that of the web server.";
    Some(Hop::broken(Link::Connect, summary, next_step).seen(line_of(answer)))
}

fn advice(outside: &OutsideSeen, failed: &[&ConnectionSeen], port: u16) -> String {
    if outside.dns.private.is_some() {
        return format!("See that the server runs, and that it listens on port {port} of this address.");
    }
    if failed.iter().any(|seen| is_private(seen.address)) {
        return "The address is a private one, which cannot be reached from the internet. Set the record to the public \
                address or name of the service."
            .to_owned();
    }
    format!(
        "API Gateway and CloudFront always listen on port 443: where nothing does, the record names something else. Set \
         it to the \"API Gateway domain name\" of the custom domain. For a server or load balancer of your own, allow port \
         {port} in its security group and see that it runs."
    )
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private() || address.is_link_local(),
        IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local(),
    }
}

fn line(seen: &ConnectionSeen) -> String {
    let how = match &seen.refused {
        None => format!("connected in {} ms", seen.took.as_millis()),
        Some(ConnectProblem::NoRoute) => "not asked: this machine has no IPv6 route".to_owned(),
        Some(ConnectProblem::Refused) => "refused: nothing listens".to_owned(),
        Some(ConnectProblem::TimedOut) => format!("no answer within {:.1} s", seen.took.as_secs_f64()),
        Some(ConnectProblem::Other(why)) => why.clone(),
    };
    format!("{} port {}: {how}", seen.address, seen.port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hop::HopState::{Broken, NotApplicable, Ok, Unknown};
    use crate::literals::{check, connection, seen};

    fn of(connections: &'static [(&'static str, Option<ConnectProblem>)]) -> ChainSeen {
        seen(move |outside| {
            outside.connections = connections
                .iter()
                .map(|(address, refused)| ConnectionSeen { refused: refused.clone(), ..connection(address, 443) })
                .collect();
        })
    }

    #[test]
    fn each_address_is_judged() {
        use ConnectProblem::{NoRoute, Refused, TimedOut};
        check(Link::Connect, &of(&[("192.0.2.1", None), ("2001:db8::1", Some(NoRoute))]), Ok, "", "");
        check(Link::Connect, &of(&[]), Unknown, "no address", "");
        check(Link::Connect, &of(&[("2001:db8::1", Some(NoRoute))]), Unknown, "no IPv6 route", "");
        check(
            Link::Connect,
            &of(&[("192.0.2.1", Some(Refused))]),
            Broken,
            "192.0.2.1 does not take a connection on port 443",
            "always listen",
        );
        check(Link::Connect, &of(&[("10.0.0.7", Some(TimedOut))]), Broken, "10.0.0.7 does not answer", "private");
        check(
            Link::Connect,
            &of(&[("192.0.2.1", Some(TimedOut)), ("192.0.2.2", Some(TimedOut))]),
            Broken,
            "none of the 2 addresses answers",
            "",
        );
        check(
            Link::Connect,
            &of(&[("192.0.2.1", None), ("2001:db8::1", Some(Refused))]),
            Broken,
            "1 of 2 addresses do not",
            "Take 2001:db8::1 out",
        );
        let spoken = |why: &'static str| {
            seen(move |outside| {
                let answer = crate::literals::response("https://dev.example.one/", 0, &[], "");
                outside.https =
                    vec![crate::seen::outside::ResponseSeen { status: None, problem: Some(why.to_owned()), ..answer }];
            })
        };
        let other = "invalid HTTP version parsed";
        check(Link::Connect, &spoken(other), Broken, "what answers there is not HTTP: invalid", "what listens");
        check(Link::Connect, &spoken("no answer within 5.0 s"), Ok, "", "");
        check(Link::Connect, &ChainSeen { host: None, ..seen(|_| {}) }, NotApplicable, "", "");
    }
}
