//! `[[cause]]`: causes of the user's own, by words in the lines of a log.

use std::collections::BTreeSet;

use lambda_log::diagnosis::{Cause, CauseCode, Causes, CustomCause};
use model::settings::TableReader;
use toml::Spanned;

/// The longest title, in characters: it has to fit into a headline.
const MAX_TITLE: usize = 80;
/// The longest sentence, in characters: it has to fit into a message.
const MAX_SENTENCE: usize = 400;

/// Reads every `[[cause]]`. Returns the built-in causes with those of the user's own, and the codes of the latter as
/// they are written.
pub(super) fn read(root: &mut TableReader<'_, '_>) -> (Option<Causes>, BTreeSet<String>) {
    let mut codes = BTreeSet::new();
    let mut tables = 0;
    let custom = root.tables("cause", |table| {
        tables += 1;
        one(table, &mut codes)
    });
    if custom.len() < tables {
        return (None, codes);
    }
    match Causes::with(custom) {
        Ok(causes) => (Some(causes), codes),
        Err(why) => {
            root.problem("cause", "the causes cannot be used", why, None);
            (None, codes)
        }
    }
}

fn one(table: &mut TableReader<'_, '_>, codes: &mut BTreeSet<String>) -> Option<CustomCause> {
    let typed: Option<String> = table.required("code");
    let code = typed.and_then(|typed| code(table, typed, codes));
    let words = words(table);
    let next_step =
        if table.has("next_step") { text(table, "next_step", MAX_SENTENCE) } else { table.required("next_step") };
    let title = if table.has("title") { text(table, "title", MAX_TITLE).map(Some) } else { Some(None) };
    let finding = if table.has("finding") { text(table, "finding", MAX_SENTENCE).map(Some) } else { Some(None) };
    Some(CustomCause::new(code?, words?, next_step?).with_title(title?).with_finding(finding?))
}

fn code(table: &TableReader<'_, '_>, typed: String, codes: &mut BTreeSet<String>) -> Option<CauseCode> {
    if Cause::built_in(&typed).is_some() {
        let help = "take a code that says what is special about yours".to_owned();
        table.problem("code", format!("`{typed}` is a built-in cause"), "already taken", Some(help));
        return None;
    }
    let code = match CauseCode::parse(&typed) {
        Ok(code) => code,
        Err(why) => {
            table.problem("code", why.to_string(), "not a code", Some("write it like \"card_declined\"".to_owned()));
            return None;
        }
    };
    if !codes.insert(typed) {
        table.problem(
            "code",
            format!("two causes have the code `{}`", code.as_str()),
            "already taken",
            Some("put the words of both into one [[cause]]".to_owned()),
        );
        return None;
    }
    Some(code)
}

/// The words, each of which must be able to tell something.
fn words(table: &mut TableReader<'_, '_>) -> Option<Vec<String>> {
    let typed: Vec<Spanned<String>> = table.some("words")?;
    let mut seen = BTreeSet::new();
    let mut all_right = typed.len() <= CustomCause::MAX_WORDS;
    if !all_right {
        table.problem(
            "words",
            format!("one cause has {} words", typed.len()),
            format!("at most {}", CustomCause::MAX_WORDS),
            None,
        );
    }
    for word in &typed {
        let (text, bounds) = (word.get_ref().as_str(), CustomCause::MIN_WORD..=CustomCause::MAX_WORD);
        let wrong = if !bounds.contains(&text.trim().len()) {
            Some((
                format!("a word of a cause has {} to {} bytes", bounds.start(), bounds.end()),
                "too short or too long",
            ))
        } else if text.chars().any(char::is_control) {
            Some(("a word of a cause stands in one line".to_owned(), "it has a control character"))
        } else if !seen.insert(text) {
            Some((format!("`{text}` is listed twice"), "once is enough"))
        } else {
            None
        };
        if let Some((what, label)) = wrong {
            table.notes().problem(word.span(), what, label, None);
            all_right = false;
        }
    }
    all_right.then(|| typed.into_iter().map(Spanned::into_inner).collect())
}

/// A text for people, in one line.
fn text(table: &mut TableReader<'_, '_>, key: &'static str, most: usize) -> Option<String> {
    let typed: String = table.optional(key)?;
    let count = typed.trim().chars().count();
    if count == 0 || count > most || typed.chars().any(char::is_control) {
        table.problem(
            key,
            format!("`{key}` of a cause must be one line of 1 to {most} characters"),
            "cannot be shown",
            None,
        );
        return None;
    }
    Some(typed)
}
