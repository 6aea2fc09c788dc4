//! Which part of a name is registered, and what lies in what.

/// Second labels under which names are registered, below endings of two letters: `co.uk`, `or.kr`. The whole list of
/// <https://publicsuffix.org> has thousands; a name below one that is missing here is only asked about as if it were
/// below a registered domain.
const SECOND_LEVEL: [&str; 14] =
    ["ac", "co", "com", "edu", "go", "gob", "gov", "me", "ne", "net", "or", "org", "pe", "re"];

/// Whether names are registered directly below this one: `com`, `co.uk`.
pub fn is_ending(zone: &str) -> bool {
    let mut labels = zone.split('.').rev();
    match (labels.next(), labels.next(), labels.next()) {
        (Some(_), None, _) => true,
        (Some(country), Some(second), None) => country.len() == 2 && SECOND_LEVEL.contains(&second),
        _ => false,
    }
}

/// Endings that public DNS never has: RFC 6761, 6762, 7686, 8375 and 9476, `internal` by ICANN, `corp`, `home` and `mail`
/// by its decision of 2018, and what routers call the networks of homes.
const NEVER_PUBLIC: [&str; 17] = [
    "alt",
    "corp",
    "example",
    "home",
    "home.arpa",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "mail",
    "onion",
    "private",
    "test",
    "workgroup",
];

/// The ending that makes a name one of private networks: public DNS never has it. A name without a dot is its own.
pub fn private_ending(name: &str) -> Option<&str> {
    match NEVER_PUBLIC.iter().find(|ending| within(name, ending)) {
        Some(ending) => Some(ending),
        None => (!name.contains('.')).then_some(name),
    }
}

/// Whether `name` is `zone` or lies below it. All lies in the root, `.`.
pub fn within(name: &str, zone: &str) -> bool {
    zone == "." || name == zone || name.strip_suffix(zone).is_some_and(|front| front.ends_with('.'))
}

/// The registered domain that a host lies in: one label more than its ending.
pub fn registrable(host: &str) -> &str {
    let above = |name: &'_ str| name.find('.').and_then(|dot| host.get(host.len() - name.len() + dot + 1..));
    let mut at = host;
    while let Some(next) = above(at) {
        if is_ending(next) {
            break;
        }
        at = next;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_registered_domain_has_one_label_more_than_its_ending() {
        for (host, domain) in [
            ("dev.example.one", "example.one"),
            ("example.one", "example.one"),
            ("a.b.example.co.uk", "example.co.uk"),
            ("www.example.or.kr", "example.or.kr"),
            ("localhost", "localhost"),
            ("", ""),
        ] {
            assert_eq!(registrable(host), domain, "{host}");
        }
        assert!(is_ending("one") && is_ending("co.kr") && !is_ending("example.one") && !is_ending("dev.co.kr"));
    }

    #[test]
    fn a_name_of_private_networks_is_known_by_its_ending() {
        for (name, ending) in [
            ("api.internal", Some("internal")),
            ("nas.home.arpa", Some("home.arpa")),
            ("printer.local", Some("local")),
            ("dev.example.test", Some("test")),
            ("localhost", Some("localhost")),
            ("intranet", Some("intranet")),
            ("backend", Some("backend")),
            ("dev.example.one", None),
            ("internal.example.one", None),
            ("home.example.com", None),
        ] {
            assert_eq!(private_ending(name), ending, "{name}");
        }
    }

    #[test]
    fn a_name_lies_in_a_zone_by_whole_labels() {
        assert!(within("dev.example.one", "example.one") && within("example.one", "example.one"));
        assert!(within("anything", ".") && !within("notexample.one", "example.one") && !within("one", "example.one"));
    }
}
