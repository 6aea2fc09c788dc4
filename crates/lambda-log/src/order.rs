//! Turns a newest-first copy round.
//!
//! The events at the beginning are held until they show which way time goes; a copy that is oldest-first passes from then on as it
//! comes, one that is newest-first is turned round window by window, so that nothing but a window is ever held.

use std::collections::BTreeMap;

use super::copy::{Event, Events, Kept};
use super::line::{self, Line};

/// Events (and bytes) that are looked at before it is decided, and that are turned round at a time.
const WINDOW: (usize, usize) = (4_000, 512 * 1024);

/// Which way time goes in a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    NotKnown,
    OldestFirst,
    NewestFirst,
}

/// Passes events on in the order they happened in.
#[derive(Debug)]
pub(super) struct Order {
    way: Way,
    held: Vec<Kept>,
    bytes: usize,
}

impl Order {
    pub(super) fn new() -> Self {
        Self { way: Way::NotKnown, held: Vec::new(), bytes: 0 }
    }

    #[cfg(test)]
    pub(super) fn oldest_first() -> Self {
        Self { way: Way::OldestFirst, ..Self::new() }
    }

    /// Whether events pass as they come.
    pub(super) fn is_oldest_first(&self) -> bool {
        self.way == Way::OldestFirst
    }

    pub(super) fn event(&mut self, event: Event<'_>, out: &mut impl Events) {
        if self.way == Way::OldestFirst {
            return out.event(event);
        }
        self.bytes += event.text.len();
        self.held.push(Kept::of(event));
        if self.held.len() >= WINDOW.0 || self.bytes >= WINDOW.1 {
            self.pass(out);
        }
    }

    /// Passes on what is held; nothing more comes, or the window is full.
    pub(super) fn pass(&mut self, out: &mut impl Events) {
        if self.way == Way::NotKnown {
            self.way = way(&self.held);
        }
        self.bytes = 0;
        let held = std::mem::take(&mut self.held);
        if self.way == Way::NewestFirst {
            held.iter().rev().for_each(|kept| out.event(kept.as_event()));
        } else {
            held.iter().for_each(|kept| out.event(kept.as_event()));
        }
    }
}

/// Which way time goes: by the times, and by what comes first of an invocation.
fn way(held: &[Kept]) -> Way {
    let (mut newest_first, mut oldest_first) = (0u32, 0u32);
    for pair in held.windows(2) {
        if let [Some(before), Some(after)] = [pair.first().and_then(|kept| kept.at_ms), pair.last().and_then(|kept| kept.at_ms)] {
            newest_first += u32::from(after < before);
            oldest_first += u32::from(after > before);
        }
    }
    // Starts and ends speak where there are no times, or only equal ones.
    let mut open: BTreeMap<String, (bool, bool)> = BTreeMap::new();
    for kept in held {
        let (id, is_start) = match line::parse(&kept.text) {
            Line::Start { request_id: Some(id), .. } => (id.into_owned(), true),
            Line::End { request_id: Some(id) } | Line::Report { request_id: Some(id), .. } => (id.into_owned(), false),
            _ => continue,
        };
        let (started, ended) = open.entry(id).or_default();
        if is_start {
            newest_first += u32::from(*ended && !*started) * 2;
            *started = true;
        } else {
            oldest_first += u32::from(*started && !*ended) * 2;
            *ended = true;
        }
    }
    if newest_first > oldest_first { Way::NewestFirst } else { Way::OldestFirst }
}

#[cfg(test)]
mod tests;
