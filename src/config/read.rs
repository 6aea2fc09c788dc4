//! Parses `alerts.toml` into a [`Config`], or into the list of all its mistakes.

use std::collections::BTreeSet;
use std::path::PathBuf;

use alerting::rules::{Condition, Escalation, Rule, Severity};
use alerting::terms::ReceiverPolicy;
use aws::settings::AwsSettings;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use lambda_log::diagnosis::Cause;
use model::secret::Secret;
use model::settings::{ConfigDiagnostics, ConfigProblem, ReferenceKind, TableReader, TaggedSettings, one_of};
use model::span::Span;
use probe::ProbeSettings;
use toml::Spanned;
use toml::de::DeTable;

use super::cron::schedule;
use super::{
    BUILT_IN_RECEIVER_RULE, BUILT_IN_RULE, Config, ConfigEnvironment, HeartbeatSettings, ReceiverSettings,
    ReportSettings, StoreSettings, WatchSettings,
};

/// Reads a configuration. `now` is only used to find cron expressions that never fire.
///
/// # Errors
/// Every mistake of the file, by place.
pub fn parse<R: TaggedSettings, V: TaggedSettings>(
    text: &str,
    environment: &ConfigEnvironment,
    now: DateTime<Utc>,
) -> Result<Config<R, V>, Vec<ConfigProblem>> {
    let lookup = |place: model::settings::SecretRef<'_>| environment.secret(place);
    let notes = ConfigDiagnostics::new(&lookup);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        notes.problem(error.span().unwrap_or(0..0), "this is not valid TOML", error.message(), None);
    }
    // Behind a syntax error tables end where they should not: what else seems wrong may be an echo of it.
    if !errors.is_empty() {
        return Err(notes.into_problems());
    }
    let mut root = TableReader::new(document.get_ref(), document.span(), "", &notes);
    let config = read(&mut root, environment, now);
    root.finish();
    let problems = notes.into_problems();
    match config {
        Some(config) if problems.is_empty() => Ok(config),
        _ if !problems.is_empty() => Err(problems),
        // Every way to read nothing notes why; this is the net below it.
        _ => Err(vec![ConfigProblem {
            at: 0..0,
            what: "this file cannot be used".to_owned(),
            label: "here".to_owned(),
            help: None,
            hidden: false,
        }]),
    }
}

fn read<R: TaggedSettings, V: TaggedSettings>(
    root: &mut TableReader<'_, '_>,
    environment: &ConfigEnvironment,
    now: DateTime<Utc>,
) -> Option<Config<R, V>> {
    let timezone = zone(root);
    // A wrong zone is told once; expressions are still looked at.
    let reading_zone = timezone.unwrap_or(Tz::UTC);
    let aws =
        if root.has("aws") { root.table("aws", |table| aws(table, environment)) } else { Some(AwsSettings::default()) };
    let store = if root.has("store") {
        root.table("store", |table| store(table, environment))
    } else {
        Some(StoreSettings {
            path: environment.default_store(),
            keep: DEFAULT_KEEP,
            keep_minutes: DEFAULT_KEEP_MINUTES,
        })
    };
    let (causes, own_causes) = super::cause::read(root);
    let (mut watch_names, mut warm_names, mut receiver_names, mut rule_names) = (vec![], vec![], vec![], vec![]);
    let watches = root.named("watch", |name, table| {
        watch_names.push(format!("watch.{name}"));
        let schedule = schedule(table, reading_zone, now);
        let read = table.kind();
        Some(WatchSettings { name: format!("watch.{name}"), schedule: schedule?, read: read? })
    });
    let warms = root.named("warm", |name, table| {
        warm_names.push(format!("warm.{name}"));
        super::warm::read(name, table, aws.as_ref(), (reading_zone, now))
    });
    let receivers = root.named("receiver", |name, table| {
        receiver_names.push(name.to_owned());
        let (via, terms) = (table.kind(), ReceiverPolicy::read(table, reading_zone));
        Some(ReceiverSettings { name: name.to_owned(), via: via?, terms: terms? })
    });
    let dns = if root.has("dns") { root.table("dns", ProbeSettings::read) } else { Some(ProbeSettings::default()) };
    let heartbeat = if root.has("heartbeat") { root.table("heartbeat", heartbeat).map(Some) } else { Some(None) };
    let report = if root.has("report") {
        root.table("report", |table| super::report::read(table, reading_zone, now))
    } else {
        Some(ReportSettings::default())
    };
    let mut rules = root.named("alert", |name, table| {
        rule_names.push(name.to_owned());
        rule(name, table)
    });
    // What a watch that cannot be used would read is not known.
    if watches.len() == watch_names.len() {
        super::warm::check_logs(root, &warms, &watches);
    }
    let cause_codes: Vec<String> =
        own_causes.into_iter().chain(Cause::ALL.iter().map(|(code, _)| (*code).to_owned())).collect();
    check_mentions(root, &receiver_names, &[watch_names, warm_names].concat(), &rule_names, &cause_codes);
    check_old_names(root, &rule_names);
    check_windows(root, store.as_ref().map_or(DEFAULT_KEEP, |store| store.keep));
    for (built_in, name) in
        [(Condition::source_failing(), BUILT_IN_RULE), (Condition::receiver_failing(), BUILT_IN_RECEIVER_RULE)]
    {
        let written = rules.iter().any(|rule| rule.condition.kind() == built_in.kind())
            || rule_names.iter().any(|known| known == name);
        if !written {
            rules.push(Rule::plain(name, built_in, receiver_names.clone()));
        }
    }
    rules.sort_by(|a, b| a.name.cmp(&b.name));
    Some(Config {
        timezone: timezone?,
        aws: aws?,
        store: store?,
        causes: causes?,
        watches,
        warms,
        rules,
        receivers,
        dns: dns?,
        heartbeat: heartbeat?,
        report: report?,
    })
}

fn zone(root: &mut TableReader<'_, '_>) -> Option<Tz> {
    if root.has("timezone") { root.zone("timezone") } else { Some(Tz::UTC) }
}

fn aws(table: &mut TableReader<'_, '_>, environment: &ConfigEnvironment) -> Option<AwsSettings> {
    let default = AwsSettings::default();
    let (region, profile, assume_role) =
        (table.optional("region"), table.optional("profile"), table.optional("assume_role"));
    let (region, other_regions) = regions(table, region);
    let account: Option<String> = table.optional("account");
    if account.as_ref().is_some_and(|id| id.len() != 12 || !id.bytes().all(|digit| digit.is_ascii_digit())) {
        let help = "write it in quotes, with its zeros: account = \"111122223333\"".to_owned();
        table.problem("account", "`account` is not the id of an AWS account", "expected twelve digits", Some(help));
    }
    let prices: Option<PathBuf> = table.optional("prices");
    let max_monthly_usd = table.or("max_monthly_usd", default.max_monthly_usd);
    let log_calls_per_second = table.number("log_calls_per_second", default.log_calls_per_second, 1..100);
    Some(AwsSettings {
        region,
        other_regions: other_regions?,
        profile,
        account,
        assume_role,
        prices: prices.map(|path| environment.folder.join(path)),
        max_monthly_usd: max_monthly_usd?,
        log_calls_per_second: log_calls_per_second?,
    })
}

/// `regions`: everything that is watched, the main region first if `region` does not name it. Gives the main region, and
/// the others.
fn regions(table: &mut TableReader<'_, '_>, main: Option<String>) -> (Option<String>, Option<Vec<String>>) {
    if !table.has("regions") {
        return (main, Some(vec![]));
    }
    let Some(typed) = table.some::<Spanned<String>>("regions") else { return (main, None) };
    let mut known = BTreeSet::new();
    let mut all_right = true;
    for name in &typed {
        let mut problem = |what: String, help: &str| {
            all_right = false;
            table.notes().problem(name.span(), what, "in this list", Some(help.to_owned()));
        };
        if !is_region(name.get_ref()) {
            problem(
                format!("`{}` is not the name of a region", name.get_ref()),
                "regions = [\"ap-northeast-2\", \"us-east-1\"]",
            );
        } else if !known.insert(name.get_ref()) {
            problem(format!("`{}` is there twice", name.get_ref()), "remove one");
        }
    }
    if !all_right {
        return (main, None);
    }
    let mut all: Vec<String> = typed.into_iter().map(Spanned::into_inner).collect();
    let main = main.or_else(|| all.first().cloned());
    all.retain(|name| Some(name) != main.as_ref());
    (main, Some(all))
}

/// Whether a text looks like `ap-northeast-2` or `us-gov-west-1`.
fn is_region(name: &str) -> bool {
    let Some((words, number)) = name.rsplit_once('-') else { return false };
    let is_word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase());
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number && words.contains('-') && words.split('-').all(is_word)
}

/// Thirteen months and a bit, so that a month can be compared with the same month of the year before.
const DEFAULT_KEEP: Span = Span::days(400);
/// A month can be rehearsed, and some days before it.
const DEFAULT_KEEP_MINUTES: Span = Span::days(35);

fn store(table: &mut TableReader<'_, '_>, environment: &ConfigEnvironment) -> Option<StoreSettings> {
    let path: Option<PathBuf> = table.optional("path");
    let keep = table.or("keep", DEFAULT_KEEP);
    let keep_minutes = table.or("keep_minutes", DEFAULT_KEEP_MINUTES);
    let path = path.map_or_else(|| environment.default_store(), |path| environment.folder.join(path));
    Some(StoreSettings { path, keep: keep?, keep_minutes: keep_minutes? })
}

fn rule(name: &str, table: &mut TableReader<'_, '_>) -> Option<Rule> {
    let condition: Option<Condition> = table.kind();
    let (hold, keep_firing_for, remind) =
        (table.optional("for"), table.optional("keep_firing_for"), table.optional("remind"));
    let severity = if table.has("severity") { table.word("severity", Severity::ALL) } else { Some(Severity::Warning) };
    let critical_at = table.optional("critical_at");
    if let Some(kind) =
        condition.as_ref().filter(|condition| critical_at.is_some() && !condition.is_measured()).map(Condition::kind)
    {
        table.problem(
            "critical_at",
            format!("`critical_at` does not apply to `when.{kind}`, which has no limit"),
            "remove it",
            None,
        );
    }
    let escalate = if table.has("escalate") { table.table("escalate", escalation).map(Some) } else { Some(None) };
    let tell = table.mentions("tell", ReferenceKind::Receiver);
    let was = if table.has("was") { table.old_names("was") } else { Some(vec![]) };
    let mutes = if table.has("mutes") { table.mentions("mutes", ReferenceKind::Rule) } else { Some(vec![]) };
    Some(Rule {
        name: name.to_owned(),
        condition: condition?,
        hold,
        severity: severity?,
        critical_at,
        keep_firing_for,
        remind,
        escalate: escalate?,
        tell: tell?,
        was: was?,
        mutes: mutes?,
    })
}

fn escalation(table: &mut TableReader<'_, '_>) -> Option<Escalation> {
    let (after, tell) = (table.required("after"), table.mentions("tell", ReferenceKind::Receiver));
    Some(Escalation { after: after?, tell: tell? })
}

/// The shortest time between two heartbeats.
const SHORTEST_HEARTBEAT: Span = Span::seconds(10);

fn heartbeat(table: &mut TableReader<'_, '_>) -> Option<HeartbeatSettings> {
    // The address alone says little, so it may stand in the file; who wants it secret keeps it elsewhere.
    let url = if table.text("url").is_some() {
        table.required::<String>("url").map(Secret::new)
    } else {
        table.required_secret("url")
    };
    if let Some(why) = url.as_ref().and_then(|url| web_address(url.reveal()).err()) {
        table.hidden_problem(
            "url",
            "`heartbeat.url` is not valid",
            why,
            Some("url = \"https://hc-ping.com/...\"".to_owned()),
        );
    }
    let every = table.or("every", Span::minutes(1));
    if every.is_some_and(|every| every < SHORTEST_HEARTBEAT) {
        table.problem("every", "`heartbeat.every` is too short", format!("at least {SHORTEST_HEARTBEAT}"), None);
    }
    Some(HeartbeatSettings { url: url?, every: every? })
}

/// HTTPS, or HTTP on this machine; the error does not quote the address, which may hold a key.
fn web_address(text: &str) -> Result<(), String> {
    let url = reqwest::Url::parse(text).map_err(|error| format!("not a URL: {error}"))?;
    let local = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if url.scheme() == "https" || (url.scheme() == "http" && local) {
        Ok(())
    } else {
        Err("it must begin with https://".to_owned())
    }
}

/// Names that rules had before: no rule has such a name now, and no two rules had the same.
fn check_old_names(root: &TableReader<'_, '_>, rules: &[String]) {
    let mut seen = BTreeSet::new();
    for (name, at) in root.notes().old_names() {
        if rules.contains(&name) {
            root.notes().problem(
                at,
                format!("`{name}` is the name of an existing rule"),
                "still in use",
                Some("remove it from `was`".to_owned()),
            );
        } else if !seen.insert(name.clone()) {
            root.notes().problem(
                at,
                format!("two rules have `{name}` as a former name"),
                "already used by another rule",
                Some("only one rule can take over its incidents; remove it from the other".to_owned()),
            );
        }
    }
}

/// Names that one table mentions and no other defines.
fn check_mentions(
    root: &TableReader<'_, '_>,
    receivers: &[String],
    sources: &[String],
    rules: &[String],
    causes: &[String],
) {
    for mention in root.notes().mentions() {
        let (known, what) = match mention.names {
            ReferenceKind::Receiver => (receivers, "receiver"),
            ReferenceKind::Source => (sources, "source"),
            ReferenceKind::Rule => (rules, "alert"),
            ReferenceKind::Cause => {
                if !causes.contains(&mention.name) {
                    let known: Vec<&str> = causes.iter().map(String::as_str).collect();
                    root.notes().problem(
                        mention.at,
                        format!("`{}` is not a cause", mention.name),
                        "unknown",
                        Some(one_of(&mention.name, &known)),
                    );
                }
                continue;
            }
        };
        let fitting = known.iter().filter(|known| {
            **known == mention.name
                || (mention.names == ReferenceKind::Source
                    && known.split_once('.').is_some_and(|(_, bare)| bare == mention.name))
        });
        let names: BTreeSet<&str> = known.iter().map(String::as_str).collect();
        let names: Vec<&str> = names.into_iter().collect();
        match fitting.count() {
            1 => {}
            0 => {
                let help = if known.is_empty() {
                    format!("define it: [{what}.{}]", mention.name)
                } else {
                    one_of(&mention.name, &names)
                };
                root.notes().problem(
                    mention.at,
                    format!("there is no {what} `{}`", mention.name),
                    "not defined",
                    Some(help),
                );
            }
            _ => root.notes().problem(
                mention.at,
                format!("more than one {what} is named `{}`", mention.name),
                "ambiguous",
                Some(format!("write watch.{0} or warm.{0}", mention.name)),
            ),
        }
    }
}

/// A rule cannot look back further than the store keeps.
fn check_windows(root: &TableReader<'_, '_>, keep: Span) {
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
