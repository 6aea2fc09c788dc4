//! How the chain is written, and the exit code that says the same.

use ::chain::HopState;
use clap::ValueEnum;
use report::chain::{ChainDocument, page, picture};

use crate::commands::output::{print, print_json};
use crate::config;
use crate::exit::ExitStatus;

/// How the chain is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ChainFormat {
    /// For people
    Text,
    /// For programs; the schema is docs/doctor.schema.json
    Json,
    /// A picture
    Svg,
}

/// Writes a document.
pub(super) fn show(document: &ChainDocument, format: ChainFormat, zone: chrono_tz::Tz) -> ExitStatus {
    let colors = !config::no_color() && std::io::IsTerminal::is_terminal(&std::io::stdout());
    match format {
        ChainFormat::Text => print(&page(document, zone, colors)),
        ChainFormat::Svg => print(&picture(document)),
        ChainFormat::Json => match print_json(document) {
            ExitStatus::Done => {}
            failed => return failed,
        },
    }
    match document.state() {
        HopState::Ok | HopState::NotApplicable => ExitStatus::Done,
        HopState::Broken => ExitStatus::Incomplete,
        HopState::Waiting => ExitStatus::Waiting,
        HopState::Unknown => ExitStatus::Failed,
    }
}
