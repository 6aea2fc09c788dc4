//! Reads exports in CSV with a header line.

use std::collections::BTreeMap;
use std::io::{self, Read};

use billing::export::columns::{ColumnRole, ExportColumns, ExportMetric, ROLES};
use billing::export::row::{self, CellValue, ExportRow, FileNotation, SkipReason, SkippedRow};
use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};
use model::redact::excerpt;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Bytes that are read at a time.
const BLOCK: usize = 256 * 1024;

/// Rows that wait for the end of the file, because a later row may show how their day or amount is meant. More are
/// skipped.
const MOST_OPEN: usize = 100_000;

/// The most line items of a file that are compared with each other: of larger files an even sample.
const MOST_COMPARED: usize = 65_536;

/// A row of a file.
pub struct ReadRow<'a> {
    /// Its number; the first row holds the names.
    pub number: u64,
    /// Its cells.
    pub cells: [CellValue<'a>; ROLES],
    /// What it means.
    pub row: Result<ExportRow<'a>, SkippedRow<'a>>,
}

/// Reads a table. `begin` gets its columns, and `take` gets each row.
///
/// # Errors
/// What is wrong with the file as a whole; `take` has got what came before.
pub fn read<R: Read>(
    from: R,
    metric: ExportMetric,
    mut begin: impl FnMut(&ExportColumns),
    mut take: impl FnMut(ReadRow<'_>),
) -> Result<(), String> {
    let from = WithLastByte { from, last: b'\n' };
    let mut reader = ReaderBuilder::new().flexible(true).buffer_capacity(BLOCK).from_reader(from);
    let names = reader.byte_headers().map_err(|error| describe_error(&error, 1))?;
    let names: Vec<String> = names.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    if names.is_empty() {
        return Err("the file is empty".to_owned());
    }
    let columns = ExportColumns::of(&names, metric).map_err(|why| why.to_string())?;
    begin(&columns);
    rows(&mut reader, &columns, &mut take)
}

/// Keeps the last byte that was read.
struct WithLastByte<R> {
    from: R,
    last: u8,
}

impl<R: Read> Read for WithLastByte<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.from.read(buffer)?;
        self.last = buffer.get(..read).and_then(|part| part.last()).copied().unwrap_or(self.last);
        Ok(read)
    }
}

/// Finds line items of AWS's own reports that are in a file twice. FOCUS has no ids by which equal rows are told from
/// one row that is there twice.
struct LineItems {
    /// The smallest hashes of rows, with their numbers.
    seen: BTreeMap<u64, u64>,
    place: Option<usize>,
}

impl LineItems {
    fn of(columns: &ExportColumns) -> Self {
        let place = columns.place(ColumnRole::LineItem).filter(|_| columns.dataset().is_cur());
        Self { seen: BTreeMap::new(), place }
    }

    /// The number of an equal row before this one.
    fn add(&mut self, number: u64, record: &ByteRecord) -> Option<u64> {
        let id = self.place.and_then(|place| record.get(place)).filter(|id| !id.trim_ascii().is_empty())?;
        // Where one field ends and the next begins is not in the hash, but the id of the line item is.
        let hash = xxh3_64_with_seed(record.as_slice(), u64::try_from(id.len()).unwrap_or(0));
        let is_full = self.seen.len() >= MOST_COMPARED;
        if is_full && self.seen.last_key_value().is_some_and(|(largest, _)| hash > *largest) {
            return None;
        }
        let other = self.seen.insert(hash, number);
        if self.seen.len() > MOST_COMPARED {
            self.seen.pop_last();
        }
        other
    }
}

fn rows<R: Read>(
    reader: &mut Reader<WithLastByte<R>>,
    whole: &ExportColumns,
    take: &mut impl FnMut(ReadRow<'_>),
) -> Result<(), String> {
    let short = whole.of_short_rows();
    let (mut record, mut number) = (ByteRecord::new(), 1u64);
    let mut notation = FileNotation::default();
    let mut open = Vec::new();
    let mut items = LineItems::of(whole);
    let mut is_cut = false;
    while reader.read_byte_record(&mut record).map_err(|error| describe_error(&error, number + 1))? {
        number += 1;
        if let Some(other) = items.add(number, &record) {
            return Err(format!(
                "row {number} is the line item of row {other} again, with the same fields; take one out"
            ));
        }
        let read = read_row(number, &record, whole, short.as_ref(), &mut notation)?;
        is_cut = record.len() < whole.count() && read.row.as_ref().is_err_and(|row| row.reason == SkipReason::Cells);
        if read.row.as_ref().is_err_and(|skipped| skipped.reason.is_open()) && open.len() < MOST_OPEN {
            open.push((number, record.clone()));
        } else {
            take(read);
        }
    }
    if is_cut && !matches!(reader.get_ref().last, b'\n' | b'\r') {
        return Err(format!("the file ends in row {number}; copy it again completely"));
    }
    for (number, record) in open {
        take(read_row(number, &record, whole, short.as_ref(), &mut notation)?);
    }
    Ok(())
}

/// Reads a row of a table, in which the last field may be missing if the table has columns for that.
fn read_row<'a>(
    number: u64,
    record: &'a ByteRecord,
    whole: &ExportColumns,
    short: Option<&ExportColumns>,
    notation: &mut FileNotation,
) -> Result<ReadRow<'a>, String> {
    let wrong_length = SkippedRow { reason: SkipReason::Cells, cell: "", amount: None };
    let short = short.filter(|short| short.count() == record.len());
    let Some(columns) = short.or(Some(whole).filter(|whole| whole.count() == record.len())) else {
        return Ok(ReadRow { number, cells: [CellValue::Absent; ROLES], row: Err(wrong_length) });
    };
    let cell = |place: Option<usize>| match place.and_then(|place| record.get(place)).map(std::str::from_utf8) {
        None => CellValue::Absent,
        Some(Ok(text)) => CellValue::of(text),
        Some(Err(_)) => CellValue::Unreadable,
    };
    let cells = columns.places().map(cell);
    if let Some((_, Some(place))) = cells.iter().zip(columns.places()).find(|(cell, _)| **cell == CellValue::Unreadable)
    {
        let column = place + 1;
        return Err(format!(
            "row {number}, column {column} is not UTF-8; save the file as UTF-8, or convert it: iconv -f ENCODING -t UTF-8"
        ));
    }
    let mut row = row::read(columns, cells, notation);
    if short.is_some() && !row.as_ref().is_ok_and(|row| row::is_in_its_columns(row, &cells)) {
        row = Err(wrong_length);
    }
    unless_it_spoils_the_file(number, row).map(|row| ReadRow { number, cells, row })
}

/// The row, unless it shows that other rows may have been misread.
pub(super) fn unless_it_spoils_the_file<'a>(
    number: u64,
    row: Result<ExportRow<'a>, SkippedRow<'a>>,
) -> Result<Result<ExportRow<'a>, SkippedRow<'a>>, String> {
    match row.as_ref().err().and_then(|skipped| skipped.reason.of_the_file().map(|why| (skipped.cell, why))) {
        Some((cell, why)) => Err(format!("row {number}: `{}` {why}", excerpt(cell))),
        None => Ok(row),
    }
}

fn describe_error(error: &csv::Error, row: u64) -> String {
    match error.kind() {
        ErrorKind::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            format!("the file ends in row {row}; copy it again completely")
        }
        ErrorKind::Io(error) => format!("row {row} cannot be read: {error}"),
        _ => format!("row {row} cannot be read: {error}"),
    }
}
