//! Invocations in the JSON format of logs, and objects as tools print them.

/// An invocation as the log has it, with `kind` saying how it goes; one event an element.
pub(super) fn invocation(number: u32, kind: u8, quiet: u8) -> Vec<String> {
    let id = format!("{number:08x}-ef8a-4258-9d46-0b5e878cd834");
    let time = format!("2024-12-27T{:02}:{:02}:{:02}.000Z", number / 360 % 24, number / 6 % 60, number * 10 % 60);
    let platform = |kind: &str, record: String| {
        format!("{{\"time\":\"{time}\",\"type\":\"platform.{kind}\",\"record\":{{{record}}}}}")
    };
    let says = |level: &str, message: &str| {
        format!("{{\"timestamp\":\"{time}\",\"level\":\"{level}\",\"message\":\"{message}\",\"requestId\":\"{id}\"}}")
    };
    let mut lines = Vec::new();
    if kind == 1 {
        lines.push(platform(
            "initStart",
            "\"initializationType\":\"on-demand\",\"phase\":\"init\",\"runtimeVersion\":\"python:3.12.v38\"".to_owned(),
        ));
    }
    if kind != 2 {
        lines.push(platform("start", format!("\"requestId\":\"{id}\",\"version\":\"$LATEST\"")));
    }
    for line in 0..quiet {
        lines.push(match line % 4 {
            0 => says("INFO", "asked for {3} rows"),
            1 => says("DEBUG", "said \\\"no\\\", then went on"),
            2 => "{\"level\":\"info\",\"msg\":\"asked\",\"of\":[1,2]}".to_owned(),
            _ => "printed".to_owned(),
        });
    }
    match kind {
        3 => lines.push(format!(
            "{{\"timestamp\":\"{time}\",\"log_level\":\"ERROR\",\"errorMessage\":\"'DB_HOST'\",\"errorType\":\"KeyError\",\"requestId\":\"{id}\",\"stackTrace\":[\"  File app.py\"]}}"
        )),
        6 => lines.push(says("WARN", "slow")),
        7 => lines.push(says("ERROR", "could not reach the cache, going on without; error 3")),
        9 => lines.push(platform("extension", "\"name\":\"collector\",\"state\":\"Ready\",\"events\":[]".to_owned())),
        _ => {}
    }
    let status = match kind {
        3 | 5 => "error",
        4 => "timeout",
        _ => "success",
    };
    let mut metrics = format!(
        "\"durationMs\":{}.25,\"billedDurationMs\":{},\"memorySizeMB\":128,\"maxMemoryUsedMB\":{}",
        number % 700 + if kind == 12 { 11_000 } else { 0 },
        number % 700 + 1,
        if matches!(kind, 5 | 11) { 128 } else { 40 + number % 60 }
    );
    if kind == 1 {
        metrics.push_str(",\"initDurationMs\":402.1");
    }
    let more = if kind == 5 { ",\"errorType\":\"Runtime.OutOfMemory\"" } else { "" };
    lines.push(platform(
        "report",
        format!("\"requestId\":\"{id}\",\"metrics\":{{{metrics}}},\"status\":\"{status}\"{more}"),
    ));
    // Lines of an invocation that is over.
    if kind == 10 {
        lines.push(says("INFO", "sent"));
    }
    lines
}

/// An object as `aws logs tail --format json` prints it: on lines of its own, the members in their order.
pub(super) fn printed(object: &str) -> String {
    let (mut printed, mut level, mut in_string, mut escaped) = ("\n".to_owned(), 0, false, false);
    let mut bytes = object.chars().peekable();
    while let Some(c) = bytes.next() {
        if in_string {
            printed.push(c);
            in_string = escaped || c != '"';
            escaped = c == '\\' && !escaped;
            continue;
        }
        let line = |level: usize| format!("\n{}", " ".repeat(4 * level));
        match c {
            '"' => in_string = true,
            '}' | ']' => {
                level -= 1;
                printed.push_str(&line(level));
            }
            _ => {}
        }
        printed.push(c);
        match c {
            '{' | '[' if bytes.peek().is_some_and(|next| matches!(next, '}' | ']')) => {
                printed.extend(bytes.next());
            }
            '{' | '[' => {
                level += 1;
                printed.push_str(&line(level));
            }
            ',' => printed.push_str(&line(level)),
            ':' => printed.push(' '),
            _ => {}
        }
    }
    printed
}

#[test]
fn an_object_is_printed_with_four_blanks_a_level() {
    assert_eq!(
        printed("{\"a\":[],\"b\":{\"c\":\"}\\\"{\",\"d\":[1]}}"),
        "\n{\n    \"a\": [],\n    \"b\": {\n        \"c\": \"}\\\"{\",\n        \"d\": [\n            1\n        ]\n    }\n}"
    );
}
