//! `when.free_tier_above`: what is free every month is used up to a share.

use billing::best;
use billing::early::Origin;
use billing::free_tier::{FreeQuantity, FreeUse};
use chrono::{DateTime, Datelike, Days, NaiveDate, TimeDelta, Utc};
use model::calendar::Month;
use model::money::Percent;
use model::settings::Settings;
use model::span::Span;
use model::subject::Subject;
use rust_decimal::Decimal;

use super::finding::Finding;
use super::measure::Measure;
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
    /// Which quantities.
    of: Vec<FreeQuantity>,
}

impl FreeTierAbove {
    pub(super) fn read(settings: &mut Settings<'_, '_>) -> Option<Self> {
        let share = settings.or("share", Percent(Decimal::from(80)));
        let all = || Some(FreeQuantity::ALL.iter().map(|(_, quantity)| *quantity).collect());
        let of = if settings.has("of") { settings.words("of", "a quantity of the free tier", FreeQuantity::ALL) } else { all() };
        Some(Self { share: share?, of: of? })
    }

    pub(super) fn window(&self) -> Option<Span> {
        None
    }

    pub(super) fn covers(&self, subject: &Subject) -> bool {
        matches!(subject, Subject::FreeTier(name) if self.of.iter().any(|quantity| quantity.word() == name))
    }

    pub(super) fn judge(&self, history: &History, now: DateTime<Utc>) -> Vec<Judgement> {
        let newest = best::free_use(history.bill(), now.date_naive());
        let mut all: Vec<FreeQuantity> = self.of.clone();
        all.sort();
        all.dedup();
        all.into_iter().map(|quantity| self.one(history, quantity, newest.get(&quantity), now)).collect()
    }

    fn one(&self, history: &History, quantity: FreeQuantity, newest: Option<&(DateTime<Utc>, FreeUse)>, now: DateTime<Utc>) -> Judgement {
        let subject = Subject::FreeTier(quantity.word().to_owned());
        let month = Month::of(now.date_naive());
        let Some((as_of, FreeUse { used, free })) = newest.filter(|(as_of, _)| now - *as_of <= STALE) else {
            return Judgement::unknown(subject, format!("what was used in {month} has not been read"));
        };
        let (unit, limit) = (quantity.unit(), self.share.0.saturating_mul(*free).checked_div(Decimal::ONE_HUNDRED).unwrap_or_default());
        let said = format!("{} of {} free {unit} in {month}", rounded(*used), rounded(*free));
        if *used <= limit {
            return Judgement::clear(subject, format!("{said}, within {}", self.share));
        }
        let mut sentences = vec![];
        if used < free {
            sentences.extend(used_up(history, quantity, FreeUse { used: *used, free: *free }, now));
        } else {
            sentences.push("It is used up: everything more is paid for.".to_owned());
        }
        sentences
            .push("Other functions, log groups and regions of the account use the same free tier, and are not counted here unless they are read.".to_owned());
        let finding = Finding {
            headline: format!("{said} are used, over {}", self.share),
            said: sentences,
            facts: vec![
                ("Used".to_owned(), format!("{} {unit}", rounded(*used))),
                ("Free a month".to_owned(), format!("{} {unit}", rounded(*free))),
                ("As of".to_owned(), as_of.format("%F %H:%M UTC").to_string()),
            ],
            next_step: "See which function or log group uses it; what comes on top is charged at the region's price.".to_owned(),
            measure: Some(Measure { value: *used, limit }),
            ..Finding::default()
        };
        Judgement::holds(subject, finding)
    }
}

/// When it will be used up, if it is used as on the last whole days of the month; nothing while there are too few of them.
fn used_up(history: &History, quantity: FreeQuantity, now_used: FreeUse, now: DateTime<Utc>) -> Option<String> {
    let today = now.date_naive();
    let month = Month::of(today);
    let at_end_of = |day: NaiveDate| {
        let figures = history.early(day).take_while(|figure| figure.day == day).filter(|figure| figure.origin == Origin::Usage);
        figures.filter_map(|figure| figure.free.get(&quantity)).map(|used| used.used).max()
    };
    let yesterday = today.checked_sub_days(Days::new(1))?;
    let before = today.checked_sub_days(Days::new(1 + RATE_DAYS))?;
    // On the evening before the month began nothing was used.
    let first = if month.contains(before) { at_end_of(before)? } else { (u64::from(today.day()) == 1 + RATE_DAYS).then_some(Decimal::ZERO)? };
    let rate = at_end_of(yesterday)?.saturating_sub(first).checked_div(Decimal::from(RATE_DAYS))?;
    let left = now_used.free.saturating_sub(now_used.used).checked_div(rate)?.floor();
    let days = u64::try_from(left).ok().filter(|_| rate > Decimal::ZERO)?;
    let last = today.checked_add_days(Days::new(days))?;
    let as_before = format!("as in the last {RATE_DAYS} days, {} a day", rounded(rate));
    Some(if month.contains(last) {
        format!("It is used up on {last} if it is used {as_before}.")
    } else {
        format!("It lasts until the month ends if it is used {as_before}.")
    })
}

/// A quantity for a reader: whole, or with two decimals where it is small.
fn rounded(quantity: Decimal) -> String {
    let digits = if quantity < Decimal::ONE_HUNDRED { 2 } else { 0 };
    quantity.round_dp(digits).normalize().to_string()
}
