//! The details of an incident of a function name what changed shortly before.

use account::map::Change;
use chrono::{DateTime, TimeDelta, Utc};
use model::span::spoken;
use model::subject::Subject;

use super::history::History;
use super::rules::{Judgement, Verdict};

/// So long before an incident a change may have to do with it.
const BEFORE: TimeDelta = TimeDelta::hours(24);
/// The most changes that are named; the latest ones.
const MOST: usize = 3;
/// The label of the fact.
const LABEL: &str = "Changed before";

/// Adds the latest changes of a function, and of what leads to it, within the 24 hours before `opened` (UTC).
pub(super) fn completed(judgement: Judgement, history: &History, opened: DateTime<Utc>) -> Judgement {
    let Judgement { subject: Subject::Function(function), verdict: Verdict::Holds(mut finding) } = judgement else {
        return judgement;
    };
    let related = |change: &Change| {
        change.functions.contains(&function) && change.by.as_ref().map_or(change.since, |by| by.at) <= opened
    };
    let mut before: Vec<Change> = history.changes(opened - BEFORE).filter(related).collect();
    before.sort_by(|a, b| (b.moment(), b).cmp(&(a.moment(), a)));
    let more = before.len().saturating_sub(MOST);
    let facts = before.iter().take(MOST).map(|change| (LABEL.to_owned(), told(change, opened)));
    finding.facts.extend(facts);
    if more > 0 {
        finding.facts.push((LABEL.to_owned(), format!("{more} more changes; see `monitor changes`")));
    }
    Judgement { subject: Subject::Function(function), verdict: Verdict::Holds(finding) }
}

/// `12 min before: memory 512 MB -> 256 MB, UpdateFunctionConfiguration by soyoung`.
fn told(change: &Change, opened: DateTime<Utc>) -> String {
    let of = match change.kind {
        account::map::MapKind::Function => String::new(),
        kind => format!("{} {} ", kind.title(), change.called()),
    };
    match &change.by {
        Some(by) => format!("{} before: {of}{}, {} by {}", spoken(opened - by.at), change.words(), by.call, by.who),
        None if change.until >= opened => {
            format!("up to {} before: {of}{}", spoken(opened - change.since), change.words())
        }
        None => format!(
            "between {} and {} before: {of}{}",
            spoken(opened - change.since),
            spoken(opened - change.until),
            change.words()
        ),
    }
}
