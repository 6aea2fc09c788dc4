//! Which watches are active. Rules are active where a watch gives them what they need.

use account::inventory::ResourceKind;
use account::map::MapKind;
use model::call_failure::CallFailure;

use super::bill::FoundBill;
use super::found::{FoundAccount, billable_word, word};
use super::patterns::log_patterns;

/// Which watches are active, and on which terms.
pub(super) struct WatchPlan {
    pub(super) spend: bool,
    pub(super) charges: bool,
    /// The functions whose logs are read, and those whose logs AWS does not let be read; `None` if no log is.
    pub(super) logs: Option<(Vec<String>, Vec<String>)>,
    /// Minutes between two polls of the logs.
    pub(super) logs_minutes: usize,
    /// Minutes between two polls of the metrics; `None` if they are not read.
    pub(super) metrics_minutes: Option<usize>,
    /// The kinds of the map that can be read.
    pub(super) map: Vec<&'static str>,
    /// The billable kinds that can be read.
    pub(super) billable: Vec<&'static str>,
    pub(super) has_billable: bool,
}

/// Calls a second to logs, as `log_calls_per_second` allows by default.
const LOG_CALLS: usize = 2;
/// Calls for the metrics of one function at each poll.
const METRIC_CALLS: usize = 4;
/// Half of the requests to CloudWatch that are free each month: others need some too.
const FREE_HALF: usize = 500_000;
/// Minutes of the longest month.
const MONTH: usize = 31 * 24 * 60;

impl WatchPlan {
    pub(super) fn of(found: &FoundAccount) -> Self {
        let functions = found.functions().len();
        // Patterns are looked up among the log groups; without the list of functions less is seen.
        let can_find = found.resources(MapKind::LogGroup).is_some();
        let logs = Some(log_patterns(found)).filter(|(read, _)| !read.is_empty() && can_find && found.logs.is_ok());
        let affordable = |minutes: &usize| functions * METRIC_CALLS * (MONTH / minutes) <= FREE_HALF;
        let map = found.kinds.iter().filter(|(_, read)| read.is_ok()).map(|(kind, _)| word(*kind)).collect();
        let known = found.billable.iter().filter_map(|(kind, ids)| Some((*kind, ids.as_ref().ok()?)));
        Self {
            spend: matches!(&found.bill, FoundBill::Read(_)),
            charges: found.charges.is_ok(),
            logs,
            // Every function has its turn in each round.
            logs_minutes: (functions / LOG_CALLS).div_ceil(60).max(1),
            metrics_minutes: (found.metrics.is_ok() && can_find)
                .then(|| [5, 15, 30].into_iter().find(affordable))
                .flatten(),
            map,
            // Log groups are everywhere, and cost little.
            has_billable: found
                .billable
                .iter()
                .any(|(kind, ids)| *kind != ResourceKind::LogGroup && ids.as_ref().is_ok_and(|ids| !ids.is_empty())),
            billable: known.map(|(kind, _)| billable_word(kind)).collect(),
        }
    }

    /// Whether anything tells what the month costs so far.
    pub(super) fn has_costs(&self) -> bool {
        self.spend || self.charges
    }
}

/// Failed calls, each once, with what each of them leaves unknown.
pub(super) fn by_call<'a>(
    failed: impl Iterator<Item = (&'static str, &'a CallFailure)>,
) -> Vec<(&'a CallFailure, Vec<&'static str>)> {
    let mut calls: Vec<(&CallFailure, Vec<&'static str>)> = Vec::new();
    for (word, failure) in failed {
        match calls.iter_mut().find(|(known, _)| known.call == failure.call && known.kind == failure.kind) {
            Some((_, words)) => words.push(word),
            None => calls.push((failure, vec![word])),
        }
    }
    calls
}
