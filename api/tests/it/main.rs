//! The API against real parts: stores, the Lambda Runtime API, services on loopback.

mod conformance;
mod contract;
mod rank;
mod sqlite;
