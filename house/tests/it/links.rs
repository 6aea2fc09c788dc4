//! The links between documents lead somewhere.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cargo::top;
use crate::finding::{Finding, judge};

/// Folders that have documents.
const FOLDERS: &[&str] = &["", "api", "deploy", "deploy/api", "deploy/ci", "docs"];

/// The targets of the links of a document that are files of the repository, without what follows `#`.
fn targets(text: &str) -> Vec<&str> {
    let targets = text.split("](").skip(1).filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
    let files = targets.map(|target| target.split('#').next().unwrap_or(target));
    files.filter(|target| !target.is_empty() && !target.contains("://")).collect()
}

fn documents(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut all: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    all.sort();
    all
}

#[test]
fn every_link_of_a_document_leads_to_a_file() {
    let (mut found, mut links) = (Vec::new(), 0);
    for document in FOLDERS.iter().flat_map(|folder| documents(&top().join(folder))) {
        let text = fs::read_to_string(&document).expect("a document");
        let folder = document.parent().expect("a folder");
        let name = document.strip_prefix(top()).expect("a path of the repository").display();
        for target in targets(&text) {
            links += 1;
            if !folder.join(target).exists() {
                found
                    .push(Finding::new(format!("{name}: {target}"), format!("{name} links to {target}: no such file")));
            }
        }
    }
    assert!(links > 30, "only {links} links were found");
    judge("links", &found);
}

#[test]
fn only_links_to_files_are_looked_up() {
    let text = "[a](b.md#c), [d](https://e.test/f), [g](#h), `i](`";
    assert_eq!(targets(text), ["b.md"]);
}
