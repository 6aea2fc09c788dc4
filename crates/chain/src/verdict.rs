//! The one hop that explains the others.

use crate::hop::{Hop, HopState};
use crate::link::Link;

/// What is said of the whole chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainVerdict {
    /// `Ok`, `Broken`, `Waiting` or `Unknown`.
    pub state: HopState,
    /// The hop that it rests on; `None` where all is well.
    pub hop: Option<Hop>,
}

/// The first link that is broken or waits, or the later one that explains it.
pub fn verdict(hops: &[Hop]) -> ChainVerdict {
    let fault = |hop: &&Hop| matches!(hop.state, HopState::Broken | HopState::Waiting);
    let of = |link: Link| hops.iter().filter(fault).find(|hop| hop.link == link);
    let Some(mut first) = hops.iter().find(fault) else {
        let unknown = hops.iter().find(|hop| hop.state == HopState::Unknown);
        let works = hops.iter().any(|hop| hop.state == HopState::Ok);
        let state = if works { HopState::Ok } else { HopState::Unknown };
        return ChainVerdict { state, hop: unknown.filter(|_| !works).cloned() };
    };
    // Each step leads to a link that was not met before, so that a circle in the table ends.
    let mut met = vec![first.link];
    while let Some(cause) =
        first.link.explained_by().iter().filter(|link| !met.contains(link)).find_map(|link| of(*link))
    {
        met.push(cause.link);
        first = cause;
    }
    ChainVerdict { state: first.state, hop: Some(first.clone()) }
}
