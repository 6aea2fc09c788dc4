//! The histogram of pauses between calls, of Shahrad et al., "Serverless in the Wild" (ATC'20), section 4.2.

use crate::belief::SeenInvocation;
use crate::regime::{HOUR, MINUTE};

/// How far the histogram reaches, in minutes.
const RANGE: usize = 240;
/// How many pauses it needs before it is used.
const ENOUGH: u32 = 10;
/// From one ping to the next while an environment is wanted.
const EVERY: i64 = 5 * MINUTE;

/// The pauses of one function.
#[derive(Debug, Clone)]
pub struct PauseHistogram {
    bins: Vec<u32>,
    inside: u32,
    beyond: u32,
    end: Option<i64>,
}

impl Default for PauseHistogram {
    fn default() -> Self {
        Self { bins: vec![0; RANGE], inside: 0, beyond: 0, end: None }
    }
}

impl PauseHistogram {
    /// Counts the pause before a call.
    pub fn take(&mut self, seen: SeenInvocation) {
        if let Some(end) = self.end {
            let minutes = usize::try_from((seen.start_ms - end).max(0) / MINUTE).unwrap_or(RANGE);
            match self.bins.get_mut(minutes) {
                Some(bin) => {
                    *bin += 1;
                    self.inside += 1;
                }
                None => self.beyond += 1,
            }
        }
        self.end = Some(self.end.map_or(seen.end_ms, |end| end.max(seen.end_ms)));
    }

    /// From when to when after a call the next one is expected: the 5th and the 99th percentile, 10 % earlier and
    /// later.
    fn window(&self) -> (i64, i64) {
        if self.inside < ENOUGH || self.beyond > self.inside {
            return (0, 4 * HOUR);
        }
        let percentile = |share: f64| {
            let mut left = (f64::from(self.inside) * share).ceil();
            self.bins.iter().position(|bin| {
                left -= f64::from(*bin);
                left <= 0.0
            })
        };
        let head = percentile(0.05).unwrap_or(0) as i64 * MINUTE;
        let tail = (percentile(0.99).unwrap_or(RANGE) as i64 + 1) * MINUTE;
        (head * 9 / 10, tail * 11 / 10)
    }

    /// The first ping after the last call.
    pub fn first_ping(&self) -> i64 {
        let (head, _) = self.window();
        self.end.unwrap_or(0) + head.max(EVERY)
    }

    /// The ping after one, if an environment is still wanted.
    pub fn ping_after(&self, ping: i64) -> Option<i64> {
        let (_, tail) = self.window();
        let next = ping + EVERY;
        (next <= self.end.unwrap_or(0) + tail).then_some(next)
    }
}
