//! Sends pings, and says what each of them found.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws::prices::PriceTable;
use aws::{AwsClients, LambdaApi};
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use lambda_log::diagnosis::Causes;
use model::call_failure::{CallFailure, FailureKind};
use model::money::Percent;
use model::span::Span;

use super::answer::{PingAnswer, understand};
use super::back_off::PingBackOff;
use super::lane::PingLane;
use super::settings::{PingPayload, WarmSettings, function_name};

/// How long the account's limit is taken to stay as it is.
const LIMIT_HOLDS: TimeDelta = TimeDelta::hours(1);
/// So many rounds in a row that reached too few environments are no accident.
const SHORT_ROUNDS: u32 = 3;

/// Sends the pings of one function.
pub(super) struct PingSender {
    name: String,
    function: String,
    payload: PingPayload,
    give_up: Span,
    max_share: Percent,
    functions: Arc<dyn LambdaApi>,
    region: String,
    prices: PriceTable,
    /// What the lines of answers are searched for.
    pub(super) causes: Causes,
    limit: Option<(DateTime<Utc>, u32)>,
    lane: Arc<PingLane>,
    back_off: PingBackOff,
    /// Rounds in a row in which fewer environments answered than pings were sent.
    short_rounds: u32,
}

/// A ping that was answered.
pub(super) struct SentPing {
    pub(super) sent: DateTime<Utc>,
    pub(super) answer: PingAnswer,
}

impl PingSender {
    pub(super) fn new(settings: &WarmSettings, account: &AwsClients, prices: PriceTable, lane: &Arc<PingLane>) -> Self {
        Self {
            name: settings.name.clone(),
            function: settings.function.clone(),
            payload: settings.payload.clone(),
            give_up: settings.give_up,
            max_share: settings.max_share,
            functions: Arc::clone(&account.functions),
            region: account.region.clone(),
            prices,
            causes: Causes::built_in(),
            limit: None,
            lane: Arc::clone(lane),
            back_off: PingBackOff::default(),
            short_rounds: 0,
        }
    }

    /// Whether AWS had no room for a ping not long ago.
    pub(super) fn waits(&self, now: DateTime<Utc>) -> bool {
        self.back_off.waits(now)
    }

    pub(super) fn reserve(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        self.lane.reserve(now)
    }

    pub(super) fn lane(&self) -> &PingLane {
        &self.lane
    }

    /// How many pings may overlap now; at least one.
    pub(super) async fn allowed(&mut self, now: DateTime<Utc>) -> Result<u32, CallFailure> {
        let limit = match self.limit {
            Some((at, limit)) if now - at < LIMIT_HOLDS => limit,
            _ => {
                let limit = self.functions.concurrency_limit().await?;
                self.limit = Some((now, limit));
                limit
            }
        };
        let allowed = self.max_share.of(limit);
        if allowed == 0 {
            let said = format!("{} of the account's concurrency limit of {limit} is less than one", self.max_share);
            let next_step =
                format!("raise max_share under [{}], or request a higher concurrency limit from AWS", self.name);
            return Err(self.not_sent(said, next_step));
        }
        Ok(allowed)
    }

    /// Why no ping is sent.
    pub(super) fn not_sent(&self, why: String, next_step: String) -> CallFailure {
        CallFailure {
            call: "lambda:InvokeFunction".to_owned(),
            resource: self.function.clone(),
            kind: FailureKind::Refused,
            said: format!("no ping sent: {why}"),
            next_step,
        }
    }

    /// Sends so many pings at once; those with a higher place are to be held longer.
    pub(super) async fn send(&mut self, now: DateTime<Utc>, places: &[u32]) -> Vec<Result<SentPing, CallFailure>> {
        let together = u32::try_from(places.len()).unwrap_or(u32::MAX);
        let payloads: Vec<String> = places.iter().map(|place| self.payload.text(together, *place)).collect();
        let calls = payloads.iter().map(|payload| self.functions.invoke(&self.function, payload, self.give_up));
        let price = |billed_ms, memory_mb| self.prices.invocation(&self.region, billed_ms, memory_mb);
        let answers: Vec<Result<SentPing, CallFailure>> = join_all(calls)
            .await
            .into_iter()
            .map(|result| {
                let invoked = result?;
                let answer = understand(function_name(&self.function), &invoked, now, &self.causes, price);
                Ok(SentPing { sent: now, answer })
            })
            .collect();
        let is_throttled = |one: &Result<SentPing, CallFailure>| {
            one.as_ref().is_err_and(|failure| failure.kind == FailureKind::Throttled)
        };
        if answers.iter().any(is_throttled) {
            self.back_off.refused(now);
        } else if answers.iter().any(Result::is_ok) {
            self.back_off.answered();
        }
        self.count_environments(&answers);
        answers
    }

    /// Whether pings that were sent at the same moment reached as many environments, where answers name them.
    fn count_environments(&mut self, answers: &[Result<SentPing, CallFailure>]) {
        let named: Vec<u64> =
            answers.iter().filter_map(|one| one.as_ref().ok()).filter_map(|sent| sent.answer.environment).collect();
        if named.len() < 2 || named.len() < answers.len() {
            return;
        }
        let distinct = named.iter().collect::<BTreeSet<_>>().len();
        self.short_rounds = if distinct < named.len() { self.short_rounds + 1 } else { 0 };
        if self.short_rounds == SHORT_ROUNDS {
            tracing::warn!(
                "{}: {} pings at once were answered by {distinct} environments, {SHORT_ROUNDS} times in a row, so only \
                 so many are kept warm; let the function hold a ping for 75 ms (docs/warmth.md)",
                self.name,
                named.len()
            );
        }
    }
}
