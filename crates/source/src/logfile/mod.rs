//! Reads copies of logs from files and pipes, compressed or not, on two threads: one reads and searches, the other
//! follows the invocations.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use flate2::read::MultiGzDecoder;
use lambda_log::health::HealthReader;
use lambda_log::scan::{LineBlock, MarkerPosition};
use zstd::stream::read::Decoder;

/// Bytes that are read at a time: they stay in a processor's own cache.
const BLOCK: usize = 512 * 1024;
/// Blocks on their way at a time.
const ON_THE_WAY: usize = 4;
/// The longest line that is read, in bytes; what is longer is counted and left out.
const LONGEST_LINE: usize = 2 * 1024 * 1024;

/// Where a log is read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogInput {
    /// Standard input.
    Standard,
    /// A file.
    File(PathBuf),
}

/// Why an input could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{input}: {error}")]
pub struct InputError {
    input: String,
    #[source]
    error: io::Error,
}

/// Properties of the input that the user should know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct InputWarnings {
    /// It has the bytes of UTF-16.
    pub utf16: bool,
    /// Lines that were too long to be read.
    pub too_long: u64,
}

impl LogInput {
    /// The input that an argument means: `-` is standard input.
    pub fn of(path: &Path) -> Self {
        if path.as_os_str() == "-" { Self::Standard } else { Self::File(path.to_owned()) }
    }

    /// Its size in bytes, where that is known before it is read.
    pub fn size(&self) -> Option<u64> {
        match self {
            Self::Standard => None,
            Self::File(path) => path.metadata().ok().filter(std::fs::Metadata::is_file).map(|data| data.len()),
        }
    }

    fn name(&self) -> String {
        match self {
            Self::Standard => "standard input".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }

    fn open(&self) -> io::Result<Box<dyn Read + Send>> {
        match self {
            Self::Standard => Ok(Box::new(io::stdin())),
            Self::File(path) => {
                let file = File::open(path)?;
                if file.metadata()?.is_dir() {
                    return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder; name files instead"));
                }
                Ok(Box::new(file))
            }
        }
    }
}

/// A block, and how many lines before it were too long to be read.
struct ReadBlock {
    block: LineBlock,
    too_long: u64,
}

/// The buffers of a block that has been read.
type BlockBuffers = (Vec<u8>, Vec<MarkerPosition>);

/// Reads an input to its end. `progress` gets the number of bytes (as stored) that have been read.
///
/// # Errors
/// If it cannot be opened or read; what came before the error has been read into `checkup`.
pub fn read(
    input: &LogInput,
    checkup: &mut HealthReader,
    progress: &(dyn Fn(u64) + Sync),
) -> Result<InputWarnings, InputError> {
    let failed = |error| InputError { input: input.name(), error };
    let source = input.open().map_err(failed)?;
    let (send, receive) = sync_channel::<ReadBlock>(ON_THE_WAY);
    let (give_back, used) = sync_channel::<BlockBuffers>(ON_THE_WAY + 2);
    let mut oddities = InputWarnings::default();
    let result = thread::scope(|scope| {
        let reading = scope.spawn(move || blocks(source, &send, &used, progress));
        for ReadBlock { block, too_long } in receive {
            if too_long > 0 {
                checkup.not_text(too_long);
                oddities.too_long += too_long;
            }
            checkup.block(&block);
            // When everything has been read, no one waits for them any more.
            let _ = give_back.try_send(block.into_buffers());
        }
        reading.join().unwrap_or_else(|_| Err(io::Error::other("the reading thread stopped unexpectedly")))
    });
    checkup.next_copy();
    oddities.utf16 = result.map_err(failed)?;
    Ok(oddities)
}

/// Counts what is read of the stored bytes.
struct CountingReader<'a, R> {
    inner: R,
    read: u64,
    progress: &'a (dyn Fn(u64) + Sync),
}

impl<R: Read> Read for CountingReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.read += read as u64;
        (self.progress)(self.read);
        Ok(read)
    }
}

/// Reads everything and sends it block by block. Says whether it looks like UTF-16.
fn blocks(
    source: Box<dyn Read + Send>,
    send: &SyncSender<ReadBlock>,
    used: &Receiver<BlockBuffers>,
    progress: &(dyn Fn(u64) + Sync),
) -> io::Result<bool> {
    let mut source = CountingReader { inner: source, read: 0, progress };
    let mut first = Vec::with_capacity(BLOCK);
    source.by_ref().take(4).read_to_end(&mut first)?;
    let utf16 = matches!(first.get(..2), Some([0xff, 0xfe] | [0xfe, 0xff]))
        || matches!(first.get(..4), Some(&[a, b, c, d]) if (b == 0 && d == 0 && a > 0 && c > 0) || (a == 0 && c == 0 && b > 0 && d > 0));
    let whole = io::Cursor::new(first.clone()).chain(source);
    match first.get(..4) {
        Some([0x1f, 0x8b, ..]) => lines(MultiGzDecoder::new(io::BufReader::with_capacity(BLOCK, whole)), send, used)?,
        Some([0x28, 0xb5, 0x2f, 0xfd]) => {
            lines(Decoder::with_buffer(io::BufReader::with_capacity(BLOCK, whole))?, send, used)?;
        }
        _ => lines(whole, send, used)?,
    }
    Ok(utf16)
}

/// Cuts a stream into blocks of whole lines, searches each and sends it.
fn lines(mut source: impl Read, send: &SyncSender<ReadBlock>, used: &Receiver<BlockBuffers>) -> io::Result<()> {
    let mut rest: Vec<u8> = Vec::new();
    let (mut skipping, mut too_long, mut ended) = (false, 0u64, false);
    while !ended {
        let (mut bytes, marks) = used.try_recv().unwrap_or_else(|_| (Vec::with_capacity(BLOCK + 4096), Vec::new()));
        bytes.clear();
        bytes.append(&mut rest);
        let had = bytes.len();
        // Straight into the block, without a zeroed buffer between.
        let read = source.by_ref().take(BLOCK as u64).read_to_end(&mut bytes);
        let failure = read.err();
        ended = bytes.len() == had || failure.is_some();
        if skipping {
            let end = memchr::memchr(b'\n', &bytes);
            skipping = end.is_none();
            drop(bytes.drain(..end.map_or(bytes.len(), |end| end + 1)));
        }
        if ended {
            if !bytes.is_empty() && !bytes.ends_with(b"\n") {
                bytes.push(b'\n');
            }
        } else {
            match memchr::memrchr(b'\n', &bytes) {
                Some(end) => rest.extend_from_slice(bytes.get(end + 1..).unwrap_or_default()),
                None => std::mem::swap(&mut rest, &mut bytes),
            }
            bytes.truncate(bytes.len() - rest.len().min(bytes.len()));
            if rest.len() > LONGEST_LINE {
                rest = Vec::new();
                skipping = true;
                too_long += 1;
            }
        }
        let too_long = std::mem::take(&mut too_long);
        let empty = bytes.is_empty() && too_long == 0;
        if !empty && send.send(ReadBlock { block: LineBlock::of(bytes, marks), too_long }).is_err() {
            return Ok(());
        }
        if let Some(error) = failure {
            return Err(error);
        }
    }
    Ok(())
}
