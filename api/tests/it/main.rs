//! The API against the world it runs in: its stores, the services of others, and the client.

mod conformance;
mod dynamodb;
mod faulty;
