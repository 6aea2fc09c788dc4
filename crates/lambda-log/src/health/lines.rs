//! How many lines of a copy were read.

use crate::reader::LineKind;

/// How many lines were read, and of what kind. Every line of the copy is one of the three.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LineCounts {
    /// Lines of the platform.
    pub platform: u64,
    /// Lines of the application, and lines that belong to no event.
    pub application: u64,
    /// Lines that claim to be the platform's and cannot be read, and lines that are no text.
    pub unparsed: u64,
}

impl LineCounts {
    /// All of them.
    pub fn read(&self) -> u64 {
        self.platform + self.application + self.unparsed
    }

    /// Adds lines of one kind.
    pub fn add(&mut self, kind: LineKind, lines: u64) {
        match kind {
            LineKind::Platform => self.platform += lines,
            LineKind::Application => self.application += lines,
            LineKind::Unparsed => self.unparsed += lines,
        }
    }

    /// So many lines were taken, and so many that came of them were added. What is missing belongs to no event; an event
    /// may also have more lines than what it was packed in.
    pub(super) fn correct(&mut self, taken: u64, added: u64) {
        self.application += taken;
        let over = added.saturating_sub(self.application);
        self.application = self.application.saturating_sub(added);
        self.platform = self.platform.saturating_sub(over);
    }
}
