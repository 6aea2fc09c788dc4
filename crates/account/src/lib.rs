//! The resources of an account: which of them are idle, and what they cost by the price table. Pure.

pub mod inventory;
