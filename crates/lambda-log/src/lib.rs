//! Reads Lambda logs: from lines to invocations and their causes.
//!
//! [`copy`] reassembles the events of a pasted or piped log from any tool; [`mod@line`] parses one event
//! of either format; [`reader`] follows each execution environment (one log stream) and rebuilds the invocations;
//! [`crate::diagnosis`] finds the causes of those that failed. Two consumers take the [`invocation`]s:
//! [`reading`] counts them for the rules, [`health`] summarizes a function.

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
mod order;
mod packed;
pub mod reader;
pub mod reading;
pub mod scan;
pub mod served;
pub mod tail;
pub mod tally;
#[cfg(test)]
mod tests;
mod unset;
mod wrapper;

pub use exception::is_exception;
pub use fingerprint::fingerprint;
pub use load::load;
