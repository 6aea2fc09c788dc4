//! Builds the monthly report that the daemon sends.

use std::collections::BTreeMap;

use alerting::month_rows::MonthRows;
use alerting::notification::Message;
use async_trait::async_trait;
use billing::day_cost::DayCost;
use billing::export::bill::ImportedBill;
use billing::line::DayCharges;
use chrono::{DateTime, NaiveDate, Utc};
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

/// The report of a month from a bill alone.
pub fn bill_report(bill: ImportedBill, month: Month, now: DateTime<Utc>) -> MonthReport {
    let is_monthly = bill.is_monthly();
    let this_month = Month::of(now.date_naive());
    let charges: Vec<DayCharges> = bill.into_days().collect();
    let cost = |charges: &DayCharges| charges.day_cost(!charges.estimated && Month::of(charges.day) < this_month);
    let past: Vec<DayCost> = charges.iter().filter(|day| day.day < month.end()).map(cost).collect();
    let of = |month: Month| {
        let known: Vec<DayCost> = past.iter().filter(|day| month.contains(day.day)).cloned().collect();
        if is_monthly { whole_month(month, known, now) } else { known }
    };
    let rows = MonthRows {
        days: of(month),
        days_before: of(month.previous()),
        lines: charges
            .iter()
            .filter(|day| month.contains(day.day) || month.previous().contains(day.day))
            .cloned()
            .collect(),
        // The sum of a month, on its first day, forecasts nothing.
        past: if is_monthly { vec![] } else { past.clone() },
        ..MonthRows::default()
    };
    let mut report = sum_up(month, rows, now);
    if is_monthly {
        report.daily.clear();
    }
    report
}

/// The sum of a month that stands on one of its days, and its other days so far, so that it counts as known as a whole.
fn whole_month(month: Month, sum: Vec<DayCost>, now: DateTime<Utc>) -> Vec<DayCost> {
    let Some(first) = sum.first() else { return sum };
    let (estimated, settled) = (first.estimated, first.settled);
    let mut days: BTreeMap<NaiveDate, DayCost> = month
        .first_day()
        .iter_days()
        .take_while(|day| *day < month.end() && *day <= now.date_naive())
        .map(|day| (day, DayCost::new(day, estimated, settled)))
        .collect();
    days.extend(sum.into_iter().map(|day| (day.day, day)));
    days.into_values().collect()
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
