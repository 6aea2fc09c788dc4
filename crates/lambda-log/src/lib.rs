//! From the lines of a Lambda log to what happened.
//!
//! [`copy`] puts the events of a pasted or piped log together again, whatever tool copied it; [`mod@line`] says what one event
//! means, whatever its format; [`reader`] follows each execution environment (a log stream is one) and rebuilds the invocations;
//! [`crate::diagnosis`] names the causes of those that went wrong. What becomes of an [`invocation`] is up to whoever takes
//! it: [`reading`] counts for the rules, [`health`] sums a function up.

pub mod copy;
pub mod diagnosis;
pub mod fault;
mod fields;
mod fingerprint;
pub mod health;
pub mod invocation;
pub mod line;
mod moment;
mod order;
pub mod reader;
pub mod reading;
pub mod scan;
pub mod tail;
pub mod tally;
#[cfg(test)]
mod tests;
mod wrapper;

pub use fingerprint::fingerprint;

/// Builds the tables of words that logs are searched for. The program calls this before anything else, and does not start if it fails.
///
/// # Errors
/// A sentence that names the table.
pub fn load() -> Result<(), String> {
    diagnosis::load().and_then(|()| wrapper::load())
}

/// `botocore.exceptions.ClientError: what happened`: whether a line is an exception's name, alone or with its message.
pub fn is_exception(line: &str) -> bool {
    copy::is_exception(line)
}

/// Whether a value is the one it begins with; such are not written down, so that what is stored stays small.
pub(crate) fn is_unset<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
