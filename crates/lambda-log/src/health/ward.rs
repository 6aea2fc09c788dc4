//! The readers of all functions of a copy, and what they have handed out.

use std::collections::BTreeMap;

use chrono::DateTime;

use super::function::Health;
use super::lines::LineCounts;
use crate::copy::{CopiedEvent, EventSink};
use crate::diagnosis::Causes;
use crate::invocation::{Invocation, InvocationSink};
use crate::line::ReportLine;
use crate::order::EventReorderer;
use crate::reader::{FunctionLimits, LineKind, LogReader};

/// Functions that are told apart; more names than these are counted as lines without one.
const MOST_FUNCTIONS: usize = 1_000;

/// The readers of a checkup, and what they have handed out.
#[derive(Debug)]
pub(super) struct FunctionReaders {
    pub(super) name: Option<String>,
    pub(super) configured: FunctionLimits,
    pub(super) causes: Causes,
    /// The reader of lines that name no function.
    pub(super) unnamed: LogReader,
    pub(super) readers: BTreeMap<String, LogReader>,
    pub(super) bill: HealthByFunction,
    pub(super) lines: LineCounts,
}

/// What has been handed out.
#[derive(Debug, Default)]
pub(super) struct HealthByFunction {
    /// Where lines that name no function are counted.
    pub(super) unnamed: (String, Health),
    pub(super) functions: BTreeMap<String, Health>,
}

impl InvocationSink for HealthByFunction {
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

impl FunctionReaders {
    pub(super) fn reader(&mut self, function: &str) -> (&mut LogReader, &mut HealthByFunction) {
        let full = self.readers.len() >= MOST_FUNCTIONS && !self.readers.contains_key(function);
        if function.is_empty() || function == self.unnamed.function() || full {
            return (&mut self.unnamed, &mut self.bill);
        }
        let new = || LogReader::with(function, self.configured).with_causes(&self.causes);
        (self.readers.entry(function.to_owned()).or_insert_with(new), &mut self.bill)
    }
}

impl EventSink for FunctionReaders {
    fn event(&mut self, event: CopiedEvent<'_>) {
        if event.text.is_empty() {
            return self.lines.add(LineKind::Application, event.lines);
        }
        let at = event.at_ms.and_then(DateTime::from_timestamp_millis);
        let (reader, bill) = self.reader(event.function);
        let kind = reader.read(event.stream, at, event.text, bill);
        self.lines.add(if event.broken { LineKind::Unparsed } else { kind }, event.lines);
    }
}

impl FunctionReaders {
    /// Counts an invocation of which nothing is to be said. `false` if something before it still waits.
    pub(super) fn whole(&mut self, version: &str, report: &ReportLine) -> bool {
        let taken = self.unnamed.read_whole(version, report, &mut self.bill);
        if taken {
            self.lines.platform += 3;
        }
        taken
    }
}

/// Events on their way through the order into the ward.
pub(super) struct OrderedEvents<'a> {
    pub(super) order: &'a mut EventReorderer,
    pub(super) ward: &'a mut FunctionReaders,
}

impl EventSink for OrderedEvents<'_> {
    fn event(&mut self, event: CopiedEvent<'_>) {
        self.order.event(event, self.ward);
    }
}
