//! What a deployment package of Lambda holds, against the limits of Lambda: a zip file, a folder, or an image that was saved to a
//! file.

mod contents;
mod folder;
mod image;
mod zip;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use contents::PackageContents;
pub use contents::PackageError;
use model::redact::printable;
use serde::Serialize;

/// What a package of code and layers may take unpacked, bytes.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const MOST_UNPACKED: u64 = 262_144_000;
/// What an image may take unpacked, bytes: 10 GB.
const MOST_OF_IMAGE: u64 = 10 * 1024 * 1024 * 1024;
/// What may be uploaded directly; more goes by way of S3.
const MOST_UPLOADED: u64 = 50 * 1024 * 1024;
/// What /tmp has if nothing else is set, bytes.
const TMP: u64 = 512 * 1024 * 1024;
/// How fast a function reads from S3 and unpacks, bytes a second: a coarse value, for an order of magnitude.
const FETCHED_PER_SECOND: u64 = 60_000_000;
/// So many contributors are shown.
const SHOWN: usize = 10;

/// A package against the limits of Lambda; its schema is docs/doctor_package.schema.json.
#[derive(Debug, Serialize)]
pub struct PackageDocument {
    schema: u32,
    path: String,
    /// `zip`, `folder` or `image`.
    form: &'static str,
    /// `ok`, `broken` or `unknown`.
    state: &'static str,
    packed_bytes: Option<u64>,
    unpacked_bytes: u64,
    limit_bytes: u64,
    files: u64,
    summary: String,
    next_step: String,
    notes: Vec<String>,
    largest: Vec<ContributorView>,
    slim_handler: Option<SlimHandlerView>,
}

/// What takes room.
#[derive(Debug, Serialize)]
struct ContributorView {
    name: String,
    bytes: u64,
}

/// What Zappa's `slim_handler` would cost: the code lies in S3, and each new environment fetches it to /tmp.
#[derive(Debug, Serialize)]
struct SlimHandlerView {
    fetched_bytes: u64,
    tmp_bytes: u64,
    /// An order of magnitude for each cold start.
    seconds: u64,
    summary: String,
}

impl PackageDocument {
    /// Measures the package at a path.
    ///
    /// # Errors
    /// If it is no package, or cannot be read.
    pub fn of(path: &Path) -> Result<Self, PackageError> {
        let (form, contents) = read(path)?;
        Ok(judged(path, form, &contents))
    }

    /// `ok`, `broken` or `unknown`.
    pub fn state(&self) -> &'static str {
        self.state
    }
}

/// What a path is by its first bytes, whatever its name ends with.
fn read(path: &Path) -> Result<(&'static str, PackageContents), PackageError> {
    let (form, contents) = measured(path)?;
    if contents.files() == 0 && contents.uncounted.is_none() {
        return Err(PackageError::Empty);
    }
    Ok((form, contents))
}

fn measured(path: &Path) -> Result<(&'static str, PackageContents), PackageError> {
    let metadata = std::fs::metadata(path)?;
    if metadata.is_dir() {
        return folder::read(path).map(|contents| ("folder", contents));
    }
    // A pipe would be waited for, and a device may have no end.
    if !metadata.is_file() {
        return Err(PackageError::NotRegular);
    }
    let mut start = Vec::new();
    File::open(path)?.take(512).read_to_end(&mut start)?;
    let is_zip = start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06");
    let is_tar = start.get(257..262) == Some(b"ustar".as_slice()) || start.starts_with(&[0x1f, 0x8b]);
    match (is_zip, is_tar) {
        (true, _) => zip::read(path).map(|contents| ("zip", contents)),
        (false, true) => image::read(path).map(|contents| ("image", contents)),
        // A zip may have something before its first entry.
        (false, false) => zip::read(path).map(|contents| ("zip", contents)).map_err(|_| PackageError::NoPackage),
    }
}

fn judged(path: &Path, form: &'static str, contents: &PackageContents) -> PackageDocument {
    let limit = if form == "image" { MOST_OF_IMAGE } else { MOST_UNPACKED };
    let unpacked = contents.bytes();
    let what = if form == "image" { "an image" } else { "code and layers together" };
    let over = unpacked.checked_sub(limit).filter(|over| *over > 0);
    let largest: Vec<ContributorView> =
        contents.largest(SHOWN).into_iter().map(|(name, bytes)| ContributorView { name, bytes }).collect();
    let (state, summary, next_step) = match over {
        None => match &contents.uncounted {
            None => ("ok", format!("it fits: {} of {} for {what}", bytes(unpacked), bytes(limit)), String::new()),
            Some(uncounted) => (
                "unknown",
                format!("whether it fits is not known: {uncounted}"),
                "save the image again with all its layers: `docker save NAME > image.tar`".to_owned(),
            ),
        },
        Some(over) => {
            let names: Vec<&str> = largest.iter().take(3).map(|one| one.name.as_str()).collect();
            let image = if form == "image" { "" } else { ", or ship it as an image, which may take 10 GB" };
            (
                "broken",
                format!("unpacked it is {unpacked} bytes, {} more than the {limit} that {what} may take", bytes(over)),
                format!("leave out what the function does not need, the largest first ({}){image}", names.join(", ")),
            )
        }
    };
    let mut notes = contents.notes.clone();
    match contents.packed.filter(|_| form == "zip") {
        Some(packed) if packed > MOST_UPLOADED => {
            notes.push(format!("{} is more than the 50 MB of a direct upload; it goes by way of S3", bytes(packed)));
        }
        None if form == "folder" => {
            notes.push("packed as a zip it may take 50 MB for a direct upload; more goes by way of S3".to_owned());
        }
        _ => {}
    }
    let slim = (form != "image" && over.is_some()).then(|| slim_handler(contents));
    PackageDocument {
        schema: 1,
        path: printable(&path.display().to_string()),
        form,
        state,
        packed_bytes: contents.packed,
        unpacked_bytes: unpacked,
        limit_bytes: limit,
        files: contents.files(),
        summary,
        next_step,
        notes,
        largest,
        slim_handler: slim,
    }
}

fn slim_handler(contents: &PackageContents) -> SlimHandlerView {
    let tmp = contents.bytes();
    let fetched = contents.packed.unwrap_or(tmp);
    let seconds = (tmp / FETCHED_PER_SECOND).max(1);
    let room = if tmp > TMP { "; /tmp has 512 MB, so its size has to be raised as well" } else { "" };
    let summary = format!(
        "slim_handler would leave the code in S3: each cold start fetches {} and unpacks {} to /tmp, some {seconds} s \
         that are billed and waited for{room}",
        bytes(fetched),
        bytes(tmp)
    );
    SlimHandlerView { fetched_bytes: fetched, tmp_bytes: tmp, seconds, summary }
}

/// A size for people, in millions of bytes.
fn bytes(size: u64) -> String {
    if size >= 1_000_000 { format!("{}.{} MB", size / 1_000_000, size / 100_000 % 10) } else { format!("{size} bytes") }
}

/// The same for people.
pub fn text(document: &PackageDocument) -> String {
    let packed = document.packed_bytes.map(|packed| format!(", packed {}", bytes(packed))).unwrap_or_default();
    let mut lines = vec![
        document.path.clone(),
        String::new(),
        format!("  {}: {} files, unpacked {}{packed}", document.form, document.files, bytes(document.unpacked_bytes)),
    ];
    lines.extend(document.largest.iter().map(|one| format!("  {:>12}  {}", bytes(one.bytes), one.name)));
    lines.extend(document.notes.iter().map(|note| format!("  note: {note}")));
    lines.push(String::new());
    lines.push(format!("{}: {}", document.state.to_uppercase(), document.summary));
    if !document.next_step.is_empty() {
        lines.push(format!("  next: {}", document.next_step));
    }
    lines.extend(document.slim_handler.iter().map(|slim| format!("  otherwise: {}", slim.summary)));
    lines.join("\n")
}

#[cfg(test)]
mod tests;
