//! Renders a report as Slack blocks, within the limits in `slack_blocks`; tables are monospaced.

use model::page::{ReportPage, SectionPart};
use serde_json::{Value, json};

use super::slack_text::{cut, cut_escaped, escape, escape_controls, length};

const HEADER: usize = 150;
const SECTION: usize = 2_900;
/// What all blocks of a message may hold together.
const MOST: usize = 11_500;
const MOST_BLOCKS: usize = 48;
/// A line of a table; what is wider wraps, and is a table no more.
const WIDEST: usize = 160;
/// Room for the line that says that something is left out.
const REST: usize = 100;

/// What is shown where blocks are not, and the blocks.
pub(super) fn text_and_blocks(page: &ReportPage, possible_repeat: bool) -> (String, Vec<Value>) {
    let text = escape(&cut(&page.title, SECTION / 10));
    let title = cut_escaped(&escape_controls(&page.title), HEADER);
    let mut blocks = PageBlocks { blocks: vec![], left: MOST - length(&title) - REST, full: false };
    blocks.blocks.push(json!({"type": "header", "text": {"type": "plain_text", "text": title}}));
    blocks.lines("", &page.lead.iter().map(|sentence| bullet(sentence)).collect::<Vec<_>>());
    for section in &page.sections {
        let mut heading = format!("*{}*\n", escape(&cut(&section.title, HEADER)));
        for part in &section.parts {
            match part {
                SectionPart::Said(words) => blocks.lines(&heading, &[escape(words)]),
                SectionPart::List(all) => {
                    blocks.lines(&heading, &all.iter().map(|one| format!("• {}", escape(one))).collect::<Vec<_>>());
                }
                SectionPart::Days(_) | SectionPart::Table(_) => blocks.fenced(&heading, &part.plain_text()),
                SectionPart::Commands(all) => {
                    let commands: String = all.iter().map(|(what, command)| format!("# {what}\n{command}\n")).collect();
                    blocks.fenced(&heading, &commands);
                }
            }
            heading.clear();
        }
    }
    let rest = if blocks.full { "… `monitor report`" } else { "monitor report" };
    let repeat = if possible_repeat { " · possible repeat" } else { "" };
    blocks.blocks.push(json!({"type": "context", "elements": [{"type": "mrkdwn", "text": format!("{rest}{repeat}")}]}));
    (text, blocks.blocks)
}

fn bullet(sentence: &str) -> String {
    sentence.strip_prefix("- ").map_or_else(|| escape(sentence), |one| format!("• {}", escape(one)))
}

/// Blocks, and how much they may still hold.
struct PageBlocks {
    blocks: Vec<Value>,
    left: usize,
    /// Something was left out; whatever follows is too, so that the end is not taken for the whole.
    full: bool,
}

impl PageBlocks {
    /// Lines of escaped text, cut between lines into as many sections as they need.
    fn lines(&mut self, heading: &str, lines: &[String]) {
        let mut text = heading.to_owned();
        for line in lines {
            if !text.is_empty() && length(&text) + length(line) + 1 > SECTION {
                self.section(&std::mem::take(&mut text));
            }
            text.push_str(&cut_escaped(line, SECTION - 1));
            text.push('\n');
        }
        self.section(text.trim_end());
    }

    /// Lines in letters of one width, each section with its own fence.
    fn fenced(&mut self, heading: &str, lines: &str) {
        let mut text = format!("{heading}```");
        let mut is_empty = true;
        for line in lines.lines() {
            let line = cut_escaped(&escape_controls(&line.replace("``", "''")), WIDEST * 2);
            if !is_empty && length(&text) + length(&line) + 5 > SECTION {
                text.push_str("```");
                self.section(&std::mem::replace(&mut text, "```".to_owned()));
            }
            text.push_str(&line);
            text.push('\n');
            is_empty = false;
        }
        text.push_str("```");
        if !is_empty {
            self.section(&text);
        }
    }

    fn section(&mut self, text: &str) {
        if text.is_empty() || self.full {
            return;
        }
        if length(text) > self.left || self.blocks.len() + 2 > MOST_BLOCKS {
            self.full = true;
            return;
        }
        self.left -= length(text);
        // Verbatim: Slack makes no links of what looks like an address, a channel or a person.
        self.blocks.push(json!({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": true}}));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::HOSTILE;
    use model::language::Language;
    use model::page::{PageTable, Section, TableCell};

    fn page(rows: usize, sections: usize, text: &str) -> ReportPage {
        let mut table = PageTable::new(&["Service".to_owned(), "#Amount".to_owned()]);
        (0..rows).for_each(|_| table.row([TableCell::from(text), TableCell::from("25.30 USD (36,685 KRW)")]));
        let parts = vec![
            SectionPart::Table(table),
            SectionPart::Said(text.to_owned()),
            SectionPart::Commands(vec![(text.to_owned(), text.to_owned())]),
        ];
        let section = Section { title: text.to_owned(), parts };
        ReportPage {
            language: Language::Ko,
            title: text.to_owned(),
            lead: vec![text.to_owned(), format!("- {text}")],
            sections: vec![section; sections],
            picture: None,
        }
    }

    fn texts(blocks: &[Value]) -> Vec<String> {
        let text = |block: &Value| {
            block
                .pointer("/text/text")
                .or_else(|| block.pointer("/elements/0/text"))
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        blocks.iter().map(text).collect()
    }

    #[test]
    fn a_report_of_any_size_and_any_words_stays_within_the_limits() {
        for text in HOSTILE.iter().map(|text| (*text).to_owned()).chain([
            "x".repeat(5_000),
            "가".repeat(3_000),
            "&".repeat(4_000),
        ]) {
            for (rows, sections) in [(0, 1), (15, 10), (400, 3), (1, 100)] {
                let (_, blocks) = text_and_blocks(&page(rows, sections, &text), true);
                let texts = texts(&blocks);
                assert!(
                    blocks.len() <= 50 && texts.iter().map(|text| length(text)).sum::<usize>() <= 12_000,
                    "{} blocks",
                    blocks.len()
                );
                assert!(length(&texts[0]) <= HEADER && texts.iter().all(|text| length(text) <= 3_000));
                for text in &texts {
                    assert_eq!(text.matches("```").count() % 2, 0, "{text}");
                    assert!(!text.contains("<!") && !text.contains("<@") && !text.contains("<http"), "{text}");
                }
            }
        }
    }

    #[test]
    fn what_is_left_out_is_said() {
        let (_, whole) = text_and_blocks(&page(3, 2, "AWS Lambda"), false);
        let (_, cut) = text_and_blocks(&page(400, 9, "AWS Lambda"), false);
        assert_eq!(texts(&whole).last().map(String::as_str), Some("monitor report"));
        assert_eq!(texts(&cut).last().map(String::as_str), Some("… `monitor report`"));
        assert!(
            texts(&whole)
                .iter()
                .any(|text| text.contains("```") && text.contains("AWS Lambda  25.30 USD (36,685 KRW)")),
            "{whole:#?}"
        );
    }
}
