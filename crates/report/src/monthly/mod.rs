//! Builds the page of the monthly report in one language.

mod bill;
mod changes;
mod functions;
mod outlook;
#[cfg(test)]
pub(super) mod samples;
#[cfg(test)]
mod tests;

use chrono::TimeDelta;
use chrono_tz::Tz;
use model::currency::{ExchangeRate, with_second};
use model::language::Language;
use model::page::{PageImage, PageTable, ReportPage, Section, SectionPart, TableCell};
use model::redact::printable;
use rust_decimal::Decimal;

use super::chart::{Chart, png};
use super::words::{Catalog, say};
use crate::month::MonthReport;
use model::calendar::DayRange;

/// How a report is written.
#[derive(Debug, Clone)]
pub struct ReportStyle {
    /// The zone of the times in it.
    pub zone: Tz,
    /// Its language.
    pub language: Language,
    /// A second currency besides USD.
    pub rate: Option<ExchangeRate>,
    /// The first and the last day that the store knows any cost of, where it was asked.
    pub known: Option<DayRange>,
}

impl ReportStyle {
    /// English, and US dollars alone.
    pub fn plain(zone: Tz) -> Self {
        Self { zone, language: Language::En, rate: None, known: None }
    }
}

/// What the sections are written with.
struct SectionWriter<'a> {
    report: &'a MonthReport,
    words: Catalog,
    style: &'a ReportStyle,
}

/// The report as a page, without its picture.
pub fn page(report: &MonthReport, style: &ReportStyle) -> ReportPage {
    let pen = SectionWriter { report, words: Catalog::of(style.language), style };
    let sections = [
        pen.services(),
        pen.days(),
        pen.things(),
        pen.functions(),
        pen.pings(),
        pen.incidents(),
        pen.changes(),
        pen.forecast(),
        pen.idle(),
        pen.restated(),
        Some(pen.own_cost()),
    ];
    let title = say!(pen.words, "title", month = pen.words.month(report.month));
    let page = ReportPage {
        language: pen.words.language(),
        title,
        lead: pen.lead(),
        sections: sections.into_iter().flatten().collect(),
        picture: None,
    };
    // Names and log lines from outside bring nothing along that acts on a terminal or on a reader.
    page.map(&printable)
}

/// The report as a page with its picture, for where pictures are shown.
pub fn page_with_picture(report: &MonthReport, style: &ReportStyle) -> ReportPage {
    let mut page = page(report, style);
    let words = Catalog::of(style.language);
    let picture = |chart: Chart| {
        let title = say!(words, "picture", month = words.month(report.month));
        let unsettled =
            if chart.has_unsettled_days() { format!(" ({})", say!(words, "legend-unsettled")) } else { String::new() };
        Some(PageImage::of(format!("costs-{}.png", report.month), format!("{title}{unsettled}"), &png(&chart)?))
    };
    page.picture = Chart::of(report).and_then(picture);
    page
}

impl SectionWriter<'_> {
    /// An amount with its currency, and with the second one.
    fn amount(&self, amount: Decimal, currency: &str) -> String {
        with_second(amount, currency, self.style.rate.as_ref())
    }

    fn usd(&self, amount: Decimal) -> String {
        self.amount(amount, model::money::Money::USD)
    }

    /// The currency of the report's sums.
    fn currency(&self) -> &str {
        self.report.currency.as_deref().unwrap_or_default()
    }

    fn section(&self, title: String, parts: Vec<SectionPart>) -> Option<Section> {
        (!parts.is_empty()).then_some(Section { title, parts })
    }

    fn incidents(&self) -> Option<Section> {
        let words = &self.words;
        let columns = [
            say!(words, "since"),
            say!(words, "length"),
            say!(words, "severity"),
            say!(words, "rule"),
            say!(words, "headline"),
            say!(words, "cause"),
        ];
        let mut table = PageTable::new(&columns);
        for line in self.report.incidents.iter().take(MOST_ROWS) {
            let length = words.length(TimeDelta::seconds(line.seconds));
            let length = if line.resolved.is_some() { length } else { say!(words, "still-open", length = length) };
            let cause = line.cause.as_deref().map(|code| words.named("cause", code)).unwrap_or_default();
            let severity = words.named("severity", &line.severity);
            let cells = [
                words.moment(line.fired, self.style.zone),
                length,
                severity,
                line.rule.clone(),
                line.headline.clone(),
                cause,
            ];
            table.row(cells.map(TableCell::from));
        }
        let mut parts = if table.rows.is_empty() {
            vec![SectionPart::Said(say!(words, "no-incidents"))]
        } else {
            vec![SectionPart::Table(table)]
        };
        parts.extend(self.more(self.report.incidents.len()));
        if !self.report.incidents.is_empty() && words.language() != Language::En {
            parts.push(SectionPart::Said(say!(words, "verbatim")));
        }
        self.section(say!(words, "incidents"), parts)
    }

    /// How many of so many have no row of their own.
    fn more(&self, all: usize) -> Option<SectionPart> {
        let left = all.saturating_sub(MOST_ROWS);
        (left > 0).then(|| SectionPart::Said(say!(self.words, "more-rows", count = left)))
    }
}

/// A table has at most so many rows: the report is one page.
const MOST_ROWS: usize = 15;
