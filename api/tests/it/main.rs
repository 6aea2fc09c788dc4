//! The API from outside.

mod rank;
