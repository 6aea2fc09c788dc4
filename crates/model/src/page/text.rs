//! Renders a page as plain text, for terminals, the text part of mails and other monospaced output.

use std::fmt::Write as _;

use comfy_table::{CellAlignment, Table as Columns, presets};

use super::{DaySparkline, PageTable, ReportPage, Section, SectionPart, spark};

impl ReportPage {
    /// The whole page as plain text.
    pub fn plain_text(&self) -> String {
        let mut out = format!("{}\n\n", self.title);
        for sentence in &self.lead {
            let _ = writeln!(out, "{sentence}");
        }
        for section in &self.sections {
            let _ = write!(out, "\n{}", section.plain_text());
        }
        out
    }
}

impl Section {
    /// The section with its title.
    pub fn plain_text(&self) -> String {
        let mut out = format!("{}\n", self.title);
        for part in &self.parts {
            out.push_str(&part.plain_text());
        }
        out
    }
}

impl SectionPart {
    /// The part, moved in a little.
    pub fn plain_text(&self) -> String {
        match self {
            Self::Said(words) => format!("  {words}\n"),
            Self::List(all) => all.iter().map(|one| format!("  - {one}\n")).collect(),
            Self::Table(table) => table.plain_text(),
            Self::Commands(all) => all.iter().map(|(what, command)| format!("  {what}\n    {command}\n")).collect(),
            Self::Days(DaySparkline { levels, caption }) => format!("  {}\n  {caption}\n", spark(levels)),
        }
    }
}

impl PageTable {
    /// The table in columns, without blanks at the ends of lines.
    pub fn plain_text(&self) -> String {
        let mut columns = Columns::new();
        columns.load_style(presets::NOTHING).set_header(self.columns.iter().map(|column| column.title.as_str()));
        for (place, column) in self.columns.iter().enumerate() {
            if let Some(laid_out) = columns.column_mut(place).filter(|_| column.figures) {
                laid_out.set_cell_alignment(CellAlignment::Right);
            }
        }
        for row in &self.rows {
            columns.add_row(row.iter().map(super::TableCell::letters));
        }
        columns.lines().map(|line| format!(" {}\n", line.trim_end())).collect()
    }
}
