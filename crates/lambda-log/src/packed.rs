//! Takes the lines of a log out of what a tool packed them in: the cells of a CSV file, or one object a line.
//!
//! What comes out is what `aws logs tail` would have printed of the same events: the time, the function, the stream,
//! the message. So everything behind it reads one form only. Whether a copy is packed is decided by its first line.

mod csv;
mod object;

use std::fmt::Write;

use self::csv::{CsvHead, CsvRecord};
use crate::fields::function_name;
use crate::wrapper;

/// A byte order mark, which spreadsheets put at the beginning of a file.
const MARK: char = '\u{feff}';

/// What a copy is packed in.
#[derive(Debug, Default)]
enum Packing {
    /// No line has been seen.
    #[default]
    NotKnown,
    /// Nothing.
    Bare,
    /// A CSV file with this head, and the record that is not complete.
    Csv(CsvHead, CsvRecord),
    /// One object a line.
    Objects,
}

/// Unpacks the lines of a copy.
#[derive(Debug, Default)]
pub(crate) struct PackedCopy {
    packing: Packing,
    /// The lines that were taken and the lines that came of them.
    lines: (u64, u64),
}

/// One event, as it was packed.
#[derive(Debug, Default, PartialEq)]
struct PackedEvent<'a> {
    at_ms: Option<i64>,
    function: Option<&'a str>,
    stream: Option<&'a str>,
    message: &'a str,
}

impl PackedCopy {
    /// Whether the lines of a block have to be unpacked.
    pub(crate) fn is_packed(&mut self, block: &[u8]) -> bool {
        if matches!(self.packing, Packing::NotKnown)
            && let Some(first) = block.split(|byte| *byte == b'\n').find(|line| !line.trim_ascii().is_empty())
        {
            let first = String::from_utf8_lossy(first);
            let first = first.trim_start_matches(MARK).trim_ascii();
            self.packing = match CsvHead::of(first) {
                Some(head) => Packing::Csv(head, CsvRecord::default()),
                None if object::unpack(first).is_some() => Packing::Objects,
                None => Packing::Bare,
            };
        }
        matches!(self.packing, Packing::Csv(..) | Packing::Objects)
    }

    /// Takes a line of a packed copy, and writes the lines that it completes.
    pub(crate) fn line(&mut self, line: &str, out: &mut String) {
        let before = out.len();
        self.lines.0 += 1;
        match &mut self.packing {
            Packing::Csv(head, record) => record.line(head, line, out),
            Packing::Objects => match object::unpack(line) {
                Some(event) => event.as_packed().write(out),
                None => raw(line, out),
            },
            Packing::NotKnown | Packing::Bare => raw(line, out),
        }
        self.lines.1 += newlines(out, before);
    }

    /// Ends the copy: writes what is left, and says how many lines were taken and how many came of them.
    pub(crate) fn end(&mut self, out: &mut String) -> (u64, u64) {
        let before = out.len();
        if let Packing::Csv(head, record) = &mut self.packing {
            record.end(head, out);
        }
        let (taken, given) = self.lines;
        let given = given + newlines(out, before);
        *self = Self::default();
        (taken, given)
    }
}

impl PackedEvent<'_> {
    /// Writes the event as `aws logs tail` prints it.
    fn write(&self, out: &mut String) {
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
fn point_in_time(at_ms: i64) -> Option<i64> {
    (1_000_000_000_000..10_000_000_000_000).contains(&at_ms).then_some(at_ms)
}

/// The function that a log group is of: `123456789012:/aws/lambda/name`, or the group alone.
fn function_of(group: &str) -> Option<&str> {
    group.split_once("/aws/lambda/").and_then(|(_, name)| function_name(name))
}

/// A name that is one of a log stream.
fn stream_of(name: &str) -> Option<&str> {
    let name = name.trim_ascii();
    (wrapper::looks_like_stream(name) && !name.contains(|c: char| c.is_ascii_whitespace())).then_some(name)
}

fn raw(line: &str, out: &mut String) {
    out.push_str(line);
    out.push('\n');
}

fn newlines(text: &str, from: usize) -> u64 {
    memchr::memchr_iter(b'\n', text.as_bytes().get(from..).unwrap_or_default()).count() as u64
}

#[cfg(test)]
mod tests;
