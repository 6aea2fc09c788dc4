//! Sanitizes a message for any output: removes what could control a terminal, add a mail
//! header or change the reading order of a line.

use alerting::notification::{IncidentSummary, IncidentUpdate, Message};
use alerting::operator::Acknowledgement;
use alerting::rules::IncidentDetails;

/// The message without line breaks, control characters and invisible marks in any of its texts.
pub(super) fn plain(message: &Message) -> Message {
    Message {
        at: message.at,
        news: message.news.iter().map(news).collect(),
        rest: message.rest.iter().map(line).collect(),
        missed: message.missed.iter().map(line).collect(),
        page: message.page.as_ref().map(|page| Box::new(page.map(&text))),
    }
}

fn news(news: &IncidentUpdate) -> IncidentUpdate {
    IncidentUpdate {
        incident: text(&news.incident),
        rule: text(&news.rule),
        subject: text(&news.subject),
        finding: finding(&news.finding),
        why: news.why.as_deref().map(text),
        mutes: texts(&news.mutes),
        acked: news.acked.as_ref().map(|ack| Acknowledgement {
            author: text(&ack.author),
            at: ack.at,
            note: text(&ack.note),
        }),
        ..*news
    }
}

fn finding(finding: &IncidentDetails) -> IncidentDetails {
    IncidentDetails {
        headline: text(&finding.headline),
        said: texts(&finding.said),
        facts: finding.facts.iter().map(|(label, value)| (text(label), text(value))).collect(),
        next_step: text(&finding.next_step),
        evidence: texts(&finding.evidence),
        ..finding.clone()
    }
}

fn line(line: &IncidentSummary) -> IncidentSummary {
    IncidentSummary {
        incident: text(&line.incident),
        rule: text(&line.rule),
        subject: text(&line.subject),
        headline: text(&line.headline),
        ..*line
    }
}

fn texts(all: &[String]) -> Vec<String> {
    all.iter().map(|one| text(one)).collect()
}

/// One line of text that reads in the order in which it is written.
pub(super) fn text(text: &str) -> String {
    let visible = text.chars().filter(|c| !is_invisible(*c));
    visible.map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c }).collect()
}

/// Marks without a width, and those that turn the reading order round.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_keeps_its_letters_and_nothing_that_acts() {
        for (given, shown) in [
            ("backend-dev: 3 errors", "backend-dev: 3 errors"),
            ("한국어, naïve, 🚀", "한국어, naïve, 🚀"),
            ("a\r\nBcc: everybody@example.com", "a  Bcc: everybody@example.com"),
            ("\u{1b}[2Jgone\u{7}", " [2Jgone "),
            ("\u{202e}txet\u{200b} hid\u{200d}den\u{feff}", "txet hidden"),
            ("one\u{2028}two\u{85}three", "one two three"),
        ] {
            assert_eq!(text(given), shown, "{given:?}");
        }
    }
}
