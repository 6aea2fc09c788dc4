//! Values of statements of SQL that name a secret column, in the statement or behind it as its parameters.

use std::ops::Range;

use regex::Regex;

use super::encoding::Symbols;
use super::names::{Kind, kind_of};
use super::placeholders::{PLACEHOLDERS, SECRET};
use super::secret_name::end_of_name;
use super::sentences::is_nothing;
use super::values::{bracketed, closing_quote, quoted};

/// What stands before the values of a statement's parameters, in the words of drivers and mappers.
const PARAMETERS: &[&str] =
    &["parameters", "parameter", "params", "param", "values", "args", "arguments", "binds", "bind", "bindings"];

/// What PostgreSQL says of a row that breaks a rule. It has all values of the row, and no names.
const FAILING_ROW: &str = "failing row contains";

/// The text with each value of a secret column masked, `None` if it has none. The pattern finds the verbs of
/// statements.
pub(super) fn masked(text: &str, verbs: &Regex) -> Option<String> {
    let symbols = Symbols::new(text);
    let mut secrets: Vec<Range<usize>> = Vec::new();
    let mut at = 0;
    for verb in verbs.find_iter(text) {
        let Some(start) = symbols.at_byte(verb.start()).filter(|start| *start >= at) else { continue };
        let found = if verb.as_str().eq_ignore_ascii_case(FAILING_ROW) {
            let open = skip(&symbols, start + FAILING_ROW.len());
            bracketed(&symbols, open).map(|row| open + 1..inner_end(&symbols, &row)).into_iter().collect()
        } else {
            of_statement(&symbols, start)
        };
        at = found.last().map_or(start, |last| last.end);
        secrets.extend(found.into_iter().filter(|value| is_shown(symbols.raw(value))));
    }
    let (mut masked, mut copied) = (String::new(), 0);
    for secret in &secrets {
        let bytes = symbols.bytes(secret);
        masked.push_str(text.get(copied..bytes.start).unwrap_or_default());
        masked.push_str(SECRET);
        copied = bytes.end;
    }
    (copied > 0).then(|| masked + text.get(copied..).unwrap_or_default())
}

/// Whether a value is more than what stands for one.
fn is_shown(value: &str) -> bool {
    let value = value.trim();
    !value.is_empty() && !PLACEHOLDERS.contains(&value)
}

/// The values in and behind a statement, in order.
fn of_statement(symbols: &Symbols<'_>, start: usize) -> Vec<Range<usize>> {
    let columns = columns(symbols, start);
    let mut found = columns.as_ref().map(|(names, end)| of_rows(symbols, names, *end)).unwrap_or_default();
    let from = found.last().map_or(columns.map_or(start, |(_, end)| end), |last| last.end);
    let mut names_secret = false;
    let mut at = start;
    while at < symbols.len() {
        let end = end_of_name(symbols, at);
        if end == at {
            at += 1;
            continue;
        }
        let word = symbols.raw(&(at..end));
        let is_parameters = PARAMETERS.iter().any(|name| word.eq_ignore_ascii_case(name));
        if names_secret && is_parameters && at >= from {
            let open = (end..symbols.len()).find(|at| symbols.character(*at).is_some_and(|c| !is_gap(c)));
            if let Some(values) = open.and_then(|open| bracketed(symbols, open)) {
                // What stands in a row of `VALUES (..)` was looked at by its column.
                let is_row = word.eq_ignore_ascii_case("values") && symbols.character(values.start) == Some('(');
                let inner = values.start + 1..inner_end(symbols, &values);
                if !is_row && has_value(symbols.raw(&inner)) {
                    found.push(inner);
                    break;
                }
            }
        }
        names_secret |= is_secret_column(word);
        at = end;
    }
    found
}

fn is_gap(c: char) -> bool {
    c.is_whitespace() || c == ':' || c == '=' || closing_quote(c).is_some()
}

fn skip(symbols: &Symbols<'_>, start: usize) -> usize {
    (start..symbols.len())
        .find(|at| symbols.character(*at).is_some_and(|c| !c.is_whitespace()))
        .unwrap_or(symbols.len())
}

/// Where the content of brackets ends; a cut line has no second bracket.
fn inner_end(symbols: &Symbols<'_>, brackets: &Range<usize>) -> usize {
    let closing = match symbols.character(brackets.start) {
        Some('[') => ']',
        Some('{') => '}',
        _ => ')',
    };
    let is_closed = symbols.before(brackets.end) == Some(closing);
    if is_closed { brackets.end.saturating_sub(1).max(brackets.start + 1) } else { brackets.end }
}

fn is_secret_column(name: &str) -> bool {
    matches!(kind_of(name), Some(Kind::Password | Kind::Phrase | Kind::Secret | Kind::Token))
}

/// The columns that `insert into t (a, b)` names, and where their list ends.
fn columns<'a>(symbols: &'a Symbols<'_>, start: usize) -> Option<(Vec<&'a str>, usize)> {
    let verb = symbols.raw(&(start..end_of_name(symbols, start)));
    if !["insert", "replace"].iter().any(|inserts| verb.eq_ignore_ascii_case(inserts)) {
        return None;
    }
    let open = (start..symbols.len()).take(200).find(|at| symbols.character(*at) == Some('('))?;
    let list = bracketed(symbols, open)?;
    let names = elements(symbols, &(open + 1..inner_end(symbols, &list)));
    let names = names.iter().map(|name| symbols.raw(name).trim_matches(|c: char| !c.is_alphanumeric())).collect();
    Some((names, list.end))
}

/// The values of secret columns in the rows behind `values`.
fn of_rows(symbols: &Symbols<'_>, columns: &[&str], end: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = skip(symbols, end);
    let word = symbols.raw(&(at..end_of_name(symbols, at)));
    if !word.eq_ignore_ascii_case("values") && !word.eq_ignore_ascii_case("value") {
        return found;
    }
    at = skip(symbols, end_of_name(symbols, at));
    while let Some(row) = bracketed(symbols, at).filter(|row| symbols.character(row.start) == Some('(')) {
        let values = elements(symbols, &(row.start + 1..inner_end(symbols, &row)));
        let secret = columns.iter().zip(values).filter(|(column, _)| is_secret_column(column));
        found.extend(secret.map(|(_, value)| value).filter(|value| has_value(symbols.raw(value))));
        let comma = skip(symbols, row.end);
        if symbols.character(comma) != Some(',') {
            break;
        }
        at = skip(symbols, comma + 1);
    }
    found
}

/// Whether there is a text or a number, and not only `?`, `$1`, `%(p)s` or `NULL`.
fn has_value(text: &str) -> bool {
    let mut parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let is_parameter = |part: &str| {
        let name = part.trim_start_matches([':', '@', '$', '?']);
        is_nothing(part)
            || part.eq_ignore_ascii_case("default")
            || (name.len() < part.len() && name.chars().all(|c| c.is_alphanumeric() || c == '_'))
    };
    !parts.all(is_parameter)
}

/// What commas separate, without those in quotes and brackets.
fn elements(symbols: &Symbols<'_>, list: &Range<usize>) -> Vec<Range<usize>> {
    let (mut elements, mut start, mut at) = (Vec::new(), list.start, list.start);
    while at < list.end {
        match symbols.character(at) {
            Some(',') => {
                elements.push(trimmed(symbols, start..at));
                start = at + 1;
            }
            Some('(' | '[' | '{') => {
                at = bracketed(symbols, at).map_or(at + 1, |inner| inner.end).min(list.end);
                continue;
            }
            Some(c) if closing_quote(c).is_some() => {
                at = quoted(symbols, at).map_or(at + 1, |text| text.whole.end.max(at + 1)).min(list.end);
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    elements.push(trimmed(symbols, start..list.end));
    elements
}

fn trimmed(symbols: &Symbols<'_>, range: Range<usize>) -> Range<usize> {
    let is_blank = |at: &usize| symbols.character(*at).is_some_and(char::is_whitespace);
    let start = range.start + range.clone().take_while(is_blank).count();
    let end = range.end - (start..range.end).rev().take_while(is_blank).count();
    start..end
}

#[cfg(test)]
mod tests {
    use super::super::excerpt;

    #[test]
    fn values_of_secret_columns_are_masked_and_others_stay() {
        for (line, shown) in [
            (
                "INSERT INTO users (email, password) VALUES ('a', 'hunter2x')",
                "INSERT INTO users (email, password) VALUES ('a', [secret])",
            ),
            (
                "insert into `users` (`password`, `n`) values (crypt('hu,(nter', gen_salt('bf')), 4), ('b''c', 5) - Duplicate entry",
                "insert into `users` (`password`, `n`) values ([secret], 4), ([secret], 5) - Duplicate entry",
            ),
            (
                "UPDATE users SET password = $1 -- params: ['hunter2x']",
                "UPDATE users SET password = $1 -- params: [[secret]]",
            ),
            (
                "[SQL: INSERT INTO users (name, password) VALUES (%(n)s, %(p)s)] [parameters: {'n': 'kim', 'p': 'hunter2x'}]",
                "[SQL: INSERT INTO users (name, password) VALUES (%(n)s, %(p)s)] [parameters: {[secret]}]",
            ),
            (
                r#"query: INSERT INTO "users"("email", "password") VALUES ($1, $2) -- PARAMETERS: ["a","hunter2x"]"#,
                r#"query: INSERT INTO "users"("email", "password") VALUES ($1, $2) -- PARAMETERS: [[secret]]"#,
            ),
            (
                r#"{"sql":"INSERT INTO users (id, api_key) VALUES (7, \"k 9\")","n":1}"#,
                r#"{"sql":"INSERT INTO users (id, api_key) VALUES (7, [secret])","n":1}"#,
            ),
            ("DETAIL: Failing row contains (1, kim, hunter2x).", "DETAIL: Failing row contains ([secret])."),
            (
                "INSERT INTO users (email, password) VALUES ('a', 'hun",
                "INSERT INTO users (email, password) VALUES ('a', [secret]",
            ),
        ] {
            assert_eq!(excerpt(line), shown, "{line}");
            assert_eq!(excerpt(shown), shown, "{shown}");
        }
        for line in [
            "INSERT INTO orders (id, total) VALUES (1, 'x9y8') failed",
            "INSERT INTO users (email, password) VALUES (?, ?)",
            "INSERT INTO users (email, password) VALUES (:email, :pw), ($1, DEFAULT)",
            "SELECT id FROM users WHERE name = $1 [params: ['kim']]",
            "update to version 12 failed, select another (3)",
        ] {
            assert_eq!(excerpt(line), line);
        }
    }
}
