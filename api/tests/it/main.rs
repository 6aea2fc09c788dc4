//! The API against the world it runs in: its stores, the services of others, the client, and Lambda.

mod conformance;
mod jobs;
mod lambda;
mod rank;
mod sqlite;
mod dynamodb;
