//! From the lines of a Lambda log to what happened.
//!
//! [`copy`] puts the events of a pasted or piped log together again, whatever tool copied it; [`mod@line`] says what one event
//! means, whatever its format; [`reader`] follows each execution environment (a log stream is one) and rebuilds the invocations;
//! [`crate::diagnosis`] names the causes of those that went wrong. What becomes of an [`invocation`] is up to whoever takes
//! it: [`reading`] counts for the rules, [`health`] sums a function up.

pub mod copy;
pub mod diagnosis;
mod exception;
pub mod fault;
mod fields;
mod fingerprint;
pub mod health;
pub mod invocation;
pub mod line;
mod load;
mod moment;
mod order;
pub mod reader;
pub mod reading;
pub mod scan;
pub mod tail;
pub mod tally;
#[cfg(test)]
mod tests;
mod unset;
mod wrapper;

pub use exception::is_exception;
pub use fingerprint::fingerprint;
pub use load::load;
