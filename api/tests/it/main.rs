//! The API against real parts: stores, the Lambda Runtime API, services on loopback.

mod conformance;
mod jobs;
mod lambda;
mod rank;
mod sqlite;
