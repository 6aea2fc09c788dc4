//! How large crates and files may become, tests left out.

use crate::cargo::{Metadata, PROGRAMS};
use crate::finding::{Finding, judge};
use crate::source;

/// The most lines of one crate.
const MAX_CRATE: usize = 12_000;

/// The most lines of the middle one of all files.
const MAX_MEDIAN: usize = 140;

/// The most lines of a file that nine of ten files are not longer than.
const MAX_P90: usize = 340;

/// A crate with the lines of each of its files.
type Sizes = Vec<(String, Vec<(String, usize)>)>;

fn findings(sizes: &Sizes) -> Vec<Finding> {
    let mut found = Vec::new();
    for (name, files) in sizes {
        let lines: usize = files.iter().map(|(_, lines)| lines).sum();
        if lines > MAX_CRATE {
            found.push(Finding::new(
                name,
                format!("{name} has {lines} lines, {MAX_CRATE} are allowed: make a crate of a part of it"),
            ));
        }
    }
    let mut all: Vec<&(String, usize)> = sizes.iter().flat_map(|(_, files)| files).collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let longest: Vec<String> = all.iter().take(10).map(|(path, lines)| format!("{path} ({lines})")).collect();
    for (key, share, limit) in [("median", 50, MAX_MEDIAN), ("p90", 90, MAX_P90)] {
        // The file that `share` of a hundred are not longer than; they are sorted from the longest.
        let at = (all.len() * share).div_ceil(100);
        let Some((_, lines)) = at.checked_sub(1).and_then(|at| all.iter().rev().nth(at)) else { continue };
        if *lines > limit {
            let text = format!(
                "{share} % of {} files have up to {lines} lines, {limit} are allowed: split some of {}",
                all.len(),
                longest.join(", ")
            );
            found.push(Finding::new(key, text));
        }
    }
    found
}

#[test]
fn no_crate_and_no_file_grows_too_long() {
    let metadata = Metadata::load();
    let sizes = metadata.shipped(PROGRAMS).into_iter().map(|(name, package)| {
        (name.to_owned(), source::shipped(package).iter().map(|source| (source.path.clone(), source.lines)).collect())
    });
    judge("sizes", &findings(&sizes.collect()));
}

#[test]
fn a_crate_and_files_over_the_limits_are_refused() {
    let check = |lines: &[usize], expected: &[&str]| {
        let files = lines.iter().enumerate().map(|(at, lines)| (format!("{at}.rs"), *lines)).collect();
        let found = findings(&vec![("model".to_owned(), files)]);
        assert_eq!(found.iter().map(|finding| finding.key.as_str()).collect::<Vec<_>>(), expected, "{found:#?}");
    };
    check(&[], &[]);
    check(&[MAX_MEDIAN, MAX_MEDIAN, MAX_P90], &[]);
    check(&[MAX_MEDIAN + 1, MAX_MEDIAN + 1, 1], &["median"]);
    check(&[1, 1, MAX_P90 + 1], &["p90"]);
    check(&[1, 1, 1, 1, 1, 1, 1, 1, 1, MAX_P90 + 1], &[]);
    check(&[1, 1, 1, 1, 1, 1, 1, 1, 1, MAX_CRATE], &["model"]);
}
