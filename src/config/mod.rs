//! Reads `alerts.toml`. This module knows the grammar; each kind of `read.`, `when.` and `via.` reads its own settings
//! in its own file, through [`model::settings`].

mod cause;
mod cron;
mod environment;
mod find;
mod read;
mod report;
mod show;
mod warm;

use std::path::PathBuf;

use alerting::decide::Rulebook;
use alerting::rules::Rule;
use alerting::terms::ReceiverPolicy;
use chrono_tz::Tz;
use lambda_log::diagnosis::Causes;
use model::currency::ExchangeRate;
use model::language::Language;
use model::schedule::{CronInZone, Schedule};
use model::secret::Secret;
use model::span::Span;

pub use environment::{ConfigEnvironment, aws_profile, half_aws_key, log_filter, login_name, no_color};
pub use find::{ConfigFile, ConfigFileError, find};
pub use read::parse;
pub use show::{load, show};

/// A configuration without mistakes. `R` are the known kinds of `read.`, `V` those of `via.`.
#[derive(Debug, Clone)]
pub struct Config<R, V> {
    /// The zone that cron expressions are read in.
    pub timezone: Tz,
    /// Which account, and what may be spent on asking it.
    pub aws: aws::settings::AwsSettings,
    /// Where the data is stored, and for how long.
    pub store: StoreSettings,
    /// The causes that logs are searched for: the built-in ones and those of `[[cause]]`.
    pub causes: Causes,
    /// What is polled, by name.
    pub watches: Vec<WatchSettings<R>>,
    /// The functions to keep warm, by name.
    pub warms: Vec<source::WarmSettings>,
    /// The rules, by name.
    pub rules: Vec<Rule>,
    /// The receivers, by name.
    pub receivers: Vec<ReceiverSettings<V>>,
    /// Whom DNS is asked of.
    pub dns: probe::ProbeSettings,
    /// The outgoing heartbeat.
    pub heartbeat: Option<HeartbeatSettings>,
    /// How reports are written, and who gets them.
    pub report: ReportSettings,
}

impl<V> Config<source::SourceKind, V> {
    /// The names of all sources, those of other regions among them.
    pub fn source_names(&self) -> Vec<String> {
        let watched = self.watches.iter().flat_map(|watch| watch.read.names(&watch.name, &self.aws.other_regions));
        watched.chain(self.warms.iter().map(|warm| warm.name.clone())).collect()
    }
}

impl<R, V> Config<R, V> {
    /// What the core needs to decide.
    pub fn rulebook(&self) -> Rulebook {
        Rulebook {
            rules: self.rules.clone(),
            terms: self.receivers.iter().map(|receiver| (receiver.name.clone(), receiver.terms.clone())).collect(),
        }
    }
}

/// `[store]`
#[derive(Debug, Clone)]
pub struct StoreSettings {
    /// The SQLite file.
    pub path: PathBuf,
    /// How long single observations are kept; monthly sums are kept forever.
    pub keep: Span,
    /// How long counts by minute and metric data are kept, for rehearsals.
    pub keep_minutes: Span,
}

/// `[watch.<name>]`
#[derive(Debug, Clone)]
pub struct WatchSettings<R> {
    /// The full name: `watch.spend`.
    pub name: String,
    /// When it is polled.
    pub schedule: Schedule,
    /// What is polled.
    pub read: R,
}

/// `[receiver.<name>]`
#[derive(Debug, Clone)]
pub struct ReceiverSettings<V> {
    /// The name.
    pub name: String,
    /// Its kind and settings.
    pub via: V,
    /// On which terms.
    pub terms: ReceiverPolicy,
}

/// `heartbeat`: a URL that is requested regularly, so that another service notices when the daemon stops.
#[derive(Debug, Clone)]
pub struct HeartbeatSettings {
    /// The address; it may hold a key, so it is treated as a secret.
    pub url: Secret,
    /// How often.
    pub every: Span,
}

/// `[report]`
#[derive(Debug, Clone, Default)]
pub struct ReportSettings {
    /// The language of what people read in it.
    pub language: Language,
    /// A second currency besides USD.
    pub currency: Option<ExchangeRate>,
    /// When the report of the month before is sent, and to whom.
    pub monthly: Option<MonthlyReportSettings>,
}

/// `cron` and `tell` under `[report]`
#[derive(Debug, Clone)]
pub struct MonthlyReportSettings {
    /// When it is sent; of several times in one month the first.
    pub cron: CronInZone,
    /// The receivers' names.
    pub tell: Vec<String>,
}

/// The name of the rule that watches the sources when none is written.
pub const BUILT_IN_RULE: &str = "source-failing";
/// The name of the rule that watches the receivers when none is written.
pub const BUILT_IN_RECEIVER_RULE: &str = "receiver-failing";
