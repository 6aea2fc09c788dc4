//! `when.cost_above`: a service, or everything, costs more than a limit in a day or in the month so far.

use billing::best::{self, BestKnownCost, FigureBasis};
use billing::early::{self, EarlyOrigin};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use model::calendar::{Month, day_start};
use model::money::{Usd, cents, checked_sum};
use model::settings::TableReader;
use model::span::Span;
use model::subject::Subject;
use rust_decimal::Decimal;

use super::finding::IncidentDetails;
use super::measure::MeasuredValue;
use super::required_data::RequiredData;
use super::verdict::{Judgement, TOO_LARGE};
use crate::history::History;
use crate::which::{CostSelector, behind, service_of};

/// Days after which the last known figure says nothing about now.
const STALE: TimeDelta = TimeDelta::days(4);

/// The settings of `when.cost_above`.
#[derive(Debug, Clone)]
pub struct CostAbove {
    /// The services it watches.
    which: CostSelector,
    /// The period the limit is for.
    per: CostPeriod,
    /// The limit; reaching it exactly is still within it.
    limit: Usd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CostPeriod {
    Day,
    Month,
}

impl CostAbove {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let which = CostSelector::read(settings);
        let per = if settings.has("per") {
            settings.word("per", &[("day", CostPeriod::Day), ("month", CostPeriod::Month)])
        } else {
            Some(CostPeriod::Month)
        };
        let limit = settings.required("usd");
        Some(Self { which: which?, per: per?, limit: limit? })
    }

    pub(super) fn is_measured(&self) -> bool {
        true
    }

    pub(super) fn required_data(&self) -> RequiredData {
        RequiredData::Costs
    }

    pub(super) fn window(&self) -> Option<Span> {
        None
    }

    pub(super) fn covers(&self, subject: &Subject) -> bool {
        self.which.covers(subject)
    }

    pub(super) fn judge(&self, history: &History, now: DateTime<Utc>) -> Vec<Judgement> {
        let judge = |subject| match self.per {
            CostPeriod::Day => self.day(history, subject, now),
            CostPeriod::Month => self.month(history, subject, now),
        };
        self.subjects(history, now).into_iter().map(judge).collect()
    }

    /// The subjects meant: of each service also those that only an early figure names yet.
    fn subjects(&self, history: &History, now: DateTime<Utc>) -> Vec<Subject> {
        let mut subjects = self.which.subjects(history);
        if self.which == CostSelector::Each {
            let early = best::services(history.bill(), now.date_naive()).into_iter().map(Subject::Service);
            subjects.extend(early.filter(|subject| !subjects.contains(subject)).collect::<Vec<_>>());
        }
        subjects
    }

    fn month(&self, history: &History, subject: Subject, now: DateTime<Utc>) -> Judgement {
        let month = Month::of(now.date_naive());
        let best = best::best_month(history.bill(), service_of(&subject), now.date_naive());
        if let Some(best) = best.filter(|best| best.is_early_over(self.limit.0)) {
            let finding = self.before_the_bill(&subject, &best, &format!("in {month} so far"));
            return Judgement::holds(subject, finding);
        }
        let days: Vec<_> = history.costs().days(now.date_naive()).take_while(|cost| month.contains(cost.day)).collect();
        let Some(last) = days.first() else {
            return self.without_a_bill(subject, best, month);
        };
        let amounts: Option<Vec<Decimal>> = days.iter().map(|cost| cost.usd(service_of(&subject))).collect();
        let Some(amounts) = amounts else {
            return Judgement::unknown(subject, "not billed in USD");
        };
        let Some(sum) = checked_sum(amounts) else {
            return Judgement::unknown(subject, TOO_LARGE);
        };
        if sum <= self.limit.0 {
            let why = format!("{} USD in {month} up to {}, within {}", cents(sum), last.day, self.limit);
            let withdrawn = best.and_then(|best| best.withdrawn_under(self.limit.0));
            return Judgement::clear(
                subject,
                withdrawn.map_or(why.clone(), |early| withdraws(&why, &month.to_string(), sum, early)),
            );
        }
        let certainly: Option<Vec<Decimal>> =
            days.iter().map(|cost| history.costs().certainly(cost, service_of(&subject))).collect();
        let Some(certain) = certainly.and_then(checked_sum) else {
            return Judgement::unknown(subject, TOO_LARGE);
        };
        if certain <= self.limit.0 {
            // What the bill is not certain of, an early figure may be.
            if let Some(best) = best.filter(|best| best.is_early() && best.amount > self.limit.0) {
                return Judgement::holds(
                    subject.clone(),
                    self.before_the_bill(&subject, &best, &format!("in {month} so far")),
                );
            }
            return Judgement::unknown(
                subject,
                format!(
                    "{} USD in {month} up to {}, over {} only if the provisional days do not change",
                    cents(sum),
                    last.day,
                    self.limit
                ),
            );
        }
        let through = days.iter().rev().scan(Decimal::ZERO, |sum, cost| {
            *sum = sum.checked_add(cost.usd(service_of(&subject))?)?;
            Some((cost.day, *sum))
        });
        let crossed =
            through.skip_while(|(_, sum)| *sum <= self.limit.0).map(|(day, _)| day).next().unwrap_or(last.day);
        let finding = self.finding(
            &subject,
            sum,
            &format!("in {month} so far"),
            vec![
                ("Limit crossed on".to_owned(), crossed.to_string()),
                ("Figures up to".to_owned(), shown(last.day, last.settled)),
            ],
            behind(&subject, history, now),
        );
        Judgement::holds(subject, self.confirmed(finding, best, month))
    }

    fn day(&self, history: &History, subject: Subject, now: DateTime<Utc>) -> Judgement {
        if let Some(finding) = self.day_before_the_bill(history, &subject, now) {
            return Judgement::holds(subject, finding);
        }
        let mut days = history.costs().days(now.date_naive());
        let Some(last) = days.next().filter(|cost| now.date_naive() - cost.day <= STALE) else {
            return Judgement::unknown(subject, "no cost known for the last days");
        };
        // Costs of a running day only grow: it can prove that a limit is crossed, but not that it will not be.
        let judged = [Some(last), days.next().filter(|_| !last.settled)];
        let mut uncertain = None;
        for cost in judged.into_iter().flatten() {
            let Some(amount) = cost.usd(service_of(&subject)) else {
                return Judgement::unknown(subject, "not billed in USD");
            };
            if amount > self.limit.0 {
                if history.costs().certainly(cost, service_of(&subject)).is_none_or(|certain| certain <= self.limit.0) {
                    uncertain = Some((
                        cost.day,
                        format!(
                            "{} USD on {}, over {} only if it does not change",
                            cents(amount),
                            cost.day,
                            self.limit
                        ),
                    ));
                    continue;
                }
                let finding = self.finding(
                    &subject,
                    amount,
                    &format!("on {}", cost.day),
                    vec![("Figure is".to_owned(), shown(cost.day, cost.settled))],
                    behind(&subject, history, now),
                );
                let best = best::best_day(history.bill(), service_of(&subject), cost.day);
                return Judgement::holds(subject, self.confirmed(finding, best, Month::of(cost.day)));
            }
        }
        if let Some((day, why)) = uncertain {
            let best = best::best_day(history.bill(), service_of(&subject), day)
                .filter(|best| best.is_early() && best.amount > self.limit.0);
            return match best {
                Some(best) => {
                    Judgement::holds(subject.clone(), self.before_the_bill(&subject, &best, &format!("on {day}")))
                }
                None => Judgement::unknown(subject, why),
            };
        }
        let why = self.after_early_figures(history, &subject, now, format!("within {} on {}", self.limit, last.day));
        Judgement::clear(subject, why)
    }

    /// The latest day of which an early figure is over the limit, and the bill is not, or not yet.
    fn day_before_the_bill(&self, history: &History, subject: &Subject, now: DateTime<Utc>) -> Option<IncidentDetails> {
        let today = now.date_naive();
        let days = (0..=early::STALE.num_days()).filter_map(|back| today.checked_sub_signed(TimeDelta::days(back)));
        let best = days.filter_map(|day| Some((day, best::best_day(history.bill(), service_of(subject), day)?)));
        let (day, best) = best.into_iter().find(|(_, best)| best.is_early_over(self.limit.0))?;
        Some(self.before_the_bill(subject, &best, &format!("on {day}")))
    }

    /// What is found by an early figure alone.
    fn before_the_bill(&self, subject: &Subject, best: &BestKnownCost, when: &str) -> IncidentDetails {
        let billed = best.billed.map_or("nothing yet".to_owned(), |billed| format!("{} USD", cents(billed)));
        let as_of = best.as_of().map(|as_of| ("As of".to_owned(), as_of.format("%F %H:%M UTC").to_string()));
        let facts = [("On the bill".to_owned(), billed)].into_iter().chain(as_of).collect();
        let said = match best.by {
            FigureBasis::Early(EarlyOrigin::Usage, _) => {
                "It is a lower bound: durations are not rounded up, the whole free tier is assumed to be unused, and init phases are not counted. Savings Plans and credits are unknown. The bill will confirm or correct it."
            }
            _ => "It is an estimate. The bill will confirm or correct it.",
        };
        IncidentDetails {
            said: vec![said.to_owned()],
            ..self.finding(subject, best.amount, &format!("{when}, {}", best.by), facts, vec![])
        }
    }

    /// While the bill knows nothing of the month. What was used is only a low bound, so nothing is clear by it.
    fn without_a_bill(&self, subject: Subject, best: Option<BestKnownCost>, month: Month) -> Judgement {
        match best {
            Some(best @ BestKnownCost { by: FigureBasis::Early(EarlyOrigin::Charges, _), .. }) => Judgement::clear(
                subject,
                format!("{} USD in {month} {}, within {}", cents(best.amount), best.by, self.limit),
            ),
            _ => Judgement::unknown(subject, format!("no cost known for {month} yet")),
        }
    }

    /// What the bill found, where an early figure may have found it before: receivers that were told of that are told
    /// once that the bill confirms it. What the bill finds of a month is one piece of news, so that an early figure
    /// after it is none.
    fn confirmed(&self, finding: IncidentDetails, best: Option<BestKnownCost>, month: Month) -> IncidentDetails {
        let Some(best) = best.filter(|best| best.early.is_some()) else { return finding };
        let said = match (best.billed, best.confirmed_over(self.limit.0)) {
            (Some(billed), Some((by, early))) => {
                let said =
                    format!("The bill confirms it: {} USD so far; it was {} USD {by}.", cents(billed), cents(early));
                [said].into_iter().chain(finding.said).collect()
            }
            _ => finding.said,
        };
        IncidentDetails { said, latest: Some(day_start(month.first_day())), ..finding }
    }

    /// Why it is clear, with what the bill says of the day that an early figure told of last.
    fn after_early_figures(&self, history: &History, subject: &Subject, now: DateTime<Utc>, why: String) -> String {
        let today = now.date_naive();
        for day in (0..=early::STALE.num_days() * 2).filter_map(|back| today.checked_sub_signed(TimeDelta::days(back)))
        {
            let Some(best) = best::best_day(history.bill(), service_of(subject), day) else { continue };
            let Some(billed) = best.billed else { continue };
            if let Some(early) = best.withdrawn_under(self.limit.0) {
                return withdraws(&why, &day.to_string(), billed, early);
            }
            if let Some((by, early)) = best.confirmed_over(self.limit.0) {
                return format!(
                    "{why}; the bill confirms {} USD for {day}; it was {} USD {by}",
                    cents(billed),
                    cents(early)
                );
            }
            if billed > self.limit.0 {
                break;
            }
        }
        why
    }

    fn finding(
        &self,
        subject: &Subject,
        amount: Decimal,
        when: &str,
        mut facts: Vec<(String, String)>,
        said: Vec<String>,
    ) -> IncidentDetails {
        let name = subject.name();
        let name = if *subject == Subject::Total { "The whole account" } else { name };
        facts.insert(0, ("Cost".to_owned(), format!("{} USD", cents(amount))));
        facts.insert(
            1,
            (
                "Limit".to_owned(),
                format!("{} a {}", self.limit, if self.per == CostPeriod::Day { "day" } else { "month" }),
            ),
        );
        IncidentDetails {
            headline: format!("{name} costs {} USD {when}, over {}", cents(amount), self.limit),
            said,
            facts,
            cause: None,
            next_step: match subject {
                Subject::Service(service) => format!(
                    "Open Cost Explorer, filter by service \"{service}\", group by usage type to see what runs. Stop or delete what is not used; check instances without connections first."
                ),
                _ => "Open Cost Explorer, group by service, and look at the largest one that grew.".to_owned(),
            },
            evidence: vec![],
            latest: None,
            measure: Some(MeasuredValue { value: amount, limit: self.limit.0 }),
            fault: None,
        }
    }
}

/// Why it is clear after all.
fn withdraws(why: &str, when: &str, billed: Decimal, (by, early): (FigureBasis, Decimal)) -> String {
    format!("the bill corrects it to {} USD for {when}; it was {} USD {by} ({why})", cents(billed), cents(early))
}

fn shown(day: NaiveDate, settled: bool) -> String {
    if settled { day.to_string() } else { format!("{day}, provisional: it may still rise") }
}
