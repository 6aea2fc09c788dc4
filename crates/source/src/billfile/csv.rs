//! Reads exports in CSV with a header line.

use std::io::{self, Read};

use billing::export::columns::{ExportColumns, ExportMetric};
use billing::export::row::{self, CellValue, ExportRow, SkipReason, SkippedRow};
use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};

/// Bytes that are read at a time.
const BLOCK: usize = 256 * 1024;

/// Reads a table. `begin` gets its columns, and `take` gets each row.
///
/// # Errors
/// What is wrong with the file as a whole; `take` has got what came before.
pub fn read<R: Read>(
    from: R,
    metric: ExportMetric,
    mut begin: impl FnMut(&ExportColumns),
    mut take: impl FnMut(Result<ExportRow<'_>, SkippedRow<'_>>),
) -> Result<(), String> {
    let mut reader = ReaderBuilder::new().flexible(true).buffer_capacity(BLOCK).from_reader(from);
    let names = reader.byte_headers().map_err(|error| said(&error, 1))?;
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
    columns: &ExportColumns,
    take: &mut impl FnMut(Result<ExportRow<'_>, SkippedRow<'_>>),
) -> Result<(), String> {
    let (mut record, mut number) = (ByteRecord::new(), 1u64);
    loop {
        number += 1;
        if !reader.read_byte_record(&mut record).map_err(|error| said(&error, number))? {
            return Ok(());
        }
        if record.len() != columns.count() {
            take(Err(SkippedRow { reason: SkipReason::Cells, cell: "", amount: None }));
            continue;
        }
        let cell = |place: Option<usize>| match place.and_then(|place| record.get(place)).map(std::str::from_utf8) {
            None => CellValue::Absent,
            Some(Ok(text)) => CellValue::of(text),
            Some(Err(_)) => CellValue::Unreadable,
        };
        take(row::read(columns, columns.places().map(cell)));
    }
}

fn said(error: &csv::Error, row: u64) -> String {
    match error.kind() {
        ErrorKind::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            format!("the file ends in row {row}; copy it again completely")
        }
        ErrorKind::Io(error) => format!("row {row} cannot be read: {error}"),
        _ => format!("row {row} cannot be read: {error}"),
    }
}
