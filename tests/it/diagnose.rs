//! `monitor diagnose`: a verdict on what people paste and pipe, with no account and no configuration.

use std::io::Write;

use serde_json::Value;
use tempfile::TempDir;

use crate::support::program::{Output, monitor};
use crate::support::schema;

/// The lines that the project began with.
const STORY: &str = "[1735266140183] Instancing..
[1735266155772] Instancing..
[1735266170217] 2024-12-27T02:22:50.217Z e11db634-ef8a-4258-9d46-0b5e878cd834 Task timed out after 30.03 seconds
[1735266170235] INIT_START Runtime Version: python:3.12.v38\tRuntime Version ARN: arn:aws:lambda:ap-northeast-2::runtime:abc
";

fn diagnose(args: &[&str], input: impl Into<Vec<u8>>) -> Output {
    let folder = TempDir::new().expect("a folder");
    monitor(folder.path()).args(["diagnose"]).args(args).input(input).run()
}

/// The document, which follows its schema whatever was read.
fn document(args: &[&str], input: impl Into<Vec<u8>>) -> Value {
    let output = diagnose(&[&["--format", "json"], args].concat(), input);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let document: Value = serde_json::from_str(&output.stdout).expect("JSON");
    schema::holds("docs/diagnose.schema.json", &document);
    document
}

fn codes(document: &Value) -> Vec<(&str, u64)> {
    let causes = document["functions"][0]["causes"].as_array().map(Vec::as_slice).unwrap_or_default();
    causes
        .iter()
        .map(|cause| (cause["code"].as_str().unwrap_or_default(), cause["count"].as_u64().unwrap_or_default()))
        .collect()
}

#[test]
fn the_story_through_a_pipe_is_a_slow_cold_start_and_says_what_the_lines_prove() {
    let document = document(&[], STORY);
    let function = &document["functions"][0];
    assert_eq!(
        (function["verdict"].as_str(), function["confidence"].as_str()),
        (Some("slow_cold_start"), Some("proved"))
    );
    assert_eq!(codes(&document), [("slow_cold_start", 1), ("function_timeout", 1)]);
    let remedy = function["causes"][0]["remedy"].as_str().expect("a remedy");
    for said in [
        "start-up",
        "30.0 s",
        "handler never ran",
        "discarded",
        "starts again",
        "secret",
        "database",
        "without a route",
        "memory",
        "package size",
    ] {
        assert!(remedy.contains(said), "{said}: {remedy}");
    }
    // Neither a memory size nor a network is in these lines.
    for not_proved in ["VPC", "NAT", "512", "out of memory"] {
        assert!(!remedy.contains(not_proved), "{not_proved}: {remedy}");
    }
}

#[test]
fn the_story_every_two_minutes_is_a_loop_that_pings_cannot_break() {
    let hour: String = (0..30i64)
        .map(|turn| {
            let later = |ms: i64| (ms + turn * 120_000).to_string();
            let lines = ["1735266140183", "1735266155772", "1735266170217", "1735266170235"]
                .iter()
                .fold(STORY.to_owned(), |lines, ms| lines.replace(ms, &later(ms.parse().expect("a time"))));
            lines.replace("e11db634", &format!("e11db6{turn:02}"))
        })
        .collect();
    let document = document(&[], hour.clone());
    assert_eq!(document["functions"][0]["verdict"], "reinit_loop");
    assert_eq!(codes(&document), [("reinit_loop", 28), ("slow_cold_start", 30), ("function_timeout", 30)]);
    let text = diagnose(&[], hour).stdout;
    assert!(
        text.contains("loop") && text.contains("Pings cannot end the loop") && text.contains("2 min apart"),
        "{text}"
    );
}

#[test]
fn what_is_known_from_elsewhere_can_be_said() {
    let report = "START RequestId: e11db634-ef8a-4258-9d46-0b5e878cd834 Version: 3\nREPORT RequestId: e11db634-ef8a-4258-9d46-0b5e878cd834\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMax Memory Used: 40 MB\n";
    assert_eq!(document(&[], report)["functions"][0]["verdict"], "healthy");
    let with = document(&["--function", "todo", "--timeout", "3"], report);
    assert_eq!(
        (with["functions"][0]["function"].as_str(), with["functions"][0]["verdict"].as_str()),
        (Some("todo"), Some("function_timeout"))
    );
}

#[test]
fn packed_files_are_simply_read_and_several_files_are_one_log() {
    let folder = TempDir::new().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(STORY.as_bytes()).expect("packed");
    std::fs::write(path("a.gz"), packed.finish().expect("packed")).expect("a file");
    // As `cat` joins packed files: several frames, one after the other.
    let other = STORY.replace("e11db634", "e11db635");
    let frames: Vec<u8> =
        other.split_inclusive('\n').flat_map(|line| zstd::encode_all(line.as_bytes(), 1).expect("packed")).collect();
    std::fs::write(path("b.zst"), frames).expect("a file");
    let document = document(&[&path("a.gz"), &path("b.zst")], "");
    assert_eq!((document["lines"]["read"].as_u64(), document["functions"][0]["timeouts"].as_u64()), (Some(8), Some(2)));
    // The standard input may be packed as well.
    let again = std::fs::read(path("a.gz")).expect("a file");
    assert_eq!(self::document(&["-"], again)["lines"]["read"], 4);
}

#[test]
fn what_cannot_be_read_is_counted_and_never_judged() {
    let utf16: Vec<u8> = STORY.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let long = vec![b'a'; 5_000_000];
    for (what, input, unparsed) in [
        ("UTF-16", utf16, 5),
        ("carriage returns only", STORY.replace('\n', "\r").into_bytes(), 1),
        (
            "half an object",
            br#"{"time":"2024-01-01T00:00:00Z","type":"platform.report","record":{"requestId":"a"#.to_vec(),
            1,
        ),
        (
            "impossible numbers",
            b"REPORT RequestId: a\tDuration: -5 ms\nREPORT RequestId: b\tDuration: 1e999 ms\tBilled Duration: 3 ms\n"
                .to_vec(),
            2,
        ),
        ("no text", vec![0xff, 0xfe, 0xfd, b'\n', 0x80], 2),
        ("a line without an end", long, 1),
    ] {
        let document = document(&[], input);
        assert_eq!(document["lines"]["unparsed"], unparsed, "{what}: {document:#}");
        assert_eq!(
            (
                document["functions"][0]["invocations"].as_u64(),
                document["functions"][0]["verdict"].as_str(),
                document["functions"][0]["confidence"].as_str()
            ),
            (Some(0), Some("healthy"), Some("likely")),
            "{what}"
        );
    }
    let said = diagnose(
        &[],
        [&[0xff, 0xfe][..], &STORY.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()].concat(),
    )
    .stderr;
    assert!(said.contains("UTF-16") && said.contains("iconv"), "{said}");
}

#[test]
fn a_file_that_is_not_there_is_named_and_nothing_is_said_of_it() {
    for (args, said) in [(["/not/there.log"], "/not/there.log"), (["/"], "it is a folder")] {
        let output = diagnose(&args, "");
        assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{args:?}");
        assert!(output.stderr.contains(said), "{}", output.stderr);
    }
    assert_eq!(diagnose(&["--timeout", "soon"], "").code, Some(64));
}

#[test]
fn a_long_log_is_read_the_same_in_blocks() {
    let invocation = |number: u32| {
        let id = format!("{number:08x}-ef8a-4258-9d46-0b5e878cd834");
        let failed = if number % 100 == 99 {
            "[ERROR] KeyError: 'shelf'\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 3, in handler\n"
        } else {
            ""
        };
        format!(
            "START RequestId: {id} Version: $LATEST\n[INFO]\t2024-12-27T02:22:50.217Z\t{id}\tasked for the todos of one user, which is a line like many\n{failed}END RequestId: {id}\nREPORT RequestId: {id}\tDuration: {}.50 ms\tBilled Duration: 9 ms\tMemory Size: 512 MB\tMax Memory Used: 99 MB\t\n",
            number % 1000
        )
    };
    let log: String = (0..20_000).map(invocation).collect();
    let lines = log.lines().count() as u64;
    let document = document(&[], log);
    let function = &document["functions"][0];
    assert_eq!(
        (function["invocations"].as_u64(), function["errors"].as_u64(), document["lines"]["read"].as_u64()),
        (Some(20_000), Some(200), Some(lines))
    );
    assert_eq!(
        (function["duration_ms"]["p50"].as_f64(), function["duration_ms"]["max"].as_f64()),
        (Some(499.5), Some(999.5))
    );
    assert_eq!(codes(&document), [("app_exception", 200)]);
}

const A: &str = "11111111-1111-4111-8111-111111111111";

fn lines(text: &str) -> String {
    let report =
        "REPORT RequestId: @A\tDuration: 2.85 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB\tMax Memory Used: 64 MB";
    text.replace("@START", "START RequestId: @A Version: 1")
        .replace("@END", &format!("END RequestId: @A\n{report}"))
        .replace("@A", A)
        + "\n"
}

/// The verdict, and how many invocations, timeouts and errors were counted.
fn check(text: &str, verdict: &str, counts: (u64, u64, u64)) {
    let document = document(&[], lines(text));
    let function = &document["functions"][0];
    let count = |key: &str| function[key].as_u64().unwrap_or(u64::MAX);
    assert_eq!(
        (function["verdict"].as_str(), (count("invocations"), count("timeouts"), count("errors"))),
        (Some(verdict), counts),
        "{text}\n{document:#}"
    );
}

#[test]
fn what_an_application_quotes_is_no_fact_of_its_own() {
    check(
        "@START\n2024-01-01T00:00:00Z\t@A\tINFO\tother lambda said: Task timed out after 3.00 seconds\n@END",
        "healthy",
        (1, 0, 0),
    );
    check("@START\nCould not fetch: TimeoutError\nretry ok\n@END", "healthy", (1, 0, 0));
}

#[test]
fn what_the_platform_calls_a_failure_is_never_healthy() {
    for tail in ["\tStatus: error\tError Type: Function.Unknown", "\tStatus: error"] {
        check(&format!("@START\n@END{tail}"), "app_exception", (1, 0, 1));
    }
}

#[test]
fn a_start_up_that_fails_has_not_reached_a_limit_and_one_that_does_was_waited_for() {
    let failed = document(
        &[],
        "INIT_REPORT Init Duration: 300 ms\tPhase: invoke\tStatus: error\tError Type: Runtime.ImportModuleError\n",
    );
    assert!(codes(&failed).iter().all(|(code, _)| *code != "init_timeout"), "{failed:#}");
    let waited = document(
        &[],
        lines(
            "2024-01-01T00:00:00.000Z INIT_START Runtime Version: python:3.12.v7\n2024-01-01T00:00:10.050Z INIT_REPORT Init Duration: 9999.98 ms\tPhase: init\tStatus: timeout\n2024-01-01T00:00:10.070Z @START\n2024-01-01T00:00:14.000Z @END",
        ),
    );
    assert_eq!(
        (waited["functions"][0]["cold_starts"].as_u64(), waited["functions"][0]["user_cold_starts"].as_u64()),
        (Some(1), Some(1)),
        "{waited:#}"
    );
}

#[test]
fn colours_and_a_timeout_told_late_do_not_hide_anything() {
    check("\u{1b}[32m@START\u{1b}[0m\n\u{1b}[31m@END\u{1b}[0m", "healthy", (1, 0, 0));
    let late = "@START\n@END\nSTART RequestId: 22222222-2222-4222-8222-222222222222 Version: 1\n2024-03-04T17:22:38Z @A Task timed out after 3.00 seconds";
    check(late, "function_timeout", (1, 1, 0));
}

#[test]
fn a_burst_of_cold_starts_in_a_long_warm_log_is_nothing() {
    let cold: String = "INIT_START Runtime Version: python:3.12.v7\n@START\n@END\tInit Duration: 300.00 ms\n".repeat(8);
    check(&format!("{cold}{}", "@START\n@END\n".repeat(200)), "healthy", (208, 0, 0));
}

#[test]
fn a_failure_far_into_a_long_log_is_seen_as_at_its_beginning() {
    let healthy = "@START\nhello, this is a line of an application that has nothing to say\n@END\n".repeat(6_000);
    for (said, verdict) in [
        ("Unable to import module 'm': No module named 'm'", "import_error"),
        ("Class not found: example.Handler", "handler_not_found"),
    ] {
        check(&format!("{healthy}@START\n{said}\n@END\n@START\n@END"), verdict, (6_002, 0, 1));
    }
    let dealt_with = "2024-03-04T17:22:35Z\t@A\tERROR\tconnect ECONNREFUSED 10.0.0.1:3306\nclosing\n2024-03-04T17:22:38Z @A Task timed out after 3.00 seconds";
    check(&format!("{healthy}@START\n{dealt_with}\n@END\n@START\n@END"), "db_unreachable", (6_002, 1, 0));
}
