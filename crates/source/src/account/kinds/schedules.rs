//! Schedules of EventBridge Scheduler. The list says when each one was changed; only those are asked for in full.

use account::map::{MapKind, MapResource, MapSnapshot};
use aws::describing::{DescribeCall, SCHEDULER, in_path};

use crate::account::asked::MapStop;
use crate::account::context::{Listed, MapContext};
use crate::account::fields::{Fields, JsonObject, time_text, unreadable};
use crate::account::parts::{Whole, parts};

pub(in crate::account) const CALLS: &[&str] = &["scheduler:ListSchedules", "scheduler:GetSchedule"];

/// The group that every account has.
const DEFAULT: &str = "default";

pub(in crate::account) async fn read(look: &MapContext<'_>) -> Result<MapSnapshot, MapStop> {
    let call = |token: Option<String>| {
        let path = "/schedules".to_owned();
        DescribeCall::get(&SCHEDULER, "scheduler:ListSchedules", path, "the region's schedules")
            .with("MaxResults", Some("100"))
            .with("NextToken", token)
    };
    let listed = look.list(Listed::new("Schedules", "NextToken"), call).await?;
    let wholes: Vec<Whole> = listed.iter().map(whole).collect::<Result<_, _>>()?;
    parts(look, MapKind::Schedule, wholes, 1, |id| async move {
        let (group, name) = id.split_once('/').unwrap_or((DEFAULT, &id));
        let path = format!("/schedules/{}", in_path(name));
        let call = DescribeCall::get(&SCHEDULER, "scheduler:GetSchedule", path, &id).with("groupName", Some(group));
        let of = look.object(call).await?;
        Ok(vec![schedule(look, &id, &of)?])
    })
    .await
}

/// Its name, with its group where that is not the usual one, and when it was changed.
fn whole(of: &JsonObject) -> Result<Whole, MapStop> {
    let fields = Fields::new("scheduler:ListSchedules", of);
    let name = fields.required("Name")?;
    let id = match fields.text("GroupName") {
        None | Some(DEFAULT) => name.to_owned(),
        Some(group) => format!("{group}/{name}"),
    };
    let mark = ["LastModificationDate", "State", "Target"].map(|field| of.get(field).map(ToString::to_string));
    Ok((id, mark.map(Option::unwrap_or_default).join(" ")))
}

fn schedule(look: &MapContext<'_>, id: &str, of: &JsonObject) -> Result<MapResource, MapStop> {
    let fields = Fields::new("scheduler:GetSchedule", of);
    let mut schedule = MapResource::new(id);
    schedule.arn = fields.text("Arn").map(str::to_owned);
    schedule.set("schedule", fields.required("ScheduleExpression")?);
    fields.set(
        &mut schedule,
        &[
            ("zone", "ScheduleExpressionTimezone"),
            ("state", "State"),
            ("kms_key", "KmsKeyArn"),
            ("after_completion", "ActionAfterCompletion"),
        ],
    );
    fields.set_by(&mut schedule, "starts", "StartDate", time_text);
    fields.set_by(&mut schedule, "ends", "EndDate", time_text);
    fields.set_in(
        &mut schedule,
        "FlexibleTimeWindow",
        &[("flexible", "Mode"), ("flexible_minutes", "MaximumWindowInMinutes")],
    );
    let target = fields.at("Target").ok_or_else(|| unreadable("scheduler:GetSchedule", id, "it has no `Target`"))?;
    schedule.set("target", target.required("Arn")?);
    target.set(&mut schedule, &[("role", "RoleArn")]);
    target.set_digest(&mut schedule, "input_digest", "Input", look.key);
    target.set_in(&mut schedule, "DeadLetterConfig", &[("dead_letter", "Arn")]);
    target.set_in(
        &mut schedule,
        "RetryPolicy",
        &[("retries", "MaximumRetryAttempts"), ("max_age_seconds", "MaximumEventAgeInSeconds")],
    );
    Ok(schedule)
}
