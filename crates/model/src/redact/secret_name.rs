//! Names of secrets, as programs print them in front of a value.

use std::ops::Range;

use super::encoding::Symbols;
use super::names::{Kind, kind_of};
use super::words::{ASKED, STATED};

pub(super) fn is_of_name(symbols: &Symbols<'_>, at: usize) -> bool {
    symbols.plain(at).is_some_and(|c| c.is_alphanumeric() || "_-.".contains(c))
}

/// Where the name that starts here ends; the start if none does.
pub(super) fn end_of_name(symbols: &Symbols<'_>, start: usize) -> usize {
    (start..symbols.len()).find(|at| !is_of_name(symbols, *at)).unwrap_or(symbols.len())
}

/// A name of something secret.
pub(super) struct SecretName<'a> {
    pub(super) symbols: &'a Symbols<'a>,
    /// Without the dashes of an option.
    pub(super) range: Range<usize>,
    pub(super) dashes: usize,
    pub(super) kind: Kind,
}

impl<'a> SecretName<'a> {
    pub(super) fn new(symbols: &'a Symbols<'a>, range: Range<usize>) -> Option<Self> {
        let text = symbols.raw(&range);
        let dashes = text.len() - text.trim_start_matches('-').len();
        let range = range.start + dashes..range.end;
        let text = symbols.raw(&range);
        // The name of a resource has words such as `secret` in it: `arn:aws:secretsmanager:..:secret:prod/db`.
        let before = symbols.raw(&(0..range.start));
        let is_in_arn = before.rsplit([' ', '\n', '"', '\'']).next().is_some_and(|word| word.contains("arn:"));
        if is_in_arn {
            return None;
        }
        let last = last_word(before.strip_suffix(' ').unwrap_or_default());
        let start = before.len().saturating_sub(last.len() + 1);
        let second = last_word(before.get(..start).and_then(|before| before.strip_suffix(' ')).unwrap_or_default());
        let kind = match text {
            // Names of several words: `API key: ..`, `secret access key provided: ..`
            "key" | "keys" | "Key" | "value" | "provided" | "phrase" | "number" | "header" | "code" | "codes"
            | "string" | "passe" => {
                kind_of(&format!("{second}_{last}_{text}")).filter(|_| !last.is_empty()).or(kind_of(text))?
            }
            // `-DsigningKey=..` of Java, `-PapiKey=..` of Gradle
            _ if dashes == 1 && text.starts_with(['D', 'P']) => {
                kind_of(text).filter(|kind| *kind != Kind::Suspect).or(kind_of(text.get(1..)?))?
            }
            _ => kind_of(text)?,
        };
        let is_before =
            |words: &[&str]| [last, second].iter().any(|word| words.contains(&word.to_ascii_lowercase().as_str()));
        let kind = match kind {
            Kind::Secret | Kind::Token | Kind::Plural | Kind::Header if is_before(STATED) => Kind::Stated,
            // `Loading secret: db-credentials` tells its name.
            Kind::Secret if is_before(ASKED) => Kind::Suspect,
            _ => kind,
        };
        Some(Self { symbols, range, dashes, kind })
    }

    pub(super) fn text(&self) -> &'a str {
        self.symbols.raw(&self.range)
    }
}

/// The last word of a text, if only letters are in it.
fn last_word(text: &str) -> &str {
    let start = text
        .rfind(|c: char| !c.is_ascii_alphabetic())
        .map_or(0, |at| at + text.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8));
    text.get(start..).unwrap_or_default()
}
