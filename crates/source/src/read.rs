//! The table of sources: each kind is one file and one line here.

use aws::policy::RequiredCall;
use aws::{AwsClients, ExportBucket};
use lambda_log::diagnosis::Causes;
use model::settings::{TableReader, TaggedSettings};

use crate::cost_explorer::CostBackfill;
use crate::poll::Source;
use crate::regional::{RegionalSource, name_in_region};
use crate::{
    account, cost_explorer, endpoint, estimated_charges, focus_export, inventory, lambda_logs, lambda_metrics,
    usage_estimate,
};

impl SourceKind {
    /// Searches the lines of logs for these causes, where the source reads any.
    #[must_use]
    pub fn with_causes(mut self, causes: &Causes) -> Self {
        if let Self::LambdaLogs(settings) = &mut self {
            settings.search_for(causes);
        }
        self
    }

    /// The names of the sources that poll all regions of an account, the main one first: `watch.logs`,
    /// `watch.logs@us-east-1`.
    pub fn names(&self, name: &str, other_regions: &[String]) -> Vec<String> {
        let has_others = self.clone().elsewhere().is_some();
        let others = other_regions.iter().filter(|_| has_others).map(|region| name_in_region(name, region));
        std::iter::once(name.to_owned()).chain(others).collect()
    }

    /// The sources of all regions of an account, in the order of [`Self::names`].
    pub fn sources(self, name: &str, clients: &AwsClients) -> Vec<Box<dyn Source>> {
        let mut sources = vec![self.clone().source(name.to_owned(), clients)];
        for other in &clients.others {
            if let Some(settings) = self.clone().elsewhere() {
                let source = settings.source(name_in_region(name, &other.region), other);
                sources.push(Box::new(RegionalSource::new(source, &other.region)));
            }
        }
        sources
    }

    /// Asks these servers of DNS, where the source asks any.
    #[must_use]
    pub fn with_dns(mut self, dns: &probe::ProbeSettings) -> Self {
        if let Self::WatchedEndpoint(settings) = &mut self {
            settings.ask(dns);
        }
        self
    }

    /// The bucket that it reads exports from, if it does.
    pub fn bucket(&self) -> Option<&ExportBucket> {
        match self {
            Self::FocusExport(settings) => settings.bucket(),
            _ => None,
        }
    }

    /// The URL of the endpoint that it checks, as rules know it.
    pub fn endpoint(&self) -> Option<String> {
        match self {
            Self::WatchedEndpoint(settings) => Some(settings.url()),
            _ => None,
        }
    }

    /// The kinds of resources that it reads, by their words.
    pub fn resource_kinds(&self) -> Vec<&'static str> {
        match self {
            Self::InventorySettings(settings) => settings.kinds().iter().map(|kind| kind.word()).collect(),
            Self::AccountMapSettings(settings) => settings.kinds().iter().map(|kind| kind.word()).collect(),
            _ => vec![],
        }
    }

    /// Whether the regions of a bill are seen by it.
    pub fn tells_regions(&self) -> bool {
        match self {
            Self::CostExplorer(settings) => settings.has_usage_types(),
            Self::FocusExport(_) => true,
            _ => false,
        }
    }

    /// What asks for whole months of the past, for a source that can.
    pub fn backfill(&self, account: &AwsClients) -> Option<CostBackfill> {
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
        pub enum SourceKind {
            $(
                #[doc = concat!("`read.", stringify!($module), "`")]
                $name($module::$name)
            ),*
        }

        impl TaggedSettings for SourceKind {
            const KEY: &'static str = "read";
            const NAMES: &'static [&'static str] = &[$(stringify!($module)),*];

            fn read(name: &str, settings: &mut TableReader<'_, '_>) -> Option<Self> {
                match name {
                    $(stringify!($module) => $module::$name::read(settings).map(Self::$name),)*
                    _ => None,
                }
            }

            fn reads_log_of(&self, function: &str) -> bool {
                match self {
                    Self::LambdaLogs(settings) => settings.functions().iter().any(|pattern| pattern.fits(function)),
                    _ => false,
                }
            }
        }

        impl SourceKind {
            /// The source that polls an account in its main region under the full name `name`.
            pub fn source(self, name: String, clients: &AwsClients) -> Box<dyn Source> {
                match self { $(Self::$name(settings) => Box::new(settings.source(name, clients))),* }
            }

            /// The same for another region; `None` if it is not of a region, or reads all of them by itself.
            fn elsewhere(self) -> Option<Self> {
                match self { $(Self::$name(settings) => settings.elsewhere().map(Self::$name)),* }
            }

            /// The kind's name.
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($module)),* }
            }

            /// The functions it is about, by name or pattern; none for a source that is not about functions.
            pub fn functions(&self) -> &[model::glob::NamePattern] {
                match self { $(Self::$name(settings) => settings.functions()),* }
            }

            /// The calls it can make, with what they are about.
            pub fn calls(&self) -> Vec<RequiredCall> {
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
    inventory: InventorySettings,
    account: AccountMapSettings,
    endpoint: WatchedEndpoint,
}
