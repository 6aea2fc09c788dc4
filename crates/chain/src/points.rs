//! Where DNS says that the host points to.

use crate::answers::aliases;
use crate::seen::ChainSeen;
use crate::seen::outside::{DnsAnswer, DnsLookup, DnsSeen};
use crate::start::AwsAddress;

/// The last name of the chain of CNAMEs of the host, and what it is of AWS, if it is.
pub fn points_to(seen: &ChainSeen) -> Option<(String, Option<AwsAddress>)> {
    let (host, dns) = (seen.host.as_deref()?, &seen.outside.as_ref()?.dns);
    let path = aliases(host, dns);
    let end = path.end().trim_end_matches('.').to_lowercase();
    path.is_alias().then(|| (end.clone(), AwsAddress::of(&end)))
}

fn records(lookup: &DnsLookup) -> impl Iterator<Item = (&str, &str, &str)> {
    let all = match &lookup.answer {
        DnsAnswer::Records(all) => all.as_slice(),
        _ => &[],
    };
    all.iter().map(|one| (one.owner.as_str(), one.kind.as_str(), one.value.as_str()))
}

/// What the zone's servers say of a CNAME.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CnameSeen {
    /// It is there with this value, at the server of that address.
    Value(String, String),
    /// It is not there.
    Missing,
    /// It was not asked for, or no server answered.
    NotAsked,
}

/// A CNAME as it was asked for beside the host's own records.
pub(crate) fn cname(dns: &DnsSeen, name: &str) -> CnameSeen {
    let clean = |text: &str| text.trim_end_matches('.').to_lowercase();
    let wanted = clean(name);
    let mut found = CnameSeen::NotAsked;
    for lookup in dns.further.iter().filter(|lookup| clean(&lookup.name) == wanted) {
        let value = records(lookup).find(|(owner, kind, _)| *kind == "CNAME" && clean(owner) == wanted);
        match (value, &lookup.answer) {
            (Some((.., value)), _) => return CnameSeen::Value(clean(value), lookup.server.clone()),
            (None, DnsAnswer::Records(_) | DnsAnswer::NoData { .. } | DnsAnswer::NoName { .. }) => {
                found = CnameSeen::Missing;
            }
            (None, DnsAnswer::Failed { .. } | DnsAnswer::None { .. }) => {}
        }
    }
    found
}
