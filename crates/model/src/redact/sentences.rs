//! Whether a value is a secret, or says something about one.

use super::checks::{changes, is_random, is_uuid};
use super::names::{Kind, kind_of};
use super::placeholders::PLACEHOLDERS;
use super::values::Separator;
use super::words::{NOTHING, OF_COMPLAINTS, OF_SENTENCES, SCHEMES};

/// Whether a text in quotes is a secret.
pub(super) fn is_quoted_secret(kind: Kind, text: &str) -> bool {
    if is_nothing(text)
        || is_name_of_variable(text)
        || is_complaint(text)
        || is_type_of_error(text)
        || (has_hangul(text) && text.contains(' '))
    {
        return false;
    }
    is_secret(kind, text)
}

/// Whether a word without quotes is one; `rest` is the line from the word on.
pub(super) fn is_bare_secret(name: &str, kind: Kind, word: &str, rest: &str, separator: Separator) -> bool {
    if is_nothing(word) || is_name_of_variable(word) || is_code(word) {
        return false;
    }
    let may_be_sentence = match separator {
        Separator::Equals | Separator::Tag | Separator::Quotes => false,
        Separator::Colon { is_spaced } => is_spaced,
        Separator::Option | Separator::Sentence => true,
    };
    let is_password = matches!(kind, Kind::Password | Kind::Phrase | Kind::Digits | Kind::Words);
    let is_elsewhere = || kind != Kind::Header && ((is_relative_path(word) && !is_password) || is_assignment(word));
    let tells = || {
        is_sentence(rest)
            || is_type_of_error(word)
            || word.strip_suffix(':').is_some_and(|word| word.bytes().all(|byte| !byte.is_ascii_digit()))
            || has_hangul(word)
            || is_elsewhere()
    };
    if may_be_sentence && tells() {
        return false;
    }
    match (separator, kind) {
        (Separator::Sentence, _) if word.trim_end_matches('=').contains('=') || word.ends_with(':') => false,
        (Separator::Sentence, Kind::Password | Kind::Phrase) => looks_like_password(word) || is_code_number(word),
        (Separator::Sentence, Kind::Digits) => is_code_number(word),
        (Separator::Sentence, Kind::Words) => false,
        (Separator::Sentence, Kind::Secret | Kind::Token) if is_compound(name) => {
            (looks_like_password(word) && !is_uuid(word)) || is_mixed(word)
        }
        (Separator::Sentence, Kind::Secret | Kind::Token) => is_told_secret(word),
        // The command of Redis.
        (Separator::Sentence, Kind::Suspect) if name == "AUTH" => looks_like_password(word),
        (Separator::Sentence, _) => is_random(word, true) && !is_uuid(word),
        _ => is_secret(kind, word),
    }
}

fn is_secret(kind: Kind, text: &str) -> bool {
    if text.starts_with("arn:") || text.starts_with("file:") || is_path(text) {
        return false;
    }
    let is_address = text.starts_with("http://") || text.starts_with("https://");
    match kind {
        // `passwords: 2`
        Kind::Password | Kind::Phrase => !is_count(text, 2),
        Kind::Header => !is_address && !is_count(text, 4),
        Kind::Secret => !is_address && !is_count(text, 3) && !is_key_file(text),
        Kind::Digits => !is_count(text, 2) && text.bytes().any(|byte| byte.is_ascii_digit()),
        Kind::Words => text.split_whitespace().count() > 3 || is_random(text, true) || is_mixed(text),
        // `Unexpected token: }`, `token: 3`
        Kind::Token => !is_address && !is_count(text, 5) && text.chars().filter(|c| c.is_alphanumeric()).count() > 1,
        Kind::Plural => !is_address && !is_count(text, 11),
        Kind::Suspect => is_random(text, true) && !is_uuid(text) && !is_file(text),
        Kind::Stated => text.len() >= 8 && looks_like_password(text) && !text.contains([' ', '.']) && !is_uuid(text),
    }
}

/// Whether the value of a name such as `sig` or `code` is secret where both stand in the query of an address.
pub(super) fn is_secret_of_query(name: &str, value: &str) -> bool {
    if is_nothing(value) {
        return false;
    }
    let has = |is: fn(&u8) -> bool| value.bytes().any(|byte| is(&byte));
    let is_signature = name.to_ascii_lowercase().contains("sig") && value.len() >= 6;
    let is_mixed = value.len() >= 16 && has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase);
    let has_both = value.len() >= 8 && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic);
    is_signature || ((has_both || is_mixed) && !is_file(value) && !is_path(value))
}

/// Whether brackets hold something secret: `tokens: { input: 512, output: 30 }` does not.
pub(super) fn is_bracketed_secret(kind: Kind, text: &str) -> bool {
    let inner = text.trim_matches(|c: char| "[](){}\\\"' ".contains(c));
    if is_nothing(inner)
        || matches!(
            inner,
            "Function"
                | "Object"
                | "Array"
                | "Getter"
                | "Circular"
                | "Symbol"
                | "sensitive"
                | "sensitive value"
                | "known after apply"
        )
        || matches!(kind, Kind::Suspect | Kind::Stated)
    {
        return false;
    }
    let mut words = inner.split(|c: char| !c.is_alphanumeric() && !"_.".contains(c)).filter(|word| !word.is_empty());
    let is_counted =
        |word: &str| word.parse::<f64>().is_ok() || word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if matches!(kind, Kind::Token | Kind::Plural)
        && inner.contains(|c: char| c.is_ascii_digit())
        && words.all(is_counted)
    {
        return false;
    }
    !is_complaint(inner)
}

/// Nothing at all, or something that stands for a value: `null`, `***`, `<password>`, `${TOKEN}`, `%s`, `[secret]`.
pub(super) fn is_nothing(text: &str) -> bool {
    let text = text.trim().trim_end_matches('…');
    let lower = text.to_ascii_lowercase();
    let is_made_of = |characters: &str| text.chars().all(|c| characters.contains(c));
    let within = |before: &str, after: &str| text.strip_prefix(before).and_then(|text| text.strip_suffix(after));
    let is_plain = |inner: &str| inner.len() <= 40 && inner.chars().all(|c| c.is_alphabetic() || " _-.".contains(c));
    is_made_of("*•.-_xX?#●/~[](){}")
        || NOTHING.contains(&lower.as_str())
        || NOTHING.contains(&lower.trim_matches(|c: char| !c.is_ascii_alphanumeric()))
        || within("<", ">").is_some_and(is_plain)
        || within("${", "}").is_some_and(is_plain)
        || within("{{", "}}").is_some_and(is_plain)
        || within("%(", ")s").is_some_and(is_plain)
        || within("[", "]")
            .is_some_and(|inner| is_placeholder(inner) || NOTHING.contains(&inner.to_ascii_lowercase().as_str()))
        || is_parameter_of_sql(text)
        || matches!(text, "{}" | "{0}" | "%s" | "%v" | "%d" | "[]" | "()" | "[object Object]" | "[Object]")
}

/// `$1`, `:password`, `@p0`
fn is_parameter_of_sql(text: &str) -> bool {
    let is_number = |number: &str| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    text.strip_prefix('$').or(text.strip_prefix("@p")).is_some_and(is_number)
        || text.strip_prefix(':').is_some_and(|name| kind_of(name).is_some())
}

/// The words that this module puts in place of secrets, without their brackets.
fn is_placeholder(inner: &str) -> bool {
    PLACEHOLDERS.iter().any(|placeholder| placeholder.trim_matches(['[', ']']) == inner)
}

/// `DB_PASSWORD`, where the name of a variable is told and not what it holds.
fn is_name_of_variable(text: &str) -> bool {
    text.contains('_')
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_' || byte.is_ascii_digit())
        && kind_of(text).is_some()
}

/// `os.environ["TOKEN"]`, `self.password`, `get_token()`: a line of a program.
fn is_code(word: &str) -> bool {
    const OBJECTS: &[&str] = &[
        "ENV", "os", "process", "self", "this", "config", "settings", "event", "req", "request", "env", "context",
        "args", "kwargs", "props", "options", "params",
    ];
    let end = word.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(word.len());
    let (first, rest) = word.split_at(end);
    let is_call = rest.starts_with('(')
        && ["get", "fetch", "load", "read", "create", "generate", "decode", "encode"]
            .iter()
            .any(|verb| first.starts_with(verb));
    is_call || matches!(word, "await" | "new" | "yield") || (OBJECTS.contains(&first) && rest.starts_with(['.', '[']))
}

/// `AccessDeniedException`
fn is_type_of_error(word: &str) -> bool {
    let word = word.trim_end_matches([':', '.', ',', ';']);
    let is_name = word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'_');
    is_name && ["Exception", "Error", "Denied", "Failure", "Fault"].iter().any(|ending| word.ends_with(ending))
}

/// `token: must not be empty`, `secret: not found`
fn is_sentence(rest: &str) -> bool {
    let mut words = rest
        .split([' ', '\n'])
        .map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '/'));
    let first = words.next().unwrap_or_default().to_ascii_lowercase();
    let second = words.next().unwrap_or_default().to_ascii_lowercase();
    let is_plain = first.bytes().all(|byte| byte.is_ascii_alphabetic() || b"/_-'".contains(&byte));
    let first_word = first.split(['_', '-']).next().filter(|_| is_plain).unwrap_or_default();
    let is_login = SCHEMES.contains(&first_word)
        && !second.is_empty()
        && !OF_SENTENCES.contains(&second.as_str())
        && !NOTHING.contains(&second.as_str());
    if is_login {
        return false;
    }
    if NOTHING.contains(&first_word)
        || (OF_SENTENCES.contains(&first_word) && (!second.is_empty() || first_word.len() > 3))
    {
        return true;
    }
    let beginning = rest.split_inclusive([' ', '\n']).take(8).collect::<String>();
    is_plain && (OF_SENTENCES.contains(&second.as_str()) || is_complaint(&beginning))
}

/// `The password must be at least 8 characters.`
fn is_complaint(text: &str) -> bool {
    let words = || {
        text.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_ascii_lowercase())
    };
    let has = |list: &[&str]| words().any(|word| list.contains(&word.as_str()));
    words().count() >= 3 && has(OF_COMPLAINTS) && has(OF_SENTENCES)
}

/// So few digits that they count something.
fn is_count(text: &str, longest: usize) -> bool {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%').trim_end_matches(['.', ',']);
    !digits.is_empty()
        && digits.len() <= longest
        && digits.bytes().all(|byte| byte.is_ascii_digit() || b"./".contains(&byte))
        && text.len() - digits.len() <= 3
}

/// `/var/run/secrets/token`
fn is_path(text: &str) -> bool {
    let is_of_path = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-./".contains(c);
    text.starts_with(['/', '.', '~'])
        && text.contains('/')
        && text.len() > 3
        && text.chars().skip(1).all(is_of_path)
        && !text.split('/').any(|part| is_random(part, true))
}

/// `prod/db/main`
fn is_relative_path(text: &str) -> bool {
    text.contains('/')
        && text
            .split('/')
            .all(|part| part.len() > 1 && part.bytes().all(|byte| byte.is_ascii_lowercase() || b"_-.".contains(&byte)))
}

/// `user=app`, which is looked at on its own.
fn is_assignment(text: &str) -> bool {
    let is_name = |name: &str| {
        name.bytes().all(|byte| byte.is_ascii_alphabetic() || b"_-.".contains(&byte)) && kind_of(name).is_some()
    };
    text.split_once('=').is_some_and(|(name, value)| !value.trim_matches('=').is_empty() && is_name(name))
}

/// `photo-0a1b.png`
fn is_file(text: &str) -> bool {
    text.rsplit_once('.').is_some_and(|(_, ending)| {
        (1..=5).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    })
}

/// `server.key`, the file that a key is in.
fn is_key_file(text: &str) -> bool {
    is_file(text) && [".pem", ".key", ".crt", ".cer", ".pfx", ".p12"].iter().any(|ending| text.ends_with(ending))
}

/// Whether a word that a sentence tells behind `token` or `secret` is one and no name of one: letters and digits stand
/// mixed in it, as they do not in `prod-db-2`.
pub(super) fn is_told_secret(word: &str) -> bool {
    let is_mixed_up = |part: &str| {
        let kinds: Vec<bool> = part.chars().map(|c| c.is_ascii_digit()).collect();
        let letters = kinds.iter().filter(|is_digit| !**is_digit).count();
        let changes = kinds.windows(2).filter(|pair| matches!(pair, [a, b] if a != b)).count();
        part.len() >= 8 && changes >= 2 && letters * 3 >= part.len()
    };
    let is_of_word = |c: char| c.is_ascii_alphanumeric() || "-_!@#$%^&*+".contains(c);
    (is_random(word, true) && !is_uuid(word))
        || (word.chars().all(is_of_word)
            && !is_uuid(word)
            && word.split(|c: char| !c.is_ascii_alphanumeric()).any(is_mixed_up))
}

/// Letters with digits or marks among them.
pub(super) fn looks_like_password(word: &str) -> bool {
    let has = |is: fn(&char) -> bool| word.chars().any(|c| is(&c));
    let is_part_of_text = word.contains(['/', '\\', '(']) || word.starts_with('-');
    word.len() >= 5
        && !is_part_of_text
        && has(char::is_ascii_alphabetic)
        && (has(char::is_ascii_digit) || has(|c| "!@#$%^&*".contains(*c)))
}

/// Large and small letters without order.
fn is_mixed(word: &str) -> bool {
    word.len() >= 10 && word.bytes().all(|byte| byte.is_ascii_alphanumeric()) && changes(word) * 3 >= word.len()
}

/// `482910`, sent to a telephone, and `110-234-567890`, the number of an account; but not `2025-12-31`.
fn is_code_number(word: &str) -> bool {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    let is_date = word.split('-').map(str::len).eq([4, 2, 2]);
    let most = if digits == word.len() { 10 } else { 16 };
    (4..=most).contains(&digits)
        && !is_date
        && word.starts_with(|c: char| c.is_ascii_digit())
        && word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// Whether a name is no word that sentences have, as `secret` and `token` are.
fn is_compound(name: &str) -> bool {
    !["secret", "secrets", "token", "tokens", "credential", "credentials", "key", "keys"]
        .contains(&name.to_ascii_lowercase().as_str())
}

fn has_hangul(text: &str) -> bool {
    text.chars().any(|c| ('가'..='힣').contains(&c))
}
