//! Watches AWS serverless accounts: billing by service, Lambda logs, warm-up pings; notifies you by mail and Slack when
//! a threshold is crossed, with the cause and the next step.
//!
//! `ARCHITECTURE.md` describes the crates, the invariants and three walks through the code.

pub mod app;
pub mod commands;
pub mod config;
pub mod daemon;
pub mod exit;
