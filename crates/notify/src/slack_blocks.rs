//! Renders a message as Slack blocks.
//!
//! Limits from Slack's Block Kit reference: 50 blocks, a header takes 150 characters, a section 3,000, and a message
//! fails at about 13,200 characters over all blocks. All lengths here are in UTF-16 units, which are never fewer than
//! characters.

use alerting::incident::IncidentEvent;
use alerting::notification::{IncidentSummary, IncidentUpdate, Message};
use alerting::rules::Severity;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde_json::{Value, json};

use super::plain::plain;
use super::slack_page;
use super::slack_text::{cut, cut_escaped, escape, escape_controls, fenced, length};

const HEADER: usize = 150;
const SECTION: usize = 2_900;
const FOOTER: usize = 300;
/// What all blocks of a message may hold together; well below where Slack begins to fail.
const MOST: usize = 11_000;
/// A message of several incidents keeps so much for the lists of those that are not told in full.
const LISTS: usize = 5_000;
/// The title of a list, and the line that counts what is not in it.
const AROUND_A_LIST: usize = 200;
/// A headline in a list.
const HEADLINE: usize = 110;
/// What a paragraph of one incident among several may take.
const PARAGRAPH: usize = 700;
/// Log lines are shown for so many incidents of a message.
const WITH_EVIDENCE: usize = 3;
/// Slack takes fifty.
const MOST_BLOCKS: usize = 48;
/// The lists and the footer never need more of them.
const BLOCKS_OF_LISTS: usize = 8;
/// An incident that is told in full needs no more than these: its title, sentences, next step, facts, symptoms and log
/// lines.
const BLOCKS_OF_AN_INCIDENT: usize = 6;

/// How a message is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct RenderOptions {
    /// The reader's time zone.
    pub(super) zone: Tz,
    /// It may have arrived before.
    pub(super) possible_repeat: bool,
    /// It has been edited since it was first sent.
    pub(super) as_of: Option<DateTime<Utc>>,
}

/// What is shown where blocks are not, and the blocks.
pub(super) fn text_and_blocks(message: &Message, shown: RenderOptions) -> (String, Vec<Value>) {
    let message = &plain(message);
    if let Some(page) = &message.page {
        return slack_page::text_and_blocks(page, shown.possible_repeat);
    }
    let text = escape(&cut(&message.title(), SECTION / 10));
    let mut page = MessageBlocks { blocks: vec![], left: MOST - HEADER - FOOTER };
    let header = format!("{} {}", emoji(message), escape_controls(&message.title()));
    page.blocks.push(
        json!({"type": "header", "text": {"type": "plain_text", "text": cut_escaped(&header, HEADER), "emoji": true}}),
    );
    page.section(&message.counts().map(|counts| escape(&counts)).unwrap_or_default(), SECTION);
    let many = message.count() > 1;
    let reserve = if many { LISTS.min(lists_length(message)) } else { 0 };
    page.left -= reserve;
    let mut squeezed: Vec<IncidentSummary> = Vec::new();
    for (place, news) in message.news.iter().enumerate() {
        // What does not fit in full goes into the list.
        let room =
            page.left >= PARAGRAPH * 2 && page.blocks.len() + BLOCKS_OF_AN_INCIDENT + BLOCKS_OF_LISTS <= MOST_BLOCKS;
        if many && !room {
            squeezed.push(news.line());
            continue;
        }
        if many {
            page.section(
                &format!("{} *{}*", dot(news.event, news.severity), escape(&cut(&news.title(), HEADLINE * 2))),
                PARAGRAPH,
            );
        }
        tell(&mut page, news, place < WITH_EVIDENCE, many);
    }
    page.left += reserve;
    squeezed.extend(message.rest.iter().cloned());
    let of_missed = if message.missed.is_empty() { 0 } else { page.left / 2 };
    page.list("Also:", &squeezed, page.left - of_missed);
    page.list(&message.missed_title().unwrap_or_default(), &message.missed, page.left);
    page.blocks.push(footer(message, shown));
    (text, page.blocks)
}

fn footer(message: &Message, shown: RenderOptions) -> Value {
    let rules = message.rules();
    let rules = if rules.len() == 1 {
        format!("rule {}", cut(&rules.concat(), HEADLINE))
    } else {
        format!("{} rules", rules.len())
    };
    let when = |at: DateTime<Utc>| at.with_timezone(&shown.zone).format("%F %T %Z");
    let repeat = if shown.possible_repeat { " · possible repeat" } else { "" };
    let as_of = shown.as_of.map(|at| format!(" · as of {}", when(at))).unwrap_or_default();
    let text =
        cut_escaped(&escape_controls(&format!("monitor{repeat} · {}{as_of} · {rules}", when(message.at))), FOOTER);
    json!({"type": "context", "elements": [{"type": "plain_text", "text": text}]})
}

/// One incident, without its title.
fn tell(page: &mut MessageBlocks, news: &IncidentUpdate, with_evidence: bool, many: bool) {
    let most = if many { PARAGRAPH } else { SECTION };
    page.section(&lines(news.sentences().iter().map(|sentence| escape(sentence))), most);
    page.section(&news.next_step().map(|step| format!("*Next step:* {}", escape(step))).unwrap_or_default(), most);
    let (facts, evidence) = news.details();
    page.section(&lines(facts.iter().map(|(label, value)| format!("*{}:* {}", escape(label), escape(value)))), most);
    page.section(&lines(news.mutes.iter().map(|symptom| format!("Symptom: {}", escape(symptom)))), most);
    if with_evidence && !evidence.is_empty() {
        page.section(&fenced(evidence), most);
    }
}

fn lines(all: impl Iterator<Item = String>) -> String {
    all.collect::<Vec<_>>().join("\n")
}

/// Blocks, and how much they may still hold.
struct MessageBlocks {
    blocks: Vec<Value>,
    left: usize,
}

impl MessageBlocks {
    fn section(&mut self, text: &str, most: usize) {
        if !text.is_empty() && self.left > 50 {
            let text = cut_escaped(text, most.min(self.left));
            self.left = self.left.saturating_sub(length(&text));
            // Verbatim: Slack makes no links of what looks like an address, a channel or a person.
            self.blocks.push(json!({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": true}}));
        }
    }

    /// As many of the lines as fit into `most`, and how many do not.
    fn list(&mut self, title: &str, lines: &[IncidentSummary], most: usize) {
        if lines.is_empty() {
            return;
        }
        let (mut shown, mut used) = (vec![escape(title)], AROUND_A_LIST);
        for line in lines {
            let line = format!("{} {}", dot(line.event, line.severity), escape(&cut(&line.headline, HEADLINE)));
            used += length(&line) + 1;
            if used > most {
                break;
            }
            shown.push(line);
        }
        let told = shown.len() - 1;
        if told < lines.len() {
            shown.push(format!("… and {} more: `monitor incidents`", lines.len() - told));
        }
        // A section is cut between lines, never in one.
        let mut section = String::new();
        for line in shown {
            if length(&section) + length(&line) + 1 > SECTION {
                self.section(&std::mem::take(&mut section), SECTION);
            }
            section.push_str(&line);
            section.push('\n');
        }
        self.section(section.trim_end(), SECTION);
    }
}

/// About how much the lists of what is not told in full need: also of what is meant to be told in full, because it may
/// not fit.
fn lists_length(message: &Message) -> usize {
    let headlines =
        message.lines().map(|line| line.headline).chain(message.missed.iter().map(|line| line.headline.clone()));
    headlines.map(|headline| length(&headline).min(HEADLINE) + 30).sum::<usize>() + AROUND_A_LIST * 2
}

fn emoji(message: &Message) -> &'static str {
    let worst = message.news.first();
    worst.map_or(":white_check_mark:", |news| dot(news.event, news.severity))
}

fn dot(event: IncidentEvent, severity: Severity) -> &'static str {
    match (event, severity) {
        (IncidentEvent::Resolved | IncidentEvent::Closed, _) => ":white_check_mark:",
        (_, Severity::Critical) => ":red_circle:",
        (_, Severity::Warning) => ":large_orange_circle:",
        (_, Severity::Info) => ":large_blue_circle:",
    }
}

#[cfg(test)]
mod tests;
