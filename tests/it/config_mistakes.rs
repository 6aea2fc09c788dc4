//! Each file in `mistakes/` is a configuration with one mistake (`ten.toml` has ten); the file next to it is the
//! complete output.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::support::program::monitor;
use crate::world::repository;

/// What the secrets in the files are.
const ENVIRONMENT: [(&str, &str); 3] = [
    ("HOOK_IN_THE_CLEAR", "http://hooks.slack.com/services/T/B/x"),
    ("SLACK_BOT_TOKEN", "xoxb-123-456-secret"),
    ("SIGNING_SECRET", "whsec_not base64, hunter2"),
];

fn files() -> Vec<PathBuf> {
    let folder = repository("tests/it/mistakes");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .collect();
    files.sort();
    files
}

#[test]
fn every_mistake_is_told_at_its_place_with_the_known_names_and_a_hint() {
    let files = files();
    assert!(files.len() >= 20, "{}", files.len());
    let mut different = Vec::new();
    for file in files {
        let folder = TempDir::new().expect("a folder");
        fs::copy(&file, folder.path().join("alerts.toml")).expect("a copy");
        let output = monitor(folder.path()).args(["check"]).envs(ENVIRONMENT).run();
        let expected = fs::read_to_string(file.with_extension("expected")).unwrap_or_default();
        if output.stderr != expected || output.code != Some(78) || !output.stdout.is_empty() {
            different.push(format!(
                "{}: exit {:?}\n--- told\n{}--- expected\n{expected}",
                file.display(),
                output.code,
                output.stderr
            ));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}

#[test]
fn a_secret_that_stands_in_the_file_is_not_repeated() {
    for (name, secret) in [
        ("secret_in_the_file", "secret\""),
        ("password_in_the_address", "hunter2"),
        ("slack_app_token_in_the_file", "secret\""),
        ("webhook_plain_text", "secret\""),
    ] {
        let expected = fs::read_to_string(repository(&format!("tests/it/mistakes/{name}.expected"))).expect("the file");
        assert!(expected.contains("****") && !expected.contains(secret), "{expected}");
    }
}

#[test]
fn ten_mistakes_are_ten_problems() {
    let expected = fs::read_to_string(repository("tests/it/mistakes/ten.expected")).expect("the file");
    assert_eq!(expected.lines().filter(|line| line.starts_with("error: ")).count(), 10);
}
