//! Replays the inputs under `fuzz/corpus_probe/` through the checks that the fuzz targets run, so that what a fuzzer once
//! found stays mended on a machine that has none.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unreachable,
    reason = "a test ends with a panic"
)]

#[path = "../../../fuzz/src/probe_checks.rs"]
pub mod probe_checks;

use std::collections::BTreeSet;
use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

fn entries(folder: &Path) -> BTreeSet<PathBuf> {
    let read = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    read.map(|entry| entry.expect("an entry of the folder").path()).collect()
}

#[test]
fn every_known_input_passes_its_check() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus_probe");
    let known: BTreeSet<PathBuf> = probe_checks::ALL.iter().map(|(name, _)| corpora.join(name)).collect();
    assert_eq!(entries(&corpora), known, "every folder has a check, and every check a folder");
    let mut failed = Vec::new();
    for (name, check) in probe_checks::ALL {
        let inputs = entries(&corpora.join(name));
        assert!(!inputs.is_empty(), "{name} has no inputs");
        for input in inputs {
            let bytes = fs::read(&input).unwrap_or_else(|error| panic!("{}: {error}", input.display()));
            // Each failure has printed what does not hold; all are named together, with their files, at the end.
            if catch_unwind(|| check(&bytes)).is_err() {
                failed.push(input);
            }
        }
    }
    assert!(failed.is_empty(), "these inputs fail their checks: {failed:#?}");
}
