//! A setting that the code needs is absent or wrong.

use super::case::InvocationFacts;
use super::cause::Cause;
use super::evidence::{has_any, is_of_event};
use super::python_frames::{failing_source, is_environment_lookup};
use super::sign::{MatchWeight, said};
use super::verdict::Diagnosis;
use crate::line::ApplicationLine;

pub(super) const WORDS: &[&str] = &[
    // These say it by themselves.
    "got \"undefined\"",
    "got undefined",
    "find the specified secret",
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
    "ENOTFOUND undefined",
    "Invalid URL: undefined",
    "key not found: \"",
    "ConfigurationError",
    "is a required",
    "supabaseUrl is required",
    "secretOrPrivateKey must have a value",
    "NotPresent",
    "Could not resolve placeholder",
    "Declare it as envvar",
    // The rest is looked at more closely.
    "environment variable",
    "Environment variable",
    "env variable",
    "env var ",
    "os.environ",
    "environ.get",
    "process.env",
    "getenv(",
    "configuration value",
    "KeyError: '",
    "module initialization error: '",
    "Undefined array key \"",
    "in __getitem__",
    "required key ",
    "validation error for ",
    "validation errors for ",
    "HTTP label: ",
    "value: None",
    "Invalid URL",
    "Value null at '",
];

/// How many of the words say it by themselves.
const BY_THEMSELVES: usize = 31;

/// That these are spoken of says nothing; that one is missing does.
const SPOKEN_OF: &[&str] = &[
    "environment variable",
    "Environment variable",
    "env variable",
    "env var ",
    "os.environ",
    "process.env",
    "configuration value",
];
const ABSENT: &[&str] = &[
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
    "nvalid",
];
/// How code asks for a variable of the environment.
const LOOKUPS: &[&str] =
    &["os.environ", "environ[", "environ.get", "getenv(", "process.env", "ENV[", "ENV.fetch", "env::var"];
/// Settings of calls to AWS that name a resource, which the environment names to the code.
const RESOURCES: &[&str] = &[
    "Bucket",
    "TableName",
    "QueueUrl",
    "TopicArn",
    "TargetArn",
    "FunctionName",
    "StreamName",
    "DeliveryStreamName",
    "SecretId",
    "stateMachineArn",
    "EventBusName",
    "UserPoolId",
    "KeyId",
];

pub(super) fn sign(line: &ApplicationLine<'_>) -> Option<MatchWeight> {
    let text = line.text.as_ref();
    // A schema says this of a field of the event.
    if text.contains("is a required property") && !has_any(text, SPOKEN_OF) {
        return None;
    }
    let by_itself = WORDS.iter().take(BY_THEMSELVES).any(|word| text.contains(word));
    let is_absent = has_any(text, SPOKEN_OF) && has_any(text, ABSENT);
    (by_itself || is_absent || is_key(text) || is_lookup(text) || is_unset(text)).then(|| said(line)).flatten()
}

/// Whether a key that was not found is the name of a variable. They are in capitals; any other key is the code's own
/// affair.
fn is_key(text: &str) -> bool {
    let key = |before: &str, end: char| {
        text.split_once(before).and_then(|(_, rest)| rest.split_once(end)).map(|(key, _)| key).unwrap_or_default()
    };
    let is_name = |key: &str| {
        key.len() > 2 && key.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let named = is_name(key("KeyError: '", '\''))
        || is_name(key("module initialization error: '", '\''))
        || is_name(key("Undefined array key \"", '"'));
    let in_start_up = !key("module initialization error: '", '\'').is_empty();
    (named && !is_of_event(text)) || in_start_up
}

/// Whether the error came up where the code asked for a variable: Python's and Java's errors show that.
fn is_lookup(text: &str) -> bool {
    let of_nothing = ["NoneType", "KeyError", "Expecting value"];
    is_environment_lookup(text)
        || (has_any(text, &of_nothing) && failing_source(text).is_some_and(|source| has_any(source, LOOKUPS)))
        || (text.contains("getenv(") && has_any(text, &["is null", "must not be null"]))
}

/// Whether a value that the environment gives to the code was none.
fn is_unset(text: &str) -> bool {
    let of_settings = || {
        let class = ["validation error for ", "validation errors for "]
            .iter()
            .find_map(|words| text.split_once(words))
            .map(|(_, rest)| rest.split_ascii_whitespace().next().unwrap_or_default());
        class.is_some_and(|class| ["Settings", "Config", "Environment"].iter().any(|part| class.contains(part)))
    };
    let of_call = || {
        RESOURCES.iter().any(|name| {
            text.contains(&format!("HTTP label: {name}.")) || text.contains(&format!("parameter {name}, value: None"))
        })
    };
    let of_member = || {
        let member =
            text.split_once("Value null at '").and_then(|(_, rest)| rest.split_once('\'')).map(|(name, _)| name);
        member.is_some_and(|member| RESOURCES.iter().any(|name| name.eq_ignore_ascii_case(member)))
    };
    let of_address = || {
        text.contains("Invalid URL")
            && has_any(text, &["'undefined", "\"undefined", "//undefined", " undefined", "'None", "//None", "'null"])
    };
    (text.contains("required key ") && text.contains(" missing value"))
        || of_settings()
        || of_call()
        || of_member()
        || of_address()
}

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    case.by_sign(
        Cause::MissingConfig,
        "A setting that the code needs (an environment variable, a parameter, a secret) is missing or empty.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_one(text: &str) -> bool {
        let line = ApplicationLine { text: text.into(), unhandled: true, ..ApplicationLine::default() };
        WORDS.iter().any(|word| text.contains(word)) && sign(&line).is_some()
    }

    #[test]
    fn a_setting_is_missing_where_the_code_looked_it_up_or_was_given_none() {
        for text in [
            "KeyError: 'CARRIER_TABLE'",
            "KeyError: 'zone'\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 4, in handler\n    zone = os.environ[\"zone\"]\n  File \"<frozen os>\", line 685, in __getitem__",
            "KeyError: 'zone'\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 4, in handler\n    zone = environ[\"zone\"]\n  File \"/var/lang/lib/python3.8/os.py\", line 675, in __getitem__",
            "AttributeError: 'NoneType' object has no attribute 'split'\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 4, in handler\n    hosts = os.getenv(\"HOSTS\").split(\",\")",
            "NullPointerException: Cannot invoke \"String.trim()\" because the return value of \"java.lang.System.getenv(String)\" is null",
            "IllegalArgumentException: Could not resolve placeholder 'MAIL_HOST' in value \"${MAIL_HOST}\"",
            "required key DB_HOST missing value",
            "ValidationError: 2 validation errors for AppSettings\ndb_url\n  Field required",
            "Error: No value provided for input HTTP label: Bucket.",
            "Invalid type for parameter QueueUrl, value: None, type: <class 'NoneType'>",
            "1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must not be null",
            "TypeError: Invalid URL\n{\"input\":\"undefined/v1\"}",
            "Error: Invalid environment variables: DATABASE_URL: Required",
        ] {
            assert!(is_one(text), "{text}");
        }
        for text in [
            "KeyError: 'weight'",
            "KeyError: 'ORDER_ID'\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 4, in handler\n    order = event[\"ORDER_ID\"]",
            "KeyError: 'rate'\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 4, in handler\n    rates['rate']",
            "ConnectionError: refused\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 4, in handler\n    connect(os.environ[\"HOST\"])",
            "ValidationError: 1 validation error for Order",
            "Error: No value provided for input HTTP label: Key.",
            "1 validation error detected: Value null at 'key' failed to satisfy constraint: Member must not be null",
            "Invalid type for parameter Key.id, value: None, type: <class 'NoneType'>",
            "TypeError: Invalid URL: 'ftp:/x'",
            "the environment variable RATES was read",
        ] {
            assert!(!is_one(text), "{text}");
        }
    }
}
