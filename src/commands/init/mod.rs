//! `monitor init`

mod ask;
mod files;
mod flags;
mod look;
mod notify_where;
mod regions;
mod stop;

use std::path::{Path, PathBuf};

use aws::settings::AwsSettings;
use chrono_tz::Tz;
use model::secret::Secret;
use model::settings::one_of;

use self::ask::Person;
use self::files::SetupFiles;
use self::stop::InitStop;
use crate::app::{MonitorConfig, StartError, receivers};
use crate::config::{self, ConfigEnvironment};
use crate::exit::ExitStatus;
use setup::{FoundAccount, SetupChoices, configuration, found_table};

pub(super) use self::flags::Args;

use super::context::CommandContext;
use super::output::{print, say};
use super::test_message::{delivered, test_message};

pub(super) async fn run(args: Args, context: &CommandContext) -> Result<ExitStatus, StartError> {
    match init(&args, context).await {
        Ok(status) => Ok(status),
        Err(stop) => {
            say(&format!("monitor: {}", stop.why));
            Ok(stop.status)
        }
    }
}

async fn init(args: &Args, context: &CommandContext) -> Result<ExitStatus, InitStop> {
    let person = Person::new(args.yes)?;
    let place = args.output.clone().or_else(|| context.config.clone()).unwrap_or_else(|| PathBuf::from("alerts.toml"));
    if !args.dry_run {
        files::is_free(&place)?;
    }
    // A dry run leaves standard output to the file.
    let tell = if args.dry_run { say } else { print };
    let settings = AwsSettings {
        region: args.region.clone(),
        other_regions: regions::candidates(args, args.region.as_deref()),
        profile: args.profile.clone(),
        ..AwsSettings::default()
    };
    let identity = look::identity(&settings, context, tell).await?;
    let account = &identity.clients;
    let mut found = look::survey(args, &identity, context).await?;
    found.bill = look::bill(args, account, &person, context).await?;
    tell(&format!("\n{}", found_table(&found)));
    for (region, what) in &found.other_regions {
        tell(&format!("In {region}: {what}\n"));
    }
    if found.functions().is_empty() && found.resources(account::map::MapKind::Function).is_some() {
        tell(&format!(
            "There is no function in {}. If that surprises you, name another region with --region.\n",
            found.region
        ));
    }
    let mut choices = SetupChoices { timezone: zone(args).to_string(), ..SetupChoices::default() };
    take_over(args, &found, account, &person, &mut choices, tell).await?;
    let (secrets, known) = notify_where::choose(args, &person, &mut choices)?;
    let secret_file = args.env_file.clone().unwrap_or_else(|| place.with_file_name("monitor.env"));
    if !secrets.is_empty() {
        choices.env_file = Some(as_typed(&secret_file));
    }
    let text = configuration(&found, &choices);
    let config = accepted(&text, &place, known, context)?;
    let has_failed = test(args, &text, &place, &secrets, &person, context, tell).await?;
    let files = SetupFiles::new((place, text), (!secrets.is_empty()).then_some((secret_file, secrets)))?;
    files.write(args.dry_run, tell)?;
    if !args.dry_run {
        next(&files, &config);
    }
    Ok(if has_failed { ExitStatus::Incomplete } else { ExitStatus::Done })
}

/// A path as a shell takes it for a file.
fn as_typed(path: &Path) -> String {
    match path.parent() {
        Some(parent) if parent == Path::new("") => format!("./{}", path.display()),
        _ => path.display().to_string(),
    }
}

/// The time zone that was named, else this machine's.
fn zone(args: &Args) -> Tz {
    let machine = || {
        let link = std::fs::read_link("/etc/localtime").ok()?;
        let (_, name) = link.to_str()?.split_once("zoneinfo/")?;
        name.parse().ok()
    };
    args.timezone.or_else(machine).unwrap_or(Tz::UTC)
}

/// Asks whether to ping the functions that something calls every few minutes.
async fn take_over(
    args: &Args,
    found: &FoundAccount,
    account: &aws::AwsClients,
    person: &Person,
    choices: &mut SetupChoices,
    tell: fn(&str),
) -> Result<(), InitStop> {
    let warmers = found.warmers();
    let names: Vec<&str> = warmers.iter().map(|warmer| warmer.function.as_str()).collect();
    if let Some(unknown) = args.take_over.iter().find(|name| !names.contains(&name.as_str())) {
        let which = if names.is_empty() {
            "nothing calls a function every few minutes".to_owned()
        } else {
            one_of(unknown, &names)
        };
        return Err(InitStop::usage(format!("--take-over {unknown}: nothing calls it every few minutes; {which}")));
    }
    for warmer in &warmers {
        let function = &warmer.function;
        let wanted = args.take_over.contains(function)
            || person.confirm(
                &format!(
                    "The {} calls {function} every {} min. Is that only to keep it warm, and shall monitor ping it \
                    instead?",
                    warmer.caller(),
                    warmer.minutes
                ),
                false,
            )?;
        if !wanted {
            continue;
        }
        match account.functions.may_invoke(function).await {
            Ok(()) => drop(choices.take_over.insert(function.clone())),
            Err(failure) => tell(&format!("{function} is not taken over: {failure}")),
        }
    }
    Ok(())
}

/// Reads the text as `monitor check` will, with the secrets that are known already.
fn accepted(
    text: &str,
    place: &Path,
    known: Vec<(String, Secret)>,
    context: &CommandContext,
) -> Result<MonitorConfig, InitStop> {
    let environment = ConfigEnvironment::without_secrets(folder(place)).and_given(known);
    config::parse(text, &environment, context.clock.now()).map_err(|problems| {
        let shown = config::show(&problems, &place.display().to_string(), text, false);
        InitStop::usage(format!("an answer does not fit, so nothing was written:\n{shown}"))
    })
}

fn folder(place: &Path) -> PathBuf {
    place.parent().filter(|parent| *parent != Path::new("")).map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Sends each receiver a test message, if the person agrees; whether one failed.
async fn test(
    args: &Args,
    text: &str,
    place: &Path,
    secrets: &[(String, Secret)],
    person: &Person,
    context: &CommandContext,
    tell: fn(&str),
) -> Result<bool, InitStop> {
    if args.slack_webhook_env.is_none() && args.email.is_empty() && secrets.is_empty() && !args.test_receivers {
        return Ok(false);
    }
    if !args.test_receivers && !person.confirm("Send each receiver a test message now?", true)? {
        return Ok(false);
    }
    let environment = ConfigEnvironment::of_process(folder(place)).and_given(secrets.to_vec());
    let config: MonitorConfig = match config::parse(text, &environment, context.clock.now()) {
        Ok(config) => config,
        Err(problems) => {
            problems.iter().for_each(|problem| say(&format!("monitor: no test message was sent: {}", problem.what)));
            return Ok(true);
        }
    };
    let receivers = receivers(&config).map_err(|error| InitStop::failed(error.to_string()))?;
    let mut has_failed = false;
    for (name, receiver) in &receivers {
        let sent = receiver.send(&test_message(name, config.timezone, context.clock.now())).await;
        match delivered(sent) {
            Ok(_) => tell(&format!("{name} accepted a test message")),
            Err(why) => {
                say(&format!("monitor: {name}: {why}"));
                has_failed = true;
            }
        }
    }
    Ok(has_failed)
}

/// What to do next.
fn next(files: &SetupFiles, config: &MonitorConfig) {
    let count = |n: usize, one: &str, many: &str| format!("{n} {}", if n == 1 { one } else { many });
    print(&format!(
        "{}: {}, {}, {}, {}",
        files.place().display(),
        count(config.watches.len(), "watch", "watches"),
        count(config.warms.len(), "warm-up", "warm-ups"),
        count(config.rules.len(), "rule", "rules"),
        count(config.receivers.len(), "receiver", "receivers")
    ));
    let named = match files.place() == Path::new("alerts.toml") {
        true => String::new(),
        false => format!(" --config {}", files.place().display()),
    };
    let secrets = files.secrets().map(|file| format!("  set -a; . {}; set +a\n", as_typed(file))).unwrap_or_default();
    print(&format!(
        "\nNext:\n{secrets}  monitor check --live{named}\n  monitor run{named}\n\n\
         The policy for the identity that it runs as: monitor iam-policy{named}"
    ));
}
