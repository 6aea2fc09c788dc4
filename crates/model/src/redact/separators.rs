//! What stands between a name and its value, and where the value starts.

use super::encoding::Symbols;
use super::names::Kind;
use super::secret_name::{SecretName, end_of_name};
use super::values::{Separator, closing_quote, quoted};

/// How far behind the name the value of `{"name": .., "type": .., "value": ..}` may stand, in characters.
const MAX_TO_VALUE: usize = 120;

/// Where a value starts, and what stands before it.
pub(super) struct ValueStart {
    pub(super) start: usize,
    pub(super) separator: Separator,
}

impl ValueStart {
    fn behind_blanks(symbols: &Symbols<'_>, at: usize, separator: Separator) -> Self {
        Self { start: skip(symbols, at, ' '), separator }
    }
}

/// The place of the value that belongs to a name, if there is one.
pub(super) fn start_of_value(name: &SecretName<'_>) -> Option<ValueStart> {
    let symbols = name.symbols;
    let mut closed = behind_index(symbols, name.range.end);
    let end = closed;
    while closed - end < 3
        && symbols.character(closed).is_some_and(|c| closing_quote(c).is_some() || "])*”’".contains(c))
    {
        closed += 1;
    }
    let is_quoted =
        (name.range.end..closed).any(|at| symbols.character(at).is_some_and(|c| closing_quote(c).is_some()));
    let next = skip(symbols, closed, ' ');
    let has_blank = next > closed;
    let encoding = symbols.get(next).map(|symbol| symbol.encoding);
    match symbols.character(next)? {
        '=' => {
            let is_more = |at: &usize| {
                symbols.get(*at).is_some_and(|more| "=>~".contains(more.character) && Some(more.encoding) == encoding)
            };
            let more = (next + 1..next + 3).take_while(is_more).count();
            Some(ValueStart::behind_blanks(symbols, next + 1 + more, Separator::Equals))
        }
        ':' => colon(symbols, next),
        '-' if symbols.character(next + 1) == Some('>') => {
            Some(ValueStart::behind_blanks(symbols, next + 2, Separator::Equals))
        }
        '(' if !has_blank && !is_quoted => call(name, next),
        // The dash of `password->x` is taken for one of the name.
        '>' if symbols.before(name.range.end) == Some('-') && next == name.range.end => {
            Some(ValueStart::behind_blanks(symbols, next + 1, Separator::Equals))
        }
        // `| password | x |`, a row of a table.
        '|' if has_blank && is_in_table(name) => {
            Some(ValueStart::behind_blanks(symbols, next + 1, Separator::Sentence))
        }
        '>' if is_tag(name) => Some(ValueStart { start: next + 1, separator: Separator::Tag }),
        ',' if name.symbols.before(name.range.start) == Some('{') => pair(name, next),
        ',' if is_quoted => pair(name, next).or_else(|| value_of_attribute(name, closed)),
        _ if name.dashes > 0 && has_blank => Some(ValueStart { start: next, separator: Separator::Option }),
        _ => tag_with_attributes(name, next)
            .or_else(|| value_of_attribute(name, closed))
            .or_else(|| has_blank.then(|| sentence(name, next)).flatten()),
    }
}

/// Behind the `[0]` of `password[0]`.
fn behind_index(symbols: &Symbols<'_>, at: usize) -> usize {
    let digits =
        (at + 1..symbols.len()).take_while(|at| symbols.character(*at).is_some_and(|c| c.is_ascii_digit())).count();
    let is_index = symbols.character(at) == Some('[') && symbols.character(at + 1 + digits) == Some(']');
    if is_index { at + digits + 2 } else { at }
}

fn skip(symbols: &Symbols<'_>, start: usize, blank: char) -> usize {
    (start..symbols.len()).find(|at| symbols.character(*at) != Some(blank)).unwrap_or(symbols.len())
}

fn colon(symbols: &Symbols<'_>, at: usize) -> Option<ValueStart> {
    match (symbols.character(at + 1), symbols.character(at + 2)) {
        // A path of a program, and the scheme of an address.
        (Some(':'), _) | (Some('/'), Some('/')) => None,
        (Some('='), _) => Some(ValueStart::behind_blanks(symbols, at + 2, Separator::Equals)),
        // The value stands on the next line, if no other name does.
        (Some('\n'), _) => {
            let start =
                (at + 1..symbols.len()).find(|at| symbols.character(*at).is_some_and(|c| !c.is_whitespace()))?;
            Some(ValueStart { start, separator: Separator::Sentence })
        }
        (next, _) => Some(ValueStart::behind_blanks(
            symbols,
            at + 1,
            Separator::Colon { is_spaced: next.is_none_or(char::is_whitespace) },
        )),
    }
}

/// Whether a line stands before the name, as between the cells of a table.
fn is_in_table(name: &SecretName<'_>) -> bool {
    name.symbols.raw(&(0..name.range.start)).trim_end().ends_with('|')
}

/// `.password("x")`; what `getSecret("x")` is called with is the name of a secret.
fn call(name: &SecretName<'_>, at: usize) -> Option<ValueStart> {
    let text = name.symbols.raw(&name.range).to_ascii_lowercase();
    let text = text.rsplit('.').next().unwrap_or_default();
    let asks = ["get", "fetch", "load", "read", "find", "describe", "require", "delete", "rotate", "resolve"]
        .iter()
        .any(|verb| text.starts_with(verb));
    (!asks && name.kind != Kind::Suspect).then(|| ValueStart::behind_blanks(name.symbols, at + 1, Separator::Quotes))
}

/// `<password>`, `<wsse:Password>`
fn is_tag(name: &SecretName<'_>) -> bool {
    let before = name.symbols.before(name.range.start);
    let start = (0..name.range.start).rev().take(20).find(|at| name.symbols.character(*at) == Some('<'));
    let is_prefix = |from: usize| {
        (from + 1..name.range.start)
            .all(|at| name.symbols.character(at).is_some_and(|c| c.is_ascii_alphanumeric() || c == ':'))
    };
    before == Some('<') || (before == Some(':') && start.is_some_and(is_prefix))
}

/// `<password type="text">`
fn tag_with_attributes(name: &SecretName<'_>, start: usize) -> Option<ValueStart> {
    let symbols = name.symbols;
    let end = (start..symbols.len()).take(MAX_TO_VALUE).find(|at| matches!(symbols.character(*at), Some('<' | '>')))?;
    let opens = symbols.character(end) == Some('>') && symbols.before(end) != Some('/');
    (is_tag(name) && opens).then_some(ValueStart { start: end + 1, separator: Separator::Tag })
}

/// `('password', 'x')`, and `['authorization', 'x', ..]` where names and values alternate.
fn pair(name: &SecretName<'_>, comma: usize) -> Option<ValueStart> {
    let symbols = name.symbols;
    let start = skip(symbols, comma + 1, ' ');
    let value = quoted(symbols, start + if symbols.raw(&(start..start + 2)) == "<<" { 2 } else { 0 })?;
    // `{password, "x"}` of Erlang.
    if symbols.before(name.range.start) == Some('{') {
        return Some(ValueStart { start, separator: Separator::Quotes });
    }
    let opening = name
        .range
        .start
        .checked_sub(1)
        .filter(|at| symbols.character(*at).is_some_and(|c| closing_quote(c).is_some()))?;
    let before = symbols.raw(&(0..opening));
    let before = before.strip_suffix(['b', 'u']).unwrap_or(before).trim_end();
    let after = symbols.character(skip(symbols, value.whole.end, ' '));
    // `INSERT INTO users ("password", "name") VALUES ..` names columns.
    let behind = symbols.raw(&(value.whole.end..value.whole.end + 10)).to_ascii_lowercase();
    if symbols.character(start) == Some('`') || behind.trim_start_matches([')', ' ']).starts_with("values") {
        return None;
    }
    let text = symbols.raw(&value.inner);
    let is_name = text.split(['-', '_']).all(is_word);
    // Without a character behind it the line was cut.
    let is_pair = (before.ends_with('(') && matches!(after, Some(')') | None))
        || (before.ends_with('[') && matches!(after, Some(']') | None) && !is_name);
    let is_of_headers =
        (name.kind == Kind::Header || symbols.raw(&name.range).contains('-')) && !is_name && after != Some(':');
    (is_pair || is_of_headers).then_some(ValueStart { start, separator: Separator::Quotes })
}

/// `password`, `Password` or `PASSWORD`
fn is_word(text: &str) -> bool {
    let rest = || text.bytes().skip(1);
    text.bytes().all(|byte| byte.is_ascii_alphabetic())
        && (rest().all(|byte| byte.is_ascii_lowercase()) || rest().all(|byte| byte.is_ascii_uppercase()))
}

/// `{"name": "DB_PASSWORD", "value": "x"}`, `ParameterKey=Password,ParameterValue=x`, `<add key="Password"
/// value="x"/>`, `<property name="password">x</property>`, and a field of a form.
fn value_of_attribute(name: &SecretName<'_>, closed: usize) -> Option<ValueStart> {
    let symbols = name.symbols;
    let is_of_path = |at: usize| symbols.character(at).is_some_and(|c| c.is_alphanumeric() || "_-./".contains(c));
    let start = (0..name.range.start).rev().find(|at| !is_of_path(*at))?;
    let is_quote = symbols.character(start).is_some_and(|c| closing_quote(c).is_some());
    let before = symbols.raw(&(0..if is_quote { start } else { start + 1 }));
    let before = before.trim_end_matches([' ', '\\']);
    if !before.ends_with(['=', ':']) {
        return None;
    }
    let next = skip(symbols, closed, ' ');
    let lines = skip(symbols, next, '\n');
    if before.ends_with("name=") && lines > next {
        return Some(ValueStart { start: lines, separator: Separator::Equals });
    }
    if symbols.character(next) == Some('>') && before.contains('<') {
        return Some(ValueStart { start: next + 1, separator: Separator::Tag });
    }
    let mut at = next;
    while at < next + MAX_TO_VALUE && symbols.character(at).is_some_and(|c| !"{}<>".contains(c)) {
        let end = end_of_name(symbols, at);
        let is_value = ["value", "parametervalue", "stringvalue", "content"]
            .contains(&symbols.raw(&(at..end)).to_ascii_lowercase().as_str());
        let mut behind = end;
        while symbols.character(behind).is_some_and(|c| closing_quote(c).is_some() || c == ' ') {
            behind += 1;
        }
        match symbols.character(behind) {
            Some('=') if is_value => return Some(ValueStart::behind_blanks(symbols, behind + 1, Separator::Equals)),
            Some(':') if is_value => {
                return Some(ValueStart::behind_blanks(symbols, behind + 1, Separator::Colon { is_spaced: false }));
            }
            _ => at = end.max(at + 1),
        }
    }
    None
}

/// `password is x`, `password x`, `:password "x"`
fn sentence(name: &SecretName<'_>, start: usize) -> Option<ValueStart> {
    let symbols = name.symbols;
    if symbols.before(name.range.start) == Some(':') && quoted(symbols, start).is_some() {
        return Some(ValueStart { start, separator: Separator::Option });
    }
    let rest = symbols.raw(&(start..symbols.len()));
    // `password for user jin is x`
    if matches!(name.kind, Kind::Password | Kind::Phrase) && ["for ", "of "].iter().any(|word| rest.starts_with(word)) {
        let verb = |at: usize| [" is ", " was "].into_iter().find(|verb| symbols.raw(&(at..at + verb.len())) == *verb);
        let ends = |at: &usize| symbols.character(*at).is_some_and(|c| ",;:=\n".contains(c));
        let found =
            (start..start + MAX_TO_VALUE / 2).take_while(|at| !ends(at)).find_map(|at| Some(at + verb(at)?.len()));
        return found.map(|start| ValueStart { start, separator: Separator::Sentence });
    }
    for (verb, separator) in [
        ("is: ", Separator::Colon { is_spaced: true }),
        ("was: ", Separator::Colon { is_spaced: true }),
        ("is ", Separator::Sentence),
        ("was ", Separator::Sentence),
        ("set to ", Separator::Sentence),
        ("to ", Separator::Sentence),
    ] {
        if rest.starts_with(verb) {
            return Some(ValueStart { start: start + verb.len(), separator });
        }
    }
    Some(ValueStart { start, separator: Separator::Sentence })
}
