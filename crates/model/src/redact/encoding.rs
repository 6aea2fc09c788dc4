//! The characters of a line as they were before a program wrote them into a string of JSON, an address or a page.

use std::ops::Range;

/// How a character is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Plain,
    /// `\"`, `\\\"`, `\n`: so many backslashes before it.
    Backslashes(usize),
    /// `\u0022`, `\x22`: so many backslashes before it.
    Code(usize),
    /// `%22`, `%2522`: encoded so many times.
    Percent(usize),
    /// `&quot;`
    Entity,
}

/// One character, and the bytes of the line that it comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Symbol {
    pub(super) character: char,
    pub(super) encoding: Encoding,
    start: usize,
    end: usize,
}

/// A line as characters.
pub(super) struct Symbols<'a> {
    text: &'a str,
    all: Vec<Symbol>,
}

impl<'a> Symbols<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut all = Vec::with_capacity(text.len());
        let mut start = 0;
        while let Some(rest) = text.get(start..).filter(|rest| !rest.is_empty()) {
            let Some((character, encoding, length)) = first_symbol(rest) else {
                // The colour of a terminal, escaped: no character at all.
                start += colour(rest).unwrap_or(1);
                continue;
            };
            all.push(Symbol { character, encoding, start, end: start + length });
            start += length;
        }
        Self { text, all }
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// The character that the byte of the line belongs to.
    pub(super) fn at_byte(&self, byte: usize) -> Option<usize> {
        let at = self.all.partition_point(|symbol| symbol.end <= byte);
        (at < self.all.len()).then_some(at)
    }

    pub(super) fn get(&self, at: usize) -> Option<Symbol> {
        self.all.get(at).copied()
    }

    pub(super) fn character(&self, at: usize) -> Option<char> {
        self.all.get(at).map(|symbol| symbol.character)
    }

    /// The character, if it is written as itself.
    pub(super) fn plain(&self, at: usize) -> Option<char> {
        self.all.get(at).filter(|symbol| symbol.encoding == Encoding::Plain).map(|symbol| symbol.character)
    }

    /// The character before, if there is one.
    pub(super) fn before(&self, at: usize) -> Option<char> {
        self.character(at.checked_sub(1)?)
    }

    /// The bytes of the line that these characters come from.
    pub(super) fn bytes(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.all.get(range.start).map_or(self.text.len(), |symbol| symbol.start);
        let end = range.end.checked_sub(1).and_then(|last| self.all.get(last)).map_or(start, |symbol| symbol.end);
        start..end.max(start)
    }

    /// The text as the line has it.
    pub(super) fn raw(&self, range: &Range<usize>) -> &'a str {
        self.text.get(self.bytes(range)).unwrap_or_default()
    }
}

/// The first character of a text and the length of what it is written as, in bytes. `None` for a colour.
fn first_symbol(rest: &str) -> Option<(char, Encoding, usize)> {
    let first = rest.chars().next()?;
    let encoded = match first {
        '\\' if colour(rest).is_some() => return None,
        '\\' => backslashed(rest),
        '%' => percent(rest),
        '&' => entity(rest),
        // The wide forms of Korean and Japanese keyboards.
        '＝' => Some(('=', Encoding::Plain, first.len_utf8())),
        '：' => Some((':', Encoding::Plain, first.len_utf8())),
        _ => None,
    };
    encoded.or(Some((first, Encoding::Plain, first.len_utf8())))
}

fn backslashed(rest: &str) -> Option<(char, Encoding, usize)> {
    let after = rest.trim_start_matches('\\');
    let count = rest.len() - after.len();
    let next = after.chars().next()?;
    match next {
        '"' | '\'' | '`' | '/' => Some((next, Encoding::Backslashes(count), count + 1)),
        'n' | 'r' => Some(('\n', Encoding::Backslashes(count), count + 1)),
        't' => Some((' ', Encoding::Backslashes(count), count + 1)),
        'u' => Some((printable_ascii(after.strip_prefix("u00")?)?, Encoding::Code(count), count + 5)),
        'x' => Some((printable_ascii(after.strip_prefix('x')?)?, Encoding::Code(count), count + 3)),
        _ => None,
    }
}

/// Only characters that structure a text: others stay part of the word that they are in.
fn percent(rest: &str) -> Option<(char, Encoding, usize)> {
    let (digits, times, length) = match rest.strip_prefix("%25") {
        Some(twice) => (twice, 2, 5),
        None => (rest.strip_prefix('%')?, 1, 3),
    };
    let character = printable_ascii(digits)?;
    "\"'=:&;,{}[]<> /?".contains(character).then_some((character, Encoding::Percent(times), length))
}

/// Two hexadecimal digits.
fn printable_ascii(digits: &str) -> Option<char> {
    let digits = digits.get(..2).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
    u8::from_str_radix(digits, 16).ok().filter(|byte| matches!(byte, 0x20..=0x7e)).map(char::from)
}

const ENTITIES: &[(&str, char)] = &[
    ("&quot;", '"'),
    ("&#34;", '"'),
    ("&#x22;", '"'),
    ("&apos;", '\''),
    ("&#39;", '\''),
    ("&#x27;", '\''),
    ("&lt;", '<'),
    ("&#60;", '<'),
    ("&gt;", '>'),
    ("&#62;", '>'),
    ("&amp;", '&'),
    ("&#38;", '&'),
    ("&#61;", '='),
    ("&#x3D;", '='),
];

fn entity(rest: &str) -> Option<(char, Encoding, usize)> {
    let (written, character) = ENTITIES.iter().find(|(written, _)| rest.starts_with(written))?;
    Some((*character, Encoding::Entity, written.len()))
}

/// The length of an escaped colour of a terminal, such as `\u001b[31m`.
fn colour(rest: &str) -> Option<usize> {
    let after = rest.trim_start_matches('\\');
    let start = ["u001b[", "u001B[", "x1b[", "x1B[", "033["].iter().find_map(|start| after.strip_prefix(start))?;
    let end = start.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    start.get(end..)?.starts_with('m').then_some(rest.len() - start.len() + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_is_found_whatever_it_is_written_as() {
        for (written, read) in [
            ("a\"b", "a\"b"),
            (r#"{\"a\":\\\"b\\\"}"#, "{\"a\":\"b\"}"),
            (r"{\u0022a\u0022:\x27b\x27}", "{\"a\":'b'}"),
            ("%7B%22a%22%3A%2522b%2522%7D%41", "{\"a\":\"b\"}%41"),
            ("&lt;a b=&quot;c&quot;&gt;&amp;d&x", "<a b=\"c\">&d&x"),
            (r"a\nb\\r\tc\d", "a\nb\n c\\d"),
            (r"\u001b[32ma\u001b[0m \u00e9", "a \\u00e9"),
            ("비밀%zz\\", "비밀%zz\\"),
            ("암호＝b：c", "암호=b:c"),
        ] {
            let symbols = Symbols::new(written);
            let characters: String = (0..symbols.len()).filter_map(|at| symbols.character(at)).collect();
            assert_eq!(characters, read, "{written}");
            assert_eq!(
                symbols.raw(&(0..symbols.len())).len()
                    + written.find('a').filter(|_| written.starts_with("\\u001b")).unwrap_or(0),
                written.len()
            );
        }
    }
}
