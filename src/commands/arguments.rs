//! Options and values that several commands share.

use clap::ValueEnum;
use model::glob::NamePattern;
use model::money::Percent;
use model::redact::printable;
use model::span::Span;

use crate::config;

/// How a command's output is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputFormat {
    /// For people
    Text,
    /// For programs; schemas are in docs/
    Json,
}

/// Who speaks: the name that was given, else the login name.
pub(super) fn author(given: Option<String>) -> Result<String, String> {
    let name = match given {
        Some(name) => words(&name).map_err(|why| format!("--author: {why}"))?,
        None => words(&config::login_name().unwrap_or_default()).unwrap_or_default(),
    };
    if name.is_empty() {
        Err("your login name is unknown (neither USER nor LOGNAME is set); set it with --author".to_owned())
    } else {
        Ok(name)
    }
}

/// The longest text that people can leave, in characters: it has to fit into messages.
const LONGEST_WORDS: usize = 300;

/// Reads what people leave for others: one line that a terminal can show.
pub(super) fn words(typed: &str) -> Result<String, String> {
    let line = printable(typed).split_whitespace().collect::<Vec<_>>().join(" ");
    match line.chars().count() {
        0 => Err("the text must not be empty".to_owned()),
        1..=LONGEST_WORDS => Ok(line),
        count => Err(format!("the text has {count} characters; the maximum is {LONGEST_WORDS}")),
    }
}

/// Reads a name, or a pattern of names.
pub(super) fn pattern(typed: &str) -> Result<NamePattern, String> {
    typed.parse().map_err(|mistake: serde::de::value::Error| mistake.to_string())
}

/// Reads a length of time.
pub(super) fn span(typed: &str) -> Result<Span, String> {
    use serde::Deserialize;
    use serde::de::IntoDeserializer;
    Span::deserialize(typed.into_deserializer()).map_err(|mistake: serde::de::value::Error| mistake.to_string())
}

/// Reads a share such as `1%`.
pub(super) fn share(typed: &str) -> Result<Percent, String> {
    use serde::Deserialize;
    use serde::de::IntoDeserializer;
    Percent::deserialize(typed.into_deserializer()).map_err(|mistake: serde::de::value::Error| mistake.to_string())
}
