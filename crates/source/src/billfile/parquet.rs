//! Reads exports in Parquet, column by column in batches of rows.

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};

use billing::export::columns::{ExportColumns, ExportMetric, ROLES};
use billing::export::moment::since_epoch;
use billing::export::row::{self, CellValue, FileNotation};
use chrono::NaiveDate;
use parquet::basic::{ConvertedType, LogicalType, TimeUnit};
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArray, DataType, Int96};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ColumnChunkMetaData, RowGroupMetaData};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::schema::types::ColumnDescriptor;

use super::csv::{ReadRow, unless_it_spoils_the_file};

/// Rows that are read at a time.
const BATCH: usize = 4096;
/// Seconds of a day.
const DAY: i64 = 24 * 60 * 60;

/// As [`whole`], for files of any content: the library gives up with a panic on some that are damaged.
///
/// # Errors
/// As [`whole`].
pub(super) fn read(
    file: File,
    metric: ExportMetric,
    begin: &mut dyn FnMut(&ExportColumns),
    progress: &dyn Fn(u64),
    take: &mut dyn FnMut(ReadRow<'_>),
) -> Result<(), String> {
    // Whatever was taken from a file that cannot be read to its end is thrown away with it.
    let read = catch_unwind(AssertUnwindSafe(|| whole(file, metric, begin, progress, take)));
    read.unwrap_or_else(|_| Err("the file is damaged; copy it again completely".to_owned()))
}

/// Reads a table. `begin` is told of its columns, `progress` of the bytes of each part, and `take` of each row.
///
/// # Errors
/// What is wrong with the file as a whole; `take` has got what came before.
fn whole(
    file: File,
    metric: ExportMetric,
    begin: &mut dyn FnMut(&ExportColumns),
    progress: &dyn Fn(u64),
    take: &mut dyn FnMut(ReadRow<'_>),
) -> Result<(), String> {
    let size = i64::try_from(file.metadata().map_err(|error| error.to_string())?.len()).unwrap_or(i64::MAX);
    let reader = SerializedFileReader::new(file).map_err(|error| describe_error(&error))?;
    let lies_within = |part: &ColumnChunkMetaData| {
        let begins = part.dictionary_page_offset().unwrap_or_else(|| part.data_page_offset());
        begins >= 0
            && part.compressed_size() >= 0
            && begins.checked_add(part.compressed_size()).is_some_and(|end| end <= size)
    };
    if !reader.metadata().row_groups().iter().flat_map(RowGroupMetaData::columns).all(lies_within) {
        return Err("the file is damaged (an offset is outside of it); copy it again".to_owned());
    }
    let schema = reader.metadata().file_metadata().schema_descr_ptr();
    let names: Vec<String> = schema.columns().iter().map(|column| column.path().string()).collect();
    let columns = ExportColumns::of(&names, metric).map_err(|why| why.to_string())?;
    begin(&columns);
    let mut of_rows = RowState { number: 1, notation: FileNotation::default() };
    for number in 0..reader.num_row_groups() {
        let group = reader.get_row_group(number).map_err(|error| describe_error(&error))?;
        let mut open = Vec::with_capacity(ROLES);
        for place in columns.places() {
            let Some(place) = place else {
                open.push(None);
                continue;
            };
            let description = schema.column(place);
            let kind = ColumnType::of(&description).ok_or_else(|| {
                format!(
                    "the type of column `{}` is not supported ({})",
                    description.path().string(),
                    description.physical_type()
                )
            })?;
            let column = group.get_column_reader(place).map_err(|error| describe_error(&error))?;
            open.push(Some(ParquetColumn {
                kind,
                present: description.max_def_level(),
                column,
                levels: Vec::new(),
                cells: Vec::new(),
            }));
        }
        let count = group.metadata().num_rows();
        // Taken for none, the rows would be missing.
        let count = u64::try_from(count)
            .map_err(|_| format!("the file is damaged (a part of it has {count} rows); copy it again"))?;
        rows(&columns, &mut open, count, &mut of_rows, take)?;
        progress(u64::try_from(group.metadata().compressed_size()).unwrap_or(0));
    }
    Ok(())
}

/// What one part of a file hands to the next.
struct RowState {
    number: u64,
    notation: FileNotation,
}

fn rows(
    columns: &ExportColumns,
    open: &mut [Option<ParquetColumn>],
    mut left: u64,
    state: &mut RowState,
    take: &mut dyn FnMut(ReadRow<'_>),
) -> Result<(), String> {
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(BATCH).min(BATCH);
        for column in open.iter_mut().flatten() {
            column.fill(most).map_err(|error| describe_error(&error))?;
            if column.cells.len() != most {
                return Err("the file is damaged: its columns have different lengths".to_owned());
            }
        }
        for number in 0..most {
            let mut cells = [CellValue::Absent; ROLES];
            for (cell, column) in cells.iter_mut().zip(open.iter()) {
                *cell = column
                    .as_ref()
                    .and_then(|column| column.cells.get(number))
                    .map_or(CellValue::Absent, OwnedCell::cell);
            }
            state.number += 1;
            let row = row::read(columns, cells, &mut state.notation);
            let row = unless_it_spoils_the_file(state.number, row)?;
            take(ReadRow { number: state.number, cells, row });
        }
        left -= most as u64;
    }
    // More rows than the part is said to have would be left out.
    for column in open.iter_mut().flatten() {
        column.fill(1).map_err(|error| describe_error(&error))?;
        if !column.cells.is_empty() {
            return Err("the file is damaged: a part of it has more rows than it says; copy it again".to_owned());
        }
    }
    Ok(())
}

/// What the values of a column are.
#[derive(Debug, Clone, Copy)]
enum ColumnType {
    Text,
    /// A number that is used as it is.
    Number,
    /// An integer with so many decimals.
    Decimal(u32),
    /// Days since 1970.
    Days,
    /// Time since 1970, with this many units per second.
    Time(i64),
}

impl ColumnType {
    fn of(column: &ColumnDescriptor) -> Option<Self> {
        use parquet::basic::Type;
        if column.max_rep_level() > 0 {
            return None;
        }
        let decimals = || u32::try_from(column.type_scale()).ok().map(Self::Decimal);
        let is_decimal = matches!(column.logical_type_ref(), Some(LogicalType::Decimal(_)))
            || column.converted_type() == ConvertedType::DECIMAL;
        match (column.physical_type(), column.logical_type_ref(), column.converted_type()) {
            (Type::BYTE_ARRAY | Type::FIXED_LEN_BYTE_ARRAY | Type::INT32 | Type::INT64, ..) if is_decimal => decimals(),
            (Type::BYTE_ARRAY, ..) => Some(Self::Text),
            (Type::INT32, Some(LogicalType::Date), _) | (Type::INT32, _, ConvertedType::DATE) => Some(Self::Days),
            (Type::INT64, Some(LogicalType::Timestamp(time)), _) => Some(Self::Time(match time.unit {
                TimeUnit::MILLIS => 1_000,
                TimeUnit::MICROS => 1_000_000,
                TimeUnit::NANOS => 1_000_000_000,
            })),
            (Type::INT64, _, ConvertedType::TIMESTAMP_MILLIS) => Some(Self::Time(1_000)),
            (Type::INT64, _, ConvertedType::TIMESTAMP_MICROS) => Some(Self::Time(1_000_000)),
            (Type::INT96, ..) => Some(Self::Time(1_000)),
            (Type::INT32 | Type::INT64 | Type::DOUBLE | Type::FLOAT, ..) => Some(Self::Number),
            _ => None,
        }
    }
}

/// The value of a cell.
#[derive(Debug, Clone)]
enum OwnedCell {
    Absent,
    Bytes(ByteArray),
    Written(String),
    Day(NaiveDate, i64),
    Unreadable,
}

impl OwnedCell {
    fn of_time(day: Option<NaiveDate>, written: i64) -> Self {
        day.map_or(Self::Unreadable, |day| Self::Day(day, written))
    }

    fn cell(&self) -> CellValue<'_> {
        match self {
            Self::Absent => CellValue::Absent,
            Self::Bytes(bytes) => std::str::from_utf8(bytes.data()).map_or(CellValue::Unreadable, CellValue::of),
            Self::Written(text) => CellValue::of(text),
            Self::Day(day, written) => CellValue::Day(*day, *written),
            Self::Unreadable => CellValue::Unreadable,
        }
    }
}

/// A column of a part of the file, and the batch of it that was read last.
struct ParquetColumn {
    kind: ColumnType,
    /// The definition level of a value that is there.
    present: i16,
    column: ColumnReader,
    levels: Vec<i16>,
    cells: Vec<OwnedCell>,
}

impl ParquetColumn {
    /// Reads the next rows.
    fn fill(&mut self, most: usize) -> Result<(), ParquetError> {
        let (kind, present) = (self.kind, self.present);
        let (levels, cells) = (&mut self.levels, &mut self.cells);
        match &mut self.column {
            ColumnReader::ByteArrayColumnReader(reader) => {
                batch(reader, most, present, levels, cells, |bytes: ByteArray| match kind {
                    ColumnType::Decimal(decimals) => of_bytes(bytes.data(), decimals),
                    _ => OwnedCell::Bytes(bytes),
                })
            }
            ColumnReader::FixedLenByteArrayColumnReader(reader) => {
                batch(reader, most, present, levels, cells, |bytes| match kind {
                    ColumnType::Decimal(decimals) => of_bytes(bytes.data(), decimals),
                    _ => OwnedCell::Unreadable,
                })
            }
            ColumnReader::Int32ColumnReader(reader) => {
                batch(reader, most, present, levels, cells, |value| of_integer(i64::from(value), kind))
            }
            ColumnReader::Int64ColumnReader(reader) => {
                batch(reader, most, present, levels, cells, |value| of_integer(value, kind))
            }
            ColumnReader::Int96ColumnReader(reader) => batch(reader, most, present, levels, cells, |value: Int96| {
                OwnedCell::of_time(since_epoch(value.to_seconds(), 1), value.to_seconds())
            }),
            // The shortest text that means this very number: what was written before it was made a float.
            ColumnReader::DoubleColumnReader(reader) => {
                batch(reader, most, present, levels, cells, |value| OwnedCell::Written(value.to_string()))
            }
            ColumnReader::FloatColumnReader(reader) => {
                batch(reader, most, present, levels, cells, |value| OwnedCell::Written(value.to_string()))
            }
            ColumnReader::BoolColumnReader(reader) => {
                batch(reader, most, present, levels, cells, |_| OwnedCell::Unreadable)
            }
        }
    }
}

/// Reads values and puts them where they belong among those that are absent.
fn batch<T: DataType>(
    reader: &mut ColumnReaderImpl<T>,
    most: usize,
    present: i16,
    levels: &mut Vec<i16>,
    cells: &mut Vec<OwnedCell>,
    mut owned: impl FnMut(T::T) -> OwnedCell,
) -> Result<(), ParquetError> {
    levels.clear();
    cells.clear();
    let mut values = Vec::with_capacity(most);
    let (records, ..) = reader.read_records(most, Some(levels), None, &mut values)?;
    let mut values = values.into_iter();
    if present == 0 {
        cells.extend(values.by_ref().map(owned));
    } else {
        cells.extend(levels.iter().map(|level| {
            if *level == present { values.next().map_or(OwnedCell::Unreadable, &mut owned) } else { OwnedCell::Absent }
        }));
    }
    cells.truncate(records);
    Ok(())
}

fn of_integer(value: i64, kind: ColumnType) -> OwnedCell {
    match kind {
        ColumnType::Decimal(decimals) => with_decimals(i128::from(value), decimals),
        ColumnType::Days => {
            OwnedCell::of_time(value.checked_mul(DAY).and_then(|seconds| since_epoch(seconds, 1)), value)
        }
        ColumnType::Time(a_second) => OwnedCell::of_time(since_epoch(value, a_second), value),
        ColumnType::Text | ColumnType::Number => OwnedCell::Written(value.to_string()),
    }
}

/// A decimal from its bytes, the highest first, with a sign.
fn of_bytes(bytes: &[u8], decimals: u32) -> OwnedCell {
    let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    let mut whole = if negative { [0xff; 16] } else { [0; 16] };
    let Some(place) = whole.len().checked_sub(bytes.len()).and_then(|skip| whole.get_mut(skip..)) else {
        return OwnedCell::Unreadable;
    };
    place.copy_from_slice(bytes);
    with_decimals(i128::from_be_bytes(whole), decimals)
}

fn with_decimals(value: i128, decimals: u32) -> OwnedCell {
    OwnedCell::Written(format!("{value}E-{decimals}"))
}

fn describe_error(error: &ParquetError) -> String {
    match error {
        ParquetError::EOF(_) => "the file is incomplete; copy it again".to_owned(),
        // A file whose end is missing does not end with the mark of Parquet.
        ParquetError::General(why) if why.contains("magic") || why.contains("Corrupt footer") => {
            "the file begins as Parquet but has no Parquet footer; copy it again".to_owned()
        }
        other => format!("the file cannot be read: {other}"),
    }
}
