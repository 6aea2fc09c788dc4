//! One log group: how far it has been read, and which events have been counted.
//!
//! It is read in passes. A pass reads a time range page by page, over one or more polls, and everything it found
//! is emitted together at its end, with the new cursor. If a pass is interrupted (an expired token, a killed
//! process), the range is read again from its first page, and counted events are not counted again.
//!
//! Several functions may log to one group. Each has a reader of its own, and the name of a stream says whose it is; a
//! stream that names no function belongs to the function whose group by default this is. Events of functions that
//! are not asked for are passed over, and so are, with a count, those of streams that belong to no function.
//!
//! A group has one cursor, because it has one place. The key of the cursor is the function's name for a group by
//! default, as it was before functions could share a group, and `log_group:` with the group's name for any other; no
//! function's name has a colon. Both follow from the group's name alone, so they stay the same whichever functions log
//! there and whatever the patterns are.

use std::collections::{BTreeMap, HashMap, HashSet};

use aws::paging::{Endless, PageTokens};
use aws::resolve::{LogDestination, default_function, function_of_stream};
use aws::{LogEvent, ResultPage};
use chrono::{DateTime, TimeDelta, Utc};
use lambda_log::diagnosis::Causes;
use lambda_log::reader::{LineKind, LogReader};
use model::call_failure::CallFailure;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::sink::LogSink;
use crate::poll::stored;

/// A pass over what is long past takes about so many events, so that its place is kept in good time and its memory
/// stays small.
const MOST_EVENTS: usize = 20_000;
/// The shortest stretch that a pass is cut to.
const SHORTEST_MS: i64 = 1000;
/// The most pages of one pass. Unlike a list, a pass is not held in memory, and a page of it may have no event at all:
/// each page is what CloudWatch searched in one go.
const MAX_PAGES: usize = 10_000;
/// A place is kept this often even where nothing was found, so that a restart does not go through hours of silence
/// again.
const KEEP_PLACE: TimeDelta = TimeDelta::minutes(10);
/// How much of the time since its last new event a group may be left alone.
const SHARE_OF_SILENCE: i32 = 4;
/// Functions of one group that are told apart. An account has fewer in one group; another writer can name
/// streams as he likes.
const MOST_FUNCTIONS: usize = 2_000;
/// What the key of a cursor begins with, where the group is no function's group by default.
const GROUP_KEY: &str = "log_group:";

/// The key of a group's cursor.
fn cursor_key(group: &str) -> String {
    default_function(group).map_or_else(|| format!("{GROUP_KEY}{group}"), str::to_owned)
}

/// The group whose cursor has this key.
pub(super) fn group_of_key(key: &str) -> String {
    key.strip_prefix(GROUP_KEY).map_or_else(|| LogDestination::by_default(key).group, str::to_owned)
}

/// A log group and the place in it.
pub(super) struct FollowedGroup<S> {
    name: String,
    /// Whose the streams are that name no function.
    pub(super) owner: Option<String>,
    /// Every function that logs here is meant, not only those that fit a pattern.
    pub(super) whole: bool,
    /// Everything before it has been read, what came late included; the next pass begins here.
    from_ms: i64,
    /// The events from there on that have been counted, and how many of each.
    counted: HashMap<EventIdentity, u32>,
    /// The same for events that belong to no function. Not kept between two processes.
    passed_over: HashMap<EventIdentity, u32>,
    causes: Causes,
    /// By function.
    readers: BTreeMap<String, LogReader>,
    /// What has been read and not been given out yet, by function.
    found: BTreeMap<String, S>,
    new_events: u64,
    /// Events that belong to no function, since they were given out last.
    unnamed: u64,
    pass: Option<GroupPass>,
    /// The longest stretch of the past that fits one pass; `None` as long as everything does.
    stretch_ms: Option<i64>,
    /// When the cursor was given out last.
    kept: Option<DateTime<Utc>>,
    /// When a page was asked for last.
    pub(super) called: Option<DateTime<Utc>>,
    /// When something new was found last.
    heard: Option<DateTime<Utc>>,
    /// Since when it waits to be read.
    pub(super) due: Option<DateTime<Utc>>,
    /// Failed calls in a row.
    pub(super) tries: u32,
    /// Tokens in a row that were refused.
    pub(super) refused_tokens: u32,
    /// Up to when it has been read by this process.
    pub(super) reached: Option<DateTime<Utc>>,
    /// Since when no function is known to log here any more; it is read to its end then.
    pub(super) left: Option<DateTime<Utc>>,
    /// Why AWS does not let it be read, and whether that was looked up.
    pub(super) unreadable: Option<CallFailure>,
    pub(super) class_known: bool,
}

/// A [`GroupCursor`] as it is written.
#[derive(Serialize)]
struct CursorRef<'a> {
    from_ms: i64,
    counted: Vec<(i64, u64, u32)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reader: Option<&'a LogReader>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    readers: BTreeMap<&'a str, &'a LogReader>,
}

/// What is kept of a group between two processes.
#[derive(Deserialize)]
struct GroupCursor {
    from_ms: i64,
    /// Time, hash and count of each event; in order, so that equal places have equal texts.
    counted: Vec<(i64, u64, u32)>,
    /// That of the function whose group by default it is. Kept apart, so that a reader of another version does not cost
    /// the place.
    #[serde(default)]
    reader: Option<serde_json::Value>,
    /// Those of other functions.
    #[serde(default)]
    readers: BTreeMap<String, serde_json::Value>,
}

/// An event's identity: its time, and a hash of its stream and text. CloudWatch's ids are not trusted to be the same in
/// two answers.
type EventIdentity = (i64, u64);

fn identity(event: &LogEvent) -> EventIdentity {
    (event.at_ms, hash(&[event.stream.as_bytes(), &[0], event.message.as_bytes()]))
}

fn hash(parts: &[&[u8]]) -> u64 {
    xxh3_64(&parts.concat())
}

/// What to ask for next.
pub(super) struct PageRequest {
    pub(super) from_ms: i64,
    pub(super) to_ms: i64,
    pub(super) token: Option<String>,
}

/// Where a page has brought the group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PassProgress {
    /// The pass continues.
    Within,
    /// The stretch has been read up to an instant; the next one waits.
    Reached(DateTime<Utc>),
    /// Everything up to the instant the pass began has been read.
    CaughtUp(DateTime<Utc>),
    /// The pages do not end.
    Endless(Endless),
}

/// The output of a group.
pub(super) struct GroupOutput<S> {
    /// By function.
    pub(super) found: BTreeMap<String, S>,
    /// The new cursor with its key; `None` if the last one is still right.
    pub(super) cursor: Option<(String, String)>,
    /// New events of streams that belong to no function.
    pub(super) unnamed: u64,
}

impl<S: LogSink> FollowedGroup<S> {
    /// A group that has not been read before `from_ms`.
    pub(super) fn new(name: &str, from_ms: i64, causes: &Causes) -> Self {
        Self {
            name: name.to_owned(),
            owner: default_function(name).map(str::to_owned),
            whole: false,
            from_ms,
            counted: HashMap::new(),
            passed_over: HashMap::new(),
            causes: causes.clone(),
            readers: BTreeMap::new(),
            found: BTreeMap::new(),
            new_events: 0,
            unnamed: 0,
            pass: None,
            stretch_ms: None,
            kept: None,
            called: None,
            heard: None,
            due: None,
            tries: 0,
            refused_tokens: 0,
            reached: None,
            left: None,
            unreadable: None,
            class_known: false,
        }
    }

    /// A group at the place that a cursor names; `None` if it cannot be read.
    pub(super) fn restored(name: &str, cursor: &str, causes: &Causes) -> Option<Self> {
        let GroupCursor { from_ms, counted, reader, readers } = stored(name, "log", cursor)?;
        if DateTime::from_timestamp_millis(from_ms).is_none() {
            tracing::warn!(
                "{name}: the stored place in the log, {from_ms} ms since 1970, is no time; it is begun anew"
            );
            return None;
        }
        let own = default_function(name).map(str::to_owned).zip(reader);
        let reader = |(function, reader): (String, serde_json::Value)| {
            let reader = serde_json::from_value(reader)
                .unwrap_or_else(|error| {
                    tracing::warn!("{function}: the state of invocations that are not finished cannot be read, and they are read from here on only: {error}");
                    LogReader::new(&function)
                })
                .with_causes(causes);
            (function, reader)
        };
        let readers = own.into_iter().chain(readers).map(reader).collect();
        let counted = counted.into_iter().map(|(at, hash, count)| ((at, hash), count)).collect();
        Some(Self { counted, readers, ..Self::new(name, from_ms, causes) })
    }

    /// The functions whose log has been read here.
    pub(super) fn functions(&self) -> impl Iterator<Item = &str> {
        self.readers.keys().map(String::as_str).chain(self.owner.as_deref())
    }

    /// Up to when it has been read, but for what comes late.
    pub(super) fn from(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.from_ms).unwrap_or_default()
    }

    /// What to ask for at `now`: the next page, or the first one of a new pass.
    pub(super) fn ask(&mut self, now: DateTime<Utc>, overlap: TimeDelta) -> PageRequest {
        self.called = Some(now);
        let from_ms = self.from_ms;
        let settled_ms = (now - overlap).timestamp_millis();
        let stretch_ms = self.stretch_ms;
        let pass = self.pass.get_or_insert_with(|| {
            // Only the past is cut into stretches: what can still come late is read to its end.
            let cut = stretch_ms.map(|stretch| from_ms.saturating_add(stretch)).filter(|to| *to < settled_ms);
            GroupPass::new(now, cut.unwrap_or(now.timestamp_millis()).max(from_ms))
        });
        PageRequest { from_ms, to_ms: pass.to_ms, token: pass.token.clone() }
    }

    /// Takes the requested page. `is_meant` says which functions are asked for.
    pub(super) fn take(
        &mut self,
        mut page: ResultPage<LogEvent>,
        now: DateTime<Utc>,
        overlap: TimeDelta,
        is_meant: impl Fn(&str) -> bool,
    ) -> PassProgress {
        self.tries = 0;
        let Some(mut pass) = self.pass.take() else { return PassProgress::Within };
        page.items.sort_by_key(|event| event.at_ms);
        for event in &page.items {
            match function_of_stream(&event.stream).or(self.owner.as_deref()) {
                None => self.unnamed += u64::from(pass.is_new(event, &mut self.passed_over)),
                Some(function) if !self.whole && !is_meant(function) => pass.passes_over(event),
                Some(function) => {
                    if self.readers.len() >= MOST_FUNCTIONS && !self.readers.contains_key(function) {
                        self.unnamed += u64::from(pass.is_new(event, &mut self.passed_over));
                    } else if pass.is_new(event, &mut self.counted) {
                        self.read(function.to_owned(), event, now);
                    }
                }
            }
        }
        let next = match pass.tokens.next(page.next) {
            Ok(None) => return self.end(&pass, overlap),
            Ok(next) => next,
            Err(endless) => return PassProgress::Endless(endless),
        };
        if pass.events > MOST_EVENTS
            && let Some(stretch) = self.shorter(&pass, overlap)
        {
            self.stretch_ms = Some(stretch);
            return PassProgress::Within;
        }
        pass.token = next;
        self.pass = Some(pass);
        PassProgress::Within
    }

    /// Hands an event to the reader of its function.
    fn read(&mut self, function: String, event: &LogEvent, now: DateTime<Utc>) {
        let Some(at) = DateTime::from_timestamp_millis(event.at_ms) else { return };
        self.new_events += 1;
        self.heard = Some(now);
        let Self { readers, found, causes, .. } = self;
        let found = found.entry(function.clone()).or_default();
        let reader =
            readers.entry(function).or_insert_with_key(|function| LogReader::new(function).with_causes(causes));
        if reader.read(&event.stream, at, &event.message, found) == LineKind::Unparsed {
            found.unparsed(reader.function(), at);
        }
    }

    /// A stretch that fits a pass, where this one has more in it and is past.
    fn shorter(&self, pass: &GroupPass, overlap: TimeDelta) -> Option<i64> {
        let settled = (pass.began - overlap).timestamp_millis() - self.from_ms;
        let half = (pass.to_ms - self.from_ms) / 2;
        let dense = (pass.newest_ms - self.from_ms) / 4 * 3;
        let stretch = dense.min(half).min(settled);
        // What is too short already is read as it is; so is a stretch of which most can still change.
        (stretch >= SHORTEST_MS).then_some(stretch)
    }

    fn end(&mut self, pass: &GroupPass, overlap: TimeDelta) -> PassProgress {
        self.refused_tokens = 0;
        self.from_ms = self.from_ms.max(pass.to_ms.min((pass.began - overlap).timestamp_millis()));
        let from_ms = self.from_ms;
        self.counted.retain(|(at, _), _| *at >= from_ms);
        self.passed_over.retain(|(at, _), _| *at >= from_ms);
        if pass.events < MOST_EVENTS / 2 {
            self.stretch_ms = self.stretch_ms.map(|stretch| stretch.saturating_mul(2));
        }
        let to = DateTime::from_timestamp_millis(pass.to_ms).unwrap_or(pass.began);
        // An invocation may have begun in this stretch and end in the next one, however long ago that is.
        for (function, reader) in &mut self.readers {
            reader.forget(to, self.found.entry(function.clone()).or_default());
        }
        if pass.to_ms >= pass.began.timestamp_millis() {
            PassProgress::CaughtUp(pass.began)
        } else {
            PassProgress::Reached(to)
        }
    }

    /// Aborts the pass; the next call begins again at its first page. Counted events stay counted.
    pub(super) fn give_up(&mut self) {
        self.pass = None;
    }

    /// Whether it waits to be read, or has output to emit.
    pub(super) fn is_in_hand(&self) -> bool {
        self.due.is_some() || self.new_events > 0
    }

    /// Whether everything has been read since the group was left, what came late included.
    pub(super) fn is_read_to_its_end(&self) -> bool {
        self.left.is_some_and(|left| self.from() >= left)
    }

    /// Whether a pass is under way and has a token that the service may refuse.
    pub(super) fn has_token(&self) -> bool {
        self.pass.as_ref().is_some_and(|pass| pass.token.is_some())
    }

    /// Everything that was read since this was last called, with the place that goes with it: they are committed
    /// together.
    pub(super) fn give(&mut self, now: DateTime<Utc>) -> GroupOutput<S> {
        for (function, reader) in &mut self.readers {
            reader.settle(self.found.entry(function.clone()).or_default());
        }
        let (found, unnamed) = (std::mem::take(&mut self.found), std::mem::take(&mut self.unnamed));
        let is_new = std::mem::take(&mut self.new_events) > 0;
        if !S::KEEPS_PLACE || (!is_new && self.kept.is_some_and(|kept| now - kept < KEEP_PLACE)) {
            return GroupOutput { found, cursor: None, unnamed };
        }
        self.kept = Some(now);
        GroupOutput { found, cursor: self.cursor().map(|cursor| (cursor_key(&self.name), cursor)), unnamed }
    }

    /// What is kept of it.
    fn cursor(&self) -> Option<String> {
        let mut counted: Vec<(i64, u64, u32)> =
            self.counted.iter().map(|((at, hash), count)| (*at, *hash, *count)).collect();
        counted.sort_unstable();
        let own = default_function(&self.name);
        // The cursor of a group by default has a reader even before its first event.
        let fresh = own.filter(|own| !self.readers.contains_key(*own)).map(LogReader::new);
        let reader = own.and_then(|own| self.readers.get(own)).or(fresh.as_ref());
        let others = self.readers.iter().filter(|(function, _)| Some(function.as_str()) != own);
        let readers = others.map(|(function, reader)| (function.as_str(), reader)).collect();
        serde_json::to_string(&CursorRef { from_ms: self.from_ms, counted, reader, readers })
            .inspect_err(|error| {
                tracing::error!(
                    "{}: the place in the log cannot be kept, and a restart counts what was read since again: {error}",
                    self.name
                );
            })
            .ok()
    }

    /// How long it may be left alone: not at all while it is busy, longer the longer nothing came, `quiet` at most.
    fn patience(&self, now: DateTime<Utc>, quiet: TimeDelta) -> TimeDelta {
        self.heard.map_or(quiet, |heard| ((now - heard) / SHARE_OF_SILENCE).clamp(TimeDelta::zero(), quiet))
    }

    /// The time by which it should be read; the most overdue is read first.
    pub(super) fn deadline(&self, now: DateTime<Utc>, quiet: TimeDelta) -> DateTime<Utc> {
        self.called.map_or(DateTime::<Utc>::MIN_UTC, |called| called + self.patience(now, quiet))
    }

    /// Whether it is early enough to ask it at the next poll, which comes after `gap`.
    pub(super) fn can_wait(&self, now: DateTime<Utc>, gap: TimeDelta, quiet: TimeDelta) -> bool {
        self.pass.is_none() && self.called.is_some_and(|called| now + gap - called <= self.patience(now, quiet))
    }
}

/// One reading of a stretch from its first page to its last.
struct GroupPass {
    /// What was written before this, less the overlap, is there to be seen on every page.
    began: DateTime<Utc>,
    to_ms: i64,
    token: Option<String>,
    tokens: PageTokens,
    events: usize,
    newest_ms: i64,
    /// What this pass has met so far.
    met: HashMap<EventIdentity, u32>,
    /// CloudWatch's ids met in this pass, in case a page is given twice.
    ids: HashSet<u64>,
}

impl GroupPass {
    fn new(began: DateTime<Utc>, to_ms: i64) -> Self {
        Self {
            began,
            to_ms,
            token: None,
            tokens: PageTokens::up_to(MAX_PAGES),
            events: 0,
            newest_ms: i64::MIN,
            met: HashMap::new(),
            ids: HashSet::new(),
        }
    }

    /// Passes over an event that is not asked for.
    fn passes_over(&mut self, event: &LogEvent) {
        self.events += 1;
        self.newest_ms = self.newest_ms.max(event.at_ms);
    }

    /// Whether the event is counted for the first time; it is counted then. Equal events are told apart by how many
    /// there are: a pass that meets a third one where two have been counted has found a new one.
    fn is_new(&mut self, event: &LogEvent, counted: &mut HashMap<EventIdentity, u32>) -> bool {
        if let Some(id) = &event.id {
            // The stream belongs to it: some services number the events of each stream from one.
            let id = hash(&[
                event.stream.as_bytes(),
                &[0],
                id.as_bytes(),
                &[0],
                &event.at_ms.to_le_bytes(),
                event.message.as_bytes(),
            ]);
            if !self.ids.insert(id) {
                return false;
            }
        }
        self.passes_over(event);
        let identity = identity(event);
        let met = self.met.entry(identity).or_default();
        *met += 1;
        let counted = counted.entry(identity).or_default();
        let new = *met > *counted;
        *counted = (*counted).max(*met);
        new
    }
}
