//! Files of measured calls, as text.
//!
//! Two shapes are read: `azure-function-days`, a line for each function and day with its calls by minute, and
//! `aws-runs`, a line for each call of one function with the environment that answered it.

pub mod days;
pub mod runs;

use std::fmt;

/// Why a trace cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceMistake {
    /// The line, from 1; 0 is the file as a whole.
    pub line: u64,
    /// What is wrong, and what to do.
    pub why: String,
}

impl fmt::Display for TraceMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.why),
            line => write!(f, "line {line}: {}", self.why),
        }
    }
}

impl std::error::Error for TraceMistake {}

impl TraceMistake {
    pub(crate) fn of_file(why: impl Into<String>) -> Self {
        Self { line: 0, why: why.into() }
    }

    pub(crate) fn at(line: u64, why: impl Into<String>) -> Self {
        Self { line, why: why.into() }
    }
}

/// The shape of a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceShape {
    /// A line for each function and day.
    FunctionDays,
    /// A line for each call.
    Run,
}

impl TraceShape {
    /// The shape that this first line is of.
    ///
    /// # Errors
    /// If it is of neither.
    pub fn of(text: &str) -> Result<Self, TraceMistake> {
        let header = text.lines().next().unwrap_or_default().trim_start_matches('\u{feff}');
        let has = |name: &str| header.split(',').any(|column| column.trim().trim_matches('"') == name);
        if has("id") && has("minutes") {
            Ok(Self::FunctionDays)
        } else if has("exist_id") && has("start_time") && has("end_time") {
            Ok(Self::Run)
        } else if text.trim().is_empty() {
            Err(TraceMistake::of_file("the file is empty"))
        } else {
            Err(TraceMistake::of_file(
                "this is no trace: the first line must have the columns id, total, nonzero_minutes, minutes (a line \
                 for each function), or is_cold, exist_id, start_time, end_time, client_start_time (a line for each call)",
            ))
        }
    }
}

/// The place of a column.
fn column(header: &csv::StringRecord, name: &str) -> Result<usize, TraceMistake> {
    let found = header.iter().position(|column| column.trim().trim_start_matches('\u{feff}') == name);
    found.ok_or_else(|| TraceMistake::at(1, format!("there is no column `{name}`")))
}

fn broken(error: &csv::Error) -> TraceMistake {
    let line = error.position().map_or(0, csv::Position::line);
    TraceMistake::at(line, "the line does not have as many columns as the first one; the file may have been cut")
}

/// A cell for a message.
fn shown(cell: &str) -> String {
    let short: String = cell.chars().filter(|char| !char.is_control()).take(40).collect();
    if short.len() < cell.len() { format!("`{short}`…") } else { format!("`{short}`") }
}
