//! What conditions need to have seen: a rehearsal says what of it a store lacks.

/// What a condition needs to have seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequiredData {
    /// Figures of costs.
    Costs,
    /// The usage of the free tier, which comes with early figures.
    Early,
    /// Faults of functions.
    Faults,
    /// What functions did by minutes.
    Minutes,
    /// Points of metrics.
    Points,
    /// Pings.
    Pings,
    /// Inventories.
    Inventories,
    /// Changes of resources.
    Changes,
    /// How the sources were.
    Signs,
    /// Checks of endpoints, which are in no store.
    Checks,
    /// What receivers answered, which is in no store.
    Answers,
}

impl RequiredData {
    /// Whether no store has it.
    pub fn is_in_no_store(self) -> bool {
        matches!(self, Self::Checks | Self::Answers)
    }

    /// What is missing, as the end of a sentence.
    pub fn missing(self) -> &'static str {
        match self {
            Self::Costs => "the store has no costs",
            Self::Early => "the store has no early figures",
            Self::Faults => "the store does not keep failed invocations for that long (`keep` under [store])",
            Self::Minutes => "the store does not keep counts by minute for that long (`keep_minutes` under [store])",
            Self::Points => "the store has no metric data",
            Self::Pings => "the store has no pings",
            Self::Inventories => "the store has no inventory",
            Self::Changes => "the store has no changes",
            Self::Signs => "the store has no record of how the sources were",
            Self::Checks => "checks of endpoints are not kept, so it is unknown what they would have seen",
            Self::Answers => "a rehearsal sends nothing, so it is unknown whether receivers would answer",
        }
    }
}
