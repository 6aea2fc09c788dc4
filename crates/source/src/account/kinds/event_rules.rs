//! Rules of EventBridge, on all buses.

use account::map::{MapKind, MapResource, MapSnapshot};
use aws::describing::{DescribeCall, EVENTS};
use serde_json::json;

use crate::account::asked::MapStop;
use crate::account::context::{Listed, MapContext};
use crate::account::fields::{Fields, JsonObject, with_token};

pub(in crate::account) const CALLS: &[&str] = &["events:ListEventBuses", "events:ListRules"];

/// The bus that every account has.
const DEFAULT: &str = "default";

/// A bus and a rule on it, as AWS answers.
pub(super) async fn listed(look: &MapContext<'_>) -> Result<Vec<(String, JsonObject)>, MapStop> {
    let buses = |token: Option<String>| {
        let body = with_token(json!({"Limit": 100}), "NextToken", token);
        DescribeCall::post(&EVENTS, "events:ListEventBuses", &body, "the region's event buses")
    };
    let mut all = Vec::new();
    for bus in look.list(Listed::new("EventBuses", "NextToken"), buses).await? {
        let bus = Fields::new("events:ListEventBuses", &bus).required("Name")?.to_owned();
        let rules = |token: Option<String>| {
            let body = with_token(json!({"Limit": 100, "EventBusName": bus}), "NextToken", token);
            DescribeCall::post(&EVENTS, "events:ListRules", &body, &bus)
        };
        match look.list(Listed::new("Rules", "NextToken"), rules).await {
            Ok(rules) => all.extend(rules.into_iter().map(|rule| (bus.clone(), rule))),
            Err(stop) if stop.is_absent() => {}
            Err(stop) => return Err(stop),
        }
    }
    Ok(all)
}

/// The id of a rule in the map: its name, with its bus where that is not the usual one.
pub(super) fn id(bus: &str, rule: &JsonObject) -> Result<String, MapStop> {
    let name = Fields::new("events:ListRules", rule).required("Name")?;
    Ok(if bus == DEFAULT { name.to_owned() } else { format!("{bus}/{name}") })
}

/// The bus and the name of a rule by its id.
pub(super) fn named(id: &str) -> (&str, &str) {
    // The name of a rule has no slash; that of a partner's bus has some.
    id.rsplit_once('/').unwrap_or((DEFAULT, id))
}

pub(in crate::account) async fn read(look: &MapContext<'_>) -> Result<MapSnapshot, MapStop> {
    let mut all = Vec::new();
    for (bus, of) in listed(look).await? {
        let fields = Fields::new("events:ListRules", &of);
        let mut rule = MapResource::new(id(&bus, &of)?);
        rule.arn = Some(fields.required("Arn")?.to_owned());
        fields.set(
            &mut rule,
            &[
                ("state", "State"),
                ("schedule", "ScheduleExpression"),
                ("pattern", "EventPattern"),
                ("role", "RoleArn"),
                ("managed_by", "ManagedBy"),
            ],
        );
        all.push(rule);
    }
    Ok(look.snapshot(MapKind::EventRule, all))
}
