//! The resources of an account: which of them are idle, what they cost by the price table, and what changed. Pure.

pub mod inventory;
pub mod map;
pub mod warmers;
