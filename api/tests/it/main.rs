//! The API against real parts: stores, the Lambda Runtime API, services on loopback.

mod conformance;
mod rank;
mod sqlite;
