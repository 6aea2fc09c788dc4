//! Finds the few lines of a long log that matter, many bytes at a time.
//!
//! Most lines of a log are an application's and carry no sign of anything. A block of whole lines is searched once for words one
//! of which every line that matters has, but for the one in which an invocation ends: that stands in front of its summary.

use std::sync::LazyLock;

use aho_corasick::packed::{Config, MatchKind, Searcher};

/// Every line that is not just an application's says one of these, but for `END`.
const MARKS: &[&str] = &[
    // The first two are told apart from all others.
    "REPORT RequestId",
    "START RequestId",
    "INIT_",
    "RESTORE_",
    "EXTENSION",
    "XRAY TraceId",
    "Task timed out",
    "Instancing..",
    "Zappa Event:",
    "platform.",
    "LAMBDA_",
    "Process exited",
    "Runtime exited",
    // Words that errors have: each of a cause's own words has one of them, or comes with a line that has.
    "rror",
    "xception",
    "Traceback",
    "panic",
    "ailed",
    "ailure",
    "enied",
    "imeout",
    "imed out",
];

/// A place in a block where one of the marks stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Its first byte.
    pub at: u32,
    /// What stands there.
    pub word: Word,
}

/// What a mark says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// The beginning of a summary.
    Report,
    /// The beginning of an invocation.
    Start,
    /// Anything else.
    Other,
}

static SEARCHER: LazyLock<Option<Searcher>> = LazyLock::new(|| Config::new().match_kind(MatchKind::LeftmostFirst).builder().extend(MARKS).build());

/// Finds the marks in a block, in order. `false` if they say too little and every line has to be read: it is no text, or has line
/// ends that are not, or this machine cannot search so.
pub fn scan(block: &[u8], marks: &mut Vec<Mark>) -> bool {
    marks.clear();
    if memchr::memchr2(0, b'\r', block).is_some() {
        return false;
    }
    let Some(searcher) = SEARCHER.as_ref() else { return false };
    marks.extend(searcher.find_iter(block).map(|found| {
        let word = match found.pattern().as_usize() {
            0 => Word::Report,
            1 => Word::Start,
            _ => Word::Other,
        };
        Mark { at: found.start() as u32, word }
    }));
    true
}
