//! What is shipped: the features of the program when it is built alone, its profile, and `deploy/api/template.yaml`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use onestep_api::jobs::{JobRequest, ReminderTime};
use serde_json::Value;

fn template() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/api/template.yaml")).unwrap()
}

/// What follows a key, which stands once in the template.
fn value(template: &str, key: &str) -> String {
    let mut found = template.lines().filter_map(|line| line.trim().strip_prefix(key)?.strip_prefix(": "));
    let value = found.next().unwrap_or_else(|| panic!("no {key}"));
    assert_eq!(found.next(), None, "{key} stands twice");
    value.to_owned()
}

#[test]
fn the_schedule_sends_what_the_program_understands_when_reminders_are_due() {
    let template = template();
    let input =
        value(&template, "Input").trim_matches('\'').replace("<aws.scheduler.scheduled-time>", "2026-11-22T23:00:00Z");
    let order = JobRequest::read(&serde_json::from_str::<Value>(&input).unwrap()).unwrap().unwrap();
    assert_eq!(order, JobRequest::Reminders { at: None, time: Some("2026-11-22T23:00:00Z".parse().unwrap()) });
    let hours: Vec<String> = ReminderTime::ALL
        .iter()
        .map(|slot| slot.at().trim_end_matches(":00").trim_start_matches('0').to_owned())
        .collect();
    assert_eq!(value(&template, "ScheduleExpression"), format!("cron(0 {} * * ? *)", hours.join(",")));
    assert_eq!(value(&template, "ScheduleExpressionTimezone"), "Asia/Seoul");
}

#[test]
fn the_role_allows_what_the_store_does_and_nothing_else() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/dynamodb");
    let code: String =
        fs::read_dir(folder).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect();
    // The table is made by the template, and looked for only by the command line.
    let calls = [
        ("dynamodb:GetItem", ".get_item()"),
        ("dynamodb:BatchGetItem", ".batch_get_item()"),
        ("dynamodb:Query", ".query()"),
        ("dynamodb:Scan", ".scan()"),
        ("dynamodb:PutItem", ".put_item()"),
        ("dynamodb:PutItem", "TransactWriteItem::builder().put("),
        ("dynamodb:UpdateItem", ".update_item()"),
        ("dynamodb:UpdateItem", "TransactWriteItem::builder().update("),
        ("dynamodb:DeleteItem", ".delete_item()"),
        ("dynamodb:DeleteItem", "TransactWriteItem::builder().delete("),
        ("dynamodb:BatchWriteItem", ".batch_write_item()"),
        ("dynamodb:ConditionCheckItem", ".condition_check("),
    ];
    let used: BTreeSet<&str> =
        calls.into_iter().filter(|(_, call)| code.contains(call)).map(|(action, _)| action).collect();
    let template = template();
    let allowed = template.lines().find_map(|line| line.trim().strip_prefix("Action: [dynamodb:")).unwrap();
    let allowed: BTreeSet<String> = allowed
        .trim_end_matches(']')
        .split(", ")
        .map(|action| format!("dynamodb:{}", action.trim_start_matches("dynamodb:")))
        .collect();
    assert_eq!(allowed.iter().map(String::as_str).collect::<BTreeSet<_>>(), used);
}

#[test]
fn the_table_has_the_keys_that_the_store_reads() {
    let item = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store/dynamodb/item.rs")).unwrap();
    for (name, kind) in [("pk", "HASH"), ("sk", "RANGE")] {
        assert!(item.contains(&format!("= \"{name}\"")), "{name}");
        assert!(template().contains(&format!("{{AttributeName: {name}, KeyType: {kind}}}")), "{name}");
    }
}

/// Features that the code relies on when it runs and that no compiler asks for. In the workspace, other packages bring
/// them too.
const NEEDED: [(&str, &str, &str); 3] = [
    ("tracing-subscriber", "ansi", "colours in a terminal panic without it"),
    ("tracing-subscriber", "env-filter", "RUST_LOG"),
    ("reqwest", "charset", "answers in another encoding than UTF-8"),
];

#[test]
fn the_program_built_alone_has_the_features_that_it_relies_on() {
    let mut tree = Command::new(env!("CARGO"));
    tree.args([
        "tree",
        "--offline",
        "--package",
        "onestep-api",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}|{f}",
    ]);
    let output = tree.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).unwrap();
    for (package, feature, reason) in NEEDED {
        let found = tree
            .lines()
            .filter_map(|line| line.split_once('|'))
            .find(|(name, _)| name.split(' ').next() == Some(package));
        let (_, features) = found.unwrap_or_else(|| panic!("{package} is no dependency"));
        let features: Vec<&str> = features.trim_end_matches(" (*)").split(',').collect();
        assert!(features.contains(&feature), "{package} without {feature}: {reason}; it has {features:?}");
    }
}

#[test]
fn the_profile_for_lambda_unwinds_so_that_a_panic_is_one_answer_and_not_the_end_of_the_process() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml")).unwrap();
    let (_, small) = manifest.split_once("[profile.small]").unwrap();
    let small = small.split("\n[").next().unwrap();
    assert!(!small.contains("panic"), "{small}");
}
