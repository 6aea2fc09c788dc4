//! The meaning of the rows of billing exports: FOCUS 1.0 to 1.3 and AWS's CUR, and Cost Explorer's own tables
//! ([`download`], [`answer`]). How files are packed is elsewhere.

pub mod amount;
pub mod answer;
pub mod bill;
pub mod columns;
pub mod cost_table;
pub mod download;
mod download_cells;
mod download_totals;
pub mod format;
pub mod layout;
pub mod manifest;
pub mod moment;
pub mod money;
pub mod row;
pub mod skipped;
#[cfg(test)]
mod tests;
