//! A message as Slack's blocks.
//!
//! Limits from Slack's Block Kit reference: 50 blocks, a header takes 150 characters, a section 3,000, and a message fails at about
//! 13,200 characters over all blocks.

use serde_json::{Value, json};

use super::Parcel;
use crate::core::incident::Event;
use crate::core::notification::{Line, Message, News};
use crate::core::rules::Severity;

const HEADER: usize = 150;
const SECTION: usize = 2_900;
/// What all blocks of a message may hold together; well below where Slack begins to fail.
const MOST: usize = 11_000;
/// A message of several incidents keeps so much for the list of those that are not told in full.
const LIST: usize = 5_000;
/// Log lines are shown for so many incidents of a message.
const WITH_EVIDENCE: usize = 3;
/// Slack takes fifty.
const MOST_BLOCKS: usize = 48;

/// What is shown where blocks are not, and the blocks.
pub(super) fn text_and_blocks(message: &Message, parcel: &Parcel) -> (String, Vec<Value>) {
    let text = escape(&cut(&message.title(), SECTION));
    let mut page = Page { blocks: vec![], left: MOST };
    page.header(&format!("{} {}", emoji(message), escape_controls(&message.title())));
    page.section(&message.counts().map(|counts| escape(&counts)).unwrap_or_default(), SECTION);
    let many = message.count() > 1;
    let reserve = if many { LIST.min(list_length(message)) } else { 0 };
    page.left -= reserve;
    let mut squeezed: Vec<Line> = Vec::new();
    for (place, news) in message.news.iter().enumerate() {
        // What does not fit in full goes into the list.
        let wanted = if many { 700 } else { 200 };
        if page.left < wanted || page.blocks.len() + 5 > MOST_BLOCKS - 4 {
            squeezed.push(news.line());
            continue;
        }
        if many {
            page.section(&format!("{} *{}*", dot(news.event, news.severity), escape(&cut(&news.title(), 300))), 600);
        }
        tell(&mut page, news, place < WITH_EVIDENCE, many);
    }
    page.left += reserve;
    squeezed.extend(message.rest.iter().cloned());
    page.list("Also:", &squeezed, message.missed.is_empty());
    page.list(&message.missed_title().unwrap_or_default(), &message.missed, true);
    let repeat = if parcel.possible_repeat { " · possible repeat" } else { "" };
    let rules = message.rules();
    let rules = if rules.len() == 1 { format!("rule {}", rules.concat()) } else { format!("{} rules", rules.len()) };
    let footer = format!("monitor · {rules} · {}{repeat}", message.at.with_timezone(&parcel.zone).format("%F %T %Z"));
    page.blocks.push(json!({"type": "context", "elements": [{"type": "plain_text", "text": cut_escaped(&escape_controls(&footer), 300)}]}));
    (text, page.blocks)
}

/// One incident, without its title.
fn tell(page: &mut Page, news: &News, with_evidence: bool, many: bool) {
    let most = if many { 700 } else { SECTION };
    page.section(&news.sentences().iter().map(|sentence| escape(sentence)).collect::<Vec<_>>().join("\n"), most);
    page.section(&news.next_step().map(|step| format!("*Next step:* {}", escape(step))).unwrap_or_default(), most);
    let (facts, evidence) = news.details();
    page.section(&facts.iter().map(|(label, value)| format!("*{}:* {}", escape(label), escape(value))).collect::<Vec<_>>().join("\n"), most);
    page.section(&news.mutes.iter().map(|symptom| format!("Because of it: {}", escape(symptom))).collect::<Vec<_>>().join("\n"), most);
    // Only the quoted log is preformatted text, where Slack knows no markup but the fence itself.
    if with_evidence && !evidence.is_empty() {
        let lines = evidence.iter().map(|line| escape_controls(line).replace("```", "'''")).map(|line| cut_escaped(&line, 600)).collect::<Vec<_>>();
        page.section(&format!("```{}```", lines.join("\n")), most);
    }
}

/// Blocks, and how many characters they may still hold.
struct Page {
    blocks: Vec<Value>,
    left: usize,
}

impl Page {
    fn header(&mut self, text: &str) {
        let text = cut_escaped(text, HEADER);
        self.left = self.left.saturating_sub(text.chars().count());
        self.blocks.push(json!({"type": "header", "text": {"type": "plain_text", "text": text, "emoji": true}}));
    }

    fn section(&mut self, text: &str, most: usize) {
        if !text.is_empty() && self.left > 50 {
            let text = cut_escaped(text, most.min(self.left));
            self.left = self.left.saturating_sub(text.chars().count());
            self.blocks.push(json!({"type": "section", "text": {"type": "mrkdwn", "text": text}}));
        }
    }

    /// As many of the lines as fit, and how many do not.
    fn list(&mut self, title: &str, lines: &[Line], last: bool) {
        if lines.is_empty() {
            return;
        }
        let most = if last { self.left } else { self.left / 2 };
        let (mut shown, mut used) = (vec![escape(title)], title.len() + 80);
        let mut told = 0;
        for line in lines {
            let line = format!("{} {}", dot(line.event, line.severity), escape(&cut(&line.headline, 110)));
            used += line.chars().count() + 1;
            if used > most {
                break;
            }
            shown.push(line);
            told += 1;
        }
        if told < lines.len() {
            shown.push(format!("… and {} more: `monitor incidents`", lines.len() - told));
        }
        // A section is cut between lines, never in one.
        let mut section = String::new();
        for line in shown {
            if section.chars().count() + line.chars().count() + 1 > SECTION {
                self.section(&std::mem::take(&mut section), SECTION);
            }
            section.push_str(&line);
            section.push('\n');
        }
        self.section(section.trim_end(), SECTION);
    }
}

/// About how much the list of what is not told in full needs.
fn list_length(message: &Message) -> usize {
    message.rest.iter().chain(&message.missed).map(|line| line.headline.chars().count().min(110) + 30).sum::<usize>() + 200
}

fn emoji(message: &Message) -> &'static str {
    let worst = message.news.first();
    worst.map_or(":white_check_mark:", |news| dot(news.event, news.severity))
}

fn dot(event: Event, severity: Severity) -> &'static str {
    match (event, severity) {
        (Event::Resolved | Event::Closed, _) => ":white_check_mark:",
        (_, Severity::Critical) => ":red_circle:",
        (_, Severity::Warning) => ":large_orange_circle:",
        (_, Severity::Info) => ":large_blue_circle:",
    }
}

/// Slack's three control characters. Without them log text can neither mention a channel nor make a link. Emphasis marks are kept
/// apart from words by a zero-width space, so that they stay what they are.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in escape_controls(text).chars() {
        match c {
            '*' | '~' => escaped.extend(['\u{200b}', c, '\u{200b}']),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The three control characters alone, for text inside a code fence.
fn escape_controls(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// Like [`cut`], but never in the middle of an `&amp;`, and with a code fence closed again.
fn cut_escaped(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(8)).collect();
    let whole = match kept.rfind('&') {
        Some(at) if !kept.get(at..).unwrap_or_default().contains(';') => kept.get(..at).unwrap_or_default(),
        _ => kept.as_str(),
    };
    let fence = if text.starts_with("```") { "```" } else { "" };
    format!("{whole}…{fence}")
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use chrono_tz::Tz;

    use super::*;
    use crate::core::rules::Finding;

    fn payload(parcel: &Parcel) -> Value {
        let (text, blocks) = text_and_blocks(&parcel.message, parcel);
        json!({"text": text, "blocks": blocks})
    }

    fn parcel(evidence: &str, headline: &str) -> Parcel {
        let finding = Finding {
            headline: headline.to_owned(),
            said: vec!["It <is> so.".into()],
            facts: vec![("Count".into(), "3".into())],
            next_step: "Look & see.".into(),
            evidence: vec![evidence.to_owned()],
            ..Finding::default()
        };
        let news = News {
            incident: "i".into(),
            rule: "r".into(),
            subject: "function:f".into(),
            event: Event::Firing,
            severity: Severity::Critical,
            at: DateTime::UNIX_EPOCH,
            since: DateTime::UNIX_EPOCH,
            finding,
            why: None,
            mutes: vec![],
            acked: None,
        };
        let (at, message) = (news.at, Message::single(news));
        Parcel { key: "k".into(), message, follows: vec![], possible_repeat: false, sealed: at, zone: Tz::Asia__Seoul }
    }

    #[test]
    fn log_text_can_neither_mention_a_channel_nor_leave_its_fence() {
        let payload = payload(&parcel("<!channel> ```*bold* <https://evil|click>", "x <!here> y")).to_string();
        assert!(!payload.contains("<!") && !payload.contains("<https"), "{payload}");
        assert_eq!(payload.matches("```").count(), 2, "{payload}");
    }

    #[test]
    fn every_block_keeps_within_slacks_limits_whatever_it_holds() {
        for text in ["&".repeat(20_000), "가".repeat(20_000), "```".repeat(5000)] {
            let payload = payload(&parcel(&text, &text));
            for block in payload["blocks"].as_array().unwrap() {
                let text = block["text"]["text"].as_str().or(block["elements"][0]["text"].as_str()).unwrap();
                let most = if block["type"] == "header" { 150 } else { 3000 };
                assert!(text.chars().count() <= most, "{} has {}", block["type"], text.chars().count());
            }
        }
    }
}
