//! The bill of health of functions, from the copy of a log.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::copy::{Copy, Event, Events};
use super::fields::Name;
use super::invocation::{Invocation, Invocations};
use super::line::{self, Report};
use super::order::Order;
use super::reader::{Configured, Kind, Reader};
use super::scan::{Block, Mark, Word};
use super::wrapper;
use crate::diagnosis::{Cause, Causes, Confidence, Diagnosis, environment_hash};

/// The name of a function of which the copy says no name.
pub const NO_NAME: &str = "-";
/// Functions that are told apart; more names than these are counted as [`NO_NAME`].
const MOST_FUNCTIONS: usize = 1_000;
/// Lines that are quoted for a cause.
const MOST_EVIDENCE: usize = 4;
/// Environments that are counted one by one.
const MOST_ENVIRONMENTS: usize = 100_000;

/// How many lines were read, and of what kind. Every line of the copy is one of the three.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lines {
    /// Lines of the platform.
    pub platform: u64,
    /// Lines of the application, and lines that belong to no event.
    pub application: u64,
    /// Lines that claim to be the platform's and cannot be read, and lines that are no text.
    pub unparsed: u64,
}

impl Lines {
    /// All of them.
    pub fn read(&self) -> u64 {
        self.platform + self.application + self.unparsed
    }

    /// Adds lines of one kind.
    pub fn add(&mut self, kind: Kind, lines: u64) {
        match kind {
            Kind::Platform => self.platform += lines,
            Kind::Application => self.application += lines,
            Kind::Unparsed => self.unparsed += lines,
        }
    }
}

/// A cause, as it was seen in one function.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// How many invocations (or start-ups) had it.
    pub count: u64,
    /// For how many of them it was the one to act on.
    pub first_of: u64,
    /// When it was first seen, UTC, where the copy says so.
    pub first: Option<DateTime<Utc>>,
    /// When it was last seen.
    pub last: Option<DateTime<Utc>>,
    /// What the cause means, in a few words.
    pub meaning: Cow<'static, str>,
    /// How sure the surest of them makes it.
    pub confidence: Confidence,
    /// Deciding lines of the first, redacted and shortened.
    pub evidence: Vec<String>,
    /// What is wrong and what to do, with the numbers of the last one.
    pub remedy: String,
}

/// Durations in hundredths of a millisecond, exact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Durations {
    new: Vec<u32>,
    /// Sorted values, and how many of each.
    counted: Vec<(u32, u32)>,
    /// Values are multiples of this; 1 but for a log with more different durations than anybody has.
    step: u32,
}

/// Durations that are collected before they are counted, and different ones that are kept.
const COLLECTED: usize = 1 << 14;
const MOST_DIFFERENT: usize = 1 << 20;

impl Durations {
    fn add(&mut self, ms: f64) {
        self.new.push((ms * 100.0).round() as u32);
        if self.new.len() >= COLLECTED {
            self.count();
        }
    }

    fn count(&mut self) {
        let step = self.step.max(1);
        self.new.iter_mut().for_each(|value| *value = *value / step * step);
        self.new.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(self.counted.len() + self.new.len() / 4);
        let mut old = std::mem::take(&mut self.counted).into_iter().peekable();
        let mut push = |value: u32, count: u32| match merged.last_mut() {
            Some((last, sum)) if *last == value => *sum = sum.saturating_add(count),
            _ => merged.push((value, count)),
        };
        for value in self.new.drain(..) {
            while let Some((known, count)) = old.next_if(|(known, _)| *known <= value) {
                push(known, count);
            }
            push(value, 1);
        }
        old.for_each(|(known, count)| push(known, count));
        self.counted = merged;
        if self.counted.len() > MOST_DIFFERENT {
            self.step = step * 10;
            let coarser: Vec<(u32, u32)> = std::mem::take(&mut self.counted);
            for (value, count) in coarser {
                let value = value / self.step * self.step;
                match self.counted.last_mut() {
                    Some((last, sum)) if *last == value => *sum = sum.saturating_add(count),
                    _ => self.counted.push((value, count)),
                }
            }
        }
    }

    /// The durations below which `shares` of all of them lie (nearest rank), in milliseconds. `None` if there are none.
    pub fn quantiles<const N: usize>(&mut self, shares: [f64; N]) -> Option<[f64; N]> {
        self.count();
        let all: u64 = self.counted.iter().map(|(_, count)| u64::from(*count)).sum();
        (all > 0).then(|| {
            shares.map(|share| {
                let rank = ((all as f64 * share).ceil() as u64).clamp(1, all);
                let mut sum = 0;
                let found = self.counted.iter().find(|(_, count)| {
                    sum += u64::from(*count);
                    sum >= rank
                });
                f64::from(found.map_or(0, |(value, _)| *value)) / 100.0
            })
        })
    }
}

/// What is known of one function.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Health {
    /// Invocations that ended.
    pub invocations: u64,
    /// Of these, the ones a new environment was started for.
    pub cold: u64,
    /// Of the cold ones, those whose caller waited.
    pub cold_waited: u64,
    /// Invocations that reached the function's timeout.
    pub timeouts: u64,
    /// Invocations that failed otherwise.
    pub errors: u64,
    /// Warm-up pings, and how many of them met no warm environment.
    pub pings: (u64, u64),
    /// How long they took.
    pub durations: Durations,
    /// The longest anybody waited, start-up included, in milliseconds.
    pub longest_wait_ms: f64,
    /// Memory size in MB.
    pub memory_mb: Option<f64>,
    /// Largest memory used, in MB.
    pub max_memory_mb: Option<f64>,
    /// What was seen to go wrong.
    pub causes: BTreeMap<Cause, Seen>,
    /// Environments: when each was first and last heard of.
    environments: BTreeMap<u64, (DateTime<Utc>, DateTime<Utc>)>,
    /// The longest an environment was silent and then answered.
    pub longest_idle: Option<TimeDelta>,
}

impl Health {
    /// The one thing to know: the cause to act on with how sure it is, or that nothing is wrong.
    pub fn verdict(&self) -> Option<(Cause, &Seen)> {
        let failures: u64 = self.causes.values().map(|seen| seen.first_of).sum();
        // A pattern that most failures are part of says more than each of them.
        let pattern = self.causes.get(&Cause::ReinitLoop).filter(|seen| seen.count * 2 >= failures);
        if let Some(seen) = pattern {
            return Some((Cause::ReinitLoop, seen));
        }
        let weight = |seen: &Seen| seen.first_of * if seen.confidence == Confidence::Proved { 2 } else { 1 };
        // A few in a row are a burst or a deploy, and not every invocation.
        let counts = |cause: Cause, seen: &Seen| seen.first_of > 0 && (cause != Cause::ColdStartEveryInvocation || self.cold * 10 >= self.invocations * 8);
        let (cause, seen) =
            self.causes.iter().filter(|(cause, seen)| counts(**cause, seen)).max_by_key(|(cause, seen)| (weight(seen), std::cmp::Reverse(**cause)))?;
        Some((*cause, seen))
    }

    /// The causes, most frequent first.
    pub fn causes(&self) -> Vec<(Cause, &Seen)> {
        let verdict = self.verdict().map(|(cause, _)| cause);
        let shown = |cause: Cause| cause != Cause::ColdStartEveryInvocation || verdict == Some(cause);
        let mut all: Vec<(Cause, &Seen)> = self.causes.iter().filter(|(cause, _)| shown(**cause)).map(|(cause, seen)| (*cause, seen)).collect();
        all.sort_by_key(|(cause, seen)| (Some(*cause) != verdict, std::cmp::Reverse(seen.first_of), std::cmp::Reverse(seen.count), *cause));
        all
    }

    /// How many environments were seen, and how long the longest-lived of them answered; `None` where the copy names none.
    pub fn environments(&self) -> Option<(usize, TimeDelta)> {
        let oldest = self.environments.values().map(|(first, last)| *last - *first).max()?;
        Some((self.environments.len(), oldest))
    }

    fn take(&mut self, invocation: &Invocation<'_>) {
        if invocation.counts {
            self.invocations += 1;
            self.cold += u64::from(invocation.cold);
            self.cold_waited += u64::from(invocation.cold_waited);
            if invocation.is_ping {
                self.pings.0 += 1;
                self.pings.1 += u64::from(invocation.cold_waited);
            }
        }
        self.errors += u64::from(invocation.is_error);
        self.timeouts += u64::from(invocation.is_timeout);
        if let Some(report) = invocation.report {
            self.durations.add(report.duration_ms);
            self.memory_mb = report.memory_mb.or(self.memory_mb);
            self.max_memory_mb = [self.max_memory_mb, report.max_memory_mb].into_iter().flatten().reduce(f64::max);
        }
        self.longest_wait_ms = self.longest_wait_ms.max(invocation.waited_ms.unwrap_or_default());
        if !invocation.stream.is_empty()
            && let Some(at) = invocation.at
        {
            self.heard_of(invocation, at);
        }
        for (place, diagnosis) in invocation.causes.iter().enumerate() {
            self.cause(invocation, diagnosis, place == 0);
        }
    }

    fn heard_of(&mut self, invocation: &Invocation<'_>, at: DateTime<Utc>) {
        let began = invocation.started.unwrap_or(at);
        let hash = environment_hash(invocation.stream);
        if let Some((_, last)) = self.environments.get_mut(&hash) {
            self.longest_idle = self.longest_idle.max(Some(began - *last).filter(|idle| *idle > TimeDelta::zero()));
            *last = at.max(*last);
        } else if self.environments.len() < MOST_ENVIRONMENTS {
            self.environments.insert(hash, (began, at));
        }
    }

    fn cause(&mut self, invocation: &Invocation<'_>, diagnosis: &Diagnosis, is_first: bool) {
        let seen = self.causes.entry(diagnosis.cause).or_insert_with(|| Seen {
            count: 0,
            first_of: 0,
            first: invocation.at,
            last: invocation.at,
            meaning: diagnosis.meaning.clone(),
            confidence: diagnosis.confidence,
            evidence: Vec::new(),
            remedy: String::new(),
        });
        seen.count += 1;
        seen.first_of += u64::from(is_first);
        seen.first = seen.first.into_iter().chain(invocation.at).min();
        seen.last = seen.last.into_iter().chain(invocation.at).max();
        if seen.evidence.is_empty() || diagnosis.confidence > seen.confidence {
            seen.evidence = invocation.evidence();
            seen.evidence.truncate(MOST_EVIDENCE);
        }
        seen.confidence = seen.confidence.max(diagnosis.confidence);
        seen.remedy = diagnosis.remedy();
    }
}

/// Functions and their health, as a copy is read.
#[derive(Debug)]
pub struct Checkup {
    copy: Copy,
    order: Order,
    ward: Ward,
}

/// The readers of a checkup, and what they have handed out.
#[derive(Debug)]
struct Ward {
    name: Option<String>,
    configured: Configured,
    causes: Causes,
    /// The reader of lines that name no function.
    unnamed: Reader,
    readers: BTreeMap<String, Reader>,
    bill: Bill,
    lines: Lines,
}

/// What has been handed out.
#[derive(Debug, Default)]
struct Bill {
    /// Where lines that name no function are counted.
    unnamed: (String, Health),
    functions: BTreeMap<String, Health>,
}

impl Invocations for Bill {
    fn invocation(&mut self, invocation: Invocation<'_>) {
        if invocation.function == self.unnamed.0 {
            return self.unnamed.1.take(&invocation);
        }
        match self.functions.get_mut(invocation.function) {
            Some(health) => health.take(&invocation),
            None => self.functions.entry(invocation.function.to_owned()).or_default().take(&invocation),
        }
    }
}

impl Ward {
    fn reader(&mut self, function: &str) -> (&mut Reader, &mut Bill) {
        let full = self.readers.len() >= MOST_FUNCTIONS && !self.readers.contains_key(function);
        if function.is_empty() || function == self.unnamed.function() || full {
            return (&mut self.unnamed, &mut self.bill);
        }
        let new = || Reader::with(function, self.configured).with_causes(&self.causes);
        (self.readers.entry(function.to_owned()).or_insert_with(new), &mut self.bill)
    }
}

impl Ward {
    /// Counts an invocation of which nothing is to be said. `false` if something before it still waits.
    fn whole(&mut self, whole: &Whole<'_>) -> bool {
        let taken = self.unnamed.read_whole(whole.version, &whole.report, &mut self.bill);
        if taken {
            self.lines.platform += 3;
        }
        taken
    }
}

impl Events for Ward {
    fn event(&mut self, event: Event<'_>) {
        if event.text.is_empty() {
            return self.lines.add(Kind::Application, event.lines);
        }
        let at = event.at_ms.and_then(DateTime::from_timestamp_millis);
        let (reader, bill) = self.reader(event.function);
        let kind = reader.read(event.stream, at, event.text, bill);
        self.lines.add(if event.broken { Kind::Unparsed } else { kind }, event.lines);
    }
}

impl Checkup {
    /// A checkup that has read nothing. `name` is the function of lines that name none; where lines name functions, only it counts.
    pub fn new(name: Option<String>, configured: Configured) -> Self {
        let configured = Configured { is_excerpt: true, ..configured };
        let unnamed = name.clone().unwrap_or_else(|| NO_NAME.to_owned());
        let ward = Ward {
            name,
            configured,
            causes: Causes::built_in(),
            unnamed: Reader::with(&unnamed, configured),
            readers: BTreeMap::new(),
            bill: Bill { unnamed: (unnamed, Health::default()), functions: BTreeMap::new() },
            lines: Lines::default(),
        };
        Self { copy: Copy::new(), order: Order::new(), ward }
    }

    /// The same, searching lines for these causes. Nothing must have been read yet.
    #[must_use]
    pub fn with_causes(mut self, causes: &Causes) -> Self {
        self.ward.unnamed = self.ward.unnamed.with_causes(causes);
        self.ward.causes = causes.clone();
        self
    }

    /// Reads one line, without its end.
    pub fn line(&mut self, line: &str) {
        let Self { copy, order, ward } = self;
        copy.line(line, &mut Ordered { order, ward });
        let skipped = copy.take_skipped();
        ward.lines.add(Kind::Application, skipped);
    }

    /// Reads a block of lines. Gives the same as [`Self::line`] for each line, much faster; only an `END` whose summary does not
    /// follow, and half an object that speaks of nothing, may be counted as lines of the application.
    pub fn block(&mut self, block: &Block) {
        // The console's copies, objects over several lines and what is no text go line by line.
        let is_plain = self.order.is_oldest_first() && self.copy.is_between_events();
        match block {
            Block::Text { text, marks, lines: Some(lines) } if is_plain => self.plain(text, marks, *lines),
            _ => self.line_by_line(block.bytes()),
        }
    }

    fn line_by_line(&mut self, block: &[u8]) {
        if block.is_empty() {
            return;
        }
        let block = block.strip_suffix(b"\n").unwrap_or(block);
        for line in block.split(|byte| *byte == b'\n') {
            match text_of(line) {
                Some(text) => self.line(text),
                None => self.not_text(1),
            }
        }
    }

    fn plain(&mut self, block: &str, marks: &[Mark], lines: u32) {
        let mut done = self.go_on(block, 0);
        // Where the last invocation that was counted whole ends, how many there were, and the lines outside of them.
        let (mut behind, mut wholes, mut others) = (0, 0u64, 0u64);
        // Whether lines were passed over whose time has not been looked at.
        let mut unseen = false;
        for mark in marks {
            let at = mark.at as usize;
            // It may have gone with a line before it.
            if at < done {
                continue;
            }
            // Where an invocation begins right here, its summary may come next.
            if mark.word == Word::Start && at == done {
                continue;
            }
            if mark.word == Word::Report
                && let Some(whole) = Whole::find(block, done, at)
                && self.whole(&whole)
            {
                others += newlines(block, behind, done);
                (behind, wholes, unseen) = (whole.end, wholes + 1, true);
                done = whole.end;
                continue;
            }
            if std::mem::take(&mut unseen) {
                self.copy.saw(block.get(..done).unwrap_or_default());
            }
            let from = memchr::memrchr(b'\n', block.as_bytes().get(done..at).unwrap_or_default()).map_or(done, |newline| done + newline + 1);
            let to = memchr::memchr(b'\n', block.as_bytes().get(at..).unwrap_or_default()).map_or(block.len(), |newline| at + newline);
            let line = block.get(from..to).unwrap_or_default();
            // A tool's prefix, half a summary, an inner line of an object: from here on the block is not plain.
            let is_platform = wrapper::is_platform(line);
            let is_inner = line.starts_with([' ', '\t', '"', '}', ']', '|']) || line.ends_with(['{', '[']) || (line.starts_with('{') && !line.ends_with('}'));
            if is_inner || (!is_platform && (wrapper::is_platform(wrapper::strip(line).text) || Name::goes_on(line))) {
                self.count_quiet(lines, wholes, others + newlines(block, behind, block.len()));
                return self.line_by_line(block.as_bytes().get(done..).unwrap_or_default());
            }
            // Where it ends well, what the application said on the way does not matter.
            let ends_well = says_nothing_bad(line);
            self.between(block.get(done..from).unwrap_or_default(), ends_well);
            let rest = block.get(to + 1..).unwrap_or_default();
            done = to + 1;
            // At the end of a block nobody knows yet what goes on with it.
            if is_platform && !rest.is_empty() && !goes_on_on_the_next_line(rest) && !wrapper::is_several(line) {
                self.platform(line);
            } else {
                self.line(line);
                done = self.go_on(block, done);
            }
        }
        if unseen {
            self.copy.saw(block.get(..done).unwrap_or_default());
        }
        // How it ends is not in this block.
        self.between(block.get(done..).unwrap_or_default(), false);
        self.count_quiet(lines, wholes, others + newlines(block, behind, block.len()));
    }

    /// What is neither an invocation's frame nor outside of one was said by the application, in invocations that were counted whole.
    fn count_quiet(&mut self, lines: u32, wholes: u64, others: u64) {
        self.ward.lines.add(Kind::Application, u64::from(lines).saturating_sub(others + wholes * 3));
    }

    fn whole(&mut self, whole: &Whole<'_>) -> bool {
        self.flush();
        self.ward.whole(whole)
    }

    /// Takes the lines that go on with the event at hand, and says where they end.
    fn go_on(&mut self, block: &str, from: usize) -> usize {
        let mut done = from;
        for next in block.get(from..).unwrap_or_default().split_inclusive('\n').take(MOST_CONTINUED) {
            let line = next.strip_suffix('\n').unwrap_or(next);
            if !self.copy.would_go_on(line) {
                break;
            }
            self.line(line);
            done += next.len();
        }
        done
    }

    /// Lines without a mark: those in which an invocation begins or ends, and an application's that carry no sign.
    fn between(&mut self, lines: &str, ends_well: bool) {
        let (mut quiet_from, mut quiet, mut from) = (0, 0u32, 0);
        for to in memchr::memchr_iter(b'\n', lines.as_bytes()) {
            let line = lines.get(from..to).unwrap_or_default();
            if line.starts_with("START RequestId: ") || line.starts_with(END) {
                self.quiet(lines.get(quiet_from..from).unwrap_or_default(), quiet, ends_well);
                (quiet_from, quiet) = (to + 1, 0);
                if wrapper::is_several(line) {
                    self.line(line);
                } else {
                    self.platform(line);
                }
            } else {
                quiet += 1;
            }
            from = to + 1;
        }
        self.quiet(lines.get(quiet_from..).unwrap_or_default(), quiet, ends_well);
    }

    /// A line of the platform that is an event by itself.
    fn platform(&mut self, line: &str) {
        self.flush();
        self.ward.event(Event { at_ms: self.copy.last_at(), stream: "", function: "", text: line, lines: 1, broken: false });
    }

    /// Lines of the application without a mark. They are read in full where an invocation ends badly behind them.
    fn quiet(&mut self, lines: &str, number: u32, ends_well: bool) {
        if number == 0 {
            return;
        }
        let all = lines.strip_suffix('\n').unwrap_or(lines);
        if !ends_well {
            return all.split('\n').for_each(|line| self.line(line));
        }
        self.flush();
        let at_ms = self.copy.saw(lines);
        let (reader, _) = self.ward.reader("");
        reader.read_quiet("", at_ms.and_then(DateTime::from_timestamp_millis), number);
        self.ward.lines.add(Kind::Application, u64::from(number));
    }

    fn flush(&mut self) {
        let Self { copy, order, ward } = self;
        copy.flush(&mut Ordered { order, ward });
    }

    /// Counts lines that are no text, or too long for one.
    pub fn not_text(&mut self, lines: u64) {
        self.ward.lines.add(Kind::Unparsed, lines);
    }

    /// Says that what comes next is another copy, of the same functions.
    pub fn next_copy(&mut self) {
        let Self { copy, order, ward } = self;
        copy.end(&mut Ordered { order, ward });
        ward.lines.add(Kind::Application, copy.take_skipped());
        order.pass(ward);
        *copy = Copy::new();
        *order = Order::new();
    }

    /// Says that nothing more comes: the lines that were read, and each function's health by name.
    pub fn end(mut self) -> (Lines, BTreeMap<String, Health>) {
        self.next_copy();
        let Ward { name, unnamed, readers, bill, lines, .. } = &mut self.ward;
        for reader in readers.values_mut().chain([unnamed]) {
            reader.end(bill);
        }
        let mut functions = std::mem::take(&mut bill.functions);
        for name in readers.keys() {
            functions.entry(name.clone()).or_default();
        }
        // Lines around a function's own that name nobody are not a function.
        let (unnamed, health) = std::mem::take(&mut bill.unnamed);
        if functions.is_empty() || health != Health::default() {
            functions.insert(unnamed, health);
        }
        if let Some(name) = name.as_ref().filter(|name| functions.contains_key(*name)) {
            functions.retain(|function, _| function == name);
        }
        (*lines, functions)
    }
}

const START: &str = "START RequestId: ";
const END: &str = "END RequestId: ";
/// The length of a request id.
const UUID: usize = 36;

/// An invocation of which nothing is to be said but its figures, all of it in one place: `START`, lines of the application that
/// carry no sign, `END`, `REPORT`, and then the next one begins.
struct Whole<'a> {
    version: &'a str,
    report: Report,
    /// Where the next line begins.
    end: usize,
}

impl<'a> Whole<'a> {
    /// The invocation that begins at `from` and whose summary begins at `report`.
    fn find(block: &'a str, from: usize, report: usize) -> Option<Self> {
        let start = block.get(from..)?.strip_prefix(START)?;
        let id = start.get(..UUID)?;
        let rest = start.get(UUID..)?.strip_prefix(" Version: ")?;
        let version = rest.get(..memchr::memchr(b'\n', rest.as_bytes())?)?;
        let quiet_from = block.len() - rest.len() + version.len() + 1;
        let end_from = report.checked_sub(END.len() + UUID + 1).filter(|end| *end >= quiet_from)?;
        let end = block.get(end_from..report)?;
        let quiet = block.get(quiet_from..end_from)?;
        let ends = end.strip_prefix(END)?.strip_suffix('\n')? == id && (quiet.is_empty() || quiet.ends_with('\n'));
        let line = block.get(report..)?;
        let line = line.get(..memchr::memchr(b'\n', line.as_bytes())?)?;
        let end = report + line.len() + 1;
        // Nothing more can come of it: not a line that is wrapped, nor one of a crash that older runtimes print last.
        let next = block.get(end..)?;
        let over = next.starts_with(START) || next.starts_with("INIT_START ");
        let (of, figures) = line::plain_report(line).filter(|_| ends && over && !version.contains(' '))?;
        let whole = Self { version, report: figures, end };
        (of == id).then_some(whole)
    }
}

/// Whether a line shows that nothing before it has gone wrong so far, without being read in full.
fn says_nothing_bad(line: &str) -> bool {
    if line.starts_with('{') {
        let bad = ["\"status\":\"error\"", "\"status\":\"timeout\"", "\"status\":\"failure\"", "platform.fault"];
        return line.contains("\"type\":\"platform.") && !bad.iter().any(|word| line.contains(word));
    }
    line.starts_with(START) || line.starts_with("INIT_START ") || line::plain_report(line).is_some()
}

/// Whether the line that follows a line of the platform belongs to it.
fn goes_on_on_the_next_line(rest: &str) -> bool {
    match rest.as_bytes().first() {
        Some(b'S' | b'E' | b'D' | b'B' | b'M' | b'I' | b'R' | b'P' | b'X' | b' ' | b'\t') => {
            Name::goes_on(rest) || rest.starts_with("Runtime.") || rest.starts_with("Extension.")
        }
        _ => false,
    }
}

/// How many lines end in a part of a block.
fn newlines(block: &str, from: usize, to: usize) -> u64 {
    memchr::memchr_iter(b'\n', block.as_bytes().get(from..to).unwrap_or_default()).count() as u64
}

/// The most lines that go on with one event of a plain block.
const MOST_CONTINUED: usize = 2_000;

/// A line without its end, if it is text that a log can hold.
fn text_of(line: &[u8]) -> Option<&str> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text = std::str::from_utf8(line).ok().filter(|_| !line.contains(&0))?;
    // Lines that are only ended by carriage returns are several in one, and none of them could be told apart.
    let several = text.contains('\r') && text.split('\r').skip(1).any(|piece| wrapper::is_platform(wrapper::strip(piece).text));
    (!several).then_some(text)
}

/// Events on their way through the order into the ward.
struct Ordered<'a> {
    order: &'a mut Order,
    ward: &'a mut Ward,
}

impl Events for Ordered<'_> {
    fn event(&mut self, event: Event<'_>) {
        self.order.event(event, self.ward);
    }
}

#[cfg(test)]
mod tests;
