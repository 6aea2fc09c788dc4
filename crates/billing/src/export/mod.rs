//! The meaning of the rows of billing exports: FOCUS 1.0 to 1.2 and AWS's CUR 2.0. File formats are elsewhere.

pub mod amount;
pub mod bill;
pub mod columns;
pub mod layout;
pub mod moment;
pub mod row;
pub mod skipped;
#[cfg(test)]
mod tests;
