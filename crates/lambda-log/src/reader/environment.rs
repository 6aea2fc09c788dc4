//! The execution environments of a function, each with the invocations that are put together in it.

use std::collections::BTreeMap;

use chrono::serde::ts_milliseconds_option;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::diagnosis::{Cause, Causes, MatchWeight};
use crate::invocation::{ApplicationOutput, InitPhase, MOST_INSTANCING, PartialInvocation};
use crate::line::{ApplicationLine, InitReport, LogLevel};
use crate::unset::is_unset;

/// Reports of one start-up that are kept; more than two are two start-ups.
const MOST_START_UPS: usize = 4;
/// Invocations that are over and of which a late line is still expected: the last one of an environment, more where a
/// copy does not name its streams.
const MOST_PAST: (usize, usize) = (1, 8);

/// The environments of a function, by log stream.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct ExecutionEnvironments {
    pub(super) named: BTreeMap<String, ExecutionEnvironment>,
    /// Everything of a copy that names no streams.
    pub(super) unnamed: ExecutionEnvironment,
}

impl ExecutionEnvironments {
    pub(super) fn of(&mut self, stream: &str) -> &mut ExecutionEnvironment {
        if stream.is_empty() {
            return &mut self.unnamed;
        }
        // A name is copied once for each stream and not once for each line.
        if !self.named.contains_key(stream) {
            self.named.insert(stream.to_owned(), ExecutionEnvironment::default());
        }
        self.named.get_mut(stream).unwrap_or(&mut self.unnamed)
    }

    pub(super) fn all(&mut self) -> impl Iterator<Item = (&str, &mut ExecutionEnvironment)> {
        std::iter::once(("", &mut self.unnamed))
            .chain(self.named.iter_mut().map(|(stream, environment)| (stream.as_str(), environment)))
    }
}

/// One execution environment, that is, one log stream.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct ExecutionEnvironment {
    #[serde(skip_serializing_if = "is_unset", with = "ts_milliseconds_option")]
    pub(super) last: Option<DateTime<Utc>>,
    /// A start-up that no invocation has confirmed yet.
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) start_up: Option<InitPhase>,
    /// What was said outside of any invocation.
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) before: ApplicationOutput,
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) open: Vec<PartialInvocation>,
    /// The last that were handed out for good, in case a line of theirs comes late.
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) past: Vec<PartialInvocation>,
}

impl ExecutionEnvironment {
    /// Remembers invocations that are over, in case a line of theirs comes late.
    pub(super) fn remember(&mut self, over: Vec<PartialInvocation>, unnamed: bool) {
        over.into_iter().for_each(|invocation| self.remember_one(invocation, unnamed));
    }

    pub(super) fn remember_one(&mut self, over: PartialInvocation, unnamed: bool) {
        if !over.counted || over.request_id.is_none() {
            return;
        }
        let most = if unnamed { MOST_PAST.1 } else { MOST_PAST.0 };
        self.past.drain(..(self.past.len() + 1).saturating_sub(most));
        self.past.push(over.without_quotes());
    }

    pub(super) fn has_start_up(&self) -> bool {
        self.start_up.as_ref().is_some_and(|start_up| !start_up.reports.is_empty())
    }

    /// A new invocation, with everything that was said and started before it: its place.
    pub(super) fn begin(&mut self, id: Option<&str>, started: Option<DateTime<Utc>>) -> usize {
        let begun = self.begun(id, started);
        self.open.push(begun);
        self.open.len() - 1
    }

    /// The same, without keeping it.
    pub(super) fn begun(&mut self, id: Option<&str>, started: Option<DateTime<Utc>>) -> PartialInvocation {
        let start_up = self.start_up.take();
        let said = std::mem::take(&mut self.before);
        let error_type =
            start_up.iter().flat_map(|start_up| &start_up.reports).find_map(|report| report.error_type.clone());
        PartialInvocation {
            request_id: id.map(str::to_owned),
            started,
            start_up,
            said,
            error_type,
            ..PartialInvocation::default()
        }
    }

    /// The place of the invocation a line of the platform speaks of; it may have begun before the first line that was
    /// seen.
    pub(super) fn of(&mut self, id: Option<&str>) -> usize {
        let is_it = |open: &PartialInvocation| open.request_id.as_deref() == id;
        if id.is_some()
            && !self.open.iter().any(is_it)
            && let Some(place) = self.past.iter().rposition(is_it)
        {
            // A line of an invocation that is over comes late. What was said meanwhile is not its own.
            let mut late = self.past.remove(place);
            late.judged = false;
            self.open.insert(0, late);
            return 0;
        }
        let place = match id {
            Some(_) => self
                .open
                .iter()
                .rposition(is_it)
                .or_else(|| self.open.iter().rposition(|open| open.request_id.is_none() && open.report.is_none())),
            None => self.open.iter().rposition(|open| open.report.is_none()),
        };
        let Some((place, open)) = place.and_then(|place| Some((place, self.open.get_mut(place)?))) else {
            return self.begin(id, None);
        };
        let before = std::mem::take(&mut self.before);
        if before != ApplicationOutput::default() {
            open.said.prepend(before);
        }
        if let Some(start_up) = self.start_up.take_if(|start_up| !start_up.is_new) {
            let reports = &mut open.start_up.get_or_insert_default().reports;
            reports.extend(start_up.reports);
            reports.truncate(MOST_START_UPS);
        }
        open.request_id = open.request_id.take().or_else(|| id.map(str::to_owned));
        open.judged = false;
        place
    }

    /// The same, but a line without an id may speak of an invocation that has ended.
    pub(super) fn of_or_last(&mut self, id: Option<&str>) -> usize {
        let unended = self.open.iter().any(|open| !open.has_ended());
        if id.is_none()
            && !unended
            && !self.has_start_up()
            && let Some(last) = self.open.last_mut()
        {
            last.judged = false;
            return self.open.len() - 1;
        }
        self.of(id)
    }

    /// Where a line without an id is written down.
    pub(super) fn speaking(&mut self) -> &mut ApplicationOutput {
        match self.open.iter_mut().rfind(|open| !open.has_ended()) {
            Some(open) => {
                open.judged = false;
                &mut open.said
            }
            None => &mut self.before,
        }
    }

    pub(super) fn init_report(&mut self, event: &str, report: InitReport, causes: &Causes) {
        let (start_up, said) = match self.open.iter_mut().rfind(|open| !open.has_ended()) {
            Some(open) => {
                open.judged = false;
                open.error_type = report.error_type.clone().or(open.error_type.take());
                (&mut open.start_up, &mut open.said)
            }
            None => (&mut self.start_up, &mut self.before),
        };
        if report.status.is_bad() {
            said.quote(event);
        }
        if let Some(kind) = &report.error_type {
            sign_type(said, kind, causes);
        }
        let start_up = start_up.get_or_insert_default();
        start_up.ahead |= report.ahead;
        if start_up.reports.len() < MOST_START_UPS {
            start_up.reports.push(report);
        }
    }

    pub(super) fn application(&mut self, line: &ApplicationLine<'_>, at: Option<DateTime<Utc>>, causes: &Causes) {
        let by_id = line
            .request_id
            .as_deref()
            .and_then(|id| self.open.iter().rposition(|open| open.request_id.as_deref() == Some(id)));
        let said = match by_id.and_then(|place| self.open.get_mut(place)) {
            Some(open) => {
                open.judged = false;
                &mut open.said
            }
            None => self.speaking(),
        };
        if line.text.starts_with("Instancing..") {
            said.instancing.push(at);
            said.instancing.drain(..said.instancing.len().saturating_sub(MOST_INSTANCING));
            said.lines_since_instancing = 0;
            said.is_up = false;
            said.quote(&line.text);
            return;
        }
        said.lines = said.lines.saturating_add(1);
        said.last_at = at.or(said.last_at);
        said.first_at = said.first_at.or(at);
        // Zappa logs the event once the application is there: start-up has ended.
        if line.text.contains("Zappa Event:") {
            said.is_up = true;
            said.is_ping |= line.text.contains("Scheduled Event");
        } else {
            said.lines_since_instancing = said.lines_since_instancing.saturating_add(1);
        }
        said.is_ping |= line.text.contains("serverless-plugin-warmup") || line.text.contains("WarmUp - Lambda is warm");
        // What the application says after a sign takes the last word from it.
        let signs = causes.signs(line, false);
        // What an extension writes is not the application going on.
        let is_usual = !line.of_extension
            && match line.level {
                LogLevel::Debug | LogLevel::Info => true,
                LogLevel::Unknown => signs.is_empty(),
                LogLevel::Warning | LogLevel::Error => false,
            };
        for sign in &mut said.signs {
            sign.is_last = false;
            sign.went_on |= is_usual;
            if is_usual && sign.by_shape {
                sign.weight = sign.weight.min(MatchWeight::Hint);
            }
        }
        said.of_node |= line.of_node;
        said.sign(signs, line, true);
    }
}

/// What an error type points to, by itself.
pub(super) fn sign_type(said: &mut ApplicationOutput, kind: &str, causes: &Causes) {
    let line = ApplicationLine { text: kind.into(), unhandled: true, ..ApplicationLine::default() };
    let signs = causes.signs(&line, true).into_iter().filter(|sign| sign.cause != Cause::AppException).collect();
    let error = said.error.take();
    said.sign(signs, &line, false);
    // A type is not the text of an error.
    said.error = error;
}
