//! The bill of health of functions, from the copy of a log.

mod block;
mod checkup;
mod durations;
mod function;
mod lines;
mod name;
mod ward;
mod whole;

pub use checkup::Checkup;
pub use durations::Durations;
pub use function::{Health, Seen};
pub use lines::Lines;
pub use name::NO_NAME;

#[cfg(test)]
mod tests;
