//! What the registry says of a domain, by RDAP (RFC 9083).

use chain::seen::outside::RegistrationSeen;
use chrono::{DateTime, Utc};
use model::redact;
use serde_json::Value;
use url::Url;

/// The most bytes of an answer.
pub(crate) const MAX_ANSWER: usize = 256 * 1024;
/// The most status words that are kept.
const MAX_STATUSES: usize = 20;

/// Where a domain is asked for.
pub(crate) fn address(base: &Url, domain: &str) -> Option<Url> {
    let mut url = base.clone();
    url.path_segments_mut().ok()?.pop_if_empty().push("domain").push(domain);
    Some(url)
}

/// Reads an answer. `None` if it is none.
pub fn read(domain: &str, answer: &[u8]) -> Option<RegistrationSeen> {
    let answer: Value = serde_json::from_slice(answer).ok()?;
    if answer.get("objectClassName").and_then(Value::as_str) != Some("domain") {
        return None;
    }
    let list = |key: &str| answer.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let statuses = list("status").iter().filter_map(Value::as_str).take(MAX_STATUSES);
    let statuses = statuses.map(|status| redact::phrase(status).to_lowercase()).collect();
    let expires = list("events").iter().find_map(|event| {
        let is_end = event.get("eventAction").and_then(Value::as_str) == Some("expiration");
        let date = event.get("eventDate").and_then(Value::as_str).filter(|_| is_end)?;
        DateTime::parse_from_rfc3339(date).ok().map(|date| date.with_timezone(&Utc))
    });
    Some(RegistrationSeen { domain: domain.to_owned(), statuses, expires })
}
