//! What is behind the bill of a service, in one sentence.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use model::money::cents;
use rust_decimal::Decimal;

use super::kind::ResourceKind;
use super::resource::{Inventory, Resource};

/// Names that a sentence lists; more are counted.
const MOST_NAMES: usize = 6;

/// `: about 8.10 USD a month`; nothing where the price is not known.
pub fn price_words(monthly_usd: Option<Decimal>) -> String {
    monthly_usd.map(|usd| format!(": about {} USD a month", cents(usd))).unwrap_or_default()
}

/// The resources of a service, in one sentence: `3 x db.t4g.micro: prod, dev, test; test had no connections for 21
/// days: about 8.10 USD a month`. `None` if nothing is known of it.
pub fn summary(service: &str, inventories: &[&Inventory], now: DateTime<Utc>) -> Option<String> {
    let mut classes: BTreeMap<(ResourceKind, &str), Vec<&str>> = BTreeMap::new();
    let mut idle = Vec::new();
    for (kind, resource) in charged_by(service, inventories) {
        classes.entry((kind, &resource.class)).or_default().push(resource.called());
        if let Some(unused) = resource.idle() {
            idle.push((
                resource.monthly_usd,
                format!("{} {}{}", resource.called(), unused.sentence(now), price_words(resource.monthly_usd)),
            ));
        }
    }
    let counted = |((kind, class), names): (&(ResourceKind, &str), &Vec<&str>)| {
        let class = if class.is_empty() { kind.noun() } else { class };
        format!("{} x {class}: {}", names.len(), listed(names))
    };
    let mut parts: Vec<String> = classes.iter().map(counted).collect();
    // The dearest first; of those that cost the same, by name.
    idle.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let more = idle.len().saturating_sub(MOST_NAMES);
    parts.extend(idle.into_iter().take(MOST_NAMES).map(|(_, said)| said));
    if more > 0 {
        parts.push(format!("{more} more are idle"));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn listed(names: &[&str]) -> String {
    let shown: Vec<&str> = names.iter().take(MOST_NAMES).copied().collect();
    match names.len().saturating_sub(MOST_NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Every resource that a service charges for, with its kind, in the order of the inventories.
pub fn charged_by<'a>(
    service: &str,
    inventories: &[&'a Inventory],
) -> impl Iterator<Item = (ResourceKind, &'a Resource)> {
    inventories
        .iter()
        .filter(move |inventory| inventory.kind.service() == service)
        .flat_map(|inventory| inventory.resources.iter().map(|resource| (inventory.kind, resource)))
}
