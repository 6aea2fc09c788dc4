//! Exports as CSV: commas, quotes doubled within quotes, a first line of names.

use std::io::{self, Read};

use billing::export::columns::{Columns, Metric};
use billing::export::row::{self, Cell, Reason, Row, Unusable};
use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};

/// Bytes that are read at a time.
const BLOCK: usize = 256 * 1024;

/// Reads a table. `begin` is told of its columns, and `take` of each row.
///
/// # Errors
/// What is wrong with the file as a whole; `take` has got what came before.
pub fn read<R: Read>(from: R, metric: Metric, mut begin: impl FnMut(&Columns), mut take: impl FnMut(Result<Row<'_>, Unusable<'_>>)) -> Result<(), String> {
    let mut reader = ReaderBuilder::new().flexible(true).buffer_capacity(BLOCK).from_reader(from);
    let names = reader.byte_headers().map_err(|error| said(&error, 1))?;
    let names: Vec<String> = names.iter().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    if names.is_empty() {
        return Err("it is empty; not even the names of the columns are there".to_owned());
    }
    let columns = Columns::of(&names, metric).map_err(|why| why.to_string())?;
    begin(&columns);
    rows(&mut reader, &columns, &mut take)
}

fn rows<R: Read>(reader: &mut Reader<R>, columns: &Columns, take: &mut impl FnMut(Result<Row<'_>, Unusable<'_>>)) -> Result<(), String> {
    let (mut record, mut number) = (ByteRecord::new(), 1u64);
    loop {
        number += 1;
        if !reader.read_byte_record(&mut record).map_err(|error| said(&error, number))? {
            return Ok(());
        }
        if record.len() != columns.count() {
            take(Err(Unusable { reason: Reason::Cells, cell: "", amount: None }));
            continue;
        }
        let cell = |place: Option<usize>| match place.and_then(|place| record.get(place)).map(std::str::from_utf8) {
            None => Cell::Absent,
            Some(Ok(text)) => Cell::of(text),
            Some(Err(_)) => Cell::Unreadable,
        };
        take(row::read(columns, columns.places().map(cell)));
    }
}

fn said(error: &csv::Error, row: u64) -> String {
    match error.kind() {
        ErrorKind::Io(error) if error.kind() == io::ErrorKind::UnexpectedEof => format!("it ends in the middle of row {row}; copy it again, whole"),
        ErrorKind::Io(error) => format!("row {row} cannot be read: {error}"),
        _ => format!("row {row} cannot be read: {error}"),
    }
}
