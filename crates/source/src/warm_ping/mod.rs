//! Warm-up pings: invokes a function to keep its environments warm, and checks whether they were.

mod answer;
mod auto;
mod back_off;
mod lane;
mod sender;
mod settings;

use std::collections::BTreeMap;
use std::sync::Arc;

use alerting::observation::{Observation, ObservationBody};
use async_trait::async_trait;
use aws::AwsClients;
use aws::policy::{RequiredCall, ResourceScope};
use aws::prices::PriceTable;
use chrono::{DateTime, Utc};
use lambda_log::diagnosis::Causes;

use self::auto::PlannedPings;
pub use self::lane::PingLane;
use self::sender::PingSender;
use self::settings::function_name;
pub use self::settings::{PingPayload, WarmSettings};
use crate::poll::{PollBuilder, PollOutput, Source};
use crate::regional::RegionalSource;

/// The smallest limit AWS gives an account; one ping takes no larger share of any account than of this.
const SMALLEST_LIMIT: u32 = 10;

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
