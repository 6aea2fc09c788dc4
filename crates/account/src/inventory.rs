//! What stands behind a bill, and what of it is used by nobody.

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
pub use resource::{Idle, Inventory, Resource, Usage};
pub use summary::{charged_by, price_words, summary};
pub use usage::{Gap, Looked, usage};

/// What was read is not taken for what is there when it is older than this.
pub const STALE: TimeDelta = TimeDelta::days(2);
