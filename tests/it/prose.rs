//! What a person reads, kept as snapshots: a change of wording is one review of `tests/it/snapshots/`, and the other
//! tests ask for data. `INSTA_UPDATE=always cargo test --workspace --test it prose` writes them anew.

use std::collections::BTreeMap;

use insta::{assert_snapshot, with_settings};
use tempfile::TempDir;

use crate::labelled_logs::logs;
use crate::support::program::{Output, monitor};

fn run(args: &[&str]) -> Output {
    let folder = TempDir::new().expect("a folder");
    monitor(folder.path()).args(args).run()
}

/// Compares a text with the snapshot of that name.
#[track_caller]
pub(crate) fn check(name: &str, text: &str) {
    with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        assert_snapshot!(name, text);
    });
}

/// The names below `Commands:` in a help text.
fn commands(help: &str) -> Vec<String> {
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    list.filter_map(|line| line.strip_prefix("  ").filter(|line| !line.starts_with(' ')))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_help_of_every_command() {
    let help = run(&["--help"]).stdout;
    check("help", &help);
    let names = commands(&help);
    assert!(names.len() >= 17, "{names:?}");
    for name in names {
        let help = run(&[&name, "--help"]).stdout;
        assert!(help.contains("Usage:"), "{name}: {help}");
        let further: Vec<String> =
            commands(&help).into_iter().map(|further| run(&[&name, &further, "--help"]).stdout).collect();
        check(&format!("help_{name}"), &[vec![help], further].concat().join("\n---\n\n"));
    }
}

#[test]
fn the_demo() {
    // The last line says how long it took.
    let said = run(&["demo"]).stdout;
    let said: Vec<&str> = said.lines().filter(|line| !line.starts_with("Two weeks in")).collect();
    check("demo", &said.join("\n"));
}

#[test]
fn a_diagnosis_of_every_verdict() {
    let mut first: BTreeMap<String, (String, String)> = BTreeMap::new();
    for (verdict, name, text) in logs() {
        first.entry(verdict).or_insert((name, text));
    }
    assert!(first.len() >= 38, "{} verdicts", first.len());
    for (verdict, (name, text)) in first {
        let folder = TempDir::new().expect("a folder");
        let output = monitor(folder.path()).args(["diagnose"]).input(text).run();
        assert_eq!(output.code, Some(0), "{verdict}/{name}: {}", output.stderr);
        check(&format!("diagnose_{verdict}"), &output.stdout);
    }
}
