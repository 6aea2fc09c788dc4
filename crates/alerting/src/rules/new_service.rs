//! `when.new_service`: a service is new on the bill.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use model::money::{Usd, cents, checked_sum};
use model::settings::TableReader;
use model::span::Span;
use model::subject::Subject;
use rust_decimal::Decimal;

use super::finding::IncidentDetails;
use super::required_data::RequiredData;
use super::verdict::{Judgement, TOO_LARGE};
use crate::history::History;
use crate::which::{CostSelector, service_of};

/// A bill must have been watched for so long before its days without a service say that the service is new.
const KNOWN_FOR: TimeDelta = TimeDelta::days(14);

/// The settings of `when.new_service`.
#[derive(Debug, Clone)]
pub struct NewService {
    /// What it must have cost since it came.
    at_least: Usd,
    /// How long it counts as new.
    within: Span,
}

impl NewService {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let at_least = settings.or("at_least_usd", Usd(Decimal::new(10, 2)));
        let within = settings.or("for", Span::hours(24 * 7));
        Some(Self { at_least: at_least?, within: within? })
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
        CostSelector::Each.covers(subject)
    }

    pub(super) fn judge(&self, history: &History, now: DateTime<Utc>) -> Vec<Judgement> {
        let known_since = history.costs().days(now.date_naive()).last().map(|cost| cost.day);
        CostSelector::Each
            .subjects(history)
            .into_iter()
            .map(|subject| self.one(history, known_since, subject, now))
            .collect()
    }

    fn one(
        &self,
        history: &History,
        known_since: Option<NaiveDate>,
        subject: Subject,
        now: DateTime<Utc>,
    ) -> Judgement {
        let costs = history.costs();
        let certainly: Option<BTreeMap<NaiveDate, Decimal>> = costs
            .days(now.date_naive())
            .map(|cost| Some((cost.day, costs.certainly(cost, service_of(&subject))?)))
            .collect();
        let Some(mut certainly) = certainly else {
            return Judgement::unknown(subject, "not billed in USD");
        };
        certainly.retain(|_, amount| *amount > Decimal::ZERO);
        let Some((first, known_since)) = certainly.first_key_value().map(|(day, _)| *day).zip(known_since) else {
            return Judgement::clear(subject, "it has cost nothing");
        };
        if first - known_since < KNOWN_FOR {
            return Judgement::clear(
                subject,
                format!("on the bill since {first}, but the bill is known only since {known_since}"),
            );
        }
        let Some(amount) = checked_sum(certainly.into_values()) else {
            return Judgement::unknown(subject, TOO_LARGE);
        };
        if now.date_naive() - first > self.within.delta() || amount < self.at_least.0 {
            return Judgement::clear(subject, format!("on the bill since {first}, {} USD so far", cents(amount)));
        }
        let name = subject.name().to_owned();
        let finding = IncidentDetails {
            headline: format!("{name} is new on the bill since {first}: {} USD so far", cents(amount)),
            facts: vec![
                ("First day".to_owned(), first.to_string()),
                ("Cost since then".to_owned(), format!("{} USD", cents(amount))),
                ("The bill is known since".to_owned(), known_since.to_string()),
            ],
            next_step: format!(
                "If it is expected, there is nothing to do. Otherwise open Cost Explorer, filter by service \"{name}\", and group by usage type and region. CloudTrail shows who created it."
            ),
            ..IncidentDetails::default()
        };
        Judgement::holds(subject, finding)
    }
}
