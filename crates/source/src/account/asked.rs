//! What one poll has asked so far. A kind that has to wait for its turn is read again from its start at the next part
//! of the poll: what was answered before is not asked again, so reading is written as if nothing ever waited.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use account::map::MapKind;
use aws::AwsClients;
use aws::budget::Permit;
use aws::describing::DescribeCall;
use chrono::{DateTime, Utc};
use model::call_failure::{CallFailure, FailureKind};

use crate::retry::Retry;

/// Why reading stops.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum MapStop {
    /// The next call has its turn then.
    Wait(DateTime<Utc>),
    /// A call failed for good.
    Failed(CallFailure),
}

impl MapStop {
    /// Whether what was asked about is not there.
    pub(super) fn is_absent(&self) -> bool {
        matches!(self, Self::Failed(failure) if failure.kind == FailureKind::NotFound)
    }
}

/// An answer, or `None` where what was asked about is not there.
pub(super) fn present<T>(answer: Result<T, MapStop>) -> Result<Option<T>, MapStop> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(stop) if stop.is_absent() => Ok(None),
        Err(stop) => Err(stop),
    }
}

/// The most calls about single wholes, such as the policy of one function, that a poll makes after the first picture.
const DETAIL_CALLS: usize = 45;

/// The answers of one poll.
pub(super) struct AskedCalls {
    answers: BTreeMap<DescribeCall, Result<Arc<str>, CallFailure>>,
    retries: BTreeMap<DescribeCall, Retry>,
    /// Turns that were taken and have not come.
    turns: BTreeMap<&'static str, Permit>,
    /// The wholes whose parts are read in this poll.
    due: BTreeMap<MapKind, BTreeSet<String>>,
    /// How many calls about single wholes may still be made.
    detail_calls: usize,
}

impl Default for AskedCalls {
    fn default() -> Self {
        let (answers, retries, turns, due) = Default::default();
        Self { answers, retries, turns, due, detail_calls: DETAIL_CALLS }
    }
}

impl AskedCalls {
    /// How many calls were made.
    pub(super) fn made(&self) -> usize {
        self.answers.len()
    }

    /// The wholes of a kind whose parts are read in this poll, the same in all parts of it. `choose` is told how many
    /// calls are left, and gives the wholes and how many calls they count as.
    pub(super) fn due(
        &mut self,
        kind: MapKind,
        choose: impl FnOnce(usize) -> (BTreeSet<String>, usize),
    ) -> BTreeSet<String> {
        if let Some(chosen) = self.due.get(&kind) {
            return chosen.clone();
        }
        let (chosen, calls) = choose(self.detail_calls);
        self.detail_calls = self.detail_calls.saturating_sub(calls);
        self.due.insert(kind, chosen.clone());
        chosen
    }

    /// The wholes of a kind whose parts are read in this poll; `None` if that kind is not read by its wholes' turns.
    pub(super) fn chosen(&self, kind: MapKind) -> Option<&BTreeSet<String>> {
        self.due.get(&kind)
    }

    /// The answer to a call, which is made if it has not been made in this poll and its turn has come.
    ///
    /// # Errors
    /// [`MapStop::Wait`] if its turn is later, [`MapStop::Failed`] if the call failed.
    pub(super) async fn ask(
        &mut self,
        account: &AwsClients,
        call: DescribeCall,
        now: DateTime<Utc>,
    ) -> Result<Arc<str>, MapStop> {
        if let Some(known) = self.answers.get(&call) {
            return known.clone().map_err(MapStop::Failed);
        }
        let limit = account.describe_pace.of(call.service);
        let turn = self.turns.remove(call.service.name).unwrap_or_else(|| limit.turn());
        if !limit.has_come(turn) {
            self.turns.insert(call.service.name, turn);
            return Err(MapStop::Wait(turn.from()));
        }
        let answer = account.describe.ask(&call).await.map(Arc::<str>::from);
        match &answer {
            Err(failure) if failure.kind == FailureKind::Throttled => {
                limit.throttled();
                if let Some(at) = self.retries.entry(call.clone()).or_default().after(failure, now) {
                    return Err(MapStop::Wait(at));
                }
            }
            _ => limit.answered(),
        }
        self.answers.insert(call, answer.clone());
        answer.map_err(MapStop::Failed)
    }
}
