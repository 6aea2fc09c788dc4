//! The program and its parts against real ones: the SDK over HTTP to emulators, an SMTP server, HTTP receivers, child processes.

mod check_live;
mod config_mistakes;
mod default_config;
mod demo;
mod diagnose;
mod failures;
mod labelled_logs;
mod log_day;
mod logs_complete;
mod logs_reading;
mod new_errors;
mod once;
mod receivers;
mod recovery;
mod rehearse;
mod rehearse_sources;
mod scenarios;
mod support;
mod tail;
mod world;
