//! The readers of all functions of a copy, and what they have handed out.

use std::collections::BTreeMap;

use chrono::DateTime;

use super::function::Health;
use super::lines::Lines;
use crate::copy::{Event, Events};
use crate::diagnosis::Causes;
use crate::invocation::{Invocation, Invocations};
use crate::line::Report;
use crate::order::Order;
use crate::reader::{Configured, Kind, Reader};

/// Functions that are told apart; more names than these are counted as lines without one.
const MOST_FUNCTIONS: usize = 1_000;

/// The readers of a checkup, and what they have handed out.
#[derive(Debug)]
pub(super) struct Ward {
    pub(super) name: Option<String>,
    pub(super) configured: Configured,
    pub(super) causes: Causes,
    /// The reader of lines that name no function.
    pub(super) unnamed: Reader,
    pub(super) readers: BTreeMap<String, Reader>,
    pub(super) bill: Bill,
    pub(super) lines: Lines,
}

/// What has been handed out.
#[derive(Debug, Default)]
pub(super) struct Bill {
    /// Where lines that name no function are counted.
    pub(super) unnamed: (String, Health),
    pub(super) functions: BTreeMap<String, Health>,
}

impl Invocations for Bill {
    fn invocation(&mut self, invocation: Invocation<'_>) {
        if invocation.function == self.unnamed.0 {
            return self.unnamed.1.take(&invocation);
        }
        match self.functions.get_mut(invocation.function) {
            Some(health) => health.take(&invocation),
            None => self.functions.entry(invocation.function.to_owned()).or_default().take(&invocation),
        }
    }
}

impl Ward {
    pub(super) fn reader(&mut self, function: &str) -> (&mut Reader, &mut Bill) {
        let full = self.readers.len() >= MOST_FUNCTIONS && !self.readers.contains_key(function);
        if function.is_empty() || function == self.unnamed.function() || full {
            return (&mut self.unnamed, &mut self.bill);
        }
        let new = || Reader::with(function, self.configured).with_causes(&self.causes);
        (self.readers.entry(function.to_owned()).or_insert_with(new), &mut self.bill)
    }
}

impl Events for Ward {
    fn event(&mut self, event: Event<'_>) {
        if event.text.is_empty() {
            return self.lines.add(Kind::Application, event.lines);
        }
        let at = event.at_ms.and_then(DateTime::from_timestamp_millis);
        let (reader, bill) = self.reader(event.function);
        let kind = reader.read(event.stream, at, event.text, bill);
        self.lines.add(if event.broken { Kind::Unparsed } else { kind }, event.lines);
    }
}

impl Ward {
    /// Counts an invocation of which nothing is to be said. `false` if something before it still waits.
    pub(super) fn whole(&mut self, version: &str, report: &Report) -> bool {
        let taken = self.unnamed.read_whole(version, report, &mut self.bill);
        if taken {
            self.lines.platform += 3;
        }
        taken
    }
}

/// Events on their way through the order into the ward.
pub(super) struct Ordered<'a> {
    pub(super) order: &'a mut Order,
    pub(super) ward: &'a mut Ward,
}

impl Events for Ordered<'_> {
    fn event(&mut self, event: Event<'_>) {
        self.order.event(event, self.ward);
    }
}
