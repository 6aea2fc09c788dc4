//! Reads the trace that `monitor warm` is given as `--trace`.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;

use model::redact::printable;
use source::billfile::whole_text;
use warmth::trace::runs::MeasuredRun;
use warmth::trace::{TraceShape, days, runs};
use warmth::traffic::FunctionTrace;

use super::super::output::failed;
use crate::exit::ExitStatus;

/// A trace.
pub(super) enum TraceFile {
    /// Each function with its calls by minute.
    Days(Vec<FunctionTrace>),
    /// The calls of one function, with environments.
    Run(Box<MeasuredRun>),
}

/// Reads a trace. If it cannot be read, that has been said.
pub(super) fn read(path: &Path) -> Result<TraceFile, ExitStatus> {
    let name =
        if path == Path::new("-") { "standard input".to_owned() } else { printable(&path.display().to_string()) };
    let no = |why: &str| failed(&format!("cannot read {name}: {why}"));
    let bytes = bytes(path).map_err(|why| no(&why))?;
    let text = String::from_utf8(bytes).map_err(|_| no("it is not text in UTF-8"))?;
    let wrong = |why: warmth::trace::TraceMistake| failed(&format!("cannot use {name}: {why}"));
    let id = path.file_name().map_or_else(|| "stdin".to_owned(), |name| printable(&name.to_string_lossy()));
    match TraceShape::of(&text).map_err(wrong)? {
        TraceShape::FunctionDays => days::read(&text).map(TraceFile::Days).map_err(wrong),
        TraceShape::Run => {
            { runs::read(&text, id.split('.').next().unwrap_or(&id)).map(|run| TraceFile::Run(Box::new(run))) }
                .map_err(wrong)
        }
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    let mut file = open(path).map_err(|error| error.to_string())?;
    let mut first = [0; 2];
    let is_packed = match file.read(&mut first) {
        Ok(2) => first == [0x1f, 0x8b],
        Ok(_) => false,
        Err(error) => return Err(error.to_string()),
    };
    file.rewind().map_err(|error| error.to_string())?;
    whole_text(file, is_packed)
}

/// A file that can be read from any place; what cannot is copied.
fn open(path: &Path) -> io::Result<File> {
    let copied = |from: &mut dyn Read| -> io::Result<File> {
        let mut file = tempfile::tempfile()?;
        io::copy(from, &mut file)?;
        file.rewind()?;
        Ok(file)
    };
    if path == Path::new("-") {
        return copied(&mut io::stdin().lock());
    }
    let mut file = File::open(path)?;
    let kind = file.metadata()?;
    if kind.is_dir() {
        return Err(io::Error::other("it is a folder; name one file"));
    }
    if kind.is_file() { Ok(file) } else { copied(&mut file) }
}
