//! What the answer to a ping says.

use alerting::observation::{PingOutcome, PingResult};
use aws::InvokeResponse;
use chrono::{DateTime, Utc};
use lambda_log::diagnosis::{Cause, Causes, Confidence, environment_hash};
use lambda_log::line::{self, LogLine, ReportLine};
use lambda_log::reader::LogReader;
use lambda_log::reading::MinuteCounter;
use model::redact::excerpt;
use monitor_warmup::Answer;
use rust_decimal::Decimal;

/// An answered ping.
#[derive(Debug)]
pub(super) struct PingAnswer {
    /// What is observed.
    pub(super) result: PingResult,
    /// A hash of the environment's log stream, if the answer names it.
    pub(super) environment: Option<u64>,
    /// A hash of the request id, if the log that came with the answer has it.
    pub(super) request: Option<u64>,
}

/// What an answered ping says of the environment that answered it.
pub(super) fn understand(
    function: &str,
    invoked: &InvokeResponse,
    now: DateTime<Utc>,
    causes: &Causes,
    price: impl Fn(u64, u32) -> Option<Decimal>,
) -> PingAnswer {
    let mut reader = LogReader::new(function).with_causes(causes);
    let mut reading = MinuteCounter::default();
    let mut report: Option<ReportLine> = None;
    let mut request = None;
    for message in invoked.log_tail.lines() {
        reader.read("tail", now, message, &mut reading);
        if let LogLine::Report { report: found, request_id } = line::parse(message) {
            report = Some(found);
            request = request_id.as_deref().map(environment_hash);
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
        (None, None) => match &answer {
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
    let result = PingResult {
        function: function.to_owned(),
        outcome,
        cause: fault.map(|fault| fault.cause),
        startup_unfinished: timed_out && in_start_up,
        duration_ms,
        billed_ms,
        memory_mb,
        usd: billed_ms.zip(memory_mb).and_then(|(billed_ms, memory_mb)| price(billed_ms, memory_mb)),
        evidence,
    };
    let environment = answer.map(|answer| environment_hash(&answer.environment));
    PingAnswer { result, environment, request }
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
        let ping = understand("f", &invoked, DateTime::UNIX_EPOCH, &Causes::built_in(), |_, _| None).result;
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
}
