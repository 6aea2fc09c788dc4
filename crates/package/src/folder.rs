//! A folder: its files as they are, links not followed.

use std::path::{Path, PathBuf};

use model::redact::printable;

use super::contents::{PackageContents, PackageError};

/// The sizes of all files below a folder.
///
/// # Errors
/// If one of its folders cannot be read, or it has too many files.
pub(crate) fn read(folder: &Path) -> Result<PackageContents, PackageError> {
    let mut contents = PackageContents::default();
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    let (mut links, mut special) = (0_u64, Vec::<String>::new());
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(&at)? {
            let entry = entry?;
            // Without following a link, so that a circle of them ends.
            let metadata = entry.metadata()?;
            if metadata.is_dir() {
                folders.push(entry.path());
            } else if metadata.is_symlink() {
                links += 1;
            } else if !metadata.is_file() {
                special.push(printable(&entry.file_name().to_string_lossy()));
            } else {
                let path = entry.path();
                let below = path.strip_prefix(folder).unwrap_or(&path);
                contents.add(&below.to_string_lossy(), metadata.len())?;
            }
        }
    }
    if links > 0 {
        contents.notes.push(format!("{links} links were not followed"));
    }
    special.sort();
    if let Some(first) = special.first() {
        contents.notes.push(format!(
            "{} of its entries are not a regular file (the first is {first}); they were not counted",
            special.len()
        ));
    }
    Ok(contents)
}
