//! What a package holds: sizes by contributor.

use std::collections::BTreeMap;

use model::redact::printable;

/// The most contributors that are told apart, and the most entries that are read.
const MOST_NAMES: usize = 20_000;
const MOST_FILES: u64 = 2_000_000;
/// What the others are counted under.
const OTHERS: &str = "(others)";
/// What packages of Python and Node lie in.
const WRAPPERS: [&str; 6] = ["python", "lib", "site-packages", "nodejs", "node_modules", "vendor"];

/// Why a package cannot be measured, in a sentence.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] std::io::Error),
    /// It is no package.
    #[error("it is no zip, no folder and no tar of an image")]
    NoPackage,
    /// It is a pipe, a device or a socket.
    #[error("it is not a regular file; write what comes from it to a file first, and name that")]
    NotRegular,
    /// It holds nothing.
    #[error("it holds no file, so it is no package")]
    Empty,
    /// It is a tar of something else.
    #[error("it is no image of docker save: {0}")]
    NoImage(String),
    /// It is broken.
    #[error("the archive is broken or cut off: {0}")]
    Broken(String),
    /// It has more entries than any package.
    #[error("it has more than {MOST_FILES} entries, which is no package of code; it was not read to its end")]
    TooMany,
    /// It unpacks to more than is looked at.
    #[error("it unpacks to more than {0} bytes and was not read to its end")]
    TooLarge(u64),
}

/// What a package holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct PackageContents {
    /// Bytes as it is.
    pub(crate) packed: Option<u64>,
    /// What else is to be said of it.
    pub(crate) notes: Vec<String>,
    /// What could not be counted, so that it is not known whether it fits.
    pub(crate) uncounted: Option<String>,
    bytes: u64,
    files: u64,
    by_name: BTreeMap<String, u64>,
}

impl PackageContents {
    /// An empty archive of so many bytes.
    pub(crate) fn packed(bytes: u64) -> Self {
        Self { packed: Some(bytes), ..Self::default() }
    }

    /// A file in it, by its path and its unpacked size.
    ///
    /// # Errors
    /// If there are too many.
    pub(crate) fn add(&mut self, path: &str, size: u64) -> Result<(), PackageError> {
        self.files += 1;
        if self.files > MOST_FILES {
            return Err(PackageError::TooMany);
        }
        self.bytes = self.bytes.saturating_add(size);
        let name = contributor(path);
        let name = match self.by_name.len() < MOST_NAMES || self.by_name.contains_key(&name) {
            true => name,
            false => OTHERS.to_owned(),
        };
        let known = self.by_name.entry(name).or_default();
        *known = known.saturating_add(size);
        Ok(())
    }

    /// Unpacked bytes.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many files.
    pub(crate) fn files(&self) -> u64 {
        self.files
    }

    /// The largest contributors, the largest first.
    pub(crate) fn largest(&self, most: usize) -> Vec<(String, u64)> {
        let mut all: Vec<(String, u64)> = self.by_name.iter().map(|(name, bytes)| (name.clone(), *bytes)).collect();
        all.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all.truncate(most);
        all
    }
}

/// What a file belongs to: the first folder that is no wrapper, as `botocore` in `python/lib/python3.12/site-packages/`.
fn contributor(path: &str) -> String {
    let mut parts = path.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").peekable();
    let mut last = "";
    while let Some(part) = parts.next() {
        last = part;
        let is_wrapper = WRAPPERS.contains(&part) || part.starts_with("python3.");
        if !is_wrapper || parts.peek().is_none() {
            // An npm scope is a folder of packages.
            let scoped = part.starts_with('@').then(|| parts.next()).flatten();
            return printable(&scoped.map_or_else(|| part.to_owned(), |name| format!("{part}/{name}")));
        }
    }
    printable(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_counts_for_its_package_below_the_folders_that_wrap_packages() {
        for (path, name) in [
            ("botocore/data/x.json", "botocore"),
            ("python/lib/python3.12/site-packages/grpc/_cython/x.so", "grpc"),
            ("nodejs/node_modules/@aws-sdk/client-s3/index.js", "@aws-sdk/client-s3"),
            ("node_modules/lodash/a.js", "lodash"),
            ("app.py", "app.py"),
            ("./app.py", "app.py"),
            ("python", "python"),
            ("", ""),
            ("a\\b\\c", "a"),
        ] {
            assert_eq!(contributor(path), name, "{path}");
        }
    }

    #[test]
    fn sizes_that_overflow_stay_the_largest() {
        let mut contents = PackageContents::default();
        contents.add("a", u64::MAX).unwrap();
        contents.add("a", 1).unwrap();
        contents.add("b", 5).unwrap();
        assert_eq!((contents.bytes(), contents.files()), (u64::MAX, 3));
        assert_eq!(contents.largest(1), [("a".to_owned(), u64::MAX)]);
    }
}
