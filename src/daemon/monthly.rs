//! The monthly report: put into the outbox once for each receiver when it is due.

use alerting::notification::Message;
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use model::calendar::Month;
use model::schedule::CronInZone;
use store::{PlannedMessage, Store, StoreError};

/// What the store calls the place up to which reports have been planned: like a source's, with a name that none of them
/// can have.
pub(super) const SOURCE: &str = "report";
const KEY: &str = "planned";
/// A report waits so long for sources that are being asked, so that it knows what they say.
const WAIT: TimeDelta = TimeDelta::minutes(10);
/// A store that cannot be read is left alone for so long.
const RETRY: TimeDelta = TimeDelta::minutes(1);

/// Puts the report of a month into words.
#[async_trait]
pub trait MonthReporter: Send + Sync {
    /// The report of a month for a receiver, as the store knows it.
    async fn report(
        &self,
        store: &Store,
        month: Month,
        receiver: &str,
        now: DateTime<Utc>,
    ) -> Result<Message, StoreError>;
}

/// When reports are sent, to whom, and who writes them.
pub struct MonthlyReports {
    /// When the report of the month before is due.
    pub cron: CronInZone,
    /// The names of its receivers.
    pub tell: Vec<String>,
    /// Who writes it.
    pub reporter: Box<dyn MonthReporter>,
}

/// What is planned, and what comes next.
pub(super) struct ReportPlan {
    monthly: MonthlyReports,
    /// Everything that was due up to here has been planned.
    planned: DateTime<Utc>,
    /// `planned` is to be written down.
    is_new: bool,
    next: Option<DateTime<Utc>>,
    started: DateTime<Utc>,
}

/// Messages to be committed, and the cursor that goes with them.
pub(super) type DueReports = (Vec<PlannedMessage>, (String, String, String));

impl ReportPlan {
    /// Continues where an earlier run ended. Without an earlier run, past reports are not sent. Where it is not known
    /// how far that came, what was due within a month is planned again: what was planned before stays planned by its
    /// key.
    pub(super) fn new(monthly: MonthlyReports, cursor: Option<&String>, now: DateTime<Utc>) -> Self {
        let read = |at: &String| {
            at.parse::<DateTime<Utc>>().unwrap_or_else(|error| {
                tracing::warn!("the stored place `{at}` up to which reports are planned cannot be read; those of the last month are planned again: {error}");
                now - TimeDelta::days(31)
            })
        };
        let known = cursor.map(read).map(|at| at.min(now));
        let planned = known.unwrap_or(now);
        Self { next: monthly.cron.next_after(planned), monthly, planned, is_new: known.is_none(), started: now }
    }

    /// The place in the data that is called [`KEY`] below [`SOURCE`].
    pub(super) fn key() -> &'static str {
        KEY
    }

    /// When to look again.
    pub(super) fn next(&self) -> Option<DateTime<Utc>> {
        self.next
    }

    /// The clock was set back to `now`. Reports planned before stay planned by their keys.
    pub(super) fn clock_was_set_back(&mut self, now: DateTime<Utc>) {
        self.planned = self.planned.min(now);
        self.started = self.started.min(now);
        self.next = self.monthly.cron.next_after(self.planned);
    }

    /// What is due: the last of several missed times. `busy` says that sources are being polled.
    pub(super) async fn due(&mut self, store: &Store, busy: bool, now: DateTime<Utc>) -> Option<DueReports> {
        if std::mem::take(&mut self.is_new) {
            return Some((vec![], cursor(self.planned)));
        }
        let next = self.next.filter(|next| *next <= now)?;
        if busy && now - next.max(self.started) < WAIT {
            return None;
        }
        let at = self.monthly.cron.last_until(now).unwrap_or(next);
        let month = Month::of(local_day(&self.monthly.cron, at)).previous();
        let mut planned = Vec::new();
        for receiver in &self.monthly.tell {
            match self.monthly.reporter.report(store, month, receiver, now).await {
                Ok(message) => planned.push(PlannedMessage {
                    key: format!("report/{month}/{receiver}"),
                    receiver: receiver.clone(),
                    at: now,
                    message,
                }),
                Err(error) => {
                    tracing::error!("the report for {month} cannot be written: {error}; retrying");
                    self.next = Some(now + RETRY);
                    return None;
                }
            }
        }
        tracing::info!("the report for {month} goes to {}", self.monthly.tell.join(", "));
        self.planned = at;
        self.next = self.monthly.cron.next_after(now);
        Some((planned, cursor(at)))
    }
}

fn cursor(at: DateTime<Utc>) -> (String, String, String) {
    (SOURCE.to_owned(), KEY.to_owned(), at.to_rfc3339())
}

/// Whose month before is meant is said by the calendar on the wall beside the clock that the expression is read on.
fn local_day(cron: &CronInZone, at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&cron.zone()).date_naive()
}

#[cfg(test)]
mod tests {
    use chrono_tz::Tz;

    use super::*;

    struct Silent;

    #[async_trait]
    impl MonthReporter for Silent {
        async fn report(&self, _: &Store, _: Month, _: &str, _: DateTime<Utc>) -> Result<Message, StoreError> {
            std::future::pending().await
        }
    }

    #[test]
    fn a_place_that_cannot_be_read_costs_no_report() {
        let now: DateTime<Utc> = "2025-01-05T00:00:00Z".parse().unwrap();
        let (due, next) = ("2025-01-02T09:00:00Z".parse().unwrap(), "2025-02-02T09:00:00Z".parse().unwrap());
        for (cursor, planned) in [
            (None, next),
            (Some("2025-01-03T00:00:00Z"), next),
            (Some("2025-01-01T00:00:00Z"), due),
            (Some("yesterday"), due),
            (Some(""), due),
        ] {
            let monthly = MonthlyReports {
                cron: CronInZone::parse("0 0 9 2 * *", Tz::UTC, "2024-01-01T00:00:00Z".parse().unwrap()).unwrap(),
                tell: vec![],
                reporter: Box::new(Silent),
            };
            let plan = ReportPlan::new(monthly, cursor.map(str::to_owned).as_ref(), now);
            assert_eq!(plan.next(), Some(planned), "{cursor:?}");
            assert_eq!(plan.is_new, cursor.is_none());
        }
    }

    #[test]
    fn the_month_before_is_that_of_the_readers_calendar() {
        let start = "2024-01-01T00:00:00Z".parse().unwrap();
        for (expression, zone, at, month) in [
            ("0 0 9 2 * *", Tz::Asia__Seoul, "2025-01-02T00:00:00Z", "2024-12"),
            // In Seoul it is the first of January already.
            ("0 0 1 1 * *", Tz::Asia__Seoul, "2024-12-31T16:00:00Z", "2024-12"),
            ("0 0 1 1 * *", Tz::UTC, "2025-01-01T01:00:00Z", "2024-12"),
        ] {
            let cron = CronInZone::parse(expression, zone, start).unwrap();
            let due = cron.last_until("2025-01-20T00:00:00Z".parse().unwrap()).unwrap();
            assert_eq!(
                (due.to_rfc3339(), Month::of(local_day(&cron, due)).previous().to_string()),
                (at.replace('Z', "+00:00"), month.to_owned())
            );
        }
    }
}
