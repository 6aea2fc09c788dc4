//! `ARCHITECTURE.md`: its paths exist, and its tables of dependencies are those of the shipped crates.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use crate::cargo::{FEATURES, Metadata, PROGRAMS, top};
use crate::finding::{Finding, judge};

/// Folders that its paths begin in.
const FROM: &[&str] = &["", "src/", "crates/", "api/src/"];

/// Ends of names of files.
const ENDS: &[&str] = &[".rs", ".toml", ".md", ".json", ".py", ".sh", ".sql", ".yaml", ".lock"];

/// The texts in backticks, each with its line; blocks of code left out.
fn quoted(text: &str) -> Vec<(usize, &str)> {
    let mut in_block = false;
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        } else if !in_block {
            found.extend(line.split('`').skip(1).step_by(2).map(|quoted| (at + 1, quoted)));
        }
    }
    found
}

/// Whether a text is meant as a path of the repository: it ends like a file or a folder, or begins with a folder there
/// is.
fn is_path(text: &str, exists: &dyn Fn(&str) -> bool) -> bool {
    let plain =
        !text.starts_with('/') && text.chars().all(|sign| sign.is_ascii_alphanumeric() || "._-/".contains(sign));
    let file = ENDS.iter().any(|end| text.ends_with(end) && text.len() > end.len());
    let folder = text.len() > 1 && text.ends_with('/');
    let below =
        text.split_once('/').is_some_and(|(first, _)| FROM.iter().any(|from| exists(&format!("{from}{first}"))));
    plain && (file || folder || below)
}

/// Paths that do not exist. `names` are the names of all files, for those that are given without a folder (`mod.rs`).
fn paths(text: &str, exists: &dyn Fn(&str) -> bool, names: &BTreeSet<String>) -> Vec<Finding> {
    let wrong = quoted(text).into_iter().filter(|(_, path)| is_path(path, exists)).filter(|(_, path)| {
        let named = !path.contains('/') && names.contains(*path);
        !named && !FROM.iter().any(|from| exists(&format!("{from}{path}")))
    });
    wrong
        .map(|(line, path)| {
            Finding::new(
                path,
                format!("ARCHITECTURE.md:{line}: `{path}` does not exist: correct the path, or take the line out"),
            )
        })
        .collect()
}

/// The crates that tables with the head `| crate | … |` name; `a-{b, c}` is `a-b` and `a-c`.
fn named_crates(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut in_table = false;
    for line in text.lines() {
        let Some(cell) = line.trim().strip_prefix('|').and_then(|rest| rest.split('|').next()).map(str::trim) else {
            in_table = false;
            continue;
        };
        if cell == "crate" {
            in_table = true;
        } else if in_table && !cell.starts_with('-') {
            found.extend(expand(&cell.replace('`', "")));
        }
    }
    found
}

fn expand(cell: &str) -> Vec<String> {
    let Some((before, rest)) = cell.split_once('{') else {
        return cell.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
    };
    let (inner, after) = rest.split_once('}').unwrap_or((rest, ""));
    let (others, start) = before.rsplit_once(',').unwrap_or(("", before));
    let mut found = expand(others);
    found.extend(inner.split(',').map(|end| format!("{}{}", start.trim(), end.trim())));
    found.extend(expand(after));
    found
}

/// `at_run_time` are the direct dependencies of the shipped crates, `direct` those of all crates and all kinds.
fn dependencies(text: &str, at_run_time: &BTreeSet<String>, direct: &BTreeSet<String>) -> Vec<Finding> {
    let named = named_crates(text);
    let missing = at_run_time.difference(&named);
    let missing = missing.map(|name| {
        Finding::new(
            name,
            format!("ARCHITECTURE.md names no reason for {name}: add it to a table with the head `| crate | why |`"),
        )
    });
    let idle = named.difference(direct);
    let idle = idle.map(|name| {
        Finding::new(
            name,
            format!("ARCHITECTURE.md names {name}, on which no crate depends directly: delete it from its row"),
        )
    });
    missing.chain(idle).collect()
}

#[test]
fn the_map_shows_what_is_there() {
    let text = fs::read_to_string(top().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md");
    let metadata = Metadata::load();
    let members = metadata.members();
    let shipped = metadata.shipped(PROGRAMS);
    let mut at_run_time = BTreeSet::new();
    let mut direct = BTreeSet::new();
    for package in members.values().filter(|package| package.name != FEATURES) {
        for dependency in metadata.dependencies(&package.id) {
            let name = &metadata.package(&dependency.pkg).name;
            direct.insert(name.clone());
            if shipped.contains_key(package.name.as_str())
                && dependency.is(None)
                && !members.contains_key(name.as_str())
            {
                at_run_time.insert(name.clone());
            }
        }
    }
    let mut names = BTreeSet::new();
    let mut open: Vec<PathBuf> = vec![top().to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder)
            .unwrap_or_else(|problem| panic!("{}: {problem}", folder.display()))
            .map(|entry| entry.expect("an entry"))
        {
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().is_dir() && name != "target" && name != ".git" {
                open.push(entry.path());
            }
            names.insert(name);
        }
    }
    let mut findings = paths(&text, &|path| top().join(path).exists(), &names);
    findings.extend(dependencies(&text, &at_run_time, &direct));
    judge("map", &findings);
}

#[test]
fn a_path_that_does_not_exist_is_refused() {
    let there = ["src", "src/daemon", "src/daemon/mod.rs", "api", "api/src"];
    let exists = |path: &str| there.contains(&path.trim_end_matches('/'));
    let names = BTreeSet::from(["mod.rs".to_owned()]);
    let check = |text: &str, expected: &[&str]| {
        let found = paths(text, &exists, &names);
        assert_eq!(found.iter().map(|finding| finding.key.as_str()).collect::<Vec<_>>(), expected, "{found:#?}");
    };
    check("`daemon/mod.rs`, `src/daemon/`, `api/src`, and `mod.rs` of each", &[]);
    check("`daemon/loop.rs` or `gone.rs`", &["daemon/loop.rs", "gone.rs"]);
    check("`api/core` and `crates/`", &["api/core", "crates/"]);
    check("`text/html`, `/todos/todo/`, `read.`, `a::b`, `GET api/x`, ``", &[]);
    check("```\nmain.rs -> `gone.rs`\n```\n", &[]);
}

#[test]
fn a_dependency_without_a_row_and_a_row_without_a_dependency_are_refused() {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let text = "| word | meaning |\n|---|---|\n| rule | a |\n\n| crate | why |\n|---|---|\n| tokio, `aws-{types, sdk-s3}` | a |\n| proptest | b |\n";
    let check = |at_run_time: &[&str], direct: &[&str], expected: &[&str]| {
        let found = dependencies(text, &set(at_run_time), &set(direct));
        assert_eq!(found.iter().map(|finding| finding.key.as_str()).collect::<Vec<_>>(), expected, "{found:#?}");
    };
    let all = ["tokio", "aws-types", "aws-sdk-s3", "proptest"];
    check(&["tokio", "aws-types", "aws-sdk-s3"], &all, &[]);
    check(&["tokio", "regex"], &["tokio", "regex", "aws-types", "aws-sdk-s3", "proptest"], &["regex"]);
    check(&["tokio"], &["tokio", "proptest", "aws-types"], &["aws-sdk-s3"]);
}
