//! A checkup: reads a copy of a log, line by line or block by block.

use std::collections::BTreeMap;

use super::function::Health;
use super::lines::Lines;
use super::name::NO_NAME;
use super::ward::{Bill, Ordered, Ward};
use crate::copy::Copy;
use crate::diagnosis::Causes;
use crate::order::Order;
use crate::reader::{Configured, Kind, Reader};

/// Functions and their health, as a copy is read.
#[derive(Debug)]
pub struct Checkup {
    pub(super) copy: Copy,
    pub(super) order: Order,
    pub(super) ward: Ward,
}

impl Checkup {
    /// A checkup that has read nothing. `name` is the function of lines that name none; where lines name functions, only it counts.
    pub fn new(name: Option<String>, configured: Configured) -> Self {
        let configured = Configured { is_excerpt: true, ..configured };
        let unnamed = name.clone().unwrap_or_else(|| NO_NAME.to_owned());
        let ward = Ward {
            name,
            configured,
            causes: Causes::built_in(),
            unnamed: Reader::with(&unnamed, configured),
            readers: BTreeMap::new(),
            bill: Bill { unnamed: (unnamed, Health::default()), functions: BTreeMap::new() },
            lines: Lines::default(),
        };
        Self { copy: Copy::new(), order: Order::new(), ward }
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
        let Self { copy, order, ward } = self;
        copy.line(line, &mut Ordered { order, ward });
        let skipped = copy.take_skipped();
        ward.lines.add(Kind::Application, skipped);
    }

    pub(super) fn flush(&mut self) {
        let Self { copy, order, ward } = self;
        copy.flush(&mut Ordered { order, ward });
    }

    /// Counts lines that are no text, or too long for one.
    pub fn not_text(&mut self, lines: u64) {
        self.ward.lines.add(Kind::Unparsed, lines);
    }

    /// Says that what comes next is another copy, of the same functions.
    pub fn next_copy(&mut self) {
        let Self { copy, order, ward } = self;
        copy.end(&mut Ordered { order, ward });
        ward.lines.add(Kind::Application, copy.take_skipped());
        order.pass(ward);
        *copy = Copy::new();
        *order = Order::new();
    }

    /// Says that nothing more comes: the lines that were read, and each function's health by name.
    pub fn end(mut self) -> (Lines, BTreeMap<String, Health>) {
        self.next_copy();
        let Ward { name, unnamed, readers, bill, lines, .. } = &mut self.ward;
        for reader in readers.values_mut().chain([unnamed]) {
            reader.end(bill);
        }
        let mut functions = std::mem::take(&mut bill.functions);
        for name in readers.keys() {
            functions.entry(name.clone()).or_default();
        }
        // Lines around a function's own that name nobody are not a function.
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
