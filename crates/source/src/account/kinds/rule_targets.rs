//! What rules of EventBridge call.

use account::map::{MapKind, MapResource, MapSnapshot};
use aws::describing::{DescribeCall, EVENTS};
use serde_json::json;

use super::event_rules::{id, listed, named};
use crate::account::asked::MapStop;
use crate::account::context::{Listed, MapContext};
use crate::account::fields::{Fields, JsonObject, with_token};
use crate::account::parts::{Whole, parts};

pub(in crate::account) const CALLS: &[&str] =
    &["events:ListEventBuses", "events:ListRules", "events:ListTargetsByRule"];

pub(in crate::account) async fn read(look: &MapContext<'_>) -> Result<MapSnapshot, MapStop> {
    // Nothing that lists rules changes with their targets, but a deployment of a rule often changes both.
    let whole = |(bus, of): &(String, JsonObject)| {
        let mark = ["State", "ScheduleExpression", "EventPattern"];
        let mark = mark.map(|name| of.get(name).map(ToString::to_string).unwrap_or_default());
        Ok((id(bus, of)?, mark.join(" ")))
    };
    let wholes: Vec<Whole> = listed(look).await?.iter().map(whole).collect::<Result<_, MapStop>>()?;
    parts(look, MapKind::RuleTarget, wholes, 1, |rule| async move {
        let (bus, name) = named(&rule);
        let call = |token: Option<String>| {
            let body = with_token(json!({"Rule": name, "EventBusName": bus, "Limit": 100}), "NextToken", token);
            DescribeCall::post(&EVENTS, "events:ListTargetsByRule", &body, &rule)
        };
        let found = look.list(Listed::new("Targets", "NextToken"), call).await?;
        found.iter().map(|of| target(look, &rule, of)).collect()
    })
    .await
}

fn target(look: &MapContext<'_>, rule: &str, of: &JsonObject) -> Result<MapResource, MapStop> {
    let fields = Fields::new("events:ListTargetsByRule", of);
    let mut target = MapResource::new(format!("{rule}/{}", fields.required("Id")?));
    target.set("target", fields.required("Arn")?);
    fields.set(&mut target, &[("role", "RoleArn"), ("input_path", "InputPath")]);
    fields.set_digest(&mut target, "input_digest", "Input", look.key);
    fields.set_digest(&mut target, "input_transformer_digest", "InputTransformer", look.key);
    fields.set_in(&mut target, "DeadLetterConfig", &[("dead_letter", "Arn")]);
    fields.set_in(
        &mut target,
        "RetryPolicy",
        &[("retries", "MaximumRetryAttempts"), ("max_age_seconds", "MaximumEventAgeInSeconds")],
    );
    Ok(target)
}
