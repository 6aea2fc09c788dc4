//! Events with the fields that AWS documents for each way a request comes in.

use serde_json::{Value, json};

/// API Gateway REST, or HTTP with payload format 1.0: `asked` is the path as it was asked for.
pub(super) fn rest(stage: &str, path: &str, asked: &str) -> Value {
    json!({
        "resource": "/{proxy+}",
        "path": path,
        "httpMethod": "GET",
        "headers": {"Host": "abcdefghij.execute-api.ap-northeast-2.amazonaws.com", "X-Forwarded-Proto": "https"},
        "multiValueHeaders": null,
        "queryStringParameters": null,
        "multiValueQueryStringParameters": null,
        "pathParameters": {"proxy": path.trim_start_matches('/')},
        "stageVariables": null,
        "requestContext": {
            "resourceId": "z1x2c3", "resourcePath": "/{proxy+}", "httpMethod": "GET", "path": asked, "accountId": "111122223333",
            "protocol": "HTTP/1.1", "stage": stage, "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
            "requestTimeEpoch": 1_795_305_600_000_i64, "identity": {"sourceIp": "192.0.2.1", "userAgent": "okhttp/4.9.2"}, "apiId": "abcdefghij"
        },
        "body": null,
        "isBase64Encoded": false
    })
}

/// API Gateway HTTP with payload format 2.0.
pub(super) fn v2(stage: &str, path: &str, query: &str) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "abcdefghij.execute-api.ap-northeast-2.amazonaws.com", "x-forwarded-proto": "https"},
        "requestContext": {
            "accountId": "111122223333", "apiId": "abcdefghij", "domainName": "abcdefghij.execute-api.ap-northeast-2.amazonaws.com",
            "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "okhttp/4.9.2"},
            "requestId": "JKJaXmPLvHcESHA=", "routeKey": "$default", "stage": stage, "time": "22/Nov/2026:00:00:00 +0000", "timeEpoch": 1_795_305_600_000_i64
        },
        "isBase64Encoded": false
    })
}

/// A function URL: format 2.0 without an API.
pub(super) fn function_url(path: &str) -> Value {
    let mut event = v2("$default", path, "");
    event["requestContext"]["domainName"] = json!("abcdefghijklmnop.lambda-url.ap-northeast-2.on.aws");
    event["requestContext"]["accountId"] = json!("anonymous");
    event
}
