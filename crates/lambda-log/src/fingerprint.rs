//! Computes the fingerprint that identifies an error.

use model::redact::excerpt;

use super::fields::leading_uuid;

/// The longest fingerprint, in characters.
const LONGEST: usize = 200;

/// The text of an error with ids, numbers and addresses blanked: two errors of one kind have the same. Readable,
/// redacted.
pub fn fingerprint(text: &str) -> String {
    let text = deciding_line(text);
    let mut blanked = String::with_capacity(text.len().min(LONGEST) + 8);
    let excerpt = excerpt(text);
    for (i, word) in excerpt.split(' ').enumerate() {
        if i > 0 {
            blanked.push(' ');
        }
        blank(word, &mut blanked);
    }
    let mut end = blanked.len();
    if let Some((at, _)) = blanked.char_indices().nth(LONGEST) {
        end = at;
    }
    blanked.truncate(end);
    blanked
}

/// The line of an error that says what it was: of a traceback the last one, otherwise the first.
fn deciding_line(text: &str) -> &str {
    if text.starts_with("Traceback (most recent call last)") {
        return text
            .lines()
            .rev()
            .find(|line| !line.starts_with([' ', '\t']) && !line.trim_ascii().is_empty())
            .unwrap_or(text);
    }
    text.lines().find(|line| line.len() > 2).unwrap_or(text)
}

/// Replaces ids (UUIDs, addresses, runs of hexadecimal digits that are long enough) and runs of digits.
fn blank(word: &str, into: &mut String) {
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        if let Some((_, after)) = leading_uuid(rest) {
            into.push('#');
            rest = after;
            continue;
        }
        let run = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
        if run == 0 {
            into.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            continue;
        }
        let (part, after) = rest.split_at(run);
        rest = after;
        let is_hex = |part: &str| part.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_address = part.strip_prefix("0x").is_some_and(|address| !address.is_empty() && is_hex(address));
        let is_id = is_address || (part.len() >= 8 && part.bytes().any(|byte| byte.is_ascii_digit()) && is_hex(part));
        let digits = part.bytes().filter(u8::is_ascii_digit).count();
        if is_id || (part.len() >= 20 && digits * 4 >= part.len()) {
            into.push('#');
            continue;
        }
        let mut in_number = false;
        for c in part.chars() {
            if !c.is_ascii_digit() {
                into.push(c);
            } else if !in_number {
                into.push('#');
            }
            in_number = c.is_ascii_digit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_of_one_kind_have_one_fingerprint_and_another_kind_has_another() {
        for (a, b) in [
            ("KeyError: 'user 17'", "KeyError: 'user 93'"),
            (
                "IntegrityError: duplicate key 8051dde8-d1c4-42c0-9e35-fb814bf129e6",
                "IntegrityError: duplicate key 436a9395-6742-4adb-8b87-76f6a0ebfca7",
            ),
            ("Error: timeout after 30.03 s at 0x7f3c2a91b0", "Error: timeout after 2.5 s at 0x7f0000aa12"),
            (
                "Traceback (most recent call last):\n  File \"a.py\", line 3\nValueError: bad 3",
                "Traceback (most recent call last):\n  File \"b.py\", line 9\nValueError: bad 4",
            ),
        ] {
            assert_eq!(fingerprint(a), fingerprint(b));
        }
        assert_ne!(fingerprint("KeyError: 'a'"), fingerprint("KeyError: 'b'"));
        assert_eq!(fingerprint("PGRST204 line 17 of deadbeef01"), "PGRST# line # of #");
        assert_eq!(fingerprint(&"more words ".repeat(500)).chars().count(), LONGEST);
    }
}
