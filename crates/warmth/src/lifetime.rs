//! How long something lasts, as a distribution.

use crate::chance::Chance;

/// A distribution of lengths of time, in milliseconds: straight lines between points of its distribution function.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Lifetime {
    /// A length, and the share of cases that end by then; both rise. What the last share lacks to 1 ends at the last
    /// length.
    points: Vec<(i64, f64)>,
}

impl Lifetime {
    /// Every length from `low` to `high` is as likely.
    pub fn between(low: i64, high: i64) -> Self {
        Self { points: vec![(low.min(high), 0.0), (high.max(low), 1.0)] }
    }

    /// Straight lines between these points; they are sorted, and a share that falls is lifted to the one before it.
    pub fn of_points(points: impl IntoIterator<Item = (i64, f64)>) -> Self {
        let mut points: Vec<(i64, f64)> = points.into_iter().collect();
        points.sort_by(|one, other| one.0.cmp(&other.0).then(one.1.total_cmp(&other.1)));
        let mut reached = 0.0_f64;
        for (_, share) in &mut points {
            reached = reached.max(share.clamp(0.0, 1.0));
            *share = reached;
        }
        Self { points }
    }

    /// One of the lengths, by chance.
    pub fn draw(&self, chance: &mut Chance) -> i64 {
        self.by(chance.share())
    }

    /// The length by which this share of cases has ended.
    pub fn by(&self, share: f64) -> i64 {
        let after = self.points.partition_point(|point| point.1 < share);
        let Some(&(high, high_share)) = self.points.get(after).or(self.points.last()) else { return 0 };
        let before = after.checked_sub(1).and_then(|before| self.points.get(before));
        let Some(&(low, low_share)) = before else { return high };
        let width = high_share - low_share;
        if width <= 0.0 || share >= high_share {
            return high;
        }
        low + ((high - low) as f64 * (share - low_share) / width) as i64
    }

    /// The share of cases that end within this length.
    pub fn ended_by(&self, length: i64) -> f64 {
        let after = self.points.partition_point(|point| point.0 <= length);
        let before = after.checked_sub(1).and_then(|before| self.points.get(before));
        match (before, self.points.get(after)) {
            (None, _) => 0.0,
            (Some(_), None) => 1.0,
            (Some(&(low, low_share)), Some(&(high, high_share))) => {
                low_share + (high_share - low_share) * (length - low) as f64 / (high - low).max(1) as f64
            }
        }
    }
}
