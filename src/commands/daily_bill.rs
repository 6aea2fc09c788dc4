//! Reads the daily bill that `monitor forecast` and `monitor anomalies` work on.

use std::path::Path;

use ::billing::series::{self, CostSeries};
use model::redact::printable;

use super::output::{failed, say};
use crate::exit::ExitStatus;

/// Reads a bill by day from a file, or from standard input where it is called `-`. If it cannot be read, that has been
/// said.
pub(super) fn bill(path: &Path) -> Result<Vec<CostSeries>, ExitStatus> {
    let (name, text) = if path == Path::new("-") {
        let mut text = Vec::new();
        ("standard input".to_owned(), std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut text).map(|_| text))
    } else {
        (printable(&path.display().to_string()), std::fs::read(path))
    };
    let text = text.map_err(|error| failed(&format!("cannot read {name}: {error}")))?;
    series::read(&text).map_err(|mistakes| {
        mistakes.iter().for_each(|mistake| say(&format!("monitor: {name}: {mistake}")));
        ExitStatus::Failed
    })
}
