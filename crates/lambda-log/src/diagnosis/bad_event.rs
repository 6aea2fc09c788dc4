//! The handler got an event that does not have the expected shape.

use super::case::InvocationFacts;
use super::cause::Cause;
use super::evidence::{has_any, is_of_event};
use super::sign::{MatchWeight, said};
use super::verdict::Diagnosis;
use crate::line::ApplicationLine;

pub(super) const WORDS: &[&str] = &[
    "unable to infer a handler to use for the event",
    "An error occurred during JSON parsing",
    "Error converting the Lambda event JSON payload",
    "cannot unmarshal",
    "UnmarshalTypeError",
    "Unexpected token u in JSON",
    "\"undefined\" is not valid JSON",
    "Unexpected end of JSON input",
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
    "Invalid event",
    "invalid event",
    "Cannot deserialize value of type",
    "failed to deserialize",
    "could not be parsed as",
    "Event is not",
    "JsonParseException",
    "string indices must be integers",
    // These are looked at more closely.
    "KeyError: '",
    "KeyError: \"",
    "of undefined (reading '",
    "Cannot read property '",
    "Cannot destructure property",
    "event[",
    "evt[",
    "event.",
    "lambda.runtime.events.",
    "aws_lambda_powertools",
];

/// How many of the words say it by themselves.
const BY_THEMSELVES: usize = 27;

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
    let by_words = WORDS.iter().take(BY_THEMSELVES).any(|word| text.contains(word));
    (by_key || by_words || is_of_event(text)).then(|| said(line)).flatten()
}

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::BadEvent, "The handler got an event that does not have the shape it expects.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_one(text: &str) -> bool {
        let line = ApplicationLine { text: text.into(), unhandled: true, ..ApplicationLine::default() };
        WORDS.iter().any(|word| text.contains(word)) && sign(&line).is_some()
    }

    #[test]
    fn an_event_is_bad_where_the_code_read_it() {
        for text in [
            "KeyError: 'Records'",
            "KeyError: 'customer'\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 4, in handler\n    name = event['customer']['name']",
            "TypeError: 'NoneType' object is not subscriptable\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 4, in handler\n    page = event[\"queryStringParameters\"][\"page\"]",
            "IndexError: list index out of range\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 4, in handler\n    first = event['Records'][0]",
            "TypeError: the JSON object must be str, bytes or bytearray, not NoneType\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 4, in handler\n    json.loads(event.get(\"body\"))\n  File \"/var/lang/lib/python3.12/json/__init__.py\", line 339, in loads\n    raise TypeError(",
            "TypeError: Cannot destructure property 'id' of 'event.arguments' as it is undefined.",
            "NullPointerException: because the return value of \"com.amazonaws.services.lambda.runtime.events.SQSEvent.getRecords()\" is null",
        ] {
            assert!(is_one(text), "{text}");
        }
        for text in [
            "KeyError: 'rate'\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 4, in handler\n    return convert(event)\n  File \"/var/task/app.py\", line 9, in convert\n    table['rate']",
            "TypeError: 'NoneType' object is not subscriptable\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 4, in handler\n    return load(event['id'])\n  File \"/var/task/app.py\", line 9, in load\n    row['name']",
            "ClientError: denied\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 4, in handler\n    table.get_item(Key=event['key'])",
            "TypeError: Cannot destructure property 'id' of 'row' as it is undefined.",
        ] {
            assert!(!is_one(text), "{text}");
        }
    }
}
