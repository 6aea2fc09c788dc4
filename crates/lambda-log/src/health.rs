//! Summarizes functions from the copy of a log: counts, durations and causes.

mod block;
mod block_line;
mod checkup;
mod cut;
mod durations;
mod function;
mod held;
mod learned;
mod lines;
mod name;
mod object;
mod prefix;
mod printed;
mod recognise;
mod record;
mod sight;
mod ward;
mod whole;
mod wrapped;

pub use checkup::HealthReader;
pub use durations::ExactDurations;
pub use function::{CauseOccurrences, Health};
pub use lines::LineCounts;
pub use name::NO_NAME;

#[cfg(test)]
mod tests;
