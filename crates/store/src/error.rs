//! Why the store cannot be used.

use std::path::PathBuf;

/// Why the store cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another daemon works on it.
    #[error("another monitor{} uses {}; a store belongs to one daemon. Stop that one first, or set another path under [store]", .pid.as_ref().map(|pid| format!(" (process {pid})")).unwrap_or_default(), path.display())]
    Busy {
        /// The store.
        path: PathBuf,
        /// The other's process id, where it could be read.
        pid: Option<String>,
    },
    /// There is none yet.
    #[error("the store {} does not exist yet; `monitor run` creates it", .0.display())]
    Absent(PathBuf),
    /// It was written by a newer version.
    #[error("the store at {} was written by a newer monitor; use that version", .0.display())]
    TooNew(PathBuf),
    /// It was written by an older version, and this command may not change it.
    #[error("the store at {} was written by an older monitor; start the daemon of this version once to migrate it", .0.display())]
    TooOld(PathBuf),
    /// The file or its folder cannot be used.
    #[error("the store at {} cannot be used: {source}", path.display())]
    File {
        /// The store.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The database refuses.
    #[error("the store at {} cannot be used: {source}", path.display())]
    Database {
        /// The store.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// Something in it cannot be read back.
    #[error("the store at {} contains {what} that cannot be read: {why}", path.display())]
    Content {
        /// The store.
        path: PathBuf,
        /// What it is.
        what: &'static str,
        /// Why not.
        why: String,
    },
    /// It was closed while something still used it.
    #[error("the store at {} is closed", .0.display())]
    Closed(PathBuf),
}
