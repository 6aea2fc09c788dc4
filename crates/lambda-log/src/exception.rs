//! The shapes in which runtimes print an error and its stack.

/// How Python's stacks begin.
pub(crate) const TRACEBACK: &str = "Traceback (most recent call last)";

/// Lines of a message that are looked at for the error being said again.
const MOST_MESSAGE_LINES: usize = 20;
/// A message of this length or more, in bytes, is not the same as another by chance.
const TELLING: usize = 20;

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

/// Whether a line says the error before it again, the type first, as Java's runtime does: `<message>: <type>`, and on
/// the next line `<type>: <message>`. Code has no reason to print both.
pub(crate) fn is_told_again(text: &str, next: &str) -> bool {
    let Some((message, kind)) = text.trim_ascii_end().rsplit_once(": ") else { return false };
    let is_type = kind.contains('.')
        && (kind.ends_with("Error") || kind.ends_with("Exception"))
        && !kind.contains(|c: char| c.is_ascii_whitespace());
    let Some(again) = next.strip_prefix(kind).filter(|_| is_type) else { return false };
    // Frames may follow behind carriage returns. Of a message over several lines only the first is on the same line.
    let again = again.split(['\r', '\n']).next().unwrap_or_default();
    let first = message.split(['\r', '\n']).next().unwrap_or_default();
    match again.strip_prefix(": ") {
        // Some types add to their message where they are printed.
        Some(again) => {
            let first = first.trim_ascii_end();
            again.trim_ascii_end() == first || (first.len() >= TELLING && again.starts_with(first))
        }
        None => again.is_empty() && message == "null",
    }
}

/// Whether an event begins with an error that is said twice so; its message may have several lines.
pub(crate) fn is_told_twice(event: &str) -> bool {
    event.match_indices('\n').take(MOST_MESSAGE_LINES).any(|(end, _)| {
        event.split_at_checked(end).is_some_and(|(text, next)| is_told_again(text, next.trim_ascii_start()))
    })
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
    let name = without_codes(text.split(':').next().unwrap_or_default().trim_ascii_end());
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

/// The name of an exception without the codes that .NET puts behind it where the system or a native library failed:
/// `SqlException (0x80131904)`, `SocketException (111)`, `Win32Exception (80004005, 5)`.
fn without_codes(name: &str) -> &str {
    let is_code = |code: &str| {
        let digits = code.strip_prefix("0x").unwrap_or(code);
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    name.strip_suffix(')')
        .and_then(|inner| inner.rsplit_once(" ("))
        .filter(|(_, codes)| codes.split(", ").all(is_code))
        .map_or(name, |(name, _)| name)
}

/// `gaierror: what happened`: an exception is not always called one.
pub(crate) fn is_named(text: &str) -> bool {
    let name = text.split_once(": ").map_or("", |(name, _)| name);
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_is_one_with_codes_behind_its_name() {
        for (text, one) in [
            ("Npgsql.NpgsqlException (0x80004005): Failed to connect to 10.0.1.5:5432", true),
            ("System.Net.Sockets.SocketException (111): Connection refused", true),
            ("System.ComponentModel.Win32Exception (80004005, 5): Access is denied.", true),
            ("System.Net.Sockets.SocketException (00000005, 0xFFFDFFFF): Name or service not known", true),
            ("SqlException (0x80131904)", true),
            ("SqlException (see below): no rows", false),
            ("Error (): no rows", false),
            ("rows (12): 3", false),
        ] {
            assert_eq!(is_exception(text), one, "{text}");
        }
    }

    #[test]
    fn an_error_is_told_again_where_type_and_message_change_places() {
        for (text, next, again) in [
            ("no tariff: shop.TariffException", "shop.TariffException: no tariff", true),
            ("Java heap space: java.lang.OutOfMemoryError", "java.lang.OutOfMemoryError: Java heap space", true),
            ("null: java.lang.NullPointerException", "java.lang.NullPointerException", true),
            ("a: b: shop.TariffException", "shop.TariffException: a: b\r\tat shop.A.b(A.java:1)", true),
            ("bad token\n at [line 3]: shop.ParseException", "shop.ParseException: bad token", true),
            ("the zone has no tariff: shop.TariffException", "shop.TariffException: the zone has no tariff (9)", true),
            ("failed: shop.TariffException", "shop.TariffException: no tariff", false),
            ("main ERROR - no tariff: shop.TariffException", "shop.TariffException: no tariff", false),
            ("no tariff: shop.TariffException", "shop.OtherException: no tariff", false),
            ("no tariff: TariffException", "TariffException: no tariff", false),
            ("price: 3.50", "3.50: price", false),
        ] {
            assert_eq!(is_told_again(text, next), again, "{text} / {next}");
            assert_eq!(is_told_twice(&format!("{text}\n{next}")), again, "{text} / {next}");
        }
    }
}
