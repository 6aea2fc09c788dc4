//! A page: the content of a report, independent of its output format. Each output format and each kind of receiver
//! renders it.
//!
//! Texts are plain; each renderer escapes them for its format.

mod text;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::language::Language;

/// A page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportPage {
    /// The language of its words.
    pub language: Language,
    /// The subject.
    pub title: String,
    /// The most important, in a few sentences.
    pub lead: Vec<String>,
    /// The other sections, most important first.
    pub sections: Vec<Section>,
    /// A picture for where one can be shown.
    #[serde(default)]
    pub picture: Option<PageImage>,
}

/// A part of a page with a title of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Its title.
    pub title: String,
    /// Its parts, in order.
    pub parts: Vec<SectionPart>,
}

/// One thing in a section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SectionPart {
    /// A paragraph.
    Said(String),
    /// A list of sentences.
    List(Vec<String>),
    /// A table.
    Table(PageTable),
    /// Commands with their descriptions.
    Commands(Vec<(String, String)>),
    /// The position of the chart, with bars for receivers without images.
    Days(DaySparkline),
}

/// Days in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DaySparkline {
    /// What the days come to.
    pub levels: SparklineLevels,
    /// The caption below.
    pub caption: String,
}

/// From 0 to [`HIGHEST`] for each day in order; `None` where nothing is known.
pub type SparklineLevels = Vec<Option<u8>>;

/// The highest level.
pub const HIGHEST: u8 = 7;

/// A table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageTable {
    /// The titles of its columns.
    pub columns: Vec<TableColumn>,
    /// Its rows; each has as many cells as there are columns.
    pub rows: Vec<Vec<TableCell>>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableColumn {
    /// Its title.
    pub title: String,
    /// Whether its cells are numbers, aligned right.
    pub figures: bool,
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TableCell {
    /// Words or a figure.
    Text(String),
    /// A bar of so many percent of the longest.
    Bar(u8),
    /// Days in a row.
    Days(SparklineLevels),
}

/// A picture, stored as the file that it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PageImage {
    /// The file's name, with its ending.
    pub name: String,
    /// A one-line description.
    pub title: String,
    /// A PNG file, in base64.
    pub png: String,
}

impl PageImage {
    /// A picture of the bytes of a PNG file.
    pub fn of(name: String, title: String, png: &[u8]) -> Self {
        Self { name, title, png: STANDARD.encode(png) }
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// If what is stored is not base64.
    pub fn file(&self) -> Result<Vec<u8>, String> {
        STANDARD.decode(&self.png).map_err(|error| format!("the picture {} cannot be read: {error}", self.name))
    }
}

impl PageTable {
    /// A table without rows; a title that begins with `#` is that of a column of figures.
    pub fn new(titles: &[String]) -> Self {
        let column = |title: &String| match title.strip_prefix('#') {
            Some(title) => TableColumn { title: title.to_owned(), figures: true },
            None => TableColumn { title: title.clone(), figures: false },
        };
        Self { columns: titles.iter().map(column).collect(), rows: vec![] }
    }

    /// Adds a row; cells beyond the columns are dropped, missing ones are empty.
    pub fn row(&mut self, cells: impl IntoIterator<Item = TableCell>) {
        let mut row: Vec<TableCell> = cells.into_iter().take(self.columns.len()).collect();
        row.resize_with(self.columns.len(), || TableCell::Text(String::new()));
        self.rows.push(row);
    }
}

impl From<String> for TableCell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for TableCell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl TableCell {
    /// The cell in letters alone.
    pub fn letters(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            // At most twenty; what is more than nothing is seen.
            Self::Bar(0) => String::new(),
            Self::Bar(percent) => "█".repeat((usize::from(*percent) / 5).clamp(1, 20)),
            Self::Days(levels) => spark(levels),
        }
    }
}

/// Days as a line of small bars; a dot marks an unknown day.
pub fn spark(levels: &[Option<u8>]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    levels.iter().map(|level| level.map_or('·', |level| BARS.get(usize::from(level)).copied().unwrap_or('█'))).collect()
}

impl ReportPage {
    /// The same with each of its texts mapped.
    pub fn map(&self, text: &impl Fn(&str) -> String) -> Self {
        let texts = |all: &[String]| all.iter().map(|one| text(one)).collect();
        let cell = |cell: &TableCell| match cell {
            TableCell::Text(words) => TableCell::Text(text(words)),
            other => other.clone(),
        };
        let table = |table: &PageTable| PageTable {
            columns: table
                .columns
                .iter()
                .map(|column| TableColumn { title: text(&column.title), figures: column.figures })
                .collect(),
            rows: table.rows.iter().map(|row| row.iter().map(cell).collect()).collect(),
        };
        let part = |part: &SectionPart| match part {
            SectionPart::Said(words) => SectionPart::Said(text(words)),
            SectionPart::List(list) => SectionPart::List(texts(list)),
            SectionPart::Table(one) => SectionPart::Table(table(one)),
            SectionPart::Commands(all) => {
                SectionPart::Commands(all.iter().map(|(what, command)| (text(what), text(command))).collect())
            }
            SectionPart::Days(days) => {
                SectionPart::Days(DaySparkline { levels: days.levels.clone(), caption: text(&days.caption) })
            }
        };
        Self {
            language: self.language,
            title: text(&self.title),
            lead: texts(&self.lead),
            sections: self
                .sections
                .iter()
                .map(|one| Section { title: text(&one.title), parts: one.parts.iter().map(part).collect() })
                .collect(),
            picture: self.picture.as_ref().map(|picture| PageImage {
                name: text(&picture.name),
                title: text(&picture.title),
                png: picture.png.clone(),
            }),
        }
    }
}
