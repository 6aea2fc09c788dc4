//! The command line. Without a command the program serves.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, Subcommand};
use futures::FutureExt;
use indicatif::{ProgressBar, ProgressStyle};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use crate::app;
use crate::http::{AppProvider, SharedProvider, router};
use crate::jobs::{JobRequest, JobRunner, PatchNote, ReminderTime};
use crate::lambda::{self, Function};
use crate::server;
use crate::settings::environment::{Environment, FIRESTORE_EMULATOR, RunMode, SECRET_NAME};
use crate::settings::{Secret, Settings, development_key, read};
use crate::start::{AppStarter, OpenStore};
use crate::store::transfer::{self, TransferSummary};
use crate::store::{Store, StoreError, setting};
use onestep_core::model::{Id, Provider, User};
use onestep_core::token::TokenKind;
use onestep_core::user_rows::{Change, Scope, UniqueName, UserRows};

/// Exit code: the command line is wrong.
const USAGE: u8 = 64;
/// Exit code: the command failed.
const FAILED: u8 = 1;
/// Exit code: settings are missing or wrong (`EX_CONFIG` of `sysexits.h`).
const CONFIGURATION: u8 = 78;

/// The OneStep todo API. Without a command it serves HTTP on PORT (8000), and under Lambda it takes events.
#[derive(Debug, Parser)]
#[command(name = "onestep-api", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "Examples:
  onestep-api                                                       serve with the rows in onestep.db
  curl -H \"Authorization: Bearer $(onestep-api token me@example.com)\" localhost:8000/todos/todo/
  onestep-api export --from sqlite:onestep.db > backup.jsonl
  onestep-api import --to dynamodb:onestep < backup.jsonl
  onestep-api migrate --from sqlite:onestep.db --to dynamodb:onestep

Settings are environment variables that begin with ONESTEP_; see the README.
Exit codes: 0 done, 1 failed, 64 wrong command line, 78 settings missing or wrong.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve HTTP (the default)
    Serve,
    /// Write everything in a store to a file
    Export {
        /// The store, such as sqlite:onestep.db
        #[arg(long, value_name = "STORE")]
        from: String,
        /// A file, - for the standard output, or another store
        #[arg(long, value_name = "FILE", default_value = "-")]
        to: String,
    },
    /// Read a file that `export` wrote into an empty store
    Import {
        /// A file, - for the standard input, or another store
        #[arg(long, value_name = "FILE", default_value = "-")]
        from: String,
        /// The store, such as dynamodb:onestep; a missing table is created
        #[arg(long, value_name = "STORE")]
        to: String,
    },
    /// Copy everything in a store to another, empty store
    Migrate {
        /// The store to read, such as sqlite:onestep.db
        #[arg(long, value_name = "STORE")]
        from: String,
        /// The store to write, such as dynamodb:onestep
        #[arg(long, value_name = "STORE")]
        to: String,
    },
    /// Print an access token for an account; a missing account is created
    Token {
        /// The mail address of the account
        address: String,
    },
    /// Make an account premium: no limit on recommendations
    Premium {
        /// The mail address of the account
        address: String,
        /// Make it an ordinary account again
        #[arg(long)]
        off: bool,
    },
    /// Remind all users of the open todos of the day, on all their devices; no one is reminded twice
    Remind {
        /// Which of the day's reminders to send; the latest that is due by default
        #[arg(long, value_parser = ["08:00", "14:00", "20:00"])]
        at: Option<String>,
    },
    /// Mail a patch note to all users who have not received it yet
    PatchNotes {
        /// The name of the note, such as 1.2.0; no one receives the same note twice
        id: String,
        /// The subject of the mail
        #[arg(long)]
        subject: String,
        /// A file with the text of the mail, in HTML
        #[arg(long, value_name = "FILE")]
        html: std::path::PathBuf,
    },
    /// Print the OpenAPI document of the routes
    Openapi,
}

/// Threads for blocking work. SQLite is not faster with more, and each takes memory.
const BLOCKING: usize = 8;
/// How long the server waits for the settings before it listens.
const AT_ONCE: Duration = Duration::from_millis(300);

/// Why a command failed: exit code and message.
struct CommandError {
    code: u8,
    sentence: String,
}

fn failed(error: impl ToString) -> CommandError {
    CommandError { code: FAILED, sentence: error.to_string() }
}

/// Runs the program: sets up logs and a runtime, then runs the command.
pub fn main() -> ExitCode {
    if lambda::is_here() {
        return function();
    }
    let line = match Cli::try_parse() {
        Ok(line) => line,
        Err(problem) => {
            let asked = !problem.use_stderr();
            return if problem.print().is_ok() && asked { ExitCode::SUCCESS } else { ExitCode::from(USAGE) };
        }
    };
    let command = line.command.unwrap_or(Command::Serve);
    log(if matches!(command, Command::Serve) { "info" } else { "error" });
    let done = match tokio::runtime::Builder::new_multi_thread().max_blocking_threads(BLOCKING).enable_all().build() {
        Ok(runtime) => runtime.block_on(run(command)),
        Err(error) => Err(failed(error)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Not a log line: this is for the person who typed the command.
            let _ = writeln!(io::stderr(), "onestep-api: {}", failure.sentence);
            ExitCode::from(failure.code)
        }
    }
}

/// Runs as a Lambda function.
fn function() -> ExitCode {
    log("info");
    // An execution environment gets one event at a time and a fraction of a processor: one thread is enough.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let served = runtime.map_err(|error| error.to_string()).and_then(|runtime| {
        runtime.block_on(async {
            let environment = Environment::of_process();
            if environment.get(SECRET_NAME).is_none() {
                // Trying again does not mend these settings: fail the deployment, with all problems in one line.
                read::read(&environment, None).map_err(|problems| problems.to_string())?;
            }
            let starting = Arc::new(AppStarter::new(environment, opener(RunMode::Lambda)));
            let routes = router::router(Arc::clone(&starting) as SharedProvider);
            lambda::serve(Function::new(routes, starting, lambda::environment())).await
        })
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            tracing::error!("{sentence}");
            ExitCode::from(FAILED)
        }
    }
}

/// Sends logs to the standard error. `RUST_LOG` is the filter; `usual` is the filter without it.
fn log(usual: &str) {
    let (filter, problem) = filter(std::env::var_os(EnvFilter::DEFAULT_ENV), usual);
    let colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(colours)
        .with_target(false)
        .init();
    if let Some(problem) = problem {
        tracing::error!(problem, used = usual, "RUST_LOG cannot be understood");
    }
}

/// The filter, and the problem with `RUST_LOG` if there is one. A wrong filter does not stop the program.
fn filter(given: Option<OsString>, usual: &str) -> (EnvFilter, Option<String>) {
    let Some(given) = given.filter(|given| !given.is_empty()) else { return (EnvFilter::new(usual), None) };
    let read = given.to_str().ok_or_else(|| "it is not Unicode text".to_owned());
    match read.and_then(|text| EnvFilter::try_new(text).map_err(|error| error.to_string())) {
        Ok(filter) => (filter, None),
        Err(problem) => (EnvFilter::new(usual), Some(problem)),
    }
}

/// Runs a command.
async fn run(command: Command) -> Result<(), CommandError> {
    let environment = Environment::of_process();
    match command {
        Command::Serve => serve(environment).await,
        Command::Export { from, to } | Command::Import { from, to } | Command::Migrate { from, to } => {
            transfer(&environment, &from, &to).await
        }
        Command::Token { address } => token(environment, &address).await,
        Command::Premium { address, off } => premium(environment, &address, !off).await,
        Command::Remind { at } => {
            let at = ReminderTime::ALL.into_iter().find(|slot| Some(slot.at()) == at.as_deref());
            job(environment, JobRequest::Reminders { at, time: None }).await
        }
        Command::PatchNotes { id, subject, html } => {
            let html =
                std::fs::read_to_string(&html).map_err(|error| failed(format!("{}: {error}", html.display())))?;
            let note =
                PatchNote::new(&id, &subject, &html).map_err(|sentence| CommandError { code: USAGE, sentence })?;
            job(environment, JobRequest::PatchNotes(note)).await
        }
        Command::Openapi => openapi(),
    }
}

/// Opens the store of the settings. Outside of Lambda it creates a missing table.
pub fn opener(mode: RunMode) -> OpenStore {
    Arc::new(move |settings: &Settings| {
        let (setting, firebase, emulator) =
            (settings.store.clone(), settings.firebase.clone(), settings.firestore_emulator.clone());
        async move {
            let store = setting::open(setting.reveal(), firebase.as_ref(), emulator.as_deref()).await?;
            // A store that is ready needs no preparation, and no permission to create a table.
            if mode != RunMode::Lambda && store.ready().await.is_err() {
                store.prepare().await.map_err(|error| error.to_string())?;
            }
            Ok(store)
        }
        .boxed()
    })
}

/// Makes the signing key of a development server, unless it exists; reading the settings only reads it.
fn keep_development_key(environment: &Environment) -> Result<(), CommandError> {
    let Some(path) = read::development_key_file(environment) else { return Ok(()) };
    development_key::create_if_missing(&path).map_err(|sentence| CommandError { code: CONFIGURATION, sentence })
}

async fn serve(environment: Environment) -> Result<(), CommandError> {
    let port = environment.port().map_err(|sentence| CommandError { code: CONFIGURATION, sentence })?;
    let mode = environment.run_mode();
    keep_development_key(&environment)?;
    let starting = Arc::new(AppStarter::new(environment, opener(mode)));
    let misconfigured = |sentence| CommandError { code: CONFIGURATION, sentence };
    let stop = server::told_to_stop().map_err(failed)?;
    let mut beginning = Box::pin(starting.begin());
    // Wrong settings end the program before it listens. A slow start, such as a secret that cannot be fetched, does not
    // delay `/healthz`.
    let begun = tokio::time::timeout(AT_ONCE, &mut beginning).await.ok().transpose().map_err(misconfigured)?;
    let address = server::address(port, mode == RunMode::Development);
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| failed(format!("cannot listen on {address}: {error}; set PORT to another port")))?;
    let address = listener.local_addr().map_err(failed)?;
    tracing::info!(%address, "listening");
    let entry = Arc::clone(&starting);
    let mut serving = Box::pin(server::serve(listener, router::router(entry), stop));
    if begun.is_none() {
        tokio::select! {
            begun = beginning => begun.map(drop).map_err(misconfigured)?,
            served = &mut serving => return served.map_err(failed),
        }
    }
    serving.await.map_err(failed)?;
    if let Some(app) = starting.app_if_ready() {
        app.background.wait_idle(server::GRACE).await;
    }
    Ok(())
}

/// The limit of a job from the command line; the person who started it can stop it earlier.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn job(environment: Environment, order: JobRequest) -> Result<(), CommandError> {
    let mode = environment.run_mode();
    let starting = AppStarter::new(environment, opener(mode));
    let outcome = starting.run(&order, tokio::time::Instant::now() + A_DAY).await.map_err(failed)?;
    let _ = writeln!(
        io::stderr(),
        "{}: told {}, skipped {}, failed {}",
        outcome.job,
        outcome.told,
        outcome.skipped,
        outcome.failed
    );
    if outcome.failed > 0 {
        Err(failed(
            "some users were not notified; RUST_LOG=info logs the reasons, and the same command tries only these users again",
        ))
    } else {
        Ok(())
    }
}

/// Whether this is a store and not a file.
fn is_store(place: &str) -> bool {
    place.split_once(':').is_some_and(|(kind, _)| {
        setting::KINDS.split(", ").any(|known| known.split_once(':').is_some_and(|(known, _)| known == kind))
    })
}

async fn open(environment: &Environment, setting: &str) -> Result<Arc<dyn Store>, CommandError> {
    let firebase = environment.get("ONESTEP_FIREBASE").map(Secret::new);
    setting::open(setting, firebase.as_ref(), environment.get(FIRESTORE_EMULATOR)).await.map_err(failed)
}

async fn transfer(environment: &Environment, from: &str, to: &str) -> Result<(), CommandError> {
    let progress = progress();
    let seen = |users: u64| progress.set_position(users);
    let moved = match (is_store(from), is_store(to)) {
        (false, false) => {
            return Err(CommandError {
                code: USAGE,
                sentence: format!("neither --from nor --to is a store; a store is one of {}", setting::KINDS),
            });
        }
        (true, false) => {
            let store = open_existing(environment, from).await?;
            let mut file = writer(to)?;
            transfer::export(store.as_ref(), &mut file, seen).await
        }
        (false, true) => {
            let mut file = reader(from)?;
            let store = open(environment, to).await?;
            store.prepare().await.map_err(failed)?;
            transfer::import(&mut file, store.as_ref(), seen).await
        }
        (true, true) => {
            if from == to {
                return Err(CommandError { code: USAGE, sentence: "--from and --to are the same store".to_owned() });
            }
            let source = open_existing(environment, from).await?;
            let target = open(environment, to).await?;
            target.prepare().await.map_err(failed)?;
            transfer::migrate(source.as_ref(), target.as_ref(), seen).await
        }
    };
    progress.finish_and_clear();
    let TransferSummary { counts, sha256 } = moved.map_err(failed)?;
    let (users, categories, todos, subs, feedback) =
        (counts.users, counts.categories, counts.todos, counts.subs, counts.feedback);
    let _ = writeln!(
        io::stderr(),
        "moved and verified: {users} users, {categories} categories, {todos} todos, {subs} sub-todos, {feedback} feedback; SHA-256 {sha256}"
    );
    Ok(())
}

/// A store to read must exist: opening a missing SQLite file would create an empty one.
async fn open_existing(environment: &Environment, setting: &str) -> Result<Arc<dyn Store>, CommandError> {
    if let Some(path) = setting.strip_prefix("sqlite:")
        && !std::path::Path::new(path).exists()
    {
        return Err(failed(format!("{path}: no such file")));
    }
    open(environment, setting).await
}

fn progress() -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    bar.set_style(
        ProgressStyle::with_template("{spinner} {pos} users").unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

fn writer(place: &str) -> Result<Box<dyn Write + Send>, CommandError> {
    if place == "-" {
        return Ok(Box::new(BufWriter::new(io::stdout())));
    }
    // An existing file is not overwritten.
    let file = File::create_new(place).map_err(|error| failed(format!("{place}: {error}")))?;
    Ok(Box::new(BufWriter::new(file)))
}

fn reader(place: &str) -> Result<Box<dyn BufRead + Send>, CommandError> {
    if place == "-" {
        return Ok(Box::new(BufReader::new(io::stdin())));
    }
    let file = File::open(place).map_err(|error| failed(format!("{place}: {error}")))?;
    Ok(Box::new(BufReader::new(file)))
}

/// The id of the account with this mail address.
async fn account(store: &dyn Store, address: &str) -> Result<Option<Id>, CommandError> {
    store.find(&UniqueName::Username(address.to_owned())).await.map_err(failed)
}

async fn token(environment: Environment, address: &str) -> Result<(), CommandError> {
    keep_development_key(&environment)?;
    let mode = environment.run_mode();
    let app = AppStarter::new(environment, opener(mode))
        .app()
        .await
        .map_err(|sentence| CommandError { code: CONFIGURATION, sentence })?;
    let user = match account(app.store.as_ref(), address).await? {
        Some(user) => user,
        None => match app.store.create(User::new(address, Provider::Google, app::now())).await {
            Ok(user) => user.id,
            Err(StoreError::Taken(_)) => account(app.store.as_ref(), address)
                .await?
                .ok_or_else(|| failed("the account was deleted meanwhile"))?,
            Err(error) => return Err(failed(error)),
        },
    };
    let token = app.sign(TokenKind::Access, user, None).map_err(failed)?;
    writeln!(io::stdout(), "{token}").map_err(failed)
}

async fn premium(environment: Environment, address: &str, on: bool) -> Result<(), CommandError> {
    let mode = environment.run_mode();
    let app = AppStarter::new(environment, opener(mode))
        .app()
        .await
        .map_err(|sentence| CommandError { code: CONFIGURATION, sentence })?;
    let user = account(app.store.as_ref(), address)
        .await?
        .ok_or_else(|| failed(format!("no account has the address {address}")))?;
    let mut decide =
        |user_rows: &UserRows, _: &[Id]| vec![Change::User(User { is_premium: on, ..user_rows.user.clone() })];
    app.store.update(user, Scope::Account, 0, &mut decide).await.map_err(failed)?;
    Ok(())
}

fn openapi() -> Result<(), CommandError> {
    let document = router::document().to_pretty_json().map_err(failed)?;
    writeln!(io::stdout(), "{document}").map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_filter_that_cannot_be_read_is_told_and_the_usual_one_is_used() {
        for (given, filter_text, is_problem) in [
            (None, "info", false),
            (Some(""), "info", false),
            (Some("debug"), "debug", false),
            (Some("onestep_api=trace,warn"), "onestep_api=trace,warn", false),
            (Some("onestep_api=loud"), "info", true),
            (Some("info,,=,"), "info", true),
        ] {
            let (filter, problem) = filter(given.map(OsString::from), "info");
            assert_eq!(
                (filter.to_string().as_str(), problem.is_some()),
                (filter_text, is_problem),
                "{given:?}: {problem:?}"
            );
        }
    }
}
