//! The floors of ARCHITECTURE.md: arrows point down only, and the core stays pure. Read from the `use` lines and paths of `src/`.

use std::fs;
use std::path::{Path, PathBuf};

/// Top-level modules, by floor.
const FLOORS: &[(&str, u8)] = &[
    ("core", 0),
    ("config", 1),
    ("clock", 1),
    ("exit", 1),
    ("aws", 2),
    ("store", 2),
    ("billfile", 2),
    ("source", 3),
    ("notify", 3),
    ("report", 3),
    ("logfile", 3),
    ("daemon", 4),
    ("app", 4),
    ("commands", 5),
];

/// Folders whose files are siblings that never know each other; only their `mod.rs` knows them all.
const SIBLINGS: &[&str] = &["source", "notify", "core/rules", "core/diagnosis", "commands"];

/// The receivers and the heartbeat; the other files of `notify` are parts that these share.
const KINDS_OF_NOTIFY: &[&str] = &["email", "heartbeat", "slack", "slack_app", "stdout", "webhook"];

/// What the core must not name: waiting, the outside world, the clock, the environment, logs, chance.
const IMPURE: &[&str] = &[
    "async ",
    ".await",
    "std::fs",
    "std::env",
    "std::net",
    "std::io",
    "std::process",
    "std::time::",
    "std::thread",
    "Utc::now",
    "Local::now",
    "tokio",
    "reqwest",
    "sqlx",
    "lettre",
    "tracing",
    "fastrand",
    "aws_sdk",
    "aws_config",
    "println!",
    "HashMap",
];

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

/// Every file below `src/` with its path from there, and its text without comments and without its tests.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    files(&root, &mut found);
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a file");
        let shipped = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let code: String = shipped.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect();
        (path.strip_prefix(&root).expect("below src").to_string_lossy().replace('\\', "/"), code)
    };
    let mut all: Vec<(String, String)> = found.into_iter().map(read).collect();
    all.sort();
    all
}

/// The module names that follow `prefix` anywhere in the code.
fn named<'a>(code: &'a str, prefix: &str) -> Vec<&'a str> {
    code.match_indices(prefix)
        .map(|(at, _)| &code[at + prefix.len()..])
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default())
        .collect()
}

fn floor(module: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == module).map(|(_, floor)| *floor)
}

#[test]
fn arrows_point_down_only() {
    let mut wrong = Vec::new();
    for (path, code) in sources() {
        let module = path.split(['/', '.']).next().unwrap_or_default();
        let Some(own) = floor(module) else {
            assert!(matches!(module, "lib" | "main"), "{path} is on no floor");
            continue;
        };
        for other in named(&code, "crate::") {
            let allowed = other == module
                || floor(other).is_some_and(|floor| floor < own || (floor == own && own == 4) || (own == 2 && module == "store" && other == "aws"));
            if !allowed && floor(other).is_some() {
                wrong.push(format!("{path} (floor {own}) uses {other}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn siblings_do_not_know_each_other() {
    let mut wrong = Vec::new();
    for (path, code) in sources() {
        for folder in SIBLINGS {
            let Some(name) = path.strip_prefix(&format!("{folder}/")).and_then(|file| file.strip_suffix(".rs")).filter(|name| *name != "mod") else { continue };
            let shared = |other: &str| match *folder {
                "notify" => !KINDS_OF_NOTIFY.contains(&other),
                _ => false,
            };
            let others = sources()
                .into_iter()
                .filter_map(|(path, _)| path.strip_prefix(&format!("{folder}/")).and_then(|file| file.strip_suffix(".rs")).map(str::to_owned));
            for other in others.filter(|other| other != name && other != "mod" && !shared(other)) {
                if named(&code, "super::").contains(&other.as_str()) {
                    wrong.push(format!("{path} uses {other}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_core_is_pure() {
    let mut wrong = Vec::new();
    for (path, code) in sources().into_iter().filter(|(path, _)| path.starts_with("core/")) {
        wrong.extend(IMPURE.iter().filter(|word| code.contains(**word)).map(|word| format!("{path} names {word}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_one_place_reads_the_environment_and_one_the_clock() {
    for (path, code) in sources() {
        let allowed = |words: &[&str]| !words.iter().any(|word| code.contains(word));
        assert!(path == "config/environment.rs" || allowed(&["env::var"]), "{path} reads the environment");
        assert!(path == "clock.rs" || allowed(&["Utc::now", "Local::now", "SystemTime::now"]), "{path} reads the clock");
    }
}

#[test]
fn main_is_short_and_only_app_names_concrete_parts() {
    for (path, code) in sources() {
        if path == "main.rs" {
            assert!(code.lines().count() <= 20);
        }
        if path.starts_with("daemon/") {
            assert!(!code.contains("WarmPing") && !code.contains("sdk::") && !code.contains("Via::"), "{path} names a concrete part");
        }
    }
}

#[test]
fn money_is_never_a_float() {
    for (path, code) in sources() {
        for line in code.lines().filter(|line| line.contains("f64") || line.contains("f32")) {
            assert!(!["usd", "amount", "money", "cost", "price"].iter().any(|word| line.to_lowercase().contains(word)), "{path}: {line}");
        }
    }
}
