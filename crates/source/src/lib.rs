//! Floor 3: where observations come from. Each kind of source is one file and one line in the table below; none knows another.

pub mod billfile;
mod cost_explorer;
mod estimated_charges;
mod focus_export;
mod inventory;
mod lambda_logs;
mod lambda_metrics;
pub mod logfile;
mod usage_estimate;
mod warm_ping;

use std::collections::BTreeMap;

use alerting::observation::{Observation, What};
use async_trait::async_trait;
use aws::{Account, Page};
use chrono::{DateTime, Utc};
use lambda_log::diagnosis::Causes;
use model::call_failure::CallFailure;
use model::settings::{Kind, Settings};

pub use cost_explorer::Backfill;
pub use lambda_logs::{Follow, Followed, Pace, Seen, Sink, Stretch};
pub use warm_ping::{Warm, WarmPing};

/// Something that can be polled.
#[async_trait]
pub trait Source: Send {
    /// Its full name: `watch.spend`.
    fn name(&self) -> &str;

    /// Whether a poll costs money. A paid source keeps to its schedule even across restarts.
    fn is_paid(&self) -> bool {
        false
    }

    /// Puts back what was committed of its place in the data, by key.
    fn restore(&mut self, _cursors: BTreeMap<String, String>) {}

    /// Asks for what is new. A call that fails is an observation, so this cannot fail.
    async fn poll(&mut self, now: DateTime<Utc>) -> Gathered;

    /// Goes on with what the last poll had to leave for later, at the time it named in [`Gathered::go_on_at`].
    async fn go_on(&mut self, _now: DateTime<Utc>) -> Gathered {
        Gathered::default()
    }
}

/// What one poll gave, to be committed together.
#[derive(Debug, Default)]
pub struct Gathered {
    /// What was seen.
    pub observations: Vec<Observation>,
    /// How far the source has read, by key; only those that moved past something.
    pub cursors: Vec<(String, String)>,
    /// When to go on, where not everything could be asked at once.
    pub go_on_at: Option<DateTime<Utc>>,
}

impl Gathered {
    /// Whether any call failed.
    pub fn failed(&self) -> bool {
        self.observations.iter().any(|observation| matches!(observation.what, What::Failed(_)))
    }
}

/// Builds the observations of one poll.
struct Poll<'a> {
    source: &'a str,
    now: DateTime<Utc>,
    gathered: Gathered,
}

impl<'a> Poll<'a> {
    fn new(source: &'a str, now: DateTime<Utc>) -> Self {
        Self { source, now, gathered: Gathered::default() }
    }

    fn saw(&mut self, at: DateTime<Utc>, what: What) {
        self.gathered.observations.push(Observation { at, seen: self.now, source: self.source.to_owned(), what });
    }

    fn failed(&mut self, failure: CallFailure) {
        self.saw(self.now, What::Failed(failure));
    }

    /// Ends a part of a poll: whether the source has answered shows at its end.
    fn part(self) -> Gathered {
        self.gathered
    }

    /// Ends the poll; without a failure the source has answered.
    fn done(mut self) -> Gathered {
        if !self.gathered.failed() {
            self.saw(self.now, What::Answered);
        }
        self.gathered
    }
}

/// Pages of one list; one that does not end is not followed for ever.
const MOST_PAGES: usize = 1000;

/// A list that comes in pages.
struct Listing<T> {
    items: Vec<T>,
    /// The token of the next page; there is none before the first one.
    token: Option<String>,
    pages: usize,
    ended: bool,
}

impl<T> Listing<T> {
    fn new() -> Self {
        Self { items: vec![], token: None, pages: 0, ended: false }
    }

    /// Takes a page in. A token that comes back unchanged would be asked for ever.
    fn take(&mut self, page: Page<T>) {
        self.items.extend(page.items);
        self.pages += 1;
        self.ended = page.next.is_none() || page.next == self.token || self.pages >= MOST_PAGES;
        self.token = page.next;
    }
}

impl Read {
    /// Searches the lines of logs for these causes, where the source reads any.
    #[must_use]
    pub fn with_causes(mut self, causes: &Causes) -> Self {
        if let Self::LambdaLogs(settings) = &mut self {
            settings.search_for(causes);
        }
        self
    }

    /// What asks for whole months of the past, for a source that can.
    pub fn backfill(&self, account: &Account) -> Option<Backfill> {
        match self {
            Self::CostExplorer(settings) => Some(settings.clone().backfill(account)),
            _ => None,
        }
    }
}

macro_rules! sources {
    ($($module:ident: $name:ident),* $(,)?) => {
        /// What a watch polls: one of the `read.` kinds.
        #[derive(Debug, Clone)]
        pub enum Read {
            $(
                #[doc = concat!("`read.", stringify!($module), "`")]
                $name($module::$name)
            ),*
        }

        impl Kind for Read {
            const KEY: &'static str = "read";
            const NAMES: &'static [&'static str] = &[$(stringify!($module)),*];

            fn read(name: &str, settings: &mut Settings<'_, '_>) -> Option<Self> {
                match name {
                    $(stringify!($module) => $module::$name::read(settings).map(Self::$name),)*
                    _ => None,
                }
            }
        }

        impl Read {
            /// The source that polls `account` under the full name `name`.
            pub fn source(self, name: String, account: &Account) -> Box<dyn Source> {
                match self { $(Self::$name(settings) => Box::new(settings.source(name, account))),* }
            }

            /// The kind's name.
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($module)),* }
            }

            /// The functions it is about, by name or pattern; none for a source that is not about functions.
            pub fn functions(&self) -> &[model::glob::NamePattern] {
                match self { $(Self::$name(settings) => settings.functions()),* }
            }

            /// The calls it makes, as an IAM policy names them.
            pub fn calls(&self) -> Vec<&'static str> {
                match self { $(Self::$name(settings) => settings.calls()),* }
            }
        }
    };
}

sources! {
    cost_explorer: CostExplorer,
    estimated_charges: EstimatedCharges,
    usage_estimate: UsageEstimate,
    focus_export: FocusExport,
    lambda_logs: LambdaLogs,
    lambda_metrics: LambdaMetrics,
    inventory: Inventories,
}
