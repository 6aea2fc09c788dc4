//! `when.cost_jump`: a settled day costs much more than the median of the fourteen days before it.

use billing::day_cost::DayCost;
use chrono::{DateTime, TimeDelta, Utc};
use model::money::{Factor, Usd, cents};
use model::settings::TableReader;
use model::span::Span;
use model::subject::Subject;
use rust_decimal::Decimal;

use super::finding::IncidentDetails;
use super::measure::MeasuredValue;
use super::required_data::RequiredData;
use super::verdict::Judgement;
use crate::history::History;
use crate::which::{CostSelector, behind, service_of};

/// Days the median is taken over.
const DAYS: i64 = 14;
/// Settled days among them that must be known; fewer make no median worth a message.
const FEWEST: usize = 7;
/// Days after which the last settled figure says nothing about now.
const STALE: TimeDelta = TimeDelta::days(7);

/// The settings of `when.cost_jump`.
#[derive(Debug, Clone)]
pub struct CostJump {
    which: CostSelector,
    /// How many times the median is a jump.
    factor: Decimal,
    /// A rise by less than this is never one.
    at_least: Usd,
}

impl CostJump {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let which = CostSelector::read(settings);
        let factor = settings.or("factor", Factor(Decimal::TWO));
        let at_least = settings.or("at_least_usd", Usd(Decimal::ONE));
        Some(Self { which: which?, factor: factor?.0, at_least: at_least? })
    }

    pub(super) fn is_measured(&self) -> bool {
        true
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
        let today = now.date_naive();
        let Some(last) = history.costs().days(today).find(|cost| cost.settled).filter(|cost| today - cost.day <= STALE)
        else {
            return Judgement::unknown(subject, "no settled day yet");
        };
        let before =
            |cost: &&DayCost| cost.settled && cost.day < last.day && last.day - cost.day <= TimeDelta::days(DAYS);
        let amounts: Option<Vec<Decimal>> =
            history.costs().days(last.day).filter(before).map(|cost| cost.usd(service_of(&subject))).collect();
        let (Some(amount), Some(mut amounts)) = (last.usd(service_of(&subject)), amounts) else {
            return Judgement::unknown(subject, "not billed in USD");
        };
        if amounts.len() < FEWEST {
            return Judgement::unknown(subject, format!("only {} settled days before {}", amounts.len(), last.day));
        }
        let median = median(&mut amounts);
        if amount <= median * self.factor || amount - median < self.at_least.0 {
            return Judgement::clear(
                subject,
                format!("{} USD on {}, median {} USD", cents(amount), last.day, cents(median)),
            );
        }
        let name = if subject == Subject::Total { "The whole account" } else { subject.name() };
        let finding = IncidentDetails {
            headline: format!(
                "{name} jumped to {} USD on {}, from {} USD a day",
                cents(amount),
                last.day,
                cents(median)
            ),
            said: behind(&subject, history, now),
            facts: vec![
                ("That day".to_owned(), format!("{} USD", cents(amount))),
                (format!("Median of the {} days before", amounts.len()), format!("{} USD", cents(median))),
            ],
            next_step: format!(
                "Open Cost Explorer for {} and the day before, group by usage type, and find the usage type that grew. Check what was deployed or created on that day.",
                last.day
            ),
            measure: Some(MeasuredValue { value: amount, limit: (median * self.factor).max(median + self.at_least.0) }),
            ..IncidentDetails::default()
        };
        Judgement::holds(subject, finding)
    }
}

/// The middle value, or the mean of the two middle ones. Zero for no values.
fn median(amounts: &mut [Decimal]) -> Decimal {
    amounts.sort();
    let middle = amounts.len() / 2;
    match (amounts.get(middle), amounts.len() % 2, middle.checked_sub(1).and_then(|below| amounts.get(below))) {
        (Some(upper), 0, Some(lower)) => (*upper + *lower) / Decimal::TWO,
        (Some(value), _, _) => *value,
        _ => Decimal::ZERO,
    }
}
