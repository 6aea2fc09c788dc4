//! The product without input and output: rows, ranks, tokens, and the decisions about them. No waiting, no clock, no
//! store.

pub mod categories;
pub mod model;
pub mod order;
pub mod rank;
pub mod secret;
pub mod todos;
pub mod token;
pub mod user_rows;
