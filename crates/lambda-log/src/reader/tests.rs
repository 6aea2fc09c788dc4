use proptest::prelude::*;

use super::*;
use crate::diagnosis::Cause;
use crate::diagnosis::Cause::*;
use crate::diagnosis::Confidence::{self, Likely, Proved};
use crate::fault::FailedInvocation;
use crate::reading::MinuteCounter;
use crate::tally::InvocationCounts;

/// A line of this text is none: a poll ends here, and what has ended is handed out.
const POLL: &str = "--";

/// `ID` stands for a request id, `ID2` for another one.
fn ids(text: &str) -> String {
    let id = |digit: char| format!("{digit}11db634-ef8a-4258-9d46-0b5e878cd834");
    ["ID2", "ID3", "ID4", "ID5"]
        .iter()
        .zip('2'..)
        .fold(text.to_owned(), |text, (name, digit)| text.replace(name, &id(digit)))
        .replace("@ID", &id('e'))
}

/// Reads lines given as stream, milliseconds and text, and sums up.
fn read(lines: &[(&str, i64, &str)]) -> (InvocationCounts, Vec<FailedInvocation>) {
    let mut reader = LogReader::new("f");
    let mut reading = MinuteCounter::default();
    for (stream, ms, text) in lines {
        // The state must survive being stored between any two lines.
        reader = serde_json::from_str(&serde_json::to_string(&reader).unwrap()).unwrap();
        if *text == POLL {
            reader.settle(&mut reading);
        } else {
            reader.read(stream, DateTime::from_timestamp_millis(*ms).unwrap(), &ids(text), &mut reading);
        }
    }
    reader.end(&mut reading);
    let mut sum = InvocationCounts { function: "f".into(), ..InvocationCounts::default() };
    reading.tallies.values().for_each(|tally| sum.add(tally));
    (sum, reading.faults.into_iter().map(|(_, fault)| fault).collect())
}

/// Counts are invocations, cold starts, timeouts, errors.
fn check_streams(lines: &[(&str, i64, &str)], counts: (u64, u64, u64, u64), causes: &[(Cause, Confidence)]) {
    let (tally, faults) = read(lines);
    assert_eq!(
        (tally.invocations, tally.cold, tally.timeouts, tally.errors),
        counts,
        "invocations, cold, timeouts, errors of {lines:#?}: {faults:#?}"
    );
    assert_eq!(faults.iter().map(|fault| (fault.cause, fault.confidence)).collect::<Vec<_>>(), causes, "{lines:#?}");
}

fn check(lines: &[(i64, &str)], counts: (u64, u64, u64, u64), causes: &[(Cause, Confidence)]) {
    let lines: Vec<(&str, i64, &str)> = lines.iter().map(|(ms, text)| ("stream", *ms, *text)).collect();
    check_streams(&lines, counts, causes);
}

/// What a line says is only Node's event loop where the runtime is Node's: by its name, or by the shape of its lines.
#[test]
fn a_hanging_event_loop_needs_proof_of_node() {
    const TIMED_OUT: &str = "2026-04-17T08:00:30.000Z @ID Task timed out after 30.00 seconds";
    const PYTHON: &str = "[INFO]\t2026-04-17T08:00:00.140Z\t@ID\tdone";
    const NODE: &str = "2026-04-17T08:00:00.140Z\t@ID\tINFO\tdone";
    const DOTNET: &str = "2026-04-17T08:00:00.140Z\t@ID\tinfo\tdone";
    const JSON: &str = r#"{"timestamp":"2026-04-17T08:00:00.140Z","level":"INFO","message":"done","requestId":"@ID"}"#;
    for (runtime, said, hangs) in [
        (None, NODE, true),
        (None, PYTHON, false),
        (None, DOTNET, false),
        (None, JSON, false),
        (Some("nodejs:22.v71"), JSON, true),
        (Some("python:3.13.v22"), JSON, false),
        (Some("python:3.13.v22"), PYTHON, false),
        (Some("provided:al2023.v97"), NODE, true),
    ] {
        let init = runtime.map(|runtime| {
            format!("INIT_START Runtime Version: {runtime}\tRuntime Version ARN: arn:aws:lambda:eu-west-1::runtime:abc")
        });
        let mut lines: Vec<(&str, i64, &str)> = init.iter().map(|init| ("stream", 0, init.as_str())).collect();
        lines.extend([
            ("stream", 1, START),
            ("stream", 140, said),
            ("stream", 30_001, TIMED_OUT),
            ("stream", 30_002, END),
        ]);
        let (_, faults) = read(&lines);
        assert_eq!(faults.iter().any(|fault| fault.cause == EventLoopHang), hangs, "{runtime:?} {said}: {faults:#?}");
    }
}

#[test]
fn a_status_that_this_version_does_not_know_is_no_success() {
    let report = format!("{REPORT}\tStatus: throttled");
    check(&[(0, START), (5, "[ERROR]\t2026-04-17T08:00:00.140Z\t@ID\tno parcel"), (6, &report)], (1, 0, 0, 0), &[]);
    let mut reader = LogReader::new("f");
    let mut found = Outcomes::default();
    reader.read("stream", DateTime::from_timestamp_millis(6), &ids(&report), &mut found);
    reader.settle(&mut found);
    assert_eq!(found.0, [InvocationOutcome::Unknown]);
}

/// How each invocation ended.
#[derive(Default)]
struct Outcomes(Vec<InvocationOutcome>);

impl InvocationSink for Outcomes {
    fn invocation(&mut self, invocation: Invocation<'_>) {
        self.0.push(invocation.outcome);
    }
}

#[test]
fn a_fault_of_the_users_own_cause_carries_its_words() {
    use crate::diagnosis::{CauseCode, CustomCause};
    let code = CauseCode::parse("card_declined").unwrap();
    let own = CustomCause::new(code, vec!["insufficient funds".to_owned()], "Ask for another card.".to_owned());
    let mut reader = LogReader::new("f").with_causes(&Causes::with(vec![own]).unwrap());
    let mut reading = MinuteCounter::default();
    for (ms, text) in [(0, START), (5, "[ERROR] PaymentError: insufficient funds"), (6, REPORT)] {
        reader.read("stream", DateTime::from_timestamp_millis(ms), &ids(text), &mut reading);
    }
    reader.end(&mut reading);
    let (_, fault) = reading.faults.swap_remove(0);
    assert_eq!(
        (fault.cause.code(), fault.meaning(), fault.next_step()),
        ("card_declined", "card declined", "Ask for another card.")
    );
    let stored: FailedInvocation = serde_json::from_str(&serde_json::to_string(&fault).unwrap()).unwrap();
    assert_eq!(stored, fault);
}

const START: &str = "START RequestId: @ID Version: $LATEST";
const END: &str = "END RequestId: @ID";
const REPORT: &str =
    "REPORT RequestId: @ID\tDuration: 5 ms\tBilled Duration: 5 ms\tMemory Size: 128 MB\tMax Memory Used: 31 MB";
const REPORT_TIMEOUT: &str = "REPORT RequestId: @ID\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 128 MB\tMax Memory Used: 31 MB\tStatus: timeout";

const STORY: [(&str, i64, &str); 4] = [
    ("stream", 1_735_266_140_183, "Instancing.."),
    ("stream", 1_735_266_155_772, "Instancing.."),
    ("stream", 1_735_266_170_217, "2024-12-27T02:22:50.217Z @ID Task timed out after 30.03 seconds\n\n"),
    (
        "stream",
        1_735_266_170_235,
        "INIT_START Runtime Version: python:3.12.v38\tRuntime Version ARN: arn:aws:lambda:ap-northeast-2::runtime:abc",
    ),
];

#[test]
fn start_up_that_never_ends_is_a_slow_cold_start_and_the_finding_says_only_what_the_lines_prove() {
    check_streams(&STORY, (1, 1, 1, 0), &[(SlowColdStart, Proved)]);
    let (_, faults) = read(&STORY);
    assert!(
        faults[0].finding.contains("and again 15 s later") && faults[0].finding.contains("30.0 s limit"),
        "{}",
        faults[0].finding
    );
    assert_eq!(faults[0].evidence.len(), 3);
}

#[test]
fn the_same_timeout_seen_in_three_lines_is_one_invocation() {
    check(
        &[
            (0, START),
            (1, "Instancing.."),
            (30_000, "2024-12-27T02:22:50.217Z @ID Task timed out after 30.03 seconds"),
            (30_001, END),
            (
                30_002,
                "REPORT RequestId: @ID\tDuration: 30030.00 ms\tBilled Duration: 30000 ms\tMemory Size: 512 MB\tMax Memory Used: 120 MB\tStatus: timeout",
            ),
        ],
        (1, 1, 1, 0),
        &[(SlowColdStart, Proved)],
    );
}

#[test]
fn an_application_that_was_up_before_the_timeout_did_not_fail_in_start_up() {
    check(
        &[
            (0, START),
            (1, "Instancing.."),
            (4000, "[DEBUG]\t2024-10-07T03:50:55.001Z\t@ID\tZappa Event: {}"),
            (30_000, "2024-12-27T02:22:50.217Z @ID Task timed out after 30.03 seconds"),
        ],
        (1, 1, 1, 0),
        &[(FunctionTimeout, Proved)],
    );
}

#[test]
fn a_failed_start_up_is_told_once_with_the_invocation_it_takes_with_it() {
    check(
        &[
            (0, "INIT_START Runtime Version: python:3.12.v38"),
            (10_000, "INIT_REPORT Init Duration: 10000.12 ms\tPhase: init\tStatus: timeout"),
            (10_001, "INIT_REPORT Init Duration: 3000.12 ms\tPhase: invoke\tStatus: timeout"),
            (13_000, START),
            (13_001, REPORT_TIMEOUT),
        ],
        (1, 1, 1, 0),
        &[(InitTimeout, Proved)],
    );
}

#[test]
fn a_failed_start_up_is_told_in_the_poll_that_sees_it_and_not_again_with_the_invocation_of_a_later_one() {
    for (report, counts, cause) in [
        ("INIT_REPORT Init Duration: 10000.12 ms\tPhase: init\tStatus: timeout", (1, 1, 1, 0), (InitTimeout, Proved)),
        (
            "INIT_REPORT Init Duration: 812.00 ms\tPhase: init\tStatus: error\tError Type: Runtime.ImportModuleError",
            (1, 1, 1, 1),
            (ImportError, Proved),
        ),
    ] {
        let lines = [
            (0, "INIT_START Runtime Version: python:3.12.v38"),
            (10_000, report),
            (10_001, POLL),
            (13_000, START),
            (16_001, REPORT_TIMEOUT),
        ];
        check(&lines, counts, &[cause]);
        // And where no invocation ever follows, it is told all the same.
        check(&lines[..3], (0, 0, 0, counts.3), &[cause]);
    }
}

#[test]
fn an_error_that_start_up_was_counted_for_is_not_counted_again_for_its_invocation() {
    let import_error = "[ERROR] Runtime.ImportModuleError: Unable to import module 'app': No module named 'yaml'";
    let report =
        "INIT_REPORT Init Duration: 812.00 ms\tPhase: init\tStatus: error\tError Type: Runtime.ImportModuleError";
    let failed = "REPORT RequestId: @ID\tDuration: 5 ms\tStatus: error\tError Type: Runtime.ImportModuleError";
    for lines in [
        &[(0, "INIT_START Runtime Version: x"), (1, import_error), (2, report), (3, START), (4, failed)][..],
        &[(0, "INIT_START Runtime Version: x"), (1, import_error), (2, report), (2, POLL), (3, START), (4, failed)],
        &[
            (0, "INIT_START Runtime Version: x"),
            (1, import_error),
            (2, report),
            (2, POLL),
            (3, START),
            (3, POLL),
            (4, failed),
            (4, POLL),
            (5, POLL),
        ],
    ] {
        check(lines, (1, 1, 0, 1), &[(ImportError, Proved)]);
    }
}

#[test]
fn a_crash_line_that_comes_a_poll_after_the_summary_is_told_once_and_counts_no_invocation_again() {
    let exit = "RequestId: @ID Error: Runtime exited with error: exit status 1\nRuntime.ExitError";
    check(
        &[(0, START), (1, END), (2, REPORT), (2, POLL), (3, exit), (3, POLL), (4, POLL)],
        (1, 0, 0, 1),
        &[(RuntimeExit, Proved)],
    );
    let timed_out = "2024-12-27T02:22:50.217Z @ID Task timed out after 3.00 seconds";
    check(
        &[(0, START), (1, END), (2, REPORT), (2, POLL), (3, timed_out), (3, POLL)],
        (1, 0, 1, 0),
        &[(FunctionTimeout, Proved)],
    );
    // The other way round: the summary comes late, and its figures are not lost.
    let lines: Vec<(&str, i64, &str)> = [(0, START), (1, timed_out), (1, POLL), (2, END), (2, REPORT_TIMEOUT)]
        .map(|(ms, text)| ("stream", ms, text))
        .into();
    check_streams(&lines, (1, 0, 1, 0), &[(FunctionTimeout, Proved)]);
    let (tally, _) = read(&lines);
    assert_eq!((tally.duration_ms, tally.billed_ms), (3000, 3000));
}

#[test]
fn a_line_that_comes_after_the_next_invocation_began_is_still_of_its_own() {
    let exit = "RequestId: @ID Error: Runtime exited with error: exit status 1\nRuntime.ExitError";
    let (start_2, report_2) = (START.replace("@ID", "ID2"), REPORT.replace("@ID", "ID2"));
    for stream in ["stream", ""] {
        let lines = [
            (0, START),
            (1, END),
            (2, REPORT),
            (2, POLL),
            (3, &start_2),
            (4, exit),
            (4, POLL),
            (5, &report_2),
            (5, POLL),
        ];
        let lines: Vec<(&str, i64, &str)> = lines.iter().map(|(ms, text)| (stream, *ms, *text)).collect();
        check_streams(&lines, (2, 0, 0, 1), &[(RuntimeExit, Proved)]);
    }
}

#[test]
fn an_error_whose_words_come_a_poll_late_is_counted_once() {
    let failed = "REPORT RequestId: @ID\tDuration: 5 ms\tStatus: error";
    let words = "[ERROR]\t2024-01-01T00:00:00.000Z\t@ID\tAn error occurred (AccessDeniedException) when calling the GetItem operation";
    check(&[(0, START), (2, failed), (2, POLL), (3, words), (3, POLL)], (1, 0, 0, 1), &[(IamDenied, Likely)]);
}

#[test]
fn a_killed_process_is_out_of_memory_only_where_memory_was_full() {
    for (used, cause) in [("128", Oom), ("125", Oom), ("40", RuntimeExit)] {
        let report = format!(
            "REPORT RequestId: @ID\tDuration: 5 ms\tBilled Duration: 5 ms\tMemory Size: 128 MB\tMax Memory Used: {used} MB"
        );
        let exit = "RequestId: @ID Error: Runtime exited with error: signal: killed\nRuntime.ExitError";
        check(&[(0, START), (1, exit), (2, END), (3, &report)], (1, 0, 0, 1), &[(cause, Proved)]);
        // Some runtimes' summaries come first.
        check(&[(0, START), (1, END), (2, &report), (3, exit)], (1, 0, 0, 1), &[(cause, Proved)]);
    }
}

#[test]
fn json_lines_lead_to_the_same_causes() {
    check(
        &[
            (
                0,
                r#"{"time":"t","type":"platform.initStart","record":{"initializationType":"on-demand","phase":"init"}}"#,
            ),
            (
                1,
                r#"{"time":"t","type":"platform.initReport","record":{"phase":"init","status":"timeout","metrics":{"durationMs":9999.9}}}"#,
            ),
            (2, r#"{"time":"t","type":"platform.start","record":{"requestId":"@ID"}}"#),
            (
                3,
                r#"{"time":"t","type":"platform.report","record":{"requestId":"@ID","status":"success","metrics":{"durationMs":20000.0,"billedDurationMs":20000,"memorySizeMB":512,"maxMemoryUsedMB":90}}}"#,
            ),
        ],
        (1, 1, 0, 0),
        &[(InitTimeout, Proved)],
    );
    check(
        &[
            (0, r#"{"time":"t","type":"platform.start","record":{"requestId":"@ID"}}"#),
            (
                1,
                r#"{"timestamp":"t","level":"ERROR","requestId":"@ID","errorType":"ClientError","errorMessage":"An error occurred (UnrecognizedClientException) when calling the GetSecretValue operation: The security token included in the request is invalid."}"#,
            ),
            (
                2,
                r#"{"time":"t","type":"platform.report","record":{"requestId":"@ID","status":"error","errorType":"Function.Unknown","metrics":{"durationMs":20.0,"billedDurationMs":20,"memorySizeMB":512,"maxMemoryUsedMB":90}}}"#,
            ),
        ],
        (1, 0, 0, 1),
        &[(CredentialsInvalid, Proved)],
    );
}

#[test]
fn a_missing_module_is_told_even_if_the_old_report_says_nothing() {
    check(
        &[
            (
                0,
                "[ERROR] Runtime.ImportModuleError: Unable to import module 'handler': No module named 'requests'\nTraceback (most recent call last):",
            ),
            (1, START),
            (2, END),
            (3, REPORT),
        ],
        (1, 0, 0, 1),
        &[(ImportError, Proved)],
    );
}

#[test]
fn what_the_application_dealt_with_is_not_a_fault() {
    for handled in [
        "could not find optional dependency: No module named 'uvloop', using asyncio",
        "retrying after AccessDenied",
        "Runtime is happy",
        "[ERROR]\t2024-01-01T00:00:00.000Z\t@ID\tThrottlingException: Rate exceeded, trying again",
        "2024-01-01T00:00:00.000Z\t@ID\tERROR\tconnect ECONNREFUSED 127.0.0.1:6379, going on without the cache",
    ] {
        let full = "REPORT RequestId: @ID\tDuration: 5 ms\tBilled Duration: 5 ms\tMemory Size: 128 MB\tMax Memory Used: 128 MB";
        check(&[(0, START), (1, handled), (3, full)], (1, 0, 0, 0), &[]);
    }
}

#[test]
fn three_silent_timeouts_in_a_row_are_a_loop() {
    let mut lines = Vec::new();
    for i in 0..4 {
        let id = format!("0000000{i}-ef8a-4258-9d46-0b5e878cd834");
        lines.push((i * 10_000, START.replace("@ID", &id)));
        lines.push((i * 10_000 + 3000, REPORT_TIMEOUT.replace("@ID", &id)));
    }
    let lines: Vec<(i64, &str)> = lines.iter().map(|(at, text)| (*at, text.as_str())).collect();
    check(
        &lines,
        (4, 0, 4, 0),
        &[(FunctionTimeout, Proved), (FunctionTimeout, Proved), (ReinitLoop, Likely), (ReinitLoop, Likely)],
    );
}

#[test]
fn silent_timeouts_without_memory_to_spare_are_no_loop_but_want_of_memory() {
    let of = |used: u32| {
        let mut lines = Vec::new();
        for i in 0..4 {
            let id = format!("0000000{i}-ef8a-4258-9d46-0b5e878cd834");
            lines.push((i * 10_000, START.replace("@ID", &id)));
            let figures = format!("Memory Size: 1024 MB\tMax Memory Used: {used} MB\tStatus: timeout");
            lines.push((i * 10_000 + 6000, format!("REPORT RequestId: {id}\tDuration: 6000.00 ms\t{figures}")));
        }
        let lines: Vec<(&str, i64, &str)> = lines.iter().map(|(at, text)| ("stream", *at, text.as_str())).collect();
        read(&lines).1.last().map(|fault| fault.cause)
    };
    assert_eq!((of(1021), of(300)), (Some(MemoryPressure), Some(ReinitLoop)));
}

#[test]
fn a_timeout_that_spoke_or_started_anew_is_no_part_of_a_loop() {
    for between in ["[INFO]\t2024-01-01T00:00:00.000Z\tID2\thello", "INIT_START Runtime Version: x"] {
        let mut lines = Vec::new();
        for (i, id) in ["@ID", "ID2", "ID3", "ID4"].iter().enumerate() {
            let at = i as i64 * 10_000;
            if between.starts_with("INIT_START") {
                lines.push((at, between.to_owned()));
            }
            lines.push((at + 1, START.replace("@ID", id)));
            if !between.starts_with("INIT_START") {
                lines.push((at + 2, between.replace("ID2", id)));
            }
            lines.push((at + 3000, REPORT_TIMEOUT.replace("@ID", id)));
        }
        let lines: Vec<(i64, &str)> = lines.iter().map(|(at, text)| (*at, text.as_str())).collect();
        let (_, faults) = read(&lines.iter().map(|(ms, text)| ("stream", *ms, *text)).collect::<Vec<_>>());
        assert!(faults.len() == 4 && faults.iter().all(|fault| fault.cause == FunctionTimeout), "{faults:#?}");
    }
}

#[test]
fn a_start_up_that_outlasts_the_limit_is_a_loop_at_the_first_silent_timeout() {
    check(
        &[
            (0, START),
            (
                100,
                "REPORT RequestId: @ID\tDuration: 90 ms\tMemory Size: 128 MB\tMax Memory Used: 90 MB\tInit Duration: 3900.00 ms",
            ),
            (200, &START.replace("@ID", "ID2")),
            (3200, &REPORT_TIMEOUT.replace("@ID", "ID2")),
        ],
        (2, 1, 1, 0),
        &[(ReinitLoop, Likely)],
    );
}

#[test]
fn the_third_invocation_that_is_ended_in_start_up_is_a_loop() {
    let mut lines = Vec::new();
    for (i, id) in ["@ID", "ID2", "ID3"].iter().enumerate() {
        let at = i as i64 * 300_000;
        lines.push((at, "Instancing..".to_owned()));
        lines.push((at + 30_000, format!("2024-12-27T02:22:50.217Z {id} Task timed out after 30.03 seconds")));
        lines.push((at + 30_010, "INIT_START Runtime Version: python:3.12.v38".to_owned()));
    }
    let lines: Vec<(i64, &str)> = lines.iter().map(|(at, text)| (*at, text.as_str())).collect();
    check(&lines, (3, 3, 3, 0), &[(SlowColdStart, Proved), (SlowColdStart, Proved), (ReinitLoop, Proved)]);
}

#[test]
fn every_call_that_is_cold_is_told_from_the_fourth_on() {
    let mut lines = Vec::new();
    for (i, id) in ["@ID", "ID2", "ID3", "ID4", "ID5"].iter().enumerate() {
        lines.push((format!("stream {i}"), i as i64 * 3_600_000, START.replace("@ID", id)));
        lines.push((
            format!("stream {i}"),
            i as i64 * 3_600_000 + 5,
            format!("{}\tInit Duration: 400.00 ms", REPORT.replace("@ID", id)),
        ));
        lines.push((String::new(), 0, POLL.to_owned()));
    }
    let lines: Vec<(&str, i64, &str)> =
        lines.iter().map(|(stream, at, text)| (stream.as_str(), *at, text.as_str())).collect();
    check_streams(&lines, (5, 5, 0, 0), &[(ColdStartEveryInvocation, Likely), (ColdStartEveryInvocation, Likely)]);
    let (_, faults) = read(&lines);
    assert!(
        faults[0].finding.starts_with("4 invocations in a row") && faults[0].finding.contains("1 h apart"),
        "{}",
        faults[0].finding
    );
}

#[test]
fn memory_that_rises_in_every_run_of_one_environment_is_told_before_it_is_full() {
    let run = |used: &[u32]| {
        let mut lines = Vec::new();
        for (i, used) in used.iter().enumerate() {
            let id = format!("0000000{i}-ef8a-4258-9d46-0b5e878cd834");
            lines.push((i as i64 * 1000, START.replace("@ID", &id)));
            lines.push((
                i as i64 * 1000 + 5,
                format!("REPORT RequestId: {id}\tDuration: 5 ms\tMemory Size: 128 MB\tMax Memory Used: {used} MB"),
            ));
        }
        let lines: Vec<(&str, i64, &str)> = lines.iter().map(|(at, text)| ("stream", *at, text.as_str())).collect();
        read(&lines).1.into_iter().map(|fault| fault.cause).collect::<Vec<_>>()
    };
    assert_eq!(run(&[60, 80, 95, 105, 115]), [MemoryPressure]);
    assert_eq!(run(&[60, 60, 60, 100, 100, 100, 127, 128]), [], "used up by a completed run is no pressure");
    assert_eq!(run(&[20, 25, 30, 35, 40]), [], "a climb far below the limit is a cache that fills");
}

#[test]
fn an_environment_started_ahead_of_its_first_request_delayed_nobody() {
    for (gap, waited) in [(1_000, 1), (11_000, 0)] {
        let report = format!("{REPORT}\tInit Duration: 400.00 ms");
        let (tally, _) =
            read(&[("s", 0, "INIT_START Runtime Version: nodejs:22.v1"), ("s", gap, START), ("s", gap + 5, &report)]);
        assert_eq!((tally.cold, tally.cold_waited), (1, waited));
    }
}

#[test]
fn an_environment_of_provisioned_concurrency_delayed_nobody_and_a_restored_snapshot_did() {
    let json = |kind: &str| {
        [
            format!(r#"{{"type":"platform.initStart","record":{{"initializationType":"{kind}","phase":"init"}}}}"#),
            format!(
                r#"{{"type":"platform.initReport","record":{{"initializationType":"{kind}","phase":"init","status":"success","metrics":{{"durationMs":8200}}}}}}"#
            ),
        ]
    };
    for (before, after, cold_waited) in [
        (["INIT_START Runtime Version: x".to_owned(), "INIT_REPORT Init Duration: 8200.00 ms".to_owned()], "", 0),
        (json("provisioned-concurrency"), "", 0),
        (json("on-demand"), "\tInit Duration: 4900 ms", 1),
        (
            ["RESTORE_START Runtime Version: x".to_owned(), "RESTORE_REPORT Restore Duration: 300.00 ms".to_owned()],
            "\tRestore Duration: 300.00 ms",
            1,
        ),
    ] {
        let report = format!("{REPORT}{after}");
        let lines = [
            ("s", 0, before[0].as_str()),
            ("s", 500, before[1].as_str()),
            ("s", 600, START),
            ("s", 700, report.as_str()),
        ];
        let (tally, faults) = read(&lines);
        assert_eq!(
            (tally.invocations, tally.cold, tally.cold_waited, faults.len()),
            (1, 1, cold_waited, 0),
            "{before:?}: {faults:?}"
        );
    }
}

#[test]
fn asynchronous_retries_with_one_id_are_as_many_invocations_as_were_run() {
    let fails = "REPORT RequestId: @ID\tDuration: 5 ms\tMemory Size: 128 MB\tMax Memory Used: 31 MB\tStatus: error\tError Type: Runtime.ExitError";
    let lines = [
        (0, START),
        (5, END),
        (6, fails),
        (60_000, START),
        (60_005, END),
        (60_006, fails),
        (180_000, START),
        (180_005, END),
        (180_006, REPORT),
    ];
    check(&lines, (3, 0, 0, 2), &[(RuntimeExit, Proved), (RuntimeExit, Proved)]);
    // A copy that does not name its streams has them all in one.
    let lines: Vec<(&str, i64, &str)> = lines.iter().map(|(ms, text)| ("", *ms, *text)).collect();
    check_streams(&lines, (3, 0, 0, 2), &[(RuntimeExit, Proved), (RuntimeExit, Proved)]);
}

#[test]
fn invocations_that_overlap_in_a_copy_without_streams_are_told_apart_by_their_ids() {
    let start_2 = START.replace("@ID", "ID2");
    let timeout_2 = REPORT_TIMEOUT.replace("@ID", "ID2");
    check_streams(
        &[
            ("", 0, START),
            ("", 1, &start_2),
            (
                "",
                2,
                "2024-01-01T00:00:00.000Z\t@ID\tERROR\tInvoke Error \t{\"errorType\":\"TypeError\",\"errorMessage\":\"x is not a function\"}",
            ),
            ("", 3, "2024-01-01T00:00:00.000Z\tID2\tINFO\twaiting"),
            ("", 4, END),
            ("", 5, REPORT),
            ("", 3000, &timeout_2),
        ],
        (2, 0, 1, 1),
        &[(AppException, Proved), (FunctionTimeout, Proved)],
    );
}

#[test]
fn an_emulator_that_ends_another_id_than_it_began_ran_one_invocation() {
    check(
        &[(0, START), (1, "hello"), (2, "END RequestId: ID2"), (3, &REPORT.replace("@ID", "ID2"))],
        (1, 0, 0, 0),
        &[],
    );
}

#[test]
fn failures_that_began_at_a_change_of_version_say_so() {
    let failing =
        "[ERROR] KeyError: 'shelf'\nTraceback (most recent call last):\n  File \"/var/task/a.py\", line 3, in handler";
    for (clean, said) in [(6, true), (2, false)] {
        let mut lines = Vec::new();
        for i in 0..clean {
            lines.push((
                i,
                START.replace("$LATEST", "7").replace("@ID", &format!("0000000{i}-ef8a-4258-9d46-0b5e878cd834")),
            ));
            lines.push((i, REPORT.replace("@ID", &format!("0000000{i}-ef8a-4258-9d46-0b5e878cd834"))));
        }
        lines.push((100, START.replace("$LATEST", "8")));
        lines.push((101, failing.to_owned()));
        lines.push((102, REPORT.to_owned()));
        let lines: Vec<(&str, i64, &str)> = lines.iter().map(|(at, text)| ("stream", *at, text.as_str())).collect();
        let (_, faults) = read(&lines);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0].finding.contains("It began with version 8 (before: 7)"), said, "{}", faults[0].finding);
    }
}

#[test]
fn a_kind_of_error_is_the_same_whether_the_reader_was_stored_meanwhile_or_not() {
    let traceback = "Traceback (most recent call last):\n  File \"/var/task/a.py\", line 3, in handler\n    do()\nValueError: bad shelf 17";
    let words = format!("{traceback}{}", " and more of it".repeat(40));
    let lines =
        [("s", 0, START), ("s", 1, words.as_str()), ("s", 2, "REPORT RequestId: @ID\tDuration: 5 ms\tStatus: error")];
    let (_, stored) = read(&lines);
    let (mut reader, mut reading) = (LogReader::new("f"), MinuteCounter::default());
    lines.iter().for_each(|(stream, ms, text)| {
        reader.read(stream, DateTime::from_timestamp_millis(*ms), &ids(text), &mut reading);
    });
    reader.end(&mut reading);
    let unstored: Vec<FailedInvocation> = reading.faults.into_iter().map(|(_, fault)| fault).collect();
    assert!(
        stored[0].fingerprint.as_ref().is_some_and(|text| text.starts_with("ValueError: bad shelf #")),
        "{stored:?}"
    );
    assert_eq!(stored, unstored);
}

#[test]
fn what_is_remembered_does_not_grow_with_the_log() {
    let (mut reader, mut reading) = (LogReader::new("f"), MinuteCounter::default());
    let mut sizes = Vec::new();
    for i in 0..3_000 {
        let at = DateTime::from_timestamp_millis(i * 10);
        let id = format!("{i:08x}-ef8a-4258-9d46-0b5e878cd834");
        for event in [
            "Instancing..".to_owned(),
            "INIT_REPORT Init Duration: 10000.12 ms\tPhase: invoke\tStatus: timeout".to_owned(),
            format!("2024-12-27T02:22:50.217Z {id} Task timed out after 30.03 seconds"),
            format!("RequestId: {id} Error: Runtime exited with error: exit status 1"),
            "[ERROR] KeyError: 'shelf'".to_owned(),
        ] {
            reader.read("stream", at, &event, &mut reading);
            reader.read("", at, &event, &mut reading);
        }
        if i % 1_000 == 999 {
            reader.settle(&mut reading);
            sizes.push(serde_json::to_string(&reader).unwrap().len());
        }
    }
    assert!(sizes[2] < sizes[0] + sizes[0] / 20, "{sizes:?}");
    reader.forget(DateTime::from_timestamp_millis(100_000_000).unwrap(), &mut reading);
    assert!(serde_json::to_string(&reader).unwrap().len() < 10_000);
}

#[test]
fn of_many_environments_the_oldest_are_ended_and_each_is_counted() {
    let (mut reader, mut reading) = (LogReader::new("f"), MinuteCounter::default());
    for i in 0..3 * MOST_ENVIRONMENTS {
        let at = DateTime::from_timestamp_millis(i as i64);
        let stream = format!("{}", i * 7919 % 100_003);
        reader.read(&stream, at, &ids(START), &mut reading);
        reader.read(&stream, at, &ids(REPORT), &mut reading);
        assert!(reader.environments.named.len() <= 2 * MOST_ENVIRONMENTS + 1);
    }
    reader.end(&mut reading);
    assert_eq!(reading.tallies.values().map(|tally| tally.invocations).sum::<u64>(), 3 * MOST_ENVIRONMENTS as u64);
}

/// What happens in a random invocation.
#[derive(Debug, Clone, Copy)]
enum Ends {
    Well,
    InTime,
    ByMemory,
    ByException,
    ByImport,
    ByExit,
}

fn ends() -> impl Strategy<Value = Ends> {
    prop_oneof![
        Just(Ends::Well),
        Just(Ends::InTime),
        Just(Ends::ByMemory),
        Just(Ends::ByException),
        Just(Ends::ByImport),
        Just(Ends::ByExit)
    ]
}

/// One invocation in the text format and in JSON.
fn rendered(number: usize, ends: Ends, cold: bool) -> [Vec<String>; 2] {
    let id = format!("{number:08x}-ef8a-4258-9d46-0b5e878cd834");
    let (status, error_type) = match ends {
        Ends::Well => ("success", ""),
        Ends::InTime => ("timeout", ""),
        Ends::ByMemory => ("error", "Runtime.OutOfMemory"),
        Ends::ByException => ("error", "Unhandled"),
        Ends::ByImport => ("error", "Runtime.ImportModuleError"),
        Ends::ByExit => ("error", "Runtime.ExitError"),
    };
    let said = match ends {
        Ends::ByException => Some(("ValueError", "no such shelf")),
        Ends::ByImport => Some(("Runtime.ImportModuleError", "Unable to import module 'app': No module named 'yaml'")),
        _ => None,
    };
    let mut text = Vec::new();
    let mut json = Vec::new();
    if cold {
        text.push("INIT_START Runtime Version: python:3.12.v38".to_owned());
        json.push(r#"{"type":"platform.initStart","record":{"initializationType":"on-demand","runtimeVersion":"python:3.12.v38"}}"#.to_owned());
    }
    text.push(format!("START RequestId: {id} Version: 7"));
    json.push(format!(r#"{{"type":"platform.start","record":{{"requestId":"{id}","version":"7"}}}}"#));
    if let Some((kind, message)) = said {
        text.push(format!("[ERROR] {kind}: {message}\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 3, in handler"));
        json.push(format!(r#"{{"errorType":"{kind}","errorMessage":"{message}","requestId":"{id}","stackTrace":["File \"/var/task/app.py\", line 3"]}}"#));
    }
    text.push(format!("END RequestId: {id}"));
    let mut report = format!(
        "REPORT RequestId: {id}\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 512 MB\tMax Memory Used: 90 MB"
    );
    let (init, init_json) = if cold { ("\tInit Duration: 310.5 ms", r#","initDurationMs":310.5"#) } else { ("", "") };
    report.push_str(init);
    if status != "success" {
        report.push_str(&format!("\tStatus: {status}"));
    }
    if !error_type.is_empty() {
        report.push_str(&format!("\tError Type: {error_type}"));
    }
    text.push(report);
    let kind = if error_type.is_empty() { String::new() } else { format!(r#","errorType":"{error_type}""#) };
    json.push(format!(
        r#"{{"type":"platform.report","record":{{"requestId":"{id}","status":"{status}"{kind},"metrics":{{"durationMs":3000.0,"billedDurationMs":3000,"memorySizeMB":512,"maxMemoryUsedMB":90{init_json}}}}}}}"#
    ));
    [text, json]
}

fn read_streams(streams: &[Vec<String>], order: &[usize]) -> (InvocationCounts, Vec<Cause>) {
    let (mut reader, mut reading) = (LogReader::new("f"), MinuteCounter::default());
    let mut next = vec![0; streams.len()];
    for (step, pick) in order.iter().enumerate() {
        let stream = pick % streams.len();
        if let Some(event) = streams[stream].get(next[stream]) {
            reader.read(&stream.to_string(), DateTime::from_timestamp_millis(step as i64), event, &mut reading);
            next[stream] += 1;
        }
    }
    for (stream, events) in streams.iter().enumerate() {
        for event in &events[next[stream]..] {
            reader.read(&stream.to_string(), DateTime::from_timestamp_millis(order.len() as i64), event, &mut reading);
        }
    }
    reader.end(&mut reading);
    let mut sum = InvocationCounts { function: "f".into(), ..InvocationCounts::default() };
    reading.tallies.values().for_each(|tally| sum.add(tally));
    let mut causes: Vec<Cause> = reading.faults.iter().map(|(_, fault)| fault.cause).collect();
    causes.sort();
    (sum, causes)
}

fn counts(tally: &InvocationCounts) -> [u64; 6] {
    [tally.invocations, tally.cold, tally.timeouts, tally.errors, tally.duration_ms, tally.billed_ms]
}

proptest! {
    #[test]
    fn both_formats_of_one_log_give_the_same_counts_and_causes(run in prop::collection::vec((ends(), any::<bool>()), 1..12)) {
        let [text, json] = [0, 1].map(|format| {
            let events: Vec<String> = run.iter().enumerate().flat_map(|(i, (ends, cold))| rendered(i, *ends, *cold)[format].clone()).collect();
            read_streams(&[events], &[])
        });
        prop_assert_eq!(counts(&text.0), counts(&json.0));
        prop_assert_eq!(text.1, json.1);
        let failed = run.iter().filter(|(ends, _)| !matches!(ends, Ends::Well | Ends::InTime)).count() as u64;
        let cold = run.iter().filter(|(_, cold)| *cold).count() as u64;
        prop_assert_eq!((text.0.invocations, text.0.errors, text.0.cold), (run.len() as u64, failed, cold));
    }

    #[test]
    fn the_order_in_which_streams_are_read_changes_no_count(
        runs in prop::collection::vec(prop::collection::vec((ends(), any::<bool>()), 1..6), 1..5),
        order in prop::collection::vec(0usize..5, 0..80),
    ) {
        let mut number = 0;
        let streams: Vec<Vec<String>> = runs.iter().map(|run| {
            run.iter().flat_map(|(ends, cold)| {
                number += 1;
                rendered(number, *ends, *cold)[0].clone()
            }).collect()
        }).collect();
        let (in_turn, mixed) = (read_streams(&streams, &[]), read_streams(&streams, &order));
        prop_assert_eq!(counts(&in_turn.0), counts(&mixed.0));
    }
}

#[test]
fn an_environment_is_counted_before_it_is_forgotten() {
    let (mut reader, mut reading) = (LogReader::new("f"), MinuteCounter::default());
    reader.read("stream", DateTime::from_timestamp_millis(0), &ids(REPORT), &mut reading);
    reader.forget(DateTime::from_timestamp_millis(50 * 60_000).unwrap(), &mut reading);
    assert_eq!(reading.tallies.values().map(|tally| tally.invocations).sum::<u64>(), 1);
    assert!(reader.environments.named.is_empty());
}
