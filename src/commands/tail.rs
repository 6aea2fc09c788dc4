//! `monitor tail`

use std::collections::BTreeSet;
use std::future::pending;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use aws::AwsClients;
use aws::resolve::{LogSelection, ResolvedLogs, default_function, resolve};
use aws::settings::AwsSettings;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use clock::Clock;
use lambda_log::diagnosis::Causes;
use lambda_log::tail::{TailBuffer, TailEntry, TailSink};
use model::call_failure::{CallFailure, FailureKind};
use model::glob::NamePattern;
use model::settings::nearest;
use model::span::Span;
use report::tail::{TailLayout, cause_line, json};
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error as Mistake;
use source::{FollowEvent, FollowPace, FollowResult, LogFollower};
use tokio::io::Interest;
use tokio::net::unix::pipe;

use super::arguments::{OutputFormat, span};
use super::context::CommandContext;
use super::output::{failed, say};
use super::stop::asked_to_stop;
use crate::app::{StartError, account, connected};
use crate::config;
use crate::exit::ExitStatus;

/// Examples of use, shown by `--help`.
const EXAMPLES: &str = "\
Examples:
  monitor tail backend-dev                         one function: its last ten minutes, then live
  monitor tail 'backend-*' worker --since 1h       several; functions that appear later are picked up
  monitor tail '*' --since 1s                      the whole region, only new invocations
  monitor tail /prod/shop                          a log group: every function that logs there
  monitor tail '*' --profile work --region eu-west-1
  monitor tail '*' --format json | jq -r 'select(.cause) | [.at, .function, .cause] | @tsv'

A line is written about five seconds after its invocation has ended, when no more of its log is expected. Quoted text is
shortened, and secrets in it are masked. Times are UTC, or in the time zone of the configuration.

It needs logs:FilterLogEvents, lambda:ListFunctions for the log group of each function (without it only log groups
/aws/lambda/<function> are found), and logs:DescribeLogGroups for patterns; all are free. Failed calls are retried, more slowly while
AWS throttles them, and reported once on standard error. Ctrl-C, SIGTERM or closing its output ends it.

Exit codes: 0 ended from outside; 1 no log could be read; 64 command line; 78 configuration";

/// How often logs are asked for what is new.
const EVERY: TimeDelta = TimeDelta::seconds(2);
/// CloudWatch shows lines 5 to 20 seconds late. All of this is asked for again at every poll, so it is less than the
/// daemon's.
const OVERLAP: TimeDelta = TimeDelta::seconds(60);
/// How long a silent log is left alone, and how often new functions are looked for.
const QUIET: TimeDelta = TimeDelta::seconds(4);
const LOOK_UP: TimeDelta = TimeDelta::seconds(15);
/// Reading begins so long before the first invocation that is shown, because that one began before it ended.
const LEAD: TimeDelta = TimeDelta::minutes(1);
/// How long it waits at most while no call can succeed.
const LONGEST_PAUSE: TimeDelta = TimeDelta::seconds(30);
/// A failure that comes and goes is told again after this.
const TELL_AGAIN: TimeDelta = TimeDelta::minutes(10);
/// How long the last lines may take to be written when the process is to end.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// Existing names that are shown where one does not exist.
const NEAREST: usize = 5;

#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Functions or log groups by name, or patterns of names with `*`, `?` and `[...]`
    #[arg(value_name = "FUNCTION", required = true, value_parser = log_name)]
    functions: Vec<LogName>,
    /// Also show invocations that ended this long ago: 90s, 1h, 2d; 1s shows almost only new ones
    #[arg(long, value_name = "SPAN", default_value = "10m", value_parser = span)]
    since: Span,
    /// The region [default: that of the configuration, of the profile, or AWS_REGION]
    #[arg(long, value_name = "REGION")]
    region: Option<String>,
    /// The profile of the shared AWS configuration files [default: that of the configuration, or AWS_PROFILE]
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,
    /// Output format; JSON is one object per line
    #[arg(long, value_enum, default_value_t = OutputFormat::Text)]
    format: OutputFormat,
}

/// What was typed.
#[derive(Debug, Clone)]
enum LogName {
    Function(NamePattern),
    Group(NamePattern),
}

fn log_name(text: &str) -> Result<LogName, String> {
    // The name of a function's own log group stands for the function.
    let name = default_function(text).unwrap_or(text);
    let pattern = NamePattern::deserialize(name.into_deserializer()).map_err(|mistake: Mistake| mistake.to_string())?;
    // No function has such a character in its name.
    Ok(if name.contains(['/', '#']) { LogName::Group(pattern) } else { LogName::Function(pattern) })
}

/// What is meant by everything that was typed.
fn selection(names: Vec<LogName>) -> LogSelection {
    let mut wanted = LogSelection::default();
    for name in names {
        match name {
            LogName::Function(pattern) => wanted.functions.push(pattern),
            LogName::Group(pattern) => wanted.groups.push(pattern),
        }
    }
    wanted
}

pub(super) async fn run(args: Args, context: &CommandContext) -> Result<ExitStatus, StartError> {
    let config = context.config_if_any()?;
    let (mut aws, zone, causes) = config.map_or_else(
        || (AwsSettings::default(), Tz::UTC, Causes::built_in()),
        |config| (config.aws, config.timezone, config.causes),
    );
    aws.region = args.region.or(aws.region);
    aws.profile = args.profile.or(aws.profile);
    let clock = Arc::clone(&context.clock);
    let account = account(&aws, &clock).await?;
    let since = clock.now() - args.since.delta();
    let wanted = selection(args.functions);
    let colors = !config::no_color() && io::stdout().is_terminal();
    let mut live = LiveTail {
        clock,
        follow: LogFollower::new(
            wanted.clone(),
            FollowPace { overlap: OVERLAP, quiet: QUIET, look_up: LOOK_UP },
            &account,
        )
        .with_causes(&causes),
        aws,
        account,
        wanted,
        said_blind_spot: false,
        first: since - LEAD,
        tail: TailBuffer::new(since),
        output: TailWriter { format: args.format, layout: TailLayout::new(zone, colors) },
        followed: Vec::new(),
        has_read: false,
        complaints: ReportedFailures::default(),
    };
    let stop = tokio::select! {
        stop = live.run() => stop,
        () = asked_to_stop() => TailEnd::Told,
        () = reader_gone() => TailEnd::ReaderGone,
    };
    Ok(match stop {
        TailEnd::Told => {
            let left = live.tail.end(live.clock.now());
            // Without a reader they are not waited for.
            let _ = tokio::time::timeout(LAST_WORDS, live.output.write(&left)).await;
            ExitStatus::Done
        }
        // A reader that has gone away has seen enough.
        TailEnd::ReaderGone => ExitStatus::Done,
        TailEnd::Failed(why) => failed(&why),
    })
}

/// Why it ends.
enum TailEnd {
    /// It was asked to.
    Told,
    /// There is no reader any more.
    ReaderGone,
    /// There is nothing it could read.
    Failed(String),
}

/// The logs that are followed.
struct LiveTail {
    clock: Arc<dyn Clock>,
    aws: AwsSettings,
    account: AwsClients,
    wanted: LogSelection,
    said_blind_spot: bool,
    follow: LogFollower<TailSink>,
    /// Where reading begins, in a log that was not known before.
    first: DateTime<Utc>,
    tail: TailBuffer,
    output: TailWriter,
    /// The functions that are followed, as they were said.
    followed: Vec<String>,
    /// A log has been read, so that what is wrong now was not wrong from the start.
    has_read: bool,
    complaints: ReportedFailures,
}

impl LiveTail {
    /// Follows until there is no point in it.
    async fn run(&mut self) -> TailEnd {
        let (mut due, mut go_on, mut pause) = (self.clock.now(), None, EVERY);
        loop {
            let now = self.clock.now();
            if due <= now || go_on.is_some_and(|at| at <= now) {
                let followed = if due <= now {
                    due = now + EVERY;
                    self.follow.poll(now, self.first).await
                } else {
                    self.follow.go_on(now).await
                };
                go_on = followed.go_on_at;
                match self.take(followed).await {
                    Ok(NextPoll::Soon) => pause = EVERY,
                    Ok(NextPoll::Later) => {
                        pause = (pause * 2).min(LONGEST_PAUSE);
                        due = self.clock.now() + pause;
                    }
                    Err(stop) => return stop,
                }
            }
            let now = self.clock.now();
            let ripe = self.tail.ripe(now);
            if let Err(error) = self.output.write(&ripe).await {
                return if error.kind() == io::ErrorKind::BrokenPipe {
                    TailEnd::ReaderGone
                } else {
                    TailEnd::Failed(format!("cannot write: {error}"))
                };
            }
            let next = [Some(due), go_on, self.tail.next()].into_iter().flatten().min();
            self.clock.wait_until(next.unwrap_or(due), false).await;
        }
    }

    /// Takes what was seen in one step.
    async fn take(&mut self, followed: FollowResult<TailSink>) -> Result<NextPoll, TailEnd> {
        let now = self.clock.now();
        self.say_what_is_followed();
        let is_over = followed.go_on_at.is_none();
        let mut hopeless = None;
        let mut next = NextPoll::Soon;
        for seen in followed.seen {
            match seen {
                FollowEvent::Read(stretch) => {
                    if stretch.up_to.is_some() {
                        self.has_read = true;
                        self.complaints.read(&stretch.group);
                    }
                    for of_one in stretch.functions {
                        self.tail.take(of_one.found, now);
                    }
                }
                FollowEvent::Failed(failure) => {
                    if self.is_unknown(&failure) {
                        if self.means_a_group(&failure).await {
                            continue;
                        }
                        return Err(TailEnd::Failed(self.no_such_log(&failure.resource).await));
                    }
                    if can_come_back(failure.kind) {
                        next = NextPoll::Later;
                    }
                    if matches!(failure.kind, FailureKind::NoCredentials | FailureKind::BadCredentials) {
                        // New ones may be there by the next time, also in a file that was read before.
                        let renewed = connected(&self.aws, &self.clock).await;
                        self.follow.ask_by(&renewed);
                    }
                    if self.has_read || may_pass(failure.kind) {
                        self.complaints.tell(&failure, now);
                    } else {
                        hopeless = hopeless.or(Some(failure));
                    }
                }
            }
        }
        for ended in self.tail.news() {
            let id = ended.request_id.as_deref().unwrap_or("-");
            let what = cause_line(&ended).unwrap_or_else(|| "it failed".to_owned());
            say(&format!("monitor: {} {id}: found after its line was printed: {what}", ended.function));
        }
        self.say_what_is_not_seen();
        match hopeless {
            Some(failure) if !self.has_read && is_over => Err(TailEnd::Failed(failure.to_string())),
            // Some logs can be read, and this one cannot.
            Some(failure) => {
                self.complaints.tell(&failure, now);
                Ok(next)
            }
            None => Ok(next),
        }
    }

    /// Says whose logs are followed, to a person; what is new among them when there is something new.
    fn say_what_is_followed(&mut self) {
        let Some(functions) = self.follow.functions() else { return };
        let new: Vec<String> = functions.iter().filter(|function| !self.followed.contains(function)).cloned().collect();
        self.output.layout.expect(&new);
        if !io::stdout().is_terminal() {
            return;
        }
        if functions.is_empty() {
            let wanted = self.wanted.functions.iter().chain(&self.wanted.groups);
            let names = wanted.map(NamePattern::as_str).collect::<Vec<_>>().join(", ");
            self.complaints.once(if self.wanted.groups.is_empty() {
                format!("no function matches {names} yet; waiting for one")
            } else {
                format!("whatever is logged to {names} is followed; press Ctrl-C to stop")
            });
        } else if self.followed.is_empty() {
            say(&format!(
                "monitor: {} followed; press Ctrl-C to stop",
                if new.len() == 1 { "1 function is".to_owned() } else { format!("{} functions are", new.len()) }
            ));
        } else if !new.is_empty() {
            say(&format!("monitor: new: {}", new.join(", ")));
        }
        self.followed.extend(new);
    }

    /// Says once which logs it cannot find, when it has read others: before that, what fails is more important.
    fn say_what_is_not_seen(&mut self) {
        let looks_for_more = self.wanted.functions.iter().any(|pattern| pattern.exact().is_none());
        if self.has_read
            && looks_for_more
            && !self.said_blind_spot
            && let Some(blind_spot) = self.follow.blind_spot()
        {
            say(&format!("monitor: {blind_spot}"));
            self.said_blind_spot = true;
        }
    }

    /// Whether a log was never read and does not exist, and was typed by its name.
    fn is_unknown(&self, failure: &CallFailure) -> bool {
        let (group, LogSelection { functions, groups }) = (failure.resource.as_str(), &self.wanted);
        let is_function = default_function(group).is_some_and(|function| is_typed(functions, function));
        failure.kind == FailureKind::NotFound
            && (is_function || is_typed(groups, group))
            && !self.complaints.has_read(group)
    }

    /// Whether the name of a function that does not exist is that of a log group; it is followed from now on then.
    async fn means_a_group(&mut self, failure: &CallFailure) -> bool {
        let Some(typed) = default_function(&failure.resource) else { return false };
        let Ok(page) = self.account.logs.log_groups(typed, None).await else { return false };
        if !page.items.iter().any(|group| group.name == typed) {
            return false;
        }
        let LogSelection { functions, groups } = &mut self.wanted;
        groups.extend(functions.extract_if(.., |pattern| pattern.exact() == Some(typed)));
        self.follow.follow_instead(self.wanted.clone());
        true
    }

    async fn no_such_log(&self, group: &str) -> String {
        let place =
            if self.account.region.is_empty() { "here".to_owned() } else { format!("in {}", self.account.region) };
        let function = default_function(group).filter(|function| is_typed(&self.wanted.functions, function));
        let all = "*".parse().map(|all| match function {
            Some(_) => LogSelection { functions: vec![all], groups: vec![] },
            None => LogSelection { functions: vec![], groups: vec![all] },
        });
        let found = match all {
            Ok(all) => {
                resolve(self.account.logs.as_ref(), self.account.functions.as_ref(), &all).await.unwrap_or_default()
            }
            Err(_) => ResolvedLogs::default(),
        };
        let names = if function.is_some() { found.functions() } else { found.whole.iter().cloned().collect() };
        let near = nearest(function.unwrap_or(group), &names, NEAREST);
        let hint = if near.is_empty() {
            "check the name and the region".to_owned()
        } else {
            format!("nearest: {}", near.join(", "))
        };
        match function {
            Some(function) => {
                let not_seen = found.blind_spot().map(|blind_spot| format!("; {blind_spot}")).unwrap_or_default();
                format!(
                    "there is no function `{function}` {place}, or it was never invoked (no log group {group}); {hint}{not_seen}"
                )
            }
            None => format!("there is no log group `{group}` {place}; {hint}"),
        }
    }
}

/// Whether a name is among those that were typed without a wildcard.
fn is_typed(patterns: &[NamePattern], name: &str) -> bool {
    patterns.iter().any(|pattern| pattern.exact() == Some(name))
}

/// When to poll again.
enum NextPoll {
    Soon,
    /// No call would fare better now.
    Later,
}

/// Whether no call can succeed for as long as this lasts, and it can end.
fn can_come_back(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::NoCredentials | FailureKind::BadCredentials | FailureKind::Unreachable | FailureKind::NoAnswer
    )
}

/// Whether this may pass by itself, so that it is no reason to give up at the start.
fn may_pass(kind: FailureKind) -> bool {
    kind.is_passing() || matches!(kind, FailureKind::Unreachable | FailureKind::NoAnswer)
}

/// What was said of failures, so that each is told once for as long as it lasts.
#[derive(Debug, Default)]
struct ReportedFailures {
    told: Vec<ReportedFailure>,
    /// The log groups that were read.
    read: BTreeSet<String>,
    once: Option<String>,
}

/// A failure that was told.
#[derive(Debug)]
struct ReportedFailure {
    call: String,
    kind: FailureKind,
    /// The log group, where others may fare better.
    group: Option<String>,
    at: DateTime<Utc>,
}

impl ReportedFailures {
    fn tell(&mut self, failure: &CallFailure, now: DateTime<Utc>) {
        let of_all = can_come_back(failure.kind) || failure.kind.is_passing();
        let new = ReportedFailure {
            call: failure.call.clone(),
            kind: failure.kind,
            group: (!of_all).then(|| failure.resource.clone()),
            at: now,
        };
        self.told.retain(|told| !told.kind.is_passing() || now - told.at < TELL_AGAIN);
        if !self.told.iter().any(|told| told.call == new.call && told.kind == new.kind && told.group == new.group) {
            say(&format!("monitor: {failure}"));
            self.told.push(new);
        }
    }

    /// A log was read: what was told of it, or of all logs, is over.
    fn read(&mut self, group: &str) {
        if !self.read.contains(group) {
            self.read.insert(group.to_owned());
        }
        let is_over =
            |told: &mut ReportedFailure| told.group.as_ref().map_or(!told.kind.is_passing(), |of| *of == group);
        for told in self.told.extract_if(.., is_over) {
            say(&format!(
                "monitor: {} readable again",
                told.group.map_or_else(|| "logs are".to_owned(), |group| format!("{group} is"))
            ));
        }
    }

    fn has_read(&self, group: &str) -> bool {
        self.read.contains(group)
    }

    fn once(&mut self, what: String) {
        if self.once.as_ref() != Some(&what) {
            say(&format!("monitor: {what}"));
            self.once = Some(what);
        }
    }
}

/// Where lines go.
struct TailWriter {
    format: OutputFormat,
    layout: TailLayout,
}

impl TailWriter {
    /// Writes them beside everything else, since the reader may stop reading for a while.
    async fn write(&mut self, ended: &[TailEntry]) -> io::Result<()> {
        if ended.is_empty() {
            return Ok(());
        }
        let mut text = String::new();
        for ended in ended {
            text.push_str(&match self.format {
                OutputFormat::Text => self.layout.line(ended),
                OutputFormat::Json => json(ended)?,
            });
            text.push('\n');
        }
        let write = move || {
            let mut stdout = io::stdout().lock();
            stdout.write_all(text.as_bytes())?;
            stdout.flush()
        };
        tokio::task::spawn_blocking(write).await.unwrap_or_else(|error| Err(io::Error::other(error)))
    }
}

/// Ends when standard output has no reader any more, also while there is nothing to write. Where that cannot be
/// known, as of a file, it never ends.
async fn reader_gone() {
    let watched = io::stdout().as_fd().try_clone_to_owned().and_then(pipe::Sender::from_owned_fd_unchecked);
    match watched {
        Ok(watched) if watched.ready(Interest::ERROR).await.is_ok() => {}
        _ => pending().await,
    }
}
