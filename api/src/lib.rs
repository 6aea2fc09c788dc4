//! The OneStep todo API.
//!
//! One binary: under Lambda it takes events of API Gateway, function URLs, schedules and warm-up pings; anywhere else it is a plain
//! HTTP server. The path of a request: [`lambda`] or [`server`] hands it to [`http`], which checks who asks ([`http::caller`]) and
//! what ([`http::body`]), and hands the rows of the caller, read by a [`store`], to a decision of [`core`]; the decision's changes go
//! back to the store in one piece. Services of others ([`services`]) each have a budget of their own.
//!
//! Modules point down only, as ARCHITECTURE.md draws them and `tests/floors.rs` keeps them: `command` -> `start`, `lambda`, `server` ->
//! `http` -> `app` -> `background`, `jobs` -> `services` -> `store` -> `settings` -> `google_account` -> `core`.

#![allow(clippy::indexing_slicing, reason = "JSON objects are written by key, which adds the key and cannot panic")]

pub mod app;
pub mod background;
pub mod command;
pub mod core;
pub mod google_account;
pub mod http;
pub mod jobs;
pub mod lambda;
pub mod server;
pub mod services;
pub mod settings;
pub mod start;
pub mod store;
