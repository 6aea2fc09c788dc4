use super::*;

/// The lines that come out of a copy, and how many were taken and given.
fn unpack(copy: &str) -> (String, (u64, u64)) {
    let (mut packed, mut out) = (PackedCopy::default(), String::new());
    assert!(packed.is_packed(copy.as_bytes()), "{copy}");
    copy.lines().for_each(|line| packed.line(line, &mut out));
    let lines = packed.end(&mut out);
    (out, lines)
}

#[test]
fn the_cells_of_an_export_become_what_a_tail_prints() {
    const STREAM: &str = "2024/07/03/[$LATEST]60cefc4c";
    for (copy, lines) in [
        ("timestamp,message\n1720000000123,packed\n", "1720000000123 packed\n".to_owned()),
        // A cell may have line ends, commas, and quotes that are doubled.
        (
            "timestamp,message\n1720000000123,\"{\"\"a\"\": \"\"b, c\"\"}\n\"\n1720000000124,\"one\n\ttwo\n\"\n",
            "1720000000123 {\"a\": \"b, c\"}\n1720000000124 one\n\ttwo\n".to_owned(),
        ),
        ("timestamp,message\r\n1720000000123,\"packed\r\n\"\r\n", "1720000000123 packed\n".to_owned()),
        ("timestamp,message\n1720000000123,\"a\rTraceback\"\n", "1720000000123 a\nTraceback\n".to_owned()),
        (
            &format!(
                "\u{feff}@timestamp,@message,@logStream,@log\n2024-07-03 09:46:40.123,\"packed\n\",{STREAM},111122223333:/aws/lambda/shop\n"
            ),
            format!("1720000000123 /aws/lambda/shop {STREAM} packed\n"),
        ),
        // The columns stand in any order, and others beside them.
        (
            &format!("@logStream,level,@message,@timestamp\n{STREAM},INFO,packed,2024-07-03 09:46:40.123\n"),
            format!("1720000000123 {STREAM} packed\n"),
        ),
        // Whoever wrote the file by hand did not quote.
        (
            &format!("@timestamp,@message,@logStream\n2024-07-03 09:46:40.123,one, \"two\", three,{STREAM}\n"),
            format!("1720000000123 {STREAM} one, \"two\", three\n"),
        ),
        // No event, a line that is no record, and a head once more.
        (
            "timestamp,message\n1720000000123,\n\nnote\ntimestamp,message\n1720000000123,packed\n",
            "\nnote\n1720000000123 packed\n".to_owned(),
        ),
        // A quote that is closed nowhere ends before the next record.
        (
            "timestamp,message\n1720000000123,\"packed\n1720000000124,\"priced\"\n1720000000125,\"sent\"\n",
            "1720000000123,\"packed\n1720000000124 priced\n1720000000125 sent\n".to_owned(),
        ),
        // What was cut ends with the copy.
        ("timestamp,message\n1720000000123,\"one\ntwo", "1720000000123 one\ntwo\n".to_owned()),
    ] {
        let (out, (taken, given)) = unpack(copy);
        assert_eq!(out, lines, "{copy}");
        assert_eq!((taken, given), (copy.lines().count() as u64, lines.lines().count() as u64), "{copy}");
    }
}

#[test]
fn objects_around_lines_are_taken_off() {
    const AT: &str = "\"2024-07-03T09:46:40.123Z\"";
    for (copy, lines) in [
        (
            format!("{{\"log\":\"one\\n\",\"stream\":\"stdout\",\"time\":{AT}}}\n{{\"log\":\"\\ttwo\\n\",\"stream\":\"stderr\",\"time\":{AT}}}\n"),
            "1720000000123 one\n1720000000123 \ttwo\n",
        ),
        (
            format!("{{\"timestamp\":{AT},\"labels\":{{\"app\":\"shop\",\"group\":\"/aws/lambda/shop\"}},\"line\":\"one\\ntwo\\n\\n\"}}\n"),
            "1720000000123 /aws/lambda/shop one\ntwo\n",
        ),
        (
            "{\"line\":\"one\",\"timestamp\":\"1720000000123000000\",\"fields\":{\"log_stream\":\"2024/07/03/[$LATEST]60cefc4c\"}}\nbare\n".to_owned(),
            "1720000000123 2024/07/03/[$LATEST]60cefc4c one\nbare\n",
        ),
    ] {
        assert_eq!(unpack(&copy).0, lines, "{copy}");
    }
}

#[test]
fn what_is_packed_in_nothing_stays_as_it_is() {
    for first in [
        "",
        "START RequestId: e11db634-ef8a-4258-9d46-0b5e878cd834 Version: 1",
        "message",
        "the time, the message and nothing else",
        "bin(5m),count(*)",
        "1720000000123,packed",
        "{\"level\":\"INFO\",\"time\":\"2024-07-03T09:46:40.123Z\",\"log\":\"packed\"}",
        "{\"time\":\"2024-07-03T09:46:40.123Z\",\"type\":\"platform.start\",\"record\":{},\"line\":\"x\"}",
        "{\"time\":\"soon\",\"log\":\"packed\"}",
        "{\"time\":\"2024-07-03T09:46:40.123Z\",\"log\":\"packed\",\"count\":3}",
        "{\"log\":\"packed\"}",
        "{\"log\":",
    ] {
        assert!(!PackedCopy::default().is_packed(format!("{first}\nx\n").as_bytes()), "{first}");
    }
}

#[test]
fn a_quote_that_is_never_closed_holds_no_more_than_a_record_may_have() {
    let mut copy = "timestamp,message\n1720000000123,\"open\n".to_owned();
    copy.push_str(&"packed\n".repeat(50_000));
    let (mut packed, mut out) = (PackedCopy::default(), String::new());
    assert!(packed.is_packed(copy.as_bytes()));
    let mut held = 0;
    for line in copy.lines() {
        let before = out.len();
        packed.line(line, &mut out);
        held = if out.len() > before { 0 } else { held + 1 };
        assert!(held <= 20_001, "{held}");
    }
    let (taken, given) = packed.end(&mut out);
    assert_eq!((taken, given), (50_002, 50_001));
}
