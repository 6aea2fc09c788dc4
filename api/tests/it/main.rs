//! The API against the world it runs in: its stores, the services of others, the client, and Lambda.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unreachable,
    reason = "a test ends with a panic"
)]

mod conformance;
mod contract;
mod deploying;
mod development;
mod dynamodb;
mod fakes;
mod faulty;
mod google_account;
mod identity;
mod jobs;
mod lambda;
mod login;
mod rank;
mod recommend;
mod request_log;
mod services;
mod services_told;
mod shipping;
mod sqlite;
mod starting;
mod store_documents;
mod store_firestore;
mod store_google_drive;
mod store_icloud;
mod transfer;
