//! Reverses a newest-first copy.
//!
//! The first events are held until they show the time order; a copy that is oldest-first then passes
//! unchanged, a newest-first copy is reversed window by window, so that never more than one window is held.

use std::collections::BTreeMap;

use super::copy::{CopiedEvent, EventSink, OwnedEvent};
use super::line::{self, LogLine};

/// Events (and bytes) that are looked at before it is decided, and that are turned round at a time.
const WINDOW: (usize, usize) = (4_000, 512 * 1024);

/// Which way time goes in a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TimeOrder {
    NotKnown,
    OldestFirst,
    NewestFirst,
}

/// Passes events on in the order they happened in.
#[derive(Debug)]
pub(super) struct EventReorderer {
    way: TimeOrder,
    held: Vec<OwnedEvent>,
    bytes: usize,
}

impl EventReorderer {
    pub(super) fn new() -> Self {
        Self { way: TimeOrder::NotKnown, held: Vec::new(), bytes: 0 }
    }

    #[cfg(test)]
    pub(super) fn oldest_first() -> Self {
        Self { way: TimeOrder::OldestFirst, ..Self::new() }
    }

    /// Whether events pass as they come.
    pub(super) fn is_oldest_first(&self) -> bool {
        self.way == TimeOrder::OldestFirst
    }

    pub(super) fn event(&mut self, event: CopiedEvent<'_>, out: &mut impl EventSink) {
        if self.way == TimeOrder::OldestFirst {
            return out.event(event);
        }
        self.bytes += event.text.len();
        self.held.push(OwnedEvent::of(event));
        if self.held.len() >= WINDOW.0 || self.bytes >= WINDOW.1 {
            self.pass(out);
        }
    }

    /// Passes on what is held; nothing more comes, or the window is full.
    pub(super) fn pass(&mut self, out: &mut impl EventSink) {
        if self.way == TimeOrder::NotKnown {
            self.way = way(&self.held);
        }
        self.bytes = 0;
        let held = std::mem::take(&mut self.held);
        if self.way == TimeOrder::NewestFirst {
            held.iter().rev().for_each(|kept| out.event(kept.as_event()));
        } else {
            held.iter().for_each(|kept| out.event(kept.as_event()));
        }
    }
}

/// Which way time goes: by the times, and by what comes first of an invocation.
fn way(held: &[OwnedEvent]) -> TimeOrder {
    let (mut newest_first, mut oldest_first) = (0u32, 0u32);
    for pair in held.windows(2) {
        if let [Some(before), Some(after)] =
            [pair.first().and_then(|kept| kept.at_ms), pair.last().and_then(|kept| kept.at_ms)]
        {
            newest_first += u32::from(after < before);
            oldest_first += u32::from(after > before);
        }
    }
    // Starts and ends speak where there are no times, or only equal ones.
    let mut open: BTreeMap<String, (bool, bool)> = BTreeMap::new();
    for kept in held {
        let (id, is_start) = match line::parse(&kept.text) {
            LogLine::Start { request_id: Some(id), .. } => (id.into_owned(), true),
            LogLine::End { request_id: Some(id) } | LogLine::Report { request_id: Some(id), .. } => {
                (id.into_owned(), false)
            }
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
    if newest_first > oldest_first { TimeOrder::NewestFirst } else { TimeOrder::OldestFirst }
}

#[cfg(test)]
mod tests;
