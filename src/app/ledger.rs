//! Records billable calls in the store, so that `store` and `aws` do not depend on each other.

use async_trait::async_trait;
use aws::meter::SpendRecorder;
use chrono::NaiveDate;
use model::own_calls::BookingOutcome;
use rust_decimal::Decimal;
use store::SpendLedger;

/// Writes paid calls into the store.
#[derive(Debug, Clone)]
pub struct StoreLedger(pub SpendLedger);

#[async_trait]
impl SpendRecorder for StoreLedger {
    async fn book(
        &self,
        day: NaiveDate,
        operation: &str,
        price: Decimal,
        cap: Decimal,
    ) -> Result<BookingOutcome, String> {
        self.0.book(day, operation, price, cap).await
    }

    async fn strike(&self, day: NaiveDate, operation: &str, price: Decimal) -> Result<(), String> {
        self.0.strike(day, operation, price).await
    }
}
