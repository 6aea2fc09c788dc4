//! Which patterns cover functions: all of them where that is possible, and groups of names as examples.

use std::collections::{BTreeMap, BTreeSet};

use account::map::MapKind;

use super::found::FoundAccount;

/// The group that a function logs to if nothing else is set.
const DEFAULT_GROUP: &str = "/aws/lambda/";
/// The class of log groups that can be read.
const READABLE: &str = "STANDARD";

/// The patterns for `read.lambda_logs`, and the functions whose log group is of a class that AWS does not let be read:
/// one of them would make the whole source fail.
pub(super) fn log_patterns(found: &FoundAccount) -> (Vec<String>, Vec<String>) {
    let groups = found.resources(MapKind::LogGroup).unwrap_or_default();
    let unreadable: BTreeSet<&str> = groups
        .iter()
        .filter(|group| group.setting("class").is_some_and(|class| class != READABLE))
        .map(|group| group.id.as_str())
        .collect();
    let functions = found.resources(MapKind::Function).unwrap_or_default();
    let skipped: BTreeSet<&str> = functions
        .iter()
        .filter(|function| function.setting("log_group").is_some_and(|group| unreadable.contains(group)))
        .map(|function| function.id.as_str())
        .chain(unreadable.iter().filter_map(|group| group.strip_prefix(DEFAULT_GROUP)))
        .collect();
    if skipped.is_empty() {
        return (vec!["*".to_owned()], vec![]);
    }
    // A name without a log group would fail as well.
    let exists: BTreeSet<&str> = groups.iter().map(|group| group.id.as_str()).collect();
    let read = functions
        .iter()
        .filter(|function| !skipped.contains(function.id.as_str()))
        .filter(|function| function.setting("log_group").is_some_and(|group| exists.contains(group)));
    let read: Vec<&str> = read.map(|function| function.id.as_str()).collect();
    let mut patterns = Vec::new();
    for (start, names) in groups_of(&read) {
        let is_safe = !skipped.iter().any(|name| name.starts_with(start));
        match (names.len(), is_safe) {
            (2.., true) => patterns.push(format!("{start}*")),
            _ => patterns.extend(names.into_iter().map(str::to_owned)),
        }
    }
    (patterns, skipped.into_iter().map(str::to_owned).collect())
}

/// The largest groups of functions whose names begin alike, as patterns with their sizes.
pub(super) fn largest_groups(names: &[&str], most: usize) -> Vec<(String, usize)> {
    let groups = groups_of(names).into_iter().filter(|(_, names)| names.len() > 1);
    let mut groups: Vec<(String, usize)> = groups.map(|(start, names)| (format!("{start}*"), names.len())).collect();
    groups.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    groups.truncate(most);
    groups
}

/// Names by their first word, its separator included; a name of one word is a group of its own.
fn groups_of<'a>(names: &[&'a str]) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for name in names {
        let start = name.find(['-', '_']).and_then(|at| name.get(..=at)).unwrap_or(name);
        groups.entry(start).or_default().push(name);
    }
    groups
}
