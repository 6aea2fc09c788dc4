//! x
use crate::commands::arguments::OutputFormat;
use crate::exit::ExitStatus;
use std::path::Path;
pub(super) fn run(_path: &Path, _format: OutputFormat) -> ExitStatus {
    ExitStatus::Done
}
