//! The lock that allows one daemon per store.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::error::StoreError;

/// How often, and how far apart, a lock that is taken is tried again.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(30);

fn file_of(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// When the daemon of the store last touched the lock; `None` if no daemon holds it.
pub(crate) fn last_touch(store: &Path) -> Option<SystemTime> {
    let file = File::open(file_of(store)).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => file.metadata().ok()?.modified().ok(),
        _ => None,
    }
}

/// Held while the process runs; the operating system releases it however the process ends.
#[derive(Debug)]
pub(crate) struct StoreLock {
    file: File,
}

impl StoreLock {
    /// Records that the loop runs.
    pub(crate) fn touch(&self, now: SystemTime) {
        // Only the health check reads it; a file system without times has no health check.
        let _ = self.file.set_modified(now);
    }
}

/// Locks `<store>.lock`. The database file itself is not locked, since readers open it too.
pub(crate) fn take(store: &Path) -> Result<StoreLock, StoreError> {
    let failed = |source| StoreError::File { path: store.to_path_buf(), source };
    if let Some(folder) = store.parent().filter(|folder| *folder != Path::new("")) {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(file_of(store)).map_err(failed)?;
    // A health check takes the lock for an instant in order to see whether it is free.
    let mut tries = 0;
    let locked = loop {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if tries < TRIES => tries += 1,
            other => break other,
        }
        std::thread::sleep(PAUSE);
    };
    match locked {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            let pid = file.read_to_string(&mut pid).ok().map(|_| pid.trim().to_owned()).filter(|pid| !pid.is_empty());
            return Err(StoreError::Busy { path: store.to_path_buf(), pid });
        }
        Err(TryLockError::Error(source)) => return Err(failed(source)),
    }
    // Only for the message of the daemon that comes second.
    file.set_len(0)
        .and_then(|()| file.rewind())
        .and_then(|()| write!(file, "{}", std::process::id()))
        .map_err(failed)?;
    Ok(StoreLock { file })
}
