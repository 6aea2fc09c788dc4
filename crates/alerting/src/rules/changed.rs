//! `when.changed`: a resource of the account has changed.

use std::collections::BTreeMap;

use account::map::{Change, ChangeBody, MapKind};
use chrono::{DateTime, Utc};
use model::glob::NamePattern;
use model::settings::TableReader;
use model::span::Span;
use model::subject::Subject;

use super::finding::IncidentDetails;
use super::required_data::RequiredData;
use super::verdict::Judgement;
use crate::history::History;

/// Changes that are told one by one; the others are only counted.
const MOST_TOLD: usize = 10;

/// The settings of `when.changed`.
#[derive(Debug, Clone)]
pub struct ChangedResource {
    /// The kinds it watches.
    kinds: Vec<MapKind>,
    /// The settings it watches, by name or pattern; every change if empty.
    settings: Vec<NamePattern>,
    /// How long a change is told of; then the incident resolves by itself.
    within: Span,
}

impl ChangedResource {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let kinds = match settings.has("kinds") {
            true => settings.words("kinds", "a kind of the map", MapKind::ALL),
            false => Some(MapKind::ALL.iter().map(|(_, kind)| *kind).collect()),
        };
        let names = if settings.has("settings") { settings.some("settings") } else { Some(vec![]) };
        let within = settings.window("within", Span::hours(1));
        Some(Self { kinds: kinds?, settings: names?, within: within? })
    }

    pub(super) fn is_measured(&self) -> bool {
        false
    }

    pub(super) fn required_data(&self) -> RequiredData {
        RequiredData::Changes
    }

    pub(super) fn window(&self) -> Option<Span> {
        Some(self.within)
    }

    pub(super) fn covers(&self, subject: &Subject) -> bool {
        let Subject::Resource(key) = subject else { return false };
        self.kinds.iter().any(|kind| key.strip_prefix(kind.word()).is_some_and(|rest| rest.starts_with('/')))
    }

    pub(super) fn judge(&self, history: &History, now: DateTime<Utc>) -> Vec<Judgement> {
        let mut by_resource: BTreeMap<String, Vec<Change>> = BTreeMap::new();
        for change in history.changes(now - self.within.delta()).filter(|change| self.watches(change)) {
            by_resource.entry(change.key()).or_default().push(change);
        }
        by_resource
            .into_iter()
            .map(|(key, changes)| Judgement::holds(Subject::Resource(key), finding(&changes)))
            .collect()
    }

    /// The judgement of a resource that has not changed lately.
    pub(super) fn judge_absent(&self, subject: &Subject, history: &History, now: DateTime<Utc>) -> Option<Judgement> {
        let Subject::Resource(key) = subject else { return None };
        let changed =
            history.changes(now - self.within.delta()).any(|change| change.key() == *key && self.watches(&change));
        (!changed).then(|| Judgement::clear(subject.clone(), format!("no further change within {}", self.within)))
    }

    fn watches(&self, change: &Change) -> bool {
        let name = match &change.what {
            ChangeBody::Created(_) => "created",
            ChangeBody::Deleted => "deleted",
            ChangeBody::Setting { name, .. } => name,
            ChangeBody::Tag { .. } => "tags",
        };
        self.kinds.contains(&change.kind)
            && (self.settings.is_empty() || self.settings.iter().any(|pattern| pattern.fits(name)))
    }
}

fn finding(changes: &[Change]) -> IncidentDetails {
    let Some(last) = changes.iter().max_by_key(|change| (change.moment(), *change)) else {
        return IncidentDetails::default();
    };
    let title = format!("{} {}", last.kind.title(), last.called());
    let headline = match changes.len() {
        1 => format!("{title} changed: {}", last.words()),
        count => format!("{title} has {count} changes, the latest: {}", last.words()),
    };
    let mut said: Vec<String> = changes.iter().take(MOST_TOLD).map(sentence).collect();
    if changes.len() > MOST_TOLD {
        said.push(format!("And {} more changes.", changes.len() - MOST_TOLD));
    }
    let mut facts = vec![("Kind".to_owned(), last.kind.title().to_owned()), ("Region".to_owned(), last.region.clone())];
    facts.extend(last.arn.iter().map(|arn| ("ARN".to_owned(), arn.clone())));
    if !last.functions.is_empty() {
        facts.push(("Functions".to_owned(), last.functions.join(", ")));
    }
    IncidentDetails {
        headline,
        said,
        facts,
        next_step: "Check that the change was meant; `monitor changes` lists what else changed.".to_owned(),
        latest: Some(last.until),
        ..IncidentDetails::default()
    }
}

/// `memory 512 MB -> 256 MB, at 2024-12-20 10:07:12 UTC, UpdateFunctionConfiguration by soyoung.`
fn sentence(change: &Change) -> String {
    let time = |at: DateTime<Utc>| at.format("%F %T UTC");
    match &change.by {
        Some(by) => format!("{}, at {}, {} by {}.", change.words(), time(by.at), by.call, by.who),
        None => format!("{}, between {} and {}.", change.words(), time(change.since), time(change.until)),
    }
}
