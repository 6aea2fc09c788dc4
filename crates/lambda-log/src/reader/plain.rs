//! Invocations of which every line was recognised without being read in full.

use chrono::{DateTime, Utc};

use super::LogReader;
use crate::invocation::InvocationSink;
use crate::line::ReportLine;

/// `START`, lines of the application that carry no sign, `END` and `REPORT`, with nothing else of the stream between.
#[derive(Debug)]
pub(crate) struct RecognisedInvocation<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) started: Option<DateTime<Utc>>,
    pub(crate) ended: Option<DateTime<Utc>>,
    pub(crate) report: ReportLine,
    /// The lines of the application, and when the last of them was written.
    pub(crate) lines: u32,
    pub(crate) last_line: Option<DateTime<Utc>>,
    /// When the last line of the stream was written.
    pub(crate) last: Option<DateTime<Utc>>,
}

impl LogReader {
    /// Whether it is known that this version runs.
    pub(crate) fn runs(&self, version: &str) -> bool {
        self.judge.running.version.as_deref() == Some(version)
    }

    /// How many streams are followed.
    pub(crate) fn streams(&self) -> usize {
        self.environments.named.len()
    }

    /// Emits what is over where an invocation begins. Says whether no other one goes on.
    pub(crate) fn ends_before(&mut self, stream: &str, id: &str, out: &mut impl InvocationSink) -> bool {
        let Self { judge, environments } = self;
        let environment = environments.of(stream);
        let done = |open: &mut crate::invocation::PartialInvocation| {
            open.has_ended() || !stream.is_empty() || open.request_id.as_deref() == Some(id)
        };
        judge.hand_out(stream, environment, done, out);
        environment.open.is_empty()
    }

    /// Reads an invocation that was recognised, once the next one begins: the same as reading its lines.
    pub(crate) fn read_recognised(
        &mut self,
        stream: &str,
        recognised: RecognisedInvocation<'_>,
        out: &mut impl InvocationSink,
    ) {
        let Self { judge, environments } = self;
        let environment = environments.of(stream);
        let started = recognised.started.or(environment.last);
        environment.last = environment.last.max(recognised.last);
        let mut invocation = environment.begun(Some(recognised.request_id), started);
        let said = &mut invocation.said;
        said.lines = said.lines.saturating_add(recognised.lines);
        said.lines_since_instancing = said.lines_since_instancing.saturating_add(recognised.lines);
        said.last_at = recognised.last_line.or(said.last_at);
        if recognised.lines > 0 {
            said.signs.iter_mut().for_each(|sign| sign.is_last = false);
        }
        invocation.report = Some(recognised.report);
        invocation.ended_at = recognised.ended;
        judge.tell(stream, &mut invocation, out);
        environment.remember_one(invocation, stream.is_empty());
    }
}
