//! Makes text from outside safe to store and send: masks secrets, removes control characters, shortens it.

mod assignments;
mod checks;
mod encoding;
mod names;
mod patterns;
mod placeholders;
mod random_text;
mod secret_name;
mod sentences;
mod separators;
mod sql;
mod traits;
mod urls;
mod values;
mod words;

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use checks::Match;
use patterns::{Mask, PATTERNS, Pattern};
use placeholders::{NOT_SHOWN, PLACEHOLDERS};
use traits::Traits;

/// The maximum length of an excerpt of a log line, in characters.
pub const LONGEST_EXCERPT: usize = 300;

/// The most characters of [`phrase`].
const LONGEST_PHRASE: usize = 100;

/// How much of a line is looked at, in bytes.
const MAX_READ: usize = LONGEST_EXCERPT * 8;

/// How often a line is masked again. What is masked can join what stood apart, but after two or three times nothing
/// changes.
const MAX_PASSES: usize = 6;

static REDACTION: LazyLock<Result<Redaction, String>> = LazyLock::new(|| Redaction::new(PATTERNS));

/// Compiles all patterns. The program calls this before anything else, and does not start if it fails. Without the
/// patterns [`excerpt`] and [`phrase`] show nothing of a foreign text.
///
/// # Errors
/// A sentence that names the first pattern that does not compile.
pub fn load() -> Result<(), String> {
    REDACTION.as_ref().map(|_| ()).map_err(Clone::clone)
}

/// An excerpt of a foreign line: secrets masked, control characters and colours dropped, white space folded, at most
/// [`LONGEST_EXCERPT`] characters. The excerpt of an excerpt is the same. Escaping for mail, Slack or a page is the
/// receiver's own work.
pub fn excerpt(line: &str) -> String {
    excerpt_with(REDACTION.as_ref(), line)
}

/// Foreign words within a sentence of our own: an excerpt, but shorter, so that the sentence stays one.
pub fn phrase(words: &str) -> String {
    shortened(excerpt(words), LONGEST_PHRASE)
}

/// The text as a terminal can show it on one line: line ends and tabs become blanks, other control characters and those
/// that change how the text around them reads are dropped. Nothing is masked or cut.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if matches!(c, '\n' | '\r' | '\t') { ' ' } else { c })
        .filter(|c| !c.is_control() && !is_invisible(*c))
        .collect()
}

/// The patterns, ready for use.
struct Redaction(Vec<(Regex, &'static Pattern)>);

impl Redaction {
    fn new(patterns: &'static [Pattern]) -> Result<Self, String> {
        let compile = |pattern: &'static Pattern| match Regex::new(pattern.regex) {
            Ok(regex) => Ok((regex, pattern)),
            Err(error) => Err(format!("the redaction pattern `{}` does not compile: {error}", pattern.name)),
        };
        patterns.iter().map(compile).collect::<Result<_, _>>().map(Self)
    }

    fn masked<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let traits = Traits::of(text);
        let mut masked = Cow::Borrowed(text);
        for (regex, pattern) in self.0.iter().filter(|(_, pattern)| (pattern.needs)(&traits)) {
            let changed = match pattern.mask {
                Mask::Always(instead) => replaced(&masked, regex, |_| true, instead),
                Mask::If(check, instead) => replaced(&masked, regex, check, instead),
                Mask::Text(mask) => regex.is_match(&masked).then(|| mask(&masked, regex)).flatten(),
            };
            if let Some(changed) = changed {
                masked = Cow::Owned(changed);
            }
        }
        masked
    }
}

/// The text with something else in place of each match that passes the check. The first group of the pattern stays
/// before it, the second behind it. `None` if nothing changes.
fn replaced(text: &str, regex: &Regex, check: impl Fn(&Match<'_>) -> bool, instead: &str) -> Option<String> {
    if !regex.is_match(text) {
        return None;
    }
    let mut changed = false;
    let replaced = regex.replace_all(text, |captures: &Captures<'_>| {
        let group = |at: usize| captures.get(at).map_or("", |group| group.as_str());
        let (whole, kept, behind) = (group(0), group(1), group(2));
        let start = captures.get(0).map_or(0, |whole| whole.start()) + kept.len();
        let end = captures.get(0).map_or(0, |whole| whole.end()) - behind.len();
        let part = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
        if check(&Match { before: part(0..start), text: part(start..end), after: part(end..text.len()) }) {
            changed = true;
            format!("{kept}{instead}{behind}")
        } else {
            whole.to_owned()
        }
    });
    changed.then(|| replaced.into_owned())
}

fn excerpt_with(redaction: Result<&Redaction, &String>, line: &str) -> String {
    let Ok(redaction) = redaction else {
        return NOT_SHOWN.to_owned();
    };
    let mut text = folded(beginning(line).as_ref());
    for _ in 0..MAX_PASSES {
        let masked = redaction.masked(&text);
        if matches!(masked, Cow::Borrowed(_)) && text.len() <= LONGEST_EXCERPT && !text.contains('\n') {
            break;
        }
        // Secrets are masked before the cut, so that half of one cannot stay.
        let masked = masked.replace('\n', " ");
        let short = shortened(masked, LONGEST_EXCERPT);
        if short == text {
            break;
        }
        text = short;
    }
    text
}

/// As much of a line as is looked at. What the cut may go through is left out: a word, and the groups of a number
/// before it.
fn beginning(line: &str) -> Cow<'_, str> {
    if line.len() <= MAX_READ {
        return Cow::Borrowed(line);
    }
    let cut = line.get(..line.floor_char_boundary(MAX_READ)).unwrap_or_default();
    let words = cut.trim_end_matches(|c: char| !c.is_whitespace() && !"\"',;&{}()<>".contains(c));
    let whole = words.trim_end_matches(|c: char| c.is_ascii_digit() || " -.+()".contains(c));
    Cow::Owned(format!("{whole}…"))
}

/// A text without control and invisible characters, with one blank in place of white space, or one line end if that is
/// in it.
fn folded(text: &str) -> String {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && !text.contains("  ")
        && !text.starts_with(' ')
        && !text.ends_with(' ')
    {
        return text.to_owned();
    }
    let mut folded = String::with_capacity(text.len());
    let mut gap = None;
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' | '\u{9b}' => rest = behind_colour(c, rest),
            _ if c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}') => {
                gap = if matches!(c, '\n' | '\r') || gap == Some('\n') { Some('\n') } else { Some(' ') }
            }
            _ if c.is_control() || is_invisible(c) => {}
            _ => {
                folded.extend(gap.take().filter(|_| !folded.is_empty()));
                folded.push(c);
            }
        }
    }
    folded
}

/// What stands behind the escape sequence of a terminal that the first character starts; `ESC [ 31 m` turns the text
/// red.
fn behind_colour(first: char, rest: std::str::Chars<'_>) -> std::str::Chars<'_> {
    let text = rest.as_str();
    let Some(parameters) = (if first == '\u{9b}' { Some(text) } else { text.strip_prefix('[') }) else {
        return rest;
    };
    let end = parameters.find(|c: char| !matches!(c, '0'..='9' | ';' | '?' | ':')).filter(|end| *end < 20);
    let ends =
        end.and_then(|end| parameters.get(end..)).and_then(|tail| tail.strip_prefix(|c: char| c.is_ascii_alphabetic()));
    ends.map_or(rest, str::chars)
}

/// At most so many characters, without half of a word that stands in place of a secret.
fn shortened(mut text: String, longest: usize) -> String {
    if text.len() <= longest || text.chars().count() <= longest {
        return text;
    }
    let cut = text.char_indices().nth(longest - 1).map_or(text.len(), |(at, _)| at);
    text.truncate(cut);
    if let Some(start) = text.rfind('[') {
        let last = text.get(start..).unwrap_or_default();
        if PLACEHOLDERS.iter().any(|placeholder| placeholder.starts_with(last) && placeholder.len() > last.len()) {
            text.truncate(start);
        }
    }
    text.push('…');
    text
}

/// Characters that change how the text around them reads: bidirectional overrides, zero-width marks.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests;
