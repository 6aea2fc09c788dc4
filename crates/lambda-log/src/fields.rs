//! The `Name: value` pairs of the platform's text lines.
//!
//! The log separates them by tabs; copies have spaces, newlines or nothing between them, so a pair is found
//! by its name and not by its position.

use std::borrow::Cow;

use memchr::memchr_iter;

/// Milliseconds or megabytes beyond this are not a measurement (15 minutes are 900,000 ms; memory ends at 10,240 MB).
const LARGEST_NUMBER: f64 = 2e7;

/// The names that are looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ReportField {
    RequestId,
    Duration,
    Billed,
    MemorySize,
    MaxMemoryUsed,
    Init,
    Restore,
    BilledRestore,
    Status,
    ErrorType,
    Phase,
    Version,
    RuntimeVersion,
    RuntimeArn,
    State,
}

impl ReportField {
    /// The name that ends where a colon stands.
    fn ending(before: &str) -> Option<Self> {
        let word = |word: &str| before.strip_suffix(word).map(str::trim_ascii_end);
        if let Some(rest) = word("Duration") {
            return Some(match rest {
                rest if rest.ends_with("Billed Restore") => Self::BilledRestore,
                rest if rest.ends_with("Billed") => Self::Billed,
                rest if rest.ends_with("Restore") => Self::Restore,
                rest if rest.ends_with("Init") => Self::Init,
                _ => Self::Duration,
            });
        }
        let last = before.as_bytes().last()?;
        match last {
            b'd' if before.ends_with("RequestId") => Some(Self::RequestId),
            b'd' if before.ends_with("Memory Used") => Some(Self::MaxMemoryUsed),
            b'e' if before.ends_with("Memory Size") => Some(Self::MemorySize),
            b'e' if word("Type").is_some_and(|rest| rest.ends_with("Error")) => Some(Self::ErrorType),
            b'e' if before.ends_with("Phase") => Some(Self::Phase),
            b'e' if before.ends_with("State") => Some(Self::State),
            b's' if before.ends_with("Status") => Some(Self::Status),
            b'n' if before.ends_with("Runtime Version") => Some(Self::RuntimeVersion),
            b'n' if before.ends_with("Version") => Some(Self::Version),
            b'N' if before.ends_with("Runtime Version ARN") => Some(Self::RuntimeArn),
            _ => None,
        }
    }

    /// Whether a line that begins like this continues a REPORT line.
    pub(super) fn goes_on(line: &str) -> bool {
        const BEGINNINGS: [&str; 11] = [
            "Duration:",
            "Billed Duration:",
            "Billed Restore Duration:",
            "Memory Size:",
            "Max Memory Used:",
            "Init Duration:",
            "Restore Duration:",
            "Status:",
            "Error Type:",
            "Phase:",
            "XRAY TraceId:",
        ];
        let line = line.trim_start();
        BEGINNINGS.iter().any(|beginning| line.starts_with(beginning))
    }
}

/// Every known pair in order. A name without a value has an empty one.
pub(super) fn fields(text: &str) -> impl Iterator<Item = (ReportField, &str)> {
    memchr_iter(b':', text.as_bytes()).filter_map(|colon| {
        let name = ReportField::ending(text.get(..colon)?)?;
        let rest = text.get(colon + 1..)?.trim_ascii_start();
        let end = rest
            .bytes()
            .position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'|' | b'"' | b','))
            .unwrap_or(rest.len());
        let value = rest.get(..end).unwrap_or_default();
        // The console writes `Extension. InitError`.
        if name == ReportField::ErrorType && value.ends_with('.') {
            let more = rest.get(end..)?.trim_ascii_start();
            let all = rest.len() - more.len()
                + more.bytes().position(|byte| byte.is_ascii_whitespace()).unwrap_or(more.len());
            return Some((name, rest.get(..all)?));
        }
        // The next name is not this one's value.
        Some((name, if value.ends_with(':') { "" } else { value }))
    })
}

/// A number as the platform writes it, with or without its unit; nothing that cannot be a measurement.
pub(super) fn number(value: &str) -> Option<f64> {
    let value = value.strip_suffix("ms").or_else(|| value.strip_suffix("MB")).unwrap_or(value);
    let (mut mantissa, mut scale, mut after_point, mut digits) = (0u64, 1f64, false, 0u32);
    for byte in value.bytes() {
        match byte {
            b'0'..=b'9' if digits < 18 => {
                mantissa = mantissa * 10 + u64::from(byte - b'0');
                digits += 1;
                if after_point {
                    scale *= 10.0;
                }
            }
            b'.' if !after_point => after_point = true,
            _ => return None,
        }
    }
    let number = mantissa as f64 / scale;
    (digits > 0 && number <= LARGEST_NUMBER).then_some(number)
}

/// A number from JSON, where documented integers arrive as floats at times.
pub(super) fn measured(number: f64) -> Option<f64> {
    (number.is_finite() && (0.0..=LARGEST_NUMBER).contains(&number)).then_some(number)
}

/// A request id as the platform writes it. It is stored unchanged, so long or malicious text is rejected.
pub(super) fn request_id(text: &str) -> Option<&str> {
    let is_one =
        (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_one.then_some(text)
}

/// The name of a function. AWS allows 140 characters, and Lambda@Edge adds a region and a dot before it.
pub(super) fn function_name(text: &str) -> Option<&str> {
    let text = text.trim_ascii();
    let is_one = (1..=170).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    is_one.then_some(text)
}

/// An error type, such as `Runtime.ExitError`; the console writes `Extension. InitError`. It is stored unchanged, too.
pub(super) fn error_type(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim_ascii();
    let is_one = (1..=100).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    is_one.then(|| if text.contains(' ') { Cow::Owned(text.replace(' ', "")) } else { Cow::Borrowed(text) })
}

/// The id (a UUID) that a text begins with, and what follows it.
pub(super) fn leading_uuid(text: &str) -> Option<(&str, &str)> {
    let (id, rest) = text.split_at_checked(36)?;
    // All are looked at before it is decided, so that many are looked at at a time.
    let is_one = id.bytes().enumerate().fold(true, |is_one, (place, byte)| {
        is_one & if matches!(place, 8 | 13 | 18 | 23) { byte == b'-' } else { byte.is_ascii_hexdigit() }
    });
    let ends = rest.bytes().next().is_none_or(|byte| !byte.is_ascii_alphanumeric());
    (is_one && ends).then_some((id, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_what_the_text_says_or_nothing() {
        for (text, value) in [
            ("2.85", Some(2.85)),
            ("3152.18ms", Some(3152.18)),
            ("10239MB", Some(10239.0)),
            ("300000.00", Some(300_000.0)),
            ("5.", Some(5.0)),
        ] {
            assert_eq!(number(text), value, "{text}");
        }
        for text in ["", ".", "-5", "1e300", "NaN", "inf", "1.2.3", "0x10", "99999999999999999999", "5,0"] {
            assert_eq!(number(text), None, "{text}");
        }
    }
}
