//! `url_permission`: the permissions of the function URL.

use crate::hop::Hop;
use crate::link::Link;
use crate::seen::ChainSeen;

pub(crate) fn judge(_seen: &ChainSeen) -> Hop {
    Hop::unknown(Link::UrlPermission, "not asked")
}
