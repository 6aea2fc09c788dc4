//! Texts of a log that are kept until it is known whether they are shown.

use model::redact::excerpt;
use serde::{Deserialize, Serialize};

use crate::fingerprint::fingerprint;

/// How much of a line is kept until it is known whether it is needed, in bytes.
const QUOTED: usize = 2_500;

/// A log line, kept unchanged until it is needed. It is redacted when it leaves.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct QuotedLine {
    pub(super) text: String,
    /// It has been stored and loaded, so it is an excerpt already.
    is_excerpt: bool,
}

impl QuotedLine {
    pub(super) fn new(line: &str) -> Self {
        let mut end = QUOTED.min(line.len());
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        Self { text: line.get(..end).unwrap_or_default().to_owned(), is_excerpt: false }
    }

    /// The line as it may be kept and sent.
    pub(super) fn excerpt(&self) -> String {
        if self.is_excerpt { self.text.clone() } else { excerpt(&self.text) }
    }
}

impl std::fmt::Debug for QuotedLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.excerpt())
    }
}

impl Serialize for QuotedLine {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.excerpt())
    }
}

impl<'de> Deserialize<'de> for QuotedLine {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { text: String::deserialize(deserializer)?, is_excerpt: true })
    }
}

/// The text of an error, until its fingerprint is needed, which is rarely.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The logged text.
    Text(String),
    /// The stored fingerprint.
    Fingerprint(String),
}

impl Kind {
    pub(super) fn fingerprint(&self) -> String {
        match self {
            Self::Text(text) => fingerprint(text),
            Self::Fingerprint(known) => known.clone(),
        }
    }
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.fingerprint())
    }
}

impl Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.fingerprint())
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::Fingerprint(String::deserialize(deserializer)?))
    }
}
