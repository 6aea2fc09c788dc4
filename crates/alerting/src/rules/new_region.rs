//! `when.new_region`: the bill names a region that was never used before. Accounts whose keys were stolen show it first:
//! what is started there is not where the owner looks.

use billing::regions::RegionFirstUse;
use chrono::{DateTime, NaiveDate, Utc};
use model::money::cents;
use model::settings::TableReader;
use model::span::Span;
use model::subject::Subject;

use super::finding::IncidentDetails;
use super::required_data::RequiredData;
use super::verdict::Judgement;
use crate::history::History;

/// What the subjects of this condition begin with.
const PREFIX: &str = "region/";

/// The settings of `when.new_region`.
#[derive(Debug, Clone)]
pub struct NewRegion {
    /// How long it counts as new, from its first day on the bill.
    within: Span,
}

impl NewRegion {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        Some(Self { within: settings.window("within", Span::days(7))? })
    }

    pub(super) fn is_measured(&self) -> bool {
        false
    }

    pub(super) fn required_data(&self) -> RequiredData {
        RequiredData::Costs
    }

    pub(super) fn window(&self) -> Option<Span> {
        Some(self.within)
    }

    pub(super) fn covers(&self, subject: &Subject) -> bool {
        matches!(subject, Subject::Resource(key) if key.starts_with(PREFIX))
    }

    pub(super) fn judge(&self, history: &History, now: DateTime<Utc>) -> Vec<Judgement> {
        let subject = |new: &RegionFirstUse| Subject::Resource(format!("{PREFIX}{}", new.region));
        history.new_regions(self.from(now)).map(|new| Judgement::holds(subject(new), finding(new))).collect()
    }

    /// The judgement of a region that is no longer new.
    pub(super) fn judge_absent(&self, subject: &Subject, history: &History, now: DateTime<Utc>) -> Option<Judgement> {
        let Subject::Resource(key) = subject else { return None };
        let region = key.strip_prefix(PREFIX)?;
        let is_new = history.new_regions(self.from(now)).any(|new| new.region == region);
        (!is_new).then(|| Judgement::clear(subject.clone(), format!("on the bill for {} now", self.within)))
    }

    fn from(&self, now: DateTime<Utc>) -> NaiveDate {
        (now - self.within.delta()).date_naive()
    }
}

fn finding(new: &RegionFirstUse) -> IncidentDetails {
    let RegionFirstUse { region, day, services, known_since } = new;
    let cost = |(service, sums): (&String, &Vec<model::money::Money>)| {
        let sums: Vec<String> = sums.iter().map(|sum| format!("{} {}", cents(sum.amount), sum.currency)).collect();
        format!("{service}: {}", sums.join(", "))
    };
    IncidentDetails {
        headline: format!(
            "{region} is used for the first time, since {day}: {}",
            services.keys().cloned().collect::<Vec<_>>().join(", ")
        ),
        facts: vec![
            ("First day".to_owned(), day.to_string()),
            ("On that day".to_owned(), services.iter().map(cost).collect::<Vec<_>>().join("; ")),
            ("The bill is known by region since".to_owned(), known_since.to_string()),
        ],
        next_step: format!(
            "If you did not start anything in {region}, treat your keys as stolen: deactivate them in IAM, look in CloudTrail \
             of {region} for who created what, delete it, and open a case with AWS Support. If you did, add the region to \
             `regions` under [aws], so that its functions and resources are watched too."
        ),
        ..IncidentDetails::default()
    }
}
