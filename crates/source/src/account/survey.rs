//! One picture of an account, for a person who has no configuration yet: what `read.account` would see first.

use account::map::{MapKind, MapSnapshot};
use alerting::observation::ObservationBody;
use aws::AwsClients;
use chrono::{DateTime, Utc};
use model::call_failure::CallFailure;

use super::{AccountMapSettings, AccountMapSource, is_hopeless, kinds};
use crate::poll::Source;

/// A kind of the map with what there is of it, or why that is not known.
pub type SurveyedKind = (MapKind, Result<MapSnapshot, CallFailure>);

/// How far a survey is.
#[derive(Debug)]
pub enum SurveyStep {
    /// It goes on at this time.
    Wait(DateTime<Utc>),
    /// Every kind has been asked for, in the order of their table. An error if no call can succeed.
    Done(Result<Vec<SurveyedKind>, CallFailure>),
}

/// Reads every kind of the map once. It is the first poll of `read.account`, so it never sleeps: whoever asks waits.
pub struct AccountSurvey {
    source: AccountMapSource,
    begun: bool,
}

impl AccountSurvey {
    /// A survey of an account that has made no call yet.
    pub fn new(account: &AwsClients) -> Self {
        let kinds: Vec<MapKind> = MapKind::ALL.iter().map(|(_, kind)| *kind).collect();
        Self::of(account, &kinds)
    }

    /// A survey of some kinds only.
    pub fn of(account: &AwsClients, kinds: &[MapKind]) -> Self {
        let settings = AccountMapSettings { kinds: kinds.to_vec() };
        Self { source: settings.polled("survey".to_owned(), account), begun: false }
    }

    /// How many kinds are read or refused.
    pub fn finished(&self) -> usize {
        if self.begun { self.source.kinds.len().saturating_sub(self.source.poll.pending.len()) } else { 0 }
    }

    /// Makes the calls whose turn has come.
    pub async fn step(&mut self, now: DateTime<Utc>) -> SurveyStep {
        let output = if self.begun { self.source.go_on(now).await } else { self.source.poll(now).await };
        self.begun = true;
        if let Some(at) = output.go_on_at {
            return SurveyStep::Wait(at);
        }
        let failure = |observation: alerting::observation::Observation| match observation.what {
            ObservationBody::Failed(failure) => Some(failure),
            _ => None,
        };
        let failures: Vec<CallFailure> = output.observations.into_iter().filter_map(failure).collect();
        if let Some(failure) = failures.iter().find(|failure| is_hopeless(failure.kind)) {
            return SurveyStep::Done(Err(failure.clone()));
        }
        let known = &self.source.state.known;
        let surveyed = MapKind::ALL.iter().filter_map(|(_, kind)| {
            // One failed call can be that of several kinds.
            let failed = || failures.iter().find(|failure| kinds::calls_of(*kind).contains(&failure.call.as_str()));
            match known.get(kind).filter(|snapshot| snapshot.unknown.is_none()) {
                Some(snapshot) => Some((*kind, Ok(snapshot.clone()))),
                None => failed().map(|failure| (*kind, Err(failure.clone()))),
            }
        });
        SurveyStep::Done(Ok(surveyed.collect()))
    }
}
