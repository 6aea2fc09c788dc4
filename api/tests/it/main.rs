//! The API against the world it runs in: its stores, the services of others, and the client.

mod fakes;
mod identity;
mod login;
mod starting;
