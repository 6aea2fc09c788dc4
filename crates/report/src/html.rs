//! Renders a report as one HTML file without scripts or external resources, for light and dark mode, phones and print.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use model::page::{DaySparkline, PageTable, ReportPage, Section, SectionPart, TableCell, spark};

use super::chart::{Chart, svg};
use super::monthly::{ReportStyle, page};
use super::words::{Catalog, say};
use crate::month::MonthReport;

const CSS: &str = include_str!("html.css");

/// The report of a month as a whole HTML document.
pub fn html(report: &MonthReport, style: &ReportStyle) -> String {
    let page = page(report, style);
    let drawn = Chart::of(report).and_then(|chart| Some((svg(&chart)?, chart)));
    let words = Catalog::of(style.language);
    let title = say!(words, "picture", month = words.month(report.month));
    let picture = drawn.map(|(svg, chart)| picture(&svg, &chart, &words, &title));
    document(&page, picture.as_ref()).into_string()
}

fn document(page: &ReportPage, picture: Option<&Markup>) -> Markup {
    let (bullets, said): (Vec<&String>, Vec<&String>) =
        page.lead.iter().partition(|sentence| sentence.starts_with("- "));
    html! {
        (DOCTYPE)
        html lang=(page.language.code()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (page.title) }
                style { (PreEscaped(CSS)) }
            }
            body {
                main {
                    h1 { (page.title) }
                    @for (place, sentence) in said.iter().enumerate() { p.total[place == 0] { (sentence) } }
                    @if !bullets.is_empty() { ul { @for one in bullets { li { (one.trim_start_matches("- ")) } } } }
                    @for one in &page.sections { (section(one, picture)) }
                }
            }
        }
    }
}

fn section(section: &Section, picture: Option<&Markup>) -> Markup {
    html! {
        section {
            h2 { (section.title) }
            @for part in &section.parts {
                @match part {
                    SectionPart::Said(words) => p { (words) },
                    SectionPart::List(all) => ul { @for one in all { li { (one) } } },
                    SectionPart::Table(one) => (table(one)),
                    SectionPart::Commands(all) => dl { @for (what, command) in all { dt { (what) } dd { pre { code { (command) } } } } },
                    SectionPart::Days(DaySparkline { levels, caption }) => figure {
                        @match picture { Some(picture) => (picture), None => p.spark { (spark(levels)) } }
                        figcaption { (caption) }
                    },
                }
            }
        }
    }
}

/// On a narrow screen each row becomes a block, in which every cell says what it is.
fn table(table: &PageTable) -> Markup {
    html! {
        table {
            thead { tr { @for column in &table.columns { th.figure[column.figures] scope="col" { (column.title) } } } }
            tbody {
                @for row in &table.rows {
                    tr {
                        @for (cell, column) in row.iter().zip(&table.columns) {
                            @match cell {
                                TableCell::Text(text) if text.is_empty() => td.empty {},
                                TableCell::Text(text) => td.figure[column.figures] data-title=(column.title) { (text) },
                                TableCell::Bar(percent) => td.bar { div style=(format!("width:{percent}%")) {} },
                                TableCell::Days(levels) => td.spark data-title=(column.title) { (spark(levels)) },
                            }
                        }
                    }
                }
            }
        }
    }
}

fn picture(svg: &str, chart: &Chart, words: &Catalog, title: &str) -> Markup {
    let other = say!(words, "legend-other");
    html! {
        // Drawn by this program, which escapes the texts in it.
        div.chart role="img" aria-label=(title) { (PreEscaped(svg)) }
        ul.legend {
            @for series in chart.series() {
                li { span style=(format!("background:{}", series.color())) {} (clean(series.service.as_deref().unwrap_or(&other))) }
            }
            @if chart.has_deploys() { li { "\u{25bc} " (say!(words, "legend-deploy")) } }
            @if chart.has_unsettled_days() { li { span.unsettled {} (say!(words, "legend-unsettled")) } }
        }
    }
}

fn clean(name: &str) -> String {
    model::redact::printable(name)
}
