//! `read.focus_export`: the charges of each day from the exports that AWS delivers to a bucket, or from copies of them
//! in a folder. A month with any change is read again completely, because each delivery holds the whole month.

use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alerting::observation::ObservationBody;
use async_trait::async_trait;
use aws::policy::{RequiredCall, ResourceScope};
use aws::{AwsClients, ExportBucket, ExportsApi, paging};
use billing::export::columns::ExportMetric;
use billing::export::layout::{ExportFile, ExportLayout};
use billing::regions::BilledRegions;
use chrono::{DateTime, TimeDelta, Utc};
use model::calendar::day_end;
use model::call_failure::{CallFailure, FailureKind};
use model::glob::NamePattern;
use model::settings::TableReader;
use model::span::Span;
use xxhash_rust::xxh3::xxh3_128;

use crate::billfile::{ExportError, ExportReader, find_export};
use crate::poll::{PollBuilder, PollOutput, Source, stored};
use crate::retry::Retry;
use billing::export::bill::ImportedBill;

/// The cursor of the regions. The others are paths of parts, none of which looks like this.
const REGIONS: &str = "::regions";
const METRICS: &[(&str, ExportMetric)] =
    &[("billed", ExportMetric::Billed), ("effective", ExportMetric::Effective), ("list", ExportMetric::List)];

/// The settings of `read.focus_export`.
#[derive(Debug, Clone)]
pub struct FocusExport {
    place: ExportLocation,
    metric: ExportMetric,
    /// How long after its end a day's figure may be compared with others.
    settle: Span,
}

#[derive(Debug, Clone)]
enum ExportLocation {
    Folder(PathBuf),
    Bucket(ExportBucket),
}

impl FocusExport {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let (path, bucket, region): (Option<PathBuf>, Option<String>, Option<String>) =
            (settings.optional("path"), settings.optional("bucket"), settings.optional("region"));
        let metric = if settings.has("metric") { settings.word("metric", METRICS) } else { Some(ExportMetric::Billed) };
        let settle = settings.or("settle", Span::hours(48));
        let place = match (path, bucket) {
            (Some(path), None) if path.is_absolute() => Some(ExportLocation::Folder(path)),
            (Some(_), None) => {
                settings.problem("path", "`read.focus_export.path` must be absolute", "must begin with `/`", None);
                None
            }
            (None, Some(bucket)) => {
                let read = bucket_at(&bucket, region.clone());
                if read.is_none() {
                    settings.problem(
                        "bucket",
                        "`read.focus_export.bucket` is not an S3 address",
                        "expected s3://bucket/prefix",
                        None,
                    );
                }
                read.map(ExportLocation::Bucket)
            }
            (Some(_), Some(_)) => {
                settings.problem(
                    "path",
                    "`read.focus_export` must not have both `bucket` and `path`",
                    "remove one of them",
                    None,
                );
                None
            }
            (None, None) => {
                if !settings.failed() {
                    settings.problem(
                        "bucket",
                        "`read.focus_export` needs `bucket` or `path`",
                        "missing",
                        Some("bucket = \"s3://bucket/prefix\" or path = \"/a/folder\"".into()),
                    );
                }
                None
            }
        };
        if region.is_some() && matches!(place, Some(ExportLocation::Folder(_))) {
            settings.problem("region", "`region` applies only to `bucket`", "remove it", None);
        }
        Some(Self { place: place?, metric: metric?, settle: settle? })
    }

    pub(super) fn calls(&self) -> Vec<RequiredCall> {
        let Some(ExportBucket { name, prefix, .. }) = self.bucket() else { return vec![] };
        let (name, prefix) = (name.clone(), prefix.clone());
        let objects = ResourceScope::Objects { bucket: name.clone(), prefix: prefix.clone() };
        vec![
            RequiredCall::about("s3:ListBucket", ResourceScope::Bucket { name, prefix }),
            RequiredCall::about("s3:GetObject", objects),
        ]
    }

    /// Where exports are read from; `None` for a folder.
    pub(super) fn bucket(&self) -> Option<&ExportBucket> {
        match &self.place {
            ExportLocation::Folder(_) => None,
            ExportLocation::Bucket(bucket) => Some(bucket),
        }
    }

    /// The same for another region. The bill is the account's.
    pub(super) fn elsewhere(self) -> Option<Self> {
        None
    }

    pub(super) fn functions(&self) -> &[NamePattern] {
        &[]
    }

    pub(super) fn source(self, name: String, account: &AwsClients) -> impl Source + use<> {
        FocusExportSource {
            name,
            settings: self,
            exports: Arc::clone(&account.exports),
            known: BTreeMap::new(),
            regions: BilledRegions::default(),
            changed: VecDeque::new(),
            listed: false,
            retry: Retry::default(),
        }
    }
}

/// `s3://bucket/prefix`; names of buckets have 3 to 63 small letters, digits, dots and hyphens.
fn bucket_at(address: &str, region: Option<String>) -> Option<ExportBucket> {
    let (name, prefix) = address.strip_prefix("s3://").map(|rest| rest.split_once('/').unwrap_or((rest, "")))?;
    let is_name = (3..=63).contains(&name.len())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-'));
    let prefix = prefix.trim_end_matches('/');
    let prefix = if prefix.is_empty() { String::new() } else { format!("{prefix}/") };
    is_name.then(|| ExportBucket { name: name.to_owned(), prefix, region })
}

struct FocusExportSource {
    name: String,
    settings: FocusExport,
    exports: Arc<dyn ExportsApi>,
    /// What each part looked like when it was last read.
    known: BTreeMap<String, String>,
    /// The regions that the bill has named.
    regions: BilledRegions,
    /// Parts that are to be read, each with what it looks like now.
    changed: VecDeque<(String, Vec<ExportFile>, String)>,
    /// Whether this poll knows what there is.
    listed: bool,
    /// The tries of the call that comes next.
    retry: Retry,
}

impl FocusExportSource {
    async fn layout(&self) -> Result<ExportLayout, CallFailure> {
        let bucket = match &self.settings.place {
            ExportLocation::Folder(path) => {
                let path = path.clone();
                return self.on_another_thread(move || find_export(&path)).await;
            }
            ExportLocation::Bucket(bucket) => bucket,
        };
        let exports = self.exports.as_ref();
        let objects = paging::all("s3:ListBucket", &bucket.name, |token| async move {
            exports.objects(bucket, token.as_deref()).await
        })
        .await?;
        let layout = ExportLayout::of(objects);
        if let Some((one, other)) = layout.twice() {
            let said = format!("`{one}` and `{other}` seem to be the same export");
            return Err(failure("s3:ListBucket", &bucket.name, said, "set the prefix to one of them"));
        }
        Ok(layout)
    }

    /// Reads files without holding up the loop: it takes seconds for a large account.
    async fn on_another_thread<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> Result<T, ExportError> + Send + 'static,
    ) -> Result<T, CallFailure> {
        match tokio::task::spawn_blocking(read).await {
            Ok(read) => read.map_err(|bad| unusable(&bad)),
            Err(error) => Err(failure("reading exports", &self.name, error.to_string(), "report this")),
        }
    }

    /// Reads what is to be read of a part.
    async fn part(&self, files: Vec<ExportFile>) -> Result<ImportedBill, CallFailure> {
        let metric = self.settings.metric;
        let mut reading = ExportReader::new(metric, Arc::new(|_| {}));
        let read: Box<dyn FnOnce() -> Result<ImportedBill, ExportError> + Send> = match &self.settings.place {
            ExportLocation::Folder(path) => {
                let path = path.clone();
                Box::new(move || reading.files(&path, &files).and_then(|()| reading.end()))
            }
            ExportLocation::Bucket(bucket) => {
                let mut fetched: Vec<(String, File, DateTime<Utc>)> = Vec::new();
                for object in &files {
                    let name = format!("s3://{}/{}{}", bucket.name, bucket.prefix, object.path);
                    let opened =
                        tokio::task::spawn_blocking(tempfile::tempfile).await.map_err(std::io::Error::other).flatten();
                    let mut file = opened.map_err(|error| {
                        failure("s3:GetObject", &name, error.to_string(), "free disk space for temporary files")
                    })?;
                    self.exports.fetch(bucket, object, &mut file).await?;
                    fetched.push((name, file, object.modified));
                }
                Box::new(move || {
                    for (name, file, written) in fetched {
                        reading.file(&name, file, written)?;
                    }
                    reading.end()
                })
            }
        };
        self.on_another_thread(read).await
    }

    /// Reads the next part that has changed.
    async fn next(&mut self, mut poll: PollBuilder<'_>) -> PollOutput {
        let Some((part, files, looks)) = self.changed.pop_front() else { return poll.done() };
        let now = poll.now;
        match self.part(files.clone()).await {
            Err(failure) if let Some(at) = self.retry.after(&failure, now) => {
                self.changed.push_front((part, files, looks));
                poll.gathered.go_on_at = Some(at);
                return poll.part();
            }
            // What was read before it is kept; the rest waits for the next poll.
            Err(failure) => {
                self.changed.clear();
                poll.failed(failure);
                return poll.done();
            }
            Ok(bill) => {
                if bill.skipped().count() > 0 {
                    tracing::warn!(
                        "{}: {} of {} rows in {} cannot be used; `monitor billing import --dry-run` shows why",
                        self.name,
                        bill.skipped().count(),
                        bill.rows(),
                        shown(&part)
                    );
                }
                let regions_before = self.regions.clone();
                for day in bill.into_days() {
                    let settled = now - day_end(day.day) >= self.settings.settle.delta().max(TimeDelta::zero());
                    let at = day_end(day.day).min(now);
                    poll.saw(at, ObservationBody::Cost(day.day_cost(settled)));
                    for new in self.regions.learn(&day) {
                        poll.saw(at, ObservationBody::NewRegion(new));
                    }
                    poll.saw(at, ObservationBody::Lines(day));
                }
                if self.regions != regions_before {
                    let text = serde_json::to_string(&self.regions).ok();
                    poll.gathered.cursors.extend(text.map(|text| (REGIONS.to_owned(), text)));
                }
            }
        }
        self.retry = Retry::default();
        poll.gathered.cursors.push((part.clone(), looks.clone()));
        self.known.insert(part, looks);
        if self.changed.is_empty() {
            return poll.done();
        }
        poll.gathered.go_on_at = Some(now);
        poll.part()
    }
}

#[async_trait]
impl Source for FocusExportSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn asks_aws(&self) -> bool {
        matches!(self.settings.place, ExportLocation::Bucket(_))
    }

    fn restore(&mut self, mut cursors: BTreeMap<String, String>) {
        self.regions = cursors.remove(REGIONS).and_then(|text| stored(&self.name, REGIONS, &text)).unwrap_or_default();
        self.known = cursors;
    }

    async fn poll(&mut self, now: DateTime<Utc>) -> PollOutput {
        self.retry = Retry::default();
        self.list(now).await
    }

    async fn go_on(&mut self, now: DateTime<Utc>) -> PollOutput {
        if !self.listed {
            return self.list(now).await;
        }
        let name = self.name.clone();
        self.next(PollBuilder::new(&name, now)).await
    }
}

impl FocusExportSource {
    /// Looks at what there is, and reads the first part that has changed.
    async fn list(&mut self, now: DateTime<Utc>) -> PollOutput {
        let name = self.name.clone();
        let mut poll = PollBuilder::new(&name, now);
        let looked = self.layout().await;
        self.listed = looked.is_ok();
        match looked {
            Err(failure) => {
                if let Some(at) = self.retry.after(&failure, now) {
                    poll.gathered.go_on_at = Some(at);
                    return poll.part();
                }
                poll.failed(failure);
                poll.done()
            }
            Ok(layout) => {
                self.retry = Retry::default();
                let changed = layout.parts.into_iter().map(|(part, files)| {
                    let looks = looks(&files, self.settings.metric);
                    (part, files, looks)
                });
                self.changed = changed.filter(|(part, _, looks)| self.known.get(part) != Some(looks)).collect();
                self.next(poll).await
            }
        }
    }
}

/// What changes when any of the files does, or what is read of them.
fn looks(files: &[ExportFile], metric: ExportMetric) -> String {
    let mut text = metric.word().to_owned();
    for ExportFile { path, size, modified, tag } in files {
        text += &format!("\n{path}\t{size}\t{}\t{tag}", modified.timestamp_millis());
    }
    format!("{:032x}", xxh3_128(text.as_bytes()))
}

fn shown(part: &str) -> &str {
    if part.is_empty() {
        "the exports"
    } else {
        Path::new(part).file_name().and_then(|name| name.to_str()).unwrap_or(part)
    }
}

fn unusable(bad: &ExportError) -> CallFailure {
    failure(
        "reading exports",
        "the exports",
        bad.to_string(),
        "check that the export is complete and is FOCUS 1.0 to 1.3 or CUR; monitor retries automatically",
    )
}

fn failure(call: &str, resource: &str, said: String, next_step: &str) -> CallFailure {
    CallFailure {
        call: call.to_owned(),
        resource: resource.to_owned(),
        kind: FailureKind::Refused,
        said,
        next_step: next_step.to_owned(),
    }
}
