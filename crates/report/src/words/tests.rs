use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use account::inventory::ResourceKind;
use alerting::rules::Severity;
use lambda_log::diagnosis::Cause;
use regex::Regex;

use super::*;

/// Each key of a language with the names of what is filled in.
fn keys(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    assert!(FluentResource::try_new(source(language).to_owned()).is_ok(), "{language:?} is not well formed");
    let (key, filled_in) = (Regex::new(r"^([a-z0-9-]+) =").unwrap(), Regex::new(r"\$([a-z_]+)").unwrap());
    let mut keys = BTreeMap::<String, BTreeSet<String>>::new();
    let mut current = String::new();
    for line in source(language).lines().filter(|line| !line.starts_with('#')) {
        if let Some(found) = key.captures(line) {
            current = found[1].to_owned();
            assert!(keys.insert(current.clone(), BTreeSet::new()).is_none(), "{language:?}: {current} stands twice");
        }
        if let Some(known) = keys.get_mut(&current) {
            known.extend(filled_in.captures_iter(line).map(|found| found[1].to_owned()));
        }
    }
    keys
}

/// The code of the report, without its tests.
fn code(folder: &Path, into: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            code(&path, into);
        } else if path.extension().is_some_and(|end| end == "rs")
            && path.file_stem().is_none_or(|name| name != "tests" && name != "samples")
        {
            into.push_str(
                std::fs::read_to_string(&path).unwrap().split("#[cfg(test)]\nmod tests {").next().unwrap_or_default(),
            );
        }
    }
}

#[test]
fn both_languages_have_the_same_keys_with_the_same_names_filled_in() {
    assert_eq!(keys(Language::En), keys(Language::Ko));
}

#[test]
fn every_key_that_is_used_is_there_and_none_is_unused() {
    let mut text = String::new();
    code(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut text);
    let said = Regex::new(r#"say!\(\s*[a-z_.]+(?:\([^)]*\))?,\s*"([a-z0-9-]+)""#).unwrap();
    let mut used: BTreeSet<String> = said.captures_iter(&text).map(|found| found[1].to_owned()).collect();
    assert!(used.len() > 60, "the code is not read as it should be: {used:?}");
    used.extend(Cause::ALL.iter().map(|(code, _)| format!("cause-{}", code.replace('_', "-"))));
    used.extend(Severity::ALL.iter().map(|(word, _)| format!("severity-{word}")));
    used.extend(ResourceKind::ALL.iter().map(|(_, kind)| format!("idle-{}", kind.word().replace('_', "-"))));
    used.extend(["d", "h", "min", "s", "ms"].map(|unit| format!("unit-{unit}")));
    let known: BTreeSet<String> = keys(Language::En).into_keys().collect();
    assert_eq!(used, known);
}

#[test]
fn dates_lengths_and_numbers_are_written_as_people_write_them() {
    let at = "2024-12-02T15:05:00Z".parse::<DateTime<Utc>>().unwrap();
    let length = TimeDelta::seconds(2 * 86_400 + 3 * 3600);
    for (language, month, moment, length_shown, count) in [
        (Language::En, "December 2024", "3 Dec 00:05", "2 d 3 h", "12,345"),
        (Language::Ko, "2024년 12월", "12월 3일 00:05", "2일 3시간", "12,345"),
    ] {
        let words = Catalog::of(language);
        assert_eq!(words.month(Month::of(at.date_naive())), month);
        assert_eq!(words.moment(at, Tz::Asia__Seoul), moment);
        assert_eq!(words.length(length), length_shown);
        assert_eq!(say!(words, "count", count = 12_345), count);
    }
}

#[test]
fn a_code_without_words_is_shown_as_it_is() {
    assert_eq!(Catalog::of(Language::Ko).named("cause", "of_a_later_version"), "of_a_later_version");
    assert_eq!(Catalog::of(Language::Ko).named("cause", "oom"), "메모리 부족");
}
