//! What commands write to standard output and standard error.

use crate::exit::ExitStatus;

/// The command line cannot be meant so.
pub(super) fn usage(why: impl std::fmt::Display) -> ExitStatus {
    say(&format!("monitor: {why}"));
    ExitStatus::Usage
}

pub(super) fn failed(why: &str) -> ExitStatus {
    say(&format!("monitor: {why}"));
    ExitStatus::Failed
}

/// A line for a person, on standard error.
pub(super) fn say(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// The result of a command, on standard output. A reader that has gone away has seen enough.
pub(super) fn print(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout().lock(), "{}", text.trim_end_matches('\n'));
}

/// A result as JSON, on standard output.
pub(super) fn print_json(value: &impl serde::Serialize) -> ExitStatus {
    match serde_json::to_string_pretty(value) {
        Ok(text) => {
            print(&text);
            ExitStatus::Done
        }
        Err(error) => failed(&error.to_string()),
    }
}
