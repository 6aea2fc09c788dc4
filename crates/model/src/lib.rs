//! What every part of `monitor` talks about: money, months, schedules, subjects, secrets, and foreign text made fit to be shown.
//!
//! Nothing here waits, reads a clock, opens a file, asks the environment or draws a random number: whatever it needs is handed in.

pub mod calendar;
pub mod call_failure;
pub mod currency;
pub mod durations;
pub mod glob;
pub mod instant;
pub mod language;
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
