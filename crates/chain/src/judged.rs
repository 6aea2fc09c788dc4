//! What the links of the inside half have in common: what they say where a step of the path is not there or unknown.

use account::map::{MapKind, MapResource};

use crate::hop::Hop;
use crate::link::Link;
use crate::looked::{MapLook, PathStep};
use crate::seen::ChainSeen;
use crate::seen::inside::{CredentialsSeen, InsideSeen};
use crate::symptom::settled;

/// A link of the inside half: what the account says, then what the answer from outside says of it. `kind` is what was
/// read for it.
pub(crate) fn judged(
    seen: &ChainSeen,
    link: Link,
    kind: Option<MapKind>,
    inside: impl FnOnce(&InsideSeen) -> Hop,
) -> Hop {
    let hop = match &seen.inside {
        None => Hop::unknown(link, "not asked: it needs credentials of the account"),
        Some(InsideSeen { credentials: CredentialsSeen::Refused { .. }, .. }) => {
            Hop::unknown(link, "not asked: AWS refuses the credentials")
        }
        Some(InsideSeen { credentials: CredentialsSeen::Unclear { why, is_asked: false, .. }, .. }) => {
            Hop::unknown(link, format!("not asked: {why}"))
        }
        Some(known) => {
            let took = kind.and_then(|kind| known.took.get(&kind)).copied();
            inside(known).took(took)
        }
    };
    settled(seen, hop)
}

/// A hop from a step; `absent` is said where it is not there.
pub(crate) fn from_step<T>(
    link: Link,
    step: &PathStep<T>,
    absent: impl FnOnce() -> Hop,
    found: impl FnOnce(&T) -> Hop,
) -> Hop {
    match step {
        PathStep::Found(of) => found(of),
        PathStep::Absent => absent(),
        PathStep::Unknown(why) => Hop::unknown(link, why),
        PathStep::Beyond => Hop::unknown(link, "no link before it leads here"),
        PathStep::Skipped => Hop::not_applicable(link),
    }
}

/// Looks into the snapshots.
pub(crate) fn look(inside: &InsideSeen) -> MapLook<'_> {
    MapLook(&inside.snapshots)
}

/// A setting that begins with a number, such as `29000 ms` or `30 s`.
pub(crate) fn number(resource: &MapResource, setting: &str) -> Option<u64> {
    resource.setting(setting)?.split(' ').next()?.parse().ok()
}
