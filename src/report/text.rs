//! The report as a person reads it in a terminal.

use std::fmt::Write as _;

use chrono::TimeDelta;
use chrono_tz::Tz;
use comfy_table::{CellAlignment, Table, presets};
use rust_decimal::Decimal;

use crate::core::money::cents;
use crate::core::month::{FunctionLine, IncidentLine, MonthReport, PingLine, ServiceLine};
use crate::core::span::{Latency, spoken};

/// Services below this share of a cent are counted together.
const SHOWN_FROM: Decimal = Decimal::from_parts(5, 0, 0, false, 3);

/// The whole report.
pub fn text(report: &MonthReport, zone: Tz) -> String {
    let mut out = format!("Report for {}\n\n", report.month);
    bill(report, &mut out);
    section(&mut out, "Lambda functions", functions(&report.lambda), "no invocation was read in this month");
    section(&mut out, "Warm-up pings", pings(&report.pings), "no ping was sent in this month");
    section(&mut out, "Incidents", incidents(&report.incidents, zone), "none");
    let calls: Vec<String> =
        report.own_cost.calls.iter().filter(|call| !call.usd.is_zero()).map(|call| format!("{} x {}", call.count, call.operation)).collect();
    let free: u64 = report.own_cost.calls.iter().filter(|call| call.usd.is_zero()).map(|call| call.count).sum();
    let paid = if calls.is_empty() { "no paid call".to_owned() } else { calls.join(", ") };
    let _ = writeln!(out, "The monitor's own AWS calls cost {} USD ({paid}; {free} free calls)", cents(report.own_cost.usd));
    out
}

fn bill(report: &MonthReport, out: &mut String) {
    let currency = report.currency.as_deref().unwrap_or_default();
    match (report.total, report.days) {
        (Some(total), Some(days)) => {
            let state = if report.settled { "settled".to_owned() } else { format!("{} to {}, not all settled: it may still move", days.first, days.last) };
            let before = match report.previous_total {
                Some(before) => format!("{} {currency} the month before", cents(before)),
                None => "the month before is unknown".to_owned(),
            };
            let _ = writeln!(out, "Total {} {currency} ({state}); {before}\n", cents(total));
        }
        (None, Some(_)) => out.push_str("Total unknown: the services are billed in more than one currency\n\n"),
        _ => out.push_str("No cost is known of this month\n\n"),
    }
    let shown: Vec<&ServiceLine> = report.services.iter().filter(|line| worth_showing(line)).collect();
    if shown.is_empty() {
        return;
    }
    let mut table = new_table(&["Service", "Amount", "Month before", "Change"], 3);
    let dearest = shown.iter().map(|line| line.amount).max().unwrap_or_default();
    for line in &shown {
        let amount = format!("{} {}", cents(line.amount), line.currency);
        let (before, change) = match line.previous {
            Some(before) => (cents(before), signed(line.amount - before)),
            None => ("unknown".to_owned(), "unknown".to_owned()),
        };
        table.add_row([line.service.clone(), amount, before, change, bar(line.amount, dearest)]);
    }
    let _ = writeln!(out, "{}", plain(&table));
    let hidden: Vec<&ServiceLine> = report.services.iter().filter(|line| !worth_showing(line)).collect();
    if !hidden.is_empty() {
        let _ = writeln!(out, "and {} below half a cent", hidden.len());
    }
    out.push('\n');
}

fn worth_showing(line: &ServiceLine) -> bool {
    line.amount.abs() >= SHOWN_FROM || line.previous.unwrap_or_default().abs() >= SHOWN_FROM
}

fn signed(change: Decimal) -> String {
    if change > Decimal::ZERO { format!("+{}", cents(change)) } else { cents(change) }
}

/// A bar of at most twenty cells.
fn bar(amount: Decimal, dearest: Decimal) -> String {
    if dearest <= Decimal::ZERO || amount <= Decimal::ZERO {
        return String::new();
    }
    let cells = (amount * Decimal::from(20) / dearest).round();
    "█".repeat(usize::try_from(cells).unwrap_or(0))
}

pub(super) fn new_table(header: &[&str], numbers: usize) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header.iter().copied());
    for column in 1..=numbers {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Without the blanks at the ends of lines.
pub(super) fn plain(table: &Table) -> String {
    table.lines().map(|line| format!(" {}", line.trim_end())).collect::<Vec<_>>().join("\n")
}

fn section(out: &mut String, title: &str, table: Option<Table>, none: &str) {
    let body = table.map_or_else(|| format!("  {none}"), |table| plain(&table));
    let _ = writeln!(out, "{title}\n{body}\n");
}

fn functions(lines: &[FunctionLine]) -> Option<Table> {
    let mut table = new_table(&["Function", "Invocations", "Cold", "Waited", "Timeouts", "Errors", "p95", "Memory", "Causes"], 7);
    for line in lines {
        let causes: Vec<String> = line.causes.iter().map(|cause| format!("{} {}", cause.count, cause.code)).collect();
        let share = (line.cold_starts * 100).checked_div(line.invocations).map(|percent| format!(" ({percent} %)")).unwrap_or_default();
        table.add_row([
            line.function.clone(),
            line.invocations.to_string(),
            format!("{}{share}", line.cold_starts),
            line.user_cold_starts.to_string(),
            line.timeouts.to_string(),
            line.errors.to_string(),
            line.p95_ms.map_or_else(|| "unknown".to_owned(), |ms| Latency::shown(ms as f64)),
            line.memory_used_mb.zip(line.memory_size_mb).map_or_else(|| "unknown".to_owned(), |(used, size)| format!("{used} of {size} MB")),
            causes.join(", "),
        ]);
    }
    (!lines.is_empty()).then_some(table)
}

fn pings(lines: &[PingLine]) -> Option<Table> {
    let mut table = new_table(&["Function", "Sent", "Warm", "Cold", "Timed out", "Failed", "Cost"], 6);
    for line in lines {
        let unpriced = if line.unpriced == 0 { String::new() } else { format!(" and {} of unknown price", line.unpriced) };
        table.add_row([
            line.function.clone(),
            line.sent.to_string(),
            (line.warm + line.answered).to_string(),
            line.cold.to_string(),
            line.timed_out.to_string(),
            line.failed.to_string(),
            format!("{} USD{unpriced}", cents(line.usd)),
        ]);
    }
    (!lines.is_empty()).then_some(table)
}

fn incidents(lines: &[IncidentLine], zone: Tz) -> Option<Table> {
    let mut table = new_table(&["Since", "Length", "Rule", "What"], 0);
    for line in lines {
        let length = spoken(TimeDelta::seconds(line.seconds));
        let length = if line.resolved.is_some() { length } else { format!("{length}, still open") };
        table.add_row([line.fired.with_timezone(&zone).format("%F %H:%M").to_string(), length, line.rule.clone(), line.headline.clone()]);
    }
    (!lines.is_empty()).then_some(table)
}
