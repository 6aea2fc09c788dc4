//! Watches AWS serverless accounts: billing per service, Lambda logs, warm-up pings; tells people by mail and Slack when a
//! threshold is crossed, with cause and next step.
//!
//! The map is `ARCHITECTURE.md`: floors, invariants, and three walks of a datum through the house.

pub mod app;
pub mod commands;
pub mod config;
pub mod daemon;
pub mod exit;
