//! `when.idle_resource`: a billed resource is idle.

use account::inventory::{Resource, ResourceKind, ResourceUsage, STALE, next_step, price_words};
use chrono::{DateTime, Utc};
use model::money::{Usd, cents};
use model::settings::TableReader;
use model::span::{Span, spoken};
use model::subject::Subject;

use super::finding::IncidentDetails;
use super::measure::MeasuredValue;
use super::required_data::RequiredData;
use super::verdict::Judgement;
use crate::history::{History, KnownInventory};

/// The settings of `when.idle_resource`.
#[derive(Debug, Clone)]
pub struct IdleResource {
    /// The kinds it watches.
    kinds: Vec<ResourceKind>,
    /// How long it must have been unused.
    idle: Span,
    /// What it costs a month at most without being told, where that matters.
    above: Option<Usd>,
}

impl IdleResource {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let kinds = match settings.has("kinds") {
            true => settings.words("kinds", "a kind of resource", ResourceKind::ALL),
            false => Some(ResourceKind::ALL.iter().map(|(_, kind)| *kind).collect()),
        };
        let idle = settings.or("for", Span::days(14));
        let above =
            if settings.has("above_usd") { settings.required::<Usd>("above_usd").map(Some) } else { Some(None) };
        Some(Self { kinds: kinds?, idle: idle?, above: above? })
    }

    pub(super) fn is_measured(&self) -> bool {
        self.has_limit()
    }

    pub(super) fn required_data(&self) -> RequiredData {
        RequiredData::Inventories
    }

    pub(super) fn window(&self) -> Option<Span> {
        None
    }

    pub(super) fn covers(&self, subject: &Subject) -> bool {
        let Subject::Resource(key) = subject else { return false };
        self.kinds.iter().any(|kind| key.strip_prefix(kind.word()).is_some_and(|rest| rest.starts_with('/')))
    }

    /// Whether a price is held against a limit.
    pub(super) fn has_limit(&self) -> bool {
        self.above.is_some()
    }

    pub(super) fn judge(&self, history: &History, now: DateTime<Utc>) -> Vec<Judgement> {
        let known = history.inventories().filter(|known| self.kinds.contains(&known.inventory.kind));
        known
            .flat_map(|known| known.inventory.resources.iter().map(move |resource| self.one(known, resource, now)))
            .collect()
    }

    /// The judgement of a resource that is in no inventory: it no longer exists, if its kind was read lately.
    pub(super) fn judge_absent(&self, subject: &Subject, history: &History, now: DateTime<Utc>) -> Option<Judgement> {
        let Subject::Resource(key) = subject else { return None };
        let of_its_kind = history.inventories_at(now).into_iter().filter(|inventory| {
            let rest = key.strip_prefix(inventory.kind.word());
            rest.is_some_and(|rest| rest.starts_with('/'))
        });
        let all: Vec<_> = of_its_kind.collect();
        let listed =
            all.iter().any(|inventory| inventory.resources.iter().any(|resource| resource.key(inventory.kind) == *key));
        (!all.is_empty() && !listed).then(|| Judgement::clear(subject.clone(), "it no longer exists"))
    }

    fn one(&self, known: KnownInventory<'_>, resource: &Resource, now: DateTime<Utc>) -> Judgement {
        let kind = known.inventory.kind;
        let subject = Subject::Resource(resource.key(kind));
        if let Some(why) = known.unknown {
            return Judgement::unknown(subject, format!("it could not be read: {why}"));
        }
        if now - known.seen > STALE {
            return Judgement::unknown(subject, format!("it was last read {} ago", spoken(now - known.seen)));
        }
        let idle = match &resource.usage {
            ResourceUsage::Used => return Judgement::clear(subject, "it is used"),
            ResourceUsage::Unknown(why) => return Judgement::unknown(subject, why.clone()),
            ResourceUsage::Idle(idle) => idle,
        };
        // It was idle when it was looked at; what has happened since is not known.
        if known.seen - idle.since < self.idle.delta() {
            return Judgement::clear(
                subject,
                format!("{}, which is less than {}", idle.sentence(known.seen), self.idle),
            );
        }
        let measure = match (self.above, resource.monthly_usd) {
            (None, _) => None,
            (Some(_), None) => return Judgement::unknown(subject, "the price table has no price for it"),
            (Some(above), Some(usd)) if usd <= above.0 => {
                return Judgement::clear(subject, format!("about {} USD a month, within {above}", cents(usd)));
            }
            (Some(above), Some(usd)) => Some(MeasuredValue { value: usd, limit: above.0 }),
        };
        let price = resource
            .monthly_usd
            .map_or_else(|| "not in the price table".to_owned(), |usd| format!("about {} USD a month", cents(usd)));
        let mut facts = vec![
            (
                "Idle since".to_owned(),
                format!("{}{}", idle.since.format("%F"), if idle.at_least { " or before" } else { "" }),
            ),
            ("Price".to_owned(), price),
            ("Billed as".to_owned(), kind.service().to_owned()),
            ("Region".to_owned(), known.inventory.region.clone()),
        ];
        let tags: Vec<String> = resource.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
        for (label, value) in [("Is", &resource.note), ("State", &resource.state), ("Tags", &tags.join(", "))] {
            if !value.is_empty() {
                facts.push((label.to_owned(), value.clone()));
            }
        }
        facts.extend(resource.created.map(|created| ("Made".to_owned(), created.format("%F").to_string())));
        let finding = IncidentDetails {
            headline: format!(
                "{} {}{}",
                resource.title(kind),
                idle.sentence(known.seen),
                price_words(resource.monthly_usd)
            ),
            facts,
            next_step: next_step(kind, resource, &known.inventory.region),
            measure,
            ..IncidentDetails::default()
        };
        Judgement::holds(subject, finding)
    }
}
