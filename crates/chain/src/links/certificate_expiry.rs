//! `certificate_expiry`: the end of the certificate.

use crate::hop::Hop;
use crate::link::Link;
use crate::seen::ChainSeen;

pub(crate) fn judge(_seen: &ChainSeen) -> Hop {
    Hop::unknown(Link::CertificateExpiry, "not asked")
}
