//! Summarizes one month for `monitor report`. Pure: rows of the store in, one value out.

mod bill;
mod form;
mod pings;
mod resources;

use account::inventory::Inventory;
use alerting::incident::Incident;
use alerting::month_rows::MonthRows;
use billing::day_cost::DayCost;
use chrono::{DateTime, Utc};
use lambda_log::tally::InvocationCounts;
use model::calendar::{DayRange, Month};
use model::money::{Money, Totals};
use rust_decimal::Decimal;

use crate::changes::ChangeView;

pub use form::{
    CallLine, CauseRow, DayLine, ForecastScore, ForecastSection, FunctionLine, IncidentLine, MonthReport, OwnCost,
    PingLine, PlannedPingsLine, Restatement, SCHEMA, ServiceForecast, ServiceLine, ServiceReason,
};
use resources::idle_lines;
pub use resources::{IdleLine, ResourceLine};

/// Sums a month up.
pub fn sum_up(month: Month, rows: MonthRows, now: DateTime<Utc>) -> MonthReport {
    let (currency, total) = one_currency(&rows.days);
    let previous_total = currency
        .as_deref()
        .filter(|_| !rows.days_before.is_empty())
        .and_then(|currency| all(&rows.days_before).only(currency));
    let mut services = bill::services(&rows, month);
    let inventories: Vec<&Inventory> = rows.inventories.iter().map(|seen| &seen.it).collect();
    // How long a thing has been idle is told as of the day it was looked at.
    let looked = rows.inventories.iter().map(|seen| seen.seen).max().unwrap_or(now);
    for line in &mut services {
        line.resources = bill::resources(&line.service, &inventories, &rows.lines, month, looked);
    }
    let seen_until = rows.watched_until.map_or(now, |until| until.min(now));
    let days_in_month = (month.end() - month.first_day()).num_days() as usize;
    let first = rows.days.iter().map(|day| day.day).min();
    let last = rows.days.iter().map(|day| day.day).max();
    MonthReport {
        schema: SCHEMA,
        month,
        settled: rows.days.len() == days_in_month && rows.days.iter().all(|day| day.settled),
        days: first.zip(last).map(|(first, last)| DayRange { first, last }),
        reasons: bill::main_reasons(&services, currency.as_deref()),
        daily: bill::daily(&rows.days, currency.as_deref()),
        accounts: bill::accounts(&rows.lines, month),
        restatements: bill::restatements(&rows.figures),
        forecast: bill::foretell(&rows, month, currency.as_deref(), now),
        currency,
        total,
        previous_total,
        services,
        idle: idle_lines(&inventories, looked),
        lambda: rows.tallies.iter().map(function_line).collect(),
        pings: pings::lines(&rows.pings, &rows.warm_days),
        incidents: rows.incidents.iter().filter_map(|incident| incident_line(incident, seen_until)).collect(),
        changes: rows.changes.into_iter().map(ChangeView::of).collect(),
        own_cost: OwnCost {
            usd: rows.calls.iter().map(|(_, _, usd)| *usd).sum(),
            cap: None,
            calls: rows.calls.into_iter().map(|(operation, count, usd)| CallLine { operation, count, usd }).collect(),
        },
    }
}

fn all(days: &[DayCost]) -> Totals {
    let mut totals = Totals::default();
    days.iter().flat_map(|day| day.services.values()).for_each(|money| totals.add(money));
    totals
}

/// The total, if there is only one currency.
fn one_currency(days: &[DayCost]) -> (Option<String>, Option<Decimal>) {
    let all = all(days);
    let totals: Vec<(&str, Option<Decimal>)> = all.iter().collect();
    match totals.as_slice() {
        [(currency, sum)] => (Some((*currency).to_owned()), *sum),
        // Days that were answered and hold nothing cost nothing.
        [] if !days.is_empty() => (Some(Money::USD.to_owned()), Some(Decimal::ZERO)),
        _ => (None, None),
    }
}

fn function_line(tally: &InvocationCounts) -> FunctionLine {
    let mut causes: Vec<CauseRow> =
        tally.causes.iter().map(|(cause, count)| CauseRow { code: cause.code().to_owned(), count: *count }).collect();
    causes.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.code.cmp(&b.code)));
    let quantile = |percent| tally.durations.quantile(percent).map(|ms| ms.ceil() as u64);
    FunctionLine {
        function: tally.function.clone(),
        invocations: tally.invocations,
        cold_starts: tally.cold,
        user_cold_starts: tally.cold_waited,
        timeouts: tally.timeouts,
        errors: tally.errors,
        billed_ms: tally.billed_ms,
        init_percent: (tally.init_of_ms > 0).then(|| {
            (Decimal::from(tally.init_ms) * Decimal::ONE_HUNDRED / Decimal::from(tally.init_of_ms)).round_dp(1)
        }),
        p50_ms: quantile(50),
        p95_ms: quantile(95),
        longest_ms: quantile(100),
        memory_used_mb: tally.memory.map(|memory| memory.used_mb),
        memory_size_mb: tally.memory.map(|memory| memory.size_mb),
        causes,
    }
}

fn incident_line(incident: &Incident, seen_until: DateTime<Utc>) -> Option<IncidentLine> {
    let fired = incident.fired?;
    Some(IncidentLine {
        rule: incident.rule.clone(),
        subject: incident.subject.to_string(),
        headline: incident.finding.headline.clone(),
        cause: incident.finding.cause.map(|(cause, _)| cause.code().to_owned()),
        severity: incident.severity.word().to_owned(),
        fired,
        resolved: incident.resolved,
        seconds: (incident.resolved.unwrap_or(seen_until) - fired).num_seconds().max(0),
    })
}
