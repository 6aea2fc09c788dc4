//! Reads exports in CSV with a header line.

use std::io::{self, Read};

use billing::export::columns::{ExportColumns, ExportMetric, ROLES};
use billing::export::row::{self, CellValue, ExportRow, FileNotation, SkipReason, SkippedRow};
use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};
use model::redact::excerpt;

/// Bytes that are read at a time.
const BLOCK: usize = 256 * 1024;

/// Rows that wait for the end of the file, because a later row may show how their day or amount is meant. More are
/// skipped.
const MOST_OPEN: usize = 100_000;

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

fn rows<R: Read>(
    reader: &mut Reader<R>,
    whole: &ExportColumns,
    take: &mut impl FnMut(ReadRow<'_>),
) -> Result<(), String> {
    let short = whole.of_short_rows();
    let (mut record, mut number) = (ByteRecord::new(), 1u64);
    let mut notation = FileNotation::default();
    let mut open = Vec::new();
    while reader.read_byte_record(&mut record).map_err(|error| describe_error(&error, number + 1))? {
        number += 1;
        let read = read_row(number, &record, whole, short.as_ref(), &mut notation)?;
        if read.row.as_ref().is_err_and(|skipped| skipped.reason.is_open()) && open.len() < MOST_OPEN {
            open.push((number, record.clone()));
        } else {
            take(read);
        }
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
