//! `monitor doctor package`

use std::path::Path;

use model::redact::printable;
use package::{PackageDocument, text};

use crate::commands::arguments::OutputFormat;
use crate::commands::output::{failed, print, print_json};
use crate::exit::ExitStatus;

pub(super) fn run(path: &Path, format: OutputFormat) -> ExitStatus {
    let document = match PackageDocument::of(path) {
        Ok(document) => document,
        Err(error) => return failed(&format!("{}: {error}", printable(&path.display().to_string()))),
    };
    match format {
        OutputFormat::Json => match print_json(&document) {
            ExitStatus::Done => {}
            failed => return failed,
        },
        OutputFormat::Text => print(&text(&document)),
    }
    match document.state() {
        "ok" => ExitStatus::Done,
        "broken" => ExitStatus::Incomplete,
        _ => ExitStatus::Failed,
    }
}
