//! The program and its parts against real ones: the SDK over HTTP to emulators, an SMTP server, HTTP receivers, child processes.

mod alerts;
mod check_live;
mod config_mistakes;
mod contract;
mod default_config;
mod demo;
mod diagnose;
mod failures;
mod kill;
mod labelled_logs;
mod log_day;
mod logs_complete;
mod logs_reading;
mod mails;
mod new_errors;
mod once;
mod operators;
mod receivers;
mod recovery;
mod scenarios;
mod scripted;
mod slack_app;
mod support;
mod tail;
mod world;
