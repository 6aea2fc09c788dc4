//! The routes, and what all of them share: the caller, the body, the errors.

mod account;
pub mod body;
pub mod caller;
mod categories;
pub mod change;
pub mod deadline;
pub mod error;
pub mod health;
pub mod login;
mod recommend;
pub mod report;
pub mod request_log;
pub mod responses;
pub mod router;
mod schema;
pub mod state;
mod subs;
mod todos;
mod tokens;

pub use state::{AppProvider, ReadyApp, SharedProvider};
