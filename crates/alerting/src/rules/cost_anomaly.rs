//! `when.cost_anomaly`: a service costs more than its baseline: a step, a spike, a drift, or a new service.

use billing::anomaly::{Episode, EpisodeKind};
use chrono::{DateTime, TimeDelta, Utc};
use model::calendar::Month;
use model::money::{Usd, cents};
use model::settings::TableReader;
use model::span::Span;
use model::subject::Subject;
use rust_decimal::Decimal;

use super::finding::IncidentDetails;
use super::required_data::RequiredData;
use super::verdict::Judgement;
use crate::history::History;
use crate::which::{CostSelector, service_of};

/// Days after which the last settled figure says nothing about now.
const STALE: TimeDelta = TimeDelta::days(7);

/// The settings of `when.cost_anomaly`.
#[derive(Debug, Clone)]
pub struct CostAnomaly {
    which: CostSelector,
    /// An episode that has cost less than this above what was expected is not reported.
    at_least: Usd,
}

impl CostAnomaly {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let which = if settings.has("service") { CostSelector::read(settings) } else { Some(CostSelector::Each) };
        let at_least = settings.or("at_least_usd", Usd(Decimal::ONE));
        Some(Self { which: which?, at_least: at_least? })
    }

    pub(super) fn is_measured(&self) -> bool {
        false
    }

    pub(super) fn required_data(&self) -> RequiredData {
        RequiredData::Costs
    }

    pub(super) fn window(&self) -> Option<Span> {
        None
    }

    pub(super) fn covers(&self, subject: &Subject) -> bool {
        self.which.covers(subject)
    }

    pub(super) fn judge(&self, history: &History, now: DateTime<Utc>) -> Vec<Judgement> {
        self.which.subjects(history).into_iter().map(|subject| self.one(history, subject, now)).collect()
    }

    fn one(&self, history: &History, subject: Subject, now: DateTime<Utc>) -> Judgement {
        let outlook = history.costs().outlook(Month::of(now.date_naive()));
        let Some(outlook) = outlook.filter(|outlook| now.date_naive() - outlook.known_before <= STALE) else {
            return Judgement::unknown(subject, "no settled day in the last week");
        };
        let found = outlook.episodes.iter().find(|episode| Some(episode.series.as_str()) == service_of(&subject));
        let Some(episode) = found else { return Judgement::clear(subject, "within the baseline") };
        let Some((amount, expected)) = episode.amount.zip(episode.expected) else {
            return Judgement::unknown(
                subject,
                format!("what it has cost since {}, or what was expected, is too large for an amount", episode.from),
            );
        };
        match amount.checked_sub(expected) {
            None => Judgement::unknown(
                subject,
                format!("what it has cost above what was expected since {} is too large for an amount", episode.from),
            ),
            Some(above) if above >= self.at_least.0 => Judgement::holds(subject, finding(episode, amount, expected)),
            Some(above) => {
                let above = cents(above);
                Judgement::clear(
                    subject,
                    format!("{above} USD above the baseline since {}, less than {}", episode.from, self.at_least),
                )
            }
        }
    }
}

fn finding(episode: &Episode, amount: Decimal, expected: Decimal) -> IncidentDetails {
    let Episode { series, kind, from, .. } = episode;
    let what = match kind {
        EpisodeKind::Step => "costs more than before",
        EpisodeKind::Spike => "costs more than expected",
        EpisodeKind::Drift => "has grown slowly",
        EpisodeKind::New => "is new on the bill",
    };
    let said = if *kind == EpisodeKind::New {
        vec![]
    } else {
        vec!["The expected cost comes from its own past, including weekdays and days of the month.".to_owned()]
    };
    IncidentDetails {
        headline: format!("{series} {what} since {from}: {} USD, expected {}", cents(amount), cents(expected)),
        said,
        facts: vec![
            ("Kind".to_owned(), kind.word().to_owned()),
            ("Since".to_owned(), from.to_string()),
            ("Cost since then".to_owned(), format!("{} USD", cents(amount))),
            ("Expected".to_owned(), format!("{} USD", cents(expected))),
        ],
        next_step: format!(
            "Compare {from} with the day before by usage type (`monitor report` or Cost Explorer) to find the usage type that grew. Check what was deployed or created then."
        ),
        ..IncidentDetails::default()
    }
}
