//! An image as `docker save` writes it: a tar with a list of its layers, which are tars themselves.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use tar::{Archive, Entry};

use super::contents::{PackageContents, PackageError};

/// The largest list of layers that is read.
const MOST_LIST: u64 = 4 * 1024 * 1024;
/// No more than this is unpacked: it is beyond every limit.
const MOST_READ: u64 = 12 * 1024 * 1024 * 1024;

/// The sizes of all files in the layers of an image.
///
/// # Errors
/// If it is no tar, broken, or too large.
pub(crate) fn read(path: &Path) -> Result<PackageContents, PackageError> {
    let packed = File::open(path)?.metadata()?.len();
    let mut contents = PackageContents::packed(packed);
    let mut budget = MOST_READ;
    let layers = layers(path)?;
    let mut read = BTreeSet::new();
    let mut archive = Archive::new(opened(path)?);
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let name = name(&entry);
        // A layer that two images share is one.
        if layers.contains(&name) && read.insert(name) {
            layer(&mut entry, &mut contents, &mut budget)?;
        }
    }
    let missing = layers.difference(&read).count();
    if missing > 0 {
        contents.uncounted = Some(format!("{missing} of {} layers are not in the file", layers.len()));
    }
    Ok(contents)
}

fn broken(error: std::io::Error) -> PackageError {
    PackageError::Broken(error.to_string())
}

/// The file, unpacked if it is packed with gzip; no more is read than a package can have.
fn opened(path: &Path) -> Result<Box<dyn Read>, PackageError> {
    let mut file = BufReader::new(File::open(path)?);
    let is_packed = std::io::BufRead::fill_buf(&mut file)?.starts_with(&[0x1f, 0x8b]);
    let all: Box<dyn Read> = if is_packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    Ok(Box::new(all.take(MOST_READ)))
}

fn name<R: Read>(entry: &Entry<'_, R>) -> String {
    String::from_utf8_lossy(&entry.path_bytes()).trim_start_matches("./").to_owned()
}

/// The names of the layers.
fn layers(path: &Path) -> Result<BTreeSet<String>, PackageError> {
    let mut archive = Archive::new(opened(path)?);
    for entry in archive.entries().map_err(broken)? {
        let entry = entry.map_err(broken)?;
        if name(&entry) != "manifest.json" {
            continue;
        }
        let mut text = Vec::new();
        entry.take(MOST_LIST).read_to_end(&mut text).map_err(broken)?;
        let list: serde_json::Value = serde_json::from_slice(&text)
            .map_err(|error| PackageError::Broken(format!("its manifest.json cannot be read: {error}")))?;
        let images = list.as_array().map(Vec::as_slice).unwrap_or_default();
        let named = images.iter().filter_map(|image| image.get("Layers")?.as_array()).flatten();
        let named: BTreeSet<String> = named.filter_map(|layer| layer.as_str().map(str::to_owned)).collect();
        if named.is_empty() {
            return Err(PackageError::NoImage("its manifest.json names no layer".to_owned()));
        }
        return Ok(named);
    }
    Err(PackageError::NoImage("it has no manifest.json".to_owned()))
}

/// The files of one layer, which may be packed with gzip.
fn layer(entry: &mut impl Read, contents: &mut PackageContents, budget: &mut u64) -> Result<(), PackageError> {
    let mut start = BufReader::new(entry);
    let first = std::io::BufRead::fill_buf(&mut start).map_err(broken)?;
    if first.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        contents.uncounted = Some("a layer is packed with zstd and was not counted".to_owned());
        return Ok(());
    }
    let is_packed = first.starts_with(&[0x1f, 0x8b]);
    let all: Box<dyn Read + '_> = if is_packed { Box::new(MultiGzDecoder::new(start)) } else { Box::new(start) };
    let mut counted = Counted { inner: all, left: *budget };
    let mut archive = Archive::new(&mut counted);
    let read = (|| {
        for file in archive.entries().map_err(broken)? {
            let file = file.map_err(broken)?;
            if file.header().entry_type().is_file() {
                contents.add(&name(&file), file.size())?;
            }
        }
        Ok(())
    })();
    *budget = counted.left;
    if *budget == 0 { Err(PackageError::TooLarge(MOST_READ)) } else { read }
}

/// A reader that ends after so many bytes.
struct Counted<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(into.len());
        let read = self.inner.read(into.get_mut(..most).unwrap_or_default())?;
        self.left = self.left.saturating_sub(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(read)
    }
}
