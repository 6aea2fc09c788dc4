//! The API against the world it runs in: its stores, the services of others, the client, and Lambda.

mod conformance;
mod jobs;
mod lambda;
mod rank;
mod sqlite;
mod dynamodb;
//! The API against the world it runs in: its stores, the services of others, and the client.

mod fakes;
mod store_firestore;
mod store_icloud;
