//! What pings are planned with: how long environments are surely kept.

use serde::{Deserialize, Serialize};

use crate::lifetime::Lifetime;
use crate::regime::{MINUTE, Regime, SECOND};

/// What an account has learned about its environments. Times are in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Knowledge {
    /// A pause that an environment survives.
    pub safe_pause_ms: i64,
    /// A pause that is tried now and then, to learn; at least the safe one.
    pub probe_pause_ms: i64,
    /// The same, while another environment is used.
    pub probe_beside_ms: i64,
    /// A pause that an environment survives while another one is used.
    pub safe_beside_ms: i64,
    /// An age that an environment reaches.
    pub safe_age_ms: i64,
    /// The age at recycling.
    pub age: Lifetime,
}

/// Where learning begins: every pause of up to 5 min was survived in every month that was measured, and an age of
/// 90 min by nine of ten environments.
impl Default for Knowledge {
    fn default() -> Self {
        Self {
            safe_pause_ms: 5 * MINUTE,
            probe_pause_ms: 5 * MINUTE,
            probe_beside_ms: 5 * MINUTE,
            safe_beside_ms: 5 * MINUTE,
            safe_age_ms: 90 * MINUTE,
            age: Lifetime::of_points([(0, 0.0), (90 * MINUTE, 0.1), (125 * MINUTE, 1.0)]),
        }
    }
}

impl Knowledge {
    /// What is known if environments are kept so: pauses that all survive, or 95 of 100 while another one is used,
    /// and an age that five of six reach.
    pub fn of_regime(regime: &Regime) -> Self {
        let safe_pause_ms = regime.idle.by(0.0);
        let safe_beside_ms = regime.beside.by(0.05);
        Self {
            safe_pause_ms,
            probe_pause_ms: safe_pause_ms,
            safe_beside_ms,
            probe_beside_ms: safe_beside_ms,
            safe_age_ms: regime.age.by(0.18),
            age: regime.age.clone(),
        }
    }

    /// The same as a model to replay with.
    pub fn regime(&self) -> Regime {
        let between = |low: i64| Lifetime::between(low + SECOND, low + low / 20 + SECOND);
        Regime {
            idle: between(self.safe_pause_ms),
            beside: between(self.safe_beside_ms.max(self.safe_pause_ms)),
            age: self.age.clone(),
        }
    }
}

/// What was known when.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    first: Knowledge,
    later: Vec<(i64, Knowledge)>,
}

impl Timeline {
    /// What was known at this moment.
    pub fn at(&self, moment_ms: i64) -> &Knowledge {
        let after = self.later.partition_point(|(from, _)| *from <= moment_ms);
        after.checked_sub(1).and_then(|index| self.later.get(index)).map_or(&self.first, |(_, known)| known)
    }

    /// From this moment on, this is known. Moments rise.
    pub fn learn(&mut self, from_ms: i64, known: Knowledge) {
        if *self.at(from_ms) != known {
            self.later.push((from_ms, known));
        }
    }
}
