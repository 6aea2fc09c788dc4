//! The handler got an event that does not have the expected shape.

use super::case::InvocationFacts;
use super::cause::Cause;
use super::evidence::has_any;
use super::sign::{MatchWeight, said};
use super::verdict::Diagnosis;
use crate::line::ApplicationLine;

pub(super) const WORDS: &[&str] = &[
    "unable to infer a handler to use for the event",
    "KeyError: '",
    "KeyError: \"",
    "An error occurred during JSON parsing",
    "Error converting the Lambda event JSON payload",
    "cannot unmarshal",
    "UnmarshalTypeError",
    "Unexpected token u in JSON",
    "\"undefined\" is not valid JSON",
    "Unexpected end of JSON input",
    "JSONDecodeError",
    "JSONDecodeError",
    "UnrecognizedPropertyException",
    "Unable to determine service/operation name",
    "Unrecognized event",
    "unsupported event",
    "Unsupported event",
    "Unknown event type",
    "Unhandled event type",
    "Unable to determine event type",
    "is not a valid event",
    "missing field `",
    "of undefined (reading '",
    "Cannot read property '",
    "event[",
    "Invalid event",
    "invalid event",
    "Cannot deserialize value of type",
    "failed to deserialize",
    "could not be parsed as",
    "Event is not",
    "JsonParseException",
    "string indices must be integers",
];

/// Fields of the events that AWS services send.
const OF_EVENTS: [&str; 26] = [
    "Records",
    "body",
    "httpMethod",
    "pathParameters",
    "queryStringParameters",
    "requestContext",
    "headers",
    "detail",
    "rawPath",
    "resource",
    "session",
    "request",
    "awslogs",
    "s3",
    "Sns",
    "dynamodb",
    "kinesis",
    "eventSource",
    "routeKey",
    "http",
    "authorizationToken",
    "RequestType",
    "ResourceProperties",
    "currentIntent",
    "triggerSource",
    "path",
];

/// Clients that could not read an answer as JSON; the event has nothing to do with it.
const OF_ANSWERS: &[&str] = &[
    "requests.exceptions",
    "requests/models.py",
    "response.json()",
    "resp.json()",
    "res.json()",
    "Response.json",
    "consumeBody",
    "node-fetch",
    "httpx",
];

pub(super) fn sign(line: &ApplicationLine<'_>) -> Option<MatchWeight> {
    let text = line.text.as_ref();
    if has_any(text, OF_ANSWERS) {
        return None;
    }
    let quoted = |before: &str, end: char| {
        text.split_once(before).and_then(|(_, rest)| rest.split_once(end)).map(|(key, _)| key)
    };
    let key = quoted("KeyError: '", '\'')
        .or_else(|| quoted("KeyError: \"", '"'))
        .or_else(|| quoted("(reading '", '\''))
        .or_else(|| quoted("Cannot read property '", '\''));
    let by_key = key.is_some_and(|key| OF_EVENTS.contains(&key));
    let only_by_key = ["KeyError: '", "KeyError: \"", "of undefined (reading '", "Cannot read property '", "event["];
    let by_words = WORDS.iter().any(|word| !only_by_key.contains(word) && text.contains(word));
    (by_key || by_words).then(|| said(line)).flatten()
}

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::BadEvent, "The handler got an event that does not have the shape it expects.")
}
