//! Selects the costs that a rule covers, and describes the resources behind them.

use account::inventory::summary;
use billing::explain::TAX;
use chrono::{DateTime, Utc};
use model::settings::TableReader;
use model::subject::Subject;

use crate::history::History;

/// Which costs are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CostSelector {
    /// Everything together.
    Total,
    /// One service, by the name on the bill.
    Service(String),
    /// Each service by itself; not the tax, which is booked when an invoice is and follows the rest.
    Each,
}

impl CostSelector {
    /// `service = "..."`, `service = "*"` for each, or absent for everything together.
    pub fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        if !settings.has("service") {
            return Some(Self::Total);
        }
        settings
            .required::<String>("service")
            .map(|service| if service == "*" { Self::Each } else { Self::Service(service) })
    }

    /// Whether a subject is among those meant.
    pub fn covers(&self, subject: &Subject) -> bool {
        match (self, subject) {
            (Self::Total, Subject::Total) => true,
            (Self::Service(meant), Subject::Service(name)) => meant == name,
            (Self::Each, Subject::Service(name)) => name != TAX,
            _ => false,
        }
    }

    /// The subjects meant, as far as they are known.
    pub fn subjects(&self, history: &History) -> Vec<Subject> {
        match self {
            Self::Total => vec![Subject::Total],
            Self::Service(name) => vec![Subject::Service(name.clone())],
            Self::Each => history
                .costs()
                .services()
                .filter(|name| *name != TAX)
                .map(|name| Subject::Service(name.to_owned()))
                .collect(),
        }
    }
}

/// The service a cost subject names; `None` is everything.
pub fn service_of(subject: &Subject) -> Option<&str> {
    match subject {
        Subject::Service(name) => Some(name),
        _ => None,
    }
}

/// The resources of a service, if an inventory lists them.
pub fn behind(subject: &Subject, history: &History, now: DateTime<Utc>) -> Vec<String> {
    let said = service_of(subject).and_then(|service| summary(service, &history.inventories_at(now), now));
    said.into_iter().map(|said| format!("{said}.")).collect()
}
