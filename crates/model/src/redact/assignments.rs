//! Finds names of secrets with a value behind them, in the forms in which programs print them.

use std::ops::Range;

use regex::Regex;

use super::encoding::Symbols;
use super::names::Kind;
use super::placeholders::PLACEHOLDERS;
use super::secret_name::{SecretName, end_of_name, is_of_name};
use super::sentences::{
    is_bare_secret, is_bracketed_secret, is_quoted_secret, is_secret_of_query, is_told_secret, looks_like_password,
};
use super::separators::{ValueStart, start_of_value};
use super::values::{Separator, bracketed, element, header, is_end, phrase, quoted, words};

/// The text with each value masked; `None` if there is none. The pattern finds words that names of secrets have in
/// them.
pub(super) fn masked(text: &str, words: &Regex) -> Option<String> {
    let symbols = Symbols::new(text);
    let (mut masked, mut copied, mut at) = (String::new(), 0, 0);
    for found in words.find_iter(text) {
        let Some(middle) = symbols.at_byte(found.start()).filter(|middle| *middle >= at) else {
            continue;
        };
        let start = (at..middle).rev().take_while(|at| is_of_name(&symbols, *at)).last().unwrap_or(middle);
        let end = end_of_name(&symbols, start);
        let value =
            (end > middle).then(|| SecretName::new(&symbols, start..end)).flatten().and_then(|name| name.secret());
        at = end.max(at);
        if let Some(value) = value {
            let bytes = symbols.bytes(&value);
            masked.push_str(text.get(copied..bytes.start).unwrap_or_default());
            masked.push_str("[secret]");
            copied = bytes.end;
            at = at.max(value.end);
        }
    }
    (copied > 0).then(|| masked + text.get(copied..).unwrap_or_default())
}

impl SecretName<'_> {
    /// The value, if there is one and it is secret.
    fn secret(&self) -> Option<Range<usize>> {
        let ValueStart { start, separator } = start_of_value(self)?;
        self.value(start, separator)
    }

    fn value(&self, start: usize, separator: Separator) -> Option<Range<usize>> {
        let (symbols, kind) = (self.symbols, self.kind);
        let rest = symbols.raw(&(start..symbols.len()));
        if PLACEHOLDERS.iter().any(|placeholder| rest.starts_with(placeholder)) {
            return None;
        }
        if separator == Separator::Tag {
            let value = element(symbols, start);
            return is_bare_secret(self.text(), kind, symbols.raw(&value).trim(), "", separator).then_some(value);
        }
        let quote = if rest.starts_with("<<") { start + 2 } else { start };
        if let Some(quoted) = quoted(symbols, quote) {
            let text = symbols.raw(&quoted.inner);
            let is_told = match (separator, kind) {
                (Separator::Sentence, Kind::Secret | Kind::Token) => is_told_secret(text),
                (Separator::Sentence, kind) => matches!(kind, Kind::Password | Kind::Phrase | Kind::Digits),
                _ => true,
            };
            return (is_told && is_quoted_secret(kind, text)).then_some(quoted.whole);
        }
        if separator == Separator::Quotes {
            return None;
        }
        if let Some(value) = self.wrapped(start) {
            return Some(value);
        }
        // `!!str` of YAML tells the type of what follows.
        if let Some((tag, _)) = rest.strip_prefix("!!").and_then(|rest| rest.split_once(' ')) {
            return self.value(start + tag.chars().count() + 3, separator);
        }
        if let Some(value) = self.typed(start) {
            return self.value(value, Separator::Equals);
        }
        if let Some(brackets) =
            bracketed(symbols, start).filter(|brackets| self.are_brackets_meant(brackets, separator))
        {
            return is_bracketed_secret(kind, symbols.raw(&brackets)).then_some(brackets);
        }
        let value = match kind {
            Kind::Header => header(symbols, self.range.start, start, separator, self.is_in_list()),
            Kind::Phrase | Kind::Words => phrase(symbols, start, separator),
            _ => words(symbols, start, separator, self.is_in_list()),
        };
        let text = symbols.raw(&value);
        if self.kind == Kind::Suspect && self.is_in_query() {
            return is_secret_of_query(self.text(), text).then_some(value);
        }
        let is_next_option = separator == Separator::Option && text.starts_with('-');
        if self.is_result_of_test(text, separator) || self.is_followed_by_field(text, separator) {
            return None;
        }
        (!is_next_option && is_bare_secret(self.text(), kind, text, rest, separator)).then_some(value)
    }

    /// `SecretStr('x')`, `string(7) "x"`: the value within what shows its type.
    fn wrapped(&self, start: usize) -> Option<Range<usize>> {
        let symbols = self.symbols;
        let end = end_of_name(symbols, start);
        if end == start || !matches!(symbols.plain(end)?, '(' | '[') {
            return None;
        }
        if let Some(inner) = quoted(symbols, end + 1) {
            let is_secret = is_quoted_secret(self.kind, symbols.raw(&inner.inner));
            let text = symbols.raw(&(start..symbols.len()));
            return (is_secret && is_bare_secret(self.text(), self.kind, text, "", Separator::Equals))
                .then(|| bracketed(symbols, end))
                .flatten()
                .map(|brackets| start..brackets.end);
        }
        let digits = bracketed(symbols, end)?;
        let value = quoted(symbols, digits.end + 1).filter(|_| symbols.plain(digits.end) == Some(' '))?;
        is_quoted_secret(self.kind, symbols.raw(&value.inner)).then_some(start..value.whole.end)
    }

    /// Where the value of `password: str = "x"` starts.
    fn typed(&self, start: usize) -> Option<usize> {
        let rest = self.symbols.raw(&(start..start + 40));
        let (kind, _) = rest.split_once(" = ")?;
        kind.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"[]?.".contains(&byte))
            .then_some(start + kind.len() + 3)
    }

    /// Whether brackets are those of a list or an object, and not a part of a password.
    fn are_brackets_meant(&self, brackets: &Range<usize>, separator: Separator) -> bool {
        let is_closed =
            brackets.end < self.symbols.len() || self.symbols.before(brackets.end).is_some_and(|c| "]})".contains(c));
        let starts_list = self.symbols.character(brackets.start + 1).is_some_and(|c| "\"'` \n[{".contains(c));
        !matches!(separator, Separator::Option | Separator::Sentence)
            && is_end(self.symbols, brackets.end)
            && (is_closed || starts_list || self.kind == Kind::Header)
    }

    /// `pass: 12`, `PASS: it adds`
    fn is_result_of_test(&self, value: &str, separator: Separator) -> bool {
        let is_number = value.len() < 5 && value.bytes().all(|byte| byte.is_ascii_digit());
        let may_be_title =
            separator == Separator::Colon { is_spaced: true } && (!looks_like_password(value) || value.contains('_'));
        (matches!(self.text(), "PASS" | "Pass") && may_be_title)
            || (self.text().eq_ignore_ascii_case("pass") && is_number)
    }

    /// `{Secret: Retries:3}`: Go writes nothing for an empty text.
    fn is_followed_by_field(&self, value: &str, separator: Separator) -> bool {
        let before = self.symbols.raw(&(0..self.range.start));
        let name = value.split_once(':').map_or("", |(name, _)| name);
        let is_field =
            name.starts_with(|c: char| c.is_ascii_uppercase()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        separator == Separator::Colon { is_spaced: true } && is_field && before.contains('{') && !before.contains('"')
    }

    /// Whether the name is one of several in brackets: `Credentials(user=a, password=b)`.
    fn is_in_list(&self) -> bool {
        let before = self.symbols.raw(&(0..self.range.start));
        let is_closed = self.symbols.character(self.range.end).is_some_and(|c| ")}]".contains(c));
        !is_closed && (before.ends_with(['(', '{', '[', ',']) || before.ends_with(", ") || before.ends_with("{ "))
    }

    /// Whether the name is one of the query of an address.
    fn is_in_query(&self) -> bool {
        self.dashes == 0 && self.symbols.before(self.range.start).is_some_and(|c| "?&".contains(c))
    }
}
