//! Probes: what a stranger sees of a host. DNS from the roots, every address, TLS, HTTP, and the registry.
//!
//! A datum's path: [`Prober::outside`] asks DNS about the host of a [`chain::target::ChainTarget`] (`dns/`), connects
//! every address (`connection.rs`), writes down what certificates are presented (`recording.rs`, `certificate.rs`), asks
//! for pages (`pages.rs`), and hands all of it back as [`chain::seen::outside::OutsideSeen`]. What it means is judged in
//! the crate `chain`.

pub mod certificate;
mod connection;
pub mod dns;
mod pages;
mod prober;
mod recording;
pub mod registration;
mod request;
mod settings;

pub use dns::MAX_QUESTIONS;
pub use pages::MAX_TIME as PAGE_PATIENCE;
pub use prober::{ProbeOptions, Prober};
pub use settings::ProbeSettings;
