//! Reads billing exports from files, compressed or not, and adds up their charges. The meaning of a row is in
//! [`billing::export`].

pub mod csv;
mod parquet;
mod same_rows;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use billing::export::answer::{self, AnswerMetric};
use billing::export::bill::ImportedBill;
use billing::export::columns::{ExportColumns, ExportDataset, ExportMetric};
use billing::export::cost_table::{CostTable, Granularity};
use billing::export::download;
use billing::export::format::{self, TextFormat};
use billing::export::layout::{ExportFile, ExportLayout, is_manifest};
use billing::export::manifest;
use chrono::{DateTime, Utc};
use flate2::read::MultiGzDecoder;

use self::csv::ReadRow;
use self::same_rows::RowSamples;

/// Bytes that are unpacked at a time, and how many of these blocks are on their way.
const BLOCK: usize = 256 * 1024;
const ON_THE_WAY: usize = 4;
/// The most bytes of a table of Cost Explorer; a year of every service by day has less than a hundredth of it.
const LARGEST_TABLE: u64 = 256 * 1024 * 1024;
/// How deep folders lie in each other; more is a circle of links.
const DEEPEST: usize = 16;

/// Called with the number of further bytes read, as stored.
pub type ProgressFn = Arc<dyn Fn(u64) + Send + Sync>;

/// Why an export cannot be used, in one line with its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {why}")]
pub struct ExportError {
    place: String,
    why: String,
}

impl ExportError {
    fn new(place: impl Into<String>, why: impl ToString) -> Self {
        Self { place: place.into(), why: why.to_string() }
    }
}

/// What a path holds: itself if it is a file, else what is in the folder, however deep.
///
/// # Errors
/// If it cannot be read, has no export, or has the same export twice.
pub fn find_export(path: &Path) -> Result<ExportLayout, ExportError> {
    let place = path.display().to_string();
    let data = fs::metadata(path).map_err(|error| ExportError::new(&place, error))?;
    if !data.is_dir() {
        // Who names a file means it, whatever it is called.
        let file = found(String::new(), &data).map_err(|error| ExportError::new(&place, error))?;
        return Ok(ExportLayout { parts: [(String::new(), vec![file])].into(), ..ExportLayout::default() });
    }
    let mut all = Vec::new();
    walk(path, "", 0, &mut all)?;
    let (all, replaced) = of_manifests(path, all)?;
    let mut layout = ExportLayout::of(all);
    layout.superseded.extend(replaced);
    if let Some((one, other)) = layout.twice() {
        return Err(ExportError::new(
            &place,
            format!("`{one}` and `{other}` seem to be the same export; move one of them away"),
        ));
    }
    if layout.parts.is_empty() {
        let others: Vec<&str> = layout.other.iter().take(3).map(|file| file.path.as_str()).collect();
        let held = if others.is_empty() {
            "it is empty".to_owned()
        } else {
            format!("it holds {} other file(s), such as {}", layout.other.len(), others.join(", "))
        };
        return Err(ExportError::new(
            &place,
            format!("this folder has no export ({held}); exports end in .csv, .csv.gz, .parquet or .json"),
        ));
    }
    Ok(layout)
}

/// Leaves out what the manifests of a legacy report do not name.
///
/// # Errors
/// If a manifest cannot be read, or names a file that is not there.
fn of_manifests(folder: &Path, all: Vec<ExportFile>) -> Result<(Vec<ExportFile>, Vec<ExportFile>), ExportError> {
    let mut manifests = Vec::new();
    for found in all.iter().filter(|file| is_manifest(&file.path)) {
        let path = folder.join(&found.path);
        let failed = |error: io::Error| ExportError::new(path.display().to_string(), error);
        let mut text = Vec::new();
        File::open(&path).map_err(failed)?.take(LARGEST_TABLE).read_to_end(&mut text).map_err(failed)?;
        let read = manifest::read(&found.path, &text);
        manifests.extend(read.map_err(|why| ExportError::new(path.display().to_string(), why))?);
    }
    manifest::select(all, &manifests).map_err(|why| ExportError::new(folder.display().to_string(), why))
}

fn walk(folder: &Path, below: &str, depth: usize, all: &mut Vec<ExportFile>) -> Result<(), ExportError> {
    let failed = |error: io::Error| ExportError::new(folder.display().to_string(), error);
    if depth > DEEPEST {
        return Err(ExportError::new(
            folder.display().to_string(),
            "folders are nested too deeply; name the folder of the export",
        ));
    }
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // A name that is not UTF-8 is shown as well as can be, and could not be opened by it.
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        let data = fs::metadata(entry.path()).map_err(failed)?;
        if data.is_dir() {
            walk(&entry.path(), &path, depth + 1, all)?;
        } else {
            all.push(found(path, &data).map_err(failed)?);
        }
    }
    Ok(())
}

fn found(path: String, data: &fs::Metadata) -> io::Result<ExportFile> {
    Ok(ExportFile { path, size: data.len(), modified: data.modified()?.into(), tag: String::new() })
}

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileForm {
    /// A table in Parquet.
    Parquet,
    /// Text, and whether it is packed with gzip.
    Text(TextFormat, bool),
    /// Something that is not read, and why.
    Unusable(&'static str),
}

impl FileForm {
    /// Recognizes a file by how it begins, not by its name, and goes back to its beginning.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn of(file: &mut File) -> io::Result<Self> {
        file.rewind()?;
        let mut first = Vec::new();
        file.by_ref().take(BLOCK as u64).read_to_end(&mut first)?;
        file.rewind()?;
        Ok(match first.as_slice() {
            [b'P', b'A', b'R', b'1', ..] => Self::Parquet,
            [0x1f, 0x8b, ..] => {
                let mut unpacked = Vec::new();
                // What is wrong with the file is found when it is read.
                let _ = MultiGzDecoder::new(first.as_slice()).take(BLOCK as u64).read_to_end(&mut unpacked);
                Self::Text(format::of(&unpacked), true)
            }
            [b'P', b'K', 3, 4, ..] => Self::Unusable("it is a ZIP archive; unpack it first"),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Unusable("it is compressed with zstd; decompress it first"),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
                Self::Unusable("it is UTF-16; convert it first: iconv -f UTF-16 -t UTF-8")
            }
            text => Self::Text(format::of(text), false),
        })
    }
}

/// The text of a file that is not large, unpacked.
///
/// # Errors
/// If it cannot be read to its end, or is too large.
pub fn whole_text(file: File, is_packed: bool) -> Result<Vec<u8>, String> {
    let mut text = Vec::new();
    let file = io::BufReader::with_capacity(BLOCK, file);
    let read = match is_packed {
        true => MultiGzDecoder::new(file).take(LARGEST_TABLE + 1).read_to_end(&mut text),
        false => file.take(LARGEST_TABLE + 1).read_to_end(&mut text),
    };
    match read {
        Ok(_) if text.len() as u64 > LARGEST_TABLE => Err("it is too large for a table of days".to_owned()),
        Ok(_) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err("the file is incomplete; copy it again completely".to_owned())
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Reads exports.
pub struct ExportReader {
    metric: ExportMetric,
    of_answers: AnswerMetric,
    progress: ProgressFn,
    bill: ImportedBill,
    samples: Option<RowSamples>,
    /// A file that ends with a page that another one follows.
    goes_on: Option<String>,
    /// Whether there is a last page.
    has_last_page: bool,
}

impl ExportReader {
    /// Begins to read.
    pub fn new(metric: ExportMetric, progress: ProgressFn) -> Self {
        Self {
            metric,
            of_answers: AnswerMetric::Of(metric),
            progress,
            bill: ImportedBill::default(),
            samples: None,
            goes_on: None,
            has_last_page: false,
        }
    }

    /// Takes any costs that an answer of Cost Explorer has, if they are of one kind.
    #[must_use]
    pub fn with_any_metric_of_answers(self) -> Self {
        Self { of_answers: AnswerMetric::Any, ..self }
    }

    /// Reads all that a path holds. What can be, as one export, is read whole or makes it fail.
    ///
    /// # Errors
    /// The first file that cannot be used.
    pub fn path(&mut self, path: &Path, layout: &ExportLayout) -> Result<(), ExportError> {
        layout.parts.values().try_for_each(|files| self.files(path, files))
    }

    /// Reads some files below a path; a file without a path is that itself.
    ///
    /// # Errors
    /// The first file that cannot be used.
    pub fn files(&mut self, path: &Path, files: &[ExportFile]) -> Result<(), ExportError> {
        if files.len() > 1 {
            self.samples.get_or_insert_default();
        }
        for found in files {
            let full = if found.path.is_empty() { path.to_owned() } else { path.join(&found.path) };
            let name = full.display().to_string();
            let file = File::open(&full).map_err(|error| ExportError::new(&name, error))?;
            self.file(&name, file, found.modified)?;
        }
        Ok(())
    }

    /// Reads one file named `name`, written at `written`. The format is detected from the content, not the name.
    ///
    /// # Errors
    /// If it cannot be read to its end.
    pub fn file(&mut self, name: &str, mut file: File, written: DateTime<Utc>) -> Result<(), ExportError> {
        let failed = |why: String| ExportError::new(name, why);
        match FileForm::of(&mut file).map_err(|error| failed(error.to_string()))? {
            FileForm::Unusable(why) => Err(failed(why.to_owned())),
            FileForm::Text(TextFormat::CostExplorerCsv, is_packed) => {
                let table = self
                    .text(file, is_packed)
                    .and_then(|text| download::read(&text).map_err(|error| error.to_string()));
                self.table(name, ExportDataset::CostExplorerCsv, table, written).map_err(failed)
            }
            FileForm::Text(TextFormat::CostExplorerJson, is_packed) => {
                let table = self
                    .text(file, is_packed)
                    .and_then(|text| answer::read(&text, self.of_answers).map_err(|error| error.to_string()));
                self.table(name, ExportDataset::CostExplorerJson, table, written).map_err(failed)
            }
            FileForm::Text(TextFormat::DailySeries, _) => Err(failed(NO_CURRENCY.to_owned())),
            FileForm::Text(TextFormat::LineItems | TextFormat::Unknown, is_packed) => {
                self.line_items(name, file, Some(is_packed), written).map_err(failed)
            }
            FileForm::Parquet => self.line_items(name, file, None, written).map_err(failed),
        }
    }

    fn text(&self, file: File, is_packed: bool) -> Result<Vec<u8>, String> {
        let size = file.metadata().map(|data| data.len()).unwrap_or_default();
        let text = whole_text(file, is_packed)?;
        (self.progress)(size);
        Ok(text)
    }

    fn table(
        &mut self,
        name: &str,
        dataset: ExportDataset,
        table: Result<CostTable, String>,
        written: DateTime<Utc>,
    ) -> Result<(), String> {
        let table = table?;
        if table.goes_on {
            self.goes_on = Some(name.to_owned());
        } else {
            self.has_last_page = true;
        }
        self.bill.take_table(name, dataset, table, written)
    }

    /// Reads a table of line items: text, packed or not, or Parquet.
    fn line_items(
        &mut self,
        name: &str,
        file: File,
        is_packed: Option<bool>,
        written: DateTime<Utc>,
    ) -> Result<(), String> {
        let Self { metric, progress, bill, samples, .. } = self;
        bill.has_granularity(Granularity::Daily)?;
        if let Some(samples) = samples {
            samples.begin(name);
        }
        let counted = |file| CountingFile { file, progress: Arc::clone(progress) };
        let bill = std::cell::RefCell::new(bill);
        let mut begin = |columns: &ExportColumns| bill.borrow_mut().begin(name, columns.dataset());
        let mut take = |read: ReadRow<'_>| {
            if let Some(samples) = samples.as_mut().filter(|_| read.row.is_ok()) {
                samples.add(&read.cells);
            }
            bill.borrow_mut().take(read.number, read.row, written);
        };
        match is_packed {
            None => parquet::read(file, *metric, &mut begin, &|bytes| progress(bytes), &mut take),
            Some(true) => csv::read(
                ReadAhead::of(MultiGzDecoder::new(io::BufReader::with_capacity(BLOCK, counted(file)))),
                *metric,
                begin,
                take,
            ),
            Some(false) => csv::read(counted(file), *metric, begin, take),
        }
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// If two files hold the same rows, or a page of an answer is missing.
    pub fn end(self) -> Result<ImportedBill, ExportError> {
        if let Some((one, other)) = self.samples.as_ref().and_then(RowSamples::same) {
            let why = format!(
                "it holds the same rows as `{one}`; if it is a later delivery of the same month, move `{one}` away"
            );
            return Err(ExportError::new(other, why));
        }
        match self.goes_on.filter(|_| !self.has_last_page) {
            Some(name) => Err(ExportError::new(
                name,
                "a page is missing: the last one has a `NextPageToken`; ask again with --next-page-token and add that page",
            )),
            None => Ok(self.bill),
        }
    }
}

/// Why a table of days cannot be stored.
const NO_CURRENCY: &str = "its columns `date,series,amount` have no currency, so it cannot be stored; `monitor forecast --input` and `monitor anomalies --input` read it";

/// Counts what is read of a file.
struct CountingFile {
    file: File,
    progress: ProgressFn,
}

impl Read for CountingFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        (self.progress)(read as u64);
        Ok(read)
    }
}

/// Unpacks on a thread of its own, some blocks ahead of the reader.
struct ReadAhead {
    blocks: Receiver<io::Result<Vec<u8>>>,
    block: io::Cursor<Vec<u8>>,
    has_ended: bool,
}

impl ReadAhead {
    fn of(mut packed: impl Read + Send + 'static) -> Self {
        let (send, blocks) = sync_channel(ON_THE_WAY);
        // It ends with the file, or when its reader is gone.
        thread::spawn(move || {
            loop {
                let mut block = Vec::with_capacity(BLOCK);
                let read = packed.by_ref().take(BLOCK as u64).read_to_end(&mut block);
                // An empty block is the end of the file.
                let ended = block.is_empty() || read.is_err();
                if (read.is_ok() || !block.is_empty()) && send.send(Ok(block)).is_err() {
                    return;
                }
                if let Err(error) = read {
                    // It is not taken any more where the reader has stopped.
                    let _ = send.send(Err(error));
                }
                if ended {
                    return;
                }
            }
        });
        Self { blocks, block: io::Cursor::default(), has_ended: false }
    }
}

impl Read for ReadAhead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.block.read(buffer)?;
            if read > 0 || buffer.is_empty() || self.has_ended {
                return Ok(read);
            }
            // A thread that stops before the end has not read the whole file.
            let stopped = |_| io::Error::other("the reading thread stopped unexpectedly");
            let block = self.blocks.recv().map_err(stopped)??;
            self.has_ended = block.is_empty();
            self.block = io::Cursor::new(block);
        }
    }
}
