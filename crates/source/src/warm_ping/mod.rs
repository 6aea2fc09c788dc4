//! Warm-up pings: invokes a function to keep its environments warm, and checks whether they were.

mod answer;
mod auto;
mod back_off;
mod lane;
mod sender;

use std::collections::BTreeMap;
use std::sync::Arc;

use alerting::observation::{Observation, ObservationBody};
use async_trait::async_trait;
use aws::AwsClients;
use aws::policy::{RequiredCall, ResourceScope};
use aws::prices::PriceTable;
use chrono::{DateTime, Utc};
use lambda_log::diagnosis::Causes;
use model::money::Percent;
use model::schedule::Schedule;
use model::span::Span;
use monitor_warmup::PingDialect;

use self::auto::PlannedPings;
pub use self::lane::PingLane;
use self::sender::PingSender;
use crate::poll::{PollBuilder, PollOutput, Source};
use crate::regional::RegionalSource;

/// The smallest limit AWS gives an account; one ping takes no larger share of any account than of this.
const SMALLEST_LIMIT: u32 = 10;

/// `[warm.<name>]`
#[derive(Debug, Clone)]
pub struct WarmSettings {
    /// The full name: `warm.backend`.
    pub name: String,
    /// When it is pinged; with `max_cold`, how often it is looked at whether to.
    pub schedule: Schedule,
    /// The function, by name or ARN.
    pub function: String,
    /// Its region, if that is not the main one.
    pub region: Option<String>,
    /// The number of overlapping pings, and so of warm environments.
    pub concurrency: u32,
    /// `every = "auto"`: pings are planned, so that at most this share of calls are cold starts.
    pub max_cold: Option<Percent>,
    /// What the function is called with.
    pub payload: PingPayload,
    /// Each round starts up to this much later, at random.
    pub jitter: Option<Span>,
    /// How much of the account's concurrency the pings may take.
    pub max_share: Percent,
    /// How long an answer is waited for.
    pub give_up: Span,
}

/// What a function is called with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PingPayload {
    /// What a warm-up library understands.
    Of(PingDialect),
    /// This JSON.
    Json(String),
}

impl PingPayload {
    /// The payload of one of several pings.
    fn text(&self, together: u32, place: u32) -> String {
        match self {
            Self::Of(dialect) => dialect.payload(together, place),
            Self::Json(text) => text.clone(),
        }
    }
}

/// Pings one function.
pub struct WarmPing {
    settings: WarmSettings,
    sender: PingSender,
    /// With `every = "auto"`.
    planned: Option<Box<PlannedPings>>,
    /// When the next round may begin, if another function's turn was first.
    reserved: Option<DateTime<Utc>>,
}

impl WarmPing {
    /// The calls it makes, as an IAM policy names them.
    pub fn calls(settings: &WarmSettings) -> Vec<RequiredCall> {
        let function = ResourceScope::Functions(vec![settings.function.clone()]);
        let ping = RequiredCall::about("lambda:InvokeFunction", function);
        let limit = Self::asks_for_the_limit(settings).then(|| RequiredCall::of("lambda:GetAccountSettings"));
        [Some(ping), limit].into_iter().flatten().collect()
    }

    /// Pings with these settings, in the lane of the account and region.
    pub fn new(settings: WarmSettings, account: &AwsClients, prices: PriceTable, lane: &Arc<PingLane>) -> Self {
        let planned = settings.max_cold.map(|max_cold| Box::new(PlannedPings::new(&settings, max_cold)));
        Self { sender: PingSender::new(&settings, account, prices, lane), settings, planned, reserved: None }
    }

    /// The same, searching the lines of answers for these causes.
    #[must_use]
    pub fn with_causes(mut self, causes: &Causes) -> Self {
        self.sender.causes = causes.clone();
        self
    }

    /// The source that pings a function in its region of an account. `lanes` has one for each region.
    pub fn source(
        settings: WarmSettings,
        account: &AwsClients,
        prices: PriceTable,
        causes: &Causes,
        lanes: &mut BTreeMap<String, Arc<PingLane>>,
    ) -> Box<dyn Source> {
        let region = settings.region.clone();
        let other = region.and_then(|region| account.others.iter().find(|other| other.region == region));
        let clients = other.unwrap_or(account);
        let lane = lanes.entry(clients.region.clone()).or_default();
        let ping = Box::new(Self::new(settings, clients, prices, lane).with_causes(causes));
        match other {
            None => ping,
            Some(other) => Box::new(RegionalSource::new(ping, &other.region)),
        }
    }

    /// The bare name of the function it pings.
    pub fn function(settings: &WarmSettings) -> &str {
        function_name(&settings.function)
    }

    /// Whether the account's limit must be known before a ping: one ping is no more than a tenth of any account.
    pub fn asks_for_the_limit(settings: &WarmSettings) -> bool {
        settings.concurrency > 1 || settings.max_cold.is_some() || settings.max_share.of(SMALLEST_LIMIT) < 1
    }

    /// Sends what the schedule asks for.
    async fn by_schedule(&mut self, now: DateTime<Utc>, is_new: bool) -> PollOutput {
        let mut poll = PollBuilder::new(&self.settings.name, now);
        if self.sender.waits(now) {
            return poll.part();
        }
        let pings = if Self::asks_for_the_limit(&self.settings) {
            match self.sender.allowed(now).await {
                Ok(allowed) => self.settings.concurrency.min(allowed),
                Err(failure) => {
                    poll.failed(failure);
                    return poll.done();
                }
            }
        } else {
            self.settings.concurrency
        };
        let place = if is_new { self.sender.reserve(now) } else { self.reserved.unwrap_or(now) };
        if place > now {
            self.reserved = Some(place);
            poll.gathered.go_on_at = Some(place);
            return poll.part();
        }
        self.reserved = None;
        for result in self.sender.send(now, &vec![0; pings as usize]).await {
            match result {
                Ok(sent) => poll.saw(now, ObservationBody::Ping(sent.answer.result)),
                Err(failure) => poll.failed(failure),
            }
        }
        poll.done()
    }
}

#[async_trait]
impl Source for WarmPing {
    fn name(&self) -> &str {
        &self.settings.name
    }

    fn hears(&self) -> bool {
        self.planned.is_some()
    }

    fn hear(&mut self, seen: &Observation) {
        if let Some(planned) = &mut self.planned {
            planned.hear(seen);
        }
    }

    fn restore(&mut self, cursors: BTreeMap<String, String>) {
        if let Some(planned) = &mut self.planned {
            planned.restore(&cursors, &self.sender);
        }
    }

    async fn poll(&mut self, now: DateTime<Utc>) -> PollOutput {
        match &mut self.planned {
            Some(planned) => planned.turn(now, &mut self.sender).await,
            None => self.by_schedule(now, true).await,
        }
    }

    async fn go_on(&mut self, now: DateTime<Utc>) -> PollOutput {
        match &mut self.planned {
            Some(planned) => planned.turn(now, &mut self.sender).await,
            None => self.by_schedule(now, false).await,
        }
    }
}

/// The bare name, also from an ARN or with a qualifier.
fn function_name(function: &str) -> &str {
    let after_arn = function.rsplit_once(":function:").map_or(function, |(_, name)| name);
    after_arn.split(':').next().unwrap_or(after_arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_known_by_its_bare_name() {
        for name in [
            "backend-dev",
            "backend-dev:live",
            "arn:aws:lambda:ap-northeast-2:111122223333:function:backend-dev",
            "arn:aws:lambda:ap-northeast-2:111122223333:function:backend-dev:3",
        ] {
            assert_eq!(function_name(name), "backend-dev");
        }
    }
}
