//! What a person reads, in words and before any medium's own form: a report is one of these, and each format and each kind of receiver
//! maps it to its own.
//!
//! Texts are plain: whoever makes a form of it escapes them for that form.

mod text;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::language::Language;

/// A page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The language of its words.
    pub language: Language,
    /// What it is about.
    pub title: String,
    /// The most important, in a few sentences.
    pub lead: Vec<String>,
    /// The rest, first things first.
    pub sections: Vec<Section>,
    /// A picture for where one can be shown.
    #[serde(default)]
    pub picture: Option<Picture>,
}

/// A part of a page with a title of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Section {
    /// Its title.
    pub title: String,
    /// What stands in it, in order.
    pub parts: Vec<Part>,
}

/// One thing in a section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// A paragraph.
    Said(String),
    /// A list of sentences.
    List(Vec<String>),
    /// A table.
    Table(Table),
    /// Commands, each with what it is for.
    Commands(Vec<(String, String)>),
    /// Where the picture stands, and the days for where no picture can.
    Days(Days),
}

/// Days in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Days {
    /// What the days come to.
    pub levels: Levels,
    /// Says what they are, below them.
    pub caption: String,
}

/// From 0 to [`HIGHEST`] for each day in order; `None` where nothing is known.
pub type Levels = Vec<Option<u8>>;

/// The highest level.
pub const HIGHEST: u8 = 7;

/// A table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// The titles of its columns.
    pub columns: Vec<Column>,
    /// Its rows; each has as many cells as there are columns.
    pub rows: Vec<Vec<Cell>>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its title.
    pub title: String,
    /// Whether its cells are figures, and stand to the right.
    pub figures: bool,
}

/// A cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cell {
    /// Words or a figure.
    Text(String),
    /// A bar of so many percent of the longest.
    Bar(u8),
    /// Days in a row.
    Days(Levels),
}

/// A picture, stored as the file that it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// The file's name, with its ending.
    pub name: String,
    /// What it shows, in a line.
    pub title: String,
    /// A PNG file, in base64.
    pub png: String,
}

impl Picture {
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

impl Table {
    /// A table without rows; a title that begins with `#` is that of a column of figures.
    pub fn new(titles: &[String]) -> Self {
        let column = |title: &String| match title.strip_prefix('#') {
            Some(title) => Column { title: title.to_owned(), figures: true },
            None => Column { title: title.clone(), figures: false },
        };
        Self { columns: titles.iter().map(column).collect(), rows: vec![] }
    }

    /// Adds a row; cells beyond the columns are dropped, missing ones are empty.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let mut row: Vec<Cell> = cells.into_iter().take(self.columns.len()).collect();
        row.resize_with(self.columns.len(), || Cell::Text(String::new()));
        self.rows.push(row);
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Cell {
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

/// Days as a line of small bars; a dot stands for a day of which nothing is known.
pub fn spark(levels: &[Option<u8>]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    levels.iter().map(|level| level.map_or('·', |level| BARS.get(usize::from(level)).copied().unwrap_or('█'))).collect()
}

impl Page {
    /// The same with each of its texts mapped.
    pub fn map(&self, text: &impl Fn(&str) -> String) -> Self {
        let texts = |all: &[String]| all.iter().map(|one| text(one)).collect();
        let cell = |cell: &Cell| match cell {
            Cell::Text(words) => Cell::Text(text(words)),
            other => other.clone(),
        };
        let table = |table: &Table| Table {
            columns: table.columns.iter().map(|column| Column { title: text(&column.title), figures: column.figures }).collect(),
            rows: table.rows.iter().map(|row| row.iter().map(cell).collect()).collect(),
        };
        let part = |part: &Part| match part {
            Part::Said(words) => Part::Said(text(words)),
            Part::List(list) => Part::List(texts(list)),
            Part::Table(one) => Part::Table(table(one)),
            Part::Commands(all) => Part::Commands(all.iter().map(|(what, command)| (text(what), text(command))).collect()),
            Part::Days(days) => Part::Days(Days { levels: days.levels.clone(), caption: text(&days.caption) }),
        };
        Self {
            language: self.language,
            title: text(&self.title),
            lead: texts(&self.lead),
            sections: self.sections.iter().map(|one| Section { title: text(&one.title), parts: one.parts.iter().map(part).collect() }).collect(),
            picture: self.picture.as_ref().map(|picture| Picture { name: text(&picture.name), title: text(&picture.title), png: picture.png.clone() }),
        }
    }
}
