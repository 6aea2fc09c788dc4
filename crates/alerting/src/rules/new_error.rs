//! `when.new_error`: a function has an error that it has never had before.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use lambda_log::diagnosis::Confidence;
use lambda_log::fault::FailedInvocation;
use model::glob::FunctionFilter;
use model::settings::TableReader;
use model::span::Span;
use model::subject::Subject;

use super::finding::IncidentDetails;
use super::required_data::RequiredData;
use super::verdict::{Judgement, is_fresh};
use crate::history::History;

/// New errors that are told one by one; the others are only counted.
const MOST_TOLD: usize = 5;
/// Characters of an error that a headline has room for.
const HEADLINE: usize = 100;

/// The settings of `when.new_error`.
#[derive(Debug, Clone)]
pub struct NewError {
    functions: FunctionFilter,
    within: Span,
}

/// An error that is new, with every time it was met.
struct NewErrorOccurrences<'a> {
    fingerprint: &'a str,
    first: DateTime<Utc>,
    seen: DateTime<Utc>,
    met: Vec<&'a FailedInvocation>,
}

impl NewError {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let functions = FunctionFilter::read(settings);
        let within = settings.window("within", Span::hours(1));
        Some(Self { functions: functions?, within: within? })
    }

    pub(super) fn is_measured(&self) -> bool {
        false
    }

    pub(super) fn required_data(&self) -> RequiredData {
        RequiredData::Faults
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
        let new = self.first_seen_lately(history, function, now);
        match new.split_first() {
            Some((latest, others)) => Judgement::holds(subject, self.finding(function, latest, others)),
            None if is_fresh(read_up_to, now, self.within) => {
                Judgement::clear(subject, format!("no new error within {}", self.within))
            }
            None => Judgement::unknown(subject, format!("the log has not been read since {read_up_to}")),
        }
    }

    /// The errors that were seen for the first time within the window, the one seen last first.
    fn first_seen_lately<'a>(
        &self,
        history: &'a History,
        function: &str,
        now: DateTime<Utc>,
    ) -> Vec<NewErrorOccurrences<'a>> {
        // An error that was seen late is as new as it was when it was seen, so that no receiver misses it.
        let from = now - self.within.delta();
        let mut new = BTreeMap::<&str, NewErrorOccurrences<'a>>::new();
        for (_, fault) in history.faults(function, from) {
            let Some(fingerprint) = fault.fingerprint.as_deref() else { continue };
            let Some((first, seen)) = history.first(function, fingerprint).filter(|(_, seen)| *seen >= from) else {
                continue;
            };
            new.entry(fingerprint)
                .or_insert_with(|| NewErrorOccurrences { fingerprint, first, seen, met: vec![] })
                .met
                .push(fault);
        }
        let mut new: Vec<NewErrorOccurrences<'a>> = new.into_values().collect();
        new.sort_by(|a, b| (b.seen, b.first, a.fingerprint).cmp(&(a.seen, a.first, b.fingerprint)));
        new
    }

    fn finding(
        &self,
        function: &str,
        latest: &NewErrorOccurrences<'_>,
        others: &[NewErrorOccurrences<'_>],
    ) -> IncidentDetails {
        let Some(fault) = latest.met.first() else { return IncidentDetails::default() };
        let count = others.len() + 1;
        let headline = match count {
            1 => format!("{function}: a new error: {}", cut(latest.fingerprint)),
            _ => format!("{function}: {count} new errors, the latest: {}", cut(latest.fingerprint)),
        };
        let mut said = vec![fault.finding.clone()];
        said.extend(others.iter().take(MOST_TOLD - 1).map(|new| format!("Also new: {}", new.summary())));
        if count > MOST_TOLD {
            said.push(format!("And {} more new errors.", count - MOST_TOLD));
        }
        let sure = if fault.confidence == Confidence::Proved { "proved" } else { "likely" };
        let mut facts = vec![
            ("Error".to_owned(), latest.fingerprint.to_owned()),
            ("Cause".to_owned(), format!("{} ({sure})", fault.cause.code())),
            ("First".to_owned(), latest.first.format("%F %T UTC").to_string()),
            ("Count since".to_owned(), latest.met.len().to_string()),
        ];
        if count > 1 {
            facts.push((format!("New within {}", self.within), count.to_string()));
        }
        IncidentDetails {
            headline,
            said,
            facts,
            cause: Some((fault.cause, fault.confidence)),
            next_step: format!(
                "Check what was deployed or changed shortly before {}. {}",
                latest.first.format("%F %T UTC"),
                fault.next_step()
            ),
            evidence: fault.evidence.clone(),
            latest: Some(latest.seen),
            measure: None,
            fault: None,
        }
    }
}

impl NewErrorOccurrences<'_> {
    fn summary(&self) -> String {
        let cause = self.met.first().map(|fault| fault.cause.code()).unwrap_or_default();
        format!("{} ({cause}, {} since {})", self.fingerprint, self.met.len(), self.first.format("%F %T UTC"))
    }
}

/// An error as a headline shows it.
fn cut(fingerprint: &str) -> String {
    let mut shown: String = fingerprint.chars().take(HEADLINE).collect();
    if shown.len() < fingerprint.len() {
        shown.push('…');
    }
    shown
}
