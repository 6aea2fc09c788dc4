//! Where the value behind a name ends.

use std::ops::Range;

use super::encoding::{Encoding, Symbols};
use super::words::SCHEMES;

/// What stands between a name and its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Separator {
    /// `=`, `=>`, `->`, `:=`
    Equals,
    /// `:`, with blanks behind it or without.
    Colon { is_spaced: bool },
    /// `<name>`
    Tag,
    /// `--name value`, or `:name "value"`
    Option,
    /// Blanks, or ` is `: what follows may well be a sentence.
    Sentence,
    /// `('name', 'value')`, `name("value")`: only a quoted text can be the value.
    Quotes,
}

/// A text in quotes, from its prefix (`b'..'`) to the last quote.
pub(super) struct QuotedText {
    pub(super) whole: Range<usize>,
    pub(super) inner: Range<usize>,
}

/// The text in quotes that starts here, if one does. Without a second quote it reaches to the end of the line.
pub(super) fn quoted(symbols: &Symbols<'_>, start: usize) -> Option<QuotedText> {
    let is_quote = |at: usize| symbols.character(at).is_some_and(|c| closing_quote(c).is_some());
    let prefix = (0..3).find(|length| is_quote(start + length))?;
    if !(start..start + prefix).all(|at| symbols.plain(at).is_some_and(|c| "bBuUrRfFN@$L".contains(c))) {
        return None;
    }
    let at = start + prefix;
    let opening = symbols.get(at)?;
    let closing = closing_quote(opening.character)?;
    let is_same = |at: usize| {
        symbols.get(at).is_some_and(|symbol| symbol.character == closing && symbol.encoding == opening.encoding)
    };
    let is_triple = is_same(at + 1) && is_same(at + 2);
    let from = at + if is_triple { 3 } else { 1 };
    let mut end = from;
    while let Some(symbol) = symbols.get(end) {
        if symbol.character == closing && ends_quote(opening.encoding, symbol.encoding) {
            // Quotes are doubled within a text of SQL and YAML.
            let is_doubled = !is_triple && end > from && is_same(end) && is_same(end + 1) && !is_same(end + 2);
            match (is_triple, is_doubled) {
                (false, false) => {
                    return Some(QuotedText { whole: start..end + usize::from(is_same(end)), inner: from..end });
                }
                (true, _) if is_same(end + 1) && is_same(end + 2) => {
                    return Some(QuotedText { whole: start..end + 3, inner: from..end });
                }
                (true, _) => {}
                (false, true) => end += 1,
            }
        }
        end += 1;
    }
    Some(QuotedText { whole: start..symbols.len(), inner: from..symbols.len() })
}

/// The quote that belongs to an opening one.
pub(super) fn closing_quote(opening: char) -> Option<char> {
    match opening {
        '"' | '\'' | '`' => Some(opening),
        '“' => Some('”'),
        '‘' => Some('’'),
        '«' => Some('»'),
        _ => None,
    }
}

/// Whether a quote ends a text that started with one of the other encoding: its own end, or that of a text around it.
/// In JSON within JSON the inner quotes have one backslash and escaped ones within them three.
fn ends_quote(opening: Encoding, quote: Encoding) -> bool {
    let backslashes = |encoding| match encoding {
        Encoding::Plain => Some(0),
        Encoding::Backslashes(count) => Some(count),
        _ => None,
    };
    match (backslashes(opening), backslashes(quote)) {
        (Some(opened), Some(count)) => count < opened || count % (2 * (opened + 1)) == opened,
        _ => opening == quote || quote == Encoding::Plain,
    }
}

/// Everything between two brackets, with them. Without a second bracket it reaches to the end.
pub(super) fn bracketed(symbols: &Symbols<'_>, start: usize) -> Option<Range<usize>> {
    symbols.character(start).filter(|c| "[{(".contains(*c))?;
    let (mut open, mut at) = (Vec::new(), start);
    while let Some(character) = symbols.character(at) {
        match character {
            '[' => open.push(']'),
            '{' => open.push('}'),
            '(' => open.push(')'),
            ']' | '}' | ')' if open.last() == Some(&character) => drop(open.pop()),
            '"' | '\'' | '`' => {
                // An apostrophe within a word is no quote.
                let is_apostrophe = symbols.before(at).is_some_and(char::is_alphanumeric)
                    && symbols.character(at + 1).is_some_and(char::is_alphanumeric);
                if let Some(quoted) = quoted(symbols, at).filter(|_| !is_apostrophe) {
                    at = quoted.whole.end.max(at + 1);
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
        if open.is_empty() {
            return Some(start..at);
        }
    }
    Some(start..symbols.len())
}

/// The text up to the next tag.
pub(super) fn element(symbols: &Symbols<'_>, start: usize) -> Range<usize> {
    if symbols.raw(&(start..start + 9)) == "<![CDATA[" {
        let end = (start..symbols.len()).find(|at| symbols.raw(&(*at..at + 3)) == "]]>").unwrap_or(symbols.len());
        return start + 9..end;
    }
    let tag = start.checked_sub(1).and_then(|at| symbols.get(at)).map(|symbol| symbol.encoding);
    let is_tag =
        |at: &usize| symbols.get(*at).is_some_and(|symbol| symbol.character == '<' && Some(symbol.encoding) == tag);
    start..(start..symbols.len()).find(is_tag).unwrap_or(symbols.len())
}

/// A word without quotes, as far as nothing shows that it ends earlier than at a blank: a password may have commas and
/// brackets in it.
pub(super) fn word(symbols: &Symbols<'_>, start: usize, separator: Separator) -> Range<usize> {
    let encoding = separator_encoding(symbols, start);
    let mut open: Vec<char> = Vec::new();
    let mut end = start;
    while let Some(symbol) = symbols.get(end) {
        let is_own = matches!(symbol.encoding, Encoding::Plain | Encoding::Entity | Encoding::Code(_))
            || symbol.encoding == encoding;
        let ends = match symbol.character {
            '\n' if symbol.encoding != Encoding::Plain => {
                end == start || is_followed_by_name(symbols, end + 1, None, false) || is_end(symbols, end + 1)
            }
            ' ' | '\n' => is_own || matches!(symbol.encoding, Encoding::Backslashes(_)),
            '"' | '\'' | '`' => is_end(symbols, end + 1),
            ',' | ';' => {
                is_own
                    && (is_gap(symbols, end + 1)
                        || is_followed_by_name(
                            symbols,
                            end + 1,
                            Some(separator),
                            symbol.character == ';' && separator == Separator::Equals,
                        ))
            }
            '&' => is_own && is_followed_by_name(symbols, end + 1, Some(Separator::Equals), false),
            '(' | '[' | '{' => {
                open.push(symbol.character);
                false
            }
            ')' | ']' | '}' => is_own && open.pop().is_none() && closes(symbols, end + 1),
            '<' => separator == Separator::Tag || symbols.character(end + 1) == Some('/'),
            '>' => is_own && closes(symbols, end + 1) && end > start,
            '…' => end + 1 == symbols.len(),
            _ => false,
        };
        if ends {
            break;
        }
        end += 1;
    }
    // The full stop of a sentence.
    while end > start + 1 && symbols.plain(end - 1).is_some_and(|c| ".,;".contains(c)) {
        end -= 1;
    }
    start..end
}

/// The encoding of what stands before the value: what ends it is written alike.
fn separator_encoding(symbols: &Symbols<'_>, start: usize) -> Encoding {
    (0..start)
        .rev()
        .filter_map(|at| symbols.get(at))
        .find(|symbol| symbol.character != ' ')
        .map_or(Encoding::Plain, |symbol| symbol.encoding)
}

/// Whether a value can end before this character: at the end of the line, a blank, or something that closes.
pub(super) fn is_end(symbols: &Symbols<'_>, at: usize) -> bool {
    symbols.character(at).is_none_or(|c| c.is_whitespace() || ",;)]}>\"'`:.".contains(c) || c == '<')
}

/// Whether only what closes stands before the next blank or name, so that a bracket before it closes, too.
fn closes(symbols: &Symbols<'_>, start: usize) -> bool {
    let at = (start..symbols.len())
        .find(|at| symbols.character(*at).is_some_and(|c| !")]}>\"'`".contains(c)))
        .unwrap_or(symbols.len());
    match symbols.character(at) {
        None | Some('…') => true,
        Some(',' | ';') => {
            is_gap(symbols, at + 1)
                || symbols.character(at + 1).is_some_and(|c| "[{(:".contains(c))
                || is_followed_by_name(symbols, at + 1, None, false)
        }
        Some(':' | '.') => is_gap(symbols, at + 1),
        Some('&') => is_followed_by_name(symbols, at + 1, Some(Separator::Equals), false),
        Some('<') => symbols.character(at + 1) == Some('/'),
        Some(c) => c.is_whitespace(),
    }
}

fn is_gap(symbols: &Symbols<'_>, at: usize) -> bool {
    symbols.character(at).is_none_or(|c| c.is_whitespace() || "\"'`".contains(c))
}

/// Whether a name of a further value starts here: `, user=`, `&user=`.
fn is_followed_by_name(
    symbols: &Symbols<'_>,
    start: usize,
    separator: Option<Separator>,
    may_have_blanks: bool,
) -> bool {
    let mut at = start;
    while symbols.character(at).is_some_and(|c| c == ' ' || c == '\n' || closing_quote(c).is_some()) {
        at += 1;
    }
    let first = at;
    // Connection strings have names with blanks: `User Id=app`.
    while symbols
        .character(at)
        .is_some_and(|c| c.is_alphanumeric() || "_-.[]".contains(c) || (c == ' ' && may_have_blanks))
    {
        at += 1;
    }
    if at == first || at - first > 40 || !symbols.character(first).is_some_and(|c| c.is_alphabetic() || c == '_') {
        return false;
    }
    while symbols.character(at).is_some_and(|c| closing_quote(c).is_some()) {
        at += 1;
    }
    match symbols.character(at) {
        Some('=') => !matches!(separator, Some(Separator::Colon { .. })),
        Some(':') => !matches!(separator, Some(Separator::Equals)),
        _ => false,
    }
}

/// A word, and the words after it as far as they belong to it: within brackets and connection strings a value ends at
/// the next name.
pub(super) fn words(symbols: &Symbols<'_>, start: usize, separator: Separator, is_in_list: bool) -> Range<usize> {
    let first = word(symbols, start, separator);
    if SCHEMES.contains(&symbols.raw(&first).to_ascii_lowercase().as_str()) && symbols.character(first.end) == Some(' ')
    {
        return start..word(symbols, first.end + 1, separator).end;
    }
    if separator != Separator::Equals || symbols.plain(first.end) != Some(' ') {
        return first;
    }
    let is_end = |at: &usize| match symbols.plain(*at) {
        Some(';') => is_followed_by_name(symbols, at + 1, Some(separator), true) || is_end(symbols, at + 1),
        Some(',') => is_in_list && is_followed_by_name(symbols, at + 1, Some(separator), false),
        Some(')' | '}' | ']') => is_in_list,
        Some('=' | ':' | '\n' | '"' | '\'' | '(' | '[' | '{') | None => true,
        _ => false,
    };
    let end = (first.end..=symbols.len()).find(is_end);
    let is_cut = |end: usize| is_in_list && end == symbols.len() && symbols.before(end) == Some('…');
    let ends_well = |end: &usize| symbols.plain(*end).map_or(is_cut(*end), |c| ";,)}]".contains(c));
    end.filter(ends_well).map_or(first.clone(), |end| start..end)
}

/// Words such as `correct horse battery staple`.
pub(super) fn phrase(symbols: &Symbols<'_>, start: usize, separator: Separator) -> Range<usize> {
    let mut end = word(symbols, start, separator).end;
    while symbols.plain(end) == Some(' ') {
        let next = word(symbols, end + 1, separator);
        if next.is_empty() || !symbols.raw(&next).bytes().all(|byte| byte.is_ascii_lowercase()) {
            break;
        }
        end = next.end;
    }
    start..end
}

/// The value of a header: up to the end of its line, or to the quote that was before its name.
pub(super) fn header(
    symbols: &Symbols<'_>,
    name: usize,
    start: usize,
    separator: Separator,
    is_in_list: bool,
) -> Range<usize> {
    let first = word(symbols, start, separator);
    let is_scheme = SCHEMES.contains(&symbols.raw(&first).to_ascii_lowercase().as_str());
    if separator == Separator::Equals && is_in_list {
        return words(symbols, start, separator, true);
    }
    if is_scheme {
        let blanks = (first.end..symbols.len()).take_while(|at| symbols.character(*at) == Some(' ')).count();
        return start..word(symbols, first.end + blanks, separator).end;
    }
    let quote = name
        .checked_sub(1)
        .and_then(|at| symbols.get(at))
        .filter(|symbol| closing_quote(symbol.character) == Some(symbol.character));
    let is_end = |at: &usize| {
        symbols.get(*at).is_none_or(|symbol| {
            symbol.character == '\n'
                || quote.is_some_and(|quote| {
                    quote.character == symbol.character && ends_quote(quote.encoding, symbol.encoding)
                })
        })
    };
    start..(start..symbols.len()).find(is_end).unwrap_or(symbols.len())
}
