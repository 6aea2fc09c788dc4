//! Which crate may know which. Cargo refuses circles; this refuses an arrow that was not decided.

use std::collections::BTreeSet;

use crate::cargo::{Metadata, Tree, top};
use crate::deny::Deny;
use crate::finding::{Finding, judge};
use crate::source;

/// Each crate of the workspace with those it may depend on, when it is built and when it runs.
const ARROWS: &[(&str, &[&str])] = &[
    ("shared-features", &[]),
    ("monitor-warmup", &[]),
    ("clock", &[]),
    ("tls", &["shared-features"]),
    ("model", &[]),
    ("lambda-log", &["model"]),
    ("billing", &["model"]),
    ("account", &["model", "billing"]),
    ("chain", &["model", "account"]),
    ("probe", &["tls", "model", "account", "chain", "shared-features"]),
    ("warmth", &["model"]),
    ("package", &["model"]),
    ("setup", &["model", "account", "billing"]),
    ("alerting", &["model", "lambda-log", "billing", "account", "chain"]),
    ("report", &["model", "lambda-log", "billing", "account", "chain", "alerting"]),
    ("aws", &["clock", "tls", "model", "lambda-log", "billing", "account"]),
    ("store", &["model", "lambda-log", "billing", "account", "alerting"]),
    ("notify", &["tls", "model", "lambda-log", "billing", "account", "alerting"]),
    (
        "source",
        &[
            "clock",
            "tls",
            "model",
            "lambda-log",
            "billing",
            "account",
            "chain",
            "probe",
            "alerting",
            "aws",
            "monitor-warmup",
            "warmth",
        ],
    ),
    (
        "monitor",
        &[
            "clock",
            "model",
            "lambda-log",
            "billing",
            "account",
            "alerting",
            "chain",
            "probe",
            "tls",
            "report",
            "aws",
            "store",
            "notify",
            "source",
            "setup",
            "monitor-warmup",
            "shared-features",
            "warmth",
            "package",
        ],
    ),
    ("onestep-core", &[]),
    ("onestep-api", &["monitor-warmup", "onestep-core", "shared-features"]),
    ("test-stack", &[]),
    ("house", &[]),
];

/// What every crate may depend on for its tests, besides what it may depend on anyway.
const FOR_TESTS: &[&str] = &["test-stack"];

/// Crates without input and output: they wait for nothing, log nothing and leave nothing to chance.
const PURE: &[&str] =
    &["model", "lambda-log", "billing", "account", "chain", "warmth", "setup", "alerting", "onestep-core"];

/// What a pure crate must not be built with, not even by way of others. `*` stands for any end.
const IMPURE: &[&str] = &[
    "tokio",
    "reqwest",
    "sqlx",
    "rusqlite",
    "aws-config",
    "aws-runtime",
    "aws-sdk-*",
    "aws-sigv4",
    "aws-smithy-*",
    "aws-types",
    "lettre",
    "tracing",
    "fastrand",
];

/// A dependency of one crate of the workspace on another.
struct Arrow<'a> {
    from: &'a str,
    to: &'a str,
    only_for_tests: bool,
}

fn undecided(table: &[(&str, &[&str])], crates: &[&str], arrows: &[Arrow<'_>]) -> Vec<Finding> {
    let row = |name: &str| table.iter().find(|(crate_name, _)| *crate_name == name).map(|(_, below)| *below);
    let missing = crates.iter().filter(|name| row(name).is_none());
    let missing = missing.map(|name| {
        Finding::new(
            *name,
            format!("{name} is in no row of ARROWS (house/tests/it/arrows.rs): decide what it may depend on"),
        )
    });
    let refused = arrows.iter().filter_map(|Arrow { from, to, only_for_tests }| {
        let allowed = row(from)?.contains(to) || (*only_for_tests && FOR_TESTS.contains(to));
        let fix = "move what is needed into a crate that both may know, or decide for the arrow in ARROWS (house/tests/it/arrows.rs)";
        (!allowed).then(|| Finding::new(format!("{from} -> {to}"), format!("{from} may not depend on {to}: {fix}")))
    });
    missing.chain(refused).collect()
}

fn impure(name: &str, tree: &Tree) -> Vec<Finding> {
    let banned = |found: &str| {
        IMPURE.iter().any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => found.starts_with(start),
            None => found == *pattern,
        })
    };
    let found: BTreeSet<&str> = tree
        .target
        .keys()
        .map(|found| found.split(' ').next().unwrap_or(found))
        .filter(|found| banned(found))
        .collect();
    let text = |found: &str| {
        format!(
            "{name} is pure and must not be built with {found}: see `cargo tree -p {name} -e normal -i {found}`, and hand in what it needs instead"
        )
    };
    found.into_iter().map(|found| Finding::new(format!("{name} with {found}"), text(found))).collect()
}

/// `lints` is the text of its clippy.toml, `wanted` that of `house/pure.clippy.toml`.
fn without_lints(name: &str, lints: Option<&str>, wanted: &str) -> Option<Finding> {
    let what = match lints {
        Some(lints) if lints == wanted => return None,
        Some(_) => "a clippy.toml that differs from",
        None => "no clippy.toml like",
    };
    let text = format!("{name} is pure and has {what} house/pure.clippy.toml: copy that file into its folder");
    Some(Finding::new(format!("{name} without lints"), text))
}

#[test]
fn crates_depend_only_on_crates_that_were_decided_for() {
    let metadata = Metadata::load();
    let members = metadata.members();
    let arrows: Vec<Arrow<'_>> = members
        .values()
        .flat_map(|package| {
            metadata.dependencies(&package.id).iter().map(|dependency| (package.name.as_str(), dependency))
        })
        .map(|(from, dependency)| (from, metadata.package(&dependency.pkg).name.as_str(), dependency))
        .filter(|(_, to, _)| members.contains_key(to))
        .map(|(from, to, dependency)| Arrow {
            from,
            to,
            only_for_tests: !dependency.is(None) && !dependency.is(Some("build")),
        })
        .collect();
    let mut findings = undecided(ARROWS, &members.keys().copied().collect::<Vec<_>>(), &arrows);
    let platforms = Deny::load().graph.targets;
    for name in PURE.iter().filter(|name| members.contains_key(**name)) {
        let wanted = source::text(&top().join("house/pure.clippy.toml"));
        let lints = std::fs::read_to_string(members[name].folder().join("clippy.toml")).ok();
        findings.extend(without_lints(name, lints.as_deref(), &wanted));
        findings.extend(
            platforms.iter().flat_map(|platform| impure(name, &Tree::load(&["--package", name], "normal", platform))),
        );
    }
    findings.sort();
    findings.dedup();
    judge("arrows", &findings);
}

#[test]
fn an_arrow_that_was_not_decided_for_is_refused() {
    let table: &[(&str, &[&str])] = &[("model", &[]), ("store", &["model"]), ("test-stack", &[])];
    let check = |crates: &[&str], from: &str, to: &str, only_for_tests: bool, expected: &[&str]| {
        let found = undecided(table, crates, &[Arrow { from, to, only_for_tests }]);
        assert_eq!(found.iter().map(|finding| finding.key.as_str()).collect::<Vec<_>>(), expected);
    };
    let crates = ["model", "store", "test-stack"];
    check(&crates, "store", "model", false, &[]);
    check(&crates, "model", "store", false, &["model -> store"]);
    check(&crates, "model", "store", true, &["model -> store"]);
    check(&crates, "model", "test-stack", true, &[]);
    check(&crates, "model", "test-stack", false, &["model -> test-stack"]);
    check(&["chain", "model"], "model", "model", false, &["chain", "model -> model"]);
}

#[test]
fn a_pure_crate_is_not_built_with_an_impure_one_by_way_of_another() {
    let tree = Tree::parse(
        "0|model v0.1.0 (/a)|\n1|b v1.0.0|\n2|aws-types v1.0.0|\n2|awsome v1.0.0|\n2|tokio-util v1.0.0|\n2|tokio v1.0.0|rt\n",
    );
    let keys: Vec<String> = impure("model", &tree).into_iter().map(|finding| finding.key).collect();
    assert_eq!(keys, ["model with aws-types", "model with tokio"]);
}

#[test]
fn a_pure_crate_without_the_lints_is_refused() {
    assert_eq!(without_lints("model", Some("a = 1"), "a = 1"), None);
    assert_eq!(without_lints("model", Some("a = 2"), "a = 1").expect("a finding").key, "model without lints");
    assert_eq!(without_lints("model", None, "a = 1").expect("a finding").key, "model without lints");
}

#[test]
fn the_table_has_no_circle_and_pure_crates_stand_on_pure_ones() {
    for (at, (name, below)) in ARROWS.iter().enumerate() {
        for other in *below {
            let place = ARROWS.iter().position(|(name, _)| name == other);
            assert!(place.is_some_and(|place| place < at), "{name} -> {other}: {other} has no row above");
            assert!(!PURE.contains(name) || PURE.contains(other), "{name} is pure, {other} is not");
        }
    }
}
