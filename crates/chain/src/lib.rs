//! The chain from a domain to a function. Observations of each hop go in, one verdict comes out: the first broken link,
//! how it was seen, and what mends it.
//!
//! A datum's path: a probe or the account map fills [`seen::ChainSeen`]; each link of [`Link`] judges it in its own file
//! of `links/` and gives a [`Hop`]; [`verdict`] takes the hop that explains the others.

mod answers;
mod certificates;
pub mod domain;
mod grant;
mod hop;
mod judge;
mod judged;
mod link;
mod links;
#[cfg(test)]
mod literals;
mod looked;
mod path;
mod points;
pub mod seen;
mod start;
mod symptom;
pub mod target;
#[cfg(test)]
mod testing;
mod verdict;

pub use certificates::{covers, records_to_ask};
pub use hop::{Hop, HopState};
pub use link::Link;
pub use looked::PathStep;
pub use path::{ApiProtocol, ChainPath, PathApi, PathTarget};
pub use points::points_to;
pub use start::{AwsAddress, ChainStart};
pub use verdict::{ChainVerdict, verdict};

/// All hops of what was seen, in the order of the chain.
pub fn hops(seen: &seen::ChainSeen) -> Vec<Hop> {
    Link::ALL.iter().map(|link| link.judge(seen)).collect()
}
