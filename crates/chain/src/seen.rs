//! What was seen of a chain: from outside by probes, from inside by the account map. `None` is "not asked".

pub mod inside;
pub mod outside;

use chrono::{DateTime, Utc};

/// All that was seen of one chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainSeen {
    /// When it was asked, UTC.
    pub at: DateTime<Utc>,
    /// The host that was asked about, in ASCII, lower case, without a dot at its end; `None` for a function.
    pub host: Option<String>,
    /// The path that was asked for, `/` at least.
    pub path: String,
    /// What a stranger sees.
    pub outside: Option<outside::OutsideSeen>,
    /// What the account map says.
    pub inside: Option<inside::InsideSeen>,
}
