use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::samples::{HOSTILE, message};

const SHOWN: RenderOptions = RenderOptions { zone: Tz::Asia__Seoul, possible_repeat: true, as_of: None };

/// The texts of the blocks, after a look at whether Slack would take them.
fn texts(blocks: &[Value]) -> Vec<String> {
    assert!(!blocks.is_empty() && blocks.len() <= 50, "{} blocks", blocks.len());
    let texts: Vec<String> = blocks
        .iter()
        .map(|block| {
            let text = block["text"]["text"].as_str().or(block["elements"][0]["text"].as_str()).unwrap().to_owned();
            let most = if block["type"] == "header" { 150 } else { 3000 };
            assert!((1..=most).contains(&length(&text)), "{} has {}", block["type"], length(&text));
            assert!(block["type"] != "section" || block["text"]["verbatim"] == true, "{block}");
            text
        })
        .collect();
    let total: usize = texts.iter().map(|text| length(text)).sum();
    assert!(total < 13_200, "{total} in all");
    texts
}

/// How many incidents are named, and how many are counted in "and N more" of a list.
fn accounted(texts: &[String]) -> (usize, usize) {
    // The header names the first one again, and counts the others.
    let body = texts[1..].join("\n");
    let named: BTreeSet<&str> = body
        .split('#')
        .skip(1)
        .filter_map(|rest| rest.split_once(':'))
        .map(|(number, _)| number)
        .filter(|n| n.parse::<u32>().is_ok())
        .collect();
    let counted = body.split("… and ").skip(1).filter_map(|rest| rest.split(' ').next()?.parse::<usize>().ok()).sum();
    (named.len(), counted)
}

/// No text does anything in Slack: no mention, no link, no fence but our own, no entity that was cut through.
fn harmless(texts: &[String]) {
    for text in texts {
        assert!(!text.contains('<') && !text.contains('>'), "{text}");
        assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
        assert!(!text.contains(['\u{202e}', '\u{feff}']), "{text:?}");
        assert!(
            text.split('&').skip(1).all(|rest| ["amp;", "lt;", "gt;"].iter().any(|entity| rest.starts_with(entity))),
            "{text}"
        );
    }
    // The header and the footer are plain text, in which Slack knows no markup.
    for text in texts.get(1..texts.len() - 1).unwrap_or(texts) {
        assert!(!["@channel", "@here", "@everyone"].iter().any(|mention| text.contains(mention)), "{text}");
        let fences = text.matches("```").count();
        assert!(fences == 0 || (fences == 2 && text.starts_with("```") && text.ends_with("```")), "{text}");
    }
}

#[test]
fn every_incident_of_a_message_is_named_or_counted_and_slack_takes_it() {
    for (told, missed) in [
        (1, 0),
        (2, 0),
        (3, 1),
        (10, 0),
        (11, 0),
        (12, 40),
        (50, 0),
        (100, 100),
        (499, 1),
        (500, 0),
        (0, 1),
        (0, 500),
        (250, 250),
    ] {
        for (place, hostile) in HOSTILE.iter().enumerate() {
            let message = message(told, missed, |_| hostile.repeat(1 + 5 * (place % 2)));
            let (text, blocks) = text_and_blocks(&message, SHOWN);
            let texts = texts(&blocks);
            harmless(&texts);
            harmless(&[text]);
            let (named, counted) = accounted(&texts);
            let expected = if told + missed == 1 && missed == 0 { 0 } else { told + missed };
            assert_eq!(named + counted, expected, "{told} and {missed} with {hostile:?}: {texts:#?}");
            assert!(texts.last().is_some_and(|footer| footer.contains("possible repeat")));
        }
    }
}

#[test]
fn a_message_of_one_incident_says_all_of_it() {
    let (text, blocks) = text_and_blocks(
        &message(1, 0, |_| "f: 3 errors".to_owned()),
        RenderOptions { as_of: Some(DateTime::UNIX_EPOCH), ..SHOWN },
    );
    let texts = texts(&blocks);
    assert_eq!(text, "[critical] #0: f: 3 errors");
    assert_eq!(
        texts,
        [
            ":red_circle: [critical] #0: f: 3 errors",
            "f: 3 errors\nIt &lt;is&gt; so.",
            "*Next step:* Look &amp; see f: 3 errors",
            "*f: 3 errors:* f: 3 errors\n*Count:* 3",
            "Symptom: f: 3 errors",
            "```f: 3 errors\nf: 3 errors\nf: 3 errors\n```",
            "monitor · possible repeat · 1970-01-01 09:00:00 KST · as of 1970-01-01 09:00:00 KST · rule r0",
        ]
    );
}

#[test]
fn an_ordinary_storm_is_listed_down_to_the_last_incident() {
    let (_, blocks) =
        text_and_blocks(&message(60, 0, |number| format!("backend-{number}: the init phase takes too long")), SHOWN);
    assert_eq!(accounted(&texts(&blocks)), (60, 0));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_message_holds_slack_takes_it(told in 0_usize..60, missed in 1_usize..60, pieces in prop::collection::vec(".{0,400}", 1..6)) {
        let message = message(told, missed, |number| pieces[number % pieces.len()].replace('#', "").replace("… and ", ""));
        let (text, blocks) = text_and_blocks(&message, SHOWN);
        let texts = texts(&blocks);
        harmless(&texts);
        harmless(&[text]);
        let (named, counted) = accounted(&texts);
        prop_assert_eq!(named + counted, told + missed);
    }
}

#[test]
fn the_prose_of_a_slack_message() {
    let text = |number: usize| ["the init phase takes too long", "3 errors", "over 10.00 USD"][number % 3].to_owned();
    let (text, blocks) = text_and_blocks(&message(3, 1, text), SHOWN);
    insta::assert_snapshot!(format!("{text}\n\n{}", texts(&blocks).join("\n\n")));
}
