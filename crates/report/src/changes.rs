//! Changes of resources, as JSON and as text.

use account::map::{Change, ChangeBody, MapKind};
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use model::redact::printable;
use serde::Serialize;

use super::text::{new_table, plain};

/// The output of `monitor changes`; its schema is docs/changes.schema.json.
#[derive(Debug, Serialize)]
pub struct ChangesDocument {
    schema: u32,
    /// Since when changes are shown, UTC.
    since: DateTime<Utc>,
    sources: Vec<ChangeSourceView>,
    changes: Vec<ChangeView>,
}

/// What is known of a source that reads the account.
#[derive(Debug, Serialize)]
pub struct ChangeSourceView {
    /// Its full name.
    pub name: String,
    /// When it last read a kind, UTC; `None` if it has not yet.
    pub read: Option<DateTime<Utc>>,
    /// The kinds that it may not read.
    pub unknown: Vec<UnknownKindView>,
}

/// A kind that may not be read.
#[derive(Debug, Serialize)]
pub struct UnknownKindView {
    /// The kind.
    pub kind: MapKind,
    /// Why.
    pub why: String,
}

/// A change as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangeView {
    /// When the resource was last seen as it was before, UTC.
    pub since: DateTime<Utc>,
    /// When it was first seen as it is now, UTC.
    pub until: DateTime<Utc>,
    /// When the call was made, UTC, by CloudTrail.
    pub at: Option<DateTime<Utc>>,
    /// The call that made it, by CloudTrail.
    pub call: Option<String>,
    /// Who called.
    pub who: Option<String>,
    /// The kind of the resource.
    pub kind: MapKind,
    /// Its region; `global` for a service that has none.
    pub region: String,
    /// Its id.
    pub id: String,
    /// What people call it; the id if it has no other name.
    pub name: String,
    /// Its ARN, where it is known.
    pub arn: Option<String>,
    /// The functions that it is about or leads to, by name.
    pub functions: Vec<String>,
    /// `created`, `deleted`, `setting` or `tag`.
    pub change: &'static str,
    /// The setting or tag.
    pub setting: Option<String>,
    /// What it was.
    pub from: Option<String>,
    /// What it is.
    pub to: Option<String>,
    /// Whether it is a deployment of a function.
    pub deploy: bool,
    /// For people.
    #[serde(skip)]
    pub(crate) words: String,
}

impl ChangeView {
    pub(crate) fn of(change: Change) -> Self {
        let (words, deploy, name) = (change.words(), change.is_deploy(), change.called().to_owned());
        let (kind, setting, from, to) = match change.what {
            ChangeBody::Created(_) => ("created", None, None, None),
            ChangeBody::Deleted => ("deleted", None, None, None),
            ChangeBody::Setting { name, from, to } => ("setting", Some(name), from, to),
            ChangeBody::Tag { name, from, to } => ("tag", Some(name), from, to),
        };
        let (at, call, who) = change.by.map_or((None, None, None), |by| (Some(by.at), Some(by.call), Some(by.who)));
        Self {
            since: change.since,
            until: change.until,
            at,
            call,
            who,
            kind: change.kind,
            region: change.region,
            id: change.id,
            name,
            arn: change.arn,
            functions: change.functions,
            change: kind,
            setting,
            from,
            to,
            deploy,
            words,
        }
    }
}

impl ChangeView {
    /// The kind and id of the resource, and its name where that is another: `function/shop`.
    pub(crate) fn resource(&self) -> String {
        let title = if self.name == self.id { String::new() } else { format!(" ({})", self.name) };
        format!("{}/{}{title}", self.kind.word(), self.id)
    }

    /// The moment of the call, or the end of the time in which it was made, UTC.
    pub(crate) fn moment(&self) -> DateTime<Utc> {
        self.at.unwrap_or(self.until)
    }
}

impl ChangesDocument {
    /// Changes since an instant, oldest first, and what is known of the sources that see them.
    pub fn of(changes: Vec<Change>, sources: Vec<ChangeSourceView>, since: DateTime<Utc>) -> Self {
        Self { schema: 1, since, sources, changes: changes.into_iter().map(ChangeView::of).collect() }
    }
}

/// The changes as a person reads them, the newest last; times in the reader's zone.
pub fn text(all: &ChangesDocument, zone: Tz) -> String {
    let shown = |at: DateTime<Utc>| at.with_timezone(&zone).format("%F %H:%M").to_string();
    let mut parts = Vec::new();
    if all.changes.is_empty() {
        parts.push(format!("No change since {} ({zone}).", shown(all.since)));
    } else {
        let mut table = new_table(&["When", "Resource", "Change", "Call", "Who"], 0);
        for change in &all.changes {
            table.add_row([
                when(change, zone),
                printable(&change.resource()),
                printable(&change.words),
                printable(change.call.as_deref().unwrap_or("")),
                printable(change.who.as_deref().unwrap_or("")),
            ]);
        }
        parts.push(format!("{}\n\nTimes: {zone}.", plain(&table)));
    }
    if all.sources.is_empty() {
        parts.push("No watch has `read.account`, so new changes are not seen.".to_owned());
    }
    for source in &all.sources {
        if source.read.is_none() {
            parts.push(format!("{} has not answered yet; the first answer shows no changes.", printable(&source.name)));
        }
        let unknown = source.unknown.iter();
        parts.extend(unknown.map(|one| format!("Unknown: {}: {}", one.kind.word(), printable(&one.why))));
    }
    parts.join("\n")
}

/// The moment of the call, or `between 10:00 and 10:15`.
fn when(change: &ChangeView, zone: Tz) -> String {
    if let Some(at) = change.at {
        return at.with_timezone(&zone).format("%F %T").to_string();
    }
    let (since, until) = (change.since.with_timezone(&zone), change.until.with_timezone(&zone));
    if since.date_naive() == until.date_naive() {
        return format!("{} between {} and {}", since.format("%F"), since.format("%H:%M"), until.format("%H:%M"));
    }
    format!("between {} and {}", since.format("%F %H:%M"), until.format("%F %H:%M"))
}

#[cfg(test)]
mod tests {
    use account::map::ChangeCall;

    use super::*;

    #[test]
    fn a_change_is_shown_with_its_moment_or_its_range_in_the_zone_of_the_reader() {
        let at = |text: &str| -> DateTime<Utc> { text.parse().unwrap() };
        let change = Change {
            since: at("2024-12-20T01:00:00Z"),
            until: at("2024-12-20T01:15:00Z"),
            kind: MapKind::Function,
            region: "us-east-1".into(),
            id: "shop".into(),
            called: None,
            arn: None,
            functions: vec!["shop".into()],
            what: ChangeBody::Setting { name: "memory".into(), from: Some("512 MB".into()), to: Some("256 MB".into()) },
            by: None,
        };
        let by = ChangeCall { at: at("2024-12-20T01:07:12Z"), call: "Update".into(), who: "soyoung\u{1b}[31m".into() };
        let night = Change { since: at("2024-12-19T14:50:00Z"), until: at("2024-12-19T15:05:00Z"), ..change.clone() };
        let all = vec![night, change.clone(), Change { by: Some(by), ..change }];
        let source = ChangeSourceView { name: "watch.account".into(), read: None, unknown: vec![] };
        let since = at("2024-12-13T00:00:00Z");
        let said = text(&ChangesDocument::of(all, vec![source], since), chrono_tz::Asia::Seoul);
        let lines: Vec<String> =
            said.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(
            lines,
            [
                "When Resource Change Call Who",
                "between 2024-12-19 23:50 and 2024-12-20 00:05 function/shop memory 512 MB -> 256 MB",
                "2024-12-20 between 10:00 and 10:15 function/shop memory 512 MB -> 256 MB",
                "2024-12-20 10:07:12 function/shop memory 512 MB -> 256 MB Update soyoung[31m",
                "",
                "Times: Asia/Seoul.",
                "watch.account has not answered yet; the first answer shows no changes.",
            ]
        );
        let none = text(&ChangesDocument::of(vec![], vec![], since), chrono_tz::UTC);
        assert!(none.contains("No change since 2024-12-13 00:00") && none.contains("No watch has `read.account`"));
    }
}
