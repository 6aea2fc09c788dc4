//! The API against the world it runs in: its stores, the services of others, the client, and Lambda.

mod conformance;
mod dynamodb;
mod fakes;
mod jobs;
mod lambda;
mod rank;
mod sqlite;
mod store_firestore;
mod store_icloud;
