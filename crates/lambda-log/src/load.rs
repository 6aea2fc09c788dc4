//! What is built once, when the program starts.

use super::{diagnosis, wrapper};

/// Builds the tables of words that logs are searched for. The program calls this before anything else, and does not
/// start if it fails.
///
/// # Errors
/// A sentence that names the table.
pub fn load() -> Result<(), String> {
    diagnosis::load().and_then(|()| wrapper::load())
}
