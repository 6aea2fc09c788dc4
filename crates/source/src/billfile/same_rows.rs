//! Finds two files that hold the same rows, such as two deliveries of one month that lie beside each other.

use std::collections::{BTreeMap, BTreeSet};

use billing::export::columns::ROLES;
use billing::export::row::CellValue;
use xxhash_rust::xxh3::Xxh3;

/// Rows of each file that are compared: those with the smallest hashes, so that it is the same choice in every file.
const SAMPLE: usize = 2048;

/// A sample of the rows of each file.
#[derive(Default)]
pub(super) struct RowSamples(Vec<RowSample>);

#[derive(Default)]
struct RowSample {
    name: String,
    smallest: BTreeSet<u64>,
}

impl RowSample {
    /// All rows with hashes up to this one are in the sample.
    fn complete_to(&self) -> u64 {
        if self.smallest.len() < SAMPLE { u64::MAX } else { self.smallest.last().copied().unwrap_or(u64::MAX) }
    }
}

impl RowSamples {
    pub(super) fn begin(&mut self, name: &str) {
        self.0.push(RowSample { name: name.to_owned(), smallest: BTreeSet::new() });
    }

    /// Takes a row of the current file.
    pub(super) fn add(&mut self, cells: &[CellValue<'_>; ROLES]) {
        let Some(sample) = self.0.last_mut() else { return };
        let hash = hash(cells);
        if hash <= sample.complete_to() && sample.smallest.insert(hash) && sample.smallest.len() > SAMPLE {
            sample.smallest.pop_last();
        }
    }

    /// Two files of which one holds more than half of the rows of the other.
    pub(super) fn same(&self) -> Option<(&str, &str)> {
        let mut files = BTreeMap::<u64, Vec<usize>>::new();
        for (number, sample) in self.0.iter().enumerate() {
            sample.smallest.iter().for_each(|hash| files.entry(*hash).or_default().push(number));
        }
        let mut common = BTreeMap::<(usize, usize), usize>::new();
        for files in files.values() {
            for (place, one) in files.iter().enumerate() {
                for other in files.iter().skip(place + 1) {
                    *common.entry((*one, *other)).or_default() += 1;
                }
            }
        }
        common.into_iter().find_map(|((one, other), count)| {
            let (one, other) = (self.0.get(one)?, self.0.get(other)?);
            let end = one.complete_to().min(other.complete_to());
            let smaller = one.smallest.range(..=end).count().min(other.smallest.range(..=end).count());
            (count * 2 > smaller).then_some((one.name.as_str(), other.name.as_str()))
        })
    }
}

fn hash(cells: &[CellValue<'_>; ROLES]) -> u64 {
    let mut hash = Xxh3::new();
    for cell in cells {
        match cell {
            CellValue::Absent | CellValue::Unreadable => {}
            CellValue::Text(text) => hash.update(text.as_bytes()),
            CellValue::Day(_, written) => hash.update(&written.to_le_bytes()),
        }
        // A byte that no text has.
        hash.update(&[0xff]);
    }
    hash.digest()
}
