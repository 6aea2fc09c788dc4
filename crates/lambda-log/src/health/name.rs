//! The name of functions without one.

/// The name for a function without a name in the copy.
pub const NO_NAME: &str = "-";
