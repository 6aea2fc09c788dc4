//! Manifests of the legacy Cost and Usage Report: which files are the newest delivery of a month, and how many there
//! are (<https://docs.aws.amazon.com/cur/latest/userguide/understanding-report-versions.html>).

use std::collections::BTreeSet;

use serde::Deserialize;

use super::layout::{ExportFile, is_manifest, period_folder};

/// A manifest of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportManifest {
    path: String,
    /// The keys of its files in the bucket.
    keys: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ManifestText {
    report_keys: Option<Vec<String>>,
}

/// Reads a manifest. `None` if it is one of another kind of export.
///
/// # Errors
/// If it is damaged: which files count is unknown then.
pub fn read(path: &str, text: &[u8]) -> Result<Option<ReportManifest>, String> {
    let read: ManifestText = serde_json::from_slice(text)
        .map_err(|error| format!("the manifest cannot be read ({error}); copy it again completely"))?;
    Ok(read.report_keys.map(|keys| ReportManifest { path: path.to_owned(), keys }))
}

/// Splits files into those that count and those of earlier deliveries.
///
/// # Errors
/// If a manifest names a file that is not there.
pub fn select(
    all: Vec<ExportFile>,
    manifests: &[ReportManifest],
) -> Result<(Vec<ExportFile>, Vec<ExportFile>), String> {
    let there: BTreeSet<&str> = all.iter().map(|file| file.path.as_str()).collect();
    let mut replaced = BTreeSet::new();
    for manifest in manifests {
        let folder = parent(&manifest.path);
        let period = period_folder(&manifest.path).unwrap_or(folder);
        // Each delivery has a copy of its manifest in its folder; the one above them is of the newest.
        if folder != period && manifests.iter().any(|other| parent(&other.path) == period) {
            continue;
        }
        let named: Vec<String> = manifest.keys.iter().map(|key| below(period, key)).collect();
        let is_there = |path: &String| there.contains(path.as_str());
        // Who has copied the manifest alone, or has other names for the files, is not told apart.
        if !named.iter().any(is_there) {
            continue;
        }
        if let Some(missing) = named.iter().find(|path| !is_there(path)) {
            return Err(format!(
                "`{}` names {} files, but `{missing}` is not there; copy the whole folder",
                manifest.path,
                named.len()
            ));
        }
        if period_folder(&manifest.path).is_some() && folder == period {
            let in_period = |path: &str| path.strip_prefix(period).is_some_and(|rest| rest.starts_with('/'));
            let others = all.iter().map(|file| &file.path).filter(|path| in_period(path) && !is_manifest(path));
            replaced.extend(others.filter(|path| !named.contains(path)).cloned());
        }
    }
    Ok(all.into_iter().partition(|file| !replaced.contains(&file.path)))
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The path of a key of the bucket in a folder of a month, or beside the manifest.
fn below(folder: &str, key: &str) -> String {
    let rest = match period_folder(key) {
        Some(period) if period_folder(&format!("{folder}/x")).is_some() => key.get(period.len() + 1..).unwrap_or(key),
        _ => key.rsplit_once('/').map_or(key, |(_, name)| name),
    };
    if folder.is_empty() { rest.to_owned() } else { format!("{folder}/{rest}") }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    const PERIOD: &str = "cur/costs/20230601-20230701";

    /// Files and manifests with their keys, and those that were replaced, or what is missing.
    fn check(files: &[&str], manifests: &[(&str, &[&str])], expected: Result<&[&str], &str>) {
        let file = |path: &&str| ExportFile {
            path: (*path).to_owned(),
            size: 9,
            modified: DateTime::UNIX_EPOCH,
            tag: String::new(),
        };
        let manifests: Vec<ReportManifest> = manifests
            .iter()
            .map(|(path, keys)| {
                let text = serde_json::json!({"reportKeys": keys, "assemblyId": "b"}).to_string();
                read(path, text.as_bytes()).unwrap().unwrap()
            })
            .collect();
        let found = select(files.iter().map(file).collect(), &manifests)
            .map(|(_, replaced)| replaced.into_iter().map(|file| file.path).collect::<Vec<_>>());
        let expected = expected.map(|paths| paths.iter().map(|path| (*path).to_owned()).collect());
        assert_eq!(found, expected.map_err(str::to_owned), "{files:?}");
    }

    #[test]
    fn a_manifest_says_which_delivery_counts_and_how_many_files_it_has() {
        let (top, a, b) = (
            format!("{PERIOD}/costs-Manifest.json"),
            format!("{PERIOD}/a-0/costs-1.csv.gz"),
            format!("{PERIOD}/b-1/costs-1.csv.gz"),
        );
        let key = "bucket-prefix/costs/20230601-20230701/b-1/costs-1.csv.gz";
        check(&[&a, &b, &top], &[(&top, &[key])], Ok(&[&a]));
        let copy = format!("{PERIOD}/a-0/costs-Manifest.json");
        check(&[&a, &b], &[(&top, &[key]), (&copy, &["x/costs/20230601-20230701/a-0/costs-1.csv.gz"])], Ok(&[&a]));
        let second = "bucket-prefix/costs/20230601-20230701/b-1/costs-2.csv.gz";
        let missing =
            format!("`{top}` names 2 files, but `{PERIOD}/b-1/costs-2.csv.gz` is not there; copy the whole folder");
        check(&[&a, &b], &[(&top, &[key, second])], Err(&missing));
        // Copied without the folders.
        check(&["costs-1.csv.gz", "may.csv.gz"], &[("costs-Manifest.json", &[key])], Ok(&[]));
        check(
            &["costs-1.csv.gz"],
            &[("costs-Manifest.json", &[key, second])],
            Err("`costs-Manifest.json` names 2 files, but `costs-2.csv.gz` is not there; copy the whole folder"),
        );
        check(&["other.csv"], &[("costs-Manifest.json", &[key])], Ok(&[]));
        assert_eq!(read("x-Manifest.json", br#"{"dataFiles": []}"#), Ok(None));
        for damaged in [&br#"{"reportKeys": ["a.csv"#[..], br#"{"reportKeys": 3}"#, b""] {
            let error = read("x-Manifest.json", damaged).unwrap_err();
            assert!(error.starts_with("the manifest cannot be read"), "{error}");
        }
    }
}
