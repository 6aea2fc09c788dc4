//! The section of the changes of the account.

use model::page::{PageTable, Section, SectionPart, TableCell};

use super::{MOST_ROWS, SectionWriter};
use crate::words::say;

impl SectionWriter<'_> {
    /// The last changes of the month; nothing where none was seen.
    pub(super) fn changes(&self) -> Option<Section> {
        let (words, zone) = (&self.words, self.style.zone);
        let mut table = PageTable::new(&[
            say!(words, "changed-at"),
            say!(words, "changed-resource"),
            say!(words, "changed-what"),
            say!(words, "changed-by"),
        ]);
        let all = &self.report.changes;
        for change in all.iter().skip(all.len().saturating_sub(MOST_ROWS)) {
            let when = match change.at {
                Some(at) => words.moment(at, zone),
                None => {
                    let (since, until) = (words.moment(change.since, zone), words.moment(change.until, zone));
                    say!(words, "changed-between", since = since, until = until)
                }
            };
            let by: Vec<&str> = [&change.call, &change.who].into_iter().filter_map(Option::as_deref).collect();
            let cells = [when, change.resource(), change.words.clone(), by.join(", ")];
            table.row(cells.map(TableCell::from));
        }
        if table.rows.is_empty() {
            return None;
        }
        let parts = [SectionPart::Table(table)].into_iter().chain(self.more(all.len())).collect();
        self.section(say!(words, "changes"), parts)
    }
}
