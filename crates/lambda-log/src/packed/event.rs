//! One event, and how `aws logs tail` prints it.

use std::fmt::Write;

use crate::fields::function_name;
use crate::wrapper;

/// A byte order mark, which spreadsheets put at the beginning of a file.
pub(super) const MARK: char = '\u{feff}';

/// One event, as it was packed.
#[derive(Debug, Default, PartialEq)]
pub(super) struct PackedEvent<'a> {
    pub(super) at_ms: Option<i64>,
    pub(super) function: Option<&'a str>,
    pub(super) stream: Option<&'a str>,
    pub(super) message: &'a str,
}

impl PackedEvent<'_> {
    /// Writes the event as `aws logs tail` prints it.
    pub(super) fn write(&self, out: &mut String) {
        let message = self.message.trim_ascii_end();
        // An empty event says nothing.
        if message.trim_ascii().is_empty() {
            return;
        }
        if let Some(at_ms) = self.at_ms {
            // Writing to a text cannot fail.
            let _ = write!(out, "{at_ms} ");
        }
        if let Some(function) = self.function {
            let _ = write!(out, "/aws/lambda/{function} ");
        }
        if let Some(stream) = self.stream {
            let _ = write!(out, "{stream} ");
        }
        // Python's runtime ends the lines of a stack by carriage returns.
        for (number, line) in message.split(['\n', '\r']).filter(|line| !line.is_empty()).enumerate() {
            if number > 0 {
                out.push('\n');
            }
            out.push_str(line);
        }
        out.push('\n');
    }
}

/// A time that a tool can read again: thirteen digits.
pub(super) fn point_in_time(at_ms: i64) -> Option<i64> {
    (1_000_000_000_000..10_000_000_000_000).contains(&at_ms).then_some(at_ms)
}

/// The function that a log group is of: `123456789012:/aws/lambda/name`, or the group alone.
pub(super) fn function_of(group: &str) -> Option<&str> {
    group.split_once("/aws/lambda/").and_then(|(_, name)| function_name(name))
}

/// A name that is one of a log stream.
pub(super) fn stream_of(name: &str) -> Option<&str> {
    let name = name.trim_ascii();
    (wrapper::looks_like_stream(name) && !name.contains(|c: char| c.is_ascii_whitespace())).then_some(name)
}

pub(super) fn raw(line: &str, out: &mut String) {
    out.push_str(line);
    out.push('\n');
}
