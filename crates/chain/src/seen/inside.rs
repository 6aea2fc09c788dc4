//! What the account says: the map's snapshots, and what was asked for this chain alone.

use std::collections::BTreeMap;
use std::time::Duration;

use account::map::{MapKind, MapSnapshot};
use chrono::{DateTime, Utc};

use crate::path::ChainPath;
use crate::start::ChainStart;

/// What the account says of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InsideSeen {
    /// The account whose credentials are used, twelve digits, where known.
    pub account: Option<String>,
    /// The snapshots of all kinds and Regions that were read.
    pub snapshots: Vec<MapSnapshot>,
    /// The way through them.
    pub path: ChainPath,
    /// How long the calls of a kind took.
    pub took: BTreeMap<MapKind, Duration>,
    /// What the log of the function says.
    pub log: FunctionLogSeen,
    /// The credentials.
    pub credentials: CredentialsSeen,
}

impl InsideSeen {
    /// What snapshots say of a request to `path`.
    pub fn of(start: ChainStart, path: &str, snapshots: Vec<MapSnapshot>) -> Self {
        Self {
            account: None,
            path: ChainPath::of(start, path, &snapshots),
            snapshots,
            took: BTreeMap::new(),
            log: FunctionLogSeen::default(),
            credentials: CredentialsSeen::default(),
        }
    }
}

/// What the log of a function says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum FunctionLogSeen {
    /// It was not asked for.
    #[default]
    NotAsked,
    /// It may not be read, or there is none: why.
    Unknown(String),
    /// It was read.
    Read {
        /// From when on, UTC.
        since: DateTime<Utc>,
        /// How many invocations ended in that time.
        invocations: u64,
        /// How many of them failed.
        failed: u64,
        /// How many of them ran out of their time.
        timed_out: u64,
        /// The most frequent cause of failure: what it is, and what to do.
        cause: Option<(String, String)>,
        /// The last lines that show it, printable, cut, redacted.
        evidence: Vec<String>,
        /// How long the last invocation ran, where its report says it.
        last: Option<Duration>,
    },
}

/// What is known of the credentials.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum CredentialsSeen {
    /// There are none, or they were not asked for.
    #[default]
    None,
    /// AWS took them.
    Taken {
        /// Whose they are, an ARN.
        arn: String,
        /// Where they came from, for people; empty where that is unknown.
        origin: String,
        /// When they end, UTC; `None` for those that do not end, and where that is unknown.
        expires: Option<DateTime<Utc>>,
    },
    /// It is not known whether AWS takes them: why, and what to do.
    Unclear {
        /// Why.
        why: String,
        /// What to do.
        next_step: String,
        /// Whether there is a whole key, so that the account was asked all the same.
        is_asked: bool,
    },
    /// AWS refused them, or they cannot be used: why, and what to do.
    Refused {
        /// Why.
        why: String,
        /// What to do.
        next_step: String,
    },
}
