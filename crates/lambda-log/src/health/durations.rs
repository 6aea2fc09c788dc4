//! Exact quantiles of durations.
//!
//! `model::durations` keeps a small histogram for the store, whose quantiles are up to a 32nd too high. A copy is read
//! once and shown with the figures of its own lines, so nothing is rounded here.

/// Durations in hundredths of a millisecond, exact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExactDurations {
    new: Vec<u32>,
    /// Sorted values, and how many of each.
    counted: Vec<(u32, u32)>,
    /// Values are multiples of this; 1 but for a log with more different durations than anybody has.
    step: u32,
}

/// Durations that are collected before they are counted, and different ones that are kept.
const COLLECTED: usize = 1 << 14;
const MOST_DIFFERENT: usize = 1 << 20;

impl ExactDurations {
    pub(super) fn add(&mut self, ms: f64) {
        self.new.push((ms * 100.0).round() as u32);
        if self.new.len() >= COLLECTED {
            self.count();
        }
    }

    fn count(&mut self) {
        let step = self.step.max(1);
        self.new.iter_mut().for_each(|value| *value = *value / step * step);
        self.new.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(self.counted.len() + self.new.len() / 4);
        let mut old = std::mem::take(&mut self.counted).into_iter().peekable();
        let mut push = |value: u32, count: u32| match merged.last_mut() {
            Some((last, sum)) if *last == value => *sum = sum.saturating_add(count),
            _ => merged.push((value, count)),
        };
        for value in self.new.drain(..) {
            while let Some((known, count)) = old.next_if(|(known, _)| *known <= value) {
                push(known, count);
            }
            push(value, 1);
        }
        old.for_each(|(known, count)| push(known, count));
        self.counted = merged;
        if self.counted.len() > MOST_DIFFERENT {
            self.step = step * 10;
            let coarser: Vec<(u32, u32)> = std::mem::take(&mut self.counted);
            for (value, count) in coarser {
                let value = value / self.step * self.step;
                match self.counted.last_mut() {
                    Some((last, sum)) if *last == value => *sum = sum.saturating_add(count),
                    _ => self.counted.push((value, count)),
                }
            }
        }
    }

    /// The quantiles `shares` of the durations (nearest rank), in milliseconds. `None` if there are none.
    pub fn quantiles<const N: usize>(&mut self, shares: [f64; N]) -> Option<[f64; N]> {
        self.count();
        let all: u64 = self.counted.iter().map(|(_, count)| u64::from(*count)).sum();
        (all > 0).then(|| {
            shares.map(|share| {
                let rank = ((all as f64 * share).ceil() as u64).clamp(1, all);
                let mut sum = 0;
                let found = self.counted.iter().find(|(_, count)| {
                    sum += u64::from(*count);
                    sum >= rank
                });
                f64::from(found.map_or(0, |(value, _)| *value)) / 100.0
            })
        })
    }
}
