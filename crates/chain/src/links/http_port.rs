//! `http_port`: the answer on port 80.

use crate::hop::Hop;
use crate::link::Link;
use crate::seen::ChainSeen;

pub(crate) fn judge(_seen: &ChainSeen) -> Hop {
    Hop::unknown(Link::HttpPort, "not asked")
}
