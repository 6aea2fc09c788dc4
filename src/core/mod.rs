//! Floor 0: what `monitor` knows and how it decides.
//!
//! Nothing here waits, reads a clock, opens a file, asks the environment or draws a random number: whatever it needs is handed
//! in. The path of one datum: an [`observation::Observation`] enters the [`history::History`], a [`rules::Rule`] judges it,
//! [`decide::decide`] steps the incident and says who is to be told ([`notification::Notification`]), and [`outbox::plan`] puts what waits
//! for one receiver into a message once it can be told.

pub mod billing;
pub mod calendar;
pub mod currency;
pub mod decide;
pub mod diagnosis;
pub mod durations;
pub mod fingerprints;
pub mod glob;
pub mod history;
pub mod incident;
pub mod instant;
pub mod inventory;
pub mod lambda_log;
pub mod language;
pub mod money;
pub mod month;
pub mod notification;
pub mod observation;
pub mod operator;
pub mod outbox;
pub mod page;
pub mod redact;
pub mod rehearsal;
pub mod rules;
pub mod schedule;
pub mod secret;
pub mod settings;
pub mod signs;
pub mod span;
pub mod subject;
pub mod subject_pattern;
pub mod tail;
pub mod terms;
