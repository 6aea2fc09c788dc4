//! The ledger of a bill: every amount that was seen for each day, and the early figures.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::costs::CostLedger;
use crate::day_cost::DayCost;
use crate::early::{EarlyFigure, EarlyOrigin};

/// Days of early figures that are kept: more than the bill takes to settle a day.
const EARLY_DAYS: i64 = 8;

/// An early figure, with when a source saw it (UTC).
#[derive(Debug)]
struct SeenFigure {
    seen: DateTime<Utc>,
    figure: EarlyFigure,
}

/// The bill by day, and early figures by day, origin and source. It gives the same answers whatever order the same
/// figures came in.
#[derive(Debug, Default)]
pub struct Ledger {
    costs: CostLedger,
    early: BTreeMap<NaiveDate, BTreeMap<(EarlyOrigin, String), SeenFigure>>,
}

impl Ledger {
    /// Takes in what one answer, seen at `seen` (UTC), said of a day.
    pub fn record_cost(&mut self, seen: DateTime<Utc>, cost: &DayCost) {
        self.costs.record(seen, cost);
    }

    /// Takes in an early figure of a source, such as `watch.charges`. The one that was seen last counts; of two that
    /// were seen at once the one that describes the later moment, and of those the greater by its fields, so that the
    /// order they came in does not matter.
    pub fn record_early(&mut self, seen: DateTime<Utc>, source: &str, figure: &EarlyFigure) {
        let of_day = self.early.entry(figure.day).or_default();
        let key = (figure.origin, source.to_owned());
        let is_newer =
            |known: &SeenFigure| (known.seen, known.figure.as_of, &known.figure) <= (seen, figure.as_of, figure);
        if of_day.get(&key).is_none_or(is_newer) {
            of_day.insert(key, SeenFigure { seen, figure: figure.clone() });
        }
    }

    /// The clock was set back to `now`: what was seen later counts as seen now.
    pub fn clock_was_set_back(&mut self, now: DateTime<Utc>) {
        self.costs.clock_was_set_back(now);
        for known in self.early.values_mut().flat_map(BTreeMap::values_mut) {
            known.seen = known.seen.min(now);
        }
    }

    /// Drops what is too old to be asked for.
    pub fn forget(&mut self, now: DateTime<Utc>) {
        self.costs.forget(now);
        let first_day = now.date_naive() - TimeDelta::days(EARLY_DAYS);
        self.early = self.early.split_off(&first_day);
    }

    /// The bill, as far as it is known.
    pub fn costs(&self) -> &CostLedger {
        &self.costs
    }

    /// Every early figure of the days up to and including `last`, latest day first.
    pub fn early(&self, last: NaiveDate) -> impl Iterator<Item = &EarlyFigure> {
        self.early.range(..=last).rev().flat_map(|(_, of_day)| of_day.values()).map(|known| &known.figure)
    }
}
