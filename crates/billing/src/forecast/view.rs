//! The models: simple ways to forecast the rest of the month of one series.

use super::super::dense::{DailySeries, DayRangeIndex, median};

/// A series as known at the beginning of day `now`, without one-off charges.
pub(super) struct KnownSeries<'a> {
    /// The values without one-off charges; only the days before `now` are used.
    pub(super) base: &'a DailySeries,
    /// The first day that is not known.
    pub(super) now: usize,
    /// The month that is forecast.
    pub(super) month: DayRangeIndex,
    /// The month before, if any day of it is known.
    pub(super) before: Option<DayRangeIndex>,
    /// The weekday of day 0.
    pub(super) weekday: usize,
}

/// How many ways there are.
pub(super) const WAYS: usize = 16;

fn day(number: isize) -> usize {
    usize::try_from(number).unwrap_or(0)
}

impl KnownSeries<'_> {
    /// The first day to forecast: `now`, or the month's first day if that is later.
    pub(super) fn from(&self) -> usize {
        self.now.max(day(self.month.start))
    }

    /// The number of days to forecast.
    pub(super) fn left(&self) -> usize {
        day(self.month.end).saturating_sub(self.from())
    }

    fn part(&self, days: usize) -> &[f64] {
        self.base.part(self.now.saturating_sub(days).max(self.base.begins), self.now)
    }

    fn mean(&self, days: usize) -> Option<f64> {
        let part = self.part(days);
        (!part.is_empty()).then(|| part.iter().sum::<f64>() / part.len() as f64)
    }

    /// The part of the month before that lies as far from its end as what is left, and its length.
    fn rest_of_month_before(&self) -> Option<(f64, usize)> {
        let before = self.before?;
        let position = self.from() as isize - self.month.start;
        let from = day((before.start + position).min(before.end - 1));
        let known = from >= self.base.begins.min(self.now) && before.start + position >= 0;
        known.then(|| (self.base.sum(from, day(before.end)), day(before.end) - from))
    }

    /// What is left by each way; `None` where the way needs what is not known.
    pub(super) fn ways(&self) -> [Option<f64>; WAYS] {
        let left = self.left() as f64;
        let start = day(self.month.start).max(self.base.begins);
        let so_far = (self.now > start).then(|| self.base.sum(start, self.now));
        let rest = self.rest_of_month_before();
        let rest_scaled = rest.map(|(sum, days)| sum * left / days.max(1) as f64);
        let week = self.mean(7);
        let level_then = self.before.and_then(|before| {
            let then = day(before.start + (self.now as isize - self.month.start).min(before.end - before.start));
            let from = then.saturating_sub(7).max(self.base.begins);
            (then > from).then(|| self.base.sum(from, then) / (then - from) as f64)
        });
        let profile = self.before.zip(so_far).and_then(|(before, so_far)| {
            let position = self.now as isize - self.month.start;
            if before.start < self.base.begins as isize || position <= 0 {
                return None;
            }
            let then = self.base.sum(day(before.start), day((before.start + position).min(before.end)));
            rest.filter(|_| then.abs() > 1e-12).map(|(sum, _)| so_far * (sum / then).clamp(0.0, 40.0))
        });
        let shifted = rest_scaled
            .zip(week.zip(level_then))
            .and_then(|(rest, (week, then))| (then.abs() > 1e-12).then(|| rest * (week / then).clamp(0.2, 5.0)));
        let days_before = self
            .before
            .and_then(|before| self.base.mean(day(before.start).max(self.base.begins), day(before.end).min(self.now)));
        [
            so_far.map(|sum| sum / (self.now - start) as f64 * left),
            week.map(|mean| mean * left),
            self.known().then(|| median(self.part(7)) * left),
            self.known().then(|| self.base.at(self.now - 1) * left),
            self.mean(3).map(|mean| mean * left),
            self.mean(14).map(|mean| mean * left),
            self.mean(28).map(|mean| mean * left),
            self.by_weekday(),
            rest_scaled,
            profile,
            shifted,
            self.drift(28, left),
            self.smoothed().map(|level| level * left),
            days_before.map(|mean| mean * left),
            self.since_change(0.15).map(|level| level * left),
            self.since_change(0.5).map(|level| level * left),
        ]
    }

    fn known(&self) -> bool {
        self.now > self.base.begins
    }

    /// The mean since the last change of level: back for as long as no two days in a row are off the middle by more
    /// than a share of it.
    fn since_change(&self, share: f64) -> Option<f64> {
        let part = self.part(60);
        let mut like: Vec<f64> = Vec::new();
        let mut off = 0;
        for value in part.iter().rev() {
            let middle = if like.is_empty() { *value } else { median(like.get(..like.len().min(9)).unwrap_or(&[])) };
            if (value - middle).abs() <= share * middle.abs() {
                off = 0;
                like.push(*value);
            } else if off == 1 || like.len() < 2 {
                break;
            } else {
                off += 1;
            }
        }
        (!like.is_empty()).then(|| like.iter().sum::<f64>() / like.len() as f64)
    }

    /// Each day that is left at the median of its last four weekdays, at the level of the last two weeks.
    fn by_weekday(&self) -> Option<f64> {
        let month = self.part(28);
        if month.len() < 14 {
            return None;
        }
        let first = self.now - month.len();
        let mut usual = [0.0; 7];
        for (weekday, usual) in usual.iter_mut().enumerate() {
            let same: Vec<f64> = month
                .iter()
                .enumerate()
                .filter(|(at, _)| (self.weekday + first + at) % 7 == weekday)
                .map(|(_, value)| *value)
                .collect();
            *usual = median(&same);
        }
        let of = |day: usize| usual.get((self.weekday + day) % 7).copied().unwrap_or(0.0);
        let fortnight = self.now - 14..self.now;
        let (really, usually) = (self.base.sum(fortnight.start, fortnight.end), fortnight.map(of).sum::<f64>());
        let level = if usually.abs() > 1e-12 { (really / usually).clamp(0.5, 2.0) } else { 1.0 };
        Some((self.from()..self.from() + self.left()).map(of).sum::<f64>() * level)
    }

    /// A straight line through the last days, followed for half as long as it is known.
    fn drift(&self, days: usize, left: f64) -> Option<f64> {
        let part = self.part(days);
        let count = part.len() as f64;
        if part.len() < 10 {
            return None;
        }
        let (middle, mean) = ((count - 1.0) / 2.0, part.iter().sum::<f64>() / count);
        let (mut above, mut below) = (0.0, 0.0);
        for (at, value) in part.iter().enumerate() {
            above += (at as f64 - middle) * (value - mean);
            below += (at as f64 - middle).powi(2);
        }
        let ahead = (self.from() - self.now) as f64 + (left - 1.0) / 2.0;
        let value = mean + above / below * (middle + 1.0 + ahead.min(count / 2.0));
        Some(if part.iter().all(|value| *value >= 0.0) { value.max(0.0) } else { value } * left)
    }

    /// A level that follows slowly, and no further at a time than the days usually differ.
    fn smoothed(&self) -> Option<f64> {
        let part = self.part(42);
        let mut level = median(part.get(..part.len().min(7))?);
        let mut spread = median(&part.iter().map(|value| (value - level).abs()).collect::<Vec<f64>>()).max(1e-12);
        for value in part {
            let step = value - level;
            level += 0.25 * step.clamp(-3.0 * spread, 3.0 * spread);
            spread += 0.1 * (step.abs().min(6.0 * spread) - spread);
        }
        self.known().then_some(level)
    }
}
