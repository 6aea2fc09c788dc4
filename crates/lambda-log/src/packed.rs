//! Takes the lines of a log out of what a tool packed them in: the cells of a CSV file, or one object a line.
//!
//! What comes out is what `aws logs tail` would have printed of the same events: the time, the function, the stream,
//! the message. So everything behind it reads one form only. Whether a copy is packed is decided by its first line.

mod csv;
mod event;
mod object;

use self::csv::{CsvHead, CsvRecord};
use self::event::{MARK, raw};

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

fn newlines(text: &str, from: usize) -> u64 {
    memchr::memchr_iter(b'\n', text.as_bytes().get(from..).unwrap_or_default()).count() as u64
}

#[cfg(test)]
mod tests;
