//! The billed resources of an account, and which of them are idle.

mod kind;
mod next_step;
mod resource;
mod summary;
#[cfg(test)]
mod tests;
mod usage;

use chrono::TimeDelta;

pub use kind::ResourceKind;
pub use next_step::next_step;
pub use resource::{IdleSince, Inventory, Resource, ResourceUsage};
pub use summary::{charged_by, price_words, summary};
pub use usage::{MissingDatapoint, UsageWindow, usage};

/// An inventory older than this is not used.
pub const STALE: TimeDelta = TimeDelta::days(2);
