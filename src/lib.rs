//! Watches AWS serverless accounts: billing per service, Lambda logs, warm-up pings; tells people by mail and Slack when a
//! threshold is crossed, with cause and next step.
//!
//! The map is `ARCHITECTURE.md`: floors, invariants, and three walks of a datum through the house.

#![deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::unreachable)]

pub mod app;
pub mod aws;
pub mod billfile;
pub mod clock;
pub mod commands;
pub mod config;
pub mod core;
pub mod daemon;
pub mod exit;
pub mod logfile;
pub mod notify;
pub mod report;
pub mod source;
pub mod store;
