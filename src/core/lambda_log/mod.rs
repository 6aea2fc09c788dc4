//! From the lines of a Lambda log to what happened.
//!
//! [`mod@line`] says what one message means, whatever its format; [`reader`] follows each execution environment (a log stream is
//! one) and counts invocations; [`crate::core::diagnosis`] names the cause of those that went wrong.

pub mod line;
pub mod reader;
