//! Reads billing exports from files, compressed or not, and adds up their charges. The meaning of a row is in
//! [`billing::export`].

pub mod csv;
mod parquet;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use billing::export::bill::ImportedBill;
use billing::export::columns::{ExportColumns, ExportMetric};
use billing::export::layout::{ExportFile, ExportLayout};
use billing::export::row::{ExportRow, SkippedRow};
use chrono::{DateTime, Utc};
use flate2::read::MultiGzDecoder;

/// Bytes that are unpacked at a time, and how many of these blocks are on their way.
const BLOCK: usize = 256 * 1024;
const ON_THE_WAY: usize = 4;
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
pub fn look(path: &Path) -> Result<ExportLayout, ExportError> {
    let place = path.display().to_string();
    let data = fs::metadata(path).map_err(|error| ExportError::new(&place, error))?;
    if !data.is_dir() {
        // Who names a file means it, whatever it is called.
        let file = found(String::new(), &data).map_err(|error| ExportError::new(&place, error))?;
        return Ok(ExportLayout { parts: [(String::new(), vec![file])].into(), ..ExportLayout::default() });
    }
    let mut all = Vec::new();
    walk(path, "", 0, &mut all)?;
    let layout = ExportLayout::of(all);
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
            format!("this folder has no export ({held}); exports end in .csv, .csv.gz or .parquet"),
        ));
    }
    Ok(layout)
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

/// Reads exports.
pub struct ExportReader {
    metric: ExportMetric,
    progress: ProgressFn,
    bill: ImportedBill,
}

impl ExportReader {
    /// Begins to read.
    pub fn new(metric: ExportMetric, progress: ProgressFn) -> Self {
        Self { metric, progress, bill: ImportedBill::default() }
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
        let mut first = Vec::new();
        file.rewind()
            .and_then(|()| file.by_ref().take(4).read_to_end(&mut first))
            .and_then(|_| file.rewind())
            .map_err(|error| failed(error.to_string()))?;
        let Self { metric, progress, bill } = self;
        let counted = |file| CountingFile { file, progress: Arc::clone(progress) };
        let bill = std::cell::RefCell::new(bill);
        let mut begin = |columns: &ExportColumns| bill.borrow_mut().begin(name, columns.dataset());
        let mut take = |row: Result<ExportRow<'_>, SkippedRow<'_>>| bill.borrow_mut().take(row, written);
        let done = match first.as_slice() {
            b"PAR1" => parquet::read(file, *metric, &mut begin, &|bytes| progress(bytes), &mut take),
            [0x1f, 0x8b, ..] => csv::read(
                ReadAhead::of(MultiGzDecoder::new(io::BufReader::with_capacity(BLOCK, counted(file)))),
                *metric,
                begin,
                take,
            ),
            b"PK\x03\x04" => Err("it is a ZIP archive; unpack it first".to_owned()),
            [0x28, 0xb5, 0x2f, 0xfd] => Err("it is compressed with zstd; decompress it first".to_owned()),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => {
                Err("it is UTF-16; convert it first: iconv -f UTF-16 -t UTF-8".to_owned())
            }
            _ => csv::read(counted(file), *metric, begin, take),
        };
        done.map_err(failed)
    }

    /// Ends the reading.
    pub fn end(self) -> ImportedBill {
        self.bill
    }
}

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

/// Unpacks on a thread of its own, some blocks ahead of whoever reads.
struct ReadAhead {
    blocks: Receiver<io::Result<Vec<u8>>>,
    block: io::Cursor<Vec<u8>>,
}

impl ReadAhead {
    fn of(mut packed: impl Read + Send + 'static) -> Self {
        let (send, blocks) = sync_channel(ON_THE_WAY);
        // It ends with the file, or when nobody takes its blocks any more.
        thread::spawn(move || {
            loop {
                let mut block = Vec::with_capacity(BLOCK);
                let read = packed.by_ref().take(BLOCK as u64).read_to_end(&mut block);
                let ended = block.is_empty() || read.is_err();
                if !block.is_empty() && send.send(Ok(block)).is_err() {
                    return;
                }
                if let Err(error) = read {
                    let _ = send.send(Err(error));
                }
                if ended {
                    return;
                }
            }
        });
        Self { blocks, block: io::Cursor::default() }
    }
}

impl Read for ReadAhead {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.block.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            match self.blocks.recv() {
                Ok(block) => self.block = io::Cursor::new(block?),
                Err(_) => return Ok(0),
            }
        }
    }
}
