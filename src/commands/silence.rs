//! `monitor silence`

use alerting::incident::Incident;
use alerting::operator::Silence;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use model::glob::NamePattern;
use model::instant::instant;
use model::redact::printable;
use model::settings::{nearest, one_of};
use model::span::{Span, spoken};
use model::subject_pattern::subject_pattern;
use report::silences::{SilencesDocument, covered, text};
use store::{Store, StoreError};

use super::arguments::{OutputFormat, author, pattern, span, words};
use super::context::CommandContext;
use super::lookup::{StoreLookup, open_store};
use super::output::{failed, print, print_json, say, usage};
use crate::app::{MonitorConfig, StartError};
use crate::exit::ExitStatus;

/// Examples of use, shown by `--help`.
const EXAMPLES: &str = "\
Examples:
  monitor silence add --subject 'function:backend-*' --for 2h --reason 'load test'
  monitor silence add --rule 'start-up' --until 2024-12-24T08:00 --reason 'known, fixed on Tuesday'
  monitor silence add --all --from 2024-12-24T22:00 --for 4h --reason 'the database moves'
  monitor silence list
  monitor silence end 3

While a silence lasts, the incidents it covers cause no messages. Those still firing at its end are sent then; those that began and
ended within it are never sent. All are recorded (`monitor incidents`). A running daemon reads it within a minute, `run --once` at its start.";

/// The longest silence. For a longer one, remove the rule.
const LONGEST: TimeDelta = TimeDelta::days(366);

#[derive(Debug, clap::Args)]
#[command(long_about = "Silence incidents for a while, with a reason", after_help = EXAMPLES)]
pub(super) struct Args {
    #[command(subcommand)]
    what: SilenceCommand,
}

#[derive(Debug, clap::Subcommand)]
enum SilenceCommand {
    /// Add a silence
    Add(Box<AddArgs>),
    /// List active and future silences
    List(ListArgs),
    /// End a silence now
    End(EndArgs),
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Times without an offset are read in the time zone of the configuration.\n\nExit codes: 0 done; 1 the store cannot be written; 64 command line; 78 configuration"
)]
struct AddArgs {
    /// Silence incidents of these rules, by name or pattern
    #[arg(long, value_name = "PATTERN", value_parser = pattern, required_unless_present_any = ["subject", "all"])]
    rule: Option<NamePattern>,
    /// Silence incidents about these subjects: total, service:NAME, function:NAME, source:NAME, receiver:NAME, with
    /// wildcards
    #[arg(long, value_name = "PATTERN", value_parser = subject_pattern)]
    subject: Option<NamePattern>,
    /// Silence every incident
    #[arg(long, conflicts_with_all = ["rule", "subject"])]
    all: bool,
    /// How long it lasts: 2h, 3d
    #[arg(long = "for", value_name = "LENGTH", value_parser = span, required_unless_present = "until")]
    length: Option<Span>,
    /// When it ends: 2024-12-24T08:00, or with an offset: 2024-12-24T08:00:00+09:00
    #[arg(long, value_name = "TIME", conflicts_with = "length")]
    until: Option<String>,
    /// When it begins, in the form of --until [default: now]
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// The reason, shown for everything that was not sent because of it
    #[arg(long, value_name = "TEXT", value_parser = words)]
    reason: String,
    /// Who adds it [default: your login name]
    #[arg(long, value_name = "NAME")]
    author: Option<String>,
}

#[derive(Debug, clap::Args)]
struct ListArgs {
    /// Output format
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 done; 1 the silence has ended already, or the store cannot be written; 64 command line, or no such silence; 78 configuration"
)]
struct EndArgs {
    /// The silence's number from `monitor silence list`
    #[arg(value_name = "NUMBER")]
    id: i64,
}

pub(super) async fn run(args: Args, context: &CommandContext) -> Result<ExitStatus, StartError> {
    let config = context.config_without_secrets()?;
    let now = context.clock.now();
    match args.what {
        SilenceCommand::Add(args) => add(*args, &config, now).await,
        SilenceCommand::List(args) => list(&args, &config, now).await,
        SilenceCommand::End(args) => end(&args, &config, now).await,
    }
}

async fn add(args: AddArgs, config: &MonitorConfig, now: DateTime<Utc>) -> Result<ExitStatus, StartError> {
    let silence = match asked_for(args, config.timezone, now) {
        Ok(silence) => silence,
        Err(why) => return Ok(usage(why)),
    };
    let store = Store::open_for_orders(&config.store.path).await?;
    let open: Vec<Incident> = store.open_incidents().await?.into_values().collect();
    for doubt in doubts(&silence, config, &store, &open).await? {
        say(&format!("monitor: {}", printable(&doubt)));
    }
    let silence = Silence { id: store.silence(&silence).await?, ..silence };
    let at = |at: DateTime<Utc>| at.with_timezone(&config.timezone).format("%F %H:%M:%S %Z");
    let begins =
        if silence.from > now { format!("begins {} and", at(silence.from)) } else { "is active and".to_owned() };
    let mut lines = vec![format!(
        "Silence {} {begins} ends {}, in {}.",
        silence.id,
        at(silence.until),
        spoken(silence.until - now)
    )];
    let covered: Vec<&Incident> = covered(&silence, &open, now).collect();
    lines.push(match covered.len() {
        0 => "It covers no open incident now.".to_owned(),
        1 => "It covers an open incident:".to_owned(),
        count => format!("It covers {count} open incidents:"),
    });
    lines.extend(covered.iter().map(|incident| {
        printable(&format!("  {}  [{}] {}", incident.id, incident.severity.word(), incident.finding.headline))
    }));
    lines.push(format!(
        "Incidents still firing at its end are sent then. End it earlier with `monitor silence end {}`.",
        silence.id
    ));
    print(&lines.join("\n"));
    Ok(ExitStatus::Done)
}

/// The silence that the command line asks for; it has no number yet.
fn asked_for(args: AddArgs, zone: Tz, now: DateTime<Utc>) -> Result<Silence, String> {
    let read = |typed: &String| instant(typed, zone).map_err(|mistake| mistake.to_string());
    let shown = |at: DateTime<Utc>| at.with_timezone(&zone).format("%F %T %Z");
    let from = args.from.as_ref().map(read).transpose()?;
    if let Some(from) = from.filter(|from| *from < now) {
        return Err(format!("--from {} is in the past; omit it for a silence that begins now", shown(from)));
    }
    let from = from.unwrap_or(now);
    let until = match (args.length, &args.until) {
        (Some(length), _) => from + length.delta(),
        (None, Some(typed)) => read(typed)?,
        (None, None) => return Err("--for or --until is required".to_owned()),
    };
    if until <= now {
        return Err(format!("--until {} is in the past; it must be in the future", shown(until)));
    }
    if until <= from {
        return Err(format!("the silence would end ({}) before it begins", shown(until)));
    }
    if until - now > LONGEST {
        return Err(format!(
            "{} is more than a year ahead; to stop messages for good, remove the rule from the configuration",
            shown(until)
        ));
    }
    let any = |pattern: Option<NamePattern>| {
        pattern.map_or_else(|| "*".parse(), Ok).map_err(|error: serde::de::value::Error| error.to_string())
    };
    Ok(Silence {
        id: 0,
        rule: any(args.rule)?,
        subject: any(args.subject)?,
        from,
        until,
        author: author(args.author)?,
        reason: args.reason,
    })
}

/// What about it is probably not meant: it may speak of what is still to come, so nothing of this is a mistake.
async fn doubts(
    silence: &Silence,
    config: &MonitorConfig,
    store: &Store,
    open: &[Incident],
) -> Result<Vec<String>, StoreError> {
    let mut doubts = Vec::new();
    let rules: Vec<&str> = config.rules.iter().map(|rule| rule.name.as_str()).collect();
    let rule = silence.rule.as_str();
    if !rules.iter().any(|name| silence.rule.fits(name))
        && !open.iter().any(|incident| silence.rule.fits(&incident.rule))
    {
        doubts.push(format!("no rule and no open incident matches `{rule}`; {}", one_of(rule, &rules)));
    }
    let mut subjects = store.subjects().await?;
    subjects.push("total".to_owned());
    subjects.extend(config.source_names().iter().map(|name| format!("source:{name}")));
    subjects.extend(config.warms.iter().map(|warm| format!("function:{}", warm.function)));
    subjects.extend(config.receivers.iter().map(|receiver| format!("receiver:{}", receiver.name)));
    if !subjects.iter().any(|subject| silence.subject.fits(subject)) {
        let typed = silence.subject.as_str();
        let near = nearest(typed, &subjects, 3);
        let near = if near.is_empty() { String::new() } else { format!("; nearest: {}", near.join(", ")) };
        doubts.push(format!("no subject seen so far matches `{typed}`{near}"));
    }
    Ok(doubts)
}

async fn list(args: &ListArgs, config: &MonitorConfig, now: DateTime<Utc>) -> Result<ExitStatus, StartError> {
    let silences = match open_store(config).await? {
        StoreLookup::At(store) => {
            let open: Vec<Incident> = store.open_incidents().await?.into_values().collect();
            SilencesDocument::of(store.silences(now).await?, &open, now)
        }
        StoreLookup::Nothing(error) => {
            say(&format!("monitor: {error}"));
            SilencesDocument::of(vec![], &[], now)
        }
    };
    if args.format == OutputFormat::Json {
        return Ok(print_json(&silences));
    }
    print(&text(&silences, config.timezone, now));
    Ok(ExitStatus::Done)
}

async fn end(args: &EndArgs, config: &MonitorConfig, now: DateTime<Utc>) -> Result<ExitStatus, StartError> {
    let store = Store::open_for_orders(&config.store.path).await?;
    let Some(silence) = store.silence_numbered(args.id).await? else {
        let known: Vec<String> = store.silences(now).await?.iter().map(|silence| silence.id.to_string()).collect();
        let known = if known.is_empty() {
            "no silence is active or planned".to_owned()
        } else {
            format!("active or planned: {}", known.join(", "))
        };
        return Ok(usage(format!("there is no silence {}; {known}", args.id)));
    };
    if !store.end_silence(args.id, now).await? {
        return Ok(failed(&format!("silence {} has ended already, {} ago", args.id, spoken(now - silence.until))));
    }
    let orders = store.orders(now).await?;
    let open: Vec<Incident> = store.open_incidents().await?.into_values().collect();
    // What another silence covers as well stays silent.
    let freed =
        open.iter().filter(|incident| silence.covers(incident, now) && orders.silence(incident, now).is_none()).count();
    let freed = match freed {
        0 => "It covered no open incident.".to_owned(),
        1 => "What it held back for one open incident is sent now.".to_owned(),
        count => format!("What it held back for {count} open incidents is sent now."),
    };
    print(&format!("Silence {} has ended ({}). {freed}", args.id, printable(&silence.reason)));
    Ok(ExitStatus::Done)
}
