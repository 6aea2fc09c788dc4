//! Puts the parts together. This is the only file that names concrete implementations.

mod ledger;
mod rehearsal;
mod report;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use alerting::decide::Rulebook;
use aws::budget::RateLimiter;
use aws::meter::{CallMeter, metered};
use aws::prices::PriceTable;
use aws::{AwsClients, PROFILE, sdk};
use chrono::TimeDelta;
use clock::Clock;
use model::settings::ConfigProblem;
use notify::{Heartbeat, HttpHeartbeat, Receiver, ReceiverKind};
use source::{SourceKind, WarmPing};
use store::{Durability, Store, StoreError};

use crate::config::{self, ConfigEnvironment, ConfigFile, ConfigFileError};
use crate::daemon::{Daemon, DaemonParts, SourceSlot, Watchdog};

pub use ledger::StoreLedger;
pub use rehearsal::{RehearsalResult, TimeRange, rehearse};
pub use report::{bill_report, month_report};

/// The configuration, with the kinds this program knows.
pub type MonitorConfig = config::Config<SourceKind, ReceiverKind>;

/// Rules look back at least this far into what functions did, so that a rule added later finds something.
const SHORTEST_MEMORY: TimeDelta = TimeDelta::hours(26);
/// How long a start waits for the answer whose account it is.
const IDENTITY_WAIT: Duration = Duration::from_secs(10);
/// Observations that change nothing are written this often.
const WRITE_EVERY: TimeDelta = TimeDelta::seconds(30);

/// Why the program cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// There is no configuration.
    #[error(transparent)]
    NotFound(#[from] ConfigFileError),
    /// It has mistakes.
    #[error("the configuration has mistakes")]
    Mistakes {
        /// The file.
        place: ConfigFile,
        /// All of them.
        problems: Vec<ConfigProblem>,
    },
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A receiver cannot be set up.
    #[error("receiver {name}: {why}")]
    Receiver {
        /// Its name.
        name: String,
        /// What is missing.
        why: String,
    },
    /// A table of prices cannot be read.
    #[error("{0}")]
    Prices(String),
    /// The credentials belong to another account than the configuration names.
    #[error(
        "`account` under [aws] is {configured}, and the credentials belong to account {account} ({arn}){origin}; \
         no other call was made. Use credentials of {configured}, or correct `account`"
    )]
    OtherAccount {
        /// The account of the configuration.
        configured: String,
        /// The account of the credentials.
        account: String,
        /// Whose they are.
        arn: String,
        /// Where they came from, as the end of a part of a sentence; empty where it is unknown.
        origin: String,
    },
}

/// Finds and reads the configuration. Commands that only read the store need no `secrets`; in what they get, secrets
/// are not real.
///
/// # Errors
/// If there is none, or it has mistakes: then all of them.
pub fn configuration(named: Option<&Path>, clock: &dyn Clock, secrets: bool) -> Result<MonitorConfig, StartError> {
    let place = config::find(named)?;
    let environment = if secrets {
        ConfigEnvironment::of_process(place.folder())
    } else {
        ConfigEnvironment::without_secrets(place.folder())
    };
    config::parse(&place.text, &environment, clock.now()).map_err(|problems| StartError::Mistakes { place, problems })
}

/// Finds and reads the configuration for a command that can do without: `None` where none is named and none of the
/// usual places has one. Its secrets are not real.
///
/// # Errors
/// If the named file cannot be read, or the file has mistakes: then all of them.
pub fn configuration_if_any(named: Option<&Path>, clock: &dyn Clock) -> Result<Option<MonitorConfig>, StartError> {
    match configuration(named, clock, false) {
        Err(StartError::NotFound(ConfigFileError::Nowhere(_))) => Ok(None),
        other => other.map(Some),
    }
}

/// The account of `[aws]`, with its rate limit. Makes no call, unless the configuration names the account: then it is
/// asked whose credentials these are. Where that cannot be asked now, it is asked again before the first call.
///
/// # Errors
/// If they belong to another account than the configuration names.
pub async fn account(aws: &::aws::settings::AwsSettings, clock: &Arc<dyn Clock>) -> Result<AwsClients, StartError> {
    let clients = connected(aws, clock).await;
    let Some(configured) = &aws.account else { return Ok(clients) };
    match tokio::time::timeout(IDENTITY_WAIT, clients.identity.who()).await {
        Ok(Ok(identity)) if identity.account != *configured => {
            let origin = origin_words(&clients.identity.origin().await, aws);
            let origin = if origin.is_empty() { origin } else { format!(", from {origin}") };
            let (account, arn) = (identity.account, identity.arn);
            Err(StartError::OtherAccount { configured: configured.clone(), account, arn, origin })
        }
        Ok(Ok(_)) => Ok(clients),
        Ok(Err(failure)) => {
            tracing::warn!("{failure}; whose account it is will be asked again before the first call");
            Ok(clients)
        }
        Err(_) => {
            tracing::warn!("no answer to sts:GetCallerIdentity; it will be asked again before the first call");
            Ok(clients)
        }
    }
}

/// The same without asking: for what makes no call, or when nothing can be reached yet.
pub async fn connected(aws: &::aws::settings::AwsSettings, clock: &Arc<dyn Clock>) -> AwsClients {
    // The quota is one of the account and the region.
    let limited = |clients: AwsClients| AwsClients {
        log_budget: Arc::new(RateLimiter::new(aws.log_calls_per_second, Arc::clone(clock))),
        ..clients
    };
    let mut clients = sdk::connect(aws).await;
    clients.others = clients.others.into_iter().map(limited).collect();
    limited(clients)
}

/// `the profile work, SSO`; empty where the SDK does not tell.
pub fn origin_words(origin: &[&'static str], aws: &::aws::settings::AwsSettings) -> String {
    let word = |word: &&'static str| match *word {
        PROFILE => {
            let name = aws.profile.clone().or_else(config::aws_profile).unwrap_or_else(|| "default".to_owned());
            format!("{PROFILE} {name}")
        }
        other => other.to_owned(),
    };
    origin.iter().map(word).collect::<Vec<String>>().join(", ")
}

/// What AWS asks, with the prices of the user's own.
///
/// # Errors
/// If a table of prices cannot be read.
pub fn prices(aws: &::aws::settings::AwsSettings) -> Result<PriceTable, StartError> {
    let prices = aws
        .prices
        .as_deref()
        .map_or_else(|| PriceTable::built_in().map_err(|error| error.to_string()), PriceTable::with_file);
    prices.map_err(StartError::Prices)
}

/// The receivers that the configuration names.
///
/// # Errors
/// If one cannot be set up on this machine.
pub fn receivers(config: &MonitorConfig) -> Result<BTreeMap<String, Arc<dyn Receiver>>, StartError> {
    let receiver = |receiver: &config::ReceiverSettings<ReceiverKind>| match receiver.via.clone().receiver() {
        Ok(made) => Ok((receiver.name.clone(), made)),
        Err(why) => Err(StartError::Receiver { name: receiver.name.clone(), why }),
    };
    config.receivers.iter().map(receiver).collect()
}

/// What notices from far away that the loop does not turn any more.
fn heartbeat_client(settings: config::HeartbeatSettings) -> Result<Arc<dyn Heartbeat>, StartError> {
    let heart = HttpHeartbeat::new(&settings.url, settings.every.delta());
    heart
        .map(|heart| Arc::new(heart) as Arc<dyn Heartbeat>)
        .map_err(|why| StartError::Receiver { name: "heartbeat".to_owned(), why })
}

/// An account whose paid calls are written into the store before they are made, and refused at the cap.
///
/// # Errors
/// If a table of prices cannot be read.
pub fn metered_account(
    config: &MonitorConfig,
    account: AwsClients,
    clock: &Arc<dyn Clock>,
    store: &Store,
) -> Result<AwsClients, StartError> {
    let meter = CallMeter::new(prices(&config.aws)?, config.aws.max_monthly_usd, Arc::clone(clock))
        .with_ledger(StoreLedger(store.ledger()));
    Ok(metered(account, &Arc::new(meter)))
}

/// How far the rules look back on anything but costs.
fn longest_window(book: &Rulebook) -> TimeDelta {
    book.rules
        .iter()
        .filter_map(|rule| rule.condition.window())
        .map(model::span::Span::delta)
        .fold(TimeDelta::zero(), TimeDelta::max)
}

/// A daemon over an account, ready to run. The account is put together while the disk is busy with the store.
///
/// # Errors
/// If the store or a receiver cannot be used.
pub async fn daemon(
    config: MonitorConfig,
    account: impl Future<Output = AwsClients>,
    clock: Arc<dyn Clock>,
    durability: Durability,
    random: fastrand::Rng,
    pulse: Box<dyn Watchdog>,
) -> Result<Daemon, StartError> {
    let prices = prices(&config.aws)?;
    let (store, account) = tokio::join!(Store::open(&config.store.path, durability), account);
    let store = store?;
    let meter = Arc::new(
        CallMeter::new(prices.clone(), config.aws.max_monthly_usd, Arc::clone(&clock))
            .with_ledger(StoreLedger(store.ledger())),
    );
    let account = metered(account, &meter);
    let receivers = receivers(&config)?;
    let book = config.rulebook();
    let monthly = report::monthly(&config);
    let mut slots: Vec<SourceSlot> = Vec::new();
    for watch in config.watches {
        for source in watch.read.with_causes(&config.causes).with_dns(&config.dns).sources(&watch.name, &account) {
            slots.push(SourceSlot::new(source, watch.schedule.clone(), None));
        }
    }
    let mut lanes = BTreeMap::new();
    for warm in config.warms {
        let (schedule, jitter) = (warm.schedule.clone(), warm.jitter);
        let ping = WarmPing::source(warm, &account, prices.clone(), &config.causes, &mut lanes);
        slots.push(SourceSlot::new(ping, schedule, jitter));
    }
    let write_every = match durability {
        Durability::Full => WRITE_EVERY,
        // Nothing is lost that anybody wants to keep.
        Durability::None => TimeDelta::hours(1),
    };
    let window = longest_window(&book).max(SHORTEST_MEMORY);
    let parts = DaemonParts {
        clock,
        store,
        meter,
        book,
        slots,
        receivers,
        keep: config.store.keep.delta(),
        keep_minutes: config.store.keep_minutes.delta().max(window),
        window,
        write_every,
        random,
        pulse,
        heart: config.heartbeat.map(heartbeat_client).transpose()?,
        monthly,
    };
    Ok(Daemon::new(parts).await?)
}
