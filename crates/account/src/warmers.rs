//! Warmers that exist: rules of EventBridge and schedules that call a function every few minutes.

use model::redact::printable;

use crate::map::{MapKind, MapResource};

/// A warmer calls at least every so many minutes.
const MOST_MINUTES: u32 = 15;

/// A function that something calls every few minutes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundWarmer {
    /// The function, with the alias or version that is called.
    pub function: String,
    /// Every so many minutes.
    pub minutes: u32,
    /// Whether a rule calls it, else a schedule.
    pub is_rule: bool,
    /// The rule or the schedule, with its bus or group where that is not the usual one.
    pub by: String,
}

impl FoundWarmer {
    /// The rule or the schedule, for people.
    pub fn caller(&self) -> String {
        let name = printable(&self.by);
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("{} `{name}`", if self.is_rule { "rule" } else { "schedule" })
    }
}

/// The warmers among the resources of each kind, by function. Whether such a rule is a warmer or a job, nothing shows.
pub fn warmers<'a>(resources: impl Fn(MapKind) -> &'a [MapResource]) -> Vec<FoundWarmer> {
    let functions = resources(MapKind::Function);
    let rules = resources(MapKind::EventRule);
    let targets = resources(MapKind::RuleTarget).iter().filter_map(|target| {
        let rule = rules.iter().find(|rule| Some(rule.id.as_str()) == target.of.as_deref())?;
        warmer(functions, rule, target, true)
    });
    let schedules =
        resources(MapKind::Schedule).iter().filter_map(|schedule| warmer(functions, schedule, schedule, false));
    let mut all: Vec<FoundWarmer> = targets.chain(schedules).collect();
    all.sort();
    // A second one of the same function adds nothing.
    all.dedup_by(|later, first| later.function == first.function);
    all
}

fn warmer(functions: &[MapResource], by: &MapResource, target: &MapResource, is_rule: bool) -> Option<FoundWarmer> {
    if by.setting("state") != Some("ENABLED") {
        return None;
    }
    let minutes = minutes(by.setting("schedule")?).filter(|minutes| *minutes <= MOST_MINUTES)?;
    let arn = target.setting("target")?;
    let function = functions.iter().find_map(|function| {
        let qualifier = arn.strip_prefix(function.arn.as_deref()?)?;
        (qualifier.is_empty() || qualifier.starts_with(':')).then(|| format!("{}{qualifier}", function.id))
    })?;
    Some(FoundWarmer { function, minutes, is_rule, by: by.id.clone() })
}

/// The minutes between two calls of `rate(4 minutes)` or `cron(0/5 * * * ? *)`; `None` if it is not every few minutes
/// of every hour.
fn minutes(schedule: &str) -> Option<u32> {
    let (kind, inner) = schedule.strip_suffix(')')?.split_once('(')?;
    let mut fields = inner.split_whitespace();
    match kind {
        "rate" => {
            let count: u32 = fields.next()?.parse().ok()?;
            matches!(fields.next()?, "minute" | "minutes").then_some(count)
        }
        "cron" => {
            let minute = fields.next()?;
            if !fields.all(|field| matches!(field, "*" | "?")) {
                return None;
            }
            match minute.split_once('/') {
                Some((_, step)) => step.parse().ok().filter(|step| *step > 0),
                None if minute == "*" => Some(1),
                None => 60_u32.checked_div(u32::try_from(minute.split(',').count()).ok()?),
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_between_two_calls() {
        for (schedule, expected) in [
            ("rate(4 minutes)", Some(4)),
            ("rate(1 minute)", Some(1)),
            ("rate(1 hour)", None),
            ("rate(1 day)", None),
            ("cron(0/5 * * * ? *)", Some(5)),
            ("cron(*/15 * * * ? *)", Some(15)),
            ("cron(* * * * ? *)", Some(1)),
            ("cron(0,20,40 * * * ? *)", Some(20)),
            ("cron(0/5 9-17 ? * MON-FRI *)", None),
            ("cron(0 10 * * ? *)", None),
            ("cron(0/0 * * * ? *)", None),
            ("at(2024-12-20T12:00:00)", None),
            ("rate()", None),
            ("", None),
        ] {
            assert_eq!(minutes(schedule), expected, "{schedule}");
        }
    }
}
