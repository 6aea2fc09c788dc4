//! The JSON body of `via.webhook`. Its schema is docs/webhook.schema.json; a test compares the two.

use alerting::incident::IncidentEvent;
use alerting::notification::{IncidentSummary, IncidentUpdate, Message};
use alerting::rules::Severity;
use chrono::{DateTime, Utc};
use model::language::Language;
use serde::Serialize;

use super::DeliveryRequest;
use super::plain::plain;

#[derive(Debug, Serialize)]
struct WebhookBody<'a> {
    schema: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
    at: DateTime<Utc>,
    title: String,
    possible_repeat: bool,
    counts: IncidentCounts,
    incidents: Vec<IncidentBody>,
    missed: Vec<IncidentBody>,
    /// The report of a month in place of any incident.
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<ReportBody>,
}

/// A report in words; `monitor report --format json` has its figures.
#[derive(Debug, Serialize)]
struct ReportBody {
    language: Language,
    text: String,
}

/// Of how many incidents of each kind it speaks.
#[derive(Debug, Serialize)]
struct IncidentCounts {
    incidents: usize,
    critical: usize,
    warning: usize,
    info: usize,
    over: usize,
    missed: usize,
}

/// What is null is only said of the incidents that matter most.
#[derive(Debug, Default, Serialize)]
struct DetailBody {
    cause: Option<&'static str>,
    said: Option<Vec<String>>,
    facts: Option<Vec<FactBody>>,
    next_step: Option<String>,
    evidence: Option<Vec<String>>,
    acked: Option<AcknowledgementBody>,
    mutes: Option<Vec<String>>,
}

#[derive(Debug, Serialize)]
struct IncidentBody {
    id: String,
    rule: String,
    subject: String,
    event: IncidentEvent,
    severity: Severity,
    headline: String,
    since: DateTime<Utc>,
    until: Option<DateTime<Utc>>,
    in_full: bool,
    #[serde(flatten)]
    detail: DetailBody,
}

#[derive(Debug, Serialize)]
struct FactBody {
    label: String,
    value: String,
}

#[derive(Debug, Serialize)]
struct AcknowledgementBody {
    author: String,
    at: DateTime<Utc>,
    note: String,
}

/// The bytes that are posted, and signed.
pub(super) fn body(parcel: &DeliveryRequest) -> Result<Vec<u8>, String> {
    let message = plain(&parcel.message);
    let full =
        message.news.iter().map(|news| IncidentBody { in_full: true, detail: detail(news), ..incident(news.line()) });
    let body = WebhookBody {
        schema: 1,
        kind: "monitor.message",
        id: &parcel.key,
        at: message.at,
        title: message.title(),
        possible_repeat: parcel.possible_repeat,
        counts: counts(&message),
        incidents: full.chain(message.rest.iter().cloned().map(incident)).collect(),
        missed: message.missed.iter().cloned().map(incident).collect(),
        report: message.page.as_ref().map(|page| ReportBody { language: page.language, text: page.plain_text() }),
    };
    serde_json::to_vec(&body).map_err(|error| error.to_string())
}

fn counts(message: &Message) -> IncidentCounts {
    let of = |severity| message.lines().filter(|line| line.until.is_none() && line.severity == severity).count();
    IncidentCounts {
        incidents: message.news.len() + message.rest.len(),
        critical: of(Severity::Critical),
        warning: of(Severity::Warning),
        info: of(Severity::Info),
        over: message.lines().filter(|line| line.until.is_some()).count(),
        missed: message.missed.len(),
    }
}

fn incident(line: IncidentSummary) -> IncidentBody {
    let IncidentSummary { incident, rule, subject, event, severity, headline, since, until } = line;
    IncidentBody {
        id: incident,
        rule,
        subject,
        event,
        severity,
        headline,
        since,
        until,
        in_full: false,
        detail: DetailBody::default(),
    }
}

fn detail(news: &IncidentUpdate) -> DetailBody {
    let (facts, evidence) = news.details();
    DetailBody {
        cause: news.finding.cause.as_ref().map(|(cause, _)| cause.code()),
        said: Some(news.sentences()),
        facts: Some(
            facts.iter().map(|(label, value)| FactBody { label: label.clone(), value: value.clone() }).collect(),
        ),
        next_step: news.next_step().map(str::to_owned),
        evidence: Some(evidence.to_vec()),
        acked: news.acked.as_ref().map(|ack| AcknowledgementBody {
            author: ack.author.clone(),
            at: ack.at,
            note: ack.note.clone(),
        }),
        mutes: Some(news.mutes.clone()),
    }
}
