//! Names of private networks: public DNS never has them, so neither the roots nor public resolvers are asked. The
//! resolver of this machine is, by its hosts file and its own servers, and the resolvers of `[dns]` if there are any.

use std::net::IpAddr;
use std::time::Duration;

use chain::domain::{private_ending, within};
use chain::seen::outside::{DnsAnswer, DnsLookup, DnsRecordSeen};
use model::redact::printable;
use tokio::time::{Instant, timeout};

use super::walk::addresses;
use super::{DnsFindings, DnsProbe};

/// How long the resolver of this machine is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// What it is called in evidence.
const THIS_MACHINE: &str = "the resolver of this machine";

impl DnsProbe {
    /// The ending of a name that is not walked to. Roots of one's own may hold any name; one without a dot is in no
    /// zone, and `localhost` is always this machine (RFC 6761, 6.3).
    pub(super) fn private<'a>(&self, host: &'a str) -> Option<&'a str> {
        let ending = private_ending(host)?;
        let is_anywhere = !host.contains('.') || within(host, "localhost");
        (is_anywhere || !self.own.roots).then_some(ending)
    }

    /// What those say of a private name who may know it.
    pub(super) async fn private_host(&self, host: &str, ending: &str) -> DnsFindings {
        let asks_resolvers = self.own.resolvers && !within(host, "localhost");
        let (machine, resolvers) = tokio::join!(by_machine(host), async {
            if asks_resolvers { self.ask_resolvers(host).await } else { vec![] }
        });
        let also = if asks_resolvers { " and the `resolvers` under [dns] were asked" } else { " was asked" };
        let mut findings = DnsFindings::default();
        let dns = &mut findings.seen;
        dns.private =
            Some(format!("`{ending}` exists in private networks only: {THIS_MACHINE}{also}, and not the root servers"));
        let mut found: Vec<IpAddr> = resolvers.iter().flat_map(addresses).collect();
        if found.is_empty() {
            found = addresses(&machine).collect();
        }
        found.sort();
        found.dedup();
        dns.addresses = found;
        dns.resolvers = resolvers;
        dns.resolvers.push(machine);
        dns.questions = self.client.sent();
        dns.took = Some(self.start.elapsed());
        findings
    }
}

async fn by_machine(host: &str) -> DnsLookup {
    let start = Instant::now();
    let answer = match timeout(PATIENCE, tokio::net::lookup_host((host, 0))).await {
        Ok(Ok(found)) => {
            let mut all: Vec<IpAddr> = found.map(|address| address.ip()).collect();
            all.sort();
            all.dedup();
            let record = |address: IpAddr| DnsRecordSeen {
                owner: host.to_owned(),
                kind: if address.is_ipv4() { "A" } else { "AAAA" }.to_owned(),
                value: address.to_string(),
                ttl: 0,
            };
            match all.is_empty() {
                true => DnsAnswer::NoData { negative_ttl: None },
                false => DnsAnswer::Records(all.into_iter().map(record).collect()),
            }
        }
        // The system has no type for it: `Temporary failure in name resolution` is no answer, and the others are a no.
        Ok(Err(error)) if error.to_string().to_lowercase().contains("temporary") => {
            DnsAnswer::None { why: printable(&error.to_string()) }
        }
        Ok(Err(_)) => DnsAnswer::NoName { negative_ttl: None },
        Err(_) => DnsAnswer::None { why: format!("no answer within {} s", PATIENCE.as_secs()) },
    };
    DnsLookup {
        server: THIS_MACHINE.to_owned(),
        name: host.to_owned(),
        kind: "A".to_owned(),
        unchecked: false,
        authoritative: false,
        answer,
        took: start.elapsed(),
    }
}
