//! A zip: the sizes that its directory declares. Nothing is unpacked, so a bomb is a number.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use model::redact::printable;
use rawzip::{RECOMMENDED_BUFFER_SIZE, ZipArchive};

use super::contents::{PackageContents, PackageError};

/// More than this is no code: deflate gets to about 1030.
const MOST_RATIO: u64 = 200;

/// The sizes of all files in a zip.
///
/// # Errors
/// If it is no zip, broken, or has too many entries.
pub(crate) fn read(path: &Path) -> Result<PackageContents, PackageError> {
    let broken = |error: rawzip::Error| PackageError::Broken(error.to_string());
    let file = File::open(path)?;
    let packed = file.metadata()?.len();
    let mut contents = PackageContents::packed(packed);
    let mut buffer = vec![0_u8; RECOMMENDED_BUFFER_SIZE];
    let archive = ZipArchive::from_file(file, &mut buffer).map_err(broken)?;
    let declared = archive.entries_hint();
    let mut entries = archive.entries(&mut buffer);
    let (mut listed, mut oddities) = (0_u64, BTreeMap::<Oddity, (u64, String)>::new());
    while let Some(entry) = entries.next_entry().map_err(broken)? {
        listed += 1;
        let name = String::from_utf8_lossy(entry.file_path().as_ref()).into_owned();
        let (size, taken) = (entry.uncompressed_size_hint(), entry.compressed_size_hint());
        for oddity in oddities_of(&name, size, taken, entry.mode().is_symlink()) {
            oddities.entry(oddity).or_insert_with(|| (0, printable(&name))).0 += 1;
        }
        if !entry.is_dir() {
            contents.add(&name, if is_short(size, taken) { taken } else { size })?;
        }
    }
    // Without zip64 the count has 16 bits.
    if listed != declared && listed % (1 << 16) != declared {
        return Err(PackageError::Broken(format!("it lists {listed} entries, and its end says {declared}")));
    }
    let note = |(oddity, (count, first)): (Oddity, (u64, String))| {
        format!("{count} entries {} (the first is {first})", oddity.words())
    };
    contents.notes.extend(oddities.into_iter().map(note));
    if contents.bytes() / packed.max(1) > MOST_RATIO {
        contents.notes.push(format!(
            "it declares {} times its own size, as a zip bomb does; it was not unpacked",
            contents.bytes() / packed.max(1)
        ));
    }
    Ok(contents)
}

/// What is odd about an entry of a zip, though its size counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Oddity {
    Short,
    Absolute,
    Parent,
    Nested,
    Link,
}

impl Oddity {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Short => {
                "declare less than they take packed, so the sizes cannot be trusted; what they take was counted"
            }
            Self::Absolute => "have an absolute name; unpacking may refuse them",
            Self::Parent => "have `..` in their name; unpacking may refuse them",
            Self::Nested => "are zips themselves; Lambda does not unpack them, and they were counted as they are",
            Self::Link => "are symbolic links; what they lead to was not counted",
        }
    }
}

pub(crate) fn oddities_of(name: &str, size: u64, taken: u64, is_link: bool) -> impl Iterator<Item = Oddity> {
    let is_absolute =
        name.starts_with(['/', '\\']) || name.get(1..3).is_some_and(|drive| [":\\", ":/"].contains(&drive));
    let is_parent = name.split(['/', '\\']).any(|part| part == "..");
    let is_nested = Path::new(name).extension().is_some_and(|end| end.eq_ignore_ascii_case("zip"));
    [
        (is_short(size, taken), Oddity::Short),
        (is_absolute, Oddity::Absolute),
        (is_parent, Oddity::Parent),
        (is_nested, Oddity::Nested),
        (is_link, Oddity::Link),
    ]
    .into_iter()
    .filter_map(|(is, oddity)| is.then_some(oddity))
}

/// Whether an entry declares less than it takes packed. Deflate adds a little to what cannot be packed.
fn is_short(size: u64, taken: u64) -> bool {
    taken > size.saturating_add(size / 100).saturating_add(64)
}
