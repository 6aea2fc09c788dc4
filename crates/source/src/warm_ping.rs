//! Warm-up pings: invokes a function to keep its environments warm, and checks whether they were.

use std::sync::Arc;

use alerting::observation::{ObservationBody, PingOutcome, PingResult};
use async_trait::async_trait;
use aws::policy::{RequiredCall, ResourceScope};
use aws::prices::PriceTable;
use aws::{AwsClients, InvokeResponse, LambdaApi};
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use lambda_log::diagnosis::{Cause, Causes, Confidence};
use lambda_log::line::{self, LogLine, ReportLine};
use lambda_log::reader::LogReader;
use lambda_log::reading::MinuteCounter;
use model::call_failure::{CallFailure, FailureKind};
use model::money::Percent;
use model::redact::excerpt;
use model::schedule::Schedule;
use model::span::Span;
use monitor_warmup::Answer;
use rust_decimal::Decimal;

use crate::poll::{PollBuilder, PollOutput, Source};
use crate::regional::RegionalSource;

/// How long the account's limit is taken to stay as it is.
const LIMIT_HOLDS: TimeDelta = TimeDelta::hours(1);
/// The smallest limit AWS gives an account; one ping takes no larger share of any account than of this.
const SMALLEST_LIMIT: u32 = 10;

/// `[warm.<name>]`
#[derive(Debug, Clone)]
pub struct WarmSettings {
    /// The full name: `warm.backend`.
    pub name: String,
    /// When it is pinged.
    pub schedule: Schedule,
    /// The function, by name or ARN.
    pub function: String,
    /// Its region, if that is not the main one.
    pub region: Option<String>,
    /// The number of overlapping pings, and so of warm environments.
    pub concurrency: u32,
    /// The payload, JSON; the default is the one common warm-up libraries understand.
    pub payload: String,
    /// Each round starts up to this much later, at random.
    pub jitter: Option<Span>,
    /// How much of the account's concurrency the pings may take.
    pub max_share: Percent,
    /// How long an answer is waited for.
    pub give_up: Span,
}

/// Pings one function.
pub struct WarmPing {
    settings: WarmSettings,
    functions: Arc<dyn LambdaApi>,
    region: String,
    prices: PriceTable,
    /// What the lines of answers are searched for.
    causes: Causes,
    limit: Option<(DateTime<Utc>, u32)>,
}

impl WarmPing {
    /// The calls it makes, as an IAM policy names them.
    pub fn calls(settings: &WarmSettings) -> Vec<RequiredCall> {
        let function = ResourceScope::Functions(vec![settings.function.clone()]);
        let ping = RequiredCall::about("lambda:InvokeFunction", function);
        let limit = Self::asks_for_the_limit(settings).then(|| RequiredCall::of("lambda:GetAccountSettings"));
        [Some(ping), limit].into_iter().flatten().collect()
    }

    /// Pings with these settings.
    pub fn new(settings: WarmSettings, account: &AwsClients, prices: PriceTable) -> Self {
        Self {
            settings,
            functions: Arc::clone(&account.functions),
            region: account.region.clone(),
            prices,
            causes: Causes::built_in(),
            limit: None,
        }
    }

    /// The same, searching the lines of answers for these causes.
    #[must_use]
    pub fn with_causes(self, causes: &Causes) -> Self {
        Self { causes: causes.clone(), ..self }
    }

    /// The source that pings a function in its region of an account.
    pub fn source(
        settings: WarmSettings,
        account: &AwsClients,
        prices: PriceTable,
        causes: &Causes,
    ) -> Box<dyn Source> {
        let region = settings.region.clone();
        match region.and_then(|region| account.others.iter().find(|other| other.region == region)) {
            None => Box::new(Self::new(settings, account, prices).with_causes(causes)),
            Some(other) => {
                let ping = Self::new(settings, other, prices).with_causes(causes);
                Box::new(RegionalSource::new(Box::new(ping), &other.region))
            }
        }
    }

    /// The bare name of the function it pings.
    pub fn function(settings: &WarmSettings) -> &str {
        function_name(&settings.function)
    }

    /// Whether the account's limit must be known before a ping: one ping is no more than a tenth of any account.
    pub fn asks_for_the_limit(settings: &WarmSettings) -> bool {
        settings.concurrency > 1 || settings.max_share.of(SMALLEST_LIMIT) < 1
    }

    /// How many pings may overlap now. One ping is known to be within the share without asking, unless the share is
    /// tiny.
    async fn allowed(&mut self, now: DateTime<Utc>) -> Result<u32, CallFailure> {
        let wanted = self.settings.concurrency;
        if !Self::asks_for_the_limit(&self.settings) {
            return Ok(wanted);
        }
        let limit = match self.limit {
            Some((at, limit)) if now - at < LIMIT_HOLDS => limit,
            _ => {
                let limit = self.functions.concurrency_limit().await?;
                self.limit = Some((now, limit));
                limit
            }
        };
        let allowed = self.settings.max_share.of(limit);
        if allowed == 0 {
            return Err(CallFailure {
                call: "lambda:InvokeFunction".to_owned(),
                resource: self.settings.function.clone(),
                kind: FailureKind::Refused,
                said: format!(
                    "no ping sent: {} of the account's concurrency limit of {limit} is less than one",
                    self.settings.max_share
                ),
                next_step: format!(
                    "raise max_share under [{}], or request a higher concurrency limit from AWS",
                    self.settings.name
                ),
            });
        }
        Ok(wanted.min(allowed))
    }
}

#[async_trait]
impl Source for WarmPing {
    fn name(&self) -> &str {
        &self.settings.name
    }

    async fn poll(&mut self, now: DateTime<Utc>) -> PollOutput {
        let name = self.settings.name.clone();
        let mut poll = PollBuilder::new(&name, now);
        let pings = match self.allowed(now).await {
            Ok(pings) => pings,
            Err(failure) => {
                poll.failed(failure);
                return poll.done();
            }
        };
        let settings = &self.settings;
        let calls = (0..pings).map(|_| self.functions.invoke(&settings.function, &settings.payload, settings.give_up));
        for result in join_all(calls).await {
            match result {
                Ok(invoked) => {
                    let price = |billed_ms, memory_mb| self.prices.invocation(&self.region, billed_ms, memory_mb);
                    poll.saw(
                        now,
                        ObservationBody::Ping(understand(
                            function_name(&settings.function),
                            &invoked,
                            now,
                            &self.causes,
                            price,
                        )),
                    );
                }
                Err(failure) => poll.failed(failure),
            }
        }
        poll.done()
    }
}

/// The bare name, also from an ARN or with a qualifier.
fn function_name(function: &str) -> &str {
    let after_arn = function.rsplit_once(":function:").map_or(function, |(_, name)| name);
    after_arn.split(':').next().unwrap_or(after_arn)
}

/// What an answered ping says of the environment that answered it.
fn understand(
    function: &str,
    invoked: &InvokeResponse,
    now: DateTime<Utc>,
    causes: &Causes,
    price: impl Fn(u64, u32) -> Option<Decimal>,
) -> PingResult {
    let mut reader = LogReader::new(function).with_causes(causes);
    let mut reading = MinuteCounter::default();
    let mut report: Option<ReportLine> = None;
    for message in invoked.log_tail.lines() {
        reader.read("tail", now, message, &mut reading);
        if let LogLine::Report { report: found, .. } = line::parse(message) {
            report = Some(found);
        }
    }
    reader.settle(&mut reading);
    let counted = reading.tallies.into_values().next().unwrap_or_default();
    let fault = reading.faults.pop().map(|(_, fault)| fault);
    // A function that knows pings says it too; the log says it better, as an environment may be new and yet have kept
    // nobody waiting.
    let answer = Answer::read(&invoked.payload);
    let timed_out = counted.timeouts > 0 || invoked.payload.contains("Task timed out after");
    let outcome = match (&invoked.function_error, &report) {
        _ if timed_out => PingOutcome::TimedOut,
        (Some(_), _) => PingOutcome::Failed,
        (None, _) if counted.cold > 0 => PingOutcome::Cold,
        (None, Some(_)) => PingOutcome::Warm,
        (None, None) => match answer {
            Some(answer) if answer.new => PingOutcome::Cold,
            Some(_) => PingOutcome::Warm,
            None => PingOutcome::Answered,
        },
    };
    let duration_ms = report.as_ref().map(|report| report.duration_ms.round() as u64);
    let billed_ms = report.as_ref().and_then(|report| report.billed_ms).map(|ms| ms.round() as u64);
    let memory_mb = report.as_ref().and_then(|report| report.memory_mb).map(|mb| mb.round() as u32);
    let in_start_up = fault.as_ref().is_some_and(|fault| {
        matches!(fault.cause, Cause::SlowColdStart | Cause::InitTimeout) && fault.confidence == Confidence::Proved
    });
    let mut evidence = fault.as_ref().map(|fault| fault.evidence.clone()).unwrap_or_default();
    if evidence.is_empty() && invoked.function_error.is_some() {
        evidence.push(excerpt(&invoked.payload));
    }
    PingResult {
        function: function.to_owned(),
        outcome,
        cause: fault.map(|fault| fault.cause),
        startup_unfinished: timed_out && in_start_up,
        duration_ms,
        billed_ms,
        memory_mb,
        usd: billed_ms.zip(memory_mb).and_then(|(billed_ms, memory_mb)| price(billed_ms, memory_mb)),
        evidence,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "e11db634-ef8a-4258-9d46-0b5e878cd834";

    fn check(
        function_error: Option<&str>,
        payload: &str,
        log_tail: &str,
        outcome: PingOutcome,
        cause: Option<Cause>,
        startup_unfinished: bool,
    ) {
        let invoked = InvokeResponse {
            function_error: function_error.map(str::to_owned),
            payload: payload.to_owned(),
            log_tail: log_tail.replace("ID", ID),
        };
        let ping = understand("f", &invoked, DateTime::UNIX_EPOCH, &Causes::built_in(), |_, _| None);
        assert_eq!(
            (ping.outcome, ping.cause, ping.startup_unfinished),
            (outcome, cause, startup_unfinished),
            "{log_tail}"
        );
    }

    #[test]
    fn a_ping_knows_from_its_report_line_how_it_found_the_function() {
        let report = "START RequestId: ID Version: $LATEST\nEND RequestId: ID\nREPORT RequestId: ID\tDuration: 3.10 ms\tBilled Duration: 4 ms\tMemory Size: 512 MB\tMax Memory Used: 120 MB";
        check(None, "{}", report, PingOutcome::Warm, None, false);
        check(
            None,
            "{}",
            &format!("{report}\tInit Duration: 900.00 ms\t\nXRAY TraceId: 1-2-3"),
            PingOutcome::Cold,
            None,
            false,
        );
        check(None, "{}", "", PingOutcome::Answered, None, false);
        check(Some("Unhandled"), r#"{"errorMessage":"boom"}"#, report, PingOutcome::Failed, None, false);
        check(
            Some("Unhandled"),
            r#"{"errorMessage":"2024-12-27T02:22:50.217Z ID Task timed out after 30.03 seconds"}"#,
            "",
            PingOutcome::TimedOut,
            None,
            false,
        );
        check(
            Some("Unhandled"),
            "{}",
            "START RequestId: ID Version: $LATEST\nInstancing..\n2024-12-27T02:22:50.217Z ID Task timed out after 30.03 seconds",
            PingOutcome::TimedOut,
            Some(Cause::SlowColdStart),
            true,
        );
        check(
            Some("Unhandled"),
            "{}",
            "START RequestId: ID Version: $LATEST\n2024-12-27T02:22:50.217Z ID Task timed out after 30.03 seconds",
            PingOutcome::TimedOut,
            Some(Cause::FunctionTimeout),
            false,
        );
    }

    #[test]
    fn a_function_that_knows_pings_says_itself_how_it_was_found_when_its_log_does_not() {
        let answer = |new: bool| {
            format!(
                r#"{{"warm":true,"new":{new},"environment":"e","age_ms":1,"served":1,"concurrency":1,"held_ms":0,"version":"0.1.0"}}"#
            )
        };
        let report = "REPORT RequestId: ID\tDuration: 3.10 ms\tBilled Duration: 4 ms\tMemory Size: 512 MB\tMax Memory Used: 120 MB";
        check(None, &answer(true), "", PingOutcome::Cold, None, false);
        check(None, &answer(false), "", PingOutcome::Warm, None, false);
        // Started ahead of the ping: no caller waited.
        check(None, &answer(true), report, PingOutcome::Warm, None, false);
        check(None, &answer(false), &format!("{report}\tInit Duration: 900.00 ms\t"), PingOutcome::Cold, None, false);
        check(None, r#"{"new":true,"warm":"yes"}"#, "", PingOutcome::Answered, None, false);
        check(Some("Unhandled"), &answer(false), "", PingOutcome::Failed, None, false);
    }

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
