//! One name for one thing: types of all crates, and the terms of `GLOSSARY.md`.

use std::collections::BTreeMap;
use std::fs;

use crate::cargo::{Metadata, top};
use crate::finding::{Finding, judge};
use crate::source;

/// Names that more than one type may have, each with its reason.
const SHARED: &[(&str, &str)] = &[];

/// The most terms of the glossary.
const MAX_TERMS: usize = 60;

/// A public type and where it is: path and line.
type Type = (String, String);

fn types(all: &[Type], shared: &[(&str, &str)]) -> Vec<Finding> {
    let mut places: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, place) in all {
        places.entry(name).or_default().push(place);
    }
    let allowed = |name: &str| shared.iter().any(|(shared, _)| *shared == name);
    let twice = places.iter().filter(|(name, places)| places.len() > 1 && !allowed(name));
    let twice = twice.map(|(name, places)| {
        let text =
            format!("{} public types are called {name}: {}; say of each what it is", places.len(), places.join(", "));
        Finding::new(format!("{name} ({})", places.len()), text)
    });
    let idle = shared.iter().filter(|(name, _)| places.get(name).is_none_or(|places| places.len() < 2));
    let idle = idle.map(|(name, _)| {
        Finding::new(
            *name,
            format!("{name} is not shared any more: delete its row of SHARED (house/tests/it/names.rs)"),
        )
    });
    twice.chain(idle).collect()
}

/// The first cells of the table in a glossary.
fn terms(text: &str) -> Vec<String> {
    let cell = |line: &str| {
        line.trim()
            .strip_prefix('|')
            .and_then(|rest| rest.split('|').next())
            .map(|cell| cell.trim().trim_matches(['`', '*']).to_owned())
    };
    let rows = text.lines().filter_map(cell);
    rows.filter(|cell| cell != "term" && !cell.chars().all(|sign| "-: ".contains(sign))).collect()
}

fn glossary(text: Option<&str>) -> Vec<Finding> {
    let Some(text) = text else {
        return vec![Finding::new(
            "GLOSSARY.md",
            "GLOSSARY.md is missing: write it, a table with the head `| term | meaning |`",
        )];
    };
    let terms = terms(text);
    let mut found = Vec::new();
    if terms.is_empty() {
        found.push(Finding::new("GLOSSARY.md", "GLOSSARY.md has no row `| term | meaning |`"));
    }
    if terms.len() > MAX_TERMS {
        found.push(Finding::new(
            "GLOSSARY.md",
            format!("GLOSSARY.md has {} terms, {MAX_TERMS} are allowed: leave out what a reader knows", terms.len()),
        ));
    }
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for term in terms {
        *times.entry(term.to_lowercase()).or_default() += 1;
    }
    let twice = times.into_iter().filter(|(_, times)| *times > 1);
    found.extend(twice.map(|(term, times)| {
        Finding::new(format!("GLOSSARY.md: {term}"), format!("GLOSSARY.md has {times} rows for {term:?}: keep one"))
    }));
    found
}

#[test]
fn a_name_means_one_thing() {
    let metadata = Metadata::load();
    let mut all = Vec::new();
    for package in metadata.shipped(&["monitor"]).into_values() {
        for source in source::shipped(package).iter() {
            let types = source.scopes.values().flat_map(|scope| &scope.public_types);
            all.extend(types.map(|(name, line)| (name.clone(), format!("{}:{line}", source.path))));
        }
    }
    let mut findings = types(&all, SHARED);
    findings.extend(glossary(fs::read_to_string(top().join("GLOSSARY.md")).ok().as_deref()));
    judge("names", &findings);
}

#[test]
fn a_second_type_of_the_same_name_is_refused() {
    let check = |names: &[&str], shared: &[(&str, &str)], expected: &[&str]| {
        let all: Vec<Type> =
            names.iter().enumerate().map(|(at, name)| ((*name).to_owned(), format!("a.rs:{at}"))).collect();
        let found = types(&all, shared);
        assert_eq!(found.iter().map(|finding| finding.key.as_str()).collect::<Vec<_>>(), expected, "{found:#?}");
    };
    check(&["Rule", "Incident"], &[], &[]);
    check(&["Rule", "Incident", "Rule"], &[], &["Rule (2)"]);
    check(&["Args", "Args"], &[("Args", "of each command")], &[]);
    check(&["Args"], &[("Args", "of each command")], &["Args"]);
}

#[test]
fn a_glossary_without_rows_with_too_many_or_with_a_term_twice_is_refused() {
    let check = |text: Option<&str>, expected: &[&str]| {
        let found = glossary(text);
        assert_eq!(found.iter().map(|finding| finding.key.as_str()).collect::<Vec<_>>(), expected, "{found:#?}");
    };
    let head = "# Words\n\n| term | meaning |\n|---|:--|\n";
    check(None, &["GLOSSARY.md"]);
    check(Some(head), &["GLOSSARY.md"]);
    check(Some(&format!("{head}| rule | a |\n| incident | b |\n")), &[]);
    check(Some(&format!("{head}| rule | a |\n| `Rule` | b |\n")), &["GLOSSARY.md: rule"]);
    let rows: String = (0..=MAX_TERMS).map(|at| format!("| term{at} | a |\n")).collect();
    check(Some(&format!("{head}{rows}")), &["GLOSSARY.md"]);
}
