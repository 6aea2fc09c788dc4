//! Rules that can never hold, because nothing that is polled tells them anything.

use alerting::rules::{Condition, Rule};
use model::subject::Subject;
use source::SourceKind;

use super::line::CheckResult;
use crate::app::MonitorConfig;

/// The sources that tell conditions something, any of which is enough. Others live by the monitor itself.
const FED_BY: [(&[&str], &[&str]); 8] = [
    (&["cost_above"], &["cost_explorer", "focus_export", "usage_estimate", "estimated_charges"]),
    (&["cost_jump", "cost_anomaly", "forecast_above", "new_service", "new_region"], &["cost_explorer", "focus_export"]),
    (&["free_tier_above"], &["usage_estimate"]),
    (&["lambda_cause", "new_error", "cold_starts", "duration_above", "memory_above"], &["lambda_logs"]),
    (&["metric_above"], &["lambda_metrics"]),
    (&["idle_resource"], &["inventory"]),
    (&["changed"], &["account"]),
    (&["endpoint_down", "slow", "chain_changed", "certificate"], &["endpoint"]),
];

/// A warning for each rule that can never hold.
pub(super) fn rules(config: &MonitorConfig) -> impl Iterator<Item = CheckResult> + '_ {
    config.rules.iter().filter_map(|rule| {
        let why = why_never(rule, config)?;
        let kind = rule.condition.kind();
        let said = format!("`when.{kind}` can never hold: {why}");
        Some(CheckResult::warning(format!("rule {}", rule.name), said))
    })
}

fn why_never(rule: &Rule, config: &MonitorConfig) -> Option<String> {
    let condition = &rule.condition;
    let kind = condition.kind();
    if kind == "ping_failing" {
        let pinged = config.warms.iter().map(|warm| warm.function.as_str());
        return unfed(condition, "there is no [warm.<name>]", "is pinged", pinged.map(function));
    }
    let (_, feeding) = FED_BY.iter().find(|(kinds, _)| kinds.contains(&kind))?;
    let watches: Vec<&SourceKind> =
        config.watches.iter().map(|watch| &watch.read).filter(|read| feeding.contains(&read.kind())).collect();
    if watches.is_empty() {
        let reads: Vec<String> = feeding.iter().map(|name| format!("`read.{name}`")).collect();
        return Some(format!("no watch has {}", reads.join(" or ")));
    }
    match feeding {
        ["endpoint"] => {
            let none = || "no endpoint is watched".to_owned();
            let urls: Vec<String> = watches.iter().filter_map(|read| read.endpoint()).collect();
            if kind == "certificate" && urls.iter().all(|url| url.starts_with("http://")) {
                return Some("no endpoint that is watched has a certificate: each is `http://`".to_owned());
            }
            let subjects = urls.into_iter().map(|url| Some(Subject::Endpoint(url)));
            unfed(condition, &none(), "is watched", subjects).or_else(|| too_slow(condition))
        }
        ["inventory"] | ["account"] => {
            let kinds = watches.iter().flat_map(|read| read.resource_kinds());
            let subjects = kinds.map(|kind| Some(Subject::Resource(format!("{kind}/"))));
            unfed(condition, "no kind is read", "is read", subjects)
        }
        ["lambda_logs"] | ["lambda_metrics"] if config.aws.other_regions.is_empty() => {
            let patterns = watches.iter().flat_map(|read| read.functions());
            let subjects = patterns.map(|pattern| pattern.exact().and_then(function));
            unfed(condition, "no function is watched", "is watched", subjects)
        }
        _ if kind == "new_region" && !watches.iter().any(|read| read.tells_regions()) => {
            Some("regions are told by usage types, and `usage_types` of `read.cost_explorer` is false".to_owned())
        }
        _ => None,
    }
}

/// One function by its name. What is written as an ARN is known by another name.
fn function(name: &str) -> Option<Subject> {
    (!name.contains(':')).then(|| Subject::Function(name.to_owned()))
}

/// Nothing of what is watched is covered. `None` among the subjects stands for those that are not known by name.
fn unfed(
    condition: &Condition,
    without: &str,
    is: &str,
    subjects: impl Iterator<Item = Option<Subject>>,
) -> Option<String> {
    let subjects: Vec<Option<Subject>> = subjects.collect();
    if subjects.is_empty() {
        return Some(without.to_owned());
    }
    let is_covered = |subject: &Option<Subject>| subject.as_ref().is_none_or(|subject| condition.covers(subject));
    (!subjects.iter().any(is_covered)).then(|| {
        let names: Vec<&str> = subjects.iter().flatten().map(|one| one.name().trim_end_matches('/')).take(5).collect();
        let more = if subjects.len() > names.len() { ", ..." } else { "" };
        format!("nothing of what it covers {is} ({}{more})", names.join(", "))
    })
}

/// A page is not waited for that long.
fn too_slow(condition: &Condition) -> Option<String> {
    let Condition::SlowEndpoint(slow) = condition else { return None };
    let patience = probe::PAGE_PATIENCE;
    (slow.above().delta().to_std().is_ok_and(|above| above >= patience))
        .then(|| format!("a page is waited for {} s, and `above` is {}", patience.as_secs(), slow.above()))
}
