//! What is tested is what is shipped: `cargo test` builds every crate of a program with the features that `cargo build`
//! gives it.

use std::collections::{BTreeMap, BTreeSet};

use crate::cargo::{FEATURES, Tree};
use crate::deny::Deny;
use crate::finding::{Finding, judge};

/// Each program, how it is built (as for `cargo build`), and how it is tested (as for `cargo test`). `.ci/run` has the
/// same.
const RUNS: &[(&str, &[&str], &[&str])] = &[
    ("monitor", &["--package", "monitor"], &["--workspace"]),
    ("onestep-api", &["--package", "onestep-api"], &["--workspace"]),
];

/// `ship` as it is built, `test` as it is tested.
fn differences(program: &str, ship: &Tree, test: &Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, shipped) in &ship.target {
        let tested = test.target.get(name).cloned().unwrap_or_default();
        if *shipped != tested {
            let (shipped, tested) = (split(shipped), split(&tested));
            let only = |these: &BTreeSet<String>, those: &BTreeSet<String>, sign: &str| -> String {
                these.difference(those).map(|feature| format!(" {sign}{feature}")).collect()
            };
            let (only_tested, only_shipped) = (only(&tested, &shipped, "+"), only(&shipped, &tested, "-"));
            let key = format!("{program}: {}{only_tested}{only_shipped}", without_version(name));
            let fix = format!("turn on in {FEATURES}/Cargo.toml what {program} lacks, or take it from the tests");
            let text = format!(
                "{program}: {name} has features only in tests (+) or only shipped (-):{only_tested}{only_shipped}; {fix}"
            );
            found.push(Finding::new(key, text));
        }
    }
    // Crates that run in the compiler or in build scripts: not shipped, but built twice if they differ.
    let named: BTreeMap<&String, &BTreeSet<String>> = ship.target.iter().collect();
    let again = ship
        .all
        .difference(&test.all)
        .filter(|(name, features)| !named.get(name).is_some_and(|target| target.contains(features)));
    found.extend(again.map(|(name, features)| {
        let text = format!(
            "{program}: {name} is built for macros or build scripts with features that the tests do not build: {features}; `cargo build` builds it again"
        );
        Finding::new(format!("{program}: {} for the compiler", without_version(name)), text)
    }));
    found
}

fn without_version(name: &str) -> &str {
    name.split(' ').next().unwrap_or(name)
}

fn split(sets: &BTreeSet<String>) -> BTreeSet<String> {
    sets.iter().flat_map(|set| set.split(',')).filter(|feature| !feature.is_empty()).map(str::to_owned).collect()
}

/// Crates that run in the program and those of macros and build scripts.
fn tree(selection: &[&str], dev: &str, platform: &str) -> Tree {
    let program = Tree::load(selection, &format!("normal{dev}"), platform);
    let all = Tree::load(selection, &format!("normal,build{dev}"), platform).all;
    Tree { target: program.target, all }
}

#[test]
fn what_is_tested_is_what_is_shipped() {
    let platforms = Deny::load().graph.targets;
    let mut findings = Vec::new();
    for (program, build, test) in RUNS {
        for platform in &platforms {
            findings.extend(differences(program, &tree(build, "", platform), &tree(test, ",dev", platform)));
        }
    }
    findings.sort();
    findings.dedup();
    judge("features", &findings);
}

#[test]
fn a_feature_that_only_tests_turn_on_is_refused_with_its_name() {
    let ship = "0|monitor v0.1.0 (/a)|\n1|regex v1.0.0|perf,std\n1|serde v1.0.0|std\n";
    let check = |test: &str, expected: &[&str]| {
        let found = differences("monitor", &Tree::parse(ship), &Tree::parse(test));
        assert_eq!(found.iter().map(|finding| finding.key.as_str()).collect::<Vec<_>>(), expected, "{found:#?}");
    };
    check(&format!("{ship}0|house v0.1.0 (/b)|\n1|syn v2.0.0|full\n"), &[]);
    let more = ship.replace("perf,std", "perf,std,unicode-case");
    check(&more, &["monitor: regex +unicode-case"]);
    check(&ship.replace("perf,std", "std"), &["monitor: regex -perf"]);
    check(&ship.replace("1|serde v1.0.0|std\n", ""), &["monitor: serde -std"]);
    // A macro's regex has the features that the program lacks, and hides nothing.
    let by_macro = format!("{more}1|utoipa-gen v1.0.0 (proc-macro)|\n2|regex v1.0.0|perf,std\n");
    check(&by_macro, &["monitor: regex +unicode-case"]);
}

#[test]
fn a_crate_that_only_a_macro_needs_is_refused_where_it_is_built_twice() {
    let with = |features: &str| {
        format!("0|monitor v0.1.0 (/a)|\n1|maud_macros v1.0.0 (proc-macro)|\n2|syn v2.0.0|{features}\n")
    };
    let keys = |ship: &str, test: &str| {
        differences("monitor", &Tree::parse(ship), &Tree::parse(test))
            .into_iter()
            .map(|finding| finding.key)
            .collect::<Vec<_>>()
    };
    assert_eq!(keys(&with("full"), &with("full")), Vec::<String>::new());
    assert_eq!(keys(&with("full"), &with("full,visit")), ["monitor: syn for the compiler"]);
}
