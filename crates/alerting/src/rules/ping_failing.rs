//! `when.ping_failing`: the last warm-up pings of a function were all cold, timed out or failed.

use chrono::{DateTime, Utc};
use lambda_log::diagnosis::{Cause, Confidence};
use model::glob::FunctionFilter;
use model::settings::TableReader;
use model::span::{Span, spoken};
use model::subject::Subject;

use super::finding::{IncidentDetails, PINGING_CANNOT_HELP};
use super::required_data::RequiredData;
use super::verdict::Judgement;
use crate::history::History;
use crate::observation::{PingOutcome, PingResult};

/// The settings of `when.ping_failing`.
#[derive(Debug, Clone)]
pub struct PingFailing {
    functions: FunctionFilter,
    count: u32,
    within: Span,
}

impl PingFailing {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let functions = FunctionFilter::read(settings);
        let count = settings.number("count", 3, 1..1000);
        let within = settings.window("within", Span::hours(1));
        Some(Self { functions: functions?, count: count?, within: within? })
    }

    pub(super) fn is_measured(&self) -> bool {
        false
    }

    pub(super) fn required_data(&self) -> RequiredData {
        RequiredData::Pings
    }

    pub(super) fn window(&self) -> Option<Span> {
        Some(self.within)
    }

    pub(super) fn covers(&self, subject: &Subject) -> bool {
        self.functions.cover(subject)
    }

    pub(super) fn judge(&self, history: &History, now: DateTime<Utc>) -> Vec<Judgement> {
        let functions = history.functions_pinged().filter(|function| self.functions.fit(function));
        functions.map(|function| self.one(history, function, now)).collect()
    }

    fn one(&self, history: &History, function: &str, now: DateTime<Utc>) -> Judgement {
        let subject = Subject::Function(function.to_owned());
        let recent = history.pings(function).take_while(|(at, _)| now - *at <= self.within.delta());
        let last: Vec<(DateTime<Utc>, &PingResult)> = recent.take(self.count as usize).collect();
        if last.iter().any(|(_, ping)| matches!(ping.outcome, PingOutcome::Warm | PingOutcome::Answered)) {
            return Judgement::clear(subject, "a ping was answered by a warm environment");
        }
        if last.len() < self.count as usize {
            return Judgement::unknown(subject, format!("only {} pings within {}", last.len(), self.within));
        }
        Judgement::holds(subject, finding(function, &last))
    }
}

/// What the last pings, latest first, have in common.
fn finding(function: &str, last: &[(DateTime<Utc>, &PingResult)]) -> IncidentDetails {
    let count = |outcome| last.iter().filter(|(_, ping)| ping.outcome == outcome).count();
    let (timed_out, cold, failed) =
        (count(PingOutcome::TimedOut), count(PingOutcome::Cold), count(PingOutcome::Failed));
    let unfinished = last.iter().filter(|(_, ping)| ping.startup_unfinished).count();
    let parts = [(timed_out, "timed out"), (failed, "failed"), (cold, "were cold")];
    let parts: Vec<String> = parts.iter().filter(|(n, _)| *n > 0).map(|(n, how)| format!("{n} {how}")).collect();
    let gap = last.first().zip(last.get(1)).map(|((later, _), (earlier, _))| *later - *earlier);
    let mut said = Vec::new();
    let next_step;
    if unfinished == last.len() {
        said.push("Each of these pings ended while the init phase was still running.".to_owned());
        said.push(PINGING_CANNOT_HELP.to_owned());
        next_step = Cause::SlowColdStart.next_step().to_owned();
    } else if timed_out == last.len() {
        said.push(
            "Their log does not show what took so long. If it is the init phase, pings cannot help, because none of them leaves a warm environment.".to_owned(),
        );
        next_step = "Read the function's log of one ping from its first line: check whether the time is spent before or after the handler begins.".to_owned();
    } else if cold == last.len() {
        let gap = gap.map_or_else(String::new, |gap| format!(" {} apart", spoken(gap)));
        said.push(format!(
            "Pings{gap} each found a cold environment, so they keep nothing warm: the idle timeout is shorter, or each ping got a new environment."
        ));
        next_step =
            "Shorten the interval. If that does not help, shorten the init phase, because callers wait for it too."
                .to_owned();
    } else {
        next_step = "Check what the function returns for a ping: it should recognize the payload and return at once."
            .to_owned();
    }
    let cause = last.iter().find_map(|(_, ping)| ping.cause).filter(|_| timed_out + failed == last.len());
    let mut facts = vec![("Last pings".to_owned(), parts.join(", "))];
    facts.extend(cause.map(|cause| ("Cause".to_owned(), cause.code().to_owned())));
    facts.extend(
        last.first().and_then(|(_, ping)| ping.duration_ms).map(|ms| ("Last duration".to_owned(), format!("{ms} ms"))),
    );
    IncidentDetails {
        headline: format!(
            "{function}: warm-up pings do not keep it warm ({} of the last {})",
            parts.join(", "),
            last.len()
        ),
        said,
        facts,
        cause: cause
            .map(|cause| (cause, if unfinished == last.len() { Confidence::Proved } else { Confidence::Likely })),
        next_step,
        evidence: last.first().map(|(_, ping)| ping.evidence.clone()).unwrap_or_default(),
        latest: None,
        measure: None,
        fault: None,
    }
}
