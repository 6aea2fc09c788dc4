//! Finds the few lines of a long log that matter, many bytes at a time.
//!
//! Most lines of a log are an application's and carry no sign of anything. A block of whole lines is searched once for the words
//! that any other line must have; what is between those lines is only counted. A block that is not a plain log (objects over
//! several lines, tool prefixes, anything that is no text) is said to be so, and goes line by line.

use std::sync::LazyLock;

use aho_corasick::packed::{Config, MatchKind, Searcher};
use memchr::memchr2;

/// Every line that is not just an application's says one of these.
const MARKS: &[&str] = &[
    // The first ones are how lines of the platform begin.
    "RequestId: ",
    "INIT_",
    "RESTORE_",
    "EXTENSION",
    "XRAY TraceId",
    "Task timed out",
    "Instancing..",
    "Zappa Event:",
    "platform.",
    "LAMBDA_",
    "Duration:",
    // Words that errors have, and one or the other of which each of a cause's own words has.
    "rror",
    "xception",
    "Traceback",
    "panic",
    "ailed",
    "ailure",
    "enied",
    "imeout",
    "imed out",
    "imed-out",
];

/// So many of the marks are how lines of the platform begin.
const OF_PLATFORM: usize = 3;

/// Whether a block is searched by its marks, or has to go line by line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// The marked lines are all that matters; it has so many lines.
    Plain(u32),
    /// It has to be read line by line.
    LineByLine,
}

/// A line that has a mark: its bytes in the block, and its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marked {
    /// Where it begins.
    pub from: u32,
    /// Where it ends, without the line's end.
    pub to: u32,
    /// How many lines of the block are before it.
    pub number: u32,
    /// The platform may speak in it more than once.
    pub several: bool,
}

static SEARCHER: LazyLock<Option<Searcher>> = LazyLock::new(|| Config::new().match_kind(MatchKind::LeftmostFirst).builder().extend(MARKS).build());

/// Finds the marked lines of a block of whole lines.
pub fn scan(block: &[u8], marked: &mut Vec<Marked>) -> Look {
    marked.clear();
    let Some(searcher) = SEARCHER.as_ref() else { return Look::LineByLine };
    if memchr2(0, b'\r', block).is_some() || !(block.is_ascii() || std::str::from_utf8(block).is_ok()) {
        return Look::LineByLine;
    }
    let mut matches = searcher.find_iter(block).map(|found| (found.start(), found.pattern().as_usize() < OF_PLATFORM));
    let mut next = matches.next();
    let (mut from, mut number) = (0usize, 0u32);
    for to in memchr::memchr_iter(b'\n', block) {
        let ends = to.checked_sub(1).and_then(|last| block.get(last)).copied();
        // An object that goes on, or that was cut; the console's button.
        if matches!(ends, Some(b'{' | b'[')) || (block.get(from) == Some(&b'{') && ends != Some(b'}')) || block.get(from..to) == Some(b"Copy") {
            return Look::LineByLine;
        }
        if next.is_some_and(|(at, _)| at < to) {
            let mut speaks = 0;
            while let Some((_, of_platform)) = next.filter(|(at, _)| *at < to) {
                speaks += u32::from(of_platform);
                next = matches.next();
            }
            marked.push(Marked { from: from as u32, to: to as u32, number, several: speaks > 1 });
        }
        number += 1;
        from = to + 1;
    }
    Look::Plain(number)
}
