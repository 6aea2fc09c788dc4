//! Follows the log of one function, environment by environment, and counts what happened.
//!
//! Its state is small, can be stored between two polls, and does not grow with the log: an environment that has been silent for
//! longer than an invocation can last is dropped.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::line::{self, Application, InitReport, Line, Report, Status};
use crate::core::diagnosis::{self, Case, Diagnosis, Sign, Weight};
use crate::core::history::minute_of;
use crate::core::observation::{Fault, Tally};
use crate::core::redact::excerpt;

/// The longest an invocation can last, and then some: AWS allows 15 minutes.
const LONGEST_INVOCATION: TimeDelta = TimeDelta::minutes(20);
/// A start-up that began longer than this before the first request ran ahead of it, and nobody waited for it.
const AHEAD_OF_REQUEST: TimeDelta = TimeDelta::seconds(10);
/// Environments that are remembered at most; the ones silent for longest go first.
const MOST_ENVIRONMENTS: usize = 2_000;
/// Lines that are kept as evidence.
const MOST_EVIDENCE: usize = 4;
/// Faults of one poll that are kept one by one; the tally counts them all.
const MOST_FAULTS: usize = 200;

/// What a reading gave.
#[derive(Debug, Default)]
pub struct Reading {
    /// Counts by minute.
    pub tallies: BTreeMap<DateTime<Utc>, Tally>,
    /// What went wrong, oldest first.
    pub faults: Vec<(DateTime<Utc>, Fault)>,
}

/// The reader of one function's log.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reader {
    function: String,
    environments: BTreeMap<String, Environment>,
    /// Timeouts in a row without a word from the handler, over all environments.
    silent_timeouts: u32,
}

/// One execution environment, that is, one log stream.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Environment {
    last: DateTime<Utc>,
    start_up: Option<StartUp>,
    current: Invocation,
}

/// A start-up that no invocation has confirmed yet.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct StartUp {
    began: Option<DateTime<Utc>>,
    instancing: Vec<DateTime<Utc>>,
    lines_since_instancing: u32,
    /// The application has begun to work, so whatever happens later is not start-up's doing.
    ended: bool,
    /// A failure of this start-up has been told, so the invocation it takes with it is not told again.
    told: bool,
}

/// The invocation that an environment is working on, or has just ended.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Invocation {
    request_id: Option<String>,
    started: Option<DateTime<Utc>>,
    lines: u32,
    signs: Vec<Sign>,
    evidence: Vec<String>,
    exited: Option<String>,
    counted: bool,
    counted_timeout: bool,
    counted_error: bool,
    reported: bool,
    told: bool,
}

impl Reader {
    /// A reader that has read nothing yet.
    pub fn new(function: impl Into<String>) -> Self {
        Self { function: function.into(), environments: BTreeMap::new(), silent_timeouts: 0 }
    }

    /// Reads one message of the log stream `stream`, written at `at`. Messages of one stream come in order.
    pub fn read(&mut self, stream: &str, at: DateTime<Utc>, message: &str, reading: &mut Reading) {
        let environment =
            self.environments.entry(stream.to_owned()).or_insert_with(|| Environment { last: at, start_up: None, current: Invocation::default() });
        environment.last = environment.last.max(at);
        let mut step = Step { function: &self.function, at, silent_timeouts: &mut self.silent_timeouts, environment, reading };
        step.take(message, line::parse(message));
    }

    /// Drops environments that can have nothing more to say.
    pub fn forget(&mut self, now: DateTime<Utc>) {
        self.environments.retain(|_, environment| now - environment.last < LONGEST_INVOCATION);
        while self.environments.len() > MOST_ENVIRONMENTS {
            let oldest = self.environments.iter().min_by_key(|(_, environment)| environment.last).map(|(stream, _)| stream.clone());
            oldest.and_then(|stream| self.environments.remove(&stream));
        }
    }
}

/// One message on its way into the counts.
struct Step<'a> {
    function: &'a str,
    at: DateTime<Utc>,
    silent_timeouts: &'a mut u32,
    environment: &'a mut Environment,
    reading: &'a mut Reading,
}

impl Step<'_> {
    fn take(&mut self, message: &str, line: Line) {
        match line {
            Line::InitStart | Line::RestoreStart => self.init_start(),
            Line::InitReport(report) | Line::RestoreReport(report) => self.init_report(message, &report),
            Line::Start { request_id } => {
                self.begin(Some(request_id));
                self.environment.current.started = Some(self.at);
            }
            Line::End { request_id } => self.belongs_to(Some(request_id)),
            Line::Report(report) => self.report(message, &report),
            Line::TimedOut { request_id, after_seconds } => {
                self.belongs_to(request_id);
                self.keep(message);
                self.timed_out(after_seconds, None);
            }
            Line::Exited { request_id, how } => {
                self.belongs_to(request_id);
                self.keep(message);
                self.environment.current.exited = Some(excerpt(&how));
                self.count_error();
                // The summary that follows tells memory from other reasons; if it came first, it is told now.
                if self.environment.current.reported {
                    self.tell(None, None, None);
                }
            }
            Line::Platform => {}
            Line::Unparsed => self.tally().unparsed += 1,
            Line::Application(application) => self.application(&application),
        }
    }

    fn tally(&mut self) -> &mut Tally {
        let function = self.function;
        self.reading.tallies.entry(minute_of(self.at)).or_insert_with(|| Tally { function: function.to_owned(), ..Tally::default() })
    }

    /// A new invocation begins: what the environment did before is over.
    fn begin(&mut self, request_id: Option<String>) {
        self.close();
        let waiting = std::mem::take(&mut self.environment.current);
        // Lines before START belong to start-up, and so to the invocation that waited for it.
        let from_start_up = if waiting.request_id.is_none() && !waiting.counted { waiting } else { Invocation::default() };
        let told = from_start_up.told || self.environment.start_up.as_ref().is_some_and(|start_up| start_up.told);
        self.environment.current = Invocation { request_id, told, signs: from_start_up.signs, evidence: from_start_up.evidence, ..Invocation::default() };
    }

    /// An invocation whose process ended and whose summary never came is told now.
    fn close(&mut self) {
        if self.environment.current.exited.is_some() && !self.environment.current.told {
            self.tell(None, None, None);
        }
    }

    /// The line names an invocation; if it is another one, it has begun without a START that was seen.
    fn belongs_to(&mut self, request_id: Option<String>) {
        let Some(request_id) = request_id else { return };
        match &self.environment.current.request_id {
            Some(current) if *current == request_id => {}
            None => self.environment.current.request_id = Some(request_id),
            Some(_) => self.begin(Some(request_id)),
        }
    }

    fn init_start(&mut self) {
        self.close();
        self.environment.current = Invocation::default();
        self.environment.start_up = Some(StartUp { began: Some(self.at), ..StartUp::default() });
    }

    fn init_report(&mut self, message: &str, report: &InitReport) {
        if report.status == Status::Success {
            return;
        }
        self.keep(message);
        let told = std::mem::replace(&mut self.environment.start_up.get_or_insert_default().told, true);
        if !told {
            self.tell(None, None, Some(report));
        }
        // The invocation that this start-up takes with it is part of the same failure.
        self.environment.current.told = true;
    }

    fn application(&mut self, application: &Application) {
        if application.text.starts_with("Instancing..") {
            let start_up = self.environment.start_up.get_or_insert_default();
            start_up.instancing.push(self.at);
            start_up.instancing.drain(..start_up.instancing.len().saturating_sub(8));
            start_up.lines_since_instancing = 0;
            start_up.ended = false;
            self.keep(&application.text);
            return;
        }
        // Zappa logs the event once the application is there: start-up has ended.
        if application.text.contains("Zappa Event:") {
            if let Some(start_up) = &mut self.environment.start_up {
                start_up.ended = true;
            }
        } else if let Some(start_up) = &mut self.environment.start_up {
            start_up.lines_since_instancing = start_up.lines_since_instancing.saturating_add(1);
        }
        self.environment.current.lines = self.environment.current.lines.saturating_add(1);
        for sign in diagnosis::signs(application) {
            self.keep(&application.text);
            let failed = sign.weight == Weight::Failure;
            if self.environment.current.signs.len() < MOST_EVIDENCE * 2 {
                self.environment.current.signs.push(sign);
            }
            if failed {
                self.tell(None, None, None);
            }
        }
    }

    fn timed_out(&mut self, after_seconds: f64, report: Option<&Report>) {
        self.count_invocation(report);
        if !std::mem::replace(&mut self.environment.current.counted_timeout, true) {
            self.tally().timeouts += 1;
            let silent = self.environment.current.lines == 0;
            self.tell(Some(after_seconds), report, None);
            *self.silent_timeouts = if silent { self.silent_timeouts.saturating_add(1) } else { 0 };
        }
        // The environment is thrown away, or starts up again before it does anything else.
        self.environment.start_up = Some(StartUp::default());
    }

    fn report(&mut self, message: &str, report: &Report) {
        self.belongs_to(Some(report.request_id.clone()));
        if std::mem::replace(&mut self.environment.current.reported, true) {
            return;
        }
        if report.status != Status::Success || self.environment.current.exited.is_some() {
            self.keep(message);
        }
        self.count_invocation(Some(report));
        let duration_ms = report.duration_ms.round() as u64;
        let billed_ms = report.billed_ms.unwrap_or(report.duration_ms).round() as u64;
        let tally = self.tally();
        tally.duration_ms += duration_ms;
        tally.billed_ms += billed_ms;
        match report.status {
            Status::Timeout => self.timed_out(report.duration_ms / 1000.0, Some(report)),
            Status::Error => {
                self.count_error();
                self.tell(None, Some(report), None);
                self.environment.start_up = Some(StartUp::default());
            }
            Status::Success => {
                self.tell(None, Some(report), None);
                if !self.environment.current.counted_timeout {
                    *self.silent_timeouts = 0;
                }
                // It answered: whatever start-up was pending has ended.
                self.environment.start_up = None;
            }
        }
    }

    /// Counts the invocation once, at the first line that proves that it ended, and its cold start with it.
    fn count_invocation(&mut self, report: Option<&Report>) {
        let new_environment = self.environment.start_up.as_ref().and_then(|start_up| start_up.began);
        let started = self.environment.current.started.unwrap_or(self.at);
        let imported_inside = self.environment.start_up.as_ref().is_some_and(|start_up| !start_up.instancing.is_empty());
        if std::mem::replace(&mut self.environment.current.counted, true) {
            return;
        }
        let cold = report.is_some_and(|report| report.init_ms.is_some() || report.restore_ms.is_some()) || new_environment.is_some() || imported_inside;
        let ahead = new_environment.is_some_and(|began| started - began > AHEAD_OF_REQUEST);
        let tally = self.tally();
        tally.invocations += 1;
        if cold {
            tally.cold += 1;
            tally.cold_waited += u64::from(!ahead || imported_inside);
        }
    }

    fn count_error(&mut self) {
        if !std::mem::replace(&mut self.environment.current.counted_error, true) {
            self.tally().errors += 1;
        }
    }

    /// Judges the invocation with what is known now; each is told at most once.
    fn tell(&mut self, timed_out_after: Option<f64>, report: Option<&Report>, init: Option<&InitReport>) {
        let none = StartUp::default();
        let start_up = self.environment.start_up.as_ref().unwrap_or(&none);
        let current = &self.environment.current;
        if current.told {
            return;
        }
        let case = Case {
            signs: &current.signs,
            timed_out_after,
            exited: current.exited.as_deref(),
            report,
            init,
            instancing: if start_up.ended { &[] } else { &start_up.instancing },
            lines_since_instancing: start_up.lines_since_instancing,
            lines: current.lines,
            silent_timeouts_before: *self.silent_timeouts,
        };
        let Some(Diagnosis { cause, confidence, finding }) = diagnosis::judge(&case) else { return };
        let failed = case.failed();
        let fault = Fault {
            function: self.function.to_owned(),
            cause,
            confidence,
            request_id: current.request_id.clone(),
            finding,
            evidence: current.evidence.clone(),
            also: vec![],
            fingerprint: None,
        };
        self.environment.current.told = true;
        *self.tally().causes.entry(cause).or_default() += 1;
        if self.reading.faults.len() < MOST_FAULTS {
            self.reading.faults.push((self.at, fault));
        }
        if !failed {
            self.count_error();
        }
    }

    /// Keeps a line as evidence: the first ones and the last one.
    fn keep(&mut self, message: &str) {
        let evidence = &mut self.environment.current.evidence;
        let line = excerpt(message);
        if evidence.last() == Some(&line) && !line.starts_with("Instancing") {
            return;
        }
        if evidence.len() == MOST_EVIDENCE {
            evidence.pop();
        }
        evidence.push(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::diagnosis::{Cause, Confidence};

    const ID: &str = "e11db634-ef8a-4258-9d46-0b5e878cd834";

    /// Reads lines given as `milliseconds text`, and sums up: counts and causes in order.
    fn read(lines: &[(i64, &str)]) -> (Tally, Vec<(Cause, Confidence)>, Vec<Fault>) {
        let mut reader = Reader::new("f");
        let mut reading = Reading::default();
        for (ms, text) in lines {
            // The state must survive being stored between any two lines.
            reader = serde_json::from_str(&serde_json::to_string(&reader).unwrap()).unwrap();
            reader.read(
                "stream",
                DateTime::from_timestamp_millis(*ms).unwrap(),
                &text.replace("ID2", "00000000-ef8a-4258-9d46-0b5e878cd834").replace("ID", ID),
                &mut reading,
            );
        }
        let mut sum = Tally { function: "f".into(), ..Tally::default() };
        reading.tallies.values().for_each(|tally| sum.add(tally));
        let faults: Vec<Fault> = reading.faults.into_iter().map(|(_, fault)| fault).collect();
        (sum, faults.iter().map(|fault| (fault.cause, fault.confidence)).collect(), faults)
    }

    fn check(lines: &[(i64, &str)], counts: (u64, u64, u64, u64), causes: &[(Cause, Confidence)]) {
        let (tally, found, _) = read(lines);
        assert_eq!((tally.invocations, tally.cold, tally.timeouts, tally.errors), counts, "invocations, cold, timeouts, errors of {lines:?}");
        assert_eq!(found, causes, "{lines:?}");
    }

    const STORY: [(i64, &str); 4] = [
        (1_735_266_140_183, "Instancing.."),
        (1_735_266_155_772, "Instancing.."),
        (1_735_266_170_217, "2024-12-27T02:22:50.217Z ID Task timed out after 30.03 seconds\n\n"),
        (1_735_266_170_235, "INIT_START Runtime Version: python:3.12.v38\tRuntime Version ARN: arn:aws:lambda:ap-northeast-2::runtime:abc"),
    ];

    #[test]
    fn start_up_that_never_ends_is_a_slow_cold_start_and_the_finding_says_only_what_the_lines_prove() {
        check(&STORY, (1, 1, 1, 0), &[(Cause::SlowColdStart, Confidence::Proved)]);
        let (_, _, faults) = read(&STORY);
        assert!(faults[0].finding.contains("began again 15 s later") && faults[0].finding.contains("30.0 s limit"), "{}", faults[0].finding);
        assert_eq!(faults[0].evidence.len(), 3);
    }

    #[test]
    fn the_same_timeout_seen_in_three_lines_is_one_invocation() {
        check(
            &[
                (0, "START RequestId: ID Version: $LATEST"),
                (1, "Instancing.."),
                (30_000, "2024-12-27T02:22:50.217Z ID Task timed out after 30.03 seconds"),
                (30_001, "END RequestId: ID"),
                (
                    30_002,
                    "REPORT RequestId: ID\tDuration: 30030.00 ms\tBilled Duration: 30000 ms\tMemory Size: 512 MB\tMax Memory Used: 120 MB\tStatus: timeout",
                ),
            ],
            (1, 1, 1, 0),
            &[(Cause::SlowColdStart, Confidence::Proved)],
        );
    }

    #[test]
    fn an_application_that_was_up_before_the_timeout_did_not_fail_in_start_up() {
        check(
            &[
                (0, "START RequestId: ID Version: $LATEST"),
                (1, "Instancing.."),
                (4000, "[DEBUG]\t2024-10-07T03:50:55.001Z\tID\tZappa Event: {}"),
                (30_000, "2024-12-27T02:22:50.217Z ID Task timed out after 30.03 seconds"),
            ],
            (1, 1, 1, 0),
            &[(Cause::FunctionTimeout, Confidence::Proved)],
        );
    }

    #[test]
    fn a_failed_start_up_is_told_once_with_the_invocation_it_takes_with_it() {
        check(
            &[
                (0, "INIT_START Runtime Version: python:3.12.v38"),
                (10_000, "INIT_REPORT Init Duration: 10000.12 ms\tPhase: init\tStatus: timeout"),
                (10_001, "INIT_REPORT Init Duration: 3000.12 ms\tPhase: invoke\tStatus: timeout"),
                (13_000, "START RequestId: ID Version: $LATEST"),
                (13_001, "REPORT RequestId: ID\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 128 MB\tMax Memory Used: 31 MB\tStatus: timeout"),
            ],
            (1, 1, 1, 0),
            &[(Cause::InitTimeout, Confidence::Proved)],
        );
    }

    #[test]
    fn a_killed_process_is_out_of_memory_only_where_memory_was_full() {
        for (used, cause) in [("128", Cause::Oom), ("125", Cause::Oom), ("40", Cause::RuntimeExit)] {
            let report = format!("REPORT RequestId: ID\tDuration: 5 ms\tBilled Duration: 5 ms\tMemory Size: 128 MB\tMax Memory Used: {used} MB");
            let exit = "RequestId: ID Error: Runtime exited with error: signal: killed\nRuntime.ExitError";
            check(
                &[(0, "START RequestId: ID Version: $LATEST"), (1, exit), (2, "END RequestId: ID"), (3, &report)],
                (1, 0, 0, 1),
                &[(cause, Confidence::Proved)],
            );
        }
    }

    #[test]
    fn json_lines_lead_to_the_same_causes() {
        check(
            &[
                (0, r#"{"time":"t","type":"platform.initStart","record":{"initializationType":"on-demand","phase":"init"}}"#),
                (1, r#"{"time":"t","type":"platform.initReport","record":{"phase":"init","status":"timeout","metrics":{"durationMs":9999.9}}}"#),
                (2, r#"{"time":"t","type":"platform.start","record":{"requestId":"ID"}}"#),
                (
                    3,
                    r#"{"time":"t","type":"platform.report","record":{"requestId":"ID","status":"success","metrics":{"durationMs":20000.0,"billedDurationMs":20000,"memorySizeMB":512,"maxMemoryUsedMB":90}}}"#,
                ),
            ],
            (1, 1, 0, 0),
            &[(Cause::InitTimeout, Confidence::Proved)],
        );
        check(
            &[
                (0, r#"{"time":"t","type":"platform.start","record":{"requestId":"ID"}}"#),
                (
                    1,
                    r#"{"timestamp":"t","level":"ERROR","requestId":"ID","errorType":"ClientError","errorMessage":"An error occurred (UnrecognizedClientException) when calling the GetSecretValue operation: The security token included in the request is invalid."}"#,
                ),
                (
                    2,
                    r#"{"time":"t","type":"platform.report","record":{"requestId":"ID","status":"error","errorType":"Function.Unknown","metrics":{"durationMs":20.0,"billedDurationMs":20,"memorySizeMB":512,"maxMemoryUsedMB":90}}}"#,
                ),
            ],
            (1, 0, 0, 1),
            &[(Cause::CredentialsInvalid, Confidence::Proved)],
        );
    }

    #[test]
    fn a_missing_module_is_told_even_if_the_old_report_says_nothing() {
        check(
            &[
                (0, "[ERROR] Runtime.ImportModuleError: Unable to import module 'handler': No module named 'requests'\nTraceback (most recent call last):"),
                (1, "START RequestId: ID Version: $LATEST"),
                (2, "END RequestId: ID"),
                (3, "REPORT RequestId: ID\tDuration: 5 ms\tBilled Duration: 5 ms\tMemory Size: 128 MB\tMax Memory Used: 31 MB"),
            ],
            (1, 0, 0, 1),
            &[(Cause::ImportError, Confidence::Proved)],
        );
    }

    #[test]
    fn what_the_application_dealt_with_is_not_a_fault() {
        for handled in ["could not find optional dependency: No module named 'uvloop', using asyncio", "retrying after AccessDenied", "Runtime is happy"] {
            check(
                &[
                    (0, "START RequestId: ID Version: $LATEST"),
                    (1, handled),
                    (3, "REPORT RequestId: ID\tDuration: 5 ms\tBilled Duration: 5 ms\tMemory Size: 128 MB\tMax Memory Used: 128 MB"),
                ],
                (1, 0, 0, 0),
                &[],
            );
        }
    }

    #[test]
    fn three_silent_timeouts_in_a_row_are_a_loop() {
        let mut lines = Vec::new();
        for i in 0..4 {
            let id = format!("0000000{i}-ef8a-4258-9d46-0b5e878cd834");
            lines.push((i * 10_000, format!("START RequestId: {id} Version: $LATEST")));
            lines.push((
                i * 10_000 + 3000,
                format!("REPORT RequestId: {id}\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 128 MB\tMax Memory Used: 31 MB\tStatus: timeout"),
            ));
        }
        let lines: Vec<(i64, &str)> = lines.iter().map(|(at, text)| (*at, text.as_str())).collect();
        check(
            &lines,
            (4, 0, 4, 0),
            &[
                (Cause::FunctionTimeout, Confidence::Proved),
                (Cause::FunctionTimeout, Confidence::Proved),
                (Cause::ReinitLoop, Confidence::Likely),
                (Cause::ReinitLoop, Confidence::Likely),
            ],
        );
    }

    #[test]
    fn an_environment_started_ahead_of_its_first_request_delayed_nobody() {
        for (gap, waited) in [(1_000, 1), (11_000, 0)] {
            let (tally, _, _) = read(&[
                (0, "INIT_START Runtime Version: nodejs:22.v1"),
                (gap, "START RequestId: ID Version: 3"),
                (
                    gap + 5,
                    "REPORT RequestId: ID\tDuration: 5 ms\tBilled Duration: 405 ms\tMemory Size: 128 MB\tMax Memory Used: 31 MB\tInit Duration: 400.00 ms",
                ),
            ]);
            assert_eq!((tally.cold, tally.cold_waited), (1, waited));
        }
    }
}
