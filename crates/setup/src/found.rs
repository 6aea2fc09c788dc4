//! What was found in an account.

use std::collections::BTreeMap;

use account::inventory::ResourceKind;
use account::map::{MapKind, MapResource, MapSnapshot};
use account::warmers::{FoundWarmer, warmers};
use model::call_failure::CallFailure;

use super::bill::FoundBill;

/// What was found in an account. What could not be read is the failure of its call.
#[derive(Debug, Clone)]
pub struct FoundAccount {
    /// The region that was asked.
    pub region: String,
    /// The other regions that are to be watched, each with what it has.
    pub other_regions: BTreeMap<String, String>,
    /// The id of the account, where AWS tells it.
    pub account: Option<String>,
    /// The profile to use, where one was used.
    pub profile: Option<String>,
    /// The kinds of the map.
    pub kinds: Vec<(MapKind, Result<MapSnapshot, CallFailure>)>,
    /// The ids of what is billed by the hour or by the gigabyte.
    pub billable: Vec<(ResourceKind, Result<Vec<String>, CallFailure>)>,
    /// Whether the events of a log group may be read.
    pub logs: Result<(), CallFailure>,
    /// Whether CloudWatch's metrics may be read.
    pub metrics: Result<(), CallFailure>,
    /// Whether there is an estimate of the month.
    pub charges: Result<(), CallFailure>,
    /// The bill of the last months.
    pub bill: FoundBill,
}

impl FoundAccount {
    /// Everything of a kind; `None` where it is not known.
    pub fn resources(&self, kind: MapKind) -> Option<&[MapResource]> {
        let (_, read) = self.kinds.iter().find(|(known, _)| *known == kind)?;
        read.as_ref().ok().map(|snapshot| snapshot.resources.as_slice())
    }

    /// What calls functions every few minutes, as far as that is known.
    pub fn warmers(&self) -> Vec<FoundWarmer> {
        warmers(|kind| self.resources(kind).unwrap_or_default())
    }

    /// The names of the functions; none where they are not known.
    pub fn functions(&self) -> Vec<&str> {
        let all = self.resources(MapKind::Function).unwrap_or_default();
        all.iter().map(|function| function.id.as_str()).collect()
    }
}

/// The word of a kind in the configuration.
pub(super) fn word(kind: MapKind) -> &'static str {
    MapKind::ALL.iter().find(|(_, known)| *known == kind).map_or(kind.word(), |(word, _)| word)
}

/// The word of a billable kind in the configuration.
pub(super) fn billable_word(kind: ResourceKind) -> &'static str {
    ResourceKind::ALL.iter().find(|(_, known)| *known == kind).map_or(kind.word(), |(word, _)| word)
}
