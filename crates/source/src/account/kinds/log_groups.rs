//! Log groups: how long they keep events, and in which class.

use account::map::{MapKind, MapResource, MapSnapshot};
use aws::describing::{DescribeCall, LOG_GROUPS};
use serde_json::json;

use crate::account::asked::MapStop;
use crate::account::context::{Listed, MapContext};
use crate::account::fields::{Fields, JsonObject, with_token, with_unit};

pub(in crate::account) const CALLS: &[&str] = &["logs:DescribeLogGroups"];

pub(in crate::account) async fn read(look: &MapContext<'_>) -> Result<MapSnapshot, MapStop> {
    let call = |token: Option<String>| {
        let body = with_token(json!({"limit": 50}), "nextToken", token);
        DescribeCall::post(&LOG_GROUPS, "logs:DescribeLogGroups", &body, "the account's log groups")
    };
    let groups = look.list(Listed::new("logGroups", "nextToken"), call).await?;
    let all = groups.iter().map(group).collect::<Result<_, _>>()?;
    Ok(look.snapshot(MapKind::LogGroup, all))
}

fn group(of: &JsonObject) -> Result<MapResource, MapStop> {
    let fields = Fields::new("logs:DescribeLogGroups", of);
    let mut group = MapResource::new(fields.required("logGroupName")?);
    group.arn = fields.text("arn").map(|arn| arn.strip_suffix(":*").unwrap_or(arn).to_owned());
    // An absent retention is none: events are kept for ever.
    group.set("retention", "none");
    fields.set_by(&mut group, "retention", "retentionInDays", with_unit("days"));
    fields.set(&mut group, &[("class", "logGroupClass"), ("kms_key", "kmsKeyId")]);
    Ok(group)
}
