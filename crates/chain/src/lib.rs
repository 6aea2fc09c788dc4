//! The chain from a domain to a function. Observations of each hop go in, one verdict comes out: the first broken link,
//! how it was seen, and what mends it.
//!
//! A datum's path: a probe or the account map fills [`seen::ChainSeen`]; each link of [`Link`] judges it in its own file
//! of `links/` and gives a [`Hop`]; [`verdict`] takes the hop that explains the others.

mod answers;
pub mod domain;
mod hop;
mod link;
mod links;
#[cfg(test)]
mod literals;
pub mod seen;
pub mod target;
mod verdict;

pub use hop::{Hop, HopState};
pub use link::Link;
pub use verdict::{ChainVerdict, verdict};

/// All hops of what was seen, in the order of the chain.
pub fn hops(seen: &seen::ChainSeen) -> Vec<Hop> {
    Link::ALL.iter().map(|link| link.judge(seen)).collect()
}
