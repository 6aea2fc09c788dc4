//! What `via.webhook` posts. The schema is docs/webhook.schema.json; a test holds the two together.

use alerting::incident::Event;
use alerting::notification::{Line, Message, News};
use alerting::rules::Severity;
use chrono::{DateTime, Utc};
use model::language::Language;
use serde::Serialize;

use super::Parcel;
use super::plain::plain;

#[derive(Debug, Serialize)]
struct Body<'a> {
    schema: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    at: DateTime<Utc>,
    title: String,
    possible_repeat: bool,
    counts: Counts,
    incidents: Vec<Incident>,
    missed: Vec<Incident>,
    /// The report of a month in place of any incident.
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<Report>,
}

/// A report in words; whoever wants its figures asks `monitor report --format json`.
#[derive(Debug, Serialize)]
struct Report {
    language: Language,
    text: String,
}

/// Of how many incidents of each kind it speaks.
#[derive(Debug, Serialize)]
struct Counts {
    incidents: usize,
    critical: usize,
    warning: usize,
    info: usize,
    over: usize,
    missed: usize,
}

/// What is null is only said of the incidents that matter most.
#[derive(Debug, Default, Serialize)]
struct Detail {
    cause: Option<&'static str>,
    said: Option<Vec<String>>,
    facts: Option<Vec<Fact>>,
    next_step: Option<String>,
    evidence: Option<Vec<String>>,
    acked: Option<Acked>,
    mutes: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
struct Incident {
    id: String,
    rule: String,
    subject: String,
    event: Event,
    severity: Severity,
    headline: String,
    since: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
    in_full: bool,
    #[serde(flatten)]
    detail: Detail,
}

#[derive(Debug, Serialize)]
struct Fact {
    label: String,
    value: String,
}

#[derive(Debug, Serialize)]
struct Acked {
    author: String,
    at: DateTime<Utc>,
    note: String,
}

/// The bytes that are posted, and signed.
pub(super) fn body(parcel: &Parcel) -> Result<Vec<u8>, String> {
    let message = plain(&parcel.message);
    let full = message.news.iter().map(|news| Incident { in_full: true, detail: detail(news), ..incident(news.line()) });
    let body = Body {
        schema: 1,
        kind: "monitor.message",
        id: &parcel.key,
        at: message.at,
        title: message.title(),
        possible_repeat: parcel.possible_repeat,
        counts: counts(&message),
        incidents: full.chain(message.rest.iter().cloned().map(incident)).collect(),
        missed: message.missed.iter().cloned().map(incident).collect(),
        report: message.page.as_ref().map(|page| Report { language: page.language, text: page.plain_text() }),
    };
    serde_json::to_vec(&body).map_err(|error| error.to_string())
}

fn counts(message: &Message) -> Counts {
    let of = |severity| message.lines().filter(|line| line.until.is_none() && line.severity == severity).count();
    Counts {
        incidents: message.news.len() + message.rest.len(),
        critical: of(Severity::Critical),
        warning: of(Severity::Warning),
        info: of(Severity::Info),
        over: message.lines().filter(|line| line.until.is_some()).count(),
        missed: message.missed.len(),
    }
}

fn incident(line: Line) -> Incident {
    let Line { incident, rule, subject, event, severity, headline, since, until } = line;
    Incident { id: incident, rule, subject, event, severity, headline, since, until, in_full: false, detail: Detail::default() }
}

fn detail(news: &News) -> Detail {
    let (facts, evidence) = news.details();
    Detail {
        cause: news.finding.cause.as_ref().map(|(cause, _)| cause.code()),
        said: Some(news.sentences()),
        facts: Some(facts.iter().map(|(label, value)| Fact { label: label.clone(), value: value.clone() }).collect()),
        next_step: news.next_step().map(str::to_owned),
        evidence: Some(evidence.to_vec()),
        acked: news.acked.as_ref().map(|ack| Acked { author: ack.author.clone(), at: ack.at, note: ack.note.clone() }),
        mutes: Some(news.mutes.clone()),
    }
}
