//! Output as text and as JSON: the monthly report, the health of functions, the lines of a live log, incidents,
//! silences, the outbox, rehearsals and imports. [`crate::month`] computes the figures of the month.

pub mod chain;
pub mod changes;
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
pub use imported::ImportDocument;
pub use markdown::markdown;
pub use monthly::{ReportStyle, page, page_with_picture};

/// Parses the texts of reports and the font of their charts. The program calls this before anything else, and does not
/// start if it fails.
///
/// # Errors
/// A sentence that names what cannot be read.
pub fn load() -> Result<(), String> {
    words::load()?;
    chart::load()
}

/// The report as JSON; its schema is `docs/report.schema.json`.
///
/// # Errors
/// Never for a report that [`month`] made.
pub fn json(report: &MonthReport) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(report)
}
