//! Builds the monthly report that the daemon sends.

use std::collections::BTreeMap;

use alerting::notification::Message;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use model::calendar::Month;
use report::month::{MonthReport, sum_up};
use report::{ReportStyle, page_with_picture};
use rust_decimal::Decimal;
use store::{Store, StoreError};

use crate::config::Config;
use crate::daemon::{MonthReporter, MonthlyReports};

/// The report of a month from what the store knows.
///
/// # Errors
/// If the store cannot be read.
pub async fn month_report(store: &Store, month: Month, now: DateTime<Utc>) -> Result<MonthReport, StoreError> {
    Ok(sum_up(month, store.month(month).await?, now))
}

struct ReportWriter {
    style: ReportStyle,
    zones: BTreeMap<String, Tz>,
    cap: Decimal,
}

#[async_trait]
impl MonthReporter for ReportWriter {
    async fn report(
        &self,
        store: &Store,
        of: Month,
        receiver: &str,
        now: DateTime<Utc>,
    ) -> Result<Message, StoreError> {
        let mut report = month_report(store, of, now).await?;
        report.own_cost.cap.get_or_insert(self.cap);
        let zone = self.zones.get(receiver).copied().unwrap_or(self.style.zone);
        let style = ReportStyle { zone, known: store.known_days().await?, ..self.style.clone() };
        Ok(Message::report(page_with_picture(&report, &style), now))
    }
}

/// The `cron` and `tell` of `[report]`.
pub(super) fn monthly<R, V>(config: &Config<R, V>) -> Option<MonthlyReports> {
    let monthly = config.report.monthly.clone()?;
    let style = ReportStyle {
        zone: config.timezone,
        language: config.report.language,
        rate: config.report.currency.clone(),
        known: None,
    };
    let zones = config.receivers.iter().map(|receiver| (receiver.name.clone(), receiver.terms.zone)).collect();
    let reporter = Box::new(ReportWriter { style, zones, cap: config.aws.max_monthly_usd.0 });
    Some(MonthlyReports { cron: monthly.cron, tell: monthly.tell, reporter })
}
