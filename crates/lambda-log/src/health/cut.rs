//! An event over several lines that lies across two blocks.

use std::iter::Peekable;

use super::block_line::BlockLine;
use super::checkup::HealthReader;
use super::object::Behind;

/// Where the line behind the first one ends that closes an object; the end of the block if none does.
fn end_of_object(block: &str) -> usize {
    if block.starts_with("}\n") {
        return 2;
    }
    memchr::memmem::find(block.as_bytes(), b"\n}\n").map_or(block.len(), |at| at + 3)
}

impl HealthReader {
    /// Ends the event that the block before has cut. Returns where the next one begins.
    pub(super) fn end_cut(
        &mut self,
        block: &str,
        marks: &mut Peekable<impl Iterator<Item = usize>>,
        in_full: &mut bool,
    ) -> usize {
        if self.held.cut.is_empty() {
            return 0;
        }
        let mut event = std::mem::take(&mut self.held.cut);
        let heading = memchr::memchr(b'\n', event.as_bytes()).unwrap_or_default();
        let has_begun = event.len() > heading + 1;
        let taken = if has_begun || block.starts_with("{\n") { end_of_object(block) } else { 0 };
        event.push_str(block.get(..taken).unwrap_or_default());
        let mut line = BlockLine::of(&event, 0, heading, event.contains('\u{1b}'));
        line.marks = self.held.cut_marks;
        while marks.next_if(|at| *at < taken).is_some() {
            line.marks += 1;
        }
        let is_held = match line.behind() {
            Behind::Object(object) if line.with(&object).to + 1 == event.len() => {
                self.hold_object(line.with(&object), &object)
            }
            Behind::Cut if event.len() == heading + 1 => self.hold(line),
            _ => false,
        };
        if is_held {
            self.carry(&event);
        } else {
            self.read_all(&event);
            self.feed_all(event.strip_suffix('\n').unwrap_or(&event));
            self.held.streams.iter_mut().for_each(|stream| stream.left_open = true);
            *in_full = true;
        }
        taken
    }
}
