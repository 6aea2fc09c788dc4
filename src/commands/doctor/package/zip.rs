//! A zip: the sizes that its directory declares. Nothing is unpacked, so a bomb is a number.

use std::fs::File;
use std::path::Path;

use rawzip::{RECOMMENDED_BUFFER_SIZE, ZipArchive};

use super::contents::{PackageContents, PackageError};

/// More than this is no code: deflate gets to about 1030.
const MOST_RATIO: u64 = 200;

/// The sizes of all files in a zip.
///
/// # Errors
/// If it is no zip, broken, or has too many entries.
pub(super) fn read(path: &Path) -> Result<PackageContents, PackageError> {
    let broken = |error: rawzip::Error| PackageError::Broken(error.to_string());
    let file = File::open(path)?;
    let packed = file.metadata()?.len();
    let mut contents = PackageContents::packed(packed);
    let mut buffer = vec![0_u8; RECOMMENDED_BUFFER_SIZE];
    let archive = ZipArchive::from_file(file, &mut buffer).map_err(broken)?;
    let mut entries = archive.entries(&mut buffer);
    while let Some(entry) = entries.next_entry().map_err(broken)? {
        if entry.is_dir() {
            continue;
        }
        let name = String::from_utf8_lossy(entry.file_path().as_ref()).into_owned();
        contents.add(&name, entry.uncompressed_size_hint())?;
    }
    if contents.bytes() / packed.max(1) > MOST_RATIO {
        contents.notes.push(format!(
            "it declares {} times its own size, as a zip bomb does; it was not unpacked",
            contents.bytes() / packed.max(1)
        ));
    }
    Ok(contents)
}
