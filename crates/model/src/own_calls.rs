//! The cost of the monitor's own calls to AWS.

use chrono::NaiveDate;
use rust_decimal::Decimal;

/// Calls of one operation on one UTC day that the store does not know yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpentCalls {
    /// The UTC day.
    pub day: NaiveDate,
    /// As in an IAM policy.
    pub operation: String,
    /// US dollars per call.
    pub price: Decimal,
    /// How many calls.
    pub count: u64,
}

/// What became of a booking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingOutcome {
    /// It is written down.
    Yes,
    /// The month has cost this already, in US dollars, and one more call would pass the cap.
    CapReached(Decimal),
}
