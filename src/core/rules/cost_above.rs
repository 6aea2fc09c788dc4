//! `when.cost_above`: a service, or everything, costs more than a limit in a day or in the month so far.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;

use super::{Finding, Judgement, Measure};
use crate::core::calendar::Month;
use crate::core::history::History;
use crate::core::inventory::summary;
use crate::core::money::{Usd, cents};
use crate::core::settings::Settings;
use crate::core::span::Span;
use crate::core::subject::Subject;

/// Days after which the last known figure says nothing about now.
const STALE: TimeDelta = TimeDelta::days(4);

/// Tax is billed like a service of this name.
const TAX: &str = "Tax";

/// The settings of `when.cost_above`.
#[derive(Debug, Clone)]
pub struct CostAbove {
    /// The services it watches.
    which: Which,
    /// The period the limit is for.
    per: Per,
    /// The limit; reaching it exactly is still within it.
    limit: Usd,
}

/// Which costs are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Which {
    /// Everything together.
    Total,
    /// One service, by the name on the bill.
    Service(String),
    /// Each service by itself; not the tax, which is booked when an invoice is and follows the rest.
    Each,
}

impl Which {
    /// `service = "..."`, `service = "*"` for each, or absent for everything together.
    pub(super) fn read(settings: &mut Settings<'_, '_>) -> Option<Self> {
        if !settings.has("service") {
            return Some(Self::Total);
        }
        settings.required::<String>("service").map(|service| if service == "*" { Self::Each } else { Self::Service(service) })
    }

    /// Whether a subject is among those meant.
    pub(super) fn covers(&self, subject: &Subject) -> bool {
        match (self, subject) {
            (Self::Total, Subject::Total) => true,
            (Self::Service(meant), Subject::Service(name)) => meant == name,
            (Self::Each, Subject::Service(name)) => name != TAX,
            _ => false,
        }
    }

    /// The subjects meant, as far as they are known.
    pub(super) fn subjects(&self, history: &History) -> Vec<Subject> {
        match self {
            Self::Total => vec![Subject::Total],
            Self::Service(name) => vec![Subject::Service(name.clone())],
            Self::Each => history.costs().services().filter(|name| *name != TAX).map(|name| Subject::Service(name.to_owned())).collect(),
        }
    }
}

/// The service a cost subject names; `None` is everything.
pub(super) fn service_of(subject: &Subject) -> Option<&str> {
    match subject {
        Subject::Service(name) => Some(name),
        _ => None,
    }
}

/// What stands behind the bill of a service, where an inventory says.
pub(super) fn behind(subject: &Subject, history: &History, now: DateTime<Utc>) -> Vec<String> {
    let said = service_of(subject).and_then(|service| summary(service, &history.inventories_at(now), now));
    said.into_iter().map(|said| format!("{said}.")).collect()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Per {
    Day,
    Month,
}

impl CostAbove {
    pub(super) fn read(settings: &mut Settings<'_, '_>) -> Option<Self> {
        let which = Which::read(settings);
        let per = if settings.has("per") { settings.word("per", &[("day", Per::Day), ("month", Per::Month)]) } else { Some(Per::Month) };
        let limit = settings.required("usd");
        Some(Self { which: which?, per: per?, limit: limit? })
    }

    pub(super) fn window(&self) -> Option<Span> {
        None
    }

    pub(super) fn covers(&self, subject: &Subject) -> bool {
        self.which.covers(subject)
    }

    pub(super) fn judge(&self, history: &History, now: DateTime<Utc>) -> Vec<Judgement> {
        let judge = |subject| match self.per {
            Per::Day => self.day(history, subject, now),
            Per::Month => self.month(history, subject, now),
        };
        self.which.subjects(history).into_iter().map(judge).collect()
    }

    fn month(&self, history: &History, subject: Subject, now: DateTime<Utc>) -> Judgement {
        let month = Month::of(now.date_naive());
        let days: Vec<_> = history.costs().days(now.date_naive()).take_while(|cost| month.contains(cost.day)).collect();
        let Some(last) = days.first() else {
            return Judgement::unknown(subject, format!("no figure for {month} yet"));
        };
        let Some(sum) = days.iter().map(|cost| cost.usd(service_of(&subject))).sum::<Option<Decimal>>() else {
            return Judgement::unknown(subject, "billed in another currency than USD");
        };
        if sum <= self.limit.0 {
            return Judgement::clear(subject, format!("{} USD in {month} up to {}, within {}", cents(sum), last.day, self.limit));
        }
        let certainly = |cost| history.costs().certainly(cost, service_of(&subject)).unwrap_or_default();
        if days.iter().map(|cost| certainly(cost)).sum::<Decimal>() <= self.limit.0 {
            return Judgement::unknown(
                subject,
                format!("{} USD in {month} up to {}, over {} only if the last days stay as they are", cents(sum), last.day, self.limit),
            );
        }
        let through = days.iter().rev().scan(Decimal::ZERO, |sum, cost| {
            *sum += cost.usd(service_of(&subject)).unwrap_or_default();
            Some((cost.day, *sum))
        });
        let crossed = through.skip_while(|(_, sum)| *sum <= self.limit.0).map(|(day, _)| day).next().unwrap_or(last.day);
        let finding = self.finding(
            &subject,
            sum,
            &format!("in {month} so far"),
            vec![("Limit crossed on".to_owned(), crossed.to_string()), ("Figures up to".to_owned(), shown(last.day, last.settled))],
            behind(&subject, history, now),
        );
        Judgement::holds(subject, finding)
    }

    fn day(&self, history: &History, subject: Subject, now: DateTime<Utc>) -> Judgement {
        let mut days = history.costs().days(now.date_naive());
        let Some(last) = days.next().filter(|cost| now.date_naive() - cost.day <= STALE) else {
            return Judgement::unknown(subject, "no figure of the last days");
        };
        // Costs of a running day only grow: it can prove that a limit is crossed, but not that it will not be.
        let judged = [Some(last), days.next().filter(|_| !last.settled)];
        let mut uncertain = None;
        for cost in judged.into_iter().flatten() {
            let Some(amount) = cost.usd(service_of(&subject)) else {
                return Judgement::unknown(subject, "billed in another currency than USD");
            };
            if amount > self.limit.0 {
                if history.costs().certainly(cost, service_of(&subject)).is_none_or(|certain| certain <= self.limit.0) {
                    uncertain = Some(format!("{} USD on {}, over {} only if it stays so", cents(amount), cost.day, self.limit));
                    continue;
                }
                let finding = self.finding(
                    &subject,
                    amount,
                    &format!("on {}", cost.day),
                    vec![("Figure is".to_owned(), shown(cost.day, cost.settled))],
                    behind(&subject, history, now),
                );
                return Judgement::holds(subject, finding);
            }
        }
        match uncertain {
            Some(why) => Judgement::unknown(subject, why),
            None => Judgement::clear(subject, format!("within {} on {}", self.limit, last.day)),
        }
    }

    fn finding(&self, subject: &Subject, amount: Decimal, when: &str, mut facts: Vec<(String, String)>, said: Vec<String>) -> Finding {
        let name = subject.name();
        let name = if *subject == Subject::Total { "The whole account" } else { name };
        facts.insert(0, ("Cost".to_owned(), format!("{} USD", cents(amount))));
        facts.insert(1, ("Limit".to_owned(), format!("{} a {}", self.limit, if self.per == Per::Day { "day" } else { "month" })));
        Finding {
            headline: format!("{name} costs {} USD {when}, over {}", cents(amount), self.limit),
            said,
            facts,
            cause: None,
            next_step: match subject {
                Subject::Service(service) => format!(
                    "Open Cost Explorer, filter by service \"{service}\", group by usage type: it names what runs. Stop or delete what nobody uses (look for instances without connections first)."
                ),
                _ => "Open Cost Explorer, group by service: the largest one that grew is the place to look.".to_owned(),
            },
            evidence: vec![],
            latest: None,
            measure: Some(Measure { value: amount, limit: self.limit.0 }),
        }
    }
}

fn shown(day: NaiveDate, settled: bool) -> String {
    if settled { day.to_string() } else { format!("{day}, not settled yet: it may still rise") }
}
