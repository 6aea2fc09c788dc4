//! The floors of ARCHITECTURE.md: arrows point down only, and the core stays pure. Read from the paths in `src/`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::unreachable, reason = "a test ends with a panic")]

use std::fs;
use std::path::{Path, PathBuf};

/// Top-level modules, by floor.
const FLOORS: &[(&str, u8)] = &[
    ("core", 0),
    ("google_account", 1),
    ("settings", 2),
    ("store", 3),
    ("outside", 4),
    ("after", 5),
    ("jobs", 5),
    ("app", 6),
    ("http", 7),
    ("start", 8),
    ("lambda", 8),
    ("server", 8),
    ("command", 9),
];

/// What the core must not name: waiting, the outside world, the clock, the environment, logs.
const IMPURE: &[&str] =
    &["async ", ".await", "std::fs", "std::env", "std::net", "std::time::", "Utc::now", "tokio", "reqwest", "tracing", "aws_sdk", "rusqlite", "axum"];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// Every file below `src/` with its top-level module, and its text without comments and without its tests.
fn sources() -> Vec<(String, String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    files(&root, &mut found);
    found.sort();
    let read = |path: &PathBuf| {
        let name = path.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/");
        let module = name.split(['/', '.']).next().unwrap_or_default().to_owned();
        let text = fs::read_to_string(path).expect("a file");
        let shipped = text.split("#[cfg(test)]").next().unwrap_or_default();
        let code = shipped.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect();
        (name, module, code)
    };
    found.iter().map(read).filter(|(name, ..)| !name.ends_with("/tests.rs")).collect()
}

fn floor(module: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

#[test]
fn arrows_point_down_only() {
    let mut wrong = Vec::new();
    for (name, module, code) in sources().iter().filter(|(_, module, _)| module != "lib" && module != "main") {
        let here = floor(module).unwrap_or_else(|| panic!("{name}: {module} is on no floor"));
        for used in code.split("crate::").skip(1) {
            let used: String = used.chars().take_while(|letter| letter.is_ascii_lowercase() || *letter == '_').collect();
            if used != *module && floor(&used).is_none_or(|there| there >= here) {
                wrong.push(format!("{name} uses {used}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_core_is_pure() {
    let impure = |(name, _, code): &(String, String, String)| {
        IMPURE.iter().filter(|word| code.contains(**word)).map(|word| format!("{name}: {word}")).collect::<Vec<_>>()
    };
    let found: Vec<String> = sources().iter().filter(|(_, module, _)| module == "core").flat_map(impure).collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn main_only_calls() {
    let (_, _, code) = sources().into_iter().find(|(name, ..)| name == "main.rs").expect("main.rs");
    assert!(code.lines().count() <= 20);
}
