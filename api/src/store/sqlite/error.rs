//! SQLite's errors as errors of the store.

use std::time::Duration;

use rusqlite::ErrorCode;

use crate::store::StoreError;

/// The name of the store in messages.
pub(super) const NAME: &str = "SQLite";
/// How long to wait while another process writes.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(3);

pub(super) fn failed(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Throttled {
            store: NAME,
            reason: format!("another process kept the file locked for {} s", BUSY_TIMEOUT.as_secs()),
        },
        Some(ErrorCode::DiskFull | ErrorCode::TooBig) => StoreError::Full { store: NAME, reason: error.to_string() },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => broken("the file", error.to_string()),
        _ => StoreError::Unavailable { store: NAME, reason: error.to_string() },
    }
}

/// Something in the file cannot be read.
pub(super) fn broken(place: impl Into<String>, reason: impl Into<String>) -> StoreError {
    StoreError::Broken { store: NAME, place: place.into(), reason: reason.into() }
}
