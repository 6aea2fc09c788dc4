//! One log event and what it means. Shapes from the AWS developer guide ("Lambda execution environment lifecycle") and the
//! Telemetry API event schema; both log formats lead to the same [`Line`].

mod application;
mod json;
mod meaning;
mod text;

pub use application::{Application, Level};
pub use meaning::{InitReport, Line, Report, RuntimeVersion, Status};
pub(super) use text::plain_report;

/// Says what an event means. Never fails: what cannot be read is [`Line::Unparsed`] or a line of the application.
pub fn parse(event: &str) -> Line<'_> {
    let event = text::without_tail_prefix(event.trim());
    if event.starts_with('{') {
        return json::parse(event);
    }
    text::parse(event)
}

#[cfg(test)]
mod tests;
