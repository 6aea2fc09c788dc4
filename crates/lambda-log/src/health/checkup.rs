//! A checkup: reads a copy of a log, line by line or block by block.

use std::collections::BTreeMap;

use super::function::Health;
use super::held::HeldStreams;
use super::lines::LineCounts;
use super::name::NO_NAME;
use super::ward::{FunctionReaders, HealthByFunction, OrderedEvents};
use crate::copy::CopyReader;
use crate::diagnosis::Causes;
use crate::order::EventReorderer;
use crate::packed::PackedCopy;
use crate::reader::{FunctionLimits, LineKind, LogReader};

/// Functions and their health, as a copy is read.
#[derive(Debug)]
pub struct HealthReader {
    pub(super) copy: CopyReader,
    pub(super) order: EventReorderer,
    pub(super) ward: FunctionReaders,
    pub(super) held: HeldStreams,
    pub(super) packed: PackedCopy,
}

impl HealthReader {
    /// A checkup that has read nothing. `name` is the function of lines that name none; where lines name functions,
    /// only it counts.
    pub fn new(name: Option<String>, configured: FunctionLimits) -> Self {
        let configured = FunctionLimits { is_excerpt: true, ..configured };
        let unnamed = name.clone().unwrap_or_else(|| NO_NAME.to_owned());
        let ward = FunctionReaders {
            name,
            configured,
            causes: Causes::built_in(),
            unnamed: LogReader::with(&unnamed, configured),
            readers: BTreeMap::new(),
            bill: HealthByFunction { unnamed: (unnamed, Health::default()), functions: BTreeMap::new() },
            lines: LineCounts::default(),
        };
        Self {
            copy: CopyReader::new(),
            order: EventReorderer::new(),
            ward,
            held: HeldStreams::default(),
            packed: PackedCopy::default(),
        }
    }

    /// The same, searching lines for these causes. Nothing must have been read yet.
    #[must_use]
    pub fn with_causes(mut self, causes: &Causes) -> Self {
        self.ward.unnamed = self.ward.unnamed.with_causes(causes);
        self.ward.causes = causes.clone();
        self
    }

    /// Reads one line, without its end.
    pub fn line(&mut self, line: &str) {
        if self.packed.is_packed(line.as_bytes()) {
            let mut lines = String::new();
            self.packed.line(line, &mut lines);
            return lines.lines().for_each(|line| self.bare_line(line));
        }
        self.bare_line(line);
    }

    /// Reads one line that is not packed in anything.
    pub(super) fn bare_line(&mut self, line: &str) {
        self.read_held();
        self.feed(line);
    }

    /// Reads one line, with nothing held before it.
    pub(super) fn feed(&mut self, line: &str) {
        let Self { copy, order, ward, .. } = self;
        copy.line(line, &mut OrderedEvents { order, ward });
        let skipped = copy.take_skipped();
        ward.lines.add(LineKind::Application, skipped);
    }

    pub(super) fn flush(&mut self) {
        let Self { copy, order, ward, .. } = self;
        copy.flush(&mut OrderedEvents { order, ward });
    }

    /// Counts lines that are no text, or too long for one.
    pub fn not_text(&mut self, lines: u64) {
        self.ward.lines.add(LineKind::Unparsed, lines);
    }

    /// Begins another copy, of the same functions.
    pub fn next_copy(&mut self) {
        let mut lines = String::new();
        let (taken, given) = self.packed.end(&mut lines);
        self.unpacked(lines);
        self.read_held();
        self.held = HeldStreams::default();
        let Self { copy, order, ward, .. } = self;
        copy.end(&mut OrderedEvents { order, ward });
        ward.lines.add(LineKind::Application, copy.take_skipped());
        order.pass(ward);
        ward.lines.correct(taken, given);
        *copy = CopyReader::new();
        *order = EventReorderer::new();
    }

    /// Ends reading: returns the line counts, and each function's health by name.
    pub fn end(mut self) -> (LineCounts, BTreeMap<String, Health>) {
        self.next_copy();
        let FunctionReaders { name, unnamed, readers, bill, lines, .. } = &mut self.ward;
        for reader in readers.values_mut().chain([unnamed]) {
            reader.end(bill);
        }
        let mut functions = std::mem::take(&mut bill.functions);
        for name in readers.keys() {
            functions.entry(name.clone()).or_default();
        }
        // Lines around a function's own that name no function are not a function.
        let (unnamed, health) = std::mem::take(&mut bill.unnamed);
        if functions.is_empty() || health != Health::default() {
            functions.insert(unnamed, health);
        }
        if let Some(name) = name.as_ref().filter(|name| functions.contains_key(*name)) {
            functions.retain(|function, _| function == name);
        }
        (*lines, functions)
    }
}
