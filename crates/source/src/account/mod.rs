//! `read.account`: the map of the account, read only, and what changes in it. A kind that may not be read is unknown,
//! and the others are still read.

mod asked;
mod chain;
mod context;
mod fields;
mod kinds;
mod parts;
mod state;
mod survey;
#[cfg(test)]
mod tests;
mod trail;

use std::collections::{BTreeMap, BTreeSet};

use account::map::{Change, DigestKey, MapKind, MapSnapshot, changes};
use alerting::observation::ObservationBody;
use async_trait::async_trait;
use aws::AwsClients;
use aws::policy::RequiredCall;
use chrono::{DateTime, Utc};
use model::call_failure::{CallFailure, FailureKind};
use model::glob::NamePattern;
use model::settings::TableReader;
use tokio::sync::Mutex;

use self::asked::{AskedCalls, MapStop};
use self::context::MapContext;
use self::state::MapState;
use crate::poll::{PollBuilder, PollOutput, Source};

pub use chain::{CHAIN_CALLS, ChainReader, ChainReading};
pub use state::{StoredMap, stored_map};
pub use survey::{AccountSurvey, SurveyStep, SurveyedKind};

/// The settings of `read.account`.
#[derive(Debug, Clone)]
pub struct AccountMapSettings {
    /// The kinds that are read, in the order of their table.
    kinds: Vec<MapKind>,
}

impl AccountMapSettings {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let mut kinds = match settings.has("kinds") {
            true => settings.words("kinds", "a kind of the map", MapKind::ALL)?,
            false => MapKind::ALL.iter().map(|(_, kind)| *kind).collect(),
        };
        kinds.sort();
        kinds.dedup();
        Some(Self { kinds })
    }

    /// The same for another region. What is not of a region is read once.
    pub(super) fn elsewhere(self) -> Option<Self> {
        let kinds: Vec<MapKind> = self.kinds.into_iter().filter(|kind| !kind.is_global()).collect();
        (!kinds.is_empty()).then_some(Self { kinds })
    }

    pub(super) fn functions(&self) -> &[NamePattern] {
        &[]
    }

    pub(super) fn kinds(&self) -> &[MapKind] {
        &self.kinds
    }

    pub(super) fn calls(&self) -> Vec<RequiredCall> {
        let mut calls: Vec<&'static str> = Vec::new();
        for call in self.kinds.iter().flat_map(|kind| kinds::calls_of(*kind)).chain(&[trail::CALL]) {
            if !calls.contains(call) {
                calls.push(call);
            }
        }
        RequiredCall::all(&calls)
    }

    pub(super) fn source(self, name: String, account: &AwsClients) -> impl Source + use<> {
        self.polled(name, account)
    }

    fn polled(self, name: String, account: &AwsClients) -> AccountMapSource {
        AccountMapSource {
            name,
            kinds: self.kinds,
            account: account.clone(),
            state: MapState::default(),
            poll: PollState::default(),
        }
    }
}

struct AccountMapSource {
    name: String,
    kinds: Vec<MapKind>,
    account: AwsClients,
    /// What is committed, or about to be.
    state: MapState,
    poll: PollState,
}

/// What a poll that is under way has done. Nothing of it is given out before its end, so that a change, its call and
/// the snapshot behind it are one transaction.
#[derive(Default)]
struct PollState {
    started: DateTime<Utc>,
    /// The kinds that are not read yet, each with the time it waits for.
    pending: Vec<(MapKind, DateTime<Utc>)>,
    asked: Mutex<AskedCalls>,
    next: MapState,
    changes: Vec<Change>,
    failures: Vec<KindFailure>,
}

/// A failure, and the kinds that could not be read for it, by their words in the configuration.
struct KindFailure {
    failure: CallFailure,
    kinds: Vec<&'static str>,
}

impl KindFailure {
    /// The failure; of a missing permission with what is not seen without it.
    fn told(self) -> CallFailure {
        let Self { mut failure, kinds } = self;
        if failure.kind == FailureKind::Denied {
            failure.next_step = format!(
                "allow {} for this identity (`monitor iam-policy`); until then changes of {} are not seen; or leave them out of `kinds`",
                failure.call,
                kinds.join(", ")
            );
        }
        failure
    }
}

#[async_trait]
impl Source for AccountMapSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn restore(&mut self, cursors: BTreeMap<String, String>) {
        self.state.restore(&self.name, &cursors);
    }

    async fn poll(&mut self, now: DateTime<Utc>) -> PollOutput {
        let MapState { known, seen, key, waiting } = &self.state;
        let (mut known, mut seen) = (known.clone(), seen.clone());
        known.retain(|kind, _| self.kinds.contains(kind));
        seen.retain(|kind, _| self.kinds.contains(kind));
        let key = key.or_else(|| (self.account.random_key)().map(DigestKey));
        self.poll = PollState {
            started: now,
            pending: self.kinds.iter().map(|kind| (*kind, now)).collect(),
            next: MapState { known, seen, key, waiting: waiting.clone() },
            ..PollState::default()
        };
        self.read_pending(now).await
    }

    async fn go_on(&mut self, now: DateTime<Utc>) -> PollOutput {
        self.read_pending(now).await
    }
}

impl AccountMapSource {
    /// Reads the kinds that are not read yet, then the calls that changed something.
    async fn read_pending(&mut self, now: DateTime<Utc>) -> PollOutput {
        let wait = |at| PollOutput { go_on_at: Some(at), ..PollOutput::default() };
        let mut waiting: Vec<(MapKind, DateTime<Utc>)> = Vec::new();
        // The kinds of one service are read one after another, those of different services side by side.
        let mut busy: BTreeSet<&'static str> = BTreeSet::new();
        for (kind, at) in std::mem::take(&mut self.poll.pending) {
            if at > now || busy.contains(kind.service()) {
                busy.insert(kind.service());
                waiting.push((kind, at));
                continue;
            }
            if self.poll.failures.iter().any(|known| is_hopeless(known.failure.kind)) {
                // Without credentials no other kind can be read either.
                continue;
            }
            let answer = kinds::read(kind, &self.look(Some(kind), now)).await;
            match answer {
                Ok(snapshot) => self.take(kind, snapshot, now),
                Err(MapStop::Failed(failure)) => self.refuse(kind, failure),
                Err(MapStop::Wait(at)) => {
                    busy.insert(kind.service());
                    waiting.push((kind, at));
                }
            }
        }
        // A kind behind another one of its service has no time of its own: those that have one come first.
        let next = waiting.iter().map(|(_, at)| *at).filter(|at| *at > now).min();
        self.poll.pending = waiting;
        if !self.poll.pending.is_empty() {
            return wait(next.unwrap_or(now));
        }
        let unexplained: Vec<Change> = self.poll.next.waiting.iter().chain(&self.poll.changes).cloned().collect();
        let explained = match trail::with_calls(&self.look(None, now), &unexplained).await {
            Ok(explained) => explained,
            Err(MapStop::Wait(at)) => return wait(at),
            Err(MapStop::Failed(failure)) => {
                // A change without its call is still a change.
                tracing::info!(source = %self.name, "calls that changed something are unknown: {failure}");
                vec![]
            }
        };
        self.done(explained, now)
    }

    fn look(&self, kind: Option<MapKind>, now: DateTime<Utc>) -> MapContext<'_> {
        let before = kind.and_then(|kind| self.state.known.get(&kind));
        MapContext {
            account: &self.account,
            kinds: &self.kinds,
            started: self.poll.started,
            now,
            asked: &self.poll.asked,
            key: self.poll.next.key.as_ref(),
            before: before.filter(|before| before.unknown.is_none()),
        }
    }

    /// A kind was read.
    fn take(&mut self, kind: MapKind, snapshot: MapSnapshot, now: DateTime<Utc>) {
        let poll = &mut self.poll;
        if let (Some(before), Some(since)) = (self.state.known.get(&kind), self.state.seen.get(&kind)) {
            poll.changes.extend(changes(before, &snapshot, *since, now));
        }
        poll.next.known.insert(kind, snapshot);
        poll.next.seen.insert(kind, poll.started);
    }

    /// A kind could not be read. Where that is not allowed it is unknown from now on; any other failure passes, and
    /// what was known is compared with the next answer.
    fn refuse(&mut self, kind: MapKind, failure: CallFailure) {
        let words = MapKind::ALL.iter().find(|(_, known)| *known == kind).map_or(kind.word(), |(word, _)| word);
        if failure.kind == FailureKind::Denied {
            let CallFailure { call, said, .. } = &failure;
            let why = format!("{call}: {said}; changes of {words} are not seen until {call} is allowed");
            self.poll.next.known.insert(kind, MapSnapshot::unknown(kind, &self.account.region, why));
        }
        // One missing permission can be that of several kinds: it is told once, with all of them.
        let is_same =
            |known: &&mut KindFailure| known.failure.call == failure.call && known.failure.kind == failure.kind;
        match self.poll.failures.iter_mut().find(is_same) {
            Some(known) => known.kinds.push(words),
            None => self.poll.failures.push(KindFailure { failure, kinds: vec![words] }),
        }
    }

    /// Ends the poll: `explained` are changes of this and earlier polls with their calls.
    fn done(&mut self, explained: Vec<Change>, now: DateTime<Utc>) -> PollOutput {
        let mut poll = PollBuilder::new(&self.name, now);
        let PollState { mut next, changes, failures, .. } = std::mem::take(&mut self.poll);
        let is_explained = |change: &Change| explained.iter().any(|known| known.is_same(change));
        next.waiting.extend(changes.iter().cloned());
        next.waiting.retain(|change| !is_explained(change) && now - change.until < trail::SHOWS);
        let plain: Vec<Change> = changes.into_iter().filter(|change| !is_explained(change)).collect();
        for change in plain.into_iter().chain(explained) {
            poll.saw(change.until, ObservationBody::Change(change));
        }
        failures.into_iter().for_each(|failure| poll.failed(failure.told()));
        poll.gathered.cursors = self.state.moved(&next);
        self.state = next;
        poll.done()
    }
}

fn is_hopeless(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::NoCredentials | FailureKind::BadCredentials)
}
