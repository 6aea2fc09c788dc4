//! `read.lambda_logs`: the logs of Lambda functions, each line counted once.
//!
//! CloudWatch shows events 5 to 20 seconds late, each stream by itself, so a late event with an older time is the normal case.
//! Every poll therefore reads again from `overlap` before the last one, and counts what it has not counted yet. Events are told
//! apart by stream, time, text and how often the three came before: ids are not trusted to be the same in two answers.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::{Gathered, Poll, Source};
use crate::aws::resolve::{LOG_GROUP_PREFIX, functions};
use crate::aws::{Account, LogEvent, Logs};
use crate::core::glob::NamePattern;
use crate::core::lambda_log::reader::{Kind, Reader};
use crate::core::lambda_log::reading::Reading;
use crate::core::observation::{CallFailure, FailureKind, ReadUpTo, What};
use crate::core::settings::Settings;
use crate::core::span::Span;

pub(super) const CALLS: &[&str] = &["logs:FilterLogEvents", "logs:DescribeLogGroups"];

/// How often the patterns are looked up again.
const LOOK_UP: TimeDelta = TimeDelta::minutes(10);
/// Pages of one answer: far more than a day of a busy group, so that only an answer without end is cut.
const MOST_PAGES: usize = 1_000_000;

/// The settings of `read.lambda_logs`.
#[derive(Debug, Clone)]
pub struct LambdaLogs {
    functions: Vec<NamePattern>,
    /// How far each poll goes back behind the one before.
    overlap: Span,
    /// How far the very first poll goes back.
    look_back: Span,
}

impl LambdaLogs {
    pub(super) fn read(settings: &mut Settings<'_, '_>) -> Option<Self> {
        let functions = settings.some("functions");
        let overlap = settings.or("overlap", Span::minutes(2));
        let look_back = settings.or("look_back", Span::hours(6));
        Some(Self { functions: functions?, overlap: overlap?, look_back: look_back? })
    }

    pub(super) fn functions(&self) -> &[NamePattern] {
        &self.functions
    }

    pub(super) fn source(self, name: String, account: &Account) -> impl Source + use<> {
        Polled { name, settings: self, logs: Arc::clone(&account.logs), known: None, groups: BTreeMap::new() }
    }
}

struct Polled {
    name: String,
    settings: LambdaLogs,
    logs: Arc<dyn Logs>,
    /// The functions the patterns mean, and when they were looked up.
    known: Option<(DateTime<Utc>, Vec<String>)>,
    groups: BTreeMap<String, Group>,
}

/// How far one log group has been read.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Group {
    /// Everything up to here has been read, but for events that come late.
    read_to_ms: i64,
    /// The events from `read_to_ms` minus the overlap on that have been counted, and how many of each.
    counted: Vec<(i64, u64, u32)>,
    reader: Reader,
}

/// An event's identity: its time, and a hash of its stream and text.
type Identity = (i64, u64);

fn identity(event: &LogEvent) -> Identity {
    let mut bytes = Vec::with_capacity(event.stream.len() + event.message.len() + 1);
    bytes.extend_from_slice(event.stream.as_bytes());
    bytes.push(0);
    bytes.extend_from_slice(event.message.as_bytes());
    (event.at_ms, xxh3_64(&bytes))
}

#[async_trait]
impl Source for Polled {
    fn name(&self) -> &str {
        &self.name
    }

    fn restore(&mut self, cursors: BTreeMap<String, String>) {
        // A cursor that an older version wrote differently is as good as none: the group is read from `look_back` on.
        self.groups = cursors.into_iter().filter_map(|(function, text)| Some((function, serde_json::from_str(&text).ok()?))).collect();
    }

    async fn poll(&mut self, now: DateTime<Utc>) -> Gathered {
        let name = self.name.clone();
        let mut poll = Poll::new(&name, now);
        let stale = self.known.as_ref().is_none_or(|(at, _)| now - *at >= LOOK_UP);
        if stale {
            match functions(self.logs.as_ref(), &self.settings.functions).await {
                Ok(functions) => self.known = Some((now, functions)),
                Err(failure) => poll.failed(failure),
            }
        }
        let functions = self.known.as_ref().map(|(_, functions)| functions.clone()).unwrap_or_default();
        for function in functions {
            self.read(function, now, &mut poll).await;
        }
        poll.done()
    }
}

impl Polled {
    async fn read(&mut self, function: String, now: DateTime<Utc>, poll: &mut Poll<'_>) {
        let overlap = self.settings.overlap.delta().num_milliseconds();
        let first = now.timestamp_millis() - self.settings.look_back.delta().num_milliseconds() + overlap;
        let group = self.groups.entry(function.clone()).or_insert_with(|| Group { read_to_ms: first, counted: vec![], reader: Reader::new(&function) });
        let from_ms = group.read_to_ms - overlap;
        let mut reading = Reading::default();
        let mut pass = Pass {
            from_ms,
            counted: group.counted.iter().map(|(at, hash, count)| ((*at, *hash), *count)).collect(),
            met: HashMap::new(),
            ids: BTreeSet::new(),
            new_events: 0,
        };
        let result = pass.run(self.logs.as_ref(), &function, now.timestamp_millis(), &mut group.reader, &mut reading).await;
        match result {
            Ok(()) => {
                group.read_to_ms = now.timestamp_millis().max(group.read_to_ms);
                poll.saw(now, What::ReadUpTo(ReadUpTo { function: function.clone() }));
            }
            // What was read before the failure is counted, and remembered as such.
            Err(failure) => poll.failed(failure),
        }
        group.reader.settle(&mut reading);
        let edge = group.read_to_ms - overlap;
        group.counted = pass.counted.into_iter().filter(|((at, _), _)| *at >= edge).map(|((at, hash), count)| (at, hash, count)).collect();
        group.counted.sort_unstable();
        if pass.new_events > 0 {
            group.reader.forget(now);
            poll.gathered.cursors.extend(serde_json::to_string(group).ok().map(|text| (function.clone(), text)));
        }
        for (minute, tally) in reading.tallies {
            if !tally.is_empty() {
                poll.saw(minute, What::Tally(tally));
            }
        }
        for (at, fault) in reading.faults {
            poll.saw(at, What::Fault(fault));
        }
    }
}

/// One reading of a group from its first page to its last.
struct Pass {
    from_ms: i64,
    /// What has been counted, this pass included.
    counted: HashMap<Identity, u32>,
    /// What this pass has met so far.
    met: HashMap<Identity, u32>,
    /// CloudWatch's ids met in this pass, in case a page is given twice.
    ids: BTreeSet<u64>,
    new_events: u64,
}

impl Pass {
    async fn run(&mut self, logs: &dyn Logs, function: &str, to_ms: i64, reader: &mut Reader, reading: &mut Reading) -> Result<(), CallFailure> {
        let group = format!("{LOG_GROUP_PREFIX}{function}");
        let mut token: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let mut page = logs.events(&group, self.from_ms, to_ms, token.as_deref()).await?;
            page.items.sort_by_key(|event| event.at_ms);
            for event in &page.items {
                if self.is_new(event)
                    && let Some(at) = DateTime::from_timestamp_millis(event.at_ms)
                {
                    self.new_events += 1;
                    if reader.read(&event.stream, at, &event.message, reading) == Kind::Unparsed {
                        reading.tally(function, at).unparsed += 1;
                    }
                }
            }
            if page.next.is_none() {
                return Ok(());
            }
            if page.next == token {
                break;
            }
            token = page.next;
        }
        Err(CallFailure {
            call: "logs:FilterLogEvents".to_owned(),
            resource: group,
            kind: FailureKind::Refused,
            said: "an answer whose pages do not end".to_owned(),
            next_step: "what was read is counted; it is asked again by itself".to_owned(),
        })
    }

    /// Whether the event is counted for the first time; it is counted then.
    fn is_new(&mut self, event: &LogEvent) -> bool {
        if let Some(id) = &event.id {
            // The stream belongs to it: some services number the events of each stream from one.
            let bytes = [event.stream.as_bytes(), &[0], id.as_bytes(), &[0], &event.at_ms.to_le_bytes(), event.message.as_bytes()].concat();
            if !self.ids.insert(xxh3_64(&bytes)) {
                return false;
            }
        }
        let identity = identity(event);
        let met = self.met.entry(identity).or_default();
        *met += 1;
        let counted = self.counted.entry(identity).or_default();
        let new = *met > *counted;
        *counted = (*counted).max(*met);
        new
    }
}
