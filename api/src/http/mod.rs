//! Routes, and what is the same for all of them: who asks, what is in the body, how a refusal reads.

mod account;
pub mod answer;
pub mod body;
pub mod caller;
mod categories;
pub mod change;
pub mod deadline;
pub mod health;
pub mod login;
mod recommend;
pub mod report;
pub mod request_log;
pub mod router;
mod schema;
pub mod shown;
pub mod state;
mod subs;
mod todos;
mod tokens;

pub use state::{Entry, Ready, Start};
