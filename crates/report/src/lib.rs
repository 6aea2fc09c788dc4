//! Floor 3: the sum of a month, the health of functions, the lines of a live log, incidents, silences, the outbox,
//! rehearsals and imports, as text and as JSON.
//! The figures of the month are [`crate::month`]'s.

mod chart;
pub mod health;
mod html;
mod imported;
pub mod incidents;
mod markdown;
pub mod month;
mod monthly;
pub mod outbox;
pub mod rehearsal;
pub mod silences;
pub mod tail;
mod text;
mod words;

use month::MonthReport;

pub use html::html;
pub use imported::Imported;
pub use markdown::markdown;
pub use monthly::{Style, page, page_with_picture};

/// The report as JSON; its schema is `docs/report.schema.json`.
///
/// # Errors
/// Never for a report that [`month`] made.
pub fn json(report: &MonthReport) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(report)
}
