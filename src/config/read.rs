//! From the text of `alerts.toml` to a [`Config`], or to everything that is wrong with it.

use std::collections::BTreeSet;
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;
use toml::de::DeTable;

use super::{Aws, BUILT_IN_RULE, Config, Environment, Receiver, StoreSettings, Warm, Watch};
use crate::core::money::{Percent, Usd};
use crate::core::rules::{Condition, Rule, Severity};
use crate::core::schedule::{BadCron, CronInZone, Schedule};
use crate::core::settings::{Kind, Names, Notes, Problem, Settings, one_of};
use crate::core::span::Span;

/// The shortest time between two polls of the same thing.
const SHORTEST_EVERY: Span = Span::seconds(1);

/// Reads a configuration. `now` is only used to find cron expressions that never fire.
///
/// # Errors
/// Every mistake of the file, by place.
pub fn parse<R: Kind, V: Kind>(text: &str, environment: &Environment, now: DateTime<Utc>) -> Result<Config<R, V>, Vec<Problem>> {
    let lookup = |place: crate::core::settings::SecretPlace<'_>| environment.secret(place);
    let notes = Notes::new(&lookup);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        notes.problem(error.span().unwrap_or(0..0), "this is not TOML", error.message(), None);
    }
    // Behind a syntax error tables end where they should not: what else seems wrong may be an echo of it.
    if !errors.is_empty() {
        return Err(notes.into_problems());
    }
    let mut root = Settings::new(document.get_ref(), document.span(), "", &notes);
    let config = read(&mut root, environment, now);
    root.finish();
    let problems = notes.into_problems();
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ if !problems.is_empty() => Err(problems),
        // Every way to read nothing notes why; this is the net below it.
        _ => Err(vec![Problem { at: 0..0, what: "this file cannot be used".to_owned(), label: "here".to_owned(), help: None, hidden: false }]),
    }
}

fn read<R: Kind, V: Kind>(root: &mut Settings<'_, '_>, environment: &Environment, now: DateTime<Utc>) -> Option<Config<R, V>> {
    let timezone = zone(root);
    // A wrong zone is told once; expressions are still looked at.
    let reading_zone = timezone.unwrap_or(Tz::UTC);
    let aws = if root.has("aws") { root.table("aws", |table| aws(table)) } else { Some(Aws::default()) };
    let store = if root.has("store") {
        root.table("store", |table| store(table, environment))
    } else {
        Some(StoreSettings { path: environment.default_store(), keep: DEFAULT_KEEP })
    };
    let (mut watch_names, mut warm_names, mut receiver_names, mut rule_names) = (vec![], vec![], vec![], vec![]);
    let watches = root.named("watch", |name, table| {
        watch_names.push(format!("watch.{name}"));
        let schedule = schedule(table, reading_zone, now);
        let read = table.kind();
        Some(Watch { name: format!("watch.{name}"), schedule: schedule?, read: read? })
    });
    let warms = root.named("warm", |name, table| {
        warm_names.push(format!("warm.{name}"));
        warm(name, table, reading_zone, now)
    });
    let receivers = root.named("receiver", |name, table| {
        receiver_names.push(name.to_owned());
        table.kind().map(|via| Receiver { name: name.to_owned(), via })
    });
    let mut rules = root.named("alert", |name, table| {
        rule_names.push(name.to_owned());
        rule(name, table)
    });
    check_mentions(root, &receiver_names, &[watch_names, warm_names].concat());
    check_windows(root, store.as_ref().map_or(DEFAULT_KEEP, |store| store.keep));
    if !rules.iter().any(|rule| matches!(rule.condition, Condition::SourceFailing(_))) && !rule_names.iter().any(|name| name == BUILT_IN_RULE) {
        rules.push(Rule {
            name: BUILT_IN_RULE.to_owned(),
            condition: Condition::source_failing(),
            hold: None,
            severity: Severity::Warning,
            remind: None,
            tell: receiver_names,
        });
    }
    rules.sort_by(|a, b| a.name.cmp(&b.name));
    Some(Config { timezone: timezone?, aws: aws?, store: store?, watches, warms, rules, receivers })
}

fn zone(root: &mut Settings<'_, '_>) -> Option<Tz> {
    let typed: String = root.or("timezone", "UTC".to_owned())?;
    let zone = typed.parse().ok();
    if zone.is_none() {
        let names: Vec<&str> = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name()).collect();
        let hint = one_of(&typed, &names);
        let hint =
            hint.split("? ").next().filter(|hint| hint.starts_with("did")).map_or_else(|| "write it like Asia/Seoul".to_owned(), |hint| format!("{hint}?"));
        root.problem("timezone", format!("`{typed}` is not a time zone"), "unknown", Some(hint));
    }
    zone
}

/// AWS allows five in many regions, and the quota is shared with everybody else who reads logs in the account.
const DEFAULT_LOG_CALLS: u32 = 2;

impl Default for Aws {
    fn default() -> Self {
        Self { region: None, profile: None, assume_role: None, max_monthly_usd: Usd(Decimal::ONE), log_calls_per_second: DEFAULT_LOG_CALLS }
    }
}

fn aws(table: &mut Settings<'_, '_>) -> Option<Aws> {
    let default = Aws::default();
    let (region, profile, assume_role) = (table.optional("region"), table.optional("profile"), table.optional("assume_role"));
    let max_monthly_usd = table.or("max_monthly_usd", default.max_monthly_usd);
    let log_calls_per_second = table.number("log_calls_per_second", DEFAULT_LOG_CALLS, 1..100);
    Some(Aws { region, profile, assume_role, max_monthly_usd: max_monthly_usd?, log_calls_per_second: log_calls_per_second? })
}

/// Thirteen months and a bit, so that a month can be compared with the same month of the year before.
const DEFAULT_KEEP: Span = Span::days(400);

fn store(table: &mut Settings<'_, '_>, environment: &Environment) -> Option<StoreSettings> {
    let path: Option<PathBuf> = table.optional("path");
    let keep = table.or("keep", DEFAULT_KEEP);
    Some(StoreSettings { path: path.map_or_else(|| environment.default_store(), |path| environment.folder.join(path)), keep: keep? })
}

/// `every` or `cron`, exactly one of them.
fn schedule(table: &mut Settings<'_, '_>, zone: Tz, now: DateTime<Utc>) -> Option<Schedule> {
    let every: Option<Span> = table.optional("every");
    let cron: Option<String> = table.optional("cron");
    match (table.has("every"), table.has("cron")) {
        (true, true) => {
            table.problem("cron", format!("`{}` has both `every` and `cron`", table.path()), "leave one of them out", None);
            None
        }
        (false, false) => {
            table.problem(
                "every",
                format!("`{}` does not say when", table.path()),
                "missing",
                Some("write every = \"6h\" or cron = \"0 10 */6 * * *\"".to_owned()),
            );
            None
        }
        (true, false) => every.filter(|every| *every >= SHORTEST_EVERY).map(Schedule::Every),
        (false, true) => match CronInZone::parse(&cron?, zone, now) {
            Ok(cron) => Some(Schedule::Cron(Box::new(cron))),
            Err(why) => {
                let help = match why {
                    BadCron::FiveFields => "put `0 ` in front: second minute hour day-of-month month day-of-week",
                    BadCron::Never => "no year up to 2100 has such a date",
                    BadCron::Syntax => "second minute hour day-of-month month day-of-week, as in \"0 10 */6 * * *\"",
                };
                table.problem("cron", format!("the cron expression of `{}` cannot be used", table.path()), why.to_string(), Some(help.to_owned()));
                None
            }
        },
    }
}

fn warm(name: &str, table: &mut Settings<'_, '_>, zone: Tz, now: DateTime<Utc>) -> Option<Warm> {
    let schedule = schedule(table, zone, now);
    let function: Option<String> = table.required("function");
    if function.as_deref().is_some_and(|function| function.trim().is_empty() || function.contains('*')) {
        table.problem("function", "a warm-up pings one function", "one name or ARN, without wildcards", None);
    }
    let concurrency = table.number("concurrency", 1, 1..1000);
    let payload: Option<String> = table.optional("payload");
    if let Some(error) = payload.as_deref().and_then(|payload| serde_json::from_str::<serde_json::Value>(payload).err()) {
        table.problem("payload", "the payload must be JSON", error.to_string(), Some(r#"for example payload = '{"warmer":true}'"#.to_owned()));
    }
    let jitter: Option<Span> = table.optional("jitter");
    let max_share = table.or("max_share", Percent(Decimal::from(20)));
    let give_up = table.or("give_up", Span::seconds(65));
    let default_payload = concurrency.map(|concurrency| serde_json::json!({"warmer": true, "concurrency": concurrency}).to_string());
    Some(Warm {
        name: format!("warm.{name}"),
        schedule: schedule?,
        function: function?,
        concurrency: concurrency?,
        payload: payload.or(default_payload)?,
        jitter,
        max_share: max_share?,
        give_up: give_up?,
    })
}

fn rule(name: &str, table: &mut Settings<'_, '_>) -> Option<Rule> {
    let condition = table.kind();
    let hold = table.optional("for");
    let severity = if table.has("severity") { table.word("severity", Severity::ALL) } else { Some(Severity::Warning) };
    let remind = table.optional("remind");
    let tell = table.mentions("tell", Names::Receiver);
    Some(Rule { name: name.to_owned(), condition: condition?, hold, severity: severity?, remind, tell: tell? })
}

/// Names that one table mentions and no other defines.
fn check_mentions(root: &Settings<'_, '_>, receivers: &[String], sources: &[String]) {
    for mention in root.notes().mentions() {
        let (known, what) = match mention.names {
            Names::Receiver => (receivers, "receiver"),
            Names::Source => (sources, "source"),
        };
        let fitting = known
            .iter()
            .filter(|known| **known == mention.name || (mention.names == Names::Source && known.split_once('.').is_some_and(|(_, bare)| bare == mention.name)));
        let names: BTreeSet<&str> = known.iter().map(String::as_str).collect();
        let names: Vec<&str> = names.into_iter().collect();
        match fitting.count() {
            1 => {}
            0 => {
                let help = if known.is_empty() { format!("define it: [{what}.{}]", mention.name) } else { one_of(&mention.name, &names) };
                root.notes().problem(mention.at, format!("there is no {what} `{}`", mention.name), "not defined", Some(help));
            }
            _ => root.notes().problem(
                mention.at,
                format!("`{}` is the name of more than one {what}", mention.name),
                "ambiguous",
                Some(format!("write watch.{0} or warm.{0}", mention.name)),
            ),
        }
    }
}

/// A rule cannot look back further than the store keeps.
fn check_windows(root: &Settings<'_, '_>, keep: Span) {
    for (window, at) in root.notes().windows() {
        if window > keep {
            root.notes().problem(
                at,
                format!("this rule looks back {window}, but the store keeps only {keep}"),
                "longer than `store.keep`",
                Some("shorten it, or raise `keep` under [store]".to_owned()),
            );
        }
    }
}
