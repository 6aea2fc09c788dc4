//! The program and its parts against real ones: the SDK over HTTP to emulators, an SMTP server, HTTP receivers, child
//! processes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unreachable,
    reason = "a test ends with a panic"
)]

mod account_changes;
mod alerts;
mod billing_backfill;
mod billing_import;
mod billing_sums;
mod billing_year;
mod check_live;
mod config_mistakes;
mod contract;
mod default_config;
mod demo;
mod diagnose;
mod doctor;
mod early;
mod endpoints;
mod exports;
mod failures;
mod forecast;
mod iam_policy;
mod init;
mod inventory;
mod kill;
mod labelled_logs;
mod log_day;
mod log_groups;
mod logs_complete;
mod logs_reading;
mod mails;
mod never_holding;
mod new_errors;
mod once;
mod operators;
mod packaging;
mod pinned_account;
mod properties;
mod prose;
mod receivers;
mod recovery;
mod regions;
mod rehearse;
mod rehearse_sources;
mod report;
mod scenarios;
mod scripted;
mod setup;
mod shipped;
mod slack_app;
mod support;
mod tail;
mod warm;
mod warm_auto;
mod watched;
mod world;
