//! Which call made a change, by CloudTrail's event history of the last 90 days. It shows a call after about five
//! minutes, so a change is looked up again for a while.

use account::map::{Change, TrailEvent, attributed};
use aws::describing::{DescribeCall, TRAIL};
use aws::paging::PageTokens;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::asked::MapStop;
use super::context::MapContext;
use super::fields::{Fields, JsonObject, time, with_token};

pub(super) const CALL: &str = "cloudtrail:LookupEvents";

/// So long after a change its call may still show.
pub(super) const SHOWS: TimeDelta = TimeDelta::minutes(45);
/// The most pages of 50 calls that are read: an account can be full of calls that write.
const MOST_PAGES: usize = 10;
/// The longest text of a request that can name a resource.
const LONGEST_NAME: usize = 300;

/// Changes with the calls that made them, as far as they show; [`MapStop::Failed`] if CloudTrail cannot be asked.
pub(super) async fn with_calls(look: &MapContext<'_>, changes: &[Change]) -> Result<Vec<Change>, MapStop> {
    let Some(first) = changes.iter().map(|change| change.since).min() else { return Ok(vec![]) };
    let events = events(look, first - TimeDelta::minutes(1)).await?;
    let found = |change: &Change| {
        let by = attributed(change, &events)?;
        Some(Change { by: Some(by), ..change.clone() })
    };
    Ok(changes.iter().filter_map(found).collect())
}

async fn events(look: &MapContext<'_>, from: DateTime<Utc>) -> Result<Vec<TrailEvent>, MapStop> {
    let (mut all, mut tokens, mut token) = (Vec::new(), PageTokens::default(), None::<String>);
    for _ in 0..MOST_PAGES {
        let body = with_token(
            json!({
                "LookupAttributes": [{"AttributeKey": "ReadOnly", "AttributeValue": "false"}],
                "StartTime": from.timestamp(),
                "EndTime": look.started.timestamp() + 60,
                "MaxResults": 50,
            }),
            "NextToken",
            token,
        );
        let page = look.object(DescribeCall::post(&TRAIL, CALL, &body, "calls that changed something")).await?;
        let found = page.get("Events").and_then(Value::as_array).into_iter().flatten();
        all.extend(found.filter_map(Value::as_object).filter_map(event));
        let next = page.get("NextToken").and_then(Value::as_str).map(str::to_owned);
        token = match tokens.next(next) {
            Ok(Some(token)) => Some(token),
            Ok(None) | Err(_) => break,
        };
    }
    Ok(all)
}

/// An event; `None` for one that lacks what is needed. Keys and addresses are not taken from it.
fn event(of: &JsonObject) -> Option<TrailEvent> {
    let fields = Fields::new(CALL, of);
    // Without its record it is not known whether the call was refused, so it explains nothing.
    let inner: Value = fields.text("CloudTrailEvent").and_then(|text| serde_json::from_str(text).ok())?;
    if inner.get("errorCode").is_some() {
        // A call that was refused has changed nothing.
        return None;
    }
    let mut names = Vec::new();
    let listed = fields.get("Resources").and_then(Value::as_array).into_iter().flatten();
    names.extend(listed.filter_map(|one| Some(one.get("ResourceName")?.as_str()?.to_owned())));
    texts(inner.get("requestParameters"), 0, &mut names);
    // The id of something new is in the answer to the call that created it.
    texts(inner.get("responseElements"), 0, &mut names);
    Some(TrailEvent {
        at: time(fields.get("EventTime")?)?,
        service: fields.text("EventSource")?.to_owned(),
        call: fields.text("EventName")?.to_owned(),
        who: who(inner.get("userIdentity")).or_else(|| fields.text("Username").map(str::to_owned))?,
        names,
    })
}

/// The short texts of a request, not too deep.
fn texts(value: Option<&Value>, depth: usize, into: &mut Vec<String>) {
    match value {
        Some(Value::String(text)) if text.len() <= LONGEST_NAME => into.push(text.clone()),
        Some(Value::Object(object)) if depth < 3 => {
            object.values().for_each(|value| texts(Some(value), depth + 1, into));
        }
        Some(Value::Array(all)) if depth < 3 => all.iter().for_each(|value| texts(Some(value), depth + 1, into)),
        _ => {}
    }
}

/// The name of a user, the session of a role, or the service that called.
fn who(identity: Option<&Value>) -> Option<String> {
    let identity = identity?;
    let text = |field: &str| identity.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
    let session = text("arn").and_then(|arn| arn.split_once(":assumed-role/")).map(|(_, session)| session.to_owned());
    match text("type") {
        Some("Root") => Some("root".to_owned()),
        _ => session.or_else(|| text("userName").or(text("invokedBy")).map(str::to_owned)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_says_who_called_and_keeps_neither_keys_nor_addresses() {
        let inner = json!({
            "userIdentity": {"type": "AssumedRole", "arn": "arn:aws:sts::1:assumed-role/deploy/soyoung", "accessKeyId": "ASIAKEY"},
            "sourceIPAddress": "203.0.113.9",
            "requestParameters": {"functionName": "shop", "environment": {"variables": "HIDDEN_DUE_TO_SECURITY_REASONS"}},
        });
        let of = json!({
            "EventTime": 1734696000, "EventSource": "lambda.amazonaws.com", "EventName": "UpdateFunctionConfiguration20150331v2",
            "Username": "x", "AccessKeyId": "ASIAKEY", "CloudTrailEvent": inner.to_string(),
            "Resources": [{"ResourceType": "AWS::Lambda::Function", "ResourceName": "shop"}],
        });
        let read = event(of.as_object().unwrap()).unwrap();
        assert_eq!((read.who.as_str(), read.at.timestamp()), ("deploy/soyoung", 1_734_696_000));
        assert!(read.names.contains(&"shop".to_owned()));
        assert!(!format!("{read:?}").contains("ASIAKEY") && !format!("{read:?}").contains("203.0.113.9"));
        for (identity, expected) in [
            (json!({"type": "IAMUser", "userName": "soyoung", "arn": "arn:aws:iam::1:user/soyoung"}), Some("soyoung")),
            (json!({"type": "Root", "arn": "arn:aws:iam::1:root"}), Some("root")),
            (
                json!({"type": "AWSService", "invokedBy": "cloudformation.amazonaws.com"}),
                Some("cloudformation.amazonaws.com"),
            ),
            (json!({}), None),
        ] {
            assert_eq!(who(Some(&identity)).as_deref(), expected);
        }
        let refused = json!({"EventTime": 1, "EventSource": "x", "EventName": "y", "Username": "z", "CloudTrailEvent": "{\"errorCode\":\"AccessDenied\"}"});
        assert_eq!(event(refused.as_object().unwrap()), None);
    }
}
