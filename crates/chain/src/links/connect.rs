//! `connect`: the connection to each address.

use crate::hop::Hop;
use crate::link::Link;
use crate::seen::ChainSeen;

pub(crate) fn judge(_seen: &ChainSeen) -> Hop {
    Hop::unknown(Link::Connect, "not asked")
}
