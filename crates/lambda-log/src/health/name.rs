//! The name of functions without one.

/// The name of a function of which the copy says no name.
pub const NO_NAME: &str = "-";
