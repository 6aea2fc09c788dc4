use std::borrow::Cow;

use proptest::prelude::*;

use super::*;

const ID: &str = "e11db634-ef8a-4258-9d46-0b5e878cd834";

fn id<'a>() -> Option<Cow<'a, str>> {
    Some(Cow::Borrowed(ID))
}

fn ended<'a>(how: &'a str, error_type: Option<&'a str>) -> LogLine<'a> {
    LogLine::Ended { request_id: id(), how: how.into(), error_type: error_type.map(Cow::Borrowed) }
}

#[test]
fn a_summary_reads_the_same_with_tabs_with_spaces_over_lines_and_in_json() {
    let report = ReportLine {
        duration_ms: 2.85,
        billed_ms: Some(3156.0),
        memory_mb: Some(1024.0),
        max_memory_mb: Some(64.0),
        init_ms: Some(3152.18),
        status: PlatformStatus::Error,
        error_type: Some("Runtime.OutOfMemory".into()),
        ..ReportLine::default()
    };
    for event in [
        "REPORT RequestId: @\tDuration: 2.85 ms\tBilled Duration: 3156 ms\tMemory Size: 1024 MB\tMax Memory Used: 64 MB\tInit Duration: 3152.18 ms\tStatus: error\tError Type: Runtime.OutOfMemory\t\nXRAY TraceId: 1-5e1b4151-0c9d\tSampled: true",
        "REPORT RequestId: @ Duration: 2.85 ms Billed Duration: 3156 ms \tMemory Size: 1024 MB Max Memory Used: 64 MB Init Duration: 3152.18ms Status: error ErrorType: Runtime.OutOfMemory\n",
        "REPORT RequestId: @\nDuration: 2.85 ms\nBilled Duration: 3156 ms\nMemory Size: 1024 MB\nMax Memory Used: 64 MB\nInit Duration: 3152.18 ms\nStatus: error\nError Type: Runtime.OutOfMemory",
        // The emulator's order, and its missing separator.
        "REPORT RequestId: @\tInit Duration: 3152.18 ms\tDuration: 2.85 msBilled Duration: 3156 ms\tMemory Size: 1024 MB\tMax Memory Used: 64 MB\tStatus: error\tError Type: Runtime.OutOfMemory",
        "{\"time\":\"2024-12-06T16:35:01.725Z\",\"type\":\"platform.report\",\"record\":{\"requestId\":\"@\",\"status\":\"error\",\"errorType\":\"Runtime.OutOfMemory\",\"metrics\":{\"durationMs\":2.85,\"billedDurationMs\":3156.0,\"memorySizeMB\":1024,\"maxMemoryUsedMB\":64,\"initDurationMs\":3152.18}}}",
    ] {
        let of_emulator = event.starts_with("REPORT RequestId: @\tInit");
        let event = event.replace('@', ID);
        let report = ReportLine { of_emulator, ..report.clone() };
        assert_eq!(parse(&event), LogLine::Report { request_id: id(), report }, "{event}");
    }
}

#[test]
fn a_restored_snapshot_is_not_billed_duration_and_not_duration() {
    let event = format!(
        "REPORT RequestId: {ID}\tDuration: 2338.66 ms\tBilled Duration: 2521 ms\tMemory Size: 512 MB\tMax Memory Used: 190 MB\tRestore Duration: 398.97 ms\tBilled Restore Duration: 182 ms"
    );
    let LogLine::Report { report, .. } = parse(&event) else { panic!("a summary") };
    assert_eq!(
        (report.duration_ms, report.billed_ms, report.restore_ms, report.init_ms),
        (2338.66, Some(2521.0), Some(398.97), None)
    );
}

#[test]
fn a_summary_that_was_cut_says_no_more_than_is_left_of_it() {
    for (tail, status, error_type) in [
        ("\tStatus: timeout", PlatformStatus::Timeout, None),
        ("\tStatus: error\tError Type: Extension. InitError", PlatformStatus::Error, Some("Extension.InitError")),
        ("\tStatus", PlatformStatus::Cut, None),
        ("\tStatus:", PlatformStatus::Cut, None),
        ("", PlatformStatus::Success, None),
    ] {
        let event = format!("REPORT RequestId: {ID}\tDuration: 5 ms{tail}");
        let LogLine::Report { report, .. } = parse(&event) else { panic!("{event:?} is a summary") };
        assert_eq!((report.status, report.error_type.as_deref()), (status, error_type), "{event:?}");
    }
}

#[test]
fn every_platform_line_is_known_in_both_formats() {
    let runtime = |version| RuntimeVersion {
        on_node: RuntimeVersion::names_node(version),
        version: Some(Cow::Borrowed(version)),
        function: None,
        ahead: false,
    };
    let init = |duration_ms, in_invocation, status, error_type: Option<&str>| InitReport {
        duration_ms: Some(duration_ms),
        in_invocation,
        ahead: false,
        status,
        error_type: error_type.map(str::to_owned),
    };
    let killed = "Runtime exited with error: signal: killed";
    let cases: &[(&str, LogLine<'_>)] = &[
        (
            "INIT_START Runtime Version: python:3.12.v38\tRuntime Version ARN: arn:aws:lambda:eu-west-1::runtime:abc",
            LogLine::InitStart(runtime("arn:aws:lambda:eu-west-1::runtime:abc")),
        ),
        ("INIT_START Runtime Version: nodejs:22.v5", LogLine::InitStart(runtime("nodejs:22.v5"))),
        (
            r#"{"type":"platform.initStart","record":{"initializationType":"on-demand","runtimeVersion":"nodejs:22.v5"}}"#,
            LogLine::InitStart(runtime("nodejs:22.v5")),
        ),
        (
            "RESTORE_START Runtime Version: java:11.v21",
            LogLine::RestoreStart(RuntimeVersion { ahead: true, ..runtime("java:11.v21") }),
        ),
        ("START RequestId: @ Version: $LATEST", LogLine::Start { request_id: id(), version: Some("$LATEST".into()) }),
        ("[START] RequestId: @ Version: 7", LogLine::Start { request_id: id(), version: Some("7".into()) }),
        (
            r#"{"type":"platform.start","record":{"requestId":"@","version":"7"}}"#,
            LogLine::Start { request_id: id(), version: Some("7".into()) },
        ),
        ("END RequestId: @", LogLine::End { request_id: id() }),
        (r#"{"type":"platform.end","record":{"requestId":"@"}}"#, LogLine::End { request_id: id() }),
        (
            "2024-12-27T02:22:50.217Z @ Task timed out after 30.03 seconds\n\n",
            LogLine::TimedOut { request_id: id(), after_seconds: 30.03 },
        ),
        (
            "[1735266170217] 2024-12-27T02:22:50.217Z @ Task timed out after 30.03 seconds",
            LogLine::TimedOut { request_id: id(), after_seconds: 30.03 },
        ),
        (
            r#"{"level":"ERROR","requestId":"@","message":"Task timed out after 3.00 seconds"}"#,
            LogLine::TimedOut { request_id: id(), after_seconds: 3.0 },
        ),
        (
            "RequestId: @ Error: Runtime exited with error: signal: killed\nRuntime.ExitError",
            ended(killed, Some("Runtime.ExitError")),
        ),
        (
            "RequestId: @ Process exited before completing request",
            ended("Process exited before completing request", None),
        ),
        (
            "RequestId: @ Error: Runtime exited without providing a reason",
            ended("Runtime exited without providing a reason", None),
        ),
        (
            r#"{"type":"platform.fault","record":"RequestId: @\tError: Runtime exited with error: signal: killed\nRuntime.ExitError"}"#,
            ended(killed, Some("Runtime.ExitError")),
        ),
        (
            r#"{"type":"platform.fault","record":"RequestId: @ Status: error\tErrorType: Runtime.ExitError"}"#,
            ended("", Some("Runtime.ExitError")),
        ),
        (
            "Runtime.ExitError",
            LogLine::Ended { request_id: None, how: "".into(), error_type: Some("Runtime.ExitError".into()) },
        ),
        (
            "INIT_REPORT Init Duration: 10000.12 ms\tPhase: init\tStatus: timeout",
            LogLine::InitReport(init(10000.12, false, PlatformStatus::Timeout, None)),
        ),
        (
            "INIT_REPORT Init Duration: 812.00 ms\tPhase: init\tStatus: error\tError Type: Extension.Crash",
            LogLine::InitReport(init(812.0, false, PlatformStatus::Error, Some("Extension.Crash"))),
        ),
        (
            r#"{"type":"platform.initReport","record":{"phase":"invoke","status":"error","errorType":"Runtime.ImportModuleError","metrics":{"durationMs":12.5}}}"#,
            LogLine::InitReport(init(12.5, true, PlatformStatus::Error, Some("Runtime.ImportModuleError"))),
        ),
        (
            "RESTORE_REPORT Restore Duration: 398.97 ms",
            LogLine::RestoreReport(init(398.97, false, PlatformStatus::Success, None)),
        ),
        (
            "EXTENSION\tName: collector\tState: Ready\tEvents: [INVOKE, SHUTDOWN]",
            LogLine::Extension { failed: false, error_type: None, ready: Some(true) },
        ),
        (
            "EXTENSION\tName: collector\tState: LaunchError\tEvents: []\tError Type: PermissionDenied",
            LogLine::Extension { failed: true, error_type: Some("PermissionDenied".into()), ready: None },
        ),
        (
            r#"{"type":"platform.extension","record":{"name":"collector","state":"Ready","events":["INVOKE"]}}"#,
            LogLine::Extension { failed: false, error_type: None, ready: Some(true) },
        ),
        ("TELEMETRY\tName: collector\tState: Already subscribed\tTypes: [Platform]", LogLine::Platform),
        ("LOGS\tName: collector\tState: Subscribed\tTypes: [platform]", LogLine::Platform),
        ("XRAY TraceId: 1-5e1b4151-0c9d\tSegmentId: 6f3a\tSampled: true", LogLine::Platform),
        (r#"{"type":"platform.runtimeDone","record":{"requestId":"@","status":"success"}}"#, LogLine::Platform),
        (
            r#"{"type":"platform.logsDropped","record":{"reason":"consumer too slow","droppedRecords":12,"droppedBytes":500}}"#,
            LogLine::LogsDropped { records: Some(12) },
        ),
        (
            "[ERROR] [1663095250473] LAMBDA_RUNTIME Failed to post handler success response. Http response code: 413.",
            LogLine::RuntimeClient { status: Some(413) },
        ),
        (
            "[WARNING]\t2024-01-01T00:00:00.000Z\t\tLAMBDA_WARNING: Unhandled exception. The most likely cause is an issue in the function code.",
            LogLine::Platform,
        ),
        (
            "14 Mar 2025 10:11:12,345 [INFO] (rapid) INIT START(type: on-demand, phase: init)",
            LogLine::InitStart(RuntimeVersion::default()),
        ),
    ];
    for (event, expected) in cases {
        let event = event.replace('@', ID);
        assert_eq!(parse(&event), *expected, "{event}");
    }
}

#[test]
fn a_start_up_that_is_reported_although_it_went_well_was_done_ahead() {
    for (event, ahead) in [
        ("INIT_REPORT Init Duration: 812.00 ms", true),
        ("INIT_REPORT Init Duration: 812.00 ms\tPhase: init\tStatus: timeout", false),
        (
            r#"{"type":"platform.initReport","record":{"initializationType":"on-demand","phase":"init","status":"success","metrics":{"durationMs":812}}}"#,
            false,
        ),
        (
            r#"{"type":"platform.initReport","record":{"initializationType":"provisioned-concurrency","phase":"init","status":"success","metrics":{"durationMs":812}}}"#,
            true,
        ),
    ] {
        let LogLine::InitReport(report) = parse(event) else { panic!("{event} is a report of a start-up") };
        assert_eq!((report.ahead, report.duration_ms.is_some()), (ahead, true), "{event}");
    }
}

#[test]
fn what_only_looks_like_a_platform_line_is_counted_as_unparsed_or_left_to_the_application() {
    for message in [
        "REPORT RequestId: ",
        "REPORT RequestId: x Duration: NaN ms",
        "REPORT RequestId: x Duration: -5 ms",
        "REPORT RequestId: x Duration: 1e300 ms",
        "START RequestId: ",
        r#"{"type":"platform.report","record":{"requestId":"x"}}"#,
        r#"{"type":"platform.report","record":{"requestId":"x","metrics":{"durationMs":"5"}}}"#,
        r#"{"type":"platform.start","record":{}}"#,
        r#"{"type":"platform.report""#,
        r#"{"level":"INFO","message":"cut in the mid"#,
    ] {
        assert_eq!(parse(message), LogLine::Unparsed, "{message}");
    }
    for message in [
        "",
        "REPORT of the day",
        "Instancing..",
        "START here",
        "END of the story",
        "EXTENSION of the deadline",
        "{not json}",
        "\u{0}\u{1}",
        "the Runtime.ExitError of yesterday",
    ] {
        assert!(matches!(parse(message), LogLine::Application(_)), "{message}");
    }
}

#[test]
fn the_runtimes_have_their_own_ways_to_say_that_nobody_caught_an_error() {
    use LogLevel::{Error, Info, Unknown, Warning};
    for (event, level, unhandled, text) in [
        (
            "[ERROR] KeyError: 'shelf'\nTraceback (most recent call last):\n  File \"/var/task/a.py\", line 3",
            Error,
            true,
            "KeyError: 'shelf'",
        ),
        ("[ERROR]\t2024-01-01T00:00:00.000Z\t@\tcould not save", Error, false, "could not save"),
        ("[WARNING]\t2024-01-01T00:00:00.000Z\t@\tslow", Warning, false, "slow"),
        ("Unable to import module 'app': No module named 'yaml'", Unknown, true, "Unable to import module"),
        ("'shelf': KeyError\nTraceback (most recent call last):", Unknown, true, "'shelf': KeyError"),
        (
            "2024-01-01T00:00:00.000Z\t@\tERROR\tInvoke Error \t{\"errorType\":\"TypeError\"}",
            Error,
            true,
            "Invoke Error",
        ),
        (
            "2024-01-01T00:00:00.000Z\tundefined\tERROR\tUncaught Exception \t{\"errorType\":\"Error\"}",
            Error,
            true,
            "Uncaught Exception",
        ),
        ("2024-01-01T00:00:00.000Z\t@\tERROR\tcould not save", Error, false, "could not save"),
        ("2024-01-01T00:00:00.000Z\t@\tINFO\thello", Info, false, "hello"),
        (
            "2024-01-01T00:00:00.000Z\t@\tfail\tSystem.NullReferenceException: Object reference",
            Error,
            true,
            "System.NullReferenceException",
        ),
        (
            "java.lang.IllegalStateException: no shelf\n\tat shop.Handler.run(Handler.java:3)",
            Unknown,
            true,
            "java.lang.IllegalStateException",
        ),
        ("panic: runtime error: index out of range [3]\ngoroutine 1", Error, true, "panic: runtime error"),
        ("thread 'main' panicked at src/main.rs:3:5:", Unknown, true, "thread 'main'"),
        (
            r#"{"errorType":"TypeError","errorMessage":"x is undefined","stackTrace":["a"]}"#,
            Error,
            true,
            "TypeError: x is undefined",
        ),
        (r#"{"level":"ERROR","message":"could not save","logger":"shop"}"#, Error, false, "could not save"),
        (r#"{"level":"INFO","message":"hello"}"#, Info, false, "hello"),
    ] {
        let event = event.replace('@', ID);
        let LogLine::Application(line) = parse(&event) else { panic!("{event} is of the application") };
        assert_eq!(
            (line.level, line.unhandled, line.text.starts_with(text)),
            (level, unhandled, true),
            "{event}: {line:?}"
        );
    }
}

#[test]
fn an_error_type_is_a_name_and_nothing_longer() {
    let long = "x".repeat(200);
    for (kind, kept) in
        [("Runtime.ExitError", Some("Runtime.ExitError")), ("", None), (long.as_str(), None), ("Stra\u{df}e", None)]
    {
        let text = format!("REPORT RequestId: {ID}\tDuration: 5 ms\tStatus: error\tError Type: {kind}");
        let json = format!(
            r#"{{"type":"platform.report","record":{{"requestId":"{ID}","errorType":"{kind}","metrics":{{"durationMs":5}}}}}}"#
        );
        for event in [text, json] {
            let LogLine::Report { report, .. } = parse(&event) else { panic!("{event} is a summary") };
            assert_eq!(report.error_type.as_deref(), kept, "{event}");
        }
    }
}

proptest! {
    #[test]
    fn no_message_can_stop_the_reader(message in any::<Vec<u8>>()) {
        parse(&String::from_utf8_lossy(&message));
    }

    #[test]
    fn no_cut_of_a_real_line_can_stop_the_reader(which in 0usize..4, cut in 0usize..400, garbage in "\\PC{0,40}") {
        let lines = [
            format!("REPORT RequestId: {ID}\tDuration: 2.85 ms\tBilled Duration: 3156 ms\tMemory Size: 1024 MB\tMax Memory Used: 64 MB\tInit Duration: 3152.18 ms"),
            format!("2024-12-27T02:22:50.217Z {ID} Task timed out after 30.03 seconds"),
            format!("RequestId: {ID} Error: Runtime exited with error: exit status 1\nRuntime.ExitError"),
            format!(r#"{{"time":"2024-12-06T16:35:01.725Z","type":"platform.report","record":{{"requestId":"{ID}","metrics":{{"durationMs":2.85}}}}}}"#),
        ];
        let line = &lines[which];
        parse(&format!("{}{garbage}", &line[..cut.min(line.len())]));
    }
}
