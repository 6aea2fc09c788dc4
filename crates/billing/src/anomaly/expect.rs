//! The baseline: what a day is expected to cost from the days before it, and the usual error of that.

use super::super::dense::{DailySeries, DayIndex};

/// Days that are looked back on.
const MEMORY: usize = 90;
/// So many found steps are worth one false alarm.
const ALARM: f64 = 12.0;
/// A series that stands out on more than this share of its days is never steady.
const TOO_OFTEN: f64 = 0.12;
/// Ways to expect a day.
const WAYS: usize = 8;

/// Follows one series day by day.
pub(super) struct Baseline {
    /// The series as it is to be learned from: days of an episode stand as they were expected until the new level is
    /// believed.
    learned: Vec<f64>,
    /// How far off each way was, as logarithms of ratios, newest last.
    errors: [Vec<f64>; WAYS],
    /// The ratio of what came to what was expected, by day.
    ratios: Vec<f64>,
    begins: usize,
}

impl Baseline {
    pub(super) fn new(line: &DailySeries) -> Self {
        Self {
            learned: Vec::new(),
            errors: std::array::from_fn(|_| Vec::new()),
            ratios: Vec::new(),
            begins: line.begins,
        }
    }

    fn last(&self, days: usize) -> &[f64] {
        let from = self.learned.len().saturating_sub(days).max(self.begins.min(self.learned.len()));
        self.learned.get(from..).unwrap_or(&[])
    }

    /// How many days have been learned since the series began.
    pub(super) fn days(&self) -> usize {
        self.learned.len().saturating_sub(self.begins)
    }

    /// How much dearer each weekday is than the week around it, once that was seen three times; by day number modulo 7.
    fn weekdays(&self) -> [f64; 7] {
        let weeks = self.last(63);
        let first = self.learned.len() - weeks.len();
        let mut ratios: [Vec<f64>; 7] = std::array::from_fn(|_| Vec::new());
        for (at, week) in weeks.windows(7).enumerate() {
            let mean = week.iter().sum::<f64>() / 7.0;
            if let (Some(middle), Some(ratios)) = (week.get(3), ratios.get_mut((first + at + 3) % 7)) {
                // A week with days on which the series was not there says nothing of weekdays.
                if mean > 0.0 && week.iter().all(|value| *value > 0.02 * mean) {
                    ratios.push(middle / mean);
                }
            }
        }
        ratios.map(|ratios| if ratios.len() < 3 { 1.0 } else { trimmed(&ratios) })
    }

    fn ways(&self) -> [f64; WAYS] {
        let weekdays = self.weekdays();
        let factor = |day: usize| weekdays.get(day % 7).copied().unwrap_or(1.0).max(0.02);
        // What is only there at times is compared with the days on which it was there.
        let recent = self.last(42);
        let first = self.learned.len() - recent.len();
        let least = 0.02 * recent.iter().copied().fold(0.0, f64::max);
        let there: Vec<(usize, f64)> = recent.iter().copied().enumerate().filter(|(_, value)| *value > least).collect();
        let evened: Vec<(f64, f64)> = there.iter().map(|(at, value)| (*value, factor(first + at))).collect();
        let plain: Vec<(f64, f64)> = there.into_iter().map(|(_, value)| (value, 1.0)).collect();
        let last =
            |values: &[(f64, f64)], days: usize| level(values.get(values.len().saturating_sub(days)..).unwrap_or(&[]));
        let today = factor(self.learned.len());
        [
            last(&plain, 1),
            last(&plain, 3),
            last(&plain, 7),
            last(&plain, 14),
            last(&evened, 3) * today,
            last(&evened, 7) * today,
            last(&evened, 14) * today,
            last(&evened, 28) * today,
        ]
    }

    /// What the next day is expected to cost.
    pub(super) fn next(&self) -> f64 {
        let ways = self.ways();
        let (mut sum, mut weights) = (0.0, 0.0);
        for (way, errors) in ways.iter().zip(&self.errors) {
            let recent = errors.get(errors.len().saturating_sub(60)..).unwrap_or(&[]);
            let off =
                (recent.iter().map(|error| error.abs().min(0.7)).sum::<f64>() + 0.2 * 3.0) / (recent.len() + 3) as f64;
            let weight = (off + 0.01).powi(-6);
            sum += weight * way.max(0.0);
            weights += weight;
        }
        if weights > 0.0 { sum / weights } else { 0.0 }
    }

    /// The ratios of the last months, as logarithms.
    pub(super) fn usual_ratios(&self) -> &[f64] {
        self.ratios.get(self.ratios.len().saturating_sub(MEMORY)..).unwrap_or(&[])
    }

    /// Adds a day: its actual cost, and the value to learn from it.
    pub(super) fn learn(&mut self, came: Option<f64>, learn: f64) {
        let expected = self.next();
        if self.days() >= 7 && self.learned.len() >= self.begins {
            let there = learn > 0.05 * expected;
            for (way, errors) in self.ways().into_iter().zip(&mut self.errors).filter(|_| there) {
                if way > 0.0 && learn > 0.0 {
                    errors.push((learn / way).ln());
                }
            }
            if let Some(came) = came.filter(|came| expected > 0.0 && *came > 0.05 * expected) {
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

/// The mean without the outer fifths; the middle one of three.
fn trimmed(values: &[f64]) -> f64 {
    level(&values.iter().map(|value| (*value, 1.0)).collect::<Vec<(f64, f64)>>())
}

/// Values by what share of a level each should be: the level, without the fifths that would make it highest and lowest.
/// A quiet day says less of it than a busy one.
fn level(values: &[(f64, f64)]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
    let cut = (sorted.len() as f64 / 5.0).round() as usize;
    let kept = sorted.get(cut..sorted.len().saturating_sub(cut)).filter(|kept| !kept.is_empty()).unwrap_or(&sorted);
    let (sum, shares) = kept.iter().fold((0.0, 0.0), |(sum, shares), (value, share)| (sum + value, shares + share));
    if shares > 0.0 { sum / shares } else { 0.0 }
}

/// The ratio above which a day is out of the ordinary: as high as it may be and still find nearly every step to half as
/// much again, and lower than that only where it brings few false alarms.
pub(super) fn limit(ratios: &[f64]) -> f64 {
    let step = 1.5_f64.ln();
    // A few days that have not been seen yet: what is steady so far need not be.
    let imagined = [-0.25, -0.12, -0.05, 0.0, 0.05, 0.12, 0.25];
    let all: Vec<(f64, f64)> =
        ratios.iter().map(|ratio| (*ratio, 1.0)).chain(imagined.map(|ratio| (ratio, 0.6))).collect();
    let total: f64 = all.iter().map(|(_, weight)| weight).sum();
    let above =
        |limit: f64| all.iter().filter(|(ratio, _)| *ratio > limit).map(|(_, weight)| weight).sum::<f64>() / total;
    let best = |limits: &mut dyn Iterator<Item = i32>, worth: f64| {
        let gain = |limit: f64| above(limit - step) - worth * above(limit);
        limits
            .map(|at| f64::from(at) / 100.0)
            .fold(0.12, |best, limit| if gain(limit) >= gain(best) - 1e-9 { limit } else { best })
    };
    let limit = best(&mut (12..=35), ALARM);
    if above(limit) <= TOO_OFTEN {
        return limit;
    }
    // What is out of the ordinary every week is not: only what nothing else was like is, and smaller steps go unseen.
    best(&mut [35, 40, 50, 60, 80, 100, 130, 160, 200, 250, 300].into_iter(), ALARM)
}

/// Whether the same day of the month stood out in a month before as well, by as much.
pub(super) fn known_day(days: &DayIndex, line: &DailySeries, stood_out: &[usize], day: usize, value: f64) -> bool {
    let Some(month) = days.months.iter().position(|month| (day as isize) < month.end) else { return false };
    let position = days.months.get(month).map_or(0, |month| day as isize - month.start);
    let before = |back: usize| month.checked_sub(back).and_then(|number| days.months.get(number));
    [1, 2].into_iter().filter_map(before).any(|before| {
        let same = before.start + position.min(before.end - before.start - 1);
        stood_out.iter().any(|then| (*then as isize - same).abs() <= 1 && value <= 1.25 * line.at(*then))
    })
}
