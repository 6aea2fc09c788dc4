//! Each file in `mistakes/` is a configuration with one mistake (`ten.toml` has ten); the snapshot next to it is the
//! complete output. `INSTA_UPDATE=always cargo test --workspace --test it config_mistakes` writes them anew.

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
    for file in files {
        let folder = TempDir::new().expect("a folder");
        fs::copy(&file, folder.path().join("alerts.toml")).expect("a copy");
        let output = monitor(folder.path()).args(["check"]).envs(ENVIRONMENT).run();
        assert_eq!((output.code, output.stdout.as_str()), (Some(78), ""), "{}", file.display());
        let name = file.file_stem().expect("a name").to_string_lossy();
        insta::with_settings!({ snapshot_path => "mistakes", prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_snapshot!(name.as_ref(), output.stderr);
        });
    }
}

/// What the program says of a file in `mistakes/`.
fn expected_messages(name: &str) -> String {
    fs::read_to_string(repository(&format!("tests/it/mistakes/{name}.snap"))).expect("the snapshot")
}

#[test]
fn a_secret_that_stands_in_the_file_is_not_repeated() {
    for (name, secret) in [
        ("secret_in_the_file", "secret\""),
        ("password_in_the_address", "hunter2"),
        ("slack_app_token_in_the_file", "secret\""),
        ("webhook_plain_text", "secret\""),
    ] {
        let expected = expected_messages(name);
        assert!(expected.contains("****") && !expected.contains(secret), "{expected}");
    }
}

#[test]
fn ten_mistakes_are_ten_problems() {
    let expected = expected_messages("ten");
    assert_eq!(expected.lines().filter(|line| line.starts_with("error: ")).count(), 10);
}
