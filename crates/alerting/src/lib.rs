//! How the monitor decides: pure, so it never waits, reads a clock, opens a file, asks the environment or draws a random number.
//!
//! The path of one datum: an [`observation::Observation`] enters the [`history::History`], a [`rules::Rule`] judges it,
//! [`decide::decide`] steps the incident and says who is to be told ([`notification::Notification`]), and [`outbox::plan`] puts what waits
//! for one receiver into a message once it can be told.

mod ack;
pub mod decide;
pub mod fingerprints;
pub mod history;
pub mod incident;
pub mod month_rows;
pub mod notification;
pub mod observation;
pub mod operator;
pub mod outbox;
pub mod record;
pub mod rehearsal;
pub mod rules;
pub mod signs;
pub mod terms;
pub mod which;
