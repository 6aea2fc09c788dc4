//! The store as the place where paid calls are written down: it knows nothing of AWS, and `aws` knows nothing of the store.

use async_trait::async_trait;
use aws::meter::Ledger;
use chrono::NaiveDate;
use model::own_calls::Booked;
use rust_decimal::Decimal;
use store::SpendLedger;

/// Writes paid calls into the store.
#[derive(Debug, Clone)]
pub struct StoreLedger(pub SpendLedger);

#[async_trait]
impl Ledger for StoreLedger {
    async fn book(&self, day: NaiveDate, operation: &str, price: Decimal, cap: Decimal) -> Result<Booked, String> {
        self.0.book(day, operation, price, cap).await
    }

    async fn strike(&self, day: NaiveDate, operation: &str, price: Decimal) -> Result<(), String> {
        self.0.strike(day, operation, price).await
    }
}
