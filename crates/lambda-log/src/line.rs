//! Parses one log event. The forms are from the AWS developer guide ("Lambda execution environment lifecycle") and the
//! Telemetry API event schema; both log formats lead to the same [`LogLine`].

mod application;
mod envelope;
mod json;
mod logged;
mod meaning;
mod text;

pub use application::{ApplicationLine, LogLevel};
pub(super) use envelope::may_hold;
pub use meaning::{InitReport, LogLine, PlatformStatus, ReportLine, RuntimeVersion};
pub(super) use text::plain_report;

/// Parses a log event. Never fails: an unreadable event is [`LogLine::Unparsed`] or a line of the application.
pub fn parse(event: &str) -> LogLine<'_> {
    let event = text::without_tail_prefix(event.trim());
    if event.starts_with('{') {
        return json::parse(event);
    }
    text::parse(event)
}

#[cfg(test)]
mod tests;
