//! The OneStep todo API.
//!
//! One binary: on Lambda it answers events of API Gateway, function URLs, schedules and warm-up pings; anywhere else it
//! is an HTTP server. A request takes this way: [`lambda`] or [`server`] passes it to [`http`], which reads the caller
//! ([`http::caller`]) and the body ([`http::body`]). A [`store`] reads the rows of the caller, [`onestep_core`] decides about
//! them, and the store writes the changes in one transaction. External [`services`] each have a time limit.
//!
//! Modules use only lower modules, as ARCHITECTURE.md shows; the crate `house` checks it: `command` -> `start`,
//! `lambda`, `server` -> `http` -> `app` -> `background`, `jobs` -> `services` -> `store` -> `settings` ->
//! `google_account`. All of them may use the crate
//! [`onestep_core`].

mod answer;
pub mod app;
pub mod background;
pub mod command;
pub mod google_account;
pub mod http;
pub mod jobs;
pub mod lambda;
pub mod server;
pub mod services;
pub mod settings;
pub mod start;
pub mod store;
