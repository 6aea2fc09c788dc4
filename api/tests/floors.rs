//! The floors of ARCHITECTURE.md: arrows point down only, and the core stays pure. Read from the paths in `src/`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::unreachable, reason = "a test ends with a panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Top-level modules, by floor.
const FLOORS: &[(&str, u8)] = &[
    ("core", 0),
    ("google_account", 1),
    ("settings", 2),
    ("store", 3),
    ("services", 4),
    ("background", 5),
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

/// The path of a file's module, such as `["store", "sqlite"]`.
fn module_of(name: &str) -> Vec<&str> {
    let mut path: Vec<&str> = name.trim_end_matches(".rs").split('/').collect();
    if matches!(path.last(), Some(&("mod" | "lib" | "main"))) {
        path.pop();
    }
    path
}

/// The paths that a tree of a `use` line names: `a::{b, c::d}` names `a::b` and `a::c::d`.
fn names_in(tree: &str, prefix: &str, found: &mut Vec<String>) {
    let tree = tree.trim();
    let Some((head, rest)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or_default().trim();
        return found.push(format!("{prefix}{path}"));
    };
    let (prefix, inner) = (format!("{prefix}{}", head.trim()), rest.trim_end().trim_end_matches('}'));
    let (mut depth, mut start) = (0, 0);
    for (at, sign) in inner.char_indices().chain([(inner.len(), ',')]) {
        match sign {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                names_in(&inner[start..at], &prefix, found);
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// The modules of this crate that a file imports from.
fn imports(module: &[&str], code: &str, modules: &BTreeSet<Vec<&str>>) -> BTreeSet<Vec<String>> {
    let mut names = Vec::new();
    for line in code.split(';') {
        if let Some((_, tree)) =
            line.split_once("use ").filter(|(before, _)| before.trim_end().is_empty() || before.trim_end().ends_with("pub") || before.ends_with('\n'))
        {
            names_in(tree, "", &mut names);
        }
    }
    let mut found = BTreeSet::new();
    for name in &names {
        let mut parts = name.split("::").map(str::trim).peekable();
        let mut at: Vec<&str> = match parts.peek() {
            Some(&"crate") => Vec::new(),
            Some(&("self" | "super")) => module.to_vec(),
            Some(child) if modules.contains(&[module, &[*child]].concat()) => module.to_vec(),
            _ => continue,
        };
        while let Some(part) = parts.next_if(|part| ["crate", "self", "super"].contains(part)) {
            if part == "super" {
                at.pop();
            }
        }
        while let Some(part) = parts.next_if(|part| modules.contains(&[at.as_slice(), &[*part]].concat())) {
            at.push(part);
        }
        if at != module && !at.is_empty() {
            found.insert(at.into_iter().map(str::to_owned).collect());
        }
    }
    found
}

#[test]
fn no_file_imports_from_a_file_that_imports_from_it() {
    let sources = sources();
    let modules: BTreeSet<Vec<&str>> = sources.iter().map(|(name, ..)| module_of(name)).collect();
    let owned = |module: &[&str]| module.iter().map(|part| (*part).to_owned()).collect::<Vec<String>>();
    let mut arrows: BTreeMap<Vec<String>, BTreeSet<Vec<String>>> =
        sources.iter().map(|(name, _, code)| (owned(&module_of(name)), imports(&module_of(name), code, &modules))).collect();
    assert!(arrows.values().map(BTreeSet::len).sum::<usize>() > 100, "the arrows are read: {arrows:#?}");
    // What imports nothing that is left stands on the lowest floor; taking floor after floor away leaves the circles.
    loop {
        let before = arrows.len();
        let left: BTreeSet<Vec<String>> = arrows.keys().cloned().collect();
        arrows.retain(|_, used| used.iter().any(|module| left.contains(module)));
        if arrows.len() == before {
            break;
        }
    }
    assert!(arrows.is_empty(), "these files import from each other: {arrows:#?}");
}
