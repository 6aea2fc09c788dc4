//! The pure decisions of the monitor. Nothing here waits, reads a clock, opens a file, reads the environment or draws a
//! random number.
//!
//! An [`observation::Observation`] is recorded in the [`history::History`], a [`rules::Rule`] judges it,
//! [`decide::decide`] changes the incident and creates [`notification::Notification`]s, and [`outbox::plan`] turns
//! those that wait for a receiver into a message.

mod ack;
mod changed_before;
pub mod decide;
pub mod endpoint_fault;
mod endpoint_symptoms;
pub mod fingerprints;
pub mod history;
pub mod incident;
pub mod month_rows;
mod muting;
pub mod notification;
pub mod observation;
pub mod operator;
pub mod outbox;
pub mod record;
pub mod rehearsal;
pub mod rules;
pub mod signs;
pub mod terms;
pub mod warm_day;
pub mod which;
