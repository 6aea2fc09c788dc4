//! Silences and what they cover, as JSON and as text.

use alerting::incident::Incident;
use alerting::operator::Silence;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use model::glob::NamePattern;
use model::redact::printable;
use model::span::spoken;
use serde::Serialize;

use super::text::{new_table, plain};

/// The output of `monitor silence list`; its schema is docs/silences.schema.json.
#[derive(Debug, Serialize)]
pub struct SilencesDocument {
    schema: u32,
    silences: Vec<SilenceView>,
}

#[derive(Debug, Serialize)]
struct SilenceView {
    id: i64,
    rule: NamePattern,
    subject: NamePattern,
    from: DateTime<Utc>,
    until: DateTime<Utc>,
    in_force: bool,
    author: String,
    reason: String,
    /// The ids of the open incidents that it covers, also if it is still to begin.
    covers: Vec<String>,
}

impl SilencesDocument {
    /// What is to be shown of these silences at an instant, with the open incidents.
    pub fn of(silences: Vec<Silence>, open: &[Incident], now: DateTime<Utc>) -> Self {
        let view = |silence: Silence| SilenceView {
            covers: covered(&silence, open, now).map(|incident| incident.id.clone()).collect(),
            in_force: silence.from <= now,
            id: silence.id,
            rule: silence.rule,
            subject: silence.subject,
            from: silence.from,
            until: silence.until,
            author: silence.author,
            reason: silence.reason,
        };
        Self { schema: 1, silences: silences.into_iter().map(view).collect() }
    }
}

/// The incidents that a silence covers, or will once it begins.
pub fn covered<'a>(
    silence: &'a Silence,
    open: &'a [Incident],
    now: DateTime<Utc>,
) -> impl Iterator<Item = &'a Incident> {
    open.iter().filter(move |incident| silence.covers(incident, now.max(silence.from)))
}

/// The silences as a person reads them; times in the reader's zone.
pub fn text(silences: &SilencesDocument, zone: Tz, now: DateTime<Utc>) -> String {
    if silences.silences.is_empty() {
        return "No silence is active or planned.".to_owned();
    }
    let mut table = new_table(&["Silence", "Rules", "Subjects", "From", "Until", "Open", "Author", "Reason"], 0);
    let at = |at: DateTime<Utc>| at.with_timezone(&zone).format("%F %H:%M");
    for silence in &silences.silences {
        let from = if silence.in_force {
            at(silence.from).to_string()
        } else {
            format!("{}, in {}", at(silence.from), spoken(silence.from - now))
        };
        table.add_row([
            silence.id.to_string(),
            printable(silence.rule.as_str()),
            printable(silence.subject.as_str()),
            from,
            format!("{}, in {}", at(silence.until), spoken(silence.until - now)),
            silence.covers.len().to_string(),
            printable(&silence.author),
            printable(&silence.reason),
        ]);
    }
    format!(
        "{}\n\nTimes: {zone}. Open: the number of open incidents it covers. `monitor silence end NUMBER` ends one.",
        plain(&table)
    )
}
