//! What the account says: the map's snapshots, and what was asked for this chain alone.

use account::map::MapSnapshot;

/// What the account says of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InsideSeen {
    /// The account whose credentials are used, twelve digits, where known.
    pub account: Option<String>,
    /// The snapshots of all kinds and Regions that were read.
    pub snapshots: Vec<MapSnapshot>,
}
