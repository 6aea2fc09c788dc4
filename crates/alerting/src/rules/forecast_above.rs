//! `when.forecast_above`: the forecast of the month is above a limit.

use billing::forecast::IntervalForecast;
use chrono::{DateTime, Utc};
use model::calendar::Month;
use model::money::{Usd, cents};
use model::settings::TableReader;
use model::span::Span;
use model::subject::Subject;

use super::finding::IncidentDetails;
use super::measure::MeasuredValue;
use super::required_data::RequiredData;
use super::verdict::Judgement;
use crate::history::History;
use crate::which::{CostSelector, service_of};

/// Settled days without which nothing is foretold.
const FEWEST: usize = 7;

/// The settings of `when.forecast_above`.
#[derive(Debug, Clone)]
pub struct ForecastAbove {
    which: CostSelector,
    /// The month's limit; reaching it exactly is still within it.
    limit: Usd,
    certainty: Certainty,
}

/// Which end of the forecast must be above the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Certainty {
    /// The forecast itself: as likely too high as too low.
    Likely,
    /// The lower end of its interval: nine of ten months end above it.
    Sure,
}

impl ForecastAbove {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let which = CostSelector::read(settings);
        let limit = settings.required("usd");
        let words = &[("likely", Certainty::Likely), ("sure", Certainty::Sure)];
        let certainty =
            if settings.has("certainty") { settings.word("certainty", words) } else { Some(Certainty::Likely) };
        Some(Self { which: which?, limit: limit?, certainty: certainty? })
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
        let month = Month::of(now.date_naive());
        let Some(outlook) = history.costs().outlook(month).filter(|outlook| outlook.days >= FEWEST) else {
            return Judgement::unknown(subject, format!("fewer than {FEWEST} settled days"));
        };
        let known = match &outlook.forecast {
            Ok(known) => known,
            Err(why) => return Judgement::unknown(subject, why.to_string()),
        };
        let estimate: &IntervalForecast = match service_of(&subject) {
            None => &known.total,
            Some(service) => match known.series.iter().find(|one| one.name == service) {
                Some(one) => &one.estimate,
                None => return Judgement::unknown(subject, "no settled cost in USD"),
            },
        };
        let (IntervalForecast { forecast, low, high }, limit) = (estimate, self.limit);
        let decisive = if self.certainty == Certainty::Sure { low } else { forecast };
        if *decisive <= limit.0 {
            return Judgement::clear(
                subject,
                format!("{month} is heading for {} USD, within {limit}", cents(*forecast)),
            );
        }
        let name = if subject == Subject::Total { "The whole account" } else { subject.name() };
        let finding = IncidentDetails {
            headline: format!("{name} is heading for {} USD in {month}, over {limit}", cents(*forecast)),
            said: vec![format!("Four of five such months end between {} and {} USD. It is a forecast, not a charge.", cents(*low), cents(*high))],
            facts: vec![
                ("Forecast".to_owned(), format!("{} USD ({} to {})", cents(*forecast), cents(*low), cents(*high))),
                ("Limit".to_owned(), format!("{limit} a month")),
                ("Settled days before".to_owned(), outlook.known_before.to_string()),
            ],
            next_step: "`monitor report` lists the services and usage types that grew. What you stop today no longer costs anything on the remaining days."
                .to_owned(),
            measure: Some(MeasuredValue { value: *decisive, limit: limit.0 }),
            ..IncidentDetails::default()
        };
        Judgement::holds(subject, finding)
    }
}
