//! The handler got an event that does not have the expected shape.

use super::case::InvocationFacts;
use super::cause::Cause;
use super::evidence::{has_any, is_of_event, is_whole_name};
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
    "The JSON value could not be converted to",
    "ZodError",
    "input_value=",
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
    // .NET's runtime reads the event by the same serializer that code reads other JSON with.
    let by_serializer =
        text.contains("JSON value could not be converted to") && text.contains("Amazon.Lambda.Serialization");
    if by_key || by_words || by_serializer || is_of_event(text) {
        return said(line);
    }
    // A schema that nobody expected to fail is mostly that of the event; the line does not say so.
    (line.unhandled && !line.in_start_up && is_of_schema(text)).then_some(MatchWeight::Guess)
}

/// Whether an object did not fit its schema, by the words of the two libraries that most code checks events with.
fn is_of_schema(text: &str) -> bool {
    let by_zod = || is_whole_name(text, "ZodError") && has_any(text, &["\"path\":", "path:", "invalid_type"]);
    // Settings are read by the same library.
    let by_pydantic =
        || has_any(text, &["validation error for ", "validation errors for "]) && text.contains("input_value=");
    (by_zod() || by_pydantic()) && !has_any(text, &["Settings", "Config", "Environment", "process.env", "NODE_ENV"])
}

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    let found = case.by_sign(Cause::BadEvent, "The handler got an event that does not have the shape it expects.")?;
    let mut signs = case.signs.iter().filter(|sign| sign.cause == Cause::BadEvent);
    let guessed = signs.all(|sign| sign.weight == MatchWeight::Guess);
    let finding = "An object did not have the shape that the code expects, and nobody caught the error; the lines do not say whether it was the event.";
    Some(if guessed { Diagnosis { finding: finding.to_owned(), ..found } } else { found })
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
            "JsonException: The JSON value could not be converted to System.String.\n   at Amazon.Lambda.Serialization.SystemTextJson.AbstractLambdaJsonSerializer.Deserialize",
            "ZodError: [{\"code\":\"invalid_type\",\"path\":[\"orderId\"]}]",
            "ValidationError: 1 validation error for Order\norder_id\n  Field required [type=missing, input_value={'x': 1}]",
            "NullPointerException: because the return value of \"com.amazonaws.services.lambda.runtime.events.SQSEvent.getRecords()\" is null",
        ] {
            assert!(is_one(text), "{text}");
        }
        for text in [
            "KeyError: 'rate'\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 4, in handler\n    return convert(event)\n  File \"/var/task/app.py\", line 9, in convert\n    table['rate']",
            "TypeError: 'NoneType' object is not subscriptable\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 4, in handler\n    return load(event['id'])\n  File \"/var/task/app.py\", line 9, in load\n    row['name']",
            "ClientError: denied\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 4, in handler\n    table.get_item(Key=event['key'])",
            "TypeError: Cannot destructure property 'id' of 'row' as it is undefined.",
            "JsonException: The JSON value could not be converted to System.String.\n   at Shop.Rates.Load()",
            "ValidationError: 1 validation error for AppSettings\nurl\n  Field required [type=missing, input_value={}]",
            "ZodError: [{\"code\":\"invalid_type\",\"path\":[\"DB_URL\"]}]\n    at parse (file:///var/task/env.mjs)\n    parse(process.env)",
        ] {
            assert!(!is_one(text), "{text}");
        }
    }
}
