//! Searches long logs for the few relevant lines, many bytes at a time.
//!
//! Most lines are from the application and match no cause. A block of complete lines is searched once for markers;
//! every relevant line contains one, except the `END` line, which is directly before its `REPORT` line.

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
    "Unable to import",
    "Class not found",
    "Could not find or load",
    "Handler '",
    "Unhandled",
    " of memory",
    "longer than",
    "WarmUp - ",
    "plugin-warmup",
    // Words of uncaught errors. What an application dealt with says nothing where the summary says nothing
    // bad, and is read in full where it does.
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

/// The position of a marker in a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarkerPosition {
    /// Its first byte.
    pub at: u32,
    /// The marker.
    pub word: Marker,
}

/// The kind of a marker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    /// The beginning of a summary.
    Report,
    /// The beginning of an invocation.
    Start,
    /// Anything else.
    Other,
}

// The searcher takes no more patterns than this, and none that is empty.
const _: () = assert!(MARKS.len() <= 128);

/// `None` on a machine that cannot search many bytes at a time; every line is read there.
static SEARCHER: LazyLock<Option<Searcher>> =
    LazyLock::new(|| Config::new().match_kind(MatchKind::LeftmostFirst).builder().extend(MARKS).build());

/// A block of complete lines, with what can be known of it without the lines before.
#[derive(Debug)]
pub enum LineBlock {
    /// It is text.
    Text {
        /// The lines.
        text: String,
        /// Where the marks are, in order.
        marks: Vec<MarkerPosition>,
        /// How many lines it has; `None` if the marks say too little and every line has to be read: some end in a way
        /// that is none, or this machine cannot search so.
        lines: Option<u32>,
    },
    /// It has bytes that are no text.
    Bytes(Vec<u8>),
}

impl LineBlock {
    /// Scans a block. `marks` is a reused buffer.
    pub fn of(bytes: Vec<u8>, mut marks: Vec<MarkerPosition>) -> Self {
        marks.clear();
        match String::from_utf8(bytes) {
            Ok(text) => {
                let lines = scan(&text, &mut marks);
                Self::Text { text, marks, lines }
            }
            Err(error) => Self::Bytes(error.into_bytes()),
        }
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Text { text, .. } => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }

    /// Its buffers, for the next block.
    pub fn into_buffers(self) -> (Vec<u8>, Vec<MarkerPosition>) {
        match self {
            Self::Text { text, marks, .. } => (text.into_bytes(), marks),
            Self::Bytes(bytes) => (bytes, Vec::new()),
        }
    }
}

/// Finds the marks, and counts the lines.
fn scan(text: &str, marks: &mut Vec<MarkerPosition>) -> Option<u32> {
    let block = text.as_bytes();
    if memchr::memchr2(0, b'\r', block).is_some() {
        return None;
    }
    let searcher = SEARCHER.as_ref()?;
    marks.extend(searcher.find_iter(block).map(|found| {
        let word = match found.pattern().as_usize() {
            0 => Marker::Report,
            1 => Marker::Start,
            _ => Marker::Other,
        };
        MarkerPosition { at: found.start() as u32, word }
    }));
    u32::try_from(memchr::memchr_iter(b'\n', block).count()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_marks_can_be_searched_for_where_the_machine_can_search_many_bytes_at_a_time() {
        assert!(MARKS.iter().all(|mark| !mark.is_empty()));
        #[cfg(target_arch = "x86_64")]
        let can = std::is_x86_feature_detected!("ssse3");
        #[cfg(not(target_arch = "x86_64"))]
        let can = cfg!(target_arch = "aarch64");
        assert_eq!(SEARCHER.is_some(), can);
    }
}
