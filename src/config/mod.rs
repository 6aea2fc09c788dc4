//! Floor 1: `alerts.toml`. It knows the grammar; what each kind of `read.`, `when.` and `via.` means is known to the kind's own
//! file, which reads its settings through [`model::settings`].

mod cause;
mod environment;
mod find;
mod read;
mod report;
mod show;

use std::path::PathBuf;

use alerting::decide::Rulebook;
use alerting::rules::Rule;
use alerting::terms::Terms;
use chrono_tz::Tz;
use lambda_log::diagnosis::Causes;
use model::currency::Rate;
use model::language::Language;
use model::schedule::{CronInZone, Schedule};
use model::secret::Secret;
use model::span::Span;

pub use environment::{Environment, log_filter, login_name, no_color};
pub use find::{NotFound, Place, find};
pub use read::parse;
pub use show::{load, show};

/// A configuration without mistakes. `R` are the known kinds of `read.`, `V` those of `via.`.
#[derive(Debug, Clone)]
pub struct Config<R, V> {
    /// The zone that cron expressions are read in.
    pub timezone: Tz,
    /// Which account, and what may be spent on asking it.
    pub aws: aws::settings::Aws,
    /// Where and for how long things are kept.
    pub store: StoreSettings,
    /// The causes that logs are searched for: the built-in ones and those of `[[cause]]`.
    pub causes: Causes,
    /// What is polled, by name.
    pub watches: Vec<Watch<R>>,
    /// What is kept warm, by name.
    pub warms: Vec<source::Warm>,
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
