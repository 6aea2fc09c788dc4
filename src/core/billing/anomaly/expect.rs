//! What a day is expected to cost, from the days before it, and how far off that usually is.

use super::super::dense::{Days, Line, median, quantile};

/// Days that are looked back on.
const MEMORY: usize = 90;
/// Ways to expect a day.
const WAYS: usize = 5;

/// Follows one series day by day.
pub(super) struct Expectation {
    /// The series as it is to be learned from: days of an episode stand as they were expected until the new level is believed.
    learned: Vec<f64>,
    /// How far off each way was, as logarithms of ratios, newest last.
    errors: [Vec<f64>; WAYS],
    /// The ratio of what came to what was expected, by day.
    ratios: Vec<f64>,
    begins: usize,
}

impl Expectation {
    pub(super) fn new(line: &Line) -> Self {
        Self { learned: Vec::new(), errors: std::array::from_fn(|_| Vec::new()), ratios: Vec::new(), begins: line.begins }
    }

    fn last(&self, days: usize) -> &[f64] {
        let from = self.learned.len().saturating_sub(days).max(self.begins.min(self.learned.len()));
        self.learned.get(from..).unwrap_or(&[])
    }

    /// How many days have been learned since the series began.
    pub(super) fn days(&self) -> usize {
        self.learned.len().saturating_sub(self.begins)
    }

    fn ways(&self) -> [f64; WAYS] {
        let week = median(self.last(7));
        let weekday = self.learned.len() % 7;
        let month = self.last(35);
        let first = self.learned.len() - month.len();
        let same: Vec<f64> = month.iter().enumerate().filter(|(at, _)| (first + at) % 7 == weekday).map(|(_, value)| *value).collect();
        let usual = median(month);
        let level = if usual > 0.0 { (week / usual).clamp(0.67, 1.5) } else { 1.0 };
        let by_weekday = if same.len() >= 2 { median(&same) * level } else { week };
        let yesterday = self.last(1).first().copied().unwrap_or(0.0);
        [week, by_weekday, yesterday, median(self.last(3)), median(self.last(14))]
    }

    /// What the next day is expected to cost.
    pub(super) fn next(&self) -> f64 {
        let ways = self.ways();
        let (mut sum, mut weights) = (0.0, 0.0);
        for (way, errors) in ways.iter().zip(&self.errors) {
            let recent = errors.get(errors.len().saturating_sub(60)..).unwrap_or(&[]);
            let off = (recent.iter().map(|error| error.abs().min(0.7)).sum::<f64>() + 0.2 * 5.0) / (recent.len() + 5) as f64;
            let weight = (off + 0.01).powi(-3);
            sum += weight * way.max(0.0);
            weights += weight;
        }
        if weights > 0.0 { sum / weights } else { 0.0 }
    }

    /// The ratios of the last months, as logarithms.
    pub(super) fn usual_ratios(&self) -> &[f64] {
        self.ratios.get(self.ratios.len().saturating_sub(MEMORY)..).unwrap_or(&[])
    }

    /// Takes a day in: what came, and what of it is to be learned.
    pub(super) fn learn(&mut self, came: f64, learn: f64) {
        let expected = self.next();
        if self.days() >= 7 && self.learned.len() >= self.begins {
            for (way, errors) in self.ways().into_iter().zip(&mut self.errors) {
                if way > 0.0 && learn > 0.0 {
                    errors.push((learn / way).ln());
                }
            }
            if expected > 0.0 && came > 0.0 {
                self.ratios.push((came / expected).ln());
            }
        }
        self.learned.push(learn);
    }

    /// Believes what came in the last days.
    pub(super) fn believe(&mut self, came: &[f64]) {
        let from = self.learned.len().saturating_sub(came.len());
        if let Some(learned) = self.learned.get_mut(from..) {
            learned.copy_from_slice(came.get(came.len() - learned.len()..).unwrap_or(learned.to_vec().as_slice()));
        }
    }
}

/// The ratio above which a day is out of the ordinary: as high as it may be and still find nearly every step to half as much again, and
/// lower than that only where it brings few false alarms.
pub(super) fn limit(ratios: &[f64]) -> f64 {
    let step = 1.5_f64.ln();
    // A few days that nobody has seen yet: what is steady so far need not be.
    let imagined = [-0.25, -0.12, -0.05, 0.0, 0.05, 0.12, 0.25];
    let all: Vec<(f64, f64)> = ratios.iter().map(|ratio| (*ratio, 1.0)).chain(imagined.map(|ratio| (ratio, 0.6))).collect();
    let total: f64 = all.iter().map(|(_, weight)| weight).sum();
    let above = |limit: f64| all.iter().filter(|(ratio, _)| *ratio > limit).map(|(_, weight)| weight).sum::<f64>() / total;
    let mut best = (f64::NEG_INFINITY, 0.0);
    for at in 12..=38 {
        let limit = f64::from(at) / 100.0;
        let gain = above(limit - step) - 4.0 * above(limit);
        if gain >= best.0 - 1e-9 {
            best = (gain.max(best.0), limit);
        }
    }
    best.1
}

/// Whether a day of the month stood out in the months before as well, by as much.
pub(super) fn known_day(days: &Days, line: &Line, day: usize, value: f64) -> bool {
    let date = days.date(day);
    let Some(month) = days.months.iter().position(|month| (day as isize) < month.end) else { return false };
    let position = days.months.get(month).map_or(0, |month| day as isize - month.start);
    let _ = date;
    [1, 2].iter().filter_map(|back| month.checked_sub(*back).and_then(|number| days.months.get(number))).any(|before| {
        let at = before.start + position.min(before.end - before.start - 1);
        (-2..=2).any(|around: isize| {
            let Ok(then) = usize::try_from(at + around) else { return false };
            if then < line.begins || then >= day {
                return false;
            }
            let usual = median(line.part(then.saturating_sub(7), then));
            line.at(then) > 1.3 * usual && value <= 1.25 * line.at(then).max(usual)
        })
    })
}

/// The middle of the last days, where a series is at all.
pub(super) fn level(line: &Line, from: usize, to: usize) -> f64 {
    quantile(line.part(from, to), 0.5).unwrap_or(0.0)
}
