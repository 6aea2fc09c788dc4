//! Renders a report as the HTML of a mail: only tables and inline styles, because mail readers remove almost everything
//! else.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use model::page::{DaySparkline, PageTable, ReportPage, Section, SectionPart, TableCell, spark};

/// What the picture is called in the mail's HTML.
pub(super) const PICTURE: &str = "chart";

const TEXT: &str = "margin:0 0 8px";
const FAINT: &str = "margin:0 0 8px;color:#59636e;font-size:13px";
const HEAD: &str =
    "padding:4px 12px 4px 0;border-bottom:1px solid #d8dee4;color:#59636e;font-size:13px;font-weight:600";
const CELL: &str = "padding:4px 12px 4px 0;border-bottom:1px solid #d8dee4;vertical-align:top";
const SPARK: &str = "padding:4px 12px 4px 0;border-bottom:1px solid #d8dee4;font-family:monospace;font-size:11px;color:#59636e;white-space:nowrap";
/// The longest bar, in pixels.
const BAR: u32 = 120;

/// The whole page. Where a picture goes along with the mail, it is shown where it belongs.
pub(super) fn document(page: &ReportPage, possible_repeat: bool) -> Markup {
    let (bullets, said): (Vec<&String>, Vec<&String>) =
        page.lead.iter().partition(|sentence| sentence.starts_with("- "));
    html! {
        (DOCTYPE)
        html lang=(page.language.code()) {
            head { meta charset="utf-8"; meta name="viewport" content="width=device-width"; title { (page.title) } }
            body style="margin:0;padding:16px;background:#f5f5f5;font:15px/1.5 sans-serif;color:#212121" {
                div style="max-width:760px;margin:0 auto;background:#fff;border-left:6px solid #0072b2;padding:16px 20px" {
                    h1 style="font-size:20px;margin:0 0 12px" { (page.title) }
                    @for sentence in said { p style=(TEXT) { (sentence) } }
                    @if !bullets.is_empty() { (list(bullets.iter().map(|one| one.trim_start_matches("- ")))) }
                    @for one in &page.sections { (section(one, page)) }
                    @if possible_repeat { p style=(FAINT) { "possibly a repeat" } }
                }
            }
        }
    }
}

fn section(section: &Section, page: &ReportPage) -> Markup {
    html! {
        h2 style="font-size:16px;margin:24px 0 8px" { (section.title) }
        @for part in &section.parts {
            @match part {
                SectionPart::Said(words) => p style=(TEXT) { (words) },
                SectionPart::List(all) => (list(all.iter().map(String::as_str))),
                SectionPart::Table(one) => (table(one)),
                SectionPart::Commands(all) => @for (what, command) in all {
                    p style="margin:0 0 2px;font-weight:600" { (what) }
                    pre style="background:#f5f5f5;padding:8px;margin:0 0 8px;font-size:12px;white-space:pre-wrap;word-break:break-word" { (command) }
                },
                SectionPart::Days(DaySparkline { levels, caption }) => {
                    @match &page.picture {
                        Some(picture) => img src=(format!("cid:{PICTURE}")) alt=(picture.title) width="600" style="display:block;width:100%;max-width:600px;height:auto";,
                        None => p style="margin:0 0 4px;font-family:monospace" { (spark(levels)) },
                    }
                    p style=(FAINT) { (caption) }
                },
            }
        }
    }
}

fn list<'a>(all: impl Iterator<Item = &'a str>) -> Markup {
    html! { ul style="margin:0 0 8px;padding-left:20px" { @for one in all { li { (one) } } } }
}

fn table(table: &PageTable) -> Markup {
    let align = |figures: bool| if figures { ";text-align:right" } else { ";text-align:left" };
    html! {
        table cellpadding="0" cellspacing="0" style="border-collapse:collapse;margin:0 0 8px;font-size:14px" {
            tr { @for column in &table.columns { th style=(PreEscaped(format!("{HEAD}{}", align(column.figures)))) { (column.title) } } }
            @for row in &table.rows {
                tr {
                    @for (cell, column) in row.iter().zip(&table.columns) {
                        @match cell {
                            TableCell::Text(text) => td style=(PreEscaped(format!("{CELL}{}", align(column.figures)))) { (text) },
                            TableCell::Bar(percent) => td style=(PreEscaped(format!("{CELL};width:{BAR}px"))) { (bar(*percent)) },
                            TableCell::Days(levels) => td style=(SPARK) { (spark(levels)) },
                        }
                    }
                }
            }
        }
    }
}

fn bar(percent: u8) -> Markup {
    let width = u32::from(percent.min(100)) * BAR / 100;
    html! { @if width > 0 { div style=(PreEscaped(format!("width:{width}px;height:10px;margin-top:5px;background:#0072b2;font-size:0"))) {} } }
}
