//! `when.lambda_cause`: a number of invocations failed for given causes within a given time.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use lambda_log::diagnosis::{Cause, Confidence};
use lambda_log::fault::FailedInvocation;
use model::glob::FunctionFilter;
use model::settings::{ReferenceKind, TableReader};
use model::span::Span;
use model::subject::Subject;

use super::finding::{IncidentDetails, PINGING_CANNOT_HELP};
use super::measure::MeasuredValue;
use super::required_data::RequiredData;
use super::verdict::{Judgement, is_fresh};
use crate::history::History;

/// The settings of `when.lambda_cause`.
#[derive(Debug, Clone)]
pub struct LambdaCause {
    causes: Vec<Cause>,
    functions: FunctionFilter,
    count: u32,
    within: Span,
}

impl LambdaCause {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        // Whether each is one, the whole configuration says: it may have causes of its own.
        let causes = settings.mentions("causes", ReferenceKind::Cause);
        let functions = FunctionFilter::read(settings);
        let count = settings.number("count", 1, 1..1_000_000);
        let within = settings.window("within", Span::minutes(10));
        // What can be no code is noted there as well.
        let causes = causes?.iter().filter_map(|code| Cause::of_code(code).ok()).collect();
        Some(Self { causes, functions: functions?, count: count?, within: within? })
    }

    /// Whether it needs what functions did by minutes: normal cold starts are no faults, and only counted.
    pub(crate) fn counts_minutes(&self) -> bool {
        self.causes.contains(&Cause::ColdStart)
    }

    pub(super) fn is_measured(&self) -> bool {
        true
    }

    pub(super) fn required_data(&self) -> RequiredData {
        if self.counts_minutes() { RequiredData::Minutes } else { RequiredData::Faults }
    }

    pub(super) fn window(&self) -> Option<Span> {
        Some(self.within)
    }

    pub(super) fn covers(&self, subject: &Subject) -> bool {
        self.functions.cover(subject)
    }

    pub(super) fn judge(&self, history: &History, now: DateTime<Utc>) -> Vec<Judgement> {
        let functions = history.functions_read().filter(|(function, _)| self.functions.fit(function));
        functions.map(|(function, read_up_to)| self.one(history, function, read_up_to, now)).collect()
    }

    fn one(&self, history: &History, function: &str, read_up_to: DateTime<Utc>, now: DateTime<Utc>) -> Judgement {
        let subject = Subject::Function(function.to_owned());
        // A fault that was seen late counts from when it was seen, so that no receiver misses it.
        let faults: Vec<(DateTime<Utc>, &FailedInvocation)> =
            history.faults(function, now - self.within.delta()).filter(|(_, fault)| self.wants(fault)).collect();
        match self.densest(&faults) {
            Some(run) => Judgement::holds(subject, self.finding(history, function, &run)),
            None if let Some(finding) = self.cold_starts(history, function, now) => Judgement::holds(subject, finding),
            None if is_fresh(read_up_to, now, self.within) => {
                Judgement::clear(subject, "it has not occurred this often lately")
            }
            None => Judgement::unknown(subject, format!("the log has not been read since {read_up_to}")),
        }
    }

    /// A normal cold start is no fault of anything, so none is kept one by one; for rules that ask for them they are
    /// counted.
    fn cold_starts(&self, history: &History, function: &str, now: DateTime<Utc>) -> Option<IncidentDetails> {
        let counted =
            self.causes.contains(&Cause::ColdStart).then(|| history.counted(function, now - self.within.delta()))?;
        (counted.cold >= u64::from(self.count)).then(|| IncidentDetails {
            headline: format!("{function}: {} ({})", Cause::ColdStart.meaning(), Cause::ColdStart.code()),
            said: vec![format!(
                "{} of {} invocations started a new environment; {} callers waited for it.",
                counted.cold, counted.invocations, counted.cold_waited
            )],
            facts: vec![("Count".to_owned(), format!("{} within {}", counted.cold, self.within))],
            cause: Some((Cause::ColdStart, Confidence::Proved)),
            next_step: Cause::ColdStart.next_step().to_owned(),
            measure: Some(MeasuredValue { value: counted.cold.into(), limit: self.count.into() }),
            fault: None,
            ..IncidentDetails::default()
        })
    }

    /// Whether the invocation shows a cause that is asked for, be it the deepest one or not.
    fn wants(&self, fault: &FailedInvocation) -> bool {
        self.causes.contains(&fault.cause) || fault.also.iter().any(|cause| self.causes.contains(cause))
    }

    /// The latest run of faults that lie within the window of each other and are enough of them.
    fn densest<'a>(
        &self,
        faults: &[(DateTime<Utc>, &'a FailedInvocation)],
    ) -> Option<Vec<(DateTime<Utc>, &'a FailedInvocation)>> {
        let run_ending_at = |last: usize| {
            let (end, _) = faults.get(last)?;
            let first = faults.partition_point(|(at, _)| *end - *at >= self.within.delta());
            faults.get(first..=last).filter(|run| run.len() >= self.count as usize).map(<[_]>::to_vec)
        };
        (0..faults.len()).rev().find_map(run_ending_at)
    }

    fn finding(
        &self,
        history: &History,
        function: &str,
        run: &[(DateTime<Utc>, &FailedInvocation)],
    ) -> IncidentDetails {
        let Some((last_at, last)) = run.last() else { return IncidentDetails::default() };
        let first_at = run.first().map_or(*last_at, |(at, _)| *at);
        let worst = run
            .iter()
            .map(|(_, fault)| (fault.confidence, fault.cause))
            .filter(|(_, cause)| *cause == last.cause)
            .min()
            .unwrap_or((Confidence::Likely, last.cause));
        let mut facts = vec![
            (
                "Cause".to_owned(),
                format!("{} ({})", last.cause.code(), if worst.0 == Confidence::Proved { "proved" } else { "likely" }),
            ),
            ("Count".to_owned(), format!("{} within {}", run.len(), self.within)),
            ("First".to_owned(), first_at.format("%F %T UTC").to_string()),
            ("Last".to_owned(), last_at.format("%F %T UTC").to_string()),
        ];
        let seen: BTreeSet<Cause> =
            run.iter().flat_map(|(_, fault)| std::iter::once(fault.cause).chain(fault.also.iter().copied())).collect();
        let others: Vec<&str> = seen.into_iter().filter(|cause| *cause != last.cause).map(Cause::code).collect();
        if !others.is_empty() {
            facts.push(("Also seen".to_owned(), others.join(", ")));
        }
        let mut said = vec![last.finding.clone()];
        let asked_for = last.also.iter().find(|cause| self.causes.contains(cause));
        if let Some(wanted) = asked_for.filter(|_| !self.causes.contains(&last.cause)) {
            said.push(format!(
                "The same invocation also shows {}; {} is the root cause.",
                wanted.code(),
                last.cause.code()
            ));
        }
        if last.cause == Cause::SlowColdStart
            && worst.0 == Confidence::Proved
            && history.pings(function).next().is_some()
        {
            said.push(PINGING_CANNOT_HELP.to_owned());
        }
        IncidentDetails {
            headline: format!("{function}: {} ({})", last.meaning(), last.cause.code()),
            said,
            facts,
            cause: Some((last.cause, worst.0)),
            next_step: last.next_step().to_owned(),
            evidence: last.evidence.clone(),
            latest: None,
            measure: Some(MeasuredValue { value: run.len().into(), limit: self.count.into() }),
            fault: None,
        }
    }
}
