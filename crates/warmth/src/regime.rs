//! How AWS treated environments in a year that was measured.

use crate::lifetime::Lifetime;

/// Milliseconds of a second.
pub const SECOND: i64 = 1_000;
/// Milliseconds of a minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Milliseconds of an hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Milliseconds of a day.
pub const DAY: i64 = 24 * HOUR;

/// How long AWS keeps the environments of a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Regime {
    /// How long an unused environment is kept.
    pub idle: Lifetime,
    /// How long an unused environment is kept while another one of the function is used.
    pub beside: Lifetime,
    /// The age at which an environment is ended, used or not.
    pub age: Lifetime,
}

/// A year in which AWS's behaviour was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Year {
    /// June 2019.
    Y2019,
    /// May and June 2020.
    Y2020,
    /// January 2021.
    Y2021,
}

impl Year {
    /// How AWS kept environments then.
    pub fn regime(self) -> Regime {
        Regime { idle: self.idle(), beside: self.beside(), age: age() }
    }

    fn idle(self) -> Lifetime {
        match self {
            // Measured by M. Shilkov in June 2019 (mikhailio.com, `interval_history.json`): 90 % of environments
            // survive 21 min, 50 % 37 min, 10 % 58 min. Of 299 pauses in that month (`old_scatter.json`) the shortest
            // that ended an environment is 10 min, and the longest that did not 60 min.
            Self::Y2019 => Lifetime::of_points([
                (10 * MINUTE, 0.0),
                (21 * MINUTE, 0.1),
                (37 * MINUTE, 0.5),
                (58 * MINUTE, 0.9),
                (62 * MINUTE, 1.0),
            ]),
            // Six runs of 28 h in us-east-1 (Mahmoudi and Khazaei, simfaas): where one environment served all, the
            // longest pause that one survived is 633 s, and the shortest that ended one, before its age, 634 s:
            // at most 10.9 min.
            Self::Y2020 => Lifetime::between(633 * SECOND, 654 * SECOND),
            // One figure is known for January 2021: 6.3 min. It is taken to vary by as much as in 2020, 2 %.
            Self::Y2021 => Lifetime::between(370 * SECOND, 386 * SECOND),
        }
    }

    fn beside(self) -> Lifetime {
        match self {
            // Not measured: the same as the only one.
            Self::Y2019 => self.idle(),
            // In the three busy runs of 2020, 36 environments that were passed over outlived pauses of 641 to 1,448 s.
            // With 1,280 to 1,600 s, twice the idle timeout and more, replays have as many cold starts as were
            // measured; with the idle timeout alone they have 59 where 37 were measured.
            Self::Y2020 => Lifetime::between(1_280 * SECOND, 2_200 * SECOND),
            // Not measured: the idle timeout in the proportion of 2020.
            Self::Y2021 => Lifetime::between(756 * SECOND, 1_300 * SECOND),
        }
    }
}

/// The age at recycling, Kaplan-Meier over the 200 environments of the six runs of 2020: one in five to six ends before
/// 94 min, at any age (the estimate is 0.20, its standard error 0.05; with 0.16 replays have as many cold starts as
/// were measured), and the others between 103 and 124 min, most at 115 to 121. It was not measured in other years.
fn age() -> Lifetime {
    let minutes = |minutes: i64, share: f64| (minutes * MINUTE, share);
    Lifetime::of_points([
        minutes(0, 0.0),
        minutes(45, 0.06),
        minutes(70, 0.11),
        minutes(94, 0.16),
        minutes(103, 0.22),
        minutes(109, 0.37),
        minutes(115, 0.43),
        minutes(119, 0.65),
        minutes(121, 0.92),
        minutes(124, 1.0),
    ])
}
