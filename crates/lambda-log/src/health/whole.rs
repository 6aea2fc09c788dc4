//! Lines of a block that can be told apart without being read in full.

use crate::fields::ReportField;
use crate::line::{self, ReportLine};
use crate::wrapper;

pub(super) const START: &str = "START RequestId: ";
pub(super) const END: &str = "END RequestId: ";
/// The length of a request id.
const UUID: usize = 36;

/// An invocation of which nothing is to be said but its figures, all of it in one place: `START`, lines of the
/// application that carry no sign, `END`, `REPORT`, and then the next one begins.
pub(super) struct PlainInvocation<'a> {
    pub(super) version: &'a str,
    pub(super) report: ReportLine,
    /// Where the next line begins.
    pub(super) end: usize,
}

impl<'a> PlainInvocation<'a> {
    /// The invocation that begins at `from` and whose summary begins at `report`.
    pub(super) fn find(block: &'a str, from: usize, report: usize) -> Option<Self> {
        let start = block.get(from..)?.strip_prefix(START)?;
        let id = start.get(..UUID)?;
        let rest = start.get(UUID..)?.strip_prefix(" Version: ")?;
        let version = rest.get(..memchr::memchr(b'\n', rest.as_bytes())?)?;
        let quiet_from = block.len() - rest.len() + version.len() + 1;
        let end_from = report.checked_sub(END.len() + UUID + 1).filter(|end| *end >= quiet_from)?;
        let end = block.get(end_from..report)?;
        let quiet = block.get(quiet_from..end_from)?;
        let ends = end.strip_prefix(END)?.strip_suffix('\n')? == id && (quiet.is_empty() || quiet.ends_with('\n'));
        let line = block.get(report..)?;
        let line = line.get(..memchr::memchr(b'\n', line.as_bytes())?)?;
        let end = report + line.len() + 1;
        // Nothing more can come of it: not a line that is wrapped, nor one of a crash that older runtimes print last.
        let next = block.get(end..)?;
        let over = next.starts_with(START) || next.starts_with("INIT_START ");
        let (of, figures) = line::plain_report(line).filter(|_| ends && over && !version.contains(' '))?;
        let whole = Self { version, report: figures, end };
        (of == id).then_some(whole)
    }
}

/// Whether a line shows that nothing before it has gone wrong so far, without being read in full.
pub(super) fn says_nothing_bad(line: &str) -> bool {
    if line.starts_with('{') {
        let bad = ["\"status\":\"error\"", "\"status\":\"timeout\"", "\"status\":\"failure\"", "platform.fault"];
        return line.contains("\"type\":\"platform.") && !bad.iter().any(|word| line.contains(word));
    }
    line.starts_with(START) || line.starts_with("INIT_START ") || line::plain_report(line).is_some()
}

/// Whether the line that follows a line of the platform belongs to it.
pub(super) fn goes_on_on_the_next_line(rest: &str) -> bool {
    match rest.as_bytes().first() {
        Some(b'S' | b'E' | b'D' | b'B' | b'M' | b'I' | b'R' | b'P' | b'X' | b' ' | b'\t') => {
            ReportField::goes_on(rest) || rest.starts_with("Runtime.") || rest.starts_with("Extension.")
        }
        _ => false,
    }
}

/// How many lines end in a part of a block.
pub(super) fn newlines(block: &str, from: usize, to: usize) -> u64 {
    memchr::memchr_iter(b'\n', block.as_bytes().get(from..to).unwrap_or_default()).count() as u64
}

/// The most lines that go on with one event of a plain block.
pub(super) const MOST_CONTINUED: usize = 2_000;

/// A line without its end, if it is text that a log can hold.
pub(super) fn text_of(line: &[u8]) -> Option<&str> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text = std::str::from_utf8(line).ok().filter(|_| !line.contains(&0))?;
    // Lines that are only ended by carriage returns are several in one, and none of them could be told apart.
    let several =
        text.contains('\r') && text.split('\r').skip(1).any(|piece| wrapper::is_platform(wrapper::strip(piece).text));
    (!several).then_some(text)
}
