//! The tables `[watch.<name>]` and `[warm.<name>]`.

use account::map::MapKind;
use account::warmers::FoundWarmer;
use model::call_failure::{CallFailure, FailureKind};

use super::bill::FoundBill;
use super::choices::SetupChoices;
use super::found::{FoundAccount, billable_word, word};
use super::patterns::largest_groups;
use super::plan::{WatchPlan, by_call};
use super::toml_text::{TomlText, key, list, mentioned, quoted, some_of};

/// The most names that a comment lists.
const SHOWN: usize = 8;
/// Above this number of functions, groups of them are shown.
const MANY: usize = 20;

/// Why kinds are left out, as a sentence.
fn left_out(words: &[&str], failure: &CallFailure) -> String {
    let why = match failure.kind {
        FailureKind::Denied => format!("this identity may not call {}", failure.call),
        _ => format!("{} failed ({})", failure.call, mentioned(&failure.said)),
    };
    format!("Left out of `kinds`: {}, because {why}.", words.join(", "))
}

/// Why something is not active, as a sentence.
fn refused(failure: &CallFailure) -> String {
    match failure.kind {
        FailureKind::Denied => {
            format!("Not active: this identity may not call {}. Allow it, then remove the `# `.", failure.call)
        }
        _ => format!("Not active: {} failed ({}).", failure.call, mentioned(&failure.said)),
    }
}

pub(super) fn write(found: &FoundAccount, plan: &WatchPlan, text: &mut TomlText) {
    spend(found, plan, text);
    charges(found, text);
    logs(found, plan, text);
    metrics(found, plan, text);
    account(found, plan, text);
    things(found, plan, text);
    let usage = ["[watch.usage]", "every = \"15m\"", "read.usage_estimate = {}"];
    text.table(
        false,
        "The usage of functions and logs this month at list prices: shows a runaway function within minutes. Free; \
        it makes two calls for each \
         function and poll.",
        usage,
    );
}

fn spend(found: &FoundAccount, plan: &WatchPlan, text: &mut TomlText) {
    let price = "It costs about 0.62 USD a month (0.31 without usage types) if results have one page.";
    let why = match &found.bill {
        FoundBill::Read(_) => format!("The daily cost by service and usage type, from Cost Explorer. {price}"),
        FoundBill::NotAsked => format!(
            "The daily cost by service and usage type, from Cost Explorer. Not active: nobody agreed to pay for it. \
            {price} Remove the `# `, or \
             run `monitor init --bill`, which also derives limits from your bill."
        ),
        FoundBill::Failed(failure) => format!("The daily cost by service and usage type. {} {price}", refused(failure)),
    };
    let lines = ["[watch.spend]", "cron = \"0 10 9 * * *\"", "read.cost_explorer = { settle = \"48h\" }"];
    text.table(plan.spend, &why, lines);
}

fn charges(found: &FoundAccount, text: &mut TomlText) {
    let why = "AWS's estimate of the month so far, hours before the bill; free.";
    let why = match &found.charges {
        Ok(()) => why.to_owned(),
        Err(failure) if failure.kind == FailureKind::NotFound => {
            format!("{why} Not active: the account has no such metric. To have it, {}.", mentioned(&failure.next_step))
        }
        Err(failure) => format!("{why} {}", refused(failure)),
    };
    let lines = ["[watch.charges]", "every = \"6h\"", "read.estimated_charges = { services = true }"];
    text.table(found.charges.is_ok(), &why, lines);
}

fn logs(found: &FoundAccount, plan: &WatchPlan, text: &mut TomlText) {
    let names = found.functions();
    let mut why = "The logs of functions: what fails, why, and what is slow.".to_owned();
    match names.len() {
        0 => why.push_str(" There is no function in this region yet."),
        count => why.push_str(&format!(" Found: {count} ({}).", some_of(&names, SHOWN))),
    }
    let all = vec!["*".to_owned()];
    let patterns = match (&plan.logs, &found.logs) {
        (Some((patterns, skipped)), _) => {
            if skipped.is_empty() {
                why.push_str(" `*` also means functions that are made later.");
            } else {
                let skipped: Vec<&str> = skipped.iter().map(String::as_str).collect();
                why.push_str(&format!(
                    " Left out: {}. AWS does not let their log groups be read (class INFREQUENT_ACCESS or DELIVERY); \
                    new functions are not \
                     seen, so add them here.",
                    some_of(&skipped, SHOWN)
                ));
            }
            if plan.logs_minutes > 1 {
                why.push_str(&format!(" At two calls a second a round takes about {} minutes.", plan.logs_minutes));
            }
            patterns
        }
        (None, Err(failure)) => {
            why.push_str(&format!(" {}", refused(failure)));
            &all
        }
        (None, Ok(())) => {
            why.push_str(
                " Not active: without logs:DescribeLogGroups no function is found, or no log group can be read.",
            );
            &all
        }
    };
    let read = format!("read.lambda_logs = {{ functions = {} }}", list(patterns));
    text.table(
        plan.logs.is_some(),
        &why,
        ["[watch.logs]".to_owned(), format!("every = \"{}m\"", plan.logs_minutes), read],
    );
    if names.len() > MANY {
        let groups = largest_groups(&names, SHOWN);
        if !groups.is_empty() {
            let counted: Vec<String> = groups.iter().map(|(pattern, count)| format!("`{pattern}` {count}")).collect();
            text.comment(&format!("Or only some of them. The largest groups: {}.", counted.join(", ")));
            let patterns = groups.iter().take(2).map(|(pattern, _)| pattern);
            text.line(false, &format!("read.lambda_logs = {{ functions = {} }}", list(patterns)));
        }
    }
}

fn metrics(found: &FoundAccount, plan: &WatchPlan, text: &mut TomlText) {
    let mut why =
        "Errors, throttles, duration and concurrency from CloudWatch; throttled calls are not in any log.".to_owned();
    match (&found.metrics, plan.metrics_minutes) {
        (Err(failure), _) => why.push_str(&format!(" {}", refused(failure))),
        (Ok(()), None) if found.resources(MapKind::LogGroup).is_none() => {
            why.push_str(" Not active: without logs:DescribeLogGroups no function is found.");
        }
        (Ok(()), None) => why.push_str(&format!(
            " Not active: four calls for each of {} functions would exceed half of CloudWatch's free requests. Name \
            the functions that matter.",
            found.functions().len()
        )),
        (Ok(()), Some(5)) => {}
        (Ok(()), Some(_)) => why.push_str(" Polled so seldom that it stays below half of CloudWatch's free requests."),
    }
    let every = format!("every = \"{}m\"", plan.metrics_minutes.unwrap_or(5));
    let lines = ["[watch.metrics]".to_owned(), every, "read.lambda_metrics = { functions = [\"*\"] }".to_owned()];
    text.table(plan.metrics_minutes.is_some(), &why, lines);
}

fn account(found: &FoundAccount, plan: &WatchPlan, text: &mut TomlText) {
    text.blank();
    text.comment("What is in the account, and what changes in it: `monitor changes`. Only describing calls, all free.");
    let failed = found.kinds.iter().filter_map(|(kind, read)| Some((word(*kind), read.as_ref().err()?)));
    let failed = by_call(failed);
    for (failure, words) in &failed {
        text.comment(&left_out(words, failure));
    }
    let read = match failed.is_empty() {
        true => "read.account = {}".to_owned(),
        false => format!("read.account = {{ kinds = {} }}", list(&plan.map)),
    };
    let active = !plan.map.is_empty();
    let read = if active { read } else { "read.account = {}".to_owned() };
    for line in ["[watch.account]", "every = \"15m\"", &read] {
        text.line(active, line);
    }
}

fn things(found: &FoundAccount, plan: &WatchPlan, text: &mut TomlText) {
    text.blank();
    text.comment("Billed resources, and which of them are idle. Only describing calls, all free.");
    let there = found.billable.iter().filter_map(|(kind, ids)| Some((kind, ids.as_ref().ok()?.len())));
    let there: Vec<String> =
        there.filter(|(_, count)| *count > 0).map(|(kind, count)| format!("{} {count}", kind.plural())).collect();
    let failed = found.billable.iter().filter_map(|(kind, ids)| Some((billable_word(*kind), ids.as_ref().err()?)));
    for (failure, words) in by_call(failed) {
        text.comment(&left_out(&words, failure));
    }
    if !there.is_empty() {
        text.comment(&format!("Found: {}.", there.join(", ")));
    }
    if !plan.has_billable {
        text.comment("Not active: nothing was found that costs much while it is idle.");
    }
    let is_whole = plan.billable.len() == found.billable.len() || plan.billable.is_empty();
    let kinds = if is_whole { String::new() } else { format!("kinds = {}, ", list(&plan.billable)) };
    let read = format!("read.inventory = {{ {kinds}idle_after = \"14d\" }}");
    for line in ["[watch.things]", "every = \"12h\"", &read] {
        text.line(plan.has_billable, line);
    }
}

/// What the name of the rule ends with by which Zappa keeps a function warm.
const ZAPPA: &str = "keep_warm_callback";

/// Writes the warm-ups; whether any of them is active.
pub(super) fn write_warms(found: &FoundAccount, choices: &SetupChoices, text: &mut TomlText) -> bool {
    let all = found.warmers();
    if all.is_empty() {
        return false;
    }
    text.section("warm: functions that are pinged to keep them warm");
    text.comment(
        "Something calls these functions every few minutes. If that is only to keep them warm, monitor can do it \
        instead: it sees whether a ping \
         was cold, failed or timed out. Each ping is an invocation of the function. A function that does not know \
         the payload of a ping \
         handles it as an event: set `payload`.",
    );
    let mut active = false;
    for warmer in all {
        let taken = choices.take_over.contains(&warmer.function);
        active |= taken;
        let mut lines = vec![
            format!("[warm.{}]", key(&warmer.function)),
            format!("every = \"{}m\"", warmer.minutes),
            format!("function = {}", quoted(&warmer.function)),
        ];
        if warmer.by.ends_with(ZAPPA) {
            lines.push("payload = \"zappa\"".to_owned());
        }
        text.blank();
        text.comment(&explained(&warmer, taken));
        if let Some(command) = disable(&warmer, &found.region) {
            text.line(false, &format!("  {command}"));
        }
        lines.iter().for_each(|line| text.line(taken, line));
    }
    let unread = found.kinds.iter().filter_map(|(kind, read)| Some((kind, read.as_ref().ok()?)));
    let unread = unread.filter(|(kind, _)| **kind == MapKind::RuleTarget);
    let unread: usize =
        unread.map(|(_, snapshot)| snapshot.parts.values().filter(|part| part.read.is_none()).count()).sum();
    if unread > 0 {
        text.blank();
        text.comment(&format!("What {unread} more rules call was not looked at."));
    }
    active
}

fn explained(warmer: &FoundWarmer, taken: bool) -> String {
    let every =
        if warmer.minutes == 1 { "every minute".to_owned() } else { format!("every {} minutes", warmer.minutes) };
    let now = format!("The {} calls `{}` {every}.", warmer.caller(), mentioned(&warmer.function));
    let what = if warmer.is_rule { "rule" } else { "schedule" };
    match taken {
        true => format!("{now} You took it over: disable the {what}, or both call the function."),
        false => format!("{now} To take it over, remove the `# ` and disable the {what}."),
    }
}

/// The command that stops a rule; a schedule can only be stopped with all of its settings.
fn disable(warmer: &FoundWarmer, region: &str) -> Option<String> {
    if !warmer.is_rule {
        return None;
    }
    let by = mentioned(&warmer.by);
    let named = match by.rsplit_once('/') {
        Some((bus, rule)) => format!("--event-bus-name {bus} --name {rule}"),
        None => format!("--name {by}"),
    };
    Some(format!("aws events disable-rule --region {region} {named}"))
}
