//! The certificates of the account that can serve the host, and the records by which they are validated.

use account::map::{MapKind, MapResource};
use chrono::{DateTime, Utc};

use crate::judged::look;
use crate::looked::PathStep;
use crate::seen::ChainSeen;
use crate::seen::inside::InsideSeen;

/// A record that AWS wants in DNS, with what it says of the validation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ValidationRecord {
    /// Whose name it validates.
    pub(crate) domain: String,
    /// `PENDING_VALIDATION`, `SUCCESS` or `FAILED`.
    pub(crate) status: String,
    /// The name of the CNAME, lower case, without a dot at its end.
    pub(crate) name: String,
    /// Its value, the same way.
    pub(crate) value: String,
}

/// The records of a certificate, each record once. Its setting `validation NAME` is `STATUS RECORD VALUE`.
pub(crate) fn validations(certificate: &MapResource) -> Vec<ValidationRecord> {
    let clean = |text: &str| text.trim_end_matches('.').to_lowercase();
    let mut all: Vec<ValidationRecord> = Vec::new();
    for (setting, text) in &certificate.settings {
        let (Some(domain), Some(text)) = (setting.strip_prefix("validation "), text) else { continue };
        let mut words = text.split(' ');
        let (Some(status), Some(name), Some(value)) = (words.next(), words.next(), words.next()) else { continue };
        let one = ValidationRecord {
            domain: domain.to_owned(),
            status: status.to_owned(),
            name: clean(name),
            value: clean(value),
        };
        // A name and its wildcard have the same record.
        if !all.iter().any(|known| known.name == one.name && known.status == one.status) {
            all.push(one);
        }
    }
    all
}

/// Whether a name of a certificate is for a host; a wildcard covers one label.
pub fn covers(name: &str, host: &str) -> bool {
    let (name, host) = (name.to_lowercase(), host.to_lowercase());
    match name.strip_prefix("*.") {
        Some(rest) => host.split_once('.').is_some_and(|(label, parent)| !label.is_empty() && parent == rest),
        None => name == host,
    }
}

/// The names of a certificate.
pub(crate) fn names(certificate: &MapResource) -> Vec<&str> {
    let names = certificate.setting("names").or(certificate.setting("name")).unwrap_or_default();
    names.split(", ").filter(|name| !name.is_empty()).collect()
}

/// The certificate of the chain: that of the domain name, else the best one that covers the host: one that is issued,
/// then one that is pending, then any.
pub(crate) fn certificate(seen: &ChainSeen, inside: &InsideSeen) -> PathStep<MapResource> {
    if matches!(inside.path.domain, PathStep::Skipped) {
        return PathStep::Skipped;
    }
    let used = inside.path.domain.found().and_then(|domain| domain.setting("certificate"));
    if let Some(arn) = used {
        return look(inside).one(MapKind::Certificate, |one| one.arn.as_deref() == Some(arn));
    }
    let host = seen.host.as_deref().unwrap_or_default();
    let mut fitting: Vec<MapResource> = inside
        .snapshots
        .iter()
        .filter(|snapshot| snapshot.kind == MapKind::Certificate)
        .flat_map(|snapshot| &snapshot.resources)
        .filter(|one| names(one).iter().any(|name| covers(name, host)))
        .cloned()
        .collect();
    let rank = |one: &MapResource| match one.setting("status") {
        Some("ISSUED") => 0,
        Some("PENDING_VALIDATION") => 1,
        _ => 2,
    };
    fitting.sort_by_key(rank);
    match fitting.into_iter().next() {
        Some(found) => PathStep::Found(found),
        None => match look(inside).one(MapKind::Certificate, |_| false) {
            PathStep::Unknown(why) => PathStep::Unknown(why),
            _ => PathStep::Absent,
        },
    }
}

/// A time among the settings.
pub(crate) fn time(certificate: &MapResource, setting: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(certificate.setting(setting)?).ok().map(Into::into)
}

/// The CNAMEs of which the zone's servers have to be asked: those that validate the host's certificates, each also as
/// registrars write it when they append the zone to a full name. Which parent of the host is the zone is not known then.
pub fn records_to_ask(certificates: &[MapResource], host: &str) -> Vec<String> {
    /// More than that is no certificate of one host.
    const MOST: usize = 6;
    let mut all: Vec<String> = Vec::new();
    let fitting = certificates.iter().filter(|one| names(one).iter().any(|name| covers(name, host)));
    for record in fitting.flat_map(validations) {
        let parents = std::iter::successors(Some(host), |name| name.split_once('.').map(|(_, parent)| parent));
        let zones = parents.filter(|parent| parent.contains('.') && record.name.ends_with(&format!(".{parent}")));
        let doubled: Vec<String> = zones.map(|zone| format!("{}.{zone}", record.name)).collect();
        for name in std::iter::once(record.name.clone()).chain(doubled) {
            if !all.contains(&name) && all.len() < MOST {
                all.push(name);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_validation_record_is_asked_also_as_registrars_double_it() {
        let mut one = MapResource::new("c1");
        one.set("names", "*.example.one, example.one");
        one.set("validation *.example.one", "PENDING_VALIDATION _a.example.one. _b.acm-validations.aws.");
        one.set("validation example.one", "PENDING_VALIDATION _a.example.one. _b.acm-validations.aws.");
        let mut other = one.clone();
        other.set("names", "example.net");
        let asked = records_to_ask(&[other, one], "dev.example.one");
        assert_eq!(asked, ["_a.example.one", "_a.example.one.example.one"]);
        for (name, host, expected) in [
            ("*.example.one", "dev.example.one", true),
            ("*.example.one", "a.dev.example.one", false),
            ("*.example.one", "example.one", false),
            ("Example.one", "example.one", true),
        ] {
            assert_eq!(covers(name, host), expected, "{name} {host}");
        }
    }
}
