//! What commands write to standard output and standard error.

use std::io;
use std::sync::OnceLock;

use crate::exit::ExitStatus;

/// Why the result could not be written whole, the first reason.
static UNWRITTEN: OnceLock<String> = OnceLock::new();

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

/// The result of a command, on standard output. A reader that has gone away has seen enough; any other failure is kept for
/// [`whole`].
pub(super) fn print(text: &str) {
    use std::io::Write;
    written(writeln!(io::stdout().lock(), "{}", text.trim_end_matches('\n')));
}

/// Keeps why standard output could not be written.
pub(super) fn written(result: io::Result<()>) {
    if let Err(error) = result
        && error.kind() != io::ErrorKind::BrokenPipe
    {
        // Only the first reason is told.
        let _ = UNWRITTEN.set(error.to_string());
    }
}

/// How a command ended: it failed if its result could not be written.
pub(super) fn whole(exit: ExitStatus) -> ExitStatus {
    match UNWRITTEN.get() {
        Some(why) => failed(&format!("the result could not be written to standard output: {why}")),
        None => exit,
    }
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
