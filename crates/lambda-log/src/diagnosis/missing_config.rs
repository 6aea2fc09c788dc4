//! A setting that the code needs is absent or wrong.

use super::case::InvocationFacts;
use super::cause::Cause;
use super::sign::{MatchWeight, said};
use super::verdict::Diagnosis;
use crate::line::ApplicationLine;

pub(super) const WORDS: &[&str] = &[
    "KeyError: '",
    "module initialization error: '",
    "got \"undefined\"",
    "got undefined",
    "find the specified secret",
    "environment variable",
    "Environment variable",
    "env variable",
    "env var ",
    "os.environ",
    "process.env",
    "ParameterNotFound",
    "ImproperlyConfigured",
    "setting must not be empty",
    "Missing region in config",
    "Region is missing",
    "You must specify a region",
    "must be set",
    "is not set",
    "not configured",
    "Missing required",
    "missing required",
    "No API key configured",
    "api_key client option must be set",
    "API key is missing",
    "Missing API key",
    "Missing credentials in config",
    "required for this operation",
    "Cannot read configuration",
    "configuration value",
    "ENOTFOUND undefined",
    "Invalid URL: undefined",
    "key not found: \"",
    "ConfigurationError",
    "is a required",
    "supabaseUrl is required",
    "secretOrPrivateKey must have a value",
    "NotPresent",
];

pub(super) fn sign(line: &ApplicationLine<'_>) -> Option<MatchWeight> {
    let text = line.text.as_ref();
    // That an environment variable is spoken of says nothing; that one is missing does.
    let spoken_of = [
        "environment variable",
        "Environment variable",
        "env variable",
        "env var ",
        "os.environ",
        "process.env",
        "configuration value",
    ];
    let absent = [
        "missing",
        "Missing",
        "not set",
        "not defined",
        "undefined",
        "not found",
        "required",
        "must be",
        "empty",
        "No ",
        "not been set",
        "unset",
        "not provided",
        "not specified",
        "KeyError",
        "NotPresent",
    ];
    // A schema says this of a field of the event.
    if text.contains("is a required property") && !spoken_of.iter().any(|word| text.contains(word)) {
        return None;
    }
    let others = WORDS.iter().skip(2).any(|word| {
        text.contains(word) && (!spoken_of.contains(word) || absent.iter().any(|absent| text.contains(absent)))
    });
    // The name of a variable is in capitals; any other key is the code's own affair.
    let of_environment = others
        || WORDS.iter().take(2).any(|word| {
            let key = text
                .split_once(word)
                .and_then(|(_, rest)| rest.split_once('\''))
                .map(|(key, _)| key)
                .unwrap_or_default();
            let capitals = key.len() > 2
                && key.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
            capitals || (text.contains("module initialization error") && !key.is_empty())
        });
    of_environment.then(|| said(line)).flatten()
}

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    case.by_sign(
        Cause::MissingConfig,
        "A setting that the code needs (an environment variable, a parameter, a secret) is missing or empty.",
    )
}
