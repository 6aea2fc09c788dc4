//! `mapping`: the mapping of the domain name.

use crate::hop::Hop;
use crate::link::Link;
use crate::seen::ChainSeen;

pub(crate) fn judge(_seen: &ChainSeen) -> Hop {
    Hop::unknown(Link::Mapping, "not asked")
}
