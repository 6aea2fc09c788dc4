//! Renders a page as GitHub Flavored Markdown.

use model::page::{DaySparkline, PageTable, ReportPage, SectionPart, spark};

/// The page as Markdown.
pub fn markdown(page: &ReportPage) -> String {
    let mut out = format!("# {}\n", escape(&page.title));
    let mut in_a_list = false;
    for sentence in &page.lead {
        // Sentences that begin with a dash are a list; what stands beside it is a paragraph.
        let item = sentence.strip_prefix("- ");
        out.push_str(if in_a_list && item.is_some() { "" } else { "\n" });
        out.push_str(&item.map_or_else(|| format!("{}\n", escape(sentence)), |item| format!("- {}\n", escape(item))));
        in_a_list = item.is_some();
    }
    for section in &page.sections {
        out.push_str(&format!("\n## {}\n", escape(&section.title)));
        section.parts.iter().for_each(|part| out.push_str(&format!("\n{}", written(part))));
    }
    out
}

fn written(part: &SectionPart) -> String {
    match part {
        SectionPart::Said(words) => format!("{}\n", escape(words)),
        SectionPart::List(all) => all.iter().map(|one| format!("- {}\n", escape(one))).collect(),
        SectionPart::Table(table) => rows(table),
        SectionPart::Commands(all) => {
            all.iter().map(|(what, command)| format!("- {}\n\n{}\n", escape(what), indented(command))).collect()
        }
        SectionPart::Days(DaySparkline { levels, caption }) => format!("{}\n\n{}\n", spark(levels), escape(caption)),
    }
}

fn rows(table: &PageTable) -> String {
    let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut out = row(table.columns.iter().map(|column| escape(&column.title)).collect());
    out.push_str(&row(table
        .columns
        .iter()
        .map(|column| if column.figures { "---:" } else { "---" }.to_owned())
        .collect()));
    for cells in &table.rows {
        out.push_str(&row(cells.iter().map(|cell| escape(&cell.letters())).collect()));
    }
    out
}

/// A command as code; an indented block ends only where its lines do, so that nothing in it can leave it.
fn indented(command: &str) -> String {
    command.lines().map(|line| format!("      {line}\n")).collect()
}

/// Text in which nothing is markup: every mark that Markdown or HTML in it knows has a backslash or a name of its own.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // GitHub makes a mention of what follows it.
            '@' => escaped.push_str("&#64;"),
            '\n' | '\r' => escaped.push(' '),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '#' | '|' | '~' | '!' | '$' => escaped.extend(['\\', c]),
            // Without them nothing is a list, and no address a link.
            '+' | '-' | '=' if escaped.is_empty() => escaped.extend(['\\', c]),
            c => escaped.push(c),
        }
    }
    // A number and a dot at the beginning would be a list.
    let digits = escaped.chars().take_while(char::is_ascii_digit).count();
    if digits > 0 && escaped.get(digits..).is_some_and(|rest| rest.starts_with(". ") || rest.starts_with(") ")) {
        escaped.insert(digits, '\\');
    }
    escaped.replace("://", "&#58;//").replace("www.", "www&#46;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::language::Language;
    use model::page::{Section, TableCell};

    #[test]
    fn what_would_be_markup_is_text() {
        for (given, escaped) in [
            ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
            ("a | b", "a \\| b"),
            ("*b* _i_ `c` ~s~", "\\*b\\* \\_i\\_ \\`c\\` \\~s\\~"),
            ("- no list", "\\- no list"),
            ("+20.10 USD", "\\+20.10 USD"),
            ("12. no list", "12\\. no list"),
            ("25.30 USD", "25.30 USD"),
            ("https://evil.example @all #1 [x](y)", "https&#58;//evil.example &#64;all \\#1 \\[x\\](y)"),
            ("two\nlines", "two lines"),
        ] {
            assert_eq!(escape(given), escaped);
        }
    }

    #[test]
    fn a_table_has_as_many_cells_in_every_row_whatever_stands_in_them() {
        let mut table = PageTable::new(&["Service".to_owned(), "#Amount".to_owned()]);
        table.row(["a|b\\|c".into(), "1".into()]);
        table.row([TableCell::Bar(50), TableCell::Days(vec![Some(0), None, Some(7)])]);
        let section = Section { title: "T".to_owned(), parts: vec![SectionPart::Table(table)] };
        let page = ReportPage {
            language: Language::En,
            title: "P".to_owned(),
            lead: vec![],
            sections: vec![section],
            picture: None,
        };
        assert_eq!(
            markdown(&page),
            "# P\n\n## T\n\n| Service | Amount |\n| --- | ---: |\n| a\\|b\\\\\\|c | 1 |\n| ██████████ | ▁·█ |\n"
        );
    }
}
