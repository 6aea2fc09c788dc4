//! Makes a foreign line fit to be kept and sent: no secret, no control character, not long.

use std::sync::LazyLock;

use regex::Regex;

/// The longest excerpt of a log line that is ever kept, in characters.
pub const LONGEST_EXCERPT: usize = 300;

/// Patterns of things that must not leave the log, with what stands in their place.
static PATTERNS: LazyLock<Result<Vec<(Regex, &'static str)>, String>> = LazyLock::new(|| {
    [
        // Key ids of IAM users and sessions; https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
        (r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b", "[key id]"),
        (r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?", "[token]"),
        (r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}", "$1 [secret]"),
        (r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", "[private key]"),
        // A name that sounds like a secret, and its value: quoted (also inside quoted JSON), or up to the next separator.
        (
            r"(?i)([A-Za-z0-9_.-]*(?:(?:password|passwd|passphrase|secret|token|api[_-]?key|authorization|credential|private[_-]?key)[A-Za-z0-9_.-]*|pass|pwd)\\*['\x22]?\s*[=:]\s*)(?:\\+\x22(?:[^\x22\\]|\\[^\x22\\])*\\+\x22|\x22(?:[^\x22\\]|\\.)*\x22|'[^']*'|[^\s'\x22,;&}]+)",
            "$1[secret]",
        ),
        (r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@:]+:[^\s/]+@", "$1[secret]@"),
        (r"\b(?:xox[abprs]|ghp|gho|ghs|github_pat|glpat|npm|sk|rk|pk)[-_][A-Za-z0-9_-]{10,}", "[token]"),
        (r"\bSG\.[A-Za-z0-9_.-]{16,}", "[token]"),
        (r"(?i)\b((?:set-)?cookie\s*:\s*).*", "$1[secret]"),
        (r"(?i)((?:--|client_|aws_)(?:password|secret|token)\s+)[^\s\x27\x22]+", "$1[secret]"),
        (r"(?i)\b((?:X-Amz-Signature|AccountKey|SharedAccessSignature|pw)=)[^\s&;]+", "$1[secret]"),
        (r"https://hooks\.slack\.com/\S+", "[webhook]"),
        (r"\b[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}\b", "[mail address]"),
        // Account ids, bare or inside an ARN.
        (r"(^|[^-0-9A-Za-z_])[0-9]{12}\b", "$1[account]"),
        // Secret access keys and other long random strings; request ids have dashes and stay.
        (r"[A-Za-z0-9/+]{40,}={0,2}", "[secret]"),
    ]
    .into_iter()
    .map(|(pattern, instead)| match Regex::new(pattern) {
        Ok(compiled) => Ok((compiled, instead)),
        Err(error) => Err(format!("the redaction pattern `{pattern}` does not compile: {error}")),
    })
    .collect()
});

/// What stands in place of every foreign text if a pattern does not compile.
const NOT_SHOWN: &str = "[not shown: redaction did not load]";

/// Compiles all patterns. The program calls this before anything else, and does not start if it fails.
///
/// # Errors
/// A sentence that names the first pattern that does not compile.
pub fn load() -> Result<(), String> {
    PATTERNS.as_ref().map(|_| ()).map_err(Clone::clone)
}

/// The most characters of [`phrase`].
const LONGEST_PHRASE: usize = 100;

/// Foreign words within a sentence of our own: an excerpt, but shorter, so that the sentence stays one.
pub fn phrase(words: &str) -> String {
    let excerpt = excerpt(words);
    if excerpt.chars().count() <= LONGEST_PHRASE {
        return excerpt;
    }
    excerpt.chars().take(LONGEST_PHRASE - 1).chain(['…']).collect()
}

/// An excerpt of a foreign line: secrets masked, control characters dropped, white space folded, at most [`LONGEST_EXCERPT`]
/// characters. Escaping for mail, Slack or a page is the receiver's own work.
pub fn excerpt(line: &str) -> String {
    // Secrets are masked before the cut, so that half of one cannot stay. The first cut only bounds the work; the word that it
    // may go through is left out.
    let mut start: String = line.chars().take(LONGEST_EXCERPT * 8).collect();
    if start.len() < line.len() {
        start.truncate(start.trim_end_matches(is_part_of_a_word).len());
        start.push('…');
    }
    let plain: String = start.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let plain: String = plain.chars().filter(|c| !is_invisible(*c)).collect();
    let Ok(patterns) = PATTERNS.as_ref() else {
        return NOT_SHOWN.to_owned();
    };
    let masked = patterns.iter().fold(plain, |text, (pattern, instead)| pattern.replace_all(&text, *instead).into_owned());
    if masked.chars().count() <= LONGEST_EXCERPT {
        return masked;
    }
    masked.chars().take(LONGEST_EXCERPT - 1).chain(['…']).collect()
}

/// A text that a terminal shows as it is, on one line: line ends and tabs become blanks, other control characters and those that change
/// how the text around them reads are dropped. Nothing is masked or cut.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c }).filter(|c| !c.is_control() && !is_invisible(*c)).collect()
}

/// Whether the character can stand inside something that is masked.
fn is_part_of_a_word(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, '"' | '\'' | ',' | ';' | '&' | '{' | '}' | '(' | ')' | '<' | '>')
}

/// Characters that change how the text around them reads: bidirectional overrides, zero-width marks.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(load(), Ok(()));
    }

    #[test]
    fn secrets_do_not_leave_the_log() {
        for (line, kept) in [
            ("AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY done", "AWS_SECRET_ACCESS_KEY=[secret] done"),
            ("key AKIAIOSFODNN7EXAMPLE is bad", "key [key id] is bad"),
            ("Authorization: Bearer abcdefgh12345678", "Authorization: [secret] [secret]"),
            ("postgres://app:hunter2@db.internal/app", "postgres://[secret]@db.internal/app"),
            ("{\"password\": \"hunter2\", \"user\": \"a\"}", "{\"password\": [secret], \"user\": \"a\"}"),
            (r#"{"password":"correct horse battery"}"#, r#"{"password":[secret]}"#),
            (r#"{"a":"{\"password\":\"hunter2 x\"}"}"#, r#"{"a":"{\"password\":[secret]}"}"#),
            ("DB_PASS=hunter2 pwd='a b' passed: 3", "DB_PASS=[secret] pwd=[secret] passed: 3"),
            ("smtps://me:p@ss@mail.example.com/x", "smtps://[secret]@mail.example.com/x"),
            ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY----- rest", "[private key] rest"),
            ("arn:aws:lambda:ap-northeast-2:264760273909:function:x", "arn:aws:lambda:ap-northeast-2:[account]:function:x"),
            ("mail to jin@example.com now", "mail to [mail address] now"),
            (
                "2024-12-27T02:22:50.217Z e11db634-ef8a-4258-9d46-0b5e878cd834 Task timed out after 30.03 seconds",
                "2024-12-27T02:22:50.217Z e11db634-ef8a-4258-9d46-0b5e878cd834 Task timed out after 30.03 seconds",
            ),
            ("a\tb\u{7}\u{1b}[31mc\u{202e}d", "a b [31mcd"),
        ] {
            assert_eq!(excerpt(line), kept);
        }
    }

    #[test]
    fn what_is_printed_is_one_line_of_visible_characters() {
        for (text, printed) in [
            ("  two  blanks", "  two  blanks"),
            ("a\nb\tc\r\nd", "a b c  d"),
            ("\u{1b}[31mred\u{1b}[0m", "[31mred[0m"),
            ("\u{9b}2J\u{7}\u{7f}", "2J"),
            ("a\u{202e}b\u{200b}", "ab"),
            ("비용 ü █", "비용 ü █"),
        ] {
            assert_eq!(printable(text), printed);
        }
    }

    proptest! {
        #[test]
        fn an_excerpt_is_short_and_plain(line in "\\PC*|.{0,2000}") {
            let short = excerpt(&line);
            prop_assert!(short.chars().count() <= LONGEST_EXCERPT);
            prop_assert!(!short.chars().any(char::is_control));
        }
    }
}
