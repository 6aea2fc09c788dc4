//! `when.free_tier_above`: more than a share of the month's free tier is used.

use billing::best;
use billing::early::EarlyOrigin;
use billing::free_tier::{FreeTierQuantity, FreeTierUsage};
use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};
use model::calendar::Month;
use model::money::Percent;
use model::settings::TableReader;
use model::span::Span;
use model::subject::Subject;
use rust_decimal::Decimal;

use super::finding::IncidentDetails;
use super::measure::MeasuredValue;
use super::required_data::RequiredData;
use super::verdict::Judgement;
use crate::history::History;

/// A figure that is older says nothing about now.
const STALE: TimeDelta = TimeDelta::days(1);
/// Whole days of the month that a rate is taken over; fewer make none.
const RATE_DAYS: u64 = 3;

/// The settings of `when.free_tier_above`.
#[derive(Debug, Clone)]
pub struct FreeTierAbove {
    /// The share of the free quantity; reaching it exactly is still within it.
    share: Percent,
    of: Vec<FreeTierQuantity>,
}

impl FreeTierAbove {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let share = settings.or("share", Percent(Decimal::from(80)));
        let all = || Some(FreeTierQuantity::ALL.iter().map(|(_, quantity)| *quantity).collect());
        let of = if settings.has("of") {
            settings.words("of", "a free-tier quantity", FreeTierQuantity::ALL)
        } else {
            all()
        };
        Some(Self { share: share?, of: of? })
    }

    pub(super) fn is_measured(&self) -> bool {
        true
    }

    pub(super) fn required_data(&self) -> RequiredData {
        RequiredData::Early
    }

    pub(super) fn window(&self) -> Option<Span> {
        None
    }

    pub(super) fn covers(&self, subject: &Subject) -> bool {
        matches!(subject, Subject::FreeTier(name) if self.of.iter().any(|quantity| quantity.word() == name))
    }

    pub(super) fn judge(&self, history: &History, now: DateTime<Utc>) -> Vec<Judgement> {
        let newest = best::free_use(history.bill(), now.date_naive());
        let mut all: Vec<FreeTierQuantity> = self.of.clone();
        all.sort();
        all.dedup();
        all.into_iter().map(|quantity| self.one(history, quantity, newest.get(&quantity), now)).collect()
    }

    fn one(
        &self,
        history: &History,
        quantity: FreeTierQuantity,
        newest: Option<&(DateTime<Utc>, FreeTierUsage)>,
        now: DateTime<Utc>,
    ) -> Judgement {
        let subject = Subject::FreeTier(quantity.word().to_owned());
        let month = Month::of(now.date_naive());
        let Some((as_of, FreeTierUsage { used, free })) = newest.filter(|(as_of, _)| now - *as_of <= STALE) else {
            return Judgement::unknown(subject, format!("the usage of {month} is unknown"));
        };
        let unit = quantity.unit();
        let limit = self.share.0.checked_mul(*free).and_then(|product| product.checked_div(Decimal::ONE_HUNDRED));
        let Some(limit) = limit else {
            return Judgement::unknown(subject, format!("{} of {free} free {unit} is too large a number", self.share));
        };
        let said = format!("{} of {} free {unit} in {month}", rounded(*used), rounded(*free));
        if *used <= limit {
            return Judgement::clear(subject, format!("{said}, within {}", self.share));
        }
        let mut sentences = vec![];
        if used < free {
            sentences.extend(used_up(history, quantity, FreeTierUsage { used: *used, free: *free }, now));
        } else {
            sentences.push("It is used up: further usage is charged.".to_owned());
        }
        sentences.push("Other functions, log groups and regions of the account share this free tier and are counted only if a source reads them.".to_owned());
        let finding = IncidentDetails {
            headline: format!("{said} are used, over {}", self.share),
            said: sentences,
            facts: vec![
                ("Used".to_owned(), format!("{} {unit}", rounded(*used))),
                ("Free a month".to_owned(), format!("{} {unit}", rounded(*free))),
                ("As of".to_owned(), as_of.format("%F %H:%M UTC").to_string()),
            ],
            next_step: "Find the function or log group that uses it; usage above the free tier is charged at the region's price.".to_owned(),
            measure: Some(MeasuredValue { value: *used, limit }),
            ..IncidentDetails::default()
        };
        Judgement::holds(subject, finding)
    }
}

/// When it will be used up, if it is used as on the last whole days of the month; nothing while there are too few of
/// them.
fn used_up(
    history: &History,
    quantity: FreeTierQuantity,
    now_used: FreeTierUsage,
    now: DateTime<Utc>,
) -> Option<String> {
    let today = now.date_naive();
    let month = Month::of(today);
    let at_end_of = |day: NaiveDate| {
        let figures = history
            .early(day)
            .take_while(|figure| figure.day == day)
            .filter(|figure| figure.origin == EarlyOrigin::Usage);
        figures.filter_map(|figure| figure.free.get(&quantity)).map(|used| used.used).max()
    };
    let yesterday = today.checked_sub_days(Days::new(1))?;
    let before = today.checked_sub_days(Days::new(1 + RATE_DAYS))?;
    // On the evening before the month began nothing was used.
    let first = if month.contains(before) {
        at_end_of(before)?
    } else {
        (u64::from(today.day()) == 1 + RATE_DAYS).then_some(Decimal::ZERO)?
    };
    let rate = at_end_of(yesterday)?.checked_sub(first)?.checked_div(Decimal::from(RATE_DAYS))?;
    let left = now_used.free.checked_sub(now_used.used)?.checked_div(rate)?.floor();
    let days = u64::try_from(left).ok().filter(|_| rate > Decimal::ZERO)?;
    let last = today.checked_add_days(Days::new(days))?;
    let as_before = format!("{} a day in the last {RATE_DAYS} days", rounded(rate));
    Some(if month.contains(last) {
        format!("At the current rate it is used up on {last} ({as_before}).")
    } else {
        format!("At the current rate it lasts until the end of the month ({as_before}).")
    })
}

/// A quantity for a reader: whole, or with two decimals where it is small.
fn rounded(quantity: Decimal) -> String {
    let digits = if quantity < Decimal::ONE_HUNDRED { 2 } else { 0 };
    quantity.round_dp(digits).normalize().to_string()
}
