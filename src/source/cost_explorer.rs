//! `read.cost_explorer`: what each service costs a day.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};

use super::{Gathered, Poll, Source};
use crate::aws::{Account, Billing};
use crate::core::calendar::{Month, day_end};
use crate::core::glob::NamePattern;
use crate::core::money::Money;
use crate::core::observation::{CallFailure, DayCost, FailureKind, What};
use crate::core::settings::Settings;
use crate::core::span::Span;

const CALLS: &[&str] = &["ce:GetCostAndUsage"];

/// Until this day of a month the bill of the month before still moves: support fees land on the 6th or 7th.
const BILL_MOVES_UNTIL: u32 = 10;
/// Pages of one answer; each is paid for, so an answer without end must not be followed for ever.
const MOST_PAGES: usize = 200;

/// The settings of `read.cost_explorer`.
#[derive(Debug, Clone)]
pub struct CostExplorer {
    /// How long after its end a day's figure may be compared with others.
    settle: Span,
}

impl CostExplorer {
    pub(super) fn read(settings: &mut Settings<'_, '_>) -> Option<Self> {
        Some(Self { settle: settings.or("settle", Span::hours(48))? })
    }

    pub(super) fn calls(&self) -> Vec<&'static str> {
        CALLS.to_vec()
    }

    pub(super) fn functions(&self) -> &[NamePattern] {
        &[]
    }

    pub(super) fn source(self, name: String, account: &Account) -> impl Source + use<> {
        Polled { name, settings: self, billing: Arc::clone(&account.billing), answered_before: false }
    }
}

struct Polled {
    name: String,
    settings: CostExplorer,
    billing: Arc<dyn Billing>,
    /// Whether the month before has been read once.
    answered_before: bool,
}

impl Polled {
    /// Half open: the month so far, and the month before while it may still move or is not known.
    fn range(&self, today: NaiveDate) -> (NaiveDate, NaiveDate) {
        let month = Month::of(today);
        let with_month_before = !self.answered_before || today.day() <= BILL_MOVES_UNTIL;
        let from = if with_month_before { month.previous() } else { month }.first_day();
        (from, today.checked_add_days(Days::new(1)).unwrap_or(today))
    }

    async fn days(&self, today: NaiveDate) -> Result<BTreeMap<NaiveDate, (bool, BTreeMap<String, Money>)>, CallFailure> {
        let (from, end) = self.range(today);
        let mut days = BTreeMap::<NaiveDate, (bool, BTreeMap<String, Money>)>::new();
        let mut token: Option<String> = None;
        for _ in 0..MOST_PAGES {
            let page = self.billing.cost_by_service(from, end, token.as_deref()).await?;
            for billed in page.items {
                // A day may be cut in two by the end of a page.
                let (estimated, services) = days.entry(billed.day).or_default();
                *estimated |= billed.estimated;
                for (service, money) in billed.services {
                    add(services, service, money)?;
                }
            }
            match page.next {
                None => return Ok(days),
                Some(next) if token.as_deref() == Some(next.as_str()) => return Err(endless()),
                next => token = next,
            }
        }
        Err(endless())
    }
}

/// Adds to what the day holds already; the same service in two currencies has no sum.
fn add(services: &mut BTreeMap<String, Money>, service: String, money: Money) -> Result<(), CallFailure> {
    match services.get_mut(&service) {
        None => {
            services.insert(service, money);
        }
        Some(known) if known.currency == money.currency => known.amount += money.amount,
        Some(known) => return Err(unusable(format!("{service} is billed in {} and in {}", known.currency, money.currency))),
    }
    Ok(())
}

fn endless() -> CallFailure {
    unusable("an answer whose pages do not end".to_owned())
}

fn unusable(said: String) -> CallFailure {
    CallFailure {
        call: "ce:GetCostAndUsage".to_owned(),
        resource: "the account's bill".to_owned(),
        kind: FailureKind::Refused,
        said,
        next_step: "nothing of this answer was used; it is asked again by itself".to_owned(),
    }
}

#[async_trait]
impl Source for Polled {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_paid(&self) -> bool {
        true
    }

    fn restore(&mut self, cursors: BTreeMap<String, String>) {
        self.answered_before = cursors.contains_key("answered");
    }

    async fn poll(&mut self, now: DateTime<Utc>) -> Gathered {
        let mut poll = Poll::new(&self.name, now);
        match self.days(now.date_naive()).await {
            Err(failure) => poll.failed(failure),
            Ok(days) => {
                for (day, (estimated, services)) in days {
                    // An estimate of nothing only says that nothing has arrived yet.
                    if services.is_empty() && estimated {
                        continue;
                    }
                    let settled = now >= day_end(day) && (!estimated || now - day_end(day) >= self.settings.settle.delta());
                    poll.saw(day_end(day).min(now), What::Cost(DayCost { day, estimated, settled, services, records: BTreeMap::new() }));
                }
                if !std::mem::replace(&mut self.answered_before, true) {
                    poll.gathered.cursors.push(("answered".to_owned(), now.date_naive().to_string()));
                }
            }
        }
        poll.done()
    }
}
