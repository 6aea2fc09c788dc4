//! Decides which files of a folder, or objects of a bucket, are an export, and which delivery of a month is the newest.
//!
//! AWS delivers a month into a folder `BILLING_PERIOD=2024-12`, in several files if it is long. If an export is set to
//! keep what it delivered before, each delivery is in a folder of its own in there, whose name begins with the time
//! (<https://docs.aws.amazon.com/cur/latest/userguide/dataexports-export-delivery.html>). Only the newest one counts:
//! each holds the whole month. A legacy report has a folder `20241201-20250101` for each month.

use std::collections::BTreeMap;

use chrono::{DateTime, Months, NaiveDate, Utc};

/// A file or an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExportFile {
    /// Its path below the folder or prefix, with `/` between its parts.
    pub path: String,
    /// Its size in bytes.
    pub size: u64,
    /// When it was last written, UTC.
    pub modified: DateTime<Utc>,
    /// Changes with its content, as far as that is known: an ETag; empty where there is none.
    pub tag: String,
}

/// What a folder holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExportLayout {
    /// The files that count, by what they are a part of: a month (its folder), or the empty text for all that are in no
    /// such folder.
    pub parts: BTreeMap<String, Vec<ExportFile>>,
    /// Files of earlier deliveries of a month.
    pub superseded: Vec<ExportFile>,
    /// Files that are no exports by their names.
    pub other: Vec<ExportFile>,
    /// Two deliveries of a month of which neither is known to be the newer one.
    pub tied: Option<(String, String)>,
}

/// The formats by the ends of names.
const ENDS: &[(&str, ExportFormat)] = &[
    (".csv", ExportFormat::Csv),
    (".csv.gz", ExportFormat::Csv),
    (".csv.gzip", ExportFormat::Csv),
    (".gz", ExportFormat::Csv),
    (".parquet", ExportFormat::Parquet),
    (".parq", ExportFormat::Parquet),
    (".json", ExportFormat::Json),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ExportFormat {
    Csv,
    Parquet,
    Json,
}

impl ExportLayout {
    /// Classifies files. Their order does not matter.
    pub fn of(found: impl IntoIterator<Item = ExportFile>) -> Self {
        let mut layout = Self::default();
        let mut months = BTreeMap::<String, BTreeMap<(String, ExportFormat), Vec<ExportFile>>>::new();
        for file in found {
            let lower = file.path.to_ascii_lowercase();
            let hidden = lower.split('/').any(|part| part.starts_with(['.', '_']));
            let format = ENDS
                .iter()
                .find(|(end, _)| lower.ends_with(end))
                .map(|(_, format)| *format)
                .filter(|_| !hidden && file.size > 0 && !is_manifest(&file.path));
            match (format, month(&file.path)) {
                (None, _) => layout.other.push(file),
                (Some(_), None) => layout.parts.entry(String::new()).or_default().push(file),
                (Some(format), Some((month, delivery))) => {
                    months.entry(month).or_default().entry((delivery, format)).or_default().push(file);
                }
            }
        }
        for (month, mut deliveries) in months {
            let newest = newest(&deliveries, is_legacy(&month));
            if is_legacy(&month) && layout.tied.is_none() {
                layout.tied = tied(&deliveries, newest.as_ref());
            }
            layout.parts.extend(newest.and_then(|newest| deliveries.remove(&newest)).map(|files| (month, files)));
            layout.superseded.extend(deliveries.into_values().flatten());
        }
        layout.parts.values_mut().for_each(|files| files.sort());
        layout.superseded.sort();
        layout.other.sort();
        layout
    }
}

impl ExportLayout {
    /// What seems to be there twice: two folders of the same month, as two exports of one account have them, two
    /// deliveries of a legacy report that were copied without their times, or two files outside such folders that differ
    /// only in how they are packed.
    pub fn twice(&self) -> Option<(&str, &str)> {
        if let Some((one, other)) = &self.tied {
            return Some((one, other));
        }
        let mut months = BTreeMap::<String, &str>::new();
        for part in self.parts.keys().filter(|part| !part.is_empty()) {
            let name = part.rsplit_once('/').map_or(part.as_str(), |(_, name)| name);
            if let Some(known) = months.insert(name.to_ascii_lowercase(), part) {
                return Some((known, part));
            }
        }
        let mut bare = BTreeMap::<&str, &str>::new();
        for file in self.parts.get("").into_iter().flatten() {
            if let Some(known) = bare.insert(stem(&file.path), &file.path) {
                return Some((known, &file.path));
            }
        }
        None
    }
}

/// A path without the ends that say how a file is packed.
fn stem(path: &str) -> &str {
    let lower = path.to_ascii_lowercase();
    let ends = [".csv", ".csv.gz", ".csv.gzip", ".gz", ".snappy.parquet", ".parquet", ".parq"];
    let longest = ends.iter().filter(|end| lower.ends_with(*end)).map(|end| end.len()).max().unwrap_or(0);
    path.get(..path.len() - longest).unwrap_or(path)
}

/// The folder of the month that a path is in, and that of the delivery below it, empty where there is none.
fn month(path: &str) -> Option<(String, String)> {
    const MARK: &str = "billing_period=";
    let end = match path.to_ascii_lowercase().find(MARK) {
        Some(at) => at + path.get(at..)?.find('/')?,
        None => period_folder(path)?.len(),
    };
    let delivery = path.get(end + 1..)?.rsplit_once('/').map(|(folder, _)| folder).unwrap_or_default();
    Some((path.get(..end)?.to_owned(), delivery.to_owned()))
}

/// Whether a file is a manifest by its name.
pub fn is_manifest(path: &str) -> bool {
    path.to_ascii_lowercase().ends_with("manifest.json")
}

/// The path up to a folder `20241201-20250101`, if it has one.
pub fn period_folder(path: &str) -> Option<&str> {
    let mut end = 0;
    let (folders, _) = path.rsplit_once('/')?;
    for part in folders.split('/') {
        end += part.len();
        if is_period(part) {
            return path.get(..end);
        }
        end += 1;
    }
    None
}

/// `20241201-20250101`: a month.
fn is_period(name: &str) -> bool {
    let day = |text: &str| NaiveDate::parse_from_str(text, "%Y%m%d").ok().filter(|_| text.len() == 8);
    let days = name.split_once('-').and_then(|(first, end)| day(first).zip(day(end)));
    days.is_some_and(|(first, end)| first.checked_add_months(Months::new(1)) == Some(end))
}

fn is_legacy(month: &str) -> bool {
    is_period(month.rsplit_once('/').map_or(month, |(_, name)| name))
}

/// Of deliveries in folders of their own the one whose name is last, because it begins with the time; between that and
/// files that are in no such folder, or of another format, the one that was written last. The folders of a legacy
/// report have names without an order.
fn newest(
    deliveries: &BTreeMap<(String, ExportFormat), Vec<ExportFile>>,
    is_legacy: bool,
) -> Option<(String, ExportFormat)> {
    let last_folder = deliveries.keys().map(|(folder, _)| folder.as_str()).max().unwrap_or_default();
    let written = |files: &[ExportFile]| files.iter().map(|file| file.modified).max();
    let candidates =
        deliveries.iter().filter(|((folder, _), _)| is_legacy || folder.is_empty() || folder == last_folder);
    candidates.max_by_key(|(key, files)| (written(files), *key)).map(|(key, _)| key.clone())
}

/// The first file of the newest delivery, and that of another one that was written at the same time.
fn tied(
    deliveries: &BTreeMap<(String, ExportFormat), Vec<ExportFile>>,
    newest: Option<&(String, ExportFormat)>,
) -> Option<(String, String)> {
    let written = |files: &[ExportFile]| files.iter().map(|file| file.modified).max();
    let first = |files: &[ExportFile]| files.first().map(|file| file.path.clone());
    let of_newest = deliveries.get(newest?)?;
    let mut others = deliveries.iter().filter(|(key, _)| Some(*key) != newest).map(|(_, files)| files);
    let other = others.find(|files| written(files) == written(of_newest))?;
    first(of_newest).zip(first(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, hour: i64) -> ExportFile {
        let modified = DateTime::from_timestamp(1_733_011_200 + hour * 3600, 0).unwrap();
        ExportFile { path: path.into(), size: 9, modified, tag: String::new() }
    }

    /// Sorts files, each with the hour it was written in, and gives the paths that count by part, and those that were
    /// superseded.
    fn check(files: &[(&str, i64)], counted: &[(&str, &[&str])], superseded: &[&str]) {
        let paths = |files: &[ExportFile]| -> Vec<String> { files.iter().map(|file| file.path.clone()).collect() };
        for turned in [false, true] {
            let mut all: Vec<ExportFile> = files.iter().map(|(path, hour)| found(path, *hour)).collect();
            if turned {
                all.reverse();
            }
            let layout = ExportLayout::of(all);
            let parts: Vec<(String, Vec<String>)> =
                layout.parts.iter().map(|(part, files)| (part.clone(), paths(files))).collect();
            let expected: Vec<(String, Vec<String>)> = counted
                .iter()
                .map(|(part, files)| ((*part).to_owned(), files.iter().map(|file| (*file).to_owned()).collect()))
                .collect();
            assert_eq!(
                (parts, paths(&layout.superseded)),
                (expected, superseded.iter().map(|path| (*path).to_owned()).collect()),
                "{files:?}"
            );
        }
    }

    #[test]
    fn what_is_there_twice_is_noticed() {
        for (files, twice) in [
            (["a/x.csv.gz", "a/x.snappy.parquet"], Some(("a/x.csv.gz", "a/x.snappy.parquet"))),
            (["x.csv", "x.csv.gz"], Some(("x.csv", "x.csv.gz"))),
            (["a/x.csv", "b/x.csv"], None),
            (
                ["cur/BILLING_PERIOD=2024-12/a.csv", "focus/billing_period=2024-12/b.csv"],
                Some(("cur/BILLING_PERIOD=2024-12", "focus/billing_period=2024-12")),
            ),
            (["x-1.csv", "x-2.csv"], None),
            (
                ["r/20241201-20250101/a/x.csv", "r/20241201-20250101/b/x.csv"],
                Some(("r/20241201-20250101/b/x.csv", "r/20241201-20250101/a/x.csv")),
            ),
        ] {
            assert_eq!(ExportLayout::of(files.map(|path| found(path, 0))).twice(), twice, "{files:?}");
        }
    }

    #[test]
    fn of_each_month_only_the_newest_delivery_counts() {
        check(
            &[("b.csv", 0), ("a/x.csv.gz", 0), ("notes.txt", 0), (".a.csv", 0)],
            &[("", &["a/x.csv.gz", "b.csv"])],
            &[],
        );
        check(
            &[
                ("e/data/BILLING_PERIOD=2024-12/e-00001.csv.gz", 0),
                ("e/data/BILLING_PERIOD=2024-12/e-00002.csv.gz", 1),
                ("e/data/BILLING_PERIOD=2024-11/e-00001.csv.gz", 9),
            ],
            &[
                ("e/data/BILLING_PERIOD=2024-11", &["e/data/BILLING_PERIOD=2024-11/e-00001.csv.gz"]),
                (
                    "e/data/BILLING_PERIOD=2024-12",
                    &["e/data/BILLING_PERIOD=2024-12/e-00001.csv.gz", "e/data/BILLING_PERIOD=2024-12/e-00002.csv.gz"],
                ),
            ],
            &[],
        );
        // A copy has lost the times, the names have not.
        check(
            &[
                ("billing_period=2024-12/20241202T100000Z-b/x.parquet", 5),
                ("billing_period=2024-12/20241203T100000Z-a/x.parquet", 5),
            ],
            &[("billing_period=2024-12", &["billing_period=2024-12/20241203T100000Z-a/x.parquet"])],
            &["billing_period=2024-12/20241202T100000Z-b/x.parquet"],
        );
        // A legacy report, whose folders have names without an order.
        check(
            &[
                ("r/20241201-20250101/b7/r-1.csv.gz", 1),
                ("r/20241201-20250101/a4/r-1.csv.gz", 2),
                ("r/20241201-20250101/r-Manifest.json", 2),
                ("r/20241201-20241231/r-1.csv.gz", 0),
            ],
            &[
                ("", &["r/20241201-20241231/r-1.csv.gz"]),
                ("r/20241201-20250101", &["r/20241201-20250101/a4/r-1.csv.gz"]),
            ],
            &["r/20241201-20250101/b7/r-1.csv.gz"],
        );
        // The export was changed from one format, or way of delivery, to another.
        check(
            &[
                ("BILLING_PERIOD=2024-12/x-00001.csv.gz", 1),
                ("BILLING_PERIOD=2024-12/x-00001.snappy.parquet", 2),
                ("BILLING_PERIOD=2024-12/2024-z/x.csv.gz", 0),
            ],
            &[("BILLING_PERIOD=2024-12", &["BILLING_PERIOD=2024-12/x-00001.snappy.parquet"])],
            &["BILLING_PERIOD=2024-12/2024-z/x.csv.gz", "BILLING_PERIOD=2024-12/x-00001.csv.gz"],
        );
    }
}
