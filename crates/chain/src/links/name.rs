//! `name`: the host name.

use crate::answers::address;
use crate::domain::private_ending;
use crate::hop::Hop;
use crate::link::Link;
use crate::seen::ChainSeen;

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let Some(host) = seen.host.as_deref() else {
        return Hop::not_applicable(Link::Name);
    };
    let hop = Hop::ok(Link::Name);
    if address(host).is_some() {
        return hop.seen(format!("{host} is an address: DNS has no part in it"));
    }
    match private_ending(host) {
        Some(ending) if ending == host => hop.seen(format!("`{host}` exists in private networks only")),
        Some(ending) => hop.seen(format!("names in `{ending}` exist in private networks only")),
        None if host.starts_with("xn--") || host.contains(".xn--") => hop.seen(format!("asked for in ASCII as {host}")),
        None => hop.seen(host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hop::HopState;
    use crate::literals::{check, seen};

    #[test]
    fn a_name_an_address_and_no_host_at_all() {
        let of = |host: &str| ChainSeen { host: Some(host.to_owned()), ..seen(|_| {}) };
        check(Link::Name, &of("dev.example.one"), HopState::Ok, "", "");
        let hop = check(Link::Name, &of("[2001:db8::1]"), HopState::Ok, "", "");
        assert!(hop.evidence[0].contains("DNS has no part"));
        let hop = check(Link::Name, &of("api.internal"), HopState::Ok, "", "");
        assert!(hop.evidence[0].contains("private networks only"));
        check(Link::Name, &ChainSeen { host: None, ..seen(|_| {}) }, HopState::NotApplicable, "", "");
    }
}
