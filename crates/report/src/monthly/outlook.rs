//! The forecast, idle resources, restatements and the monitor's own cost.

use billing::forecast::IntervalForecast;
use model::currency::shown;
use model::money::Money;
use model::page::{PageTable, Section, SectionPart, TableCell};
use rust_decimal::Decimal;

use super::super::words::{Catalog, say};
use super::{MOST_ROWS, SectionWriter};
use crate::month::ForecastScore;

/// So many services have a forecast of their own in the report.
const MOST_FORECASTS: usize = 5;

impl SectionWriter<'_> {
    pub(super) fn forecast(&self) -> Option<Section> {
        let (words, forecast) = (&self.words, &self.report.forecast);
        let mut parts = Vec::new();
        if let Some((as_of, total)) = forecast.as_of.zip(forecast.total.as_ref()) {
            let [amount, low, high] = self.foretold(total);
            parts.push(SectionPart::Said(say!(
                words,
                "forecast-total",
                day = words.day(as_of),
                amount = amount,
                low = low,
                high = high
            )));
        }
        parts.extend(
            forecast.unknown.as_ref().map(|why| SectionPart::Said(say!(words, "forecast-unknown", why = why.clone()))),
        );
        let figure = |title: String| format!("#{title}");
        let titles = [
            say!(words, "service"),
            figure(say!(words, "forecast-amount")),
            figure(say!(words, "low")),
            figure(say!(words, "high")),
        ];
        let mut table = PageTable::new(&titles);
        for line in forecast.services.iter().take(MOST_FORECASTS) {
            let [amount, low, high] = self.foretold(&line.foretold);
            table.row([line.service.clone(), amount, low, high].map(TableCell::from));
        }
        if !table.rows.is_empty() {
            parts.push(SectionPart::Table(table));
        }
        parts.extend(forecast.score.as_ref().map(|score| SectionPart::Said(self.score(score))));
        self.section(say!(words, "forecast"), parts)
    }

    fn foretold(&self, foretold: &IntervalForecast) -> [String; 3] {
        let bound = |amount| format!("{} {}", shown(amount, self.currency()), self.currency());
        [self.amount(foretold.forecast, self.currency()), bound(foretold.low), bound(foretold.high)]
    }

    /// How the last complete month had been foretold, beside the simplest forecast there is.
    fn score(&self, score: &ForecastScore) -> String {
        let words = &self.words;
        let error = |percent: Option<Decimal>| match percent {
            Some(percent) => say!(words, "off-by", percent = Catalog::error_percent(percent)),
            None => say!(words, "off-by-unknown"),
        };
        say!(
            words,
            "score",
            month = words.month(score.month),
            day = words.day(score.as_of),
            forecast = self.amount(score.forecast, self.currency()),
            error = error(score.error_percent),
            naive = self.amount(score.naive, self.currency()),
            naive_error = error(score.naive_error_percent),
            actual = self.amount(score.actual, self.currency())
        )
    }

    pub(super) fn idle(&self) -> Option<Section> {
        let (words, idle) = (&self.words, &self.report.idle);
        let mut table = PageTable::new(&[
            say!(words, "what"),
            say!(words, "thing"),
            format!("#{}", say!(words, "per-month")),
            say!(words, "note"),
        ]);
        for line in idle.iter().take(MOST_ROWS) {
            let price = line.monthly_usd.map_or_else(|| say!(words, "unknown"), |usd| self.usd(usd));
            table
                .row([words.named("idle", &line.kind), line.id.clone(), price, line.note.clone()].map(TableCell::from));
        }
        if table.rows.is_empty() {
            return None;
        }
        let commands = idle.iter().take(MOST_ROWS).map(|line| (line.id.clone(), line.next_step.clone())).collect();
        let mut parts = vec![
            SectionPart::Table(table),
            SectionPart::Said(say!(words, "idle-careful")),
            SectionPart::Commands(commands),
        ];
        parts.extend(self.more(idle.len()));
        self.section(say!(words, "idle"), parts)
    }

    pub(super) fn restated(&self) -> Option<Section> {
        let (words, all) = (&self.words, &self.report.restatements);
        let figure = |title: String| format!("#{title}");
        let titles = [
            say!(words, "day"),
            say!(words, "service"),
            figure(say!(words, "was")),
            figure(say!(words, "is")),
            say!(words, "seen"),
        ];
        let mut table = PageTable::new(&titles);
        for line in all.iter().take(MOST_ROWS) {
            let (was, is) = (shown(line.before, self.currency()), shown(line.after, self.currency()));
            table.row(
                [words.day(line.day), line.service.clone(), was, is, words.moment(line.seen, self.style.zone)]
                    .map(TableCell::from),
            );
        }
        let mut parts = if table.rows.is_empty() { vec![] } else { vec![SectionPart::Table(table)] };
        parts.extend(self.more(all.len()));
        self.section(say!(words, "restated"), parts)
    }

    pub(super) fn own_cost(&self) -> Section {
        let (words, own) = (&self.words, &self.report.own_cost);
        let paid: Vec<String> = own
            .calls
            .iter()
            .filter(|call| !call.usd.is_zero())
            .map(|call| say!(words, "calls", count = call.count, operation = call.operation.clone()))
            .collect();
        let free: u64 = own.calls.iter().filter(|call| call.usd.is_zero()).map(|call| call.count).sum();
        let paid = if paid.is_empty() { say!(words, "no-paid-call") } else { paid.join(", ") };
        let cap = match own.cap {
            Some(cap) => say!(words, "cap", amount = format!("{} {}", shown(cap, Money::USD), Money::USD)),
            None => String::new(),
        };
        let said = say!(words, "own-cost-said", amount = self.usd(own.usd), cap = cap, paid = paid, free = free);
        Section { title: say!(words, "own-cost"), parts: vec![SectionPart::Said(said)] }
    }
}
