use serde_json::Value;

use super::event::LONGEST_EVENT;
use super::*;

const ID: &str = "e11db634-ef8a-4258-9d46-0b5e878cd834";
/// 2024-07-03T09:46:40.123Z
const AT: i64 = 1_720_000_000_123;

#[derive(Default)]
struct Taken(Vec<OwnedEvent>);

impl EventSink for Taken {
    fn event(&mut self, event: CopiedEvent<'_>) {
        self.0.push(OwnedEvent::of(event));
    }
}

fn read(text: &str) -> Vec<OwnedEvent> {
    let (mut copy, mut taken) = (CopyReader::new(), Taken::default());
    let text = text.replace("@ID", ID);
    text.lines().for_each(|line| copy.line(line, &mut taken));
    copy.end(&mut taken);
    let lines = taken.0.iter().map(|kept| kept.lines).sum::<u64>() + copy.take_skipped();
    assert_eq!(lines, text.lines().count() as u64, "every line is counted once: {text}");
    taken.0.retain(|kept| !kept.text.is_empty());
    taken.0
}

/// The events of a copy are these texts.
fn check(copy: &str, events: &[&str]) {
    let found: Vec<String> = read(copy).into_iter().map(|kept| kept.text.replace(ID, "@ID")).collect();
    assert_eq!(found, events, "{copy}");
}

#[test]
fn a_stack_belongs_to_the_error_it_is_of() {
    for (copy, events) in [
        (
            "[ERROR] KeyError: 'weight'\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 8\n    x\nSTART RequestId: @ID Version: 1",
            &[
                "[ERROR] KeyError: 'weight'\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 8\n    x",
                "START RequestId: @ID Version: 1",
            ][..],
        ),
        // Python's own way: the exception comes last, and what follows is another event.
        (
            "Traceback (most recent call last):\n  File \"a.py\", line 8\n    x\nshop.errors.NoTariff: zone 9\npacked",
            &[
                "Traceback (most recent call last):\n  File \"a.py\", line 8\n    x\nshop.errors.NoTariff: zone 9",
                "packed",
            ],
        ),
        (
            "shop.PricingException: no tariff\n\tat shop.Pricing.zone(Pricing.java:7)\nCaused by: java.lang.IllegalStateException\n\tat shop.B.c(B.java:1)\npacked",
            &[
                "shop.PricingException: no tariff\n\tat shop.Pricing.zone(Pricing.java:7)\nCaused by: java.lang.IllegalStateException\n\tat shop.B.c(B.java:1)",
                "packed",
            ],
        ),
        ("packed\npriced", &["packed", "priced"]),
        (
            "2024-07-03T09:46:40.123Z packed\n2024-07-03T09:46:40.124Z     indented, but timed",
            &["packed", "indented, but timed"],
        ),
    ] {
        check(copy, events);
    }
}

#[test]
fn a_stack_belongs_to_its_error_behind_any_prefix() {
    for (copy, events) in [
        // Java's runtime prints nothing more than this where no code of the function was running.
        (
            "no such method: java.lang.Exception\njava.lang.Exception: no such method\npacked",
            &["no such method: java.lang.Exception\njava.lang.Exception: no such method", "packed"][..],
        ),
        // A message with paragraphs.
        (
            "link failure\n\nThe last packet was sent 9 ms ago.: db.LinkException\ndb.LinkException: link failure\npacked",
            &[
                "link failure",
                "The last packet was sent 9 ms ago.: db.LinkException\ndb.LinkException: link failure",
                "packed",
            ],
        ),
        // Each physical line has the name of its container.
        (
            "shop-1  | no tariff: shop.TariffException\nshop-1  | shop.TariffException: no tariff\nshop-1  | \tat shop.A.b(A.java:1)\nshop-1  | packed",
            &["no tariff: shop.TariffException\nshop.TariffException: no tariff\n\tat shop.A.b(A.java:1)", "packed"],
        ),
        // Each physical line has a time.
        (
            "2024-07-03T09:46:40.123Z no tariff: shop.TariffException\n2024-07-03T09:46:40.123Z shop.TariffException: no tariff\n2024-07-03T09:46:40.123Z \tat shop.A.b(A.java:1)\n2024-07-03T09:46:40.124Z packed",
            &["no tariff: shop.TariffException\nshop.TariffException: no tariff\n\tat shop.A.b(A.java:1)", "packed"],
        ),
        (
            "2024-07-03T09:46:40.123Z [ERROR] KeyError: 'a'\n2024-07-03T09:46:40.123Z Traceback (most recent call last):\n2024-07-03T09:46:40.123Z   File \"a.py\", line 8\n2024-07-03T09:46:40.124Z packed",
            &["[ERROR] KeyError: 'a'\nTraceback (most recent call last):\n  File \"a.py\", line 8", "packed"],
        ),
        (
            "2024-07-03T09:46:40.123Z 2024-07-03T09:46:40.120Z\t@ID\tfail\tShop.NoTariff: zone 9\n2024-07-03T09:46:40.123Z    at Shop.A.B()\n2024-07-03T09:46:40.124Z packed",
            &["@ID\tfail\tShop.NoTariff: zone 9\n   at Shop.A.B()", "packed"],
        ),
        // Events of the log that code printed one by one: nothing shows that the tool marks every line.
        (
            "2024-07-03T09:46:40.123Z shop.TariffException: no tariff\n2024-07-03T09:46:40.123Z \tat shop.A.b(A.java:1)",
            &["shop.TariffException: no tariff", "at shop.A.b(A.java:1)"],
        ),
    ] {
        check(copy, events);
    }
}

#[test]
fn a_summary_may_be_wrapped_and_ends_where_the_next_line_begins() {
    check(
        "REPORT RequestId: @ID\nDuration: 5 ms\nBilled Duration: 5 ms\nMemory Size: 128 MB\nMax Memory Used: 31 MB\nXRAY TraceId: 1-5e1b\npacked",
        &[
            "REPORT RequestId: @ID\nDuration: 5 ms\nBilled Duration: 5 ms\nMemory Size: 128 MB\nMax Memory Used: 31 MB\nXRAY TraceId: 1-5e1b",
            "packed",
        ],
    );
    check(
        "RequestId: @ID Error: Runtime exited with error: exit status 1\nRuntime.ExitError\nEND RequestId: @ID",
        &["RequestId: @ID Error: Runtime exited with error: exit status 1\nRuntime.ExitError", "END RequestId: @ID"],
    );
}

#[test]
fn one_line_may_hold_several_of_the_platform_and_what_the_application_quotes_is_none() {
    check(
        "START RequestId: @ID Version: 1 END RequestId: @ID REPORT RequestId: @ID Duration: 5 ms",
        &["START RequestId: @ID Version: 1", "END RequestId: @ID", "REPORT RequestId: @ID Duration: 5 ms"],
    );
    let quoting = "[INFO]\t2024-07-03T09:46:40.123Z\t@ID\tthe last one said REPORT RequestId: @ID Duration: 5 ms";
    check(quoting, &[quoting]);
}

#[test]
fn an_object_is_one_event_however_it_is_printed() {
    let pretty = "{\n  \"level\": \"ERROR\",\n  \"message\": \"a } in a string, and START RequestId: x\"\n}";
    check(&format!("{pretty}\nEND RequestId: @ID"), &[pretty, "END RequestId: @ID"]);
    let [kept] = &read("lambda_1 | {\nlambda_1 |   \"level\": \"INFO\"\nlambda_1 | }")[..] else { panic!("one event") };
    assert_eq!(serde_json::from_str::<Value>(&kept.text).ok(), Some(serde_json::json!({"level": "INFO"})));
}

#[test]
fn an_object_behind_a_time_and_a_stream_is_their_event() {
    let copy = "2024-07-03T09:46:39+00:00 2024/07/03/[$LATEST]a packed\n\
        2024-07-03T09:46:40.123000+00:00 2024/07/03/[$LATEST]b \n{\n    \"level\": \"INFO\"\n}\n\
        2024-07-03T09:46:41+00:00 2024/07/03/[$LATEST]a packed";
    let found = read(copy);
    let found: Vec<_> = found.iter().map(|kept| (kept.at_ms, kept.stream.as_str(), kept.text.as_str())).collect();
    assert_eq!(
        found,
        [
            (Some(AT - 1123), "2024/07/03/[$LATEST]a", "packed"),
            (Some(AT), "2024/07/03/[$LATEST]b", "{\n    \"level\": \"INFO\"\n}"),
            (Some(AT + 877), "2024/07/03/[$LATEST]a", "packed"),
        ]
    );
}

#[test]
fn half_an_object_is_said_to_be_broken_and_stops_nothing() {
    let found = read("{\n  \"level\": \"ERROR\",\nEND RequestId: @ID\npacked");
    let found: Vec<(&str, bool)> = found.iter().map(|kept| (kept.text.as_str(), kept.broken)).collect();
    let end = format!("END RequestId: {ID}");
    assert_eq!(found, [("{\n  \"level\": \"ERROR\",", true), (end.as_str(), false), ("packed", false)]);
}

#[test]
fn an_object_that_never_ends_is_given_up() {
    let mut copy = "{\n  \"a\": [\n".to_owned();
    copy.push_str(&"    {\n".repeat(LONGEST_OBJECT.0 * 2));
    let found = read(&copy);
    assert!(found.len() > 1 && found.iter().all(|kept| kept.lines <= LONGEST_OBJECT.0 as u64 + 2), "{}", found.len());
    let long = format!("START\n{}", "\tat a.b.C(D.java:1)\n".repeat(20_000));
    assert!(read(&long).iter().all(|kept| kept.text.len() <= LONGEST_EVENT));
}

#[test]
fn an_event_has_the_time_the_stream_and_the_function_that_the_copy_gives_it() {
    const STREAM: &str = "2024/07/03/[$LATEST]60cefc4c";
    for (copy, expected) in [
        ("packed", (None, "", "")),
        ("2024-07-03T09:46:40.123Z packed", (Some(AT), "", "")),
        ("2024-07-03T09:46:40.123Z\npacked", (Some(AT), "", "")),
        ("2024-07-03T09:46:40.123000+00:00 2024/07/03/[$LATEST]60cefc4c packed", (Some(AT), STREAM, "")),
        (
            "2024/07/03/shop[$LATEST]60cefc4c 2024-07-03T09:46:40.123000 packed",
            (Some(AT), "2024/07/03/shop[$LATEST]60cefc4c", "shop"),
        ),
        (
            r#"{"timestamp":1720000000123,"message":"packed\n","logStreamName":"2024/07/03/[$LATEST]60cefc4c"}"#,
            (Some(AT), STREAM, ""),
        ),
        (
            r#"{"@timestamp":"2024-07-03 09:46:40.123","@message":"packed","@log":"111122223333:/aws/lambda/shop"}"#,
            (Some(AT), "", "shop"),
        ),
        (
            r#"[[{"field":"@timestamp","value":"2024-07-03 09:46:40.123"},{"field":"@message","value":"packed"}]]"#,
            (Some(AT), "", ""),
        ),
        (
            r#"{"logGroup":"/aws/lambda/shop","logStream":"2024/07/03/[$LATEST]60cefc4c","logEvents":[{"id":"1","timestamp":1720000000123,"message":"packed"}]}"#,
            (Some(AT), STREAM, "shop"),
        ),
        (
            "2024-07-03T09:46:40.123Z {log_group=\"/aws/lambda/shop\", log_stream=\"2024/07/03/[$LATEST]60cefc4c\"} packed",
            (Some(AT), STREAM, "shop"),
        ),
        ("2024-07-03 09:46:40.123,\"packed\"", (Some(AT), "", "")),
        // An event without a text is none, and its time is not that of what follows.
        (
            "2024-07-03T09:46:39Z 2024/07/03/[$LATEST]60cefc4c \n2024-07-03T09:46:40.123Z 2024/07/03/[$LATEST]60cefc4c packed",
            (Some(AT), STREAM, ""),
        ),
        // The text of an event may begin on its second line.
        ("2024-07-03T09:46:40.123000+00:00 2024/07/03/[$LATEST]60cefc4c \npacked", (Some(AT), STREAM, "")),
        // What is no name is none.
        (
            r#"{"@timestamp":"2024-07-03 09:46:40.123","@message":"packed","@log":"1:/aws/lambda/a\nb"}"#,
            (Some(AT), "", ""),
        ),
    ] {
        let [kept] = &read(copy)[..] else { panic!("one event in {copy}") };
        assert_eq!(kept.text, "packed", "{copy}");
        assert_eq!((kept.at_ms, kept.stream.as_str(), kept.function.as_str()), expected, "{copy}");
    }
}

#[test]
fn a_line_without_a_time_has_the_one_before() {
    let found = read("2024-07-03T09:46:40.123Z packed\npriced");
    assert_eq!(found.iter().map(|kept| kept.at_ms).collect::<Vec<_>>(), [Some(AT), Some(AT)]);
}

#[test]
fn a_log_line_that_is_json_itself_is_no_export() {
    for line in [
        r#"{"level":"INFO","message":"packed","timestamp":"2024-07-03T09:46:40.123Z"}"#,
        r#"{"time":"t","type":"platform.start","record":{"requestId":"x"}}"#,
    ] {
        check(line, &[line]);
    }
}
