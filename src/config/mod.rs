//! Floor 1: `alerts.toml`. It knows the grammar; what each kind of `read.`, `when.` and `via.` means is known to the kind's own
//! file, which reads its settings through [`crate::core::settings`].

mod environment;
mod find;
mod read;
mod report;
mod show;

use std::path::PathBuf;

use chrono_tz::Tz;

use crate::core::currency::Rate;
use crate::core::decide::Rulebook;
use crate::core::language::Language;
use crate::core::money::{Percent, Usd};
use crate::core::rules::Rule;
use crate::core::schedule::{CronInZone, Schedule};
use crate::core::secret::Secret;
use crate::core::span::Span;
use crate::core::terms::Terms;

pub use environment::{Environment, log_filter, login_name, no_color};
pub use find::{NotFound, Place, find};
pub use read::parse;
pub use show::show;

/// A configuration without mistakes. `R` are the known kinds of `read.`, `V` those of `via.`.
#[derive(Debug, Clone)]
pub struct Config<R, V> {
    /// The zone that cron expressions are read in.
    pub timezone: Tz,
    /// Which account, and what may be spent on asking it.
    pub aws: Aws,
    /// Where and for how long things are kept.
    pub store: StoreSettings,
    /// What is polled, by name.
    pub watches: Vec<Watch<R>>,
    /// What is kept warm, by name.
    pub warms: Vec<Warm>,
    /// What is told, by name.
    pub rules: Vec<Rule>,
    /// Who is told, by name.
    pub receivers: Vec<Receiver<V>>,
    /// Who is told that the loop turns.
    pub heartbeat: Option<Heartbeat>,
    /// How reports are written, and who gets them.
    pub report: Report,
}

impl<R, V> Config<R, V> {
    /// What the core needs to decide.
    pub fn rulebook(&self) -> Rulebook {
        Rulebook { rules: self.rules.clone(), terms: self.receivers.iter().map(|receiver| (receiver.name.clone(), receiver.terms.clone())).collect() }
    }
}

/// `[aws]`
#[derive(Debug, Clone)]
pub struct Aws {
    /// The region of the functions; else the profile's or the environment's.
    pub region: Option<String>,
    /// The profile of the shared configuration files.
    pub profile: Option<String>,
    /// A role to assume with the credentials found.
    pub assume_role: Option<String>,
    /// A table of prices of the user's own, over the one of the program.
    pub prices: Option<PathBuf>,
    /// What a month of the monitor's own calls may cost.
    pub max_monthly_usd: Usd,
    /// How many `logs:FilterLogEvents` calls a second all watches may make together.
    pub log_calls_per_second: u32,
}

/// `[store]`
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// The SQLite file.
    pub path: PathBuf,
    /// How long single observations are kept; monthly figures stay.
    pub keep: Span,
    /// How long what functions did by minutes and points of metrics are kept, for rehearsals.
    pub keep_minutes: Span,
}

/// `[watch.<name>]`
#[derive(Debug, Clone)]
pub struct Watch<R> {
    /// The full name: `watch.spend`.
    pub name: String,
    /// When it is polled.
    pub schedule: Schedule,
    /// What is polled.
    pub read: R,
}

/// `[warm.<name>]`
#[derive(Debug, Clone)]
pub struct Warm {
    /// The full name: `warm.backend`.
    pub name: String,
    /// When it is pinged.
    pub schedule: Schedule,
    /// The function, by name or ARN.
    pub function: String,
    /// How many pings overlap, so that as many environments are kept.
    pub concurrency: u32,
    /// The payload, JSON; the default is the one common warm-up libraries understand.
    pub payload: String,
    /// Each round starts up to this much later, at random.
    pub jitter: Option<Span>,
    /// How much of the account's concurrency the pings may take.
    pub max_share: Percent,
    /// How long an answer is waited for.
    pub give_up: Span,
}

/// `[receiver.<name>]`
#[derive(Debug, Clone)]
pub struct Receiver<V> {
    /// The name.
    pub name: String,
    /// How it is told.
    pub via: V,
    /// On which terms.
    pub terms: Terms,
}

/// `heartbeat`: an address that is asked for as long as the loop turns, so that somebody notices when it does not.
#[derive(Debug, Clone)]
pub struct Heartbeat {
    /// The address; it may hold a key, so it is treated as a secret.
    pub url: Secret,
    /// How often.
    pub every: Span,
}

/// `[report]`
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The language of what people read in it.
    pub language: Language,
    /// A second currency beside US dollars.
    pub currency: Option<Rate>,
    /// When the report of the month before is sent, and to whom.
    pub monthly: Option<Monthly>,
}

/// `cron` and `tell` under `[report]`
#[derive(Debug, Clone)]
pub struct Monthly {
    /// When it is sent; of several times in one month the first.
    pub cron: CronInZone,
    /// The receivers' names.
    pub tell: Vec<String>,
}

/// The name of the rule that watches the sources when none is written.
pub const BUILT_IN_RULE: &str = "source-failing";
/// The name of the rule that watches the receivers when none is written.
pub const BUILT_IN_RECEIVER_RULE: &str = "receiver-failing";
