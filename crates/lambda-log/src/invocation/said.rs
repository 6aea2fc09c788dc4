//! What the application said in an invocation.

use chrono::serde::ts_milliseconds_option;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::quote::{Kind, QuotedLine};
use crate::diagnosis::{Cause, CauseMatch, MatchWeight};
use crate::line::ApplicationLine;
use crate::unset::is_unset;

/// Lines that are kept as evidence.
pub(super) const MOST_QUOTES: usize = 4;
/// Signs that are kept; more of them say nothing more.
const MOST_SIGNS: usize = 24;
/// The number of application imports that are kept, counted from the end.
pub(crate) const MOST_INSTANCING: usize = 8;

/// The output of the application, and the causes it matches.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ApplicationOutput {
    /// Lines of the application.
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) lines: u32,
    #[serde(skip_serializing_if = "is_unset", with = "ts_milliseconds_option")]
    pub(crate) last_at: Option<DateTime<Utc>>,
    /// When the first of them was written.
    #[serde(skip_serializing_if = "is_unset", with = "ts_milliseconds_option")]
    pub(crate) first_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) signs: Vec<CauseMatch>,
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) quotes: Vec<QuotedLine>,
    /// The first line that is the failure itself, or else the first that is marked as an error.
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) error: Option<(MatchWeight, Kind)>,
    /// When Zappa began to import the application.
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) instancing: Vec<Option<DateTime<Utc>>>,
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) lines_since_instancing: u32,
    /// The application has begun to handle something, so later lines do not belong to the init phase.
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) is_up: bool,
    /// It was a warm-up ping.
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) is_ping: bool,
    /// A line has the shape that only Node's runtime writes.
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) of_node: bool,
    /// An extension has registered and is not ready.
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) extension_waits: bool,
}

impl ApplicationOutput {
    pub(crate) fn quote(&mut self, line: &str) {
        if self.quotes.len() == MOST_QUOTES {
            self.quotes.pop();
        }
        self.quotes.push(QuotedLine::new(line));
    }

    pub(crate) fn sign(&mut self, signs: Vec<CauseMatch>, line: &ApplicationLine<'_>, quote: bool) {
        if signs.is_empty() {
            return;
        }
        // That the application says it is done is no error, and nothing to quote.
        let telling = signs.iter().filter(|sign| sign.cause != Cause::EventLoopHang).map(|sign| sign.weight).max();
        let weight = telling.unwrap_or(MatchWeight::Hint);
        if quote && telling.is_some() && (self.quotes.len() < MOST_QUOTES || weight == MatchWeight::Failure) {
            self.quote(&line.text);
        }
        if telling.is_some()
            && (weight > self.error.as_ref().map_or(MatchWeight::Hint, |(weight, _)| *weight) || self.error.is_none())
        {
            self.error = Some((weight, Kind::Text(QuotedLine::new(&line.text).text)));
        }
        for sign in signs {
            if self.signs.len() == MOST_SIGNS {
                // The last word matters more than one of many in the middle.
                self.signs.pop();
            }
            self.signs.push(sign);
        }
    }

    /// Prepends earlier output.
    pub(crate) fn prepend(&mut self, before: Self) {
        let own = std::mem::replace(self, before);
        self.lines = self.lines.saturating_add(own.lines);
        self.last_at = own.last_at.or(self.last_at);
        self.signs.extend(own.signs);
        self.signs.truncate(MOST_SIGNS);
        self.quotes.extend(own.quotes);
        self.quotes.truncate(MOST_QUOTES);
        self.error = self.error.take().or(own.error);
        self.instancing.extend(own.instancing);
        self.instancing.drain(..self.instancing.len().saturating_sub(MOST_INSTANCING));
        self.lines_since_instancing = self.lines_since_instancing.saturating_add(own.lines_since_instancing);
        self.is_up |= own.is_up;
        self.is_ping |= own.is_ping;
        self.of_node |= own.of_node;
        self.extension_waits |= own.extension_waits;
        self.first_at = self.first_at.or(own.first_at);
    }

    /// Whether nothing in it can be part of anything.
    pub(crate) fn says_nothing(&self) -> bool {
        self.signs.is_empty() && self.quotes.is_empty() && self.instancing.is_empty() && !self.is_ping
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.signs.iter().any(|sign| sign.weight == MatchWeight::Failure)
    }
}

/// Nothing was said.
pub(super) static SILENCE: ApplicationOutput = ApplicationOutput {
    lines: 0,
    last_at: None,
    first_at: None,
    signs: Vec::new(),
    quotes: Vec::new(),
    error: None,
    instancing: Vec::new(),
    lines_since_instancing: 0,
    is_up: false,
    is_ping: false,
    of_node: false,
    extension_waits: false,
};
