//! The services of others. Each has a budget of its own, and none of them can hang a start or fail a login.

pub mod messages;
