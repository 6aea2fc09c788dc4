//! The types that every crate uses: money, months, schedules, subjects, secrets, and redaction of text from outside.
//!
//! Nothing here waits, reads a clock, opens a file, reads the environment or draws a random number; it gets what it
//! needs as arguments.

pub mod calendar;
pub mod call_failure;
pub mod currency;
pub mod durations;
pub mod glob;
pub mod instant;
pub mod language;
pub mod moment;
pub mod money;
pub mod own_calls;
pub mod page;
pub mod redact;
pub mod schedule;
pub mod secret;
pub mod settings;
pub mod span;
pub mod subject;
pub mod subject_pattern;
