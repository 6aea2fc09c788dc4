//! What stands in an account: resources, what of them is idle, and what they cost by the price table. Pure.

pub mod inventory;
