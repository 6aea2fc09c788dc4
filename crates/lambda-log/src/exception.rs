//! The shapes in which runtimes print an error and its stack.

/// How Python's stacks begin.
pub(crate) const TRACEBACK: &str = "Traceback (most recent call last)";

/// `Runtime.ExitError` and the like, alone on a line.
pub(crate) fn is_error_type(text: &str) -> bool {
    let rest = ["Runtime.", "Extension.", "Sandbox.", "Function."].iter().find_map(|start| text.strip_prefix(start));
    rest.is_some_and(|rest| (1..=64).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// Words behind which Node's runtime prints an error as an object.
pub(crate) fn announces_object(text: &str) -> bool {
    ["Uncaught Exception", "Invoke Error", "Unhandled Promise Rejection", "from handler method", "from handler"]
        .iter()
        .any(|words| text.trim_ascii_end().ends_with(words))
}

/// Whether an uncaught error says what it is on the next line: the last one so far ends in a colon.
pub(crate) fn announces_more(text: &str) -> bool {
    let last = text.lines().next_back().unwrap_or_default().trim_ascii_end();
    (text.starts_with("[ERROR]") || text.contains("panicked at "))
        && (last.ends_with(':') || last.contains(" validation error"))
}

/// Whether a line goes on with the stacks that Go prints for a panic: a goroutine, a call, the place it was made from.
pub(crate) fn goes_on_with_panic(text: &str, next: &str) -> bool {
    (text.starts_with("panic:") || text.starts_with("fatal error:"))
        && (["goroutine ", "created by ", "[signal ", "panic: "].iter().any(|start| next.starts_with(start))
            || (text.contains("\ngoroutine ") && next.ends_with(')') && !next.contains(' ')))
}

/// Whether a logger wrote a warning or an error, so that an exception on the next line is what it speaks of.
pub(crate) fn is_logged_error(text: &str) -> bool {
    let first = text.lines().next().unwrap_or_default();
    let is_level = |word: &str| {
        let word = word.trim_matches(['[', ']', ':', '|']);
        ["WARN", "WARNING", "ERROR", "SEVERE", "FATAL"].contains(&word)
    };
    first.split_ascii_whitespace().take(5).any(is_level) && !text.starts_with("[ERROR]")
}

/// Lines that go on with the stack or the message of an error.
pub(crate) fn goes_on_with_stack(text: &str) -> bool {
    const STARTS: [&str; 13] = [
        TRACEBACK,
        "at ",
        "Caused by:",
        "Suppressed:",
        "File \"",
        "During handling of the above",
        "The above exception was",
        "Require stack:",
        "- /var/",
        "- /opt/",
        "}",
        "]",
        "--- End of",
    ];
    STARTS.iter().any(|start| text.starts_with(start))
}

/// `botocore.exceptions.ClientError: what happened`: an exception's name, alone or with its message.
pub fn is_exception(text: &str) -> bool {
    let name = text.split(':').next().unwrap_or_default().trim_ascii_end();
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_name = !name.is_empty()
        && name.len() < 120
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'$'));
    let ends = [
        "Error",
        "Exception",
        "Warning",
        "Interrupt",
        "Exit",
        "timeout",
        "Timeout",
        "Failure",
        "Fault",
        "NotFound",
        "DoesNotExist",
    ];
    is_name
        && (ends.iter().any(|end| last.ends_with(end))
            || (name.contains('.') && last.starts_with(|c: char| c.is_ascii_uppercase()) && text.contains(": ")))
}

/// `gaierror: what happened`: an exception is not always called one.
pub(crate) fn is_named(text: &str) -> bool {
    let name = text.split_once(": ").map_or("", |(name, _)| name);
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_'))
}
