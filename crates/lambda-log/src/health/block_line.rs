//! A line of a block that one tool wrote, or several that are one event.

use std::iter::Peekable;

use super::held::{HeldKind, HeldLine};
use super::object::{Behind, PrintedObject};

/// A line of a block, and how many marks are in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct BlockLine<'a> {
    pub(super) block: &'a str,
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) marks: usize,
    /// How many lines it is, and where the object begins that is the last of them.
    pub(super) lines: u32,
    pub(super) object: Option<usize>,
    /// Whether a line of the block has the sequences that colour a terminal.
    pub(super) has_colours: bool,
}

impl<'a> BlockLine<'a> {
    pub(super) fn of(block: &'a str, from: usize, to: usize, has_colours: bool) -> Self {
        Self { block, from, to, marks: 0, lines: 1, object: None, has_colours }
    }

    /// Counts the marks up to its end.
    pub(super) fn count(&mut self, marks: &mut Peekable<impl Iterator<Item = usize>>) {
        while marks.next_if(|at| *at < self.to).is_some() {
            self.marks += 1;
        }
    }

    /// What stands behind it, if it may be a heading.
    pub(super) fn behind(&self) -> Behind<'a> {
        match self.block.as_bytes().get(..self.to) {
            Some([.., b' ' | b'\t']) => Behind::of(self.block.get(self.to + 1..).unwrap_or_default()),
            _ => Behind::Other,
        }
    }

    /// The same, with the object behind it.
    pub(super) fn with(self, object: &PrintedObject<'_>) -> Self {
        let from = self.to + 1;
        Self { to: from + object.text.len(), lines: 1 + object.lines, object: Some(from), ..self }
    }

    /// How many lines stand in front of its object.
    pub(super) fn heading(&self) -> u32 {
        u32::from(self.object.is_some())
    }

    /// The line in front of its object, or all of it.
    pub(super) fn head(&self) -> &'a str {
        let to = self.object.map_or(self.to, |object| object - 1);
        self.block.get(self.from..to).unwrap_or_default()
    }

    pub(super) fn text(&self) -> &'a str {
        self.block.get(self.from..self.to).unwrap_or_default()
    }

    pub(super) fn held(&self, kind: HeldKind, time_before: Option<i64>, follows: bool) -> HeldLine {
        HeldLine { from: self.from, to: self.to, follows, time_before, kind, lines: self.lines }
    }
}
